"""Two posts on one phone, in a real browser: what the first one keeps is sealed, told, and sent by itself alone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qipan.access.api import forget, issue_pass, revoke_passes
from qipan.deployment.api import release_teams
from qipan.field.models import DeviceList
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.screening.api import Outcome, Visit

from .conftest import build
from .test_browser import stored
from .test_browser_clock import comes
from .test_browser_forms import leave_draft, open_form_sheet, question, samples
from .test_browser_leaving import LYING, open_pass
from .test_holders import end

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OURS, THEIRS = "5101040010010010001", "5101040010020010001"


def work_as(context, scene, page, name):
    value = scene.cast.client(name).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": page.evaluate("origin")}])


def go(page, team):
    page.goto(f"/field?team={team.pk}")
    if page.locator("#field-card[open]").count():
        page.locator("#card-done").tap()


def enter(page, place, name):
    page.locator(f"[data-place='{place}']").tap()
    page.locator(f"[data-name={name}]").tap()
    page.locator("#door-close").tap()


@pytest.fixture
def shared(handset, live_server):
    """A phone on which the first post has a draft and a visit that did not go out; another post signs in."""
    scene = build()
    samples(scene.cast)
    page = handset.new_page()
    page.goto("/accounts/login/")
    work_as(handset, scene, page, "worker")
    go(page, scene.team)
    expect(page.locator("#forms-count")).to_have_text("2", timeout=15_000)
    leave_draft(page)
    handset.route("**/api/visits", lambda route: route.abort())
    enter(page, OURS, "ANSWERED")
    expect(page.locator("#count-KEPT")).to_have_text("1")
    handset.unroute("**/api/visits")
    work_as(handset, scene, page, "neighbour_worker")
    yield scene, handset, page


def another_pass(scene, team, *, days=10):
    """A pass for a team, as one is given out when the first has ended."""
    return issue_pass(
        label="接替的排查员", role_code="screening-worker", unit=team.unit, team=team.pk,
        expires_at=scene.cast.at + timedelta(days=days), at=scene.cast.at,
        by=Actor.system("test", acts=["pass.issue"], ranges=[range_of("5101")]),
    )  # fmt: skip


def lying(page):
    held = page.evaluate(LYING)
    return [held.get(name, 0) for name in ("visits", "filled")]


@pytest.mark.row("EMG-20")
def test_a_second_post_neither_loses_nor_sees_nor_sends_what_the_first_one_keeps(shared):
    scene, context, page = shared
    page.evaluate("dispatchEvent(new Event('online'))")
    # The page of the first post still stands open.
    expect(page.locator("#field-list")).to_contain_text("另一岗位", timeout=15_000)
    assert page.locator("[data-place]").count() == 0
    expect(page.locator("#field-forms")).to_be_hidden()
    expect(page.locator("#field-note a")).to_have_attribute("href", "/access/post")
    assert (lying(page), stored()) == ([1, 1], [])
    context.set_offline(True)  # a network that is gone says nothing of whose phone it is
    page.wait_for_timeout(2_500)  # the page has asked for its doors again
    assert page.locator("[data-place]").count() == 0
    expect(page.locator("#field-list")).to_contain_text("另一岗位")
    context.set_offline(False)

    go(page, scene.neighbours)
    note = page.locator("#field-note")
    expect(note).to_contain_text("2 条", timeout=15_000)
    expect(note).to_contain_text(scene.cast.worker.label)
    expect(page.locator("#count-KEPT")).to_have_text("0")
    assert "102" not in page.locator("#field-forms").inner_text()
    enter(page, THEIRS, "NOT_HOME")
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    assert (lying(page), stored()) == ([2, 1], [(int(THEIRS), 1)])
    assert Visit.objects.everywhere("a test").get().team_id == scene.neighbours.pk  # of the team that the page shows

    work_as(context, scene, page, "worker")
    go(page, scene.team)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    expect(note).to_be_hidden()  # the other one's visit has arrived: nothing of it waits
    assert stored() == [(int(OURS), Outcome.ANSWERED), (int(THEIRS), 1)]
    open_form_sheet(page)
    page.locator("#form-mine .btn", has_text="继续填写").tap()
    expect(question(page, "outcome").locator(":checked")).to_have_value("APPOINTMENT")


@pytest.mark.row("EMG-20")
def test_the_end_of_the_first_posts_right_takes_its_draft_off_under_the_second_one_too(shared):
    scene, _context, page = shared
    go(page, scene.neighbours)
    expect(page.locator("#field-note")).to_contain_text("2 条", timeout=15_000)
    end(scene, "worker")
    go(page, scene.neighbours)
    expect(page.locator("#field-note")).to_contain_text("1 条", timeout=15_000)  # finished, and never acknowledged
    assert lying(page) == [1, 0]


@pytest.mark.row("EMG-20")
def test_what_was_finished_under_a_right_that_has_ended_is_sent_by_whoever_works_there_now(phone):
    """A week without a network, and the pass is over; another team's pass is no help, the next one of the same team is."""
    scene, context, page = phone
    context.route("**/api/visits", lambda route: route.abort())
    enter(page, OURS, "ANSWERED")
    expect(page.locator("#count-KEPT")).to_have_text("1")
    revoke_passes(team_ids=[scene.team.pk], by=scene.cast.city_commander, at=scene.cast.at)
    forget()
    context.unroute("**/api/visits")
    note = page.locator("#field-note")
    for team, helps in ((scene.neighbours, False), (scene.team, True)):
        scene.phone = another_pass(scene, team)
        open_pass(page, scene)
        expect(note).to_contain_text("1 条记录所凭的权限已经结束", timeout=15_000)
        expect(note.locator("button")).to_have_count(int(helps))
    assert stored() == []
    note.locator("button").tap()
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("1", timeout=20_000)
    expect(note).to_be_hidden()
    assert stored() == [(int(OURS), Outcome.ANSWERED)]
    page.locator("#field-compare").tap()
    expect(page.locator("#field-compared")).to_contain_text("服务器全部收到")
    assert [
        row.missing for row in DeviceList.objects.everywhere("a test").filter(holder=scene.phone.issued.serial)
    ] == [[]]


PAGES = "async () => (await (await caches.open('qipan-pages')).keys()).map((one) => new URL(one.url).search).sort()"


@pytest.mark.row("EMG-20")
def test_a_team_that_stands_down_takes_its_own_off_and_leaves_what_the_post_works_on_besides(handset, live_server):
    scene = build()
    samples(scene.cast)
    page = handset.new_page()
    page.goto("/accounts/login/")
    work_as(handset, scene, page, "worker")
    for team in (scene.other, scene.team):
        go(page, team)
        expect(page.locator("#forms-count")).to_have_text("2", timeout=15_000)
        leave_draft(page)
        page.locator("[data-place]").first.tap()
        page.locator("[data-name=ANSWERED]").tap()
        page.locator("#door-close").tap()
        expect(page.locator("#count-ACKNOWLEDGED")).to_have_text(str(1 + (team == scene.team)), timeout=15_000)
        comes(page, lambda search=f"?team={team.pk}": search in page.evaluate(PAGES), True)
    handset.route("**/api/visits", lambda route: route.abort())
    page.locator("[data-place]").last.tap()
    page.locator("[data-name=NOT_HOME]").tap()
    page.locator("#door-close").tap()
    assert [page.evaluate(LYING)[name] for name in ("visits", "filled", "sheets", "forms")] == [3, 2, 2, 2]

    release_teams([scene.team.pk], by=scene.cast.city_commander, at=timezone.now())
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#field-list")).to_contain_text("权限已经结束", timeout=15_000)
    expect(page.locator("#field-forms")).to_be_hidden()
    comes(page, lambda: [page.evaluate(LYING)[name] for name in ("visits", "filled", "sheets", "forms")], [2, 1, 1, 2])
    assert set(page.evaluate(PAGES)) == {f"?team={scene.other.pk}"}
    expect(page.locator("#count-KEPT")).to_have_text("1")  # it was finished, and waits

    handset.unroute("**/api/visits")
    go(page, scene.other)
    expect(page.locator("#count-KEPT")).to_have_text("0", timeout=20_000)
    comes(page, lambda: [outcome for _place, outcome in stored()].count(Outcome.NOT_HOME), 1)
    open_form_sheet(page)
    page.locator("#form-mine .btn", has_text="继续填写").tap()
    expect(question(page, "outcome").locator(":checked")).to_have_value("APPOINTMENT")
