"""Signing out on a phone that others use too, in a real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from qipan.screening.api import Outcome

from .test_browser import stored, wait_until_kept

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LYING = """async () => {
  const db = await new Promise((done) => { const ask = indexedDB.open('qipan-field'); ask.onsuccess = () => done(ask.result) });
  const count = (name) => new Promise((done) => { db.transaction(name).objectStore(name).count().onsuccess = (event) => done(event.target.result) });
  const held = {};
  for (const name of db.objectStoreNames) if (await count(name)) held[name] = await count(name);
  db.close();
  return held;
}"""


def open_pass(page, scene):
    page.goto(scene.phone.link)
    page.locator("main form button").click()
    page.wait_for_url("**/field")
    if page.locator("#field-card[open]").count():
        page.locator("#card-done").tap()


@pytest.mark.row("EMG-20")
def test_signing_out_clears_a_shared_phone_and_asks_before_it_loses_what_was_not_sent(phone):
    scene, context, page = phone
    wait_until_kept(page)
    page.locator("[data-place='5101040010010010001']").tap()
    page.locator("[data-name=ANSWERED]").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=15_000)
    context.set_offline(True)
    page.locator("#door-close").tap()
    page.locator("#field-leave").tap()
    expect(page.locator("#field-compared")).to_contain_text("退出登录需要网络")
    context.set_offline(False)
    page.route("**/api/visits", lambda route: route.abort())
    page.locator("[data-place='5101040010010010002']").tap()
    page.locator("[data-name=NOT_HOME]").tap()
    page.locator("#door-close").tap()

    page.locator("#field-leave").tap()
    expect(page.locator("#leave-said")).to_contain_text("尚未发送：1条")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert Axe().run(page).response["violations"] == []
    page.locator("#leave button").tap()  # what is not sent stays unless it is asked for
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate(LYING) == {"visits": 1, "agreed": 1}
    assert page.evaluate("caches.has('qipan-pages')") is False
    assert [cookie for cookie in context.cookies() if cookie["name"] == "qipan_pass"] == []
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('qipan'))") == []

    page.unroute("**/api/visits")
    open_pass(page, scene)  # the same person comes back, and it goes out by itself
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=15_000)
    assert stored() == [(5101040010010010001, Outcome.ANSWERED), (5101040010010010002, 1)]

    page.route("**/api/visits", lambda route: route.abort())
    page.locator("[data-place='5101040010010010003']").tap()
    page.locator("[data-name=REFUSED]").tap()
    page.locator("#door-close").tap()
    page.locator("#field-leave").tap()
    page.locator("#leave-all").check()
    page.locator("#leave button").tap()
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate(LYING) == {}
    assert len(stored()) == 2


def test_signing_out_from_any_page_goes_by_the_one_that_clears_the_device(phone):
    scene, context, page = phone
    cookies = scene.cast.client("worker").cookies
    page.locator("#field-leave").tap()
    page.locator("#leave button").tap()
    page.wait_for_url("**/accounts/login/**")
    context.add_cookies([{"name": "sessionid", "value": cookies["sessionid"].value, "url": page.evaluate("origin")}])
    page.goto(f"/field?team={scene.team.pk}")
    expect(page.locator("[data-place]").first).to_be_visible()
    page.goto("/desk")
    page.locator("details.menu.end summary").tap()
    page.locator("form[action='/accounts/logout/'] button").tap()
    page.wait_for_url("**/field/leave")
    expect(page.locator("#leave-said")).to_contain_text("已全部发送")
    page.locator("#leave button").tap()
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate(LYING).keys() <= {"agreed"}
