"""What stays on a phone and what goes: a session that ended, a clock that is wrong, refusals, a right that is over."""

import json

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from qipan.access.api import forget, revoke_passes
from qipan.field.models import DeviceList
from qipan.forms.api import Submission
from qipan.matters.testing import make_world
from qipan.screening.api import LateVisit, Outcome, Visit, close_round

from .conftest import build
from .test_browser import stored
from .test_browser_forms import FORM, leave_draft, question, samples
from .test_browser_leaving import LYING

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DOOR = "510104001001001{:04d}".format
ELSEWHERE = "5101070010010010001"  # no team of the scene has it
CLOCK = """globalThis.shift = 0;
globalThis.Date = class extends Date {
  constructor(...given) { given.length ? super(...given) : super(Date.now()) }
  static now() { return super.now() + shift }
};"""
PUT = """async () => {
  const db = await new Promise((done) => { const ask = indexedDB.open('qipan-field'); ask.onsuccess = () => done(ask.result) });
  const step = db.transaction(['filled', 'matters'], 'readwrite');
  const { holder } = document.getElementById('field').dataset;
  const parts = [{ name: 'xml_submission_file', blob: new Blob(['<data id="x"/>']) }];
  const one = { holder, blank: '', title: '', place: '', label: '', at: '', changed: Date.now(), ready: 0, why: '', parts };
  for (const state of ['DRAFT', 'KEPT', 'ACKNOWLEDGED', 'CONFLICT']) step.objectStore('filled').put({ ...one, state, id: crypto.randomUUID() });
  step.objectStore('matters').put({ holder, id: crypto.randomUUID(), place: '', category: '', text: '', at: '', state: 'REFUSED', why: '' });
  await new Promise((done) => { step.oncomplete = done });
  db.close();
}"""
TAKE_OFF = """async (id) => {
  const db = await new Promise((done) => { const ask = indexedDB.open('qipan-field'); ask.onsuccess = () => done(ask.result) });
  await new Promise((done) => { db.transaction('visits', 'readwrite').objectStore('visits').delete(id).onsuccess = done });
  db.close();
}"""


def enter(page, number, name):
    page.locator(f"[data-place='{DOOR(number)}']").tap()
    page.locator(f"[data-name={name}]").tap()


def agreed(page):
    page.locator("#field-compare").tap()
    expect(page.locator("#field-compared")).to_contain_text("服务器全部收到")
    return [row.missing for row in DeviceList.objects.everywhere("a test")]


def sign_in(context, scene, page):
    value = scene.cast.client("worker").cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": page.evaluate("origin")}])


@pytest.fixture
def post(handset, live_server):
    """A phone on which a post is signed in, with forms and orders on its ground."""
    scene = build()
    samples(scene.cast)
    make_world(scene.cast)
    page = handset.new_page()
    page.goto("/accounts/login/")
    sign_in(handset, scene, page)
    page.goto(f"/field?team={scene.team.pk}")
    if page.locator("#field-card[open]").count():
        page.locator("#card-done").tap()
    yield scene, handset, page


def elsewhere(route):
    """What is sent names a door that is not the team's: the server itself refuses it."""
    body = json.loads(route.request.post_data)
    for told in body.get("visits", [body]):
        told["place"] = ELSEWHERE
    route.continue_(post_data=json.dumps(body))


@pytest.mark.row("EMG-20", "SVC-10")
def test_an_ended_session_asks_to_sign_in_again_and_what_was_refused_is_never_missed(post):
    scene, context, page = post
    expect(page.locator("#forms-count")).to_have_text("2", timeout=15_000)
    leave_draft(page)
    Session.objects.all().delete()  # twelve hours are over
    enter(page, 1, "ANSWERED")
    expect(page.locator("#door-back")).to_be_visible()
    expect(page.locator("#field-note")).to_contain_text("请登录", timeout=15_000)
    # It has been tried, so it may have arrived: it is no longer taken back.
    expect(page.locator("#door-back")).to_be_hidden()
    page.locator("#door-close").tap()
    expect(page.locator("#field-note a")).to_have_text("登录")
    assert page.locator("[data-place]").count() == 10
    assert page.evaluate(LYING)["filled"] == 1
    assert page.locator("#field-orders form").count() == 0  # no log-in page in the place of the cards
    sign_in(context, scene, page)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=15_000)
    expect(page.locator("#field-note")).to_be_hidden(timeout=15_000)

    page.route("**/api/visits", elsewhere)
    enter(page, 2, "NOT_HOME")
    page.locator("#door-close").tap()
    page.route("**/api/field/matters", elsewhere)
    page.locator(f"[data-place='{DOOR(3)}']").tap()
    page.locator("#door-tell").tap()
    page.locator("#tell-category").select_option("01003")
    page.locator("#tell-text").fill("楼道灯不亮")
    page.locator("[data-step=tell] [type=submit]").tap()
    page.locator("#field-door [data-close]").first.tap()
    noted = page.locator("#field-refused button")
    expect(noted).to_have_count(2, timeout=15_000)
    noted.first.tap()  # the visit; the report stays
    expect(noted).to_have_count(1)
    assert agreed(page) == [[]]
    page.unroute("**/api/visits")
    assert stored() == [(int(DOOR(1)), Outcome.ANSWERED)]

    # A form that closed meanwhile: the server does not hold it, and throwing it away keeps nobody waiting.
    apps.get_model("forms", "FormOpening").objects.all().delete()
    page.locator(FORM).tap()
    page.locator("#form-mine .btn").first.tap()
    question(page, "place").locator(".ask-choice", has_text="1-1-101").tap()
    question(page, "appointment").locator("input").fill("2026-12-24")
    page.locator("#form-finish").tap()
    expect(page.locator("#count-REFUSED")).to_have_text("1", timeout=15_000)
    page.locator("#form-kept ~ [data-shut]").tap()
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(FORM).tap()
    page.locator("#form-mine .btn", has_text="丢弃").tap()
    expect(page.locator("#count-REFUSED")).to_have_text("0")
    page.locator("#field-form [data-shut]").first.tap()
    assert agreed(page) == [[]]
    assert Submission.objects.everywhere("a test").count() == 0


def test_what_neither_phone_nor_server_holds_is_shown_to_the_community_and_the_list_goes_on(post):
    _scene, _context, page = post
    enter(page, 1, "ANSWERED")
    page.locator("#door-close").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=15_000)
    lost = Visit.objects.everywhere("a test").get()
    page.evaluate(TAKE_OFF, str(lost.pk))
    Visit.objects.everywhere("a test").filter(pk=lost.pk).delete()
    page.locator("#field-compare").tap()
    expect(page.locator("#field-compared")).to_have_text("另有 1 条本机和服务器均已不存，社区可查看是哪几条。")
    assert agreed(page) == [[[str(lost.pk), DOOR(1)]]]


@pytest.mark.row("EMG-20")
def test_a_wrong_clock_takes_nothing_off_and_holds_nothing_back_and_an_ended_right_leaves_no_answer(handset):
    scene = build()
    page = handset.new_page()
    page.add_init_script(CLOCK)
    page.goto(scene.phone.link)
    page.locator("main form button").click()
    page.locator("#card-done").tap()
    expect(page.locator("[data-place]").first).to_be_visible()
    page.evaluate("shift = 11 * 86_400_000")  # the pass is good for ten
    page.evaluate("dispatchEvent(new Event('online'))")
    enter(page, 1, "ANSWERED")
    page.locator("#door-close").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    page.wait_for_timeout(2_500)  # the sheet was asked for again
    assert page.locator("[data-place]").count() == 10
    enter(page, 2, "ANSWERED")
    page.locator("#door-close").tap()
    page.evaluate("shift = -86_400_000")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2", timeout=20_000)

    page.route("**/api/visits", lambda route: route.abort())
    enter(page, 3, "NOT_HOME")
    page.locator("#door-close").tap()
    page.evaluate(PUT)
    revoke_passes(team_ids=[scene.team.pk], by=scene.cast.city_commander, at=scene.cast.at)
    forget()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#field-list")).to_contain_text("权限已经结束", timeout=20_000)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("0")
    # The visit and the form that were finished and not acknowledged wait for a right.
    assert [page.evaluate(LYING).get(name) for name in ("visits", "filled", "matters", "sheets")] == [1, 1, None, None]


@pytest.mark.row("EMG-20")
def test_a_phone_that_comes_back_when_its_round_has_closed_loses_nothing_and_is_told(phone):
    scene, context, page = phone
    context.set_offline(True)
    enter(page, 1, "ANSWERED")
    page.locator("#door-close").tap()
    close_round(scene.round, by=scene.cast.city_commander, at=timezone.now())
    context.set_offline(False)
    said = page.locator("#field-refused p")
    expect(said).to_contain_text("送达时该轮已结束", timeout=20_000)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1")
    assert (stored(), LateVisit.objects.everywhere("a test").get().place) == ([], int(DOOR(1)))
    page.reload()  # the battery was out before it was read
    expect(said).to_contain_text("送达时该轮已结束")
    assert agreed(page) == [[]]
    said.locator("button").tap()
    expect(said).to_have_count(0)
    assert agreed(page) == [[]]
    assert LateVisit.objects.everywhere("a test").count() == 1
