"""Legal holds and the list of backups: what is refused, and that nothing was written then (art. 85)."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from qipan.access.testing import Cast, make_city
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.territory.api import merge_area

from ..actions.holding import (
    AssessmentMissing,
    BackupUnnamed,
    EndsInThePast,
    HoldOver,
    lift_hold,
    note_backup,
    place_hold,
)
from ..actions.preparing import ReasonNeeded
from ..models import Backup, DueLot, Hold
from ..queries import grounds_held, holds_for

Entry = apps.get_model("journal", "Entry")


@pytest.fixture
def cast(db: None) -> Cast:
    return make_city()


def lot(cast: Cast, area: str = "510104") -> DueLot:
    return DueLot.objects.create(
        model="screening.Visit", key="screening.Campaign:1", title="Round 1", rows=9, grounds=[list(range_of(area))],
        began=cast.at, due=cast.at, seen_at=cast.at,
    )  # fmt: skip


def place(cast: Cast, **changes: Any) -> Hold:
    given = {
        "area": "510104001", "assessment": " A-1 ", "why": " before the court ", "until": cast.at + timedelta(days=9),
        "by": cast.lead, "at": cast.at,
    }  # fmt: skip
    return place_hold(DueLot.objects.get(), **{**given, **changes})


def written() -> tuple[int, int, int]:
    return Hold.objects.count(), Backup.objects.count(), Entry.objects.count()


def test_a_hold_says_what_is_held_by_which_assessment_why_and_until_when(cast: Cast) -> None:
    lot(cast)
    hold, ground = place(cast), range_of("510104001")
    assert (hold.model, hold.key, hold.title) == ("screening.Visit", "screening.Campaign:1", "Round 1")
    assert (hold.area, hold.ranges) == ("510104001", (ground,))
    assert (hold.assessment, hold.why, hold.until) == ("A-1", "before the court", cast.at + timedelta(days=9))
    assert Entry.objects.get(act="retention.place_hold").data == {
        "lot": "screening.Visit screening.Campaign:1",
        "area": "510104001",
        "assessment": "A-1",
        "until": (cast.at + timedelta(days=9)).isoformat(),
    }


def test_a_hold_on_an_area_keeps_what_was_merged_into_it_too(cast: Cast) -> None:
    lot(cast)
    merge_area("510104001", into="510104002", on=cast.at.date(), by=cast.admin, at=cast.at)
    hold = place(cast, area="510104002")
    both = Range(range_of("510104001").first, range_of("510104002").last)
    assert not both.without(hold.ranges)
    assert grounds_held("screening.Visit", cast.at) == {"screening.Campaign:1": list(hold.ranges)}
    assert [one.pk for one in holds_for(cast.lead, at=cast.at)] == [hold.pk]
    with pytest.raises(NotFound):
        place(cast, area="510104001")  # the map has it no more


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"by": "city_commander"}, NotAllowed),  # who prepares a destruction holds nothing back
        ({"by": "worker"}, NotAllowed),
        ({"area": "510105"}, NotFound),  # nothing of the lot lies there
        ({"area": "999999"}, NotFound),
        ({"assessment": "  "}, AssessmentMissing),
        ({"why": ""}, ReasonNeeded),
        ({"until": None}, EndsInThePast),
        ({"until": 0}, EndsInThePast),
        ({"until": -1}, EndsInThePast),
    ],
)
def test_a_hold_that_is_refused_is_not_written(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    lot(cast)
    before, changes = written(), dict(changes)
    if "by" in changes:
        changes["by"] = getattr(cast, changes["by"])
    if isinstance(changes.get("until"), int):
        changes["until"] = cast.at + timedelta(seconds=changes["until"])
    with pytest.raises(refusal):
        place(cast, **changes)
    assert written() == before


def test_a_hold_beyond_the_own_ground_looks_missing(cast: Cast) -> None:
    lot(cast)
    hold, before = place(cast), written()
    neighbour = cast.neighbour_dispatcher
    there = type(neighbour)(label="x", acts=frozenset({"destruction.hold"}), scope=neighbour.scope)
    with pytest.raises(NotFound):
        place(cast, by=there)
    with pytest.raises(NotFound):
        lift_hold(hold, by=there, at=cast.at)
    assert written() == before and Hold.objects.get().lifted_at is None


def test_a_hold_ends_once(cast: Cast) -> None:
    lot(cast)
    hold = place(cast)
    with pytest.raises(NotAllowed):
        lift_hold(hold, by=cast.city_commander, at=cast.at)
    before = written()
    with pytest.raises(HoldOver):  # its time is over, so there is nothing to end
        lift_hold(hold, by=cast.lead, at=hold.until)
    assert written() == before and Hold.objects.get().lifted_at is None
    lifted = lift_hold(hold, by=cast.lead, at=cast.at + timedelta(days=1))
    assert (lifted.lifted_at, lifted.lifted_by) == (cast.at + timedelta(days=1), cast.lead.label)
    before = written()
    with pytest.raises(HoldOver):
        lift_hold(hold, by=cast.lead, at=cast.at + timedelta(days=2))
    assert written() == before and Hold.objects.get().lifted_at == lifted.lifted_at


def backup(cast: Cast, **changes: Any) -> Backup:
    given = {
        "name": "night 1", "where": "vault", "made_at": cast.at, "lives_until": cast.at + timedelta(days=30),
        "by": cast.city_commander, "at": cast.at,
    }  # fmt: skip
    return note_backup(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"by": "lead"}, NotAllowed),  # who holds data back prepares no destruction
        ({"name": " "}, BackupUnnamed),
        ({"where": ""}, BackupUnnamed),
        ({"made_at": None}, BackupUnnamed),
        ({"lives_until": None}, EndsInThePast),
        ({"lives_until": 0}, EndsInThePast),
    ],
)
def test_a_backup_that_is_refused_is_not_listed(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    before, changes = written(), dict(changes)
    if "by" in changes:
        changes["by"] = getattr(cast, changes["by"])
    if changes.get("lives_until") == 0:
        changes["lives_until"] = cast.at
    with pytest.raises(refusal):
        backup(cast, **changes)
    assert written() == before


def test_a_backup_is_listed_with_where_it_lies_and_until_when(cast: Cast) -> None:
    made = backup(cast)
    assert (made.name, made.where, made.made_at) == ("night 1", "vault", cast.at)
    assert (made.lives_until, made.by_label) == (cast.at + timedelta(days=30), cast.city_commander.label)
    assert Entry.objects.filter(act="retention.note_backup").count() == 1


@pytest.mark.parametrize("path", ["/retention/holds", "/retention/backups"])
def test_the_pages_say_what_is_missing_and_write_nothing(cast: Cast, path: str) -> None:
    made = lot(cast)
    holds = path.endswith("holds")
    before, client = written(), cast.client("lead" if holds else "city_commander")
    sent = {"lot": made.pk, "area": "510104001"} if holds else {"name": "night 1"}
    answer = client.post(path, sent, headers={"Accept-Language": "en"})
    said = "give its number" if holds else "Name the backup and where it lies."
    assert answer.status_code == 400 and said in answer.content.decode()
    assert cast.client("worker").post(path, sent).status_code == 403
    assert written() == before
