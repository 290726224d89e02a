"""Story 3 of users.md, scaled down: three rounds, a phone without a network, what is left, the recount, one board."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from qipan.access.api import issue_pass
from qipan.deployment.api import Team, form_teams
from qipan.journal.api import verify
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.pages.testing import make_emergency
from qipan.screening.api import (
    Outcome,
    Visit,
    assign_doors,
    close_round,
    count_left,
    coverage_total,
    draw_recount,
    open_round,
)

from .conftest import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]
LEVELS = ("5101", "510104", "510104001", "510104001001")
FIRST_DOORS = [5101040010010010001, 5101040010010010002, 5101040010010010003]


@pytest.mark.row("SCR-1", "SCR-2", "SCR-3", "EMG-20")
def test_story_3_three_rounds_to_the_last_door(browser, live_server, open_page, troubles):
    scene = make_emergency(at=datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    cast, at, ends = scene.cast, scene.at, scene.at + timedelta(days=9)
    commander = cast.city_commander
    communities = [cast.unit(f"51010400100{n}:community") for n in (1, 2)]
    form_teams(units=communities, per_doors=10, stands_down_at=ends, by=commander, at=at)
    assign_doors(scene.round, by=commander, at=at)
    team = Team.objects.everywhere("a test").order_by("place", "pk").first()
    seeder = Actor.system("test", acts=["pass.issue"], ranges=[range_of("5101")])
    worker_pass = issue_pass(
        label="排查员",
        role_code="screening-worker",
        unit=communities[0],
        team=team.pk,
        expires_at=ends,
        by=seeder,
        at=at,
    )
    # Round 1. The pass is opened, then the network is cut: three doors wait on the phone, the server holds none.
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, locale="zh-CN", base_url=live_server.url
    )
    phone = context.new_page()
    phone.goto(worker_pass.link)
    phone.locator("main form button").click()
    phone.wait_for_url("**/field")
    phone.locator("#card-done").tap()
    expect(phone.locator("[data-place]")).to_have_count(10)
    context.set_offline(True)
    phone.locator(f"[data-place='{FIRST_DOORS[0]}']").tap()
    for n, outcome in enumerate(("ANSWERED", "NOT_HOME", "REFUSED")):
        if n:
            phone.locator("#door-next").tap()
        phone.locator(f"[data-name={outcome}]").tap()
    expect(phone.locator("#count-KEPT")).to_have_text("3", timeout=15_000)
    assert Visit.objects.everywhere("a test").count() == 0
    context.set_offline(False)
    expect(phone.locator("#count-ACKNOWLEDGED")).to_have_text("3", timeout=20_000)
    stored = Visit.objects.everywhere("a test").order_by("place").values_list("place", "outcome")
    assert list(stored) == list(zip(FIRST_DOORS, (Outcome.ANSWERED, Outcome.NOT_HOME, Outcome.REFUSED), strict=True))
    context.close()
    scene.visit("510105", "ANSWERED", 80)
    board = open_page(cast, "city_commander", "/board")

    def covered() -> list[tuple[int, int]]:
        rows = [coverage_total(scene.round.pk, [range_of(code)]) for code in LEVELS]
        found = [(one.settled, one.doors) for one in rows]
        for _reading in range(50):  # the board reads the whole city every few seconds
            told = [board.request.get(f"/api/board/{code}").json()["coverage"] for code in LEVELS]
            if [(one["settled"], one["doors"]) for one in told] == found:
                return found
            board.wait_for_timeout(200)
        raise AssertionError(f"the board tells {told}, the rows {found}")

    assert covered() == [(82, 160), (2, 80), (2, 40), (2, 20)]
    # Who is still to be visited is exact at every level: doors less what is settled.
    assert [count_left(scene.round.pk, scope=Scope((range_of(code),))) for code in LEVELS] == [78, 78, 38, 18]
    for settled in (("510104", 70, [(70, 160), (70, 80), (40, 40), (20, 20)]), ("5101", 160, None)):
        ground, doors, expected = settled
        close_round(scene.round, by=commander, at=at)
        scene.round = open_round(scene.round.campaign, grounds=[range_of("5101")], closes_at=ends, by=commander, at=at)
        assign_doors(scene.round, by=commander, at=at)
        scene.visit(ground, "ANSWERED", doors)
        assert covered() == (expected or [(160, 160), (80, 80), (40, 40), (20, 20)])
    assert scene.round.number == 3
    # The third round is closed and a door in fifty is seen again, by a team that was not there.
    close_round(scene.round, by=commander, at=at)
    recount = draw_recount(scene.round, ground=range_of("510104001001"), closes_at=ends, by=commander, at=at)
    assert (recount.claimed, recount.drawn, recount.permille) == (20, 1, 20)
    again = open_page(cast, "worker", "/recounts")
    expect(again.locator("form.card")).to_have_count(1)
    again.locator("[name=found][value=ANSWERED]").check()
    again.locator("[name=came]").first.check()
    assert serious(again) == []
    again.get_by_role("button", name="录入").last.click()
    expect(again.locator("form.card")).to_have_count(0)
    assert serious(board) == []
    assert verify().differences == []
    assert troubles == []
