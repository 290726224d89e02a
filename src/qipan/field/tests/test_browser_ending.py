"""A right that ends while the phone has no network: by time alone its doors and forms go, and nothing finished is lost."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from qipan.access.api import forget
from qipan.forms.api import Submission
from qipan.screening.api import Outcome, Visit

from .conftest import build
from .test_browser import stored
from .test_browser_clock import LOOK, comes
from .test_browser_forms import open_form_sheet, question, samples, wait_until_kept
from .test_browser_leaving import LYING, open_pass
from .test_browser_posts import OURS, another_pass, enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAYS = 2  # of the pass; the round and the forms last longer
STATES = """async () => {
  const db = await new Promise((done) => { const ask = indexedDB.open('qipan-field'); ask.onsuccess = () => done(ask.result) });
  const rows = await new Promise((done) => { db.transaction('filled').objectStore('filled').getAll().onsuccess = (event) => done(event.target.result) });
  db.close();
  return rows.map((row) => row.state).sort();
}"""


def lying(page):
    held = page.evaluate(LYING)
    return {name: held.get(name, 0) for name in ("visits", "filled", "sheets", "forms")}


def answer_all(page):
    question(page, "place").locator(".ask-choice", has_text="1-1-101").tap()
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    question(page, "appointment").locator("input").fill("2026-12-24")


@pytest.mark.row("EMG-20")
def test_time_alone_ends_a_right_without_a_network_and_what_was_finished_goes_out_under_the_next(handset, clock_at):
    scene = build()
    samples(scene.cast)
    scene.phone = another_pass(scene, scene.team, days=DAYS)
    page = handset.new_page()
    open_pass(page, scene)
    wait_until_kept(page)
    page.close()
    handset.set_offline(True)
    page = handset.new_page()
    page.clock.install()
    page.goto("/field")
    enter(page, OURS, "ANSWERED")
    open_form_sheet(page)
    page.locator("#form-start").tap()
    answer_all(page)
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_contain_text("已存于本机")
    page.locator("#form-again").tap()
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    comes(page, lambda: page.evaluate(STATES), ["DRAFT", "KEPT"])
    assert lying(page) == {"visits": 1, "filled": 2, "sheets": 1, "forms": 2}

    left = page.evaluate("Date.parse(document.getElementById('field').dataset.ends) - Date.now()")
    page.clock.fast_forward(left - 600_000)  # ten minutes before
    expect(page.locator("#field-form")).to_be_visible()
    assert lying(page) == {"visits": 1, "filled": 2, "sheets": 1, "forms": 2}
    page.clock.fast_forward(600_000 + LOOK)  # the form stands open, and somebody is typing
    expect(page.locator("#field-form")).to_be_hidden()
    expect(page.locator("#field-list")).to_contain_text("住户清单已从本机清除")
    comes(page, lambda: lying(page), {"visits": 1, "filled": 1, "sheets": 0, "forms": 0})
    assert page.evaluate(STATES) == ["KEPT"]
    assert page.evaluate("caches.has('qipan-pages')") is False
    assert page.locator("[data-place]").count() == page.locator("#forms-list > *").count() == 0
    expect(page.locator("#count-KEPT")).to_have_text("2")
    assert Axe().run(page).violations_count == 0

    clock_at(scene.cast.at + timedelta(days=DAYS, minutes=1))
    forget()
    with page.expect_response("**/openrosa/submission") as form, page.expect_response("**/api/visits") as visit:
        handset.set_offline(False)
        page.clock.run_for(150_000)  # the longest pause between two tries
    assert (form.value.status, visit.value.status) == (401, 401)
    expect(page.locator("#count-KEPT")).to_have_text("2")
    assert (stored(), Submission.objects.everywhere("a test").count()) == ([], 0)

    scene.phone = another_pass(scene, scene.team, days=10)
    open_pass(page, scene)
    note = page.locator("#field-note")
    expect(note).to_contain_text("2 条记录所凭的权限已经结束")
    note.locator("button").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2")
    expect(note).to_be_hidden()
    assert stored() == [(int(OURS), Outcome.ANSWERED)]
    assert Visit.objects.everywhere("a test").get().team_id == scene.team.pk
    (row,) = Submission.objects.everywhere("a test")
    assert (row.place, row.standing, row.team) == (int(OURS) + 1, "STANDS", scene.team.pk)
    assert (row.answers["outcome"], row.answers["appointment"]) == ("APPOINTMENT", "2026-12-24")
    page.locator("#field-compare").tap()
    expect(page.locator("#field-compared")).to_contain_text("服务器全部收到")
