from datetime import timedelta
from typing import Any

import pytest

from qipan.access.testing import Cast
from qipan.forms.actions import (
    BeyondValidity,
    ClosesTooEarly,
    FormNotValid,
    NumberInUse,
    PassportIncomplete,
    PersonFormUnderStanding,
    SubjectUnknown,
    ValidityBackwards,
)
from qipan.forms.api import Form, FormOpening, close_forms, get_form, open_form, open_forms, publish_form, seed_forms
from qipan.forms.queries import opened as reading
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from .conftest import Entry

HERE, NEXT = range_of("510104"), range_of("510105")


@pytest.fixture
def posture(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The posture that the room above would answer; ``asked`` keeps what it was asked."""
    told: dict[str, Any] = {"kind": None, "asked": []}

    def kind_on(ranges: list[Range], at: object, drill: bool) -> str | None:
        told["asked"].append((tuple(ranges), drill))
        return told["kind"]

    monkeypatch.setattr(reading, "_posture", [kind_on])
    return told


def passport(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {
        "code": "door-screening",
        "title": "入户排查表",
        "title_en": "Door screening form",
        "subject": "DOOR",
        "number": "QP-1",
        "issuer": cast.unit("5101:lead-body"),
        "approval": "approval 7",
        "basis": "Statistics Law, art. 17",
        "purpose": "coverage by door",
        "valid_from": cast.at,
        "valid_to": cast.at + timedelta(days=30),
        "by": cast.lead,
        "at": cast.at,
        **changes,
    }


def opened(cast: Cast, form: Form, **changes: Any) -> list[FormOpening]:
    terms: dict[str, Any] = {
        "grounds": [HERE],
        "closes_at": cast.at + timedelta(days=3),
        "by": cast.city_commander,
        "at": cast.at,
        "drill": False,
    }
    return open_form(form, **{**terms, **changes})


def test_a_form_with_its_full_passport_is_published_and_recorded(cast: Cast) -> None:
    form = publish_form(**passport(cast))
    assert (form.version, form.number, str(form.subject)) == (1, "QP-1", "DOOR")
    assert get_form("door-screening", at=cast.at) == form
    entry = Entry.objects.get(act="forms.publish_form")
    assert entry.data["number"] == "QP-1"
    assert publish_form(**passport(cast)).version == 2


@pytest.mark.parametrize("name", ["number", "issuer", "approval", "basis", "purpose", "valid_from", "valid_to"])
def test_without_a_part_of_the_passport_nothing_is_published(cast: Cast, name: str) -> None:
    empty = None if name in ("issuer", "valid_from", "valid_to") else " "
    with pytest.raises(PassportIncomplete, match=r"统计法|Statistics Law 2024, art\. 17") as refused:
        publish_form(**passport(cast, **{name: empty}))
    assert refused.value.data["field"] == name
    assert Form.objects.count() == 0
    assert not Entry.objects.filter(act="forms.publish_form").exists()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"subject": "FAMILY"}, SubjectUnknown),
        ({"valid_to_days": 0}, ValidityBackwards),
        ({"code": "another", "number": "QP-1"}, NumberInUse),
        ({"by": "dispatcher"}, NotAllowed),
    ],
)
def test_what_else_keeps_a_form_unpublished(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    publish_form(**passport(cast))
    if "valid_to_days" in changes:
        changes = {"valid_to": cast.at}
    if "by" in changes:
        changes = {"by": getattr(cast, changes["by"])}
    with pytest.raises(refusal):
        publish_form(**passport(cast, **changes))
    assert Form.objects.count() == 1


def test_a_form_is_open_from_its_opening_until_before_its_close(cast: Cast) -> None:
    form = publish_form(**passport(cast))
    (opening,) = opened(cast, form)
    for place in (HERE, range_of("510104001001")):
        assert open_forms([place], at=cast.at) == [opening]
    assert open_forms([NEXT], at=cast.at) == []
    assert open_forms([HERE], at=cast.at - timedelta(seconds=1)) == []
    assert open_forms([HERE], at=opening.closes_at - timedelta(seconds=1)) == [opening]
    assert open_forms([HERE], at=opening.closes_at) == []


def test_closing_ends_it_once(cast: Cast) -> None:
    openings = opened(cast, publish_form(**passport(cast)), grounds=[HERE, NEXT])
    later = cast.at + timedelta(hours=1)
    assert close_forms(openings, by=cast.city_commander, at=later) == 2
    assert open_forms([HERE, NEXT], at=later) == []
    assert len(open_forms([HERE, NEXT], at=later - timedelta(seconds=1))) == 2
    assert close_forms(openings, by=cast.city_commander, at=later) == 0
    assert Entry.objects.filter(act="forms.close_forms").count() == 1


def test_an_expired_passport_opens_nothing_and_ends_what_is_open(cast: Cast) -> None:
    form = publish_form(**passport(cast))
    opened(cast, form, closes_at=form.valid_to)
    assert open_forms([HERE], at=form.valid_to) == []
    with pytest.raises(FormNotValid, match="QP-1"):
        opened(cast, form, at=form.valid_to, closes_at=form.valid_to + timedelta(days=1))
    assert FormOpening.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"by": "worker"}, NotAllowed),
        ({"by": "neighbour_head"}, NotFound),
        ({"grounds": []}, NotFound),
        ({"days": 31}, BeyondValidity),
        ({"days": 0}, ClosesTooEarly),
    ],
)
def test_what_keeps_a_form_closed(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    form = publish_form(**passport(cast))
    changes = dict(changes)
    if "by" in changes:
        changes["by"] = getattr(cast, changes["by"])
    if "days" in changes:
        changes["closes_at"] = cast.at + timedelta(days=changes.pop("days"))
    with pytest.raises(refusal):
        opened(cast, form, **changes)
    assert FormOpening.objects.count() == 0


def test_closing_needs_right_and_ground(cast: Cast) -> None:
    openings = opened(cast, publish_form(**passport(cast)))
    with pytest.raises(NotAllowed):
        close_forms(openings, by=cast.worker, at=cast.at)
    with pytest.raises(NotFound):
        close_forms(openings, by=cast.neighbour_head, at=cast.at)
    assert open_forms([HERE], at=cast.at) == openings


@pytest.mark.row("EMG-19")
def test_while_only_the_standing_posture_holds_no_form_about_persons_is_open(
    cast: Cast, posture: dict[str, Any]
) -> None:
    persons = publish_form(**passport(cast, code="contacts", number="QP-2", subject="PERSON"))
    doors = publish_form(**passport(cast))
    posture["kind"] = "STANDING"
    with pytest.raises(PersonFormUnderStanding):
        opened(cast, persons)
    assert FormOpening.objects.count() == 0
    (by_door,) = opened(cast, doors)
    posture["kind"] = "EMERGENCY"
    (by_person,) = opened(cast, persons)
    assert set(open_forms([HERE], at=cast.at)) == {by_door, by_person}
    # The emergency posture ends, the standing one stays: what was open about persons is so no more.
    posture["kind"] = "STANDING"
    assert open_forms([HERE], at=cast.at) == [by_door]
    assert posture["asked"][-1] == ((HERE,), False)


def test_the_sample_forms_are_published_once_and_say_that_they_are_samples(cast: Cast) -> None:
    lead = cast.unit("5101:lead-body")
    assert seed_forms(lead, by=cast.lead, at=cast.at) == 2
    assert seed_forms(lead, by=cast.lead, at=cast.at) == 0
    forms = Form.objects.order_by("code")
    assert [(form.code, form.subject) for form in forms] == [("door-screening", "DOOR"), ("unit-daily-status", "UNIT")]
    assert all(form.number.startswith("示例") and form.approval.startswith("示例") for form in forms)
