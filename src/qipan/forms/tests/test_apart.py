"""One door filled in twice, apart, where a form asks it once: held against each other as versions are."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.forms.actions import versions
from qipan.forms.actions.disputes import decide_dispute
from qipan.forms.actions.erasing import erase_submissions
from qipan.forms.actions.versions import decide_contest
from qipan.forms.api import Form, Outcome, open_form, take_submission
from qipan.forms.models import FormOpening, Submission
from qipan.forms.queries.answers import answers_of, as_sent, rows_of
from qipan.forms.queries.submissions import audit_submissions
from qipan.forms.queries.versions import audit_versions, contested_for
from qipan.forms.rules.columns import Column
from qipan.forms.rules.versions import Contest, Version, merge, roots
from qipan.kernel.actor import Actor
from qipan.kernel.testing import at_once

from ..testing import HERE, Filled, opened, publish
from .test_submissions import rows, take
from .test_versions import OTHER_DOOR, by_id, now_of

STANDS, CHANGE = "STANDS", "CHANGE"


@pytest.fixture
def once(cast: Cast) -> Form:
    """A form that asks each door once, open in Jinjiang."""
    return opened(cast, publish(cast, several=False))


def standings() -> list[tuple[str, int | None]]:
    return [(one.standing, one.record_id) for one in rows()]


def apart() -> tuple[Filled, Filled]:
    """Two people at one door: what one says beside the other, and one question answered differently."""
    return Filled(people="3", more="<help>no</help>"), Filled(people="4", more="<needs>food</needs>")


class TestRules:
    def test_what_only_one_says_stands_and_what_two_say_differently_waits(self) -> None:
        one = Version("1", said={"place": "7", "people": 3, "help": "no"}, asking=5)
        other = Version("2", said={"place": "7", "people": 4, "needs": ["food"]}, asking=5)
        assert roots([one, other]) == {"1": "1", "2": "1"}
        told = merge([one, other])
        assert told.answers == {"place": "7", "help": "no", "needs": ["food"]}
        assert told.contests == (Contest("people", None, {"1": 3, "2": 4}),)

    def test_another_asking_and_a_form_that_asks_again_and_again_stand_apart(self) -> None:
        assert roots([Version("1", asking=5), Version("2", asking=6), Version("3"), Version("4")]) == {
            "1": "1", "2": "2", "3": "3", "4": "4"
        }  # fmt: skip

    def test_a_change_belongs_to_what_it_changes_whenever_it_came(self) -> None:
        first, change, other = Version("1", asking=5), Version("2", "1", asking=6), Version("3", asking=6)
        assert roots([change, other]) == {"2": "2", "3": "2"}  # what it changes is not here yet
        assert roots([first, change, other]) == {"1": "1", "2": "1", "3": "3"}

    @settings(max_examples=40)
    @given(
        st.lists(st.tuples(st.sampled_from(["", "v0", "v1", "v2", "lost"]), st.integers(0, 2)), min_size=1, max_size=7),
        st.randoms(use_true_random=False),
    )
    def test_what_belongs_together_does_not_hang_on_the_order(self, made: Any, chance: Any) -> None:
        family = [Version(f"v{n}", base, {"p": n % 3}, asking=asking) for n, (base, asking) in enumerate(made)]
        shuffled = chance.sample(family, len(family))

        def together(order: list[Version]) -> set[frozenset[str]]:
            told = roots(order)
            return {frozenset(one for one in told if told[one] == first) for first in told.values()}

        assert together(shuffled) == together(family)
        assert merge(shuffled) == merge(family)


@pytest.mark.row("SCR-2")
@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_what_two_filled_in_apart_is_one_record_and_a_person_decides(
    cast: Cast, once: Form, order: tuple[int, ...]
) -> None:
    sent = apart()
    told = [take_submission(sent[n].xml(), by=cast.screener, at=cast.at) for n in order]
    assert [(one.outcome, one.contested) for one in told] == [(Outcome.TAKEN, 0), (Outcome.TAKEN, 1)]
    assert now_of(cast) == [{"help": "no", "needs": ["food"]}]
    first = by_id(sent[order[0]])
    assert standings() == [(STANDS, None), (CHANGE, first.pk)]
    for one in sent:
        assert take(cast, one) == Outcome.AGAIN
    ((question,),) = (one.questions for one in contested_for(cast.district_head))
    assert (question.path, question.before, sorted(side.text for side in question.sides)) == ("people", "", ["3", "4"])
    decide_contest(first, path="people", version=sent[1].id, by=cast.district_head, at=cast.at)
    assert now_of(cast) == [{"people": 4, "help": "no", "needs": ["food"]}]
    assert (by_id(sent[0]).answers["people"], by_id(sent[1]).answers["people"]) == (3, 4)  # both stay as they were sent
    assert (contested_for(cast.district_head), audit_versions(), audit_submissions()) == ([], [], [])


def test_the_same_twice_is_one_answer_and_another_door_another_record(cast: Cast, once: Form) -> None:
    one, other, door = Filled(), Filled(), Filled(place=OTHER_DOOR, people="9")
    for filled in (one, other, door):
        assert take(cast, filled) == Outcome.TAKEN
    assert standings() == [(STANDS, None), (CHANGE, by_id(one).pk), (STANDS, None)]
    assert now_of(cast) == [{"people": 3}, {"people": 9}]
    assert contested_for(cast.district_head) == []


def test_whoever_changes_one_of_them_changes_the_record(cast: Cast, once: Form) -> None:
    one, other = apart()
    change = Filled(people="3", more="<help>yes</help><why>轮椅</why>", base=one.id)
    for filled in (change, other, one):  # what it changes comes last
        take(cast, filled)
    assert now_of(cast) == [{"help": "yes", "why": "轮椅", "needs": ["food"]}]
    assert [one.record_id for one in rows()] == [by_id(other).pk, None, by_id(other).pk]
    assert audit_versions() == []


@pytest.mark.parametrize("several", [True, False])
def test_a_form_that_may_be_filled_in_several_times_and_one_published_before_stand_twice(
    cast: Cast, several: bool
) -> None:
    form = opened(cast, publish(cast, several=several))
    assert form.once is not several
    if not several:
        Form.objects.update(once=False)  # published before a form could say so
    for one in apart():
        take(cast, one)
    assert [(one.standing, one.opening_id) for one in rows()] == [(STANDS, None)] * 2
    assert now_of(cast) == [{"people": 3, "help": "no"}, {"people": 4, "needs": ["food"]}]


@pytest.mark.parametrize("subject", ["UNIT", "PERSON"])
def test_units_answer_again_and_a_door_has_several_people(cast: Cast, subject: str) -> None:
    assert publish(cast, subject=subject, several=False).once is False


def test_the_next_asking_is_another_record_and_what_comes_late_belongs_to_its_own(cast: Cast, once: Form) -> None:
    ends, hour = cast.at + timedelta(days=3), timedelta(hours=1)
    early, late = apart()
    early.end, late.end = (ends - hour).isoformat(), (ends - 2 * hour).isoformat()
    assert take(cast, early, at=ends - hour) == Outcome.TAKEN
    open_form(once, grounds=[HERE], closes_at=ends + timedelta(days=3), by=cast.city_commander, at=ends)
    again = Filled(people="5", end=(ends + hour).isoformat())
    assert take(cast, again, at=ends + hour) == Outcome.TAKEN
    assert take(cast, late, at=ends + 2 * hour) == Outcome.TAKEN  # filled in before the second asking began
    before, after = FormOpening.objects.order_by("pk")
    assert [one.opening_id for one in rows()] == [before.pk, after.pk, before.pk]
    assert standings() == [(STANDS, None), (STANDS, None), (CHANGE, by_id(early).pk)]
    assert now_of(cast) == [{"help": "no", "needs": ["food"]}, {"people": 5}]


def test_a_drill_is_never_held_against_what_is_real(cast: Cast, once: Form) -> None:
    FormOpening.objects.update(drill=True)
    take(cast, apart()[0])
    open_form(once, grounds=[HERE], closes_at=cast.at + timedelta(days=3), by=cast.city_commander, at=cast.at)
    take(cast, apart()[1])
    assert [(one.standing, one.drill) for one in rows()] == [(STANDS, True), (STANDS, False)]


def test_two_at_once_are_one_record(shared: Cast) -> None:
    Form.objects.update(once=True)
    sent = [Filled(people=str(n)) for n in range(10, 16)]
    assert set(at_once(*[lambda one=one: take(shared, one) for one in sent])) == {None}
    assert sorted(row.standing for row in rows()) == [CHANGE] * 5 + [STANDS]
    assert [len(one.sides) for one in contested_for(shared.district_head)[0].questions] == [6]
    assert audit_versions() == []


def test_what_is_left_when_the_first_is_erased_is_the_record(cast: Cast, once: Form) -> None:
    one, other = apart()
    take(cast, one)
    take(cast, other, at=cast.at + timedelta(days=1))
    clock, due = Actor.system("clock", acts=["form.erase"]), rows()[0].erase_at
    assert due is not None and erase_submissions(by=clock, at=due) == 1
    assert (standings(), now_of(cast)) == ([(STANDS, None)], [{"people": 4, "needs": ["food"]}])
    assert audit_versions() == []


def test_a_dispute_under_one_id_joins_what_was_filled_in_beside_it(cast: Cast, once: Form) -> None:
    one, other = apart()
    take(cast, one)
    take(cast, other)
    assert take(cast, Filled(id=one.id, people="4", more="<help>no</help>")) == Outcome.DISPUTED
    waiting = rows()[-1]
    decide_dispute(waiting, decision="REPLACED", by=cast.district_head, at=cast.at)
    assert now_of(cast) == [{"people": 4, "help": "no", "needs": ["food"]}]
    assert (contested_for(cast.district_head), audit_versions()) == ([], [])


def test_more_than_anybody_compares_stands_for_itself(cast: Cast, once: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MOST_VERSIONS", 2)
    monkeypatch.setattr("qipan.forms.actions.submitting.MOST_VERSIONS", 2)
    for n in range(3):
        assert take(cast, Filled(people=str(n + 1))) == Outcome.TAKEN
    assert [(row.standing, row.opening_id is None) for row in rows()] == [
        (STANDS, False), (CHANGE, False), (STANDS, True),
    ]  # fmt: skip
    assert audit_versions() == []


def test_the_audit_finds_what_is_not_held_against_each_other(cast: Cast, once: Form) -> None:
    for one in apart():
        take(cast, one)
    Submission.objects.everywhere("a test").update(standing=STANDS, record=None, merged=None, contested=False)
    assert audit_versions() == [f"record {rows()[0].pk} is not held against what was filled in beside it"]


def test_the_page_of_the_form_says_so(cast: Cast, once: Form) -> None:
    said = "Each door is asked once while it is open"
    client = cast.client("worker")
    assert said in client.get("/forms/door-needs", headers={"Accept-Language": "en"}).content.decode()
    Form.objects.update(once=False)
    assert said not in client.get("/forms/door-needs", headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.row("SCR-7")
def test_a_team_sees_what_it_handed_in_itself_and_nothing_that_others_said_there(cast: Cast, once: Form) -> None:
    """Red line 6: what is put together is for whoever sees the screening as a whole."""
    one, other = apart()
    take(cast, other)
    take(cast, one)
    later = Filled(place=OTHER_DOOR, people="7")
    take(cast, later)
    theirs = Filled(place=OTHER_DOOR, people="8")
    take(cast, theirs)
    of_others = Submission.objects.everywhere("a test").filter(instance_id__in=[other.id, theirs.id])
    of_others.update(unit=cast.unit("510104001:street-office"))
    columns = [Column("people", "/data/people"), Column("help", "/data/help"), Column("needs", "/data/needs")]
    whole, mine = (
        list(rows_of(answers_of("door-needs", actor=actor), columns, {}, own=as_sent(actor)))
        for actor in (cast.worker, cast.screener)
    )
    assert whole == [["", "", ""], ["", "no", "food"]]
    assert mine == [["7", "", ""], ["3", "no", ""]]
