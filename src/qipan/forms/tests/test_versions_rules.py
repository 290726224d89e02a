"""Versions put together: order does not matter, different questions merge, the same question is a person's."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.forms.rules.versions import Contest, Version, bases, flat, merge, nested, roots

FIRST = Version("1", "", {"people": 3, "help": "no"})


def test_a_chain_is_its_last_version_whatever_the_order() -> None:
    chain = [FIRST, Version("2", "1", {"people": 4, "help": "no"}), Version("3", "2", {"people": 4, "help": "yes"})]
    for order in permutations(chain):
        assert merge(order).answers == {"people": 4, "help": "yes"}
        assert merge(order).contests == ()
        assert roots(order) == {"1": "1", "2": "1", "3": "1"}


def test_two_who_changed_different_questions_are_merged() -> None:
    told = merge(
        [FIRST, Version("a", "1", {"people": 4, "help": "no"}), Version("b", "1", {"people": 3, "help": "yes"})]
    )
    assert (told.answers, told.contests) == ({"people": 4, "help": "yes"}, ())


def test_two_who_changed_the_same_question_are_a_persons_and_what_stood_stands() -> None:
    told = merge(
        [FIRST, Version("a", "1", {"people": 4, "help": "no"}), Version("b", "1", {"people": 5, "help": "yes"})]
    )
    assert told.answers == {"people": 3, "help": "yes"}
    assert told.contests == (Contest("people", 3, {"a": 4, "b": 5}),)


def test_two_who_say_the_same_agree() -> None:
    told = merge([FIRST, Version("a", "1", {"people": 4}), Version("b", "1", {"people": 4, "help": "no"})])
    assert (told.answers, told.contests) == ({"people": 4}, ())  # and one of them took the answer to "help" back


def test_what_was_chosen_stands_until_somebody_who_did_not_know_of_it_changes_it_again() -> None:
    one, other = Version("a", "1", {"people": 4}, {"people": ["b"]}), Version("b", "1", {"people": 5})
    assert merge([FIRST, one, other]).answers == {"people": 4}
    went_on = Version("c", "a", {"people": 6})
    assert (merge([FIRST, one, other, went_on]).answers, merge([FIRST, one, other, went_on]).contests) == (
        {"people": 6},
        (),
    )
    late = Version("d", "b", {"people": 7})
    assert merge([FIRST, one, other, late]).contests == (Contest("people", 4, {"a": 4, "d": 7}),)


def test_while_the_first_is_missing_what_came_stands_alone() -> None:
    assert roots([Version("3", "2"), Version("1")]) == {"3": "3", "1": "1"}
    assert roots([Version("a", "b"), Version("b", "a"), Version("c", "b"), Version("d", "d")]) == {
        "a": "a", "b": "a", "c": "a", "d": "d",
    }  # fmt: skip


ANSWERS = st.dictionaries(st.sampled_from(["p", "q", "g/r", "g/h/s"]), st.integers(0, 3), max_size=4)


@st.composite
def families(draw: Any) -> list[Version]:
    """Any tree of versions of one record, some chosen over others, some of whose bases never came."""
    told: list[Version] = []
    for n in range(draw(st.integers(1, 7))):
        known = [one.id for one in told]
        base = draw(st.sampled_from([*known, "", "lost"])) if known else ""
        chosen = draw(st.dictionaries(st.sampled_from(["p", "g/r"]), st.lists(st.sampled_from(known), max_size=2), max_size=1)) if known else {}  # fmt: skip
        told.append(Version(f"v{n}", base, draw(ANSWERS), chosen))
    return told


@settings(max_examples=40)
@given(families(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(family: list[Version], chance: Any) -> None:
    told = merge(family)
    again = [*family, *chance.choices(family, k=3)]
    chance.shuffle(again)
    assert (merge(again), roots(again)) == (told, roots(family))


@settings(max_examples=40)
@given(families())
def test_nothing_is_lost_and_nothing_is_made_up(family: list[Version]) -> None:
    told = merge(family)
    said = {one.id: one.said for one in family}
    for path, value in told.answers.items():
        assert value in [answers.get(path) for answers in said.values()]
    for contest in told.contests:
        assert len({repr(value) for value in contest.sides.values()}) > 1
        assert all(said[one].get(contest.path) == value for one, value in contest.sides.items())
        assert told.answers.get(contest.path) == contest.before


@settings(max_examples=40)
@given(families())
def test_a_persons_choice_ends_the_contest(family: list[Version]) -> None:
    for contest in merge(family).contests:
        winner, *others = contest.sides
        decided = [
            Version(one.id, one.based_on, one.said, {**one.chosen, contest.path: [*one.chosen.get(contest.path, ()), *others]})
            if one.id == winner
            else one
            for one in family
        ]  # fmt: skip
        told = merge(decided)
        assert contest.path not in {one.path for one in told.contests}
        assert told.answers.get(contest.path) == contest.sides[winner]


@given(ANSWERS, st.lists(st.tuples(st.sampled_from(["p", "q", "g/r", "g/h/s"]), st.integers(4, 9)), max_size=4, unique_by=lambda one: one[0]))  # fmt: skip
def test_editors_of_different_questions_never_meet(first: dict[str, int], changes: list[tuple[str, int]]) -> None:
    editors = [Version(f"e{n}", "1", {**first, path: value}) for n, (path, value) in enumerate(changes)]
    told = merge([Version("1", "", first), *editors])
    assert (told.answers, told.contests) == ({**first, **dict(changes)}, ())


@given(st.recursive(st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2), lambda one: st.dictionaries(st.text("abc", min_size=1, max_size=2), one, min_size=1, max_size=3)))  # fmt: skip
def test_answers_come_back_into_their_groups(answers: Any) -> None:
    if isinstance(answers, dict):
        assert nested(dict(flat(answers))) == answers


def test_no_base_is_taken_that_is_not_here() -> None:
    assert bases([Version("a", "lost"), Version("b", "a")]) == {"a": "", "b": "a"}


@pytest.mark.parametrize("many", [200])
def test_many_versions_are_merged_in_time(many: int) -> None:
    chain = [Version(f"{n:03d}", f"{n - 1:03d}" if n else "", {"p": n, "q": n % 7}) for n in range(many)]
    assert merge(reversed(chain)).answers == {"p": many - 1, "q": (many - 1) % 7}
