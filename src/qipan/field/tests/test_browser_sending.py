"""How filled forms leave the phone in a real browser: one after another, over a slow network too."""

import pytest
from playwright.sync_api import expect

from .test_browser_forms import kept, open_form_sheet, question, samples
from .test_browser_forms import phone as phone  # a phone with forms, where no other is asked for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SLOW = """const real = fetch;
globalThis.fetch = async (to, more) => {
  if (String(to).endsWith('submission')) await new Promise((done) => setTimeout(done, 8_000));
  return real(to, more);
}"""


def fill_in(page, door):
    """Answers the sample form at a door and finishes it."""
    question(page, "place").locator(".ask-choice", has_text=door).tap()
    question(page, "outcome").locator("label", has_text="已约时间").tap()
    question(page, "appointment").locator("input").fill("2026-12-24")
    page.wait_for_timeout(600)
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_be_visible()


@pytest.mark.parametrize("phone", [samples], indirect=True)
@pytest.mark.row("EMG-20")
def test_a_form_that_is_finished_while_another_is_on_its_way_goes_out_after_it(phone):
    _scene, _context, page = phone
    page.add_init_script(SLOW)
    page.reload()
    expect(page.locator("#forms-count")).to_have_text("2", timeout=15_000)
    open_form_sheet(page)
    page.locator("#form-start").tap()
    fill_in(page, "1-1-101")
    expect(page.locator("#count-SENT")).to_have_text("1", timeout=10_000)
    page.locator("#form-again").tap()
    fill_in(page, "1-1-102")
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2", timeout=30_000)
    assert len({row.place for row in kept()}) == 2
