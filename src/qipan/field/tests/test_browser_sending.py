"""How filled forms leave the phone in a real browser: one after another, over a slow network too."""

import pytest
from playwright.sync_api import expect

from qipan.forms.testing import CODE
from qipan.screening.api import Outcome

from .test_browser import stored
from .test_browser_forms import DOOR, kept, open_form_sheet, question, samples, with_files
from .test_browser_forms import phone as phone  # a phone with forms, where no other is asked for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SLOW = """const real = fetch;
globalThis.fetch = async (to, more) => {
  if (String(to).endsWith('submission')) await new Promise((done) => setTimeout(done, 8_000));
  return real(to, more);
}"""
# What is posted, by the names of its parts; ``loses`` says whether it is lost on the way.
POSTED = """globalThis.posted = [];
globalThis.loses = () => false;
const real = fetch;
globalThis.fetch = async (to, more) => {
  if (!String(to).endsWith('submission')) return real(to, more);
  const names = [...more.body.keys()];
  posted.push(names.filter((name) => name !== 'xml_submission_file'));
  if (loses(names)) throw new TypeError('lost');
  return real(to, more);
}"""
# Two minutes are 2.4 s here.
HASTE = """const real = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (wait) => real(wait > 50_000 ? wait / 50 : wait);"""


def begin(page, script):
    """Opens the form that takes two files."""
    page.add_init_script(script)
    page.reload()
    expect(page.locator("#forms-count")).to_have_text("1", timeout=15_000)
    page.locator("#field-forms > summary").tap()
    page.locator(f"[data-form={CODE}]").tap()
    page.locator("#form-start").tap()


def fill_in_files(page, door, **sizes):
    """Answers that form at a door, with files of these sizes, and finishes it."""
    question(page, "place").locator("input").fill(str(int(DOOR) + door))
    for name, size in sizes.items():
        file = {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 " + bytes(size)}
        question(page, name).locator("input[type=file]").set_input_files(file)
        expect(question(page, name).locator("[role=status]")).to_contain_text("存于本机")
    page.wait_for_timeout(600)
    page.locator("#form-finish").tap()
    expect(page.locator("#form-kept")).to_be_visible()


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


@pytest.mark.parametrize("phone", [with_files], indirect=True)
@pytest.mark.row("EMG-20")
def test_a_large_file_goes_out_over_a_slow_network_and_no_visit_waits_for_it(phone):
    _scene, context, page = phone
    begin(page, HASTE)
    fill_in_files(page, 1, plan=7_000_000)
    # 16 kB/s in that haste.
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 800_000}
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", slow)
    page.locator("#form-kept ~ [data-shut]").tap()
    page.locator(f"[data-place='{DOOR}']").tap()
    page.locator("[data-name=ANSWERED]").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    assert page.locator("#count-SENT").inner_text() == "1"  # the form is on its way still
    assert (stored(), kept()) == ([(int(DOOR), Outcome.ANSWERED)], [])
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2", timeout=20_000)
    (row,) = kept()
    assert (row.awaits, row.attachments.count()) == ([], 1)


@pytest.mark.parametrize("phone", [with_files], indirect=True)
@pytest.mark.row("EMG-20")
def test_a_form_that_does_not_get_through_holds_up_no_other_and_no_file_goes_out_twice(phone):
    _scene, _context, page = phone
    begin(page, POSTED)
    page.evaluate("void (loses = (names) => names.length > 1 && !names.includes('*isIncomplete*'))")
    fill_in_files(page, 1, plan=600_000, list=500_000)
    page.locator("#form-again").tap()
    fill_in_files(page, 2)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=30_000)
    first, second = sorted(kept(), key=lambda row: row.place)
    assert (len(first.awaits), first.attachments.count()) == (1, 1)
    assert (second.awaits, second.attachments.count()) == ([], 0)
    page.evaluate("void (loses = () => false)")
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2", timeout=30_000)
    first.refresh_from_db()
    assert (first.awaits, first.attachments.count()) == ([], 2)
    posted = page.evaluate("posted")
    plan, rest = posted[0][0], posted[1]
    assert posted[0] == [plan, "*isIncomplete*"]
    assert posted.count([]) == 1  # the other form
    assert all(names == rest for names in posted[1:] if names) and plan not in rest


# The next readings of visits hear of their result late, as when the phone's store is busy.
LATE = """(most) => {
  const { getAll } = IDBObjectStore.prototype, { addEventListener } = IDBRequest.prototype;
  IDBObjectStore.prototype.getAll = function (...how) {
    const request = getAll.apply(this, how);
    request.late = this.name === 'visits' && most-- > 0;
    return request;
  };
  IDBRequest.prototype.addEventListener = function (kind, hears, ...how) {
    const later = (event) => setTimeout(() => hears(event), 3500);
    return addEventListener.call(this, kind, kind === 'success' && this.late ? later : hears, ...how);
  };
}"""

SHOWN = """() => {
  const cell = document.getElementById('count-KEPT');
  globalThis.shown = [];
  new MutationObserver(() => shown.push(cell.textContent)).observe(cell, { childList: true });
}"""


@pytest.mark.row("EMG-20")
def test_what_was_read_late_is_not_drawn_over_what_is_known_since(phone):
    _scene, context, page = phone
    context.set_offline(True)
    page.evaluate(LATE, 2)  # the first visit's count and its list
    page.locator("[data-place='5101040010010010001']").tap()
    page.locator("[data-name=ANSWERED]").tap()
    page.locator("#door-next").tap()
    page.locator("[data-name=ANSWERED]").tap()
    expect(page.locator("#count-KEPT")).to_have_text("2")
    page.evaluate(SHOWN)
    page.wait_for_timeout(4_000)
    assert "1" not in page.evaluate("shown")
    expect(page.locator("#field-list .on-phone")).to_have_count(2)
