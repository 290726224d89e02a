"""Stories 1 and 2 of users.md, whole and through the pages alone; the clock is moved as a drill moves it."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.cache import cache
from django.utils.timezone import get_default_timezone
from playwright.sync_api import Page, expect

from qipan.access.testing import Cast, add_member, make_city
from qipan.command.api import Directive
from qipan.desk.api import Receipt, Task, TaskState, admit_emergency, receive
from qipan.duties.api import seed_organisation
from qipan.journal.api import verify
from qipan.kernel.actor import Actor
from qipan.kernel.clock import set_clock
from qipan.kernel.place import place_of, range_of
from qipan.matters.api import Matter
from qipan.matters.testing import World, make_world
from qipan.territory.api import Compound

from .conftest import serious
from .test_matters import PHONE, act, answer_question, picture, report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
ZONE = get_default_timezone()
TEN = datetime(2026, 3, 3, 10, tzinfo=ZONE).astimezone(UTC)  # a Tuesday
NIGHT = datetime(2026, 1, 14, 23, 10, tzinfo=ZONE).astimezone(UTC)
CITY = range_of("5101")
Clock = Callable[[datetime], None]


@pytest.fixture
def clock(settings, tmp_path) -> Iterator[Clock]:
    """Sets the city's clock to a moment, from which it runs on."""
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    cache.clear()
    yield lambda moment: set_clock(settings.CLOCK_FILE, shown=moment, speed=1)


def typed(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def on_call(page: Page, name: str, button: str, **fields: str) -> None:
    """Does one of the things to do on a call's page."""
    form = page.locator(f"form[action$='/{name}']").first
    if not form.is_visible():
        page.locator("details", has=page.locator(f"form[action$='/{name}']")).last.locator("summary").first.click()
    for field, value in fields.items():
        where = form.locator(f"[name={field}]")
        if where.evaluate("one => one.tagName") == "SELECT":
            where.select_option(value)
        else:
            where.fill(value)
    form.get_by_role("button", name=button).click()


@pytest.fixture
def wall(clock: Clock, db: None) -> World:
    clock(TEN)
    made = make_world(make_city(at=TEN))
    for name, unit in (("builders", "housing"), ("gardeners", "parks"), ("wardens", "urban-management")):
        add_member(made.cast, name, role="department", unit=f"5101:{unit}")
    return made


@pytest.mark.row("MAT-1", "MAT-2", "MAT-3", "MAT-4", "MAT-5", "MAT-11", "ORG-6", "ORG-8", "ORG-17")
def test_story_1_a_loose_wall_in_40_minutes_and_90_days(wall, clock, open_page, troubles):
    cast, minute = wall.cast, lambda n: clock(TEN + timedelta(minutes=n))
    # 10:00. A volunteer photographs a leaning wall; another is asked whether it is the same, and joins.
    phone = open_page(cast, "anonymous", "/report", **PHONE)
    report(phone, "小区东侧围墙歪斜，有砖块松动")
    phone.set_input_files("#id_photos", {"name": "wall.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    answer_question(phone)
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator(".code")).to_be_visible()
    minute(2)
    other = open_page(cast, "anonymous", "/report", **PHONE)
    report(other, "围墙歪斜，砖块松动，很危险")
    other.locator("#id_spot").click()
    expect(other.locator("#alike")).to_contain_text("危墙危房")
    other.locator("#alike input[type=radio]").first.check()
    answer_question(other)
    other.get_by_role("button", name="提交").click()
    expect(other.locator(".code")).to_be_visible()
    [matter] = Matter.objects.everywhere("a test")
    # 10:04. The street files it, grades the danger, and whistles: answer within 30 minutes. No address is asked again.
    minute(4)
    street = open_page(cast, "dispatcher", f"/matters/{matter.pk}")
    act(street, "file", "立案")
    street.goto(f"/matters/{matter.pk}/hazard")
    street.select_option("[name=grade]", "MAJOR")
    street.fill("[name=measure]", "已拉警戒线，行人绕行")
    street.get_by_role("button", name="评定").click()
    expect(street.locator("main")).to_contain_text("已拉警戒线，行人绕行")
    street.goto(f"/matters/{matter.pk}/call")
    expect(street.locator("main [name=place], main [name=q]")).to_have_count(0)
    street.fill("[name=what]", "围墙外倾，现场会商")
    street.select_option("[name=urgency]", "AT_ONCE")
    for unit in ("5101:urban-management", "5101:parks"):
        street.locator(f"input[name=units][value='{unit}']").check()
    street.fill("[name=meets_where]", "小区东门")
    street.fill("[name=meets_at]", typed(TEN + timedelta(minutes=15)))
    assert serious(street) == []
    street.locator("form.report button.btn-primary").last.click()
    expect(street).to_have_url(re.compile(r"/calls/\d+$"))
    expect(street.locator("main")).to_contain_text("30分钟内应答")
    call = street.url
    # 10:06. One comes; the gardens refuse once, the lead organisation decides, and the decision binds.
    minute(6)
    wardens = open_page(cast, "wardens", "/desk")
    wardens.locator(".row-title").first.click()
    wardens.locator("#beside .task-acts").get_by_role("link", name="查看所属事项").click()
    expect(wardens).to_have_url(call)
    on_call(wardens, "accept", "我单位到场", post="值班队长")
    gardeners = open_page(cast, "gardeners", call)
    on_call(gardeners, "refuse", "拒绝", reason="围墙不属园林")
    minute(8)
    lead = open_page(cast, "lead", call)
    on_call(lead, "decide", "须到场", reason="树根顶墙，园林须到场")
    gardeners.reload()
    expect(gardeners.locator("form[action$='/refuse']")).to_have_count(0)
    on_call(gardeners, "accept", "我单位到场", post="树木技师")
    # 10:10. The matter goes to whose list it is on. It objects once, too; the ruling is final. One hop.
    minute(10)
    street.goto(f"/matters/{matter.pk}")
    act(street, "dispatch", "派单")
    builders = open_page(cast, "builders", f"/matters/{matter.pk}")
    act(builders, "object", "提出异议", reason="围墙由园林种树所致")
    lead.goto(f"/matters/{matter.pk}")
    act(lead, "arbitrate", "裁定", reason="危墙属住建清单，园林配合")
    builders.reload()
    expect(builders.locator("form[action$='/object']")).to_have_count(0)
    street.goto(f"/matters/{matter.pk}")
    street.locator("#helper-unit").select_option("5101:parks")
    act(street, "cooperate", "请单位协同")
    # 10:16. They meet: who came, what was found, what is agreed, by whom and until when; for print too.
    minute(16)
    street.goto(call)
    for n in range(2):
        street.locator("form[action$='/came']").nth(n).locator("button[value='1']").click()
        expect(street.locator(".state-done", has_text="已到场")).to_have_count(n + 1)
    on_call(street, "record", "记录", found="墙体外倾十二厘米，树根顶起")
    expect(street.locator("main")).to_contain_text("墙体外倾十二厘米，树根顶起")
    on_call(
        street, "agree", "下达到工作台", text="封控墙外通道", owner="5101:urban-management",
        due_at=typed(TEN + timedelta(minutes=25)),
    )  # fmt: skip
    expect(street.locator("main")).to_contain_text("封控墙外通道")
    on_call(street, "end", "结束召集", result="拆除重砌，树木移除")
    assert serious(street) == []
    street.emulate_media(media="print")
    expect(street.get_by_text("墙体外倾十二厘米，树根顶起")).to_be_visible()
    expect(street.get_by_text("封控墙外通道")).to_be_visible()
    expect(street.locator("[data-print]")).to_be_hidden()
    street.emulate_media(media="screen")
    # 10:20. The handler cannot be done before the others are.
    minute(20)
    builders.reload()
    act(builders, "report_done", "报告办结", result="已拆除重砌")
    expect(builders.get_by_role("alert").first).to_contain_text("协同部分尚未完成")
    gardeners.goto(f"/matters/{matter.pk}")
    act(gardeners, "finish", "报告本单位部分已完成", result="已移除倾斜树木")
    wardens.goto("/desk")
    row = wardens.locator(".row-task", has_text="封控墙外通道")
    row.locator(".row-act button").click()
    expect(row.locator(".row-act button")).to_have_text("报告办结")
    row.locator(".row-act button").click()
    expect(row).to_have_count(0)
    minute(30)
    act(builders, "report_done", "报告办结", result="已拆除重砌")
    expect(builders.locator(".lead-state")).to_contain_text("已报办结")
    # The handler cannot close it: no way on the page, and refused where it is tried all the same.
    assert builders.locator("form[action$='/verify']").count() == 0
    token = builders.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    tried = builders.request.post(
        f"/matters/{matter.pk}/verify", form={"way": "GOVERNMENT", "note": "", "csrfmiddlewaretoken": token},
        headers={"Referer": builders.url},
    )  # fmt: skip
    assert tried.status == 403
    # 10:34. Another looks, then verifies; both reporters say so by their codes.
    minute(34)
    street.goto(f"/matters/{matter.pk}/hazard")
    street.select_option("[name=remedied]", "1")
    street.fill("[name=note]", "危墙已拆")
    street.locator("form", has=street.locator("[name=remedied]")).get_by_role("button").click()
    expect(street.locator("main")).to_contain_text("危墙已拆")
    street.goto(f"/matters/{matter.pk}")
    act(street, "verify", "核查属实")
    expect(street.locator(".lead-state")).to_contain_text("已核查")
    minute(38)
    for page in (phone, other):
        page.reload()
        page.get_by_role("button", name="属实，满意").click()
        expect(page.get_by_role("button", name="属实，满意")).to_have_count(0)
    matter.refresh_from_db()
    assert (matter.state, matter.closing, matter.confirmation, matter.hops) == ("CLOSED", "SOLVED", "CONFIRMED", 1)
    assert matter.ended_at - matter.reported_at < timedelta(minutes=40)
    assert not Task.objects.everywhere("a test").filter(closed_at=None).exists()
    # Both sides say a word on the joint work: units, never persons.
    street.goto(call)
    street.locator("form.rating").first.locator("[name=words]").fill("到场及时")
    street.locator("form.rating").first.get_by_role("button").click()
    expect(street.locator("main")).to_contain_text("到场及时")
    # The spot is watched for 90 days, as the reporter reads, too.
    phone.reload()
    expect(phone.locator("main")).to_contain_text("跟踪至")
    lead.goto("/matters/patterns")
    watched = lead.locator("section", has=lead.get_by_role("heading", name="90天跟踪"))
    expect(watched).to_contain_text("未复发")
    assert serious(lead) == []
    # After 60 days it leans again: one hop more for nobody, and on the account of who closed it.
    clock(TEN + timedelta(days=60))
    again = open_page(cast, "anonymous", "/report", **PHONE)
    report(again, "重砌的围墙又歪了")
    answer_question(again)
    again.get_by_role("button", name="提交").click()
    expect(again.locator(".code")).to_be_visible()
    back = Matter.objects.everywhere("a test").latest("pk")
    street.goto(f"/matters/{back.pk}")
    act(street, "file", "立案")
    act(street, "dispatch", "派单")
    expect(street.locator("main")).to_contain_text(
        f"此处复发：此前90天内{cast.unit('5101:housing').label}已将{matter.number}"
    )
    lead.reload()
    expect(watched).to_contain_text("复发1件")
    lead.goto("/matters/rechecks")
    counted = lead.locator("tr", has_text=cast.unit("5101:housing").label)
    expect(counted.locator("td")).to_have_text(["1", "0", "1", "0 / 0", "0"])
    clock(TEN + timedelta(days=91))
    lead.goto("/matters/patterns")
    expect(watched).to_contain_text("此处没有跟踪中的地点。")
    assert verify().differences == []
    # What was refused answered 403 or 409, which the browser writes into its console; nothing else.
    assert [line for line in troubles if "409" not in line and "403" not in line] == []


OLD_COMPOUNDS = 312


@pytest.fixture
def old_town(clock: Clock, db: None) -> Cast:
    """The tiny city with 312 old compounds; those of one community have no screen."""
    clock(NIGHT)
    cast = make_city(at=NIGHT)
    communities = sorted({one.place // 10**7 for one in Compound.objects.all()})
    for community in communities:
        held = Compound.objects.filter(place__range=range_of(str(community).zfill(12))).count()
        Compound.objects.bulk_create(
            Compound(
                place=place_of(f"{str(community).zfill(12)}{n:03d}"), name=f"老旧院落{n}号", doors=0, synthetic=True
            )
            for n in range(held + 1, OLD_COMPOUNDS // len(communities) + 1)
        )
    Compound.objects.filter(place__range=range_of("510104001002")).update(has_screen=False)
    seeder = Actor.system("seed", acts=["register.edit"], ranges=[CITY])
    seed_organisation("5101", by=seeder, at=NIGHT - timedelta(days=1))
    admit_emergency(
        title="供暖检查", declaration="寒潮响应〔2026〕1号", basis="责任清单第34项", valid_to=NIGHT + timedelta(days=2),
        by=cast.city_commander, at=NIGHT - timedelta(minutes=5),
    )  # fmt: skip
    assert Compound.objects.count() == OLD_COMPOUNDS
    return cast


def say(tasks: list[Task], state: str, at: datetime) -> None:
    """Units answer from their devices, as ``/api/desk/receipts`` takes it."""
    for task in tasks:
        unit = Actor(
            label="compound", acts=frozenset({"task.answer"}), scope=Actor.system("", ranges=[CITY]).scope,
            unit_id=task.owner_id,
        )  # fmt: skip
        [answer] = receive([Receipt(task.pk, state, at)], by=unit, at=at)
        assert answer.answer == "stored"


def unread_of(page: Page, directive: Directive) -> list[list[str]]:
    text = page.request.get(f"/directives/{directive.pk}/unread.csv").text().removeprefix("\ufeff")
    return list(csv.reader(StringIO(text)))[1:]


@pytest.mark.row("EMG-4", "ORG-10")
def test_story_2_a_directive_in_the_night(old_town, clock, open_page, troubles):
    cast = old_town
    forms = apps.get_model("forms.Form").objects.count()
    # 23:10. The city command writes it once. Half past midnight is refused: nobody is robbed of sleep.
    command = open_page(cast, "city_commander", "/directives/new")
    command.locator("input[name=areas][value='5101']").check()
    command.locator("input[name=organ_types][value=compound]").check()
    expect(command.locator("#reach strong")).to_have_text("312")
    command.select_option("#id_admission", index=1)
    for name, text in (
        ("number", "成指〔2026〕8号"), ("title", "检查老旧院落供暖"), ("body", "逐院检查供暖管道和室温。"),
        ("basis", "责任清单第34项"), ("decided_at", typed(NIGHT - timedelta(minutes=2))),
        ("due_at", typed(NIGHT + timedelta(minutes=80))),
    ):  # fmt: skip
        command.fill(f"[name={name}]", text)
    command.locator("button[name=look]").click()
    confirm = command.locator("button[name=confirmed]")
    expect(confirm.or_(command.get_by_role("alert")).first).to_be_visible()
    if confirm.count():
        confirm.click()
    expect(command.get_by_role("alert").first).to_contain_text("22:00")
    assert not Directive.objects.exists()
    morning = datetime(2026, 1, 15, 7, tzinfo=ZONE).astimezone(UTC)
    command.fill("[name=due_at]", typed(morning))
    command.locator("button[name=look]").click()
    expect(command.locator("#confirm-title")).to_contain_text("312")
    command.locator("button[name=confirmed]").click()
    expect(command).to_have_url(re.compile(r"/directives/\d+$"))
    # Fan-out: a receipt on each of 312 desks, none of them twice.
    [directive] = Directive.objects.all()
    tasks = list(Task.objects.everywhere("a test").filter(source=directive.source).order_by("place"))
    assert (directive.recipients, len(tasks), len({task.owner_id for task in tasks})) == (312, 312, 312)
    expect(command.locator("#receipts .total td").first).to_have_text("312")
    # 23:40. 200 have read it; the list of who has not is exact, on the page and in the file.
    clock(NIGHT + timedelta(minutes=30))
    screens = [task for task in tasks if not task.on_paper]
    assert (len(screens), len(tasks) - len(screens)) == (273, 39)
    say(screens[:200], TaskState.READ, NIGHT + timedelta(minutes=20))
    command.goto(f"/directives/{directive.pk}/unread")
    expect(command.locator("h1 .num")).to_have_text("112")
    listed = unread_of(command, directive)
    left = {task.owner.label for task in tasks if task.pk not in {one.pk for one in screens[:200]}}
    assert (len(listed), {row[1] for row in listed}) == (112, left)
    # One community has no screen: it prints a sheet for each of its compounds, and enters who signed.
    offline = open_page(cast, "neighbour_worker", f"/directives/{directive.pk}/sheet?area=510104001002")
    expect(offline.locator("article.sheet")).to_have_count(39)
    expect(offline.locator("article.sheet").first).to_contain_text("逐院检查供暖管道和室温。")
    assert serious(offline) == []
    clock(datetime(2026, 1, 15, 6, 30, tzinfo=ZONE).astimezone(UTC))
    offline.goto(f"/directives/{directive.pk}/sign")
    boxes = offline.locator("input[name=tasks]")
    expect(boxes).to_have_count(39)
    for n in range(39):
        boxes.nth(n).check()
    offline.fill("[name=signed_at]", typed(datetime(2026, 1, 15, 6, 20, tzinfo=ZONE)))
    offline.locator("form.card button.btn-primary").click()
    expect(offline.locator(".messages")).to_contain_text("39")
    say(screens[:180], TaskState.DONE, datetime(2026, 1, 15, 6, 40, tzinfo=ZONE).astimezone(UTC))
    # 07:00. The answers are a view of what is stored: no new form, no second question, no report by telephone.
    clock(morning + timedelta(seconds=5))
    asked = Task.objects.everywhere("a test").count()
    command.goto(f"/directives/{directive.pk}")
    row = command.locator("#receipts .total td")
    texts = [re.match(r"[\d,]+", text.strip())[0] for text in row.all_inner_texts()]
    assert texts == ["312", "239", "239", "219", "180", "0"]
    expect(command.get_by_role("link", name=re.compile("73"))).to_be_visible()
    assert len(unread_of(command, directive)) == 73
    # Every level reads the same: the districts add up to the city.
    below = command.locator("#receipts tbody tr:not(.total)")
    sums = [int(text.split()[0].replace(",", "")) for text in below.locator("td:nth-child(2)").all_inner_texts()]
    assert sum(sums) == 312
    assert Task.objects.everywhere("a test").count() == asked == OLD_COMPOUNDS
    assert apps.get_model("forms.Form").objects.count() == forms
    assert not apps.get_model("forms.FormOpening").objects.exists()
    assert serious(command) == []
    assert verify().differences == []
    assert [line for line in troubles if "409" not in line] == []
