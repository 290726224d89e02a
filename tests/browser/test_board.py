"""The board as people see it: drill-down by mouse and keyboard, live figures, both languages, axe, the wall."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.conf import settings
from playwright.sync_api import expect

from qipan.kernel.clock import set_clock
from qipan.pages.testing import make_emergency
from qipan.screening.api import sample_open_rounds
from qipan.webkit.manifest import BUILT, files_of

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
AT = datetime(2026, 8, 3, 2, tzinfo=UTC)
SIZES = ((360, 740), (1440, 900), (1920, 1080))


@pytest.fixture
def scene(settings, tmp_path):
    """The tiny city in an emergency, with outlines of its two districts."""
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    set_clock(settings.CLOCK_FILE, shown=AT + timedelta(minutes=5), speed=1)
    scene = make_emergency(at=AT)
    scene.visit("510104001001", "ANSWERED", 12)
    scene.visit("510105", "BY_PHONE", 5)
    outline = apps.get_model("territory", "Outline")
    for code, east in (("510104", 104.08), ("510105", 103.98)):
        ring = [[east, 30.6], [east + 0.1, 30.6], [east + 0.1, 30.7], [east, 30.7], [east, 30.6]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        outline.objects.create(
            code=code, valid_from="2020-01-01", geometry=shape, simplified=shape, source_datum="WGS-84", synthetic=True
        )
    return scene


@pytest.mark.row("ORG-1")
def test_the_map_opens_the_district_and_the_figures_move_by_themselves(scene, open_page, troubles):
    page = open_page(scene.cast, "city_commander", "/")
    expect(page.locator("h1")).to_have_text("成都市")
    expect(page.locator("#board.has-map .map-label")).to_have_count(2, timeout=20_000)
    expect(page.locator('[data-head="percent"]')).to_have_text("10.6%")
    before = page.locator(".top time").inner_text()
    scene.visit("510104002", "ANSWERED", 11)
    expect(page.locator('[data-head="percent"]')).to_have_text("17.5%", timeout=6_000)
    expect(page.locator('[data-row="510104"] [data-cell="left"]')).to_have_text("57")
    assert page.locator(".top time").inner_text() > before
    page.locator(".map-label", has_text="锦江区").wait_for()
    box = page.locator(".map-label", has_text="锦江区").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("h1")).to_have_text("锦江区")
    expect(page).to_have_url(re.compile("/board/510104$"))
    expect(page.locator("#board.has-map")).to_have_count(0)
    expect(page.locator(".square")).to_have_count(2)
    page.go_back()
    expect(page.locator("h1")).to_have_text("成都市")
    expect(page.locator("#board.has-map .map-label")).to_have_count(2)
    assert troubles == []


@pytest.mark.row("ORG-1")
def test_everything_is_reached_by_keyboard(scene, open_page, troubles):
    page = open_page(scene.cast, "city_commander", "/board/5101")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator(".list a").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-row="510104"] a')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("锦江区")
    expect(page.locator(".list a").first).to_be_focused()
    page.keyboard.press("Backspace")
    expect(page.locator("h1")).to_have_text("成都市")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("青羊")
    expect(page.locator("#found li").first).to_contain_text("青羊区")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("青羊区")
    assert troubles == []


def test_figures_of_the_level_left_behind_do_not_take_the_text_from_the_finder(scene, open_page):
    page = open_page(scene.cast, "city_commander", "/board/510104")
    pages, figures = [], []
    page.route(
        "**/board/5101", lambda route: pages.append(route) if "/api/" not in route.request.url else route.continue_()
    )
    page.route("**/api/board/510104", lambda route: figures.append(route))
    page.locator(".list a").first.focus()
    page.keyboard.press("Backspace")
    _until(page, lambda: pages and figures)  # both under way: the page above, and the figures of the one still shown
    pages.pop().continue_()
    expect(page.locator("h1")).to_have_text("成都市")
    page.keyboard.press("/")
    page.keyboard.type("青羊")
    for route in figures:
        route.continue_()
    expect(page.locator("#found li").first).to_contain_text("青羊区")
    page.wait_for_timeout(1_000)
    assert pages == []  # nobody laid the page a second time
    assert page.locator("#find").input_value() == "青羊"


def test_who_types_in_the_finder_goes_on_typing_when_the_page_changes(scene, open_page):
    page = open_page(scene.cast, "district_head", "/board/510104")
    page.keyboard.press("/")
    page.keyboard.type("二")
    apps.get_model("command", "Directive").objects.update(recalled_at=AT)
    expect(page.locator(".directive")).to_have_count(0, timeout=8_000)
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("街")
    assert page.locator("#find").input_value() == "二街"
    expect(page.locator("#found li").first).to_contain_text("二街")


def _until(page, met) -> None:
    """This function will let the page go on until a condition is met, for fifteen seconds at most."""
    for _ in range(150):
        if met():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come to this within fifteen seconds")


def test_the_choice_is_kept_in_the_address(scene, open_page):
    page = open_page(scene.cast, "city_commander", "/board/5101")
    page.locator(".tabs a", has_text="指令已读").click()
    expect(page).to_have_url(re.compile(r"\?show=receipts$"))
    expect(page.locator("#progress-title")).to_have_text("指令已读 · D-1")
    page.locator('[data-row="510105"] a').click()
    expect(page).to_have_url(re.compile(r"/board/510105\?show=receipts$"))
    page.reload()
    expect(page.locator("#progress-title")).to_have_text("指令已读 · D-1")


def test_a_new_directive_appears_without_a_reload(scene, open_page):
    page = open_page(scene.cast, "district_head", "/board/510104")
    expect(page.locator(".directive")).to_have_count(1)
    apps.get_model("command", "Directive").objects.update(recalled_at=AT)
    expect(page.locator(".directive")).to_have_count(0, timeout=8_000)
    expect(page.locator(".orders .nothing")).to_have_text("此处没有生效中的指令。")


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_serious_finding_and_nothing_wider_than_the_screen(scene, open_page, troubles, lang, width, height):
    page = open_page(scene.cast, "city_commander", "/board/5101", width=width, height=height, lang=lang)
    expect(page.locator("#board.has-map")).to_have_count(1, timeout=20_000)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    assert serious(page) == []
    page.goto("/board/510104/rows/left")
    assert serious(page) == []
    assert troubles == []


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
def test_the_wall_fits_one_screen_in_larger_type(scene, open_page, width, height):
    page = open_page(scene.cast, "wall", "/wall", width=width, height=height)
    expect(page.locator(".square")).to_have_count(2)
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        width,
        height,
    ]
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == pytest.approx(
        width / 106, abs=0.1
    )
    hands = [page.locator(f".panel.{name}").bounding_box() for name in ("service", "safety")]
    assert hands[0]["width"] == hands[1]["width"]  # PRI-1
    assert hands[0]["height"] == pytest.approx(hands[1]["height"], abs=1)


def test_the_wall_shows_each_district_in_turn(scene, open_page):
    page = open_page(scene.cast, "wall", "/wall/5101?cycle=5")
    expect(page.locator("h1")).to_have_text("锦江区", timeout=8_000)
    expect(page.locator("h1")).to_have_text("青羊区", timeout=8_000)


@pytest.mark.row("SCR-1")
def test_how_coverage_went_is_drawn_said_and_printed(scene, open_page, troubles):
    sample_open_rounds(at=AT + timedelta(minutes=10))
    set_clock(settings.CLOCK_FILE, shown=AT + timedelta(minutes=15), speed=1)
    page = open_page(scene.cast, "city_commander", "/board/5101", lang="en")
    plot = page.locator(".trend-plot")
    expect(plot.locator("svg path").first).to_be_attached(timeout=20_000)
    told = "Round 1: 0.0 % on 3 Aug 10:00, 10.6 % on 3 Aug 10:1"
    expect(plot).to_have_attribute("aria-label", re.compile(re.escape(told)))
    expect(page.locator(".trend figcaption b")).to_have_text("10.6 %")
    page.locator("[data-theme-switch]").click()
    brand = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--brand').trim()")
    assert brand == "#4fc3b5"
    expect(plot.locator(f'svg path[stroke="{brand}"]').first).to_be_attached()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("html").get_attribute("data-bs-theme") == "light"  # paper is white
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    assert serious(page) == []
    page.locator(".trend .as-table").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("10.6 %")
    assert troubles == []


def test_who_holds_the_most_late_tasks_opens_their_rows(scene, open_page):
    page = open_page(scene.cast, "city_commander", "/board/5101", lang="en")
    first = page.locator("[data-holders] a").first
    count = int(first.locator("b").inner_text())
    first.click()
    expect(page.locator("tbody tr")).to_have_count(count)


def test_the_first_load_stays_under_its_budget():
    """FACE: under 300 kB of script compressed; map and charts come after the first paint and are not part of it."""
    scripts = set()
    for entry in ("theme", "base", "board"):
        script, imports, _styles = files_of(entry)
        scripts |= {script, *imports}
    assert sum((BUILT / f"{name}.br").stat().st_size for name in scripts) < 300_000
    assert not any(name in script for script in scripts for name in ("map-", "trend-"))
