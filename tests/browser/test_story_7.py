"""Story 7 of users.md, through the pages: level I ends, the release plan runs, what is left is named with its owner, the
requisitioned hotel is given back and paid, what was collected at doors is destroyed by two people with a certificate,
the statistics stay, volunteers are invited to stay and only who says yes is kept, the review is called, a lesson is in the
playbook and the people's congress reads the report.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.utils.timezone import get_default_timezone
from playwright.sync_api import Page, expect

from qipan.access.api import Pass, link_for, token_for
from qipan.access.testing import Cast, make_city
from qipan.command.api import get_playbook, seed_playbooks
from qipan.command.models import ActivationItem, ReleasePlan
from qipan.deployment.actions import give_passes
from qipan.deployment.api import Team, form_partner_teams
from qipan.desk.api import Task
from qipan.forms.api import seed_forms
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now, set_clock
from qipan.kernel.ids import uuid7
from qipan.kernel.place import place_text, range_of
from qipan.laws.testing import make_articles
from qipan.posture.api import Declaration, Measure, Posture, declare, impose_measure, take_posture
from qipan.reserves.actions.costs import accept_rest, enter_use, hand_in, pay_sheet
from qipan.reserves.actions.returning import agree_return, say_return
from qipan.reserves.models import Call, CallLine, CostSheet
from qipan.reserves.testing import add_manager, taken
from qipan.retention.api import (
    Certificate,
    DueLot,
    approve_run,
    carry_out,
    carry_out_approved,
    clock_actor,
    prepare_run,
    read,
    refresh_lots,
    signing_key,
)
from qipan.screening.api import Round, Visit, coverage_total, open_campaign, open_round, store_visits
from qipan.territory.api import doors_within

from .conftest import serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NINE = datetime(2026, 3, 3, 9, tzinfo=get_default_timezone()).astimezone(UTC)
CITY, DISTRICT = range_of("5101"), range_of("510104")
OWN, THEIRS, VISITS = 12, 3, 60
DAY = timedelta(days=1)
LESSON = "先按门铃，再上楼"


@pytest.fixture
def clock(settings, tmp_path) -> Iterator[Callable[[datetime], None]]:
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    cache.clear()
    yield lambda moment: set_clock(settings.CLOCK_FILE, shown=moment, speed=1)


def impose(cast: Cast, declared: Declaration, *, n: int, unit: str, by: Actor, ground: str) -> None:
    impose_measure(
        kind="gate-check", title=f"出入登记{n}", article="erl-2024-73", issuer=cast.unit(unit), grounds=[range_of(ground)],
        starts_at=NINE, expires_at=NINE + 9 * DAY, review_at=NINE + 2 * DAY, declaration=declared, by=by, at=NINE,
    )  # fmt: skip


@pytest.fixture
def city(clock, db) -> Cast:
    """Level I over the city: measures of city and district, a hotel taken, a round of visits; nobody used a playbook."""
    clock(NINE)
    cast = make_city(at=NINE)
    make_articles()
    add_manager(cast)
    planner = Actor.system("plan", acts=["playbook.edit", "admission.decide"], ranges=[CITY])
    seed_forms(cast.unit("5101:lead-body"), by=planner, at=NINE)
    seed_playbooks(by=planner, at=NINE)
    by = cast.city_commander
    declared = declare(
        number="成府发〔2026〕7号", matter="突发公共卫生事件", hazard="epidemic", level=1, basis="《突发事件应对法》第七十二条",
        issuer=cast.unit("5101:city-command"), ground_codes=["5101"], starts_at=NINE, expected_until=NINE + 30 * DAY,
        measures=["入户排查"], by=by, at=NINE,
    )  # fmt: skip
    take_posture(declared, grounds=[CITY], by=by, at=NINE)
    for n in range(OWN):
        impose(cast, declared, n=n, unit="5101:city-command", by=by, ground="510105001001001")
    for n in range(OWN, OWN + THEIRS):
        impose(cast, declared, n=n, unit="510104:district-command", by=cast.district_head, ground="510104001001001")
    taken(cast, declared, by=by)
    form_partner_teams(
        cast.unit("510104001:volunteer-group"), places=[range_of("510104001001001").first], stands_down_at=NINE + 9 * DAY,
        by=cast.worker, at=NINE,
    )  # fmt: skip
    team = Team.objects.everywhere("a test").get(unit__organ_type__code="volunteer-group")
    give_passes(team, people=["李晓", "王芳", "赵强"], by=cast.worker, at=NINE)
    campaign = open_campaign(
        title="全员排查",
        basis="法",
        unit=cast.unit("5101:city-command"),
        form=None,
        declaration=declared,
        by=by,
        at=NINE,
    )
    found = open_round(campaign, grounds=[CITY], closes_at=NINE + DAY, by=by, at=NINE)
    places = list(doors_within([DISTRICT]).order_by("place").values_list("place", flat=True)[:VISITS])
    visits = [
        {
            "id": str(uuid7()),
            "round": found.pk,
            "place": place_text(place),
            "outcome": "ANSWERED",
            "at": NINE.isoformat(),
        }
        for place in places
    ]
    visitor = Actor.system("visitor", acts=["visit.submit"], ranges=[CITY])
    body = json.dumps({"sent_at": NINE.isoformat(), "visits": visits}).encode()
    assert {one.answer for one in store_visits(body, by=visitor, at=NINE).answers} == {"stored"}
    refresh_lots(at=NINE)
    return cast


def looked(page: Page, name: str) -> None:
    """Nothing serious, nothing wider than the screen; a picture where QIPAN_PICTURES names a folder."""
    assert serious(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    if folder := os.environ.get("QIPAN_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def give_back_and_pay(cast: Cast, at: datetime) -> int:
    """Firm and command record the return, the firm enters a day's use, the command accepts and pays; what was paid, in fen."""
    line = CallLine.objects.get()
    enter_use(line, day=at.date(), quantity=20, by=cast.manager, at=at)
    line = say_return(line, condition="完好", damage_fen=0, by=cast.manager, at=at)
    agree_return(line, said_at=line.return_said_at, by=cast.city_commander, at=at)
    sheet = hand_in(CostSheet.objects.get(), by=cast.manager, at=at)
    accept_rest(sheet, by=cast.city_commander, at=at)
    sheet = pay_sheet(CostSheet.objects.get(), paid_on=at.date(), voucher="2026-0301", by=cast.city_commander, at=at)
    return sum(one.amount for one in sheet.lines.all())


@pytest.mark.row("EMG-8", "EMG-17", "FRC-13")
def test_story_7_it_ends(city, clock, open_page, troubles):
    declared = Declaration.objects.get()
    ends = NINE + 2 * DAY
    clock(ends)
    before = coverage_total(Round.objects.get().pk, [CITY])
    # Level I ends through the page; from there the plan is one press away.
    command = open_page(city, "city_commander", f"/declarations/{declared.pk}")
    command.on("dialog", lambda dialog: dialog.accept())
    command.get_by_text("终止应急响应", exact=True).first.click()
    command.locator("form[action$='/end'] [name=reason]").fill("应急响应结束")
    command.locator("form[action$='/end'] button").click()
    command.get_by_role("link", name="有序退出方案").click()
    expect(command.locator("main")).to_contain_text("有序退出尚未开始")
    expect(command.locator("main")).to_contain_text(f"已关闭 0 项，共 {OWN + THEIRS + 6} 项")
    looked(command, "plan-before-zh-1440")
    command.get_by_role("button", name="有序退出", exact=True).click()
    expect(command.locator("main")).to_contain_text("退出中")
    # 12 measures ended, 3 still open with their owner; the hotel is to be given back; the posture waits, records last.
    plan = ReleasePlan.objects.get()
    left = list(plan.items.filter(closed_at=None).order_by("pk"))
    assert Measure.objects.exclude(lifted_at=None).count() == OWN == plan.items.exclude(closed_at=None).filter(
        kind="MEASURE"
    ).count()  # fmt: skip
    assert [one.kind for one in left] == ["MEASURE"] * THEIRS + ["POSTURE", "REQUISITION", "RECORDS"]
    owners = command.locator("tbody tr", has_text="尚未关闭").filter(has_text="锦江区指挥部")
    expect(owners).to_have_count(THEIRS)
    expect(command.locator("main")).to_contain_text(f"已关闭 {OWN}，共 {OWN + THEIRS}")
    assert Call.objects.everywhere("a test").get().ended_at is not None
    assert Round.objects.get().closed_at is not None
    looked(command, "plan-zh-1440")
    phone = open_page(city, "city_commander", f"/releases/{declared.pk}", width=360, height=740, lang="en")
    expect(phone.locator("main")).to_contain_text(f"{OWN} of {OWN + THEIRS} closed")
    looked(phone, "plan-en-360")
    links = invite(city, open_page)
    # The review was called by the end itself.
    assert Task.objects.everywhere("a test").get(source__startswith="event-review:").owner.code == "5101:lead-body"
    # The hotel goes back and is paid: 20 rooms, one day.
    assert give_back_and_pay(city, now()) == 20 * 26_000
    command.get_by_role("button", name="继续有序退出").click()
    expect(command.locator("main")).to_contain_text(f"已关闭 {OWN + 4} 项，共 {OWN + THEIRS + 6} 项")
    assert plan.items.get(kind="REQUISITION").closed_at is not None
    # What is left goes to its owners by name, and with that the posture ends.
    command.get_by_role("button", name="移交未关闭事项").click()
    expect(command.locator("main")).to_contain_text("已移交")
    tasks = Task.objects.everywhere("a test").filter(kind="RELEASE").values_list("owner__code", flat=True)
    assert list(tasks) == ["510104:district-command"] * THEIRS
    assert not Posture.objects.filter(ended_at=None).exists()
    # A month later two people destroy what was collected; the certificate's number closes the last line.
    clock(ends + 31 * DAY)
    refresh_lots(at=now())
    command.goto("/retention")
    command.get_by_role("checkbox", name=DueLot.objects.get(model="screening.Visit").title).check()
    command.get_by_label("销毁理由").fill("应急响应已结束")
    command.get_by_text("含有这些数据的备份均已在下方登记。").click()
    command.get_by_role("button", name="拟办并预览").click()
    command.get_by_text("待第二人批准").wait_for()
    second = open_page(city, "lead", urlsplit(command.url).path)
    second.get_by_role("button", name="批准：一分钟内开始，无法撤回").click()
    second.get_by_text("正在销毁").first.wait_for()
    assert carry_out_approved(at=now()) == (1, 0)
    assert Visit.objects.everywhere("a test").count() == 0
    command.goto(f"/releases/{declared.pk}")
    command.get_by_role("button", name="继续有序退出").click()
    number = ActivationItem.objects.get(kind="RECORDS").detail["certificate"]
    expect(command.locator("main")).to_contain_text(f"证书 {number}")
    expect(command.locator("main")).to_contain_text("已退出")
    assert ReleasePlan.objects.get().finished_at is not None
    looked(command, "plan-done-zh-1440")
    with command.expect_download() as table:
        command.get_by_role("link", name="CSV 文件").click()
    lines = table.value.path().read_text("utf-8-sig").strip().splitlines()
    assert len(lines) == 1 + OWN + THEIRS + 6 and sum(number in line for line in lines) == 1
    # Everyone can check the certificate; the statistics are as before.
    public = open_page(city, "anonymous", f"/certificates/{number}", width=360)
    public.get_by_text("签名有效。").wait_for()
    with public.expect_download() as download:
        public.get_by_role("link", name="证书文件").click()
    body = read(download.value.path().read_text("utf-8"), trusted=signing_key().public_key().public_bytes_raw())
    assert body["totals"] == {"destroyed": VISITS, "held": 0}
    assert coverage_total(Round.objects.get().pk, [CITY]) == before
    assert (before.visits, before.settled) == (VISITS, VISITS)
    learn(command, second, declared)
    # The people's congress reads what was ordered, what is left, what was destroyed and what was learned.
    command.goto(f"/events/{declared.pk}/report")
    report = command.locator("main")
    for text in (
        declared.number,
        f"个人信息记录：已销毁{VISITS}条并有证明，仍保存",
        number,
        LESSON,
        "第 2 版",
        "5,200.00",
    ):
        expect(report).to_contain_text(text)
    ordered = command.locator("tr.total").first.locator("td.num")
    assert ordered.first.inner_text() == str(OWN + THEIRS)
    looked(command, "congress-zh-1440")
    clock(ends + 150 * DAY)
    stayed(city, open_page, links)
    assert troubles == []


def volunteers() -> list[Pass]:
    return list(Pass.objects.everywhere("a test").filter(unit__organ_type__code="volunteer-group").order_by("line"))


def invite(cast: Cast, open_page: Callable[..., Page]) -> list[str]:
    """Each of three volunteers is asked by the own link: one stays, one takes it back, one says nothing; returns the links."""
    links = [link_for(token_for(one)) for one in volunteers()]
    for link, answers in zip(links, (["我愿意留队"], ["我愿意留队", "我不再留队"], []), strict=True):
        phone = open_page(cast, "anonymous", link, width=360)
        expect(phone.locator("main")).to_contain_text("您愿意留队继续做志愿者吗？")
        looked(phone, f"invited-zh-360-{len(answers)}")
        for answer in answers:
            phone.get_by_role("button", name=answer).click()
            expect(phone.locator("main")).to_contain_text("您已选择留队" if "愿意" in answer else "您愿意留队")
    english = open_page(cast, "anonymous", links[0], width=360, lang="en")
    expect(english.locator("main")).to_contain_text("You stay as a volunteer")
    looked(english, "stays-en-360")
    return links


def stayed(cast: Cast, open_page: Callable[..., Page], links: list[str]) -> None:
    """Two people destroy what passes call their holders: who said yes is kept and listed, the others are gone alike."""
    refresh_lots(at=now())
    named = Pass.objects.everywhere("a test").exclude(label="").count()
    due = [one.pk for one in DueLot.objects.filter(model="access.Pass", due__lte=now())]
    run = prepare_run(lots=due, reason="响应已结束", backups_listed=True, by=cast.city_commander, at=now())
    carry_out(approve_run(run, by=cast.lead, at=now()), by=clock_actor(), at=now())
    certificate = Certificate.objects.latest("pk")
    assert (certificate.destroyed, certificate.held) == (named - 1, 0)
    assert [one.label for one in volunteers()] == ["李晓", "", ""]
    street = open_page(cast, "worker", "/access/passes?state=stays")
    expect(street.locator("tbody tr")).to_have_count(1)
    expect(street.locator("main")).to_contain_text("李晓")
    looked(street, "stays-zh-1440")
    phone = open_page(cast, "anonymous", links[0], width=360)
    expect(phone.locator("main")).to_contain_text("您已选择留队")
    for link in links[1:]:
        answer = cast.client("anonymous").get(link)
        assert (answer.status_code, "留队" in answer.content.decode()) == (401, False)


def learn(command: Page, lead: Page, declared: Declaration) -> None:
    """The command proposes a lesson, the lead organisation accepts it, and the playbook's next version holds it."""
    before = get_playbook("epidemic-emergency").version
    command.goto(f"/lessons?event={declared.pk}")
    command.fill("[name=title]", LESSON)
    command.fill("[name=text]", "电梯停用时先用对讲")
    command.select_option("[name=playbook]", "epidemic-emergency")
    command.locator("form[action='/lessons'] button").click()
    expect(command.locator("main")).to_contain_text(LESSON)
    lesson = urlsplit(command.url).path
    lead.goto(lesson)
    lead.locator("[name=accept]").select_option(label="采纳")
    lead.locator("form[action$='/decide'] [name=reason]").fill("三个街道都这样说")
    lead.locator("form[action$='/decide'] button").click()
    expect(lead.locator("form[action$='/decide']")).to_have_count(0)
    command.goto(f"{lesson}/publish")
    command.locator("main form button.btn-primary").click()
    expect(command.locator("h1")).to_contain_text(get_playbook("epidemic-emergency").label)
    assert (before, get_playbook("epidemic-emergency").version) == (1, 2)
    command.goto(lesson)
    looked(command, "lesson-zh-1440")
