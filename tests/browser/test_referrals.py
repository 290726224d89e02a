"""Referrals and figures in a real browser: from a door to the receiver and back, in both languages, wide and narrow."""

import re
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from qipan.access.testing import make_city
from qipan.kernel.place import place_of
from qipan.matters.testing import World, make_world

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return make_world(make_city())


def whole(page, troubles):
    """Nothing beyond the edge, nothing that axe or the browser complains of."""
    assert not page.evaluate(WIDE), page.url
    assert serious(page) == [], page.url
    assert troubles == []


@pytest.mark.row("EMG-9")
@pytest.mark.parametrize(("lang", "width"), [("zh-hans", 360), ("en", 1440)])
def test_a_finding_at_a_door_is_referred_taken_and_given_back(world, open_page, troubles, lang, width):
    page = open_page(world.cast, "worker", "/referrals", width=width, lang=lang)
    whole(page, troubles)
    page.locator("main a.btn-primary").click()
    page.locator('input[name="purpose"][value="DISEASE"]').check()
    page.fill("#place-q", "510104001001001")
    page.keyboard.press("Enter")
    page.locator('input[name="place"][value="510104001001001"]').check()
    whole(page, troubles)
    page.locator('button[name="next"]').click()
    assert page.locator('[name="hours"]').count() == 0  # this purpose does not need it
    page.select_option('[name="door"]', index=3)
    page.select_option('[name="need"]', "FEVER")
    page.fill('[name="reach"]', "13900000000")
    page.select_option('[name="ground"]', "AGREED")
    whole(page, troubles)
    page.locator("main form button.btn-primary").click()
    code = page.locator("p.code").inner_text()
    whole(page, troubles)
    page.locator("main a.btn-primary").click()
    page.wait_for_url(re.compile(r"/referrals/\d+$"))
    address = urlsplit(page.url).path
    expect(page.locator("h1")).to_contain_text(address.rpartition("/")[2])
    doctor = open_page(world.cast, "department", address, width=width, lang=lang)
    whole(doctor, troubles)
    doctor.locator("details.act[open] button").click()
    doctor.locator('form[action$="/look"] button').click()
    expect(doctor.locator("main")).to_contain_text("13900000000")
    whole(doctor, troubles)
    doctor.goto(address)
    doctor.select_option('[name="result"]', "HELPED")
    doctor.locator("details.act[open] button").click()
    page.goto(address)
    whole(page, troubles)
    assert "13900000000" not in page.content()
    slip = open_page(world.cast, "anonymous", f"/referred/{code}", width=width, lang=lang)
    whole(slip, troubles)
    assert "13900000000" not in slip.content()
    page.locator("details.act[open] button").click()
    expect(page.locator("main")).to_contain_text("已删除" if lang == "zh-hans" else "erased")


@pytest.mark.row("PAR-10", "FRC-2")
@pytest.mark.parametrize(("lang", "width"), [("zh-hans", 1440), ("en", 360)])
def test_figures_are_read_by_posts_and_by_everyone(world, open_page, troubles, lang, width):
    for state in ("REPORTED", "DISPATCHED", "VERIFIED"):
        world.matter(state)
    for _n in range(12):
        world.reported()
        world.reported(place=place_of("510105001001001"))
    page = open_page(world.cast, "city_commander", "/matters/figures", width=width, lang=lang)
    whole(page, troubles)
    page.select_option('[name="by"]', "area")
    page.select_option('[name="channel"]', "WEB")
    page.locator("form.figure-choices button").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    whole(page, troubles)
    page.locator("tbody a").first.click()
    expect(page.locator("tbody tr")).to_have_count(2)
    public = open_page(world.cast, "anonymous", "/public/matters", width=width, lang=lang)
    expect(public.locator("table.figure-table tbody tr")).to_have_count(2)
    whole(public, troubles)
    with public.expect_navigation():
        public.locator("table.figure-table tbody a").first.click()
    whole(public, troubles)
