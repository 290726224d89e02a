"""One answer about a person is read in full by whoever asked it or handed it in, for a reason, and the person sees it."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from qipan.access.testing import Cast
from qipan.forms.actions.owning import LookReasonNeeded, NotYoursToRead, read_answer
from qipan.forms.api import Form
from qipan.forms.models import AnswerLook, Submission
from qipan.forms.queries.own import open_answers
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from .conftest import Entry
from .test_own_answers import CODE, OTHER, counts, look, told
from .test_own_answers import cast as cast  # the city in which a form about persons is open
from .test_sealed import NUMBER
from .test_submissions import rows, take

LOOK = "/forms/health/answers/look"
TEXTS = (NUMBER, "高热")


def form() -> Form:
    return Form.objects.get(code="health")


def read(cast: Cast, name: str, row: Submission, *, why: str = "送药上门", drill: bool = False) -> Any:
    return read_answer(form(), row.pk, why=why, drill=drill, by=getattr(cast, name), at=now())


def test_one_answer_is_read_in_full_for_a_reason_that_the_person_sees(cast: Cast) -> None:
    """Red line 5."""
    take(cast, told("高热"))
    take(cast, told("正常", OTHER))
    client = cast.client("department")  # of the unit that asks
    address = look(cast, "department", "who needs a doctor")
    listed = client.get(address)
    first = rows()[0]
    assert [key for _line, key in listed.context["lines"]] == [rows()[1].pk, first.pk]
    assert not [text for text in TEXTS if text in listed.content.decode()]
    page = client.post(f"{LOOK}?{address.partition('?')[2]}", {"answer": first.pk, "why": "送药上门"})
    said = page.content.decode()
    assert page.status_code == 200 and page.context["read"] == [("身份证号", NUMBER), ("症状", "高热")]
    assert (
        "正常" not in said and "a doctor" in said and page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    )
    # What was read leaves no trace but who, when and why; the next look shows tokens again.
    assert not [text for text in TEXTS if text in client.get(address).content.decode()]
    file = client.get(address.replace("/answers?", "/answers.csv?")).content.decode()
    assert "⟦masked:HEALTH⟧" in file and NUMBER not in file
    listing, reading = AnswerLook.objects.order_by("pk")
    assert (listing.code_hash, reading.code_hash, reading.why) == ("", first.code_hash, "送药上门")
    entry = Entry.objects.get(act="forms.read_answer")
    assert (entry.data, entry.place) == ({"form": "health", "digest": first.digest}, None)
    mine, others = open_answers(CODE, now()), open_answers(OTHER, now())
    assert mine is not None and others is not None
    assert [(one.by_label, one.why) for one in mine.looks] == [
        (cast.department.label, "who needs a doctor"), (cast.department.label, "送药上门（看了您填报的原文）"),
    ]  # fmt: skip
    assert [one.why for one in others.looks] == ["who needs a doctor"]
    assert "送药上门（看了您填报的原文）" in Client().get(f"/my-data/{CODE}").content.decode()


def test_the_unit_that_handed_it_in_reads_it_too(cast: Cast) -> None:
    take(cast, told("高热"), by=cast.worker)
    assert rows()[0].unit_id == cast.worker.unit_id
    assert read(cast, "worker", rows()[0]) == [("身份证号", NUMBER), ("症状", "高热")]
    assert AnswerLook.objects.get().by_label == cast.worker.label


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("district_head", NotYoursToRead),  # sees the screening as a whole, and asks for nothing here
        ("city_commander", NotYoursToRead),
        ("neighbour_dispatcher", NotFound),  # another ground
        ("neighbour_worker", NotFound),
        ("screener", NotYoursToRead),  # a pass is in whoever's hand
        ("stranger", NotAllowed),
    ],
)
def test_nobody_else_reads_it_and_nothing_is_written(cast: Cast, name: str, refusal: type[Refusal]) -> None:
    take(cast, told("高热"))
    (row,), before = rows(), counts()
    with pytest.raises(refusal):
        read(cast, name, row)
    assert counts() == before


def test_a_partner_reads_nothing_though_it_were_its_own(cast: Cast) -> None:
    take(cast, told("高热"))
    guard = cast.guard
    Submission.objects.everywhere("a test").update(unit=guard.unit_id)
    before = counts()
    with pytest.raises(Refusal):
        read(cast, "guard", rows()[0])
    assert counts() == before


def test_what_is_no_answer_of_these_is_missing_and_a_reason_is_needed(cast: Cast) -> None:
    take(cast, told("高热"))
    (row,), before = rows(), counts()
    with pytest.raises(NotFound):
        read(cast, "department", row, drill=True)
    with pytest.raises(LookReasonNeeded):
        read(cast, "department", row, why="  ")
    client = cast.client("department")
    for body, status in (
        ({"answer": row.pk, "why": " "}, 400),
        ({"answer": "x", "why": "送药"}, 400),
        ({"answer": 2**63, "why": "送药"}, 400),
        ({"answer": row.pk + 1, "why": "送药"}, 404),
    ):
        page = client.post(LOOK, body)
        assert (page.status_code, body, "高热" in page.content.decode()) == (status, body, False)
    assert cast.client("district_head").post(LOOK, {"answer": row.pk, "why": "送药"}).status_code == 403
    assert counts() == before


def test_an_answer_without_a_code_is_read_by_nobody(cast: Cast) -> None:
    """Nobody could show that person who read it."""
    take(cast, told("高热", ""))
    before = counts()
    with pytest.raises(NotYoursToRead):
        read(cast, "department", rows()[0])
    assert counts() == before
    address = look(cast, "department", "who needs a doctor")
    page = cast.client("department").get(address)
    assert (page.context["reads"], [key for _line, key in page.context["lines"]]) == (False, [None])


def test_who_read_it_is_erased_with_the_answer(cast: Cast) -> None:
    take(cast, told("高热"))
    take(cast, told("正常", OTHER))
    for row in rows():
        read(cast, "department", row)
    first, second = rows()
    assert Client().post(f"/my-data/{CODE}/wish", {"kind": "DELETE"}).status_code == 302
    wish = apps.get_model("retention", "Wish").objects.everywhere("a test").get()
    assert cast.client("department").post(f"/retention/wishes/{wish.pk}", {"grant": "1"}).status_code == 302
    assert [one.code_hash for one in AnswerLook.objects.all()] == [second.code_hash] != [first.code_hash]
