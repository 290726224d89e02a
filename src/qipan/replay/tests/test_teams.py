import random
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from qipan.replay.driver.faults import FAULTS
from qipan.replay.driver.plan import Plan
from qipan.replay.driver.story import Story, rounds_over
from qipan.replay.driver.teams import OUTCOME_RANK, PRESUMED_VACANT, SETTLED_RANKS, Team, Upload, uploads
from qipan.replay.driver.watch import STATE_NAMES, expected_of
from qipan.screening.api import SETTLED, DoorState, Outcome

NOW = timezone.now()


def team(doors=400, seed=7, number=3):
    first = 510104001001001_0001
    return Team.of(number, "token", [first + n for n in range(doors)], seed)


def play(one, days=4, round_id=1):
    """A round without faults in which everything is acknowledged."""
    sent = []
    for day in range(1, days + 1):
        dice = random.Random(day)
        visits = [one.visit(round_id, n, day, NOW, dice) for n in one.day(round_id, day, days - day + 1, dice)]
        for visit in visits:
            one.hold(round_id, visit)
        sent += visits
    return sent


def test_a_round_ends_with_plausible_coverage_and_few_left():
    one = team()
    play(one)
    states = Counter(state for _place, state in one.states(1))
    settled = sum(count for state, count in states.items() if state in SETTLED_RANKS | {PRESUMED_VACANT})
    assert sum(states.values()) == 400
    assert 0.9 < settled / 400 < 1
    assert states[DoorState.ANSWERED] > 300
    assert states[DoorState.PRESUMED_VACANT] > 0
    assert states[DoorState.BY_PROXY] > 0


def state_of(outcomes):
    """The server's rule (SCR-2): the highest outcome stands; three times nobody home is presumed vacant."""
    if set(outcomes) == {Outcome.NOT_HOME} and len(outcomes) >= 3:
        return DoorState.PRESUMED_VACANT
    return DoorState(max(outcomes, default=0))


def test_the_teams_books_follow_the_servers_rules():
    one = team()
    by_door = {}
    for visit in play(one):
        by_door.setdefault(one.places[visit.index], []).append(Outcome[visit.outcome])
    assert dict(one.states(1)) == {place: state_of(by_door.get(place, [])) for place in one.places}
    assert SETTLED_RANKS | {PRESUMED_VACANT} == set(SETTLED)
    assert {outcome.name: outcome.value for outcome in Outcome} == OUTCOME_RANK
    assert tuple(DoorState.names) == STATE_NAMES


def test_what_is_expected_sums_from_community_to_city():
    one = team()
    visits = play(one)
    expected = expected_of([one], 1)
    for code in ("5101", "510104", "510104001", "510104001001"):
        assert expected.doors[len(code)][code] == 400
        assert expected.visits[len(code)][code] == len(visits)
        assert sum(expected.states[len(code)][code].values()) == 400


def test_the_same_seed_finds_the_same():
    assert [visit.outcome for visit in play(team())] == [visit.outcome for visit in play(team())]
    assert [visit.outcome for visit in play(team())] != [visit.outcome for visit in play(team(seed=8))]


def test_uploads_hold_each_visit_once_and_are_about_six():
    one = team()
    visits = [one.visit(1, n, 1, NOW, random.Random(1)) for n in range(400)]
    cut = list(uploads(one, 1, visits, random.Random(1)))
    assert [visit for upload in cut for visit in upload.visits] == visits
    usual = [len(upload.visits) for upload in cut if len(upload.visits) < 20]
    assert 5 <= sum(usual) / len(usual) <= 7


def test_a_clock_that_is_off_shows_in_both_times_alike():
    one = team()
    one.clock_off = timedelta(days=1)
    visit = one.visit(1, 0, 1, NOW - timedelta(minutes=5), random.Random(1))
    body = Upload(one, 1, [visit]).body(NOW)
    [item] = body["visits"]
    assert (body["sent_at"], item["at"]) == (NOW + timedelta(days=1), NOW + timedelta(days=1, minutes=-5))


def test_every_fault_says_what_the_right_answer_is():
    one, other = team(), team(number=4)
    upload = Upload(one, 1, [one.visit(1, 0, 1, NOW, random.Random(1))])
    told = {fault(upload, other, NOW).kind: fault(upload, other, NOW) for fault in FAULTS}
    assert {kind: (fault.status, fault.answer, fault.code) for kind, fault in told.items()} == {
        "wrong_team": (200, "refused", "other_team"),
        "unknown_door": (200, "refused", "unknown_door"),
        "future": (200, "refused", "in_future"),
        "unknown_outcome": (200, "refused", "unknown_outcome"),
        "other_content": (200, "conflict", "conflict"),
        "malformed": (400, "refused", ""),
        "bad_item": (200, "refused", "bad_item"),
    }


class TestStory:
    def test_rounds_share_the_days(self):
        assert rounds_over(11, 3) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11]]
        assert rounds_over(2, 2) == [[1], [2]]
        with pytest.raises(ValueError, match="each round needs a day"):
            rounds_over(2, 3)

    def test_the_clock_never_goes_back(self, tmp_path):
        story = Story(tmp_path / "clock.json", NOW)
        story.go_on(speed=0.0)
        assert story.now() == NOW
        story.go_on(speed=0.0, at=story.morning(2))
        assert story.now() == NOW + timedelta(days=1, hours=8)
        story.go_on(speed=0.0, at=story.morning(1))
        assert story.now() == NOW + timedelta(days=1, hours=8)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"scale": 0}, "--scale"),
        ({"scale": 2}, "--scale"),
        ({"rounds": 0}, "needs a day"),
        ({"rounds": 12}, "needs a day"),
        ({"days": 13}, "at most 4 days"),
        ({"city": "510104"}, "four digits"),
        ({"city": "x"}, "four digits"),
    ],
)
def test_a_plan_that_cannot_be_played_is_refused(tmp_path, change, word):
    plan = Plan(**{"city": "5101", "folder": tmp_path, **change})
    [problem] = plan.problems()
    assert word in problem
