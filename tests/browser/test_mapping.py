"""Matters on the map: a point by a tap, by the own position, by keys; the inbox as clusters; what is left without a map."""

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from qipan.access.testing import make_city
from qipan.kernel.place import code_of, place_of
from qipan.matters.api import Matter, Point
from qipan.matters.testing import World, draw_outlines, make_world

from .conftest import serious
from .test_matters import PHONE, answer_question

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.row("MAT-1"),
]
GATE = Point(104.02, 30.62)
SLOW = 20_000  # a map without a graphics card


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    made = make_world(make_city())
    draw_outlines(made.cast)
    return made


def tap(page: Page, name: str) -> None:
    """Taps the page's last map where an area's name stands."""
    label = page.locator(".ground-map").last.locator(".ground-label", has_text=re.compile(f"^{name}$"))
    label.wait_for(timeout=SLOW)
    label.scroll_into_view_if_needed()
    box = label.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def opened_map(page: Page) -> None:
    page.get_by_role("button", name="在地图上选").click()
    expect(page.locator(".ground-map.ready")).to_be_visible(timeout=SLOW)


def test_a_tap_says_where_it_is(world, open_page, troubles):
    page = open_page(world.cast, "anonymous", "/report", **PHONE)
    expect(page.locator(".ground-map")).to_be_hidden()
    opened_map(page)
    tap(page, "锦江区")
    # The point is there, and what lies at it; the next taps make it finer.
    expect(page.locator("#point input[name=point]")).to_be_checked()
    expect(page.locator("#places input[name=place]").first).to_be_checked()
    tap(page, "锦江二街道")
    tap(page, "锦江二街二社区")
    expect(page.locator("#places input[name=place]").first).to_have_value("510104002002")
    expect(page.locator("[data-said]")).to_contain_text("已设点")
    page.locator("#places").get_by_text("锦江二街二社区2号院").click()
    page.select_option("#id_category", "05001")
    page.fill("#id_text", "围墙歪斜，有砖块松动")
    assert serious(page) == []
    answer_question(page)
    page.get_by_role("button", name="提交").click()
    expect(page.locator(".code")).to_be_visible()
    [matter] = Matter.objects.everywhere("a test")
    assert code_of(matter.place, 5) == "510104002002002"
    assert 104.05 < matter.longitude < 104.1 and 30.65 < matter.latitude < 30.7
    assert troubles == []


def test_a_second_report_a_few_steps_away_is_asked_whether_it_is_the_same(world, open_page, troubles):
    world.reported(text="围墙歪斜，砖块松动，很危险", code="05001", place=place_of("510104001001001"), point=Point(104.0499, 30.62))  # fmt: skip
    page = open_page(world.cast, "anonymous", "/report?place=510104001002001&point=104.0503,30.62", **PHONE)
    page.select_option("#id_category", "05001")
    page.fill("#id_text", "围墙歪斜，有砖块松动")
    page.locator("#id_spot").click()
    expect(page.locator("#alike")).to_contain_text("危墙危房")
    assert troubles == []


def test_the_own_position_is_asked_for_only_when_tapped_and_can_be_taken_away(world, open_page, troubles):
    page = open_page(world.cast, "anonymous", "/report", **PHONE)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 104.0201234, "latitude": 30.6201234, "accuracy": 250})
    page.evaluate(
        "() => { const ask = navigator.geolocation.getCurrentPosition.bind(navigator.geolocation); window.asked = 0;"
        " navigator.geolocation.getCurrentPosition = (...all) => { window.asked += 1; ask(...all); }; }"
    )
    opened_map(page)
    assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name="使用我的位置").click()
    expect(page.locator("#point input[name=point]")).to_have_value("104.02012,30.62012")
    expect(page.locator("#places input[name=place]").first).to_have_value("510104001001")
    expect(page.locator("[data-said]")).to_contain_text("250")
    page.locator("#point input").uncheck()
    page.select_option("#id_category", "01003")
    page.fill("#id_text", "门口路灯不亮")
    answer_question(page)
    page.get_by_role("button", name="提交").click()
    expect(page.locator(".code")).to_be_visible()
    matter = Matter.objects.everywhere("a test").get()
    assert (matter.place, matter.point) == (place_of("510104001001"), None)
    assert troubles == []


def test_keys_do_what_a_finger_does(world, open_page, troubles):
    page = open_page(world.cast, "anonymous", "/report?place=510104001001001&point=104.02,30.62")
    opened_map(page)
    page.locator(".ground-map canvas").focus()
    page.keyboard.press("Enter")
    first = page.locator("#point input[name=point]").input_value()
    assert first == "104.02000,30.62000"
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(600)  # the map glides
    page.keyboard.press("Enter")
    expect(page.locator("#point input[name=point]")).not_to_have_value(first)
    east, north = map(float, page.locator("#point input[name=point]").input_value().split(","))
    assert east > 104.02 and abs(north - 30.62) < 1e-4
    assert troubles == []


def test_without_a_script_the_place_is_chosen_as_ever(world, browser, live_server):
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url, locale="zh-CN")
    page = context.new_page()
    page.goto("/report?point=104.02,30.62")
    expect(page.locator(".ground-pick")).to_be_hidden()
    expect(page.locator("#point input[name=point]")).to_be_checked()
    page.fill("#place-q", "锦江区锦江一街道锦江一街一社区2号院3栋")
    page.get_by_role("button", name="搜索").or_(page.get_by_role("button", name="查找")).click()
    expect(page.locator("#places")).to_contain_text("锦江一街一社区2号院")
    context.close()


@pytest.fixture
def spread(world: World) -> World:
    for place, point in [
        ("510104001001001", GATE), ("510104001001002", Point(104.03, 30.63)), ("510104001002001", None),
        ("510104002001001", Point(104.02, 30.67)), ("510105001001001", Point(104.12, 30.61)),
    ]:  # fmt: skip
        world.reported(place=place_of(place), point=point)
    return world


@pytest.mark.row("MAT-3")
def test_clusters_lead_down_to_the_matters_themselves(spread, open_page, troubles):
    page = open_page(spread.cast, "city_commander", "/matters/map?show=new")
    expect(page.locator(".ground-map.ready")).to_be_visible(timeout=SLOW)
    assert sorted(page.locator(".cluster").all_inner_texts()) == ["1\n青羊区", "4\n锦江区"]
    assert serious(page) == []
    # The table says the same, and its figures lead to the list.
    assert page.locator(".map-table tbody tr").all_inner_texts() == ["锦江区\t4", "青羊区\t1"]
    page.locator(".cluster", has_text="锦江区").focus()
    expect(page.locator(".map-table tr.here")).to_contain_text("锦江区")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("area=510104$"))
    expect(page.locator(".ground-map.ready")).to_be_visible(timeout=SLOW)
    page.locator(".cluster", has_text="锦江一街道").click()
    expect(page).to_have_url(re.compile("area=510104001$"))
    expect(page.locator(".ground-map.ready")).to_be_visible(timeout=SLOW)
    expect(page.locator(".spot")).to_have_count(2)
    expect(page.locator(".row-matter")).to_have_count(3)
    assert serious(page) == []
    page.locator(".map-table").get_by_role("link", name="锦江一街一社区的 2 件事项列表").click()
    expect(page).to_have_url(re.compile(r"/matters\?show=new&area=510104001001$"))
    expect(page.locator(".row-matter")).to_have_count(2)
    page.get_by_role("link", name="地图", exact=True).click()
    expect(page.locator(".spot")).to_have_count(2, timeout=SLOW)
    page.locator(".spot").first.click()
    expect(page.locator("h1")).to_contain_text("路灯")
    expect(page.locator(".ground-map.ready")).to_be_visible(timeout=SLOW)
    assert troubles == []


def test_everyone_may_look_at_points_to_a_hundred_metres(spread, open_page, troubles):
    page = open_page(spread.cast, "anonymous", "/public/matters", **PHONE)
    expect(page.locator("#public-map")).to_be_hidden()
    page.get_by_role("button", name="在地图上查看").click()
    expect(page.locator(".spot")).to_have_count(4, timeout=SLOW)
    assert serious(page) == []
    assert troubles == []


def test_an_office_puts_a_point_right_by_a_tap(world, open_page, troubles):
    matter = world.reported(point=GATE).matter
    page = open_page(world.cast, "dispatcher", f"/matters/{matter.pk}", **PHONE)
    act = page.locator("#do-point")
    act.locator("summary").click()
    act.get_by_role("button", name="在地图上选").click()
    expect(act.locator(".ground-map.ready")).to_be_visible(timeout=SLOW)
    tap(page, "锦江一街一社区")
    expect(act.locator("[data-said]")).to_contain_text("尚未提交")
    chosen = page.locator("#point_point").input_value()
    assert chosen != GATE.text and serious(page) == []
    page.fill("#point_reason", "现场核对")
    act.get_by_role("button", name="更正图上点位").click()
    expect(page.locator(".way li", has_text="现场核对")).to_be_visible()
    assert Matter.objects.everywhere("a test").get().point.text == chosen
    assert troubles == []


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_maps_fit_a_phone_a_desk_and_the_wall(spread, turn_to, troubles, lang):
    wrong = []
    key = Matter.objects.everywhere("a test").order_by("pk").first().pk
    pages = [
        ("city_commander", "/matters/map?show=new"), ("dispatcher", "/matters/map?show=new"),
        ("dispatcher", f"/matters/{key}"), ("anonymous", "/report?place=510104001001001&point=104.02,30.62"),
    ]  # fmt: skip
    for who, address in pages:
        for width in (360, 1920):
            page = turn_to(spread.cast, who, address, width=width, lang=lang)
            if address.startswith("/report"):
                page.locator("[data-open]").click()
            expect(page.locator(".ground-map.ready")).to_be_visible(timeout=SLOW)
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0 or (found := serious(page)):
                wrong.append((address, width, over, found if over <= 0 else []))
    assert wrong == []
    assert troubles == []
