"""Forms on the phone in a real browser, with the network really cut."""

import os
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from qipan.forms.api import Form, Submission, open_form, seed_forms
from qipan.kernel.place import range_of

from .conftest import build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DOOR = "5101040010010010001"


@pytest.fixture
def phone(live_server, monkeypatch):
    """A phone of 360 px with the sample forms open on its team's ground."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    scene = build()
    begin = scene.cast.at - timedelta(days=1)
    seed_forms(scene.cast.unit("5101:lead-body"), by=scene.cast.lead, at=begin)
    for form in Form.objects.all():
        open_form(
            form,
            grounds=[range_of("510104")],
            closes_at=scene.cast.at + timedelta(days=3),
            by=scene.cast.city_commander,
            at=begin,
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("QIPAN_CHROMIUM", "/usr/bin/chromium"))
        context = browser.new_context(
            viewport={"width": 360, "height": 740},
            has_touch=True,
            is_mobile=True,
            locale="zh-CN",
            base_url=live_server.url,
        )
        page = context.new_page()
        page.goto(scene.phone.link)
        page.locator("main form button").click()
        page.wait_for_url("**/field")
        page.locator("#card-done").tap()
        yield scene, context, page
        browser.close()


def kept():
    return list(Submission.objects.everywhere("a test").order_by("pk"))


ENGINE = """async () => { const later = JSON.parse(document.getElementById('field').dataset.later);
    if (!(await caches.has('qipan-pages')) || !navigator.serviceWorker.controller) return false;
    const files = await caches.open('qipan-files');
    return (await Promise.all(later.map((path) => files.match(path)))).every(Boolean) }"""


FORM = "[data-form=door-screening]"


def open_form_sheet(page):
    page.locator("#field-forms > summary").tap()
    page.locator(FORM).tap()


def question(page, name):
    return page.locator(f"[data-ref='/data/{name}']")


@pytest.mark.row("EMG-20", "ORG-12", "SVC-10")
def test_a_form_is_opened_filled_in_and_finished_without_a_network_and_stored_once(phone):
    _scene, context, page = phone
    expect(page.locator("#forms-count")).to_have_text("2", timeout=10_000)
    page.wait_for_function(ENGINE, timeout=15_000)
    page.close()
    context.set_offline(True)
    page = context.new_page()
    page.goto("/field")
    open_form_sheet(page)
    expect(page.locator("#form-passport")).to_contain_text("示例-排查-001")
    expect(page.locator("#form-refuse")).to_be_hidden()
    assert Axe().run(page).violations_count == 0
    page.locator("#form-start").tap()
    expect(question(page, "appointment")).to_be_hidden()  # it hangs on another answer
    page.locator("#form-finish").tap()
    expect(page.locator("#form-said")).to_contain_text("还有2项未填")
    expect(question(page, "place").locator(".ask-wrong")).to_have_text("请填写此项。")
    assert Axe().run(page).violations_count == 0
    question(page, "place").locator("[type=search]").fill("1-1-101")
    question(page, "place").locator(".ask-choice").first.tap()
    held = question(page, "compound")
    expect(held).to_contain_text("锦江一街一社区1号院 自动填入，不询问")
    assert held.locator("input, textarea").count() == 0  # what is held is shown and not asked
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    expect(question(page, "appointment")).to_be_visible()
    page.wait_for_timeout(600)
    page.reload()  # the battery was out
    open_form_sheet(page)
    expect(page.locator("#form-mine")).to_contain_text("未填完，存于本机")
    page.locator("#form-mine .btn").first.tap()
    expect(question(page, "compound")).to_contain_text("锦江一街一社区1号院")
    expect(question(page, "outcome").locator(":checked")).to_have_value("APPOINTMENT")
    page.locator("#form-finish").tap()
    expect(question(page, "appointment").locator(".ask-wrong")).to_have_text("请填写此项。")
    question(page, "appointment").locator("input").fill("2026-12-24")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_contain_text("已存于本机")
    expect(page.locator("#count-KEPT")).to_have_text("1")
    page.wait_for_timeout(5_500)  # it has tried and failed
    assert kept() == []
    lost = []

    def lose_first_answer(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)  # the server took it; the phone never hears of it
        return route.abort()

    context.route("**/openrosa/submission", lose_first_answer)
    context.set_offline(False)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    assert lost == [201]
    (row,) = kept()
    assert (row.place, row.standing, row.team) == (int(DOOR) + 1, "STANDS", _scene.team.pk)
    assert row.answers["outcome"] == "APPOINTMENT" and row.answers["appointment"] == "2026-12-24"
    page.locator("#form-kept ~ [data-shut]").tap()
    page.locator("#field-compare").tap()
    expect(page.locator("#field-compared")).to_contain_text("服务器全部收到")
