"""The state of a door is a function of the set of its visits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.screening.rules import (
    MARKS,
    NEXT_STEP,
    check_again_at,
    content_of,
    microseconds,
    moment_of,
    state_of,
    state_of_outcomes,
)
from qipan.screening.terms import SETTLED, UNSETTLED, DoorState, NextStep, Outcome

visits = st.lists(st.sampled_from(list(Outcome)), max_size=12)


@given(visits, st.randoms(use_true_random=False))
def test_the_order_of_the_visits_changes_nothing(outcomes, chance):
    shuffled = list(outcomes)
    chance.shuffle(shuffled)
    assert state_of_outcomes(shuffled) == state_of_outcomes(outcomes)


@given(visits, visits)
def test_states_can_be_joined_from_what_the_counters_keep(some, others):
    """The ingest path knows the highest outcome and the number of visits before, and those that are new."""
    together = [*some, *others]
    assert state_of(max(together, default=None), len(some) + len(others)) == state_of_outcomes(together)


@given(visits, st.sampled_from(list(Outcome)))
def test_another_visit_never_lowers_the_rank(outcomes, another):
    def rank(state: DoorState) -> float:
        return 1.5 if state == DoorState.PRESUMED_VACANT else float(state)

    assert rank(state_of_outcomes([*outcomes, another])) >= rank(state_of_outcomes(outcomes))


@pytest.mark.row("SCR-2")
@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], DoorState.UNTOUCHED),
        ([Outcome.NOT_HOME], DoorState.NOT_HOME),
        ([Outcome.NOT_HOME] * 2, DoorState.NOT_HOME),
        ([Outcome.NOT_HOME] * 3, DoorState.PRESUMED_VACANT),
        ([Outcome.NOT_HOME] * 9, DoorState.PRESUMED_VACANT),
        ([Outcome.NOT_HOME] * 3 + [Outcome.ANSWERED], DoorState.ANSWERED),
        ([Outcome.NOT_HOME] * 3 + [Outcome.VACANT_UNKNOWN], DoorState.VACANT_UNKNOWN),
        ([Outcome.REFUSED, Outcome.APPOINTMENT], DoorState.REFUSED),
        ([Outcome.DEMOLISHED, Outcome.ANSWERED], DoorState.DEMOLISHED),
        ([Outcome.BY_PROXY, Outcome.REFUSED], DoorState.BY_PROXY),
        ([Outcome.BY_PROXY, Outcome.BY_PHONE], DoorState.BY_PHONE),
        *[([outcome], DoorState(outcome.value)) for outcome in Outcome],
    ],
)
def test_the_state_of_a_door(outcomes, state):
    assert state_of_outcomes(outcomes) == state


@pytest.mark.row("SCR-2")
def test_every_state_has_a_next_step():
    assert set(NEXT_STEP) == set(DoorState)
    assert NEXT_STEP[DoorState.NOT_HOME] == NextStep.VISIT_AGAIN
    assert NEXT_STEP[DoorState.PRESUMED_VACANT] == NextStep.CHECK_AGAIN
    assert NEXT_STEP[DoorState.LANGUAGE_HELP] == NextStep.BRING_INTERPRETER
    assert NEXT_STEP[DoorState.BY_PROXY] == NextStep.EXPLAIN_AND_OFFER
    at = datetime(2026, 8, 1, tzinfo=UTC)
    assert check_again_at(at) == at + timedelta(days=3)


def test_what_the_hash_says_of_an_outcome_is_its_own_and_has_not_moved():
    """Digests in the journal rest on these numbers: one that changes makes every visit of its kind look forged."""
    assert {Outcome(outcome).name: mark for outcome, mark in MARKS.items()} == {
        "NOT_HOME": 1, "VACANT_UNKNOWN": 2, "VACANT_KNOWN": 3, "APPOINTMENT": 4, "LANGUAGE_HELP": 5,
        "REFUSED": 6, "BY_PHONE": 7, "ANSWERED": 8, "DEMOLISHED": 9, "BY_PROXY": 10,
    }  # fmt: skip
    assert set(MARKS) == set(Outcome)


def test_each_state_is_either_settled_or_not():
    assert sorted(SETTLED + UNSETTLED) == list(DoorState)
    assert set(UNSETTLED) == {
        DoorState.UNTOUCHED,
        DoorState.NOT_HOME,
        DoorState.APPOINTMENT,
        DoorState.LANGUAGE_HELP,
    }


@given(st.integers(0, 200 * 366 * 86_400 * 1_000_000))
def test_microseconds_lose_nothing(us):
    assert microseconds(moment_of(us)) == us


def test_content_tells_each_part_and_is_stable():
    one = content_of(1, 5101040010010010001, Outcome.ANSWERED, 839_000_000_000_000)
    assert (
        one == content_of(1, 5101040010010010001, Outcome.ANSWERED, 839_000_000_000_000) == -5_692_569_501_614_505_277
    )
    others = {
        content_of(2, 5101040010010010001, Outcome.ANSWERED, 839_000_000_000_000),
        content_of(1, 5101040010010010002, Outcome.ANSWERED, 839_000_000_000_000),
        content_of(1, 5101040010010010001, Outcome.BY_PHONE, 839_000_000_000_000),
        content_of(1, 5101040010010010001, Outcome.ANSWERED, 839_000_000_000_001),
    }
    assert len(others | {one}) == 5
    assert all(-(2**63) <= content < 2**63 for content in others)
