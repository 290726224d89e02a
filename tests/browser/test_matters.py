"""The pages of matters in a browser, and what stories are told with (``test_stories``)."""

import re
from io import BytesIO

import pytest
from django.core.cache import cache
from PIL import Image
from playwright.sync_api import Page, expect

from qipan.access.testing import add_member, make_city
from qipan.matters.models import Matter
from qipan.matters.testing import World, make_world
from qipan.matters.tests.test_import_decided import brought, lines, second

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
PHONE = {"width": 390, "height": 800}


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    made = make_world(make_city())
    add_member(made.cast, "builders", role="department", unit="5101:housing")
    add_member(made.cast, "gardeners", role="department", unit="5101:parks")
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


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_pages_as_people_see_them(world, turn_to, troubles, lang):
    """On a desk and on a phone: nothing sticks out, nothing that a screen reader stumbles over, no script error."""
    reported, batch = world.reported(reach="13900000000"), brought(world, lines(60), by=second(world))
    pages = [
        ("anonymous", "/report"), ("anonymous", "/track"), ("anonymous", f"/track/{reported.code}"),
        ("anonymous", "/public/matters"), ("dispatcher", "/matters"), ("dispatcher", f"/matters/{reported.matter.pk}"),
        ("dispatcher", f"/matters/{world.matter('FILED').pk}"), ("dispatcher", f"/matters/{world.matter('DISPATCHED').pk}"),
        ("dispatcher", "/matters/figures"), ("worker", "/matters/new"), ("lead", "/matters/catalogue"), ("lead", "/matters/rechecks"), ("lead", "/matters/exclusions"),
        ("lead", f"/matters/exclusions/{batch.pk}"), ("lead", "/matters/patterns"),
        ("district_head", f"/matters/{reported.matter.pk}/recheck"),
    ]  # fmt: skip
    wrong = []
    for who, address in pages:
        for width in (1440, 390):
            page = turn_to(world.cast, who, address, width=width, lang=lang)
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0 or (found := serious(page)):
                wrong.append((address, width, over, found))
    assert wrong == []
    assert troubles == []


def test_the_inbox_by_keyboard(world, open_page, troubles):
    first, second, third = (world.matter("REPORTED") for _n in range(3))
    page = open_page(world.cast, "dispatcher", "/matters")
    titles = page.locator(".row-matter .row-title")
    assert [link.get_attribute("href") for link in titles.all()] == [f"/matters/{m.pk}" for m in (third, second, first)]
    for key, row in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(titles.nth(row)).to_be_focused()
        assert page.locator(".row-matter.here").count() == 1
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("jk")  # what is typed is no key
    expect(page.locator("[data-search]")).to_have_value("jk")
    page.locator("[data-search]").fill(first.number)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/matters/{first.pk}$"))
    page.go_back()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/matters/{third.pk}$"))
    assert troubles == []


@pytest.mark.row("MAT-3", "MAT-4")
def test_who_handles_a_matter_does_it_on_a_phone(world, open_page, troubles):
    """From the desk to the report that it is done, in a narrow window: nothing sticks out, fingers hit every button."""
    matter = world.matter("DISPATCHED", "05001", "5101:housing")
    page = open_page(world.cast, "builders", "/desk", **PHONE)
    page.locator(".row-task .row-act button").click()
    expect(page.locator(".row-task .row-act button")).to_have_count(0)  # done is said on the matter's page
    page.goto(f"/matters/{matter.pk}")
    expect(page.locator("h1")).to_contain_text("危墙危房")
    expect(page.locator("form[action$='/arbitrate'], form[action$='/verify']")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    small = page.evaluate(
        """[...document.querySelectorAll("main form button")].filter(one => one.offsetParent)
           .map(one => [one.textContent.trim(), one.getBoundingClientRect().height]).filter(([, height]) => height < 24)"""
    )
    assert small == []  # WCAG 2.2, 2.5.8
    assert serious(page) == []
    act(page, "report_done", "报告办结", result="已拆除重砌")
    expect(page.locator(".lead-state")).to_contain_text("已报办结")
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).state == "DONE"
    assert matter.handlings.get().result == "已拆除重砌"
    assert troubles == []


@pytest.mark.row("MAT-1")
def test_what_was_said_to_be_the_same_stays_said_when_a_hint_comes_late(world, open_page, troubles):
    world.reported("05001", text="围墙歪斜，有砖块松动")
    page = open_page(world.cast, "anonymous", "/report", width=360, height=780)
    report(page, "围墙歪斜")
    page.locator("#id_spot").click()
    same, another = (page.locator("#alike input[name=same]").nth(n) for n in (0, 1))
    expect(same).to_be_visible()
    page.wait_for_load_state("networkidle")

    def late(route):
        page.wait_for_timeout(1_000)
        route.continue_()

    page.route("**/report/similar", late)
    for chosen in (same, another):
        with page.expect_response("**/report/similar"):
            page.fill("#id_text", page.input_value("#id_text") + "，很危险")
            page.locator("#id_spot").click()
            chosen.check()
        expect(page.locator("#alike.htmx-request, #alike .htmx-settling")).to_have_count(0)
        expect(chosen).to_be_checked()
    assert troubles == []
