"""Story 4 of users.md, through the pages: the order at the gate, the complaint, the measure that ends by itself, and
the property company that closes its cost sheet and is paid.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils.timezone import get_default_timezone
from playwright.sync_api import Page, expect

from qipan.access.testing import Cast, make_city
from qipan.desk.api import Task
from qipan.kernel.clock import set_clock
from qipan.laws.testing import make_articles
from qipan.matters.api import Report
from qipan.matters.testing import make_world
from qipan.posture.api import Declaration, Measure, declare
from qipan.reserves.testing import add_manager, agreed, called, offered, taken
from qipan.zones.api import RiskZone, publish_rule_set

from .conftest import serious
from .test_matters import answer_question

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ZONE = get_default_timezone()
NINE = datetime(2026, 3, 3, 9, tzinfo=ZONE).astimezone(UTC)
HERE = "510104001001"
RULE = {
    "code": "plan", "title": "风险等级", "title_en": "Risk levels", "hazard": "epidemic", "unit": "COMMUNITY",
    "levels": [{"level": "MEDIUM", "all": [{"input": "new_cases", "days": 1, "at_least": 1}]}],
    "minimum_rank": 2, "basis": "成府发〔2026〕1号", "source": "市政府公报", "valid_from": "2020-01-01",
}  # fmt: skip


@pytest.fixture
def clock(settings, tmp_path) -> Iterator[Callable[[datetime], None]]:
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    cache.clear()
    yield lambda moment: set_clock(settings.CLOCK_FILE, shown=moment, speed=1)


@pytest.fixture
def city(clock, db) -> Cast:
    clock(NINE)
    cast = make_world(make_city(at=NINE)).cast
    make_articles()
    publish_rule_set(RULE, by=cast.city_commander, at=NINE)
    declare(
        number="成府发〔2026〕1号", matter="突发公共卫生事件", hazard="epidemic", level=2, basis="《突发事件应对法》第七十二条",
        issuer=cast.unit("5101:city-command"), ground_codes=["510104"], starts_at=NINE,
        expected_until=NINE + timedelta(days=30), measures=["小区出入管控"], by=cast.city_commander, at=NINE,
    )  # fmt: skip
    return cast


def count_and_confirm(open_page, cast: Cast, *, cases: int, level: int, at: datetime) -> None:
    """The subdistrict says how many fell ill the day before; the district confirms the level that follows from it."""
    yesterday = (at.astimezone(ZONE) - timedelta(days=1)).date()
    street = open_page(cast, "dispatcher", "/zones/counts")
    said = street.locator("form").filter(has=street.locator("[name=one-area]"))
    for name, value in (("area", HERE), ("day", yesterday.isoformat()), ("n", str(cases)), ("source", "疾控")):
        said.locator(f"[name=one-{name}]").fill(value)
    said.locator("[name=one-input]").select_option("new_cases")
    said.get_by_role("button").click()
    expect(street.locator("[role=status]")).to_contain_text(f"新增：{cases}")
    district = open_page(cast, "district_head", "/zones/proposals")
    assert serious(district) == []
    picture(district, f"proposals-zh-{level}")
    district.get_by_role("button", name="确认：锦江一街一社区").click()
    expect(district.locator("main")).to_contain_text("现行等级与统计数一致")
    [held] = RiskZone.objects.everywhere("a test").filter(ends_at=None)
    assert (held.code, held.level) == (HERE, level)


def picture(page: Page, name: str) -> None:
    """Keeps a picture for whoever wants to look: in the folder that QIPAN_PICTURES names."""
    folder = os.environ.get("QIPAN_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.row("EMG-15", "FRC-6")
def test_story_4_the_gate(city, clock, open_page, troubles):
    count_and_confirm(open_page, city, cases=2, level=2, at=NINE)
    # The city imposes: what the zones justify stands there before anything is done.
    command = open_page(city, "city_commander", "/declarations")
    command.get_by_role("link", name="突发公共卫生事件").first.click()
    command.get_by_role("link", name="采取措施").click()
    command.select_option("[name=kind]", "gate-control")
    command.fill("[name=title]", "小区出入管控")
    command.select_option("[name=article]", "erl-2024-73")
    command.fill("[name=more_areas]", "510104")
    command.fill("[name=expires_at]", "2026-03-10T09:00")
    command.get_by_role("button", name="查看风险区是否支持").click()
    expect(command.locator("#zones")).to_contain_text("一刀切")
    expect(command.locator("#zones")).to_contain_text("1 / 4")
    picture(command, "impose-zh-1440")
    assert serious(command) == []
    command.get_by_role("button", name="采取", exact=True).click()
    expect(command.locator("main")).to_contain_text("4个最小单元中只有1个")
    assert Measure.objects.count() == 0
    command.fill("[name=more_areas]", HERE)
    command.get_by_role("button", name="采取", exact=True).click()
    expect(command.locator("h1")).to_have_text("小区出入管控")
    measure = Measure.objects.get()
    assert measure.review_at == NINE + timedelta(days=3)
    command.get_by_text("据此布置工作", exact=True).click()
    command.select_option("[name=task]", "GATE")
    command.get_by_role("button", name="布置", exact=True).click()
    expect(command.locator("main")).to_contain_text("门岗管控 · 小区出入管控")
    picture(command, "measure-zh-1440")
    assert serious(command) == []
    # The guard finds it on the desk with the order that it carries out.
    guard = open_page(city, "guard", "/desk", width=360, height=740)
    guard.get_by_text("门岗管控 · 小区出入管控").first.click()
    guard.get_by_role("link", name="查看所属事项").first.click()
    expect(guard.locator("main")).to_contain_text(measure.number)
    picture(guard, "measure-zh-360")
    # A resident challenges. The code on the card (on the guard's phone without a network too, see the field room) needs
    # no log-in; the complaint carries the order's number.
    resident = open_page(city, "anonymous", f"/orders/{measure.number}", width=360, height=740)
    for text in ("成都市指挥部", "第73条", "锦江一街一社区", "2026年3月10日"):
        expect(resident.locator("main")).to_contain_text(text)
    picture(resident, "order-zh-360")
    assert serious(resident) == []
    for lang, width in (("en", 360), ("en", 1440), ("zh-hans", 1440)):
        page = open_page(city, "anonymous", f"/orders/{measure.number}", width=width, lang=lang)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        picture(page, f"order-{lang[:2]}-{width}")
        page.goto(f"/orders/{measure.number}/sheet/a5")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        picture(page, f"sheet-{lang[:2]}-{width}")
    resident.get_by_role("link", name="对此投诉").click()
    expect(resident.locator("#id_category")).to_have_value("21001")
    expect(resident.locator("#id_text")).to_have_value(f"关于命令{measure.number}（小区出入管控）：\n")
    resident.locator("#id_text").press("Control+End")
    resident.locator("#id_text").type("门岗要求查看手机")
    answer_question(resident)
    resident.get_by_role("button", name="提交").click()
    expect(resident.locator(".code")).to_be_visible()
    assert measure.number in Report.objects.get().text
    # The next day nobody fell ill, the zone drops to low: the measure ends by itself, and the work with it.
    clock(NINE + timedelta(days=1))
    count_and_confirm(open_page, city, cases=0, level=1, at=NINE + timedelta(days=1))
    measure.refresh_from_db()
    [low] = RiskZone.objects.everywhere("a test").filter(ends_at=None)
    assert measure.ends_at == low.starts_at
    assert NINE + timedelta(days=1) <= low.starts_at < NINE + timedelta(days=1, minutes=2)
    resident.goto(f"/orders/{measure.number}")
    expect(resident.locator("main")).to_contain_text("本命令已结束")
    expect(resident.locator("main")).to_contain_text("所在区域已达不到所需等级：中风险")
    picture(resident, "order-ended-zh-360")
    states = Task.objects.everywhere("a test").filter(kind="GATE").values_list("state", flat=True)
    assert set(states) == {"RECALLED"}
    for lang, width in (("zh-hans", 1440), ("en", 360)):
        page = open_page(city, "city_commander", "/measures?show=ended", width=width, lang=lang)
        expect(page.locator("main")).to_contain_text(measure.number)
        picture(page, f"measures-{lang[:2]}-{width}")
        assert serious(page) == []
    # What was refused answered 409, which the browser writes into its console; nothing else.
    assert all("409" in line for line in troubles)


@pytest.mark.row("FRC-13", "FRC-6")
def test_story_4_the_property_company_closes_its_cost_sheet_and_is_paid(city, clock, open_page, troubles):
    manager, declaration = add_manager(city), Declaration.objects.get()
    agreement = agreed(city, manager, [offered(city, manager)])
    call = called(city, agreement, declaration, expected_until=NINE + timedelta(days=1))
    hotel = taken(city, declaration)
    clock(NINE + timedelta(days=1))  # the order has ended by itself
    firm = open_page(city, "manager", "/desk", width=360, height=740)
    firm.get_by_text(f"调用{call.number}").first.click()
    firm.get_by_role("link", name="查看所属事项").first.click()
    firm.select_option("[name=line]", index=0)
    firm.fill("[name=day] >> nth=0", "2026-03-03")
    firm.fill("[name=quantity]", "4")
    firm.get_by_role("button", name="录入").first.click()
    firm.get_by_text("填报协议外费用").click()
    firm.fill("[name=what]", "雨衣")
    firm.fill("[name=amount]", "80.50")
    firm.fill("form[action$=cost] [name=reason]", "连夜下雨")
    firm.get_by_role("button", name="录入").last.click()
    assert firm.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(firm) == []
    picture(firm, "reserve-call-zh-360")
    firm.get_by_role("link", name=call.number, exact=True).click()
    expect(firm.locator("main")).to_contain_text("800.50")
    assert firm.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(firm) == []
    picture(firm, "reserve-sheet-zh-360")
    firm.get_by_role("button", name="提交").click()
    # Whoever called finds it on the desk, objects to one line with a reason, accepts the rest and pays.
    district = open_page(city, "district_head", "/desk")
    district.get_by_text("审核费用单并付款").first.click()
    district.get_by_role("link", name="查看所属事项").first.click()
    assert serious(district) == []
    picture(district, "reserve-deciding-zh-1440")
    district.locator("summary", has_text="提出异议").last.click()
    district.locator("[name=objection]").last.fill("缺票据")
    district.get_by_role("button", name="提出异议").click()
    expect(district.locator("main")).to_contain_text("缺票据")
    district.get_by_role("button", name="认可其余各行").click()
    district.fill("[name=voucher]", "记-031")
    district.get_by_role("button", name="登记付款").click()
    expect(district.locator("main")).to_contain_text("记-031")
    district.emulate_media(media="print")
    picture(district, "reserve-sheet-zh-print")
    firm.goto("/reserves")
    expect(firm.locator("main")).to_contain_text("已提交的费用都已付款")
    expect(firm.locator("main")).to_contain_text("720.00")
    assert firm.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(firm, "reserves-zh-360")
    page = open_page(city, "manager", "/reserves", width=360, lang="en")
    assert serious(page) == []
    for path in ("/reserves", f"/reserves/agreements/{agreement.pk}", f"/reserves/calls/{hotel.pk}"):
        page.goto(path)
        picture(page, f"{path[1:].replace('/', '-')}-en-360")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    card = open_page(city, "anonymous", f"/reserves/orders/{hotel.number}", width=360, lang="en")
    expect(card.locator("main")).to_contain_text("Hotel room 20 room")
    assert card.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(card) == []
    picture(card, "reserve-order-en-360")
    order = open_page(city, "district_head", "/reserves/requisitions/new", width=360)
    assert order.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(order, "requisition-zh-360")
    assert troubles == []
