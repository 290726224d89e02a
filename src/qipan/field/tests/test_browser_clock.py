"""A phone whose clock is set while it has no network: it locks, loses nothing, and opens again."""

import os
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from qipan.access.api import forget, revoke_passes
from qipan.screening.api import Outcome, Visit

from .test_browser import stored, wait_until_kept
from .test_browser_leaving import LYING
from .test_browser_rights import CLOCK, DOOR, PUT, enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOCKED = "按此时间，您使用本页面的权限已于"
LOOK = 16_000  # ms; the page looks at its clocks every fifteen seconds
HOUR = 3_600_000  # ms
WITH = {"visits": 1, "matters": 1, "filled": 4, "sheets": 1}


@pytest.fixture
def cut(phone):
    """A phone without a network, opened by its worker, with a visit, drafts and a report on it; and a hand on its clock."""
    scene, context, page = phone
    wait_until_kept(page)
    page.close()
    context.set_offline(True)
    page = context.new_page()
    page.clock.install()
    page.goto("/field")
    expect(page.locator("#field-note")).to_contain_text("没有网络")
    enter(page, 1, "ANSWERED")
    page.locator("#door-close").tap()
    page.evaluate(PUT)
    start = timezone.now()

    def turn(**by):
        page.clock.set_system_time(start + timedelta(**by))
        page.clock.run_for(LOOK)

    yield scene, context, page, turn


def lying(page):
    held = page.evaluate(LYING)
    return {name: held.get(name, 0) for name in WITH}


def comes(page, read, wanted):
    """What the page or the server does in its own time comes about within ten seconds."""
    for _wait in range(100):
        if read() == wanted:
            return
        page.wait_for_timeout(100)
    assert read() == wanted


def shows_the_lock(page):
    expect(page.locator("#field-list [role=status]")).to_contain_text(LOCKED, timeout=10_000)
    expect(page.locator("#field-list [role=status]")).to_contain_text("请把日期和时间调准")
    assert page.locator("[data-place]").count() == 0
    expect(page.locator("#field-orders")).to_be_hidden()
    expect(page.locator("#field-forms")).to_be_hidden()


@pytest.mark.row("EMG-20")
def test_a_clock_that_leaps_ahead_without_a_network_hides_the_doors_and_takes_nothing_off(cut):
    _scene, context, page, turn = cut
    expect(page.locator("[data-place]")).to_have_count(10)
    assert lying(page) == WITH
    turn(days=11)  # the pass is good for ten
    shows_the_lock(page)
    assert lying(page) == WITH
    assert page.evaluate("caches.has('qipan-pages')") is True
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert Axe().run(page).violations_count == 0
    picture = os.environ.get("QIPAN_PICTURES")
    if picture:
        page.screenshot(path=f"{picture}/clock-zh-360.png", full_page=True)
    page.reload()  # the battery was out; the clock is still wrong
    page.clock.run_for(LOOK)
    shows_the_lock(page)
    assert lying(page) == WITH
    turn(minutes=1)  # somebody sets it right
    expect(page.locator("[data-place]")).to_have_count(9, timeout=10_000)  # the settled one is no longer listed
    expect(page.locator("#field-forms")).to_be_visible()
    assert lying(page) == WITH
    assert stored() == []

    turn(days=11)
    shows_the_lock(page)
    context.set_offline(False)  # the clock stays wrong, and the server says that the right stands
    expect(page.locator("[data-place]")).to_have_count(9, timeout=20_000)
    page.clock.run_for(LOOK)
    expect(page.locator("#count-KEPT")).to_have_text("0", timeout=20_000)
    comes(page, stored, [(int(DOOR(1)), Outcome.ANSWERED)])  # sent is not yet taken
    expect(page.locator("[data-place]")).to_have_count(9)


@pytest.mark.row("EMG-20")
def test_a_right_in_doubt_is_over_when_the_server_says_so_and_what_was_finished_waits(cut):
    scene, context, page, turn = cut
    turn(days=11)
    shows_the_lock(page)
    revoke_passes(team_ids=[scene.team.pk], by=scene.cast.city_commander, at=scene.cast.at)
    forget()
    context.set_offline(False)
    expect(page.locator("#field-list")).to_contain_text("住户清单已从本机清除", timeout=20_000)
    comes(page, lambda: lying(page), {"visits": 1, "matters": 0, "filled": 1, "sheets": 0})
    assert page.evaluate("caches.has('qipan-pages')") is False
    assert stored() == []


@pytest.mark.row("EMG-20")
def test_seven_days_in_doubt_take_off_what_goes_with_a_right_and_leave_what_was_finished(cut):
    _scene, _context, page, turn = cut
    turn(days=11)
    shows_the_lock(page)
    page.clock.fast_forward(167 * HOUR)
    shows_the_lock(page)
    assert lying(page) == WITH
    page.clock.fast_forward(HOUR)
    expect(page.locator("#field-list")).to_contain_text("住户清单已从本机清除", timeout=10_000)
    expect(page.locator("#count-KEPT")).to_have_text("2")
    comes(page, lambda: lying(page), {"visits": 1, "matters": 0, "filled": 1, "sheets": 0})


@pytest.mark.row("EMG-20")
def test_a_clock_set_back_does_not_prolong_a_right(cut):
    _scene, _context, page, turn = cut
    turn(days=9, hours=22)
    expect(page.locator("[data-place]")).to_have_count(10)
    turn(days=-30)
    expect(page.locator("[data-place]")).to_have_count(10)
    turn(days=-29)
    expect(page.locator("#field-list [role=status]")).to_contain_text("本机时钟被往回拨到", timeout=10_000)
    assert page.locator("[data-place]").count() == 0
    assert lying(page) == WITH


@pytest.mark.row("EMG-20")
@pytest.mark.parametrize("days", [3, -3])
def test_a_visit_keeps_its_time_though_somebody_sets_the_clock_before_it_is_sent(phone, days):
    _scene, context, page = phone
    page.add_init_script(CLOCK)
    with page.expect_response("**/api/field/doors*"):
        page.reload()
    expect(page.locator(f"[data-place='{DOOR(1)}']")).to_be_visible()
    page.wait_for_timeout(500)  # the answer was heard
    context.set_offline(True)
    enter(page, 1, "ANSWERED")
    page.locator("#door-close").tap()
    entered = timezone.now()
    page.evaluate(f"shift = {days} * 86_400_000")
    enter(page, 2, "NOT_HOME")  # dated by the clock as it is now, which is taken out when it is sent
    page.locator("#door-close").tap()
    context.set_offline(False)
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text("2", timeout=20_000)
    comes(page, stored, [(int(DOOR(1)), Outcome.ANSWERED), (int(DOOR(2)), Outcome.NOT_HOME)])
    for visit in Visit.objects.everywhere("a test"):
        assert abs(visit.happened_at - entered) < timedelta(seconds=20)


@pytest.mark.row("EMG-20")
@pytest.mark.parametrize("tried", [False, True], ids=["right before it is sent", "right after it was tried"])
def test_a_leapt_clock_that_is_put_right_and_a_lost_answer_make_no_conflict(phone, tried):
    """Whichever comes first: a visit is the same from one try to the next, and refused for no time."""
    _scene, context, page = phone
    page.add_init_script(CLOCK)
    with page.expect_response("**/api/field/doors*"):
        page.reload()
    expect(page.locator(f"[data-place='{DOOR(1)}']")).to_be_visible()
    page.wait_for_timeout(500)  # the answer was heard
    context.set_offline(True)
    page.evaluate("shift = 86_400_000")
    for number, name in ((1, "ANSWERED"), (2, "NOT_HOME")):
        enter(page, number, name)
        page.locator("#door-close").tap()
    entered, right, lost = timezone.now(), not tried, []
    if right:
        page.evaluate("shift = 0")
        enter(page, 3, "ANSWERED")
        page.locator("#door-close").tap()

    def lose(route):
        if lost and right:
            return route.continue_()
        # The server took it; the phone never hears of it.
        lost.extend(one["answer"] for one in route.fetch().json()["answers"])
        return route.abort()

    page.route("**/api/visits", lose)
    context.set_offline(False)
    comes(page, lambda: bool(lost), True)
    page.evaluate("shift = 0")
    right = True
    wanted = [(int(DOOR(1)), Outcome.ANSWERED), (int(DOOR(2)), Outcome.NOT_HOME), (int(DOOR(3)), Outcome.ANSWERED)]
    wanted = wanted[: 2 if tried else 3]
    expect(page.locator("#count-ACKNOWLEDGED")).to_have_text(str(len(wanted)), timeout=20_000)
    assert [page.locator(f"#count-{state}").inner_text() for state in ("CONFLICT", "REFUSED")] == ["0", "0"]
    assert (set(lost), stored()) == ({"stored"}, wanted)
    happened = list(Visit.objects.everywhere("a test").order_by("place").values_list("happened_at", flat=True))
    assert all(abs(moment - entered) < timedelta(seconds=20) for moment in happened)
    assert happened[0] < happened[1]  # as far apart as they were entered
