"""Scope and Actor: pure arithmetic on place numbers, and rights that are refused by default."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, place_of, range_of
from qipan.kernel.refusal import NotAllowed

SMALL = st.integers(0, 60)
RANGES = st.builds(lambda a, b: Range(min(a, b), max(a, b)), SMALL, SMALL)
SCOPES = st.builds(lambda ranges: Scope(tuple(ranges)), st.lists(RANGES, max_size=5))


def places(scope: Scope) -> set[int]:
    return {place for place in range(-1, 62) if place in scope}


@given(SCOPES)
def test_a_scope_holds_the_places_of_its_ranges_and_no_other(scope):
    assert places(scope) == {place for first, last in scope.ranges for place in range(first, last + 1)}


@given(SCOPES, RANGES)
def test_covers_means_that_every_place_is_held(scope, ground):
    assert scope.covers(ground) == all(place in scope for place in range(ground.first, ground.last + 1))


@given(SCOPES, RANGES)
def test_narrowed_is_the_common_ground(scope, ground):
    assert places(scope.narrowed(ground)) == places(scope) & places(Scope((ground,)))


def test_no_ground_holds_nothing():
    assert 5 not in Scope()
    assert not Scope().covers(Range(5, 5))


@pytest.mark.parametrize("stranger", ["510104", None, 5.0, "5101040010010010001", (1, 2), b"5"])
def test_only_a_number_can_lie_in_a_scope(stranger):
    assert stranger not in Scope.of([(0, 9_000_000_000_000_000_000)])


def test_a_place_lies_in_its_own_district_only():
    jinjiang = Scope((range_of("510104"),))
    assert place_of("510104001") in jinjiang
    assert place_of("510105001") not in jinjiang
    assert range_of("510104").first - 1 not in jinjiang
    assert range_of("510104").last + 1 not in jinjiang


def test_an_actor_has_no_right_and_no_ground_unless_given():
    actor = Actor(label="nobody in particular")
    assert not actor.can("board.view")
    assert actor.scope == Scope()
    with pytest.raises(NotAllowed) as refusal:
        actor.require("board.view")
    assert refusal.value.data == {"act": "board.view"}
    assert refusal.value.status == 403


def test_a_job_states_its_acts_and_its_ground():
    job = Actor.system("reminders", acts=["task.answer"], ranges=[(1, 9)])
    assert job.label == "system: reminders"
    assert job.can("task.answer") and not job.can("directive.issue")
    assert 9 in job.scope and 10 not in job.scope
    assert (job.account_id, job.post_id, job.pass_id, job.unit_id) == (None, None, None, None)


def test_an_actor_cannot_be_given_rights_after_the_fact():
    actor = Actor(label="clerk")
    with pytest.raises(dataclasses.FrozenInstanceError):
        actor.acts = frozenset({"directive.issue"})
    with pytest.raises(AttributeError):
        actor.acts.add("directive.issue")
