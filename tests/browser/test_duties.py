"""The responsibility lists in a browser: both languages, desk and phone, by keyboard, on paper."""

import os
from pathlib import Path

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import expect

from qipan.access.testing import make_city
from qipan.duties.api import Unit, duty_map, set_duty

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def faulty():
    """The tiny city, whose lists have an overlap and a gap."""
    city = make_city()
    today = localdate(city.at)
    how = {"basis": "示例", "version": "2026", "begins": today, "by": city.lead, "at": city.at}
    items = {entry.item.code: entry.item for entry in duty_map(today)}
    set_duty(items["noise"], Unit.objects.get(code="5101:public-security"), role="PRIMARY", **how)
    set_duty(items["food-safety"], Unit.objects.get(code="5101:market"), role="", **how)
    return city


def keep(page, name: str) -> None:
    """Keeps a picture where the environment names a folder for pictures."""
    if folder := os.environ.get("QIPAN_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.row("ORG-3", "ORG-4")
@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_map_and_an_item_can_be_read(faulty, open_page, troubles, lang, width):
    page = open_page(faulty, "lead", "/duties", width=width, lang=lang)
    expect(page.locator("table[data-map] tbody tr")).to_have_count(39)
    keep(page, f"duties-{lang}-{width}")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.goto("/duties/items/noise")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    keep(page, f"duty-{lang}-{width}")
    assert troubles == []


@pytest.mark.row("ORG-4")
def test_the_map_by_keyboard(faulty, open_page, troubles):
    page = open_page(faulty, "lead", "/duties?q=noise", lang="en")
    page.locator("[data-map] td[tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    here = page.locator("[data-here]")
    seen = set()
    for _ in range(6):
        seen.add(here.inner_text())
        page.keyboard.press("ArrowRight")
    assert "Noise · Public Security Bureau of Chengdu · primary · 示例" in seen
    assert any(text.endswith(" · –") or "withdrawn" in text or "cooperating" in text for text in seen)
    page.keyboard.press("Enter")
    page.wait_for_url("**/duties/items/noise*")
    assert troubles == []


def test_the_map_on_paper(faulty, open_page):
    page = open_page(faulty, "lead", "/duties")
    page.emulate_media(media="print")
    keep(page, "duties-print")
    expect(page.locator(".duty-look")).to_be_hidden()
    expect(page.locator("table[data-map]")).to_be_visible()


@pytest.mark.row("FRC-5")
def test_a_firm_is_registered_on_a_narrow_page_with_errors_beside_their_field(open_page, troubles):
    page = open_page(make_city(), "admin", "/forces/companies/register?area=510104001001", width=360)
    page.fill("[name=name]", "安居示例物业")
    page.fill("[name=credit_code]", "91110000600037341M")
    page.locator("[name=compounds]").first.check()
    page.get_by_role("button", name="登记该企业").click()
    expect(page.get_by_role("alert")).to_contain_text("这不是统一社会信用代码")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious(page) == []
    page.fill("[name=credit_code]", "91110000600037341L")
    page.check("[name=takes_over]")
    page.get_by_role("button", name="登记该企业").click()
    expect(page.get_by_role("status")).to_contain_text("安居示例物业已登记")
    assert [one for one in troubles if "400" not in one] == []
