"""Story 6 of users.md, through the pages alone: a new form is refused, and four of its forty columns are admitted."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.core.cache import cache
from django.utils.timezone import get_default_timezone
from playwright.sync_api import Page, expect

from qipan.access.testing import Cast, make_city
from qipan.desk.api import Admission, Task
from qipan.duties.api import seed_organisation
from qipan.forms.actions import bring_values, import_fields, publish_form
from qipan.forms.actions.fields import seed_rows
from qipan.forms.api import Form
from qipan.forms.rules import Definition, make_xlsform
from qipan.journal.api import verify
from qipan.kernel.actor import Actor
from qipan.kernel.clock import set_clock
from qipan.kernel.place import COMMUNITY, STREET, range_of

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
ZONE = get_default_timezone()
NINE = datetime(2026, 3, 3, 9, tzinfo=ZONE).astimezone(UTC)  # a Tuesday
COMMUNITIES = 1_200
HELD = range(1, 25)  # columns that registers hold
ASKED = range(25, 32)  # columns that another valid form asks
NEW = range(32, 36)  # the four that are admitted in the end
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def column(n: int) -> str:
    return f"ledger_{n:02d}"


def sheet(columns: list[int]) -> bytes:
    head = ["type", "name", "label::中文 (zh)", "label::English (en)", "qipan_field"]
    rows = [["text", column(n), f"台账第{n}栏", f"Column {n} of the ledger", column(n)] for n in columns]
    return make_xlsform({"survey": [head, *rows]})


def file(columns: list[int]) -> dict[str, object]:
    return {"name": "ledger.xlsx", "mimeType": XLSX, "buffer": sheet(columns)}


@pytest.fixture
def clock(settings, tmp_path) -> Iterator[Callable[[datetime], None]]:
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    cache.clear()
    yield lambda moment: set_clock(settings.CLOCK_FILE, shown=moment, speed=1)


@pytest.fixture
def city(clock, db) -> Cast:
    """The tiny city grown to 1,200 communities, whose registers hold 24 of the forty columns; one form asks 7 more."""
    clock(NINE)
    cast = make_city(at=NINE)
    begin = NINE - timedelta(days=10)
    area = apps.get_model("territory", "Area")
    more = []
    for district in ("510104", "510105"):
        street = f"{district}003"
        codes = [(street, district, STREET)]
        codes += [(f"{street}{n:03d}", street, COMMUNITY) for n in range(1, (COMMUNITIES - 8) // 2 + 1)]
        more += [
            area(
                code=code,
                parent_code=parent,
                level=level,
                name=f"第{code}",
                valid_from=date(2020, 1, 1),
                synthetic=True,
            )
            for code, parent, level in codes
        ]
    area.objects.bulk_create(more)
    seeder = Actor.system("seed", acts=["register.edit"], ranges=[range_of("5101")])
    seed_organisation("5101", by=seeder, at=begin)
    lead = cast.unit("5101:lead-body")
    rows = seed_rows("5101", owner=lead.code)
    rows += [
        {
            "code": column(n), "name": f"台账第{n}栏", "name_en": f"Column {n} of the ledger", "kind": "TEXT",
            "about": "UNIT", "source": "社区台账" if n in HELD else "本表",
            "source_en": "Register of communities" if n in HELD else "This form", "owner": "5101:civil-affairs",
            "held": "values" if n in HELD else "", "retention_days": "365", "sensitivity": "NONE",
        }
        for n in range(1, 41)
    ]  # fmt: skip
    import_fields(rows, by=cast.lead, at=begin)
    for n in HELD:
        bring_values(
            column(n), [{"place": "510104001001", "value": str(n)}], name="register.csv", sha256="0" * 64,
            as_of=date(2026, 3, 1), by=cast.lead, at=begin,
        )  # fmt: skip
    publish_form(
        code="monthly-return", title="社区月报", title_en="Monthly return", subject="UNIT", number="QP-月-1",
        issuer=lead, approval="统计备案〔2026〕1号", basis="《统计法》第十七条", purpose="月度情况", valid_from=begin,
        valid_to=begin + timedelta(days=365), definition=Definition(sheet(list(ASKED))), by=cast.lead, at=begin,
    )  # fmt: skip
    return cast


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        where = page.locator(f"main [name={name}]").last
        if where.evaluate("one => one.tagName") == "SELECT":
            where.select_option(value)
        else:
            where.fill(value)


def decided(page: Page, button: str, **fields: str) -> None:
    form = page.locator("form.decide")
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button", name=button, exact=True).click()


@pytest.mark.row("SVC-9", "SVC-10", "SVC-13", "ORG-10", "ORG-12")
def test_story_6_a_new_form_is_refused_and_four_columns_are_admitted(city, clock, open_page, troubles):
    # 9:00. A department uploads a ledger of 40 columns and reads what is known of it, and by whom.
    office = open_page(city, "department", "/forms/new")
    office.fill("#id_code", "weekly-ledger")
    office.set_input_files("#id_file", file(list(range(1, 41))))
    office.get_by_role("button", name="读取").click()
    expect(office).to_have_url(re.compile(r"/forms/drafts/\d+$"))
    draft = office.url
    known = office.locator("section", has=office.locator("#known"))
    expect(known).to_contain_text("77.5")
    expect(known.locator("li")).to_have_count(31)
    expect(known.locator("li").first).to_contain_text("社区台账")
    expect(known.locator("li").last).to_contain_text("社区月报 QP-月-1")
    fill(office, title="每周社区台账", title_en="Weekly ledger of communities", subject="UNIT")
    office.get_by_role("button", name="保存", exact=True).click()
    # It applies for every community, every week; nothing that the draft says is typed again, and a basis it has none.
    office.get_by_role("link", name="申请工作准入").click()
    assert (office.input_value("#id_form_code"), office.input_value("#id_questions")) == ("weekly-ledger", "40")
    fill(office, how_often="WEEKLY", minutes_per_unit="60", valid_to="2027-03-02")
    office.locator("[name=organ_types][value=community]").check()
    office.get_by_role("button", name="查看所需工时").click()
    cost = office.locator("#cost")
    expect(cost).to_contain_text("1,200")
    expect(cost).to_contain_text("5,200")
    expect(cost).to_contain_text("其40项中有31项已有数据")
    expect(cost).to_contain_text("未写依据")
    assert serious(office) == []
    assert Admission.objects.count() == 0
    office.locator(".apply button").click()
    expect(office.locator(".admission")).to_contain_text("未写依据")
    # Nothing reaches a community without the lead organisation: no desk, and no form.
    expect(office.goto("/directives/new") and office.locator("#id_admission option:not([value=''])")).to_have_count(0)
    clock(NINE + timedelta(hours=1))
    lead = open_page(city, "lead", draft)
    lead.get_by_role("button", name="发布为下一版").click()
    expect(lead.get_by_role("alert").first).to_be_visible()
    # 10:00. The lead organisation reads the same figures. As it stands it cannot be admitted: it rests on nothing.
    lead.goto("/admissions")
    line = lead.locator(".admission")
    for said in ("5,200", "其40项中有31项已有数据", "未写依据", "社区月报 QP-月-1"):
        expect(line).to_contain_text(said)
    decided(lead, "准入", reason="按原样")
    expect(lead.locator("form.decide .field-error")).to_contain_text("未写依据")
    assert Admission.objects.get().state == "APPLIED"
    for n in (*HELD, *ASKED, *range(36, 41)):
        lead.locator(f"form.decide [name=asks][value={column(n)}]").uncheck()
    assert serious(lead) == []
    decided(lead, "准入", reason="其余各栏已有，不再填报", basis="减负清单〔2026〕第4项", valid_to="2026-06-02")
    for said in ("部分准入", "减负清单〔2026〕第4项", "5,200", "520"):
        expect(lead.locator(".admission")).to_contain_text(said)
    admission = Admission.objects.get()
    assert (admission.state, admission.questions, admission.minutes_per_unit) == ("ADMITTED", 4, 6)
    assert admission.fields == [column(n) for n in NEW]
    assert (admission.units, admission.monthly_hours, admission.asked["monthly_hours"]) == (COMMUNITIES, 520.0, 5200.0)
    # Forty columns are not published, whoever asks; with what is held filled in it is still more than was admitted.
    office.goto(draft)
    office.locator("#id_reuse").check()
    fill(
        office, number="QP-周-2", approval="统计备案〔2026〕2号", basis="减负清单〔2026〕第4项", purpose="每周情况",
        valid_from="2026-03-03", valid_to="2026-12-31",
    )  # fmt: skip
    office.select_option("[name=issuer]", label=city.unit("5101:health").name)
    office.get_by_role("button", name="保存", exact=True).click()
    lead.goto(draft)
    lead.get_by_role("button", name="发布为下一版").click()
    expect(lead.get_by_role("alert").first).to_contain_text("准入4项")
    assert not Form.objects.filter(code="weekly-ledger").exists()
    # The department takes its 4 columns, and the three months; then it is published.
    office.set_input_files("#id_file", file(list(NEW)))
    office.get_by_role("button", name="读取").click()
    expect(office.locator("#known")).to_have_count(0)
    lead.reload()
    lead.get_by_role("button", name="发布为下一版").click()
    expect(lead.get_by_role("alert").first).to_contain_text("2026")
    assert not Form.objects.filter(code="weekly-ledger").exists()
    office.reload()
    fill(office, valid_to="2026-06-02")
    office.get_by_role("button", name="保存", exact=True).click()
    lead.goto(draft)
    assert serious(lead) == []
    lead.get_by_role("button", name="发布为下一版").click()
    expect(lead).to_have_url(re.compile(r"/forms/weekly-ledger$"))
    form = Form.objects.get(code="weekly-ledger")
    assert [one.field_code for one in form.questions.order_by("order")] == [column(n) for n in NEW]
    # It goes out under the admission to 1,200 desks, and the meter names who asked, for how many hours.
    office.goto("/directives/new")
    office.locator("input[name=areas][value='5101']").check()
    office.locator("input[name=organ_types][value=community]").check()
    office.select_option("#id_admission", index=1)
    fill(
        office, number="卫〔2026〕2号", title="每周台账四栏", body="请填四栏。", basis="减负清单〔2026〕第4项",
        decided_at="2026-03-03T10:00", due_at="2026-03-06T18:00",
    )  # fmt: skip
    office.locator("button[name=look]").click()
    expect(office.locator("#confirm-title")).to_contain_text("1,200")
    office.locator("button[name=confirmed]").click()
    expect(office).to_have_url(re.compile(r"/directives/\d+$"))
    assert Task.objects.everywhere("a test").count() == COMMUNITIES
    lead.goto("/burden")
    cells = lead.locator("#burden-demanders tbody tr")
    expect(cells).to_have_count(1)
    expect(cells.locator("th")).to_have_text(city.unit("5101:health").name)
    assert cells.locator("td").all_inner_texts()[:3] == ["1,200", "120.0", "0.1"]
    expect(lead.locator("#burden-twice")).to_have_text("0")
    assert verify().differences == []
    assert [line for line in troubles if not re.search("40[039]", line)] == []
