"""A loose wall (users.md, story 1): from a resident's telephone to the confirmed close, through the pages alone."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.cache import cache
from PIL import Image
from playwright.sync_api import Page, expect

from qipan.access.api import Account, Post, Role, actor_of_post
from qipan.access.testing import Cast, make_city
from qipan.desk.api import Task
from qipan.journal.api import verify
from qipan.matters.api import Matter
from qipan.matters.testing import World, make_world
from qipan.webkit.manifest import is_built

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_built(), reason="the front end is not built: run scripts/frontend"),
]
PHONE = {"width": 390, "height": 800}


def officer(cast: Cast, name: str, unit: str) -> None:
    """Adds an officer of a department to the cast."""
    account = Account.objects.create(username=name, display_name=name, password="!")
    post = Post.objects.create(
        account=account,
        unit=cast.unit(unit),
        role=Role.objects.get(code="department"),
        valid_from=cast.at - timedelta(days=9),
    )
    cast.accounts[name] = account
    setattr(cast, name, actor_of_post(post, at=cast.at))


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    made = make_world(make_city())
    officer(made.cast, "builders", "5101:housing")
    officer(made.cast, "gardeners", "5101:parks")
    return made


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (800, 600), (150, 140, 130)).save(file, "JPEG")
    return file.getvalue()


def answer_question(page: Page) -> None:
    first, second = re.search(r"(\d) 加 (\d)", page.locator("label[for=answer]").inner_text()).groups()
    page.fill("#answer", str(int(first) + int(second)))


def act(page: Page, name: str, button: str, **fields: str) -> None:
    """Opens one of the things to do on a matter's page, fills it and sends it."""
    form = page.locator(f"form[action$='/{name}']").first
    if not form.is_visible():
        page.locator("details", has=page.locator(f"form[action$='/{name}']")).last.locator("summary").first.click()
    for field, value in fields.items():
        form.locator(f"[name={field}]:not([type=radio])").first.fill(value)
    form.get_by_role("button", name=button).click()


def report(page: Page, text: str) -> None:
    page.fill("#place-q", "锦江一街一社区1")
    page.get_by_text("锦江一街一社区1号院").click()
    page.select_option("#id_category", "05001")
    page.fill("#id_text", text)


@pytest.mark.row("MAT-1", "MAT-3", "MAT-4", "MAT-5", "ORG-6", "ORG-8")
def test_a_loose_wall(world, open_page, troubles):
    cast = world.cast
    # A volunteer photographs it; nobody types the address twice.
    phone = open_page(cast, "anonymous", "/report", **PHONE)
    report(phone, "小区东侧围墙歪斜，有砖块松动")
    phone.set_input_files("#id_photos", {"name": "wall.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    answer_question(phone)
    phone.get_by_role("button", name="提交").click()
    expect(phone.locator(".code")).to_be_visible()
    code = phone.url.rpartition("/")[2]
    assert serious(phone) == []
    # A second one is asked whether it is the same, and joins.
    other = open_page(cast, "anonymous", "/report", **PHONE)
    report(other, "围墙歪斜，砖块松动，很危险")
    other.locator("#id_spot").click()
    expect(other.locator("#alike")).to_contain_text("危墙危房")
    other.locator("#alike input[type=radio]").first.check()
    answer_question(other)
    other.get_by_role("button", name="提交").click()
    expect(other.locator(".code")).to_be_visible()
    [matter] = Matter.objects.everywhere("a test")
    assert matter.reports.count() == 2
    # The street files it and gives it to whose list it is on.
    street = open_page(cast, "dispatcher", f"/matters/{matter.pk}")
    expect(street.locator(".pictures img")).to_have_count(1)
    act(street, "file", "立案")
    expect(street.locator("form[action$='/dispatch']")).to_contain_text("成都市住房和城乡建设局")
    act(street, "dispatch", "派单")
    expect(street.locator(".lead-state")).to_contain_text("已派单")
    # It objects once; the lead organisation rules, and the ruling binds.
    desk = open_page(cast, "builders", "/desk")
    desk.locator(".row-title").first.click()
    desk.locator("#beside .task-acts a.btn").click()
    expect(desk).to_have_url(re.compile(f"/matters/{matter.pk}$"))
    act(desk, "object", "提出异议", reason="围墙由园林种树所致")
    expect(desk.locator(".lead-state")).to_contain_text("异议待决")
    lead = open_page(cast, "lead", f"/matters/{matter.pk}")
    act(lead, "arbitrate", "裁定", reason="危墙属住建清单，园林配合")
    expect(lead.locator(".lead-state")).to_contain_text("已派单")
    desk.reload()
    expect(desk.locator("form[action$='/object']")).to_have_count(0)
    # Together with the gardeners, whose part is done before the whole.
    street.reload()
    street.locator("#helper-unit").select_option("5101:parks")
    act(street, "cooperate", "请单位协同")
    act(desk, "report_done", "报告办结", result="已拆除重砌")
    expect(desk.get_by_role("alert").first).to_contain_text("协同部分尚未完成")
    trees = open_page(cast, "gardeners", f"/matters/{matter.pk}")
    act(trees, "finish", "报告本单位部分已完成", result="已移除倾斜树木")
    act(desk, "report_done", "报告办结", result="已拆除重砌")
    expect(desk.locator(".lead-state")).to_contain_text("已报办结")
    assert desk.locator("form[action$='/verify']").count() == 0  # the handler cannot close it
    # Another verifies; both reporters have the last word.
    street.reload()
    act(street, "verify", "核查属实")
    expect(street.locator(".lead-state")).to_contain_text("已核查")
    for page in (phone, other):
        page.reload()
        expect(page.locator("main")).to_contain_text("已拆除重砌")
        page.get_by_role("button", name="属实，满意").click()
        expect(page.locator(".ask")).to_have_count(0) if page is phone else None
    assert phone.url.endswith(code)
    matter.refresh_from_db()
    assert (matter.state, matter.closing, matter.confirmation, matter.hops) == ("CLOSED", "SOLVED", "CONFIRMED", 1)
    assert not Task.objects.everywhere("a test").filter(closed_at=None).exists()
    assert verify().differences == []
    public = open_page(cast, "anonymous", "/public/matters", **PHONE)
    expect(public.locator("main")).to_contain_text("危墙危房")
    expect(public.locator("main")).not_to_contain_text("砖块")
    # The desk that refused "report done" answered 409, which the browser writes into its console; nothing else.
    assert [line for line in troubles if "409" not in line] == []


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_pages_as_people_see_them(world, open_page, troubles, lang):
    """On a desk and on a phone: nothing sticks out, nothing that a screen reader stumbles over, no script error."""
    reported = world.reported(reach="13900000000")
    pages = [
        ("anonymous", "/report"), ("anonymous", "/track"), ("anonymous", f"/track/{reported.code}"),
        ("anonymous", "/public/matters"), ("dispatcher", "/matters"), ("dispatcher", f"/matters/{reported.matter.pk}"),
        ("dispatcher", f"/matters/{world.matter('FILED').pk}"), ("dispatcher", f"/matters/{world.matter('DISPATCHED').pk}"),
        ("dispatcher", "/matters/figures"), ("worker", "/matters/new"), ("lead", "/matters/catalogue"),
    ]  # fmt: skip
    wrong = []
    for who, address in pages:
        for width in (1440, 390):
            page = open_page(world.cast, who, address, width=width, lang=lang)
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0 or (found := serious(page)):
                wrong.append((address, width, over, found))
            page.context.close()
    assert wrong == []
    assert troubles == []
