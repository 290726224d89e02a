"""Two editors of a door, and one phone whose chain arrives in any order: put together, or a person's to decide."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from qipan.access.testing import Cast
from qipan.forms.actions import seed_fields, versions
from qipan.forms.actions.disputes import decide_dispute
from qipan.forms.actions.erasing import erase_submissions
from qipan.forms.actions.refusals import FormNotOpen
from qipan.forms.actions.versions import AlreadyDecided, TooManyVersions, UnknownDecision, decide_contest
from qipan.forms.api import Form, Outcome, take_submission
from qipan.forms.models import FieldEntry, FormQuestion, Submission
from qipan.forms.queries.answers import answers_of
from qipan.forms.queries.submissions import audit_submissions
from qipan.forms.queries.versions import audit_versions, contested_for
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.testing import at_once

from ..testing import NEXT_DOOR, Filled
from .conftest import Entry
from .test_submissions import rows, take

OTHER_DOOR = "5101040010010010002"


def now_of(cast: Cast) -> list[dict[str, Any]]:
    """What stands, as the community gets it back: without the door."""
    stands = answers_of("door-needs", actor=cast.worker)
    return [{name: value for name, value in one.now.items() if name != "place"} for one in stands.order_by("pk")]


def by_id(filled: Filled) -> Submission:
    return next(one for one in rows() if one.instance_id == filled.id and one.standing in ("STANDS", "CHANGE"))


def chain() -> tuple[Filled, Filled, Filled]:
    first = Filled(more="<help>no</help>")
    second = Filled(people="4", more="<help>no</help>", base=first.id)
    return first, second, Filled(people="4", more="<help>yes</help><why>轮椅</why>", base=second.id)


@pytest.mark.row("SCR-2")
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_chain_from_one_phone_ends_the_same_in_whatever_order_it_arrives(cast: Cast, needs: Form, order: tuple[int, ...]) -> None:  # fmt: skip
    sent = chain()
    for n in order:
        assert take(cast, sent[n]) == Outcome.TAKEN
    for n in order:
        assert take(cast, sent[n]) == Outcome.AGAIN
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "轮椅"}]
    first = by_id(sent[0])
    assert [(by_id(one).standing, by_id(one).record_id) for one in sent] == [
        ("STANDS", None), ("CHANGE", first.pk), ("CHANGE", first.pk),
    ]  # fmt: skip
    assert (first.contested, len(rows())) == (False, 3)
    assert audit_submissions() == audit_versions() == []


def test_while_the_first_is_missing_what_came_stands_by_itself(cast: Cast, needs: Form) -> None:
    first, second, third = chain()
    take(cast, third)
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "轮椅"}]
    take(cast, first)
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "轮椅"}, {"people": 3, "help": "no"}]
    take(cast, second)
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "轮椅"}]


@pytest.fixture
def two(cast: Cast, needs: Form) -> tuple[Filled, Filled, Filled]:
    """A door, and two editors of it: people and the help are changed by one each, the width by both."""
    spot = "<spot><photo/><point/><width>{}</width></spot>"
    first = Filled(more="<help>no</help>" + spot.format("1.0"))
    ours = Filled(people="4", more="<help>no</help>" + spot.format("2.0"), base=first.id)
    theirs = Filled(more="<help>yes</help><why>拐杖</why>" + spot.format("3.0"), base=first.id)
    return first, ours, theirs


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_different_answers_merge_and_the_same_one_is_flagged(
    cast: Cast, two: tuple[Filled, ...], order: tuple[int, ...]
) -> None:
    for n in order:
        take(cast, two[n], by=cast.worker if n == 2 else None)
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "拐杖", "spot": {"width": "1.0"}}]
    (waits,) = contested_for(cast.district_head)
    assert waits.record == by_id(two[0])
    (question,) = waits.questions
    assert (question.path, question.before, question.masked) == ("spot/width", "1.0", False)
    assert sorted(side.text for side in question.sides) == ["2.0", "3.0"]
    assert [row.answers["spot"]["width"] for row in rows()] == [
        ["1.0", "2.0", "3.0"][n] for n in order
    ]  # nothing is lost
    assert contested_for(cast.neighbour_head) == []
    assert audit_versions() == []


def test_who_sends_is_told_that_a_person_decides(cast: Cast, two: tuple[Filled, ...]) -> None:
    told = [take_submission(one.xml(), (), by=cast.screener, at=cast.at).contested for one in two]
    assert told == [0, 0, 1]


@pytest.mark.parametrize(("side", "width"), [(1, "2.0"), (2, "3.0")])
def test_a_person_decides_and_both_sides_stay_as_they_were_sent(cast: Cast, two: tuple[Filled, ...], side: int, width: str) -> None:  # fmt: skip
    for one in two:
        take(cast, one)
    record = by_id(two[0])
    given: dict[str, Any] = {"path": "spot/width", "version": two[side].id, "at": cast.at}
    before = [one.__dict__ | {"_state": None} for one in rows()]
    for name, changes, refusal in (
        ("worker", {}, NotAllowed),
        ("neighbour_head", {}, NotFound),
        ("district_head", {"version": two[0].id}, UnknownDecision),
        ("district_head", {"version": "uuid:other"}, UnknownDecision),
        ("district_head", {"path": "people"}, AlreadyDecided),
    ):
        with pytest.raises(refusal):
            decide_contest(record, **given | changes, by=getattr(cast, name))
    assert [one.__dict__ | {"_state": None} for one in rows()] == before
    decide_contest(record, **given, by=cast.district_head)
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "拐杖", "spot": {"width": width}}]
    assert contested_for(cast.district_head) == []
    assert [row.answers["spot"]["width"] for row in rows()] == ["1.0", "2.0", "3.0"]
    entry = Entry.objects.get(act="forms.decide_contest")
    assert (entry.place, entry.data["question"], entry.data["digest"]) == (None, "spot/width", by_id(two[side]).digest)
    with pytest.raises(AlreadyDecided):
        decide_contest(record, **given, by=cast.district_head)
    # Sent again nothing changes; who goes on from the one that was chosen needs no second decision.
    assert [take(cast, one) for one in two] == [Outcome.AGAIN] * 3
    take(
        cast,
        Filled(people="4", more="<help>no</help><spot><photo/><point/><width>5.0</width></spot>", base=two[side].id),
    )
    assert now_of(cast)[0]["spot"] == {"width": "5.0"}
    # Who comes late and did not know of the decision is flagged again, and the decision stands meanwhile.
    late = two[3 - side].id
    take(cast, Filled(people="4", more="<help>no</help><spot><photo/><point/><width>6.0</width></spot>", base=late))
    assert [one.path for one in contested_for(cast.district_head)[0].questions] == ["spot/width"]
    assert audit_submissions() == audit_versions() == []


@pytest.mark.parametrize(
    ("_case", "changes"),
    [("another door", {"place": OTHER_DOOR}), ("an id that is not here", {"base": "uuid:lost"}), ("itself", {"base": "", "id": "uuid:x"})],
)  # fmt: skip
def test_what_is_no_version_of_it_stands_by_itself(
    cast: Cast, needs: Form, _case: str, changes: dict[str, str]
) -> None:
    first = Filled()
    take(cast, first)
    other = Filled(**{"people": "9", "base": first.id, **changes})
    other.base = other.id if _case == "itself" else other.base
    assert take(cast, other) == Outcome.TAKEN
    assert [row.standing for row in rows()] == ["STANDS", "STANDS"]
    assert audit_versions() == []


def test_nobody_changes_what_lies_on_another_ground(cast: Cast, needs: Form) -> None:
    """The base is named by its id alone: it is only ever one with what is about the same door, in the sender's area."""
    city = Actor(label="x", acts=frozenset({"visit.submit"}), scope=cast.city_commander.scope)
    there = Filled(place=OTHER_DOOR)
    take(cast, there, by=city)
    take(cast, Filled(people="9", base=there.id))
    assert [one["people"] for one in now_of(cast)] == [3, 9]
    with pytest.raises(FormNotOpen):
        take(cast, Filled(place=NEXT_DOOR, base=there.id))
    assert len(rows()) == 2


def test_a_version_that_is_replaced_takes_its_changes_with_it(cast: Cast, needs: Form) -> None:
    first, second, third = chain()
    for one in (first, second, third):
        take(cast, one)
    assert take(cast, Filled(id=first.id, people="7", more="<help>no</help>")) == Outcome.DISPUTED
    waiting = next(row for row in rows() if row.standing == "DISPUTED")
    decide_dispute(waiting, decision="REPLACED", by=cast.district_head, at=cast.at)
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "轮椅"}]
    assert [row.standing for row in rows()] == ["SET_ASIDE", "CHANGE", "CHANGE", "STANDS"]
    assert {row.record_id for row in rows() if row.standing == "CHANGE"} == {waiting.pk}
    other = Filled(id=second.id, people="8", more="<help>no</help>", base=first.id)
    assert take(cast, other) == Outcome.DISPUTED
    decide_dispute(rows()[-1], decision="REPLACED", by=cast.district_head, at=cast.at)
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "轮椅"}]
    assert audit_submissions() == audit_versions() == []


def test_what_is_left_of_a_record_stands_when_the_first_is_erased(cast: Cast, needs: Form) -> None:
    first, second, third = chain()
    take(cast, first)
    take(cast, second, at=cast.at + timedelta(days=1))
    take(cast, third, at=cast.at + timedelta(days=2))
    eraser = Actor.system("erase", acts=["form.erase"])
    assert erase_submissions(by=eraser, at=cast.at + timedelta(days=365, hours=1)) == 1
    assert now_of(cast) == [{"people": 4, "help": "yes", "why": "轮椅"}]
    assert [(row.standing, row.instance_id) for row in rows()] == [("STANDS", second.id), ("CHANGE", third.id)]
    assert audit_versions() == []
    assert erase_submissions(by=eraser, at=cast.at + timedelta(days=368)) == 2
    assert rows() == []


def test_a_record_takes_so_many_versions_and_no_more(cast: Cast, needs: Form, monkeypatch) -> None:
    monkeypatch.setattr(versions, "MOST_VERSIONS", 3)
    sent = chain()
    for one in sent:
        take(cast, one)
    with pytest.raises(TooManyVersions):
        take(cast, Filled(base=sent[2].id))
    assert len(rows()) == 3


def test_the_audit_finds_a_record_that_is_not_what_its_versions_say(cast: Cast, needs: Form) -> None:
    for one in chain():
        take(cast, one)
    every = Submission.objects.everywhere("a test")
    first = rows()[0]
    every.filter(pk=first.pk).update(merged={**first.merged, "people": 40})
    assert audit_versions() == [f"record {first.pk} is not what its versions are together"]
    every.filter(pk=first.pk).update(merged=first.merged)
    every.filter(standing="CHANGE").update(record=None)
    assert len(audit_versions()) == 1


def test_versions_that_come_at_once_are_all_in_the_record(shared: Cast) -> None:
    first = Filled(more="<needs>food</needs>")
    editors = [Filled(people=str(n), more="<needs>food</needs>", base=first.id) for n in range(10, 15)]
    sent = [first, *editors, *[Filled(people="20", base=one.id) for one in editors]]
    assert set(at_once(*[lambda one=one: take(shared, one) for one in sent])) == {None}
    assert sorted(row.standing for row in rows()) == ["CHANGE"] * 10 + ["STANDS"]
    assert by_id(first).merged == {"place": first.place, "people": 20}
    assert audit_versions() == []


@pytest.mark.row("SCR-2")
def test_the_page_shows_both_sides_and_decides(cast: Cast, two: tuple[Filled, ...]) -> None:
    for one in two:
        take(cast, one)
    record = by_id(two[0])
    client = cast.client("district_head")
    page = client.get("/forms/disputes", headers={"Accept-Language": "en"}).content.decode()
    assert all(text in page for text in ("Answered differently by two", "2.0", "3.0", "spot/width"))
    address = f"/forms/disputes/{record.pk}/choose"
    body = {"question": "spot/width", "version": two[2].id}
    assert cast.client("neighbour_head").post(address, body).status_code == 404
    assert cast.client("worker").post(address, body).status_code == 403
    assert client.post(address, body | {"version": "x"}).status_code == 400
    assert by_id(two[0]).contested
    assert client.post(address, body).status_code == 302
    assert now_of(cast)[0]["spot"] == {"width": "3.0"}
    assert client.post(address, body).status_code == 409
    assert "3.0" not in client.get("/forms/disputes").content.decode()


def test_of_a_sensitive_question_only_that_it_differs_is_shown(cast: Cast, needs: Form) -> None:
    first = Filled(more="<why>无</why>")
    take(cast, first)
    for word in ("轮椅", "拐杖"):
        take(cast, Filled(more=f"<why>{word}</why>", base=first.id))
    FieldEntry.objects.create(
        code="aid", name="aid", name_en="aid", kind="TEXT", about="DOOR", source="s", source_en="s", retention_days=9,
        owner=cast.unit("5101:lead-body"), sensitivity="HEALTH", valid_from=cast.at.date(),
    )  # fmt: skip
    FormQuestion.objects.create(form=needs, order=1, path="/data/why", kind="text", labels={"zh": "何种帮助"}, field_code="aid")  # fmt: skip
    page = cast.client("district_head").get("/forms/disputes").content.decode()
    assert "何种帮助" in page
    assert not any(word in page for word in ("轮椅", "拐杖"))


def test_of_a_repeated_group_with_a_name_in_it_only_that_it_differs_is_shown(cast: Cast, needs: Form) -> None:
    """Red line 5: a repeated group is one answer, so it is masked with what stands in it."""
    first = Filled()
    take(cast, first)
    for word in ("张三", "李四"):
        take(cast, Filled(more=f"<pet><kind>{word}</kind></pet>", base=first.id))
    seed_fields(cast.unit("5101:lead-body"), by=cast.lead, at=cast.at)
    FormQuestion.objects.create(form=needs, order=1, path="/data/pet/kind", kind="text", labels={}, field_code="person_name")  # fmt: skip
    ((question,),) = (one.questions for one in contested_for(cast.district_head))
    assert (question.path, question.masked, [side.text for side in question.sides]) == ("pet", True, ["", ""])
