"""Deciding which of two different visits under one id stands."""

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import compound_of
from qipan.kernel.refusal import NotFound, Refusal

from ..models import Coverage, Round, Visit, VisitConflict
from ..queries.coverage import STATE_COLUMNS
from ..rules import batch_digest, microseconds, moment_of, state_of_outcomes
from ..terms import Decision, DoorState

Door = tuple[int, int]  # round, place


class AlreadyDecided(Refusal):
    code = "already_decided"
    sentence = _("The conflict is decided already.")


class UnknownDecision(Refusal):
    code = "unknown_decision"
    sentence = _("Decide to keep the first one or to replace it.")
    status = 400


class RoundOver(Refusal):
    code = "round_over"
    sentence = _("A round that the visit belongs to is closed; its figures stand.")


@transaction.atomic
def decide_conflict(conflict: VisitConflict, *, decision: str, by: Actor, at: datetime) -> VisitConflict:
    """This function will keep the visit that came first, or put the other in its place and recount its doors.

    The one that is replaced stays in the conflict's row, so that the digest of its batch can still
    be taken. Raises ``NotAllowed``, ``NotFound``, ``AlreadyDecided``, ``UnknownDecision``, ``RoundOver``.
    """
    if conflict.place not in by.scope:
        raise NotFound
    by.require("conflict.decide")
    if decision not in Decision.values:
        raise UnknownDecision
    found = VisitConflict.objects.everywhere("the ground was checked above")
    conflict = found.select_for_update().get(pk=conflict.pk)
    if conflict.decided_at is not None:
        raise AlreadyDecided
    if decision == Decision.REPLACED:
        _replace(conflict, by=by, at=at)
    conflict.decided_at, conflict.decided_by, conflict.decision = at, by.label, decision
    conflict.save(update_fields=["decided_at", "decided_by", "decision", "replaced"])
    record(
        "screening.decide_conflict",
        subject=conflict,
        place=conflict.place,
        by=by,
        at=at,
        data={"visit": str(conflict.visit_id), "content": conflict.content, "decision": decision},
        drill=Round.objects.select_related("campaign").get(pk=conflict.payload["round"]).campaign.drill,
    )
    return conflict


def _replace(conflict: VisitConflict, *, by: Actor, at: datetime) -> None:
    visit = Visit.objects.everywhere("the ground was checked above").select_for_update().get(pk=conflict.visit_id)
    said = conflict.payload
    doors: list[Door] = sorted({(visit.round_id, visit.place), (said["round"], conflict.place)})
    if any(place not in by.scope for _round, place in doors):
        raise NotFound
    if Round.objects.filter(pk__in=[door[0] for door in doors], closed_at__isnull=False).exists():
        raise RoundOver
    # The same locks in the same order as the ingest path takes them.
    for round_id, compound in sorted({(round_id, compound_of(place)) for round_id, place in doors}):
        Coverage.objects.everywhere("a lock").select_for_update().get(round=round_id, place=compound)
    was = {door: _state(door) for door in doors}
    moved_from = (visit.round_id, visit.place)
    conflict.replaced = {
        "batch": str(visit.batch),
        "content": visit.content,
        "round": visit.round_id,
        "place": visit.place,
        "team": visit.team_id,
        "outcome": visit.outcome,
        "happened_us": microseconds(visit.happened_at),
        "received_us": microseconds(visit.received_at),
    }
    visit.round_id, visit.place, visit.team_id = said["round"], conflict.place, conflict.team_id
    visit.outcome, visit.happened_at = said["outcome"], moment_of(said["happened_us"])
    visit.received_at, visit.content, visit.batch = conflict.received_at, conflict.content, uuid7()
    visit.save()
    for door in doors:
        visits = (door == (visit.round_id, visit.place)) - (door == moved_from)
        _recount(door, was=was[door], now=_state(door), visits=visits, at=at)
    # The new content is a batch of one, so that the audit finds a digest for every visit.
    record(
        "screening.store_visits",
        subject=f"screening.Batch:{visit.batch}",
        by=by,
        at=at,
        data={"digest": batch_digest([(visit.id.hex, visit.content)]), "shift": said["shift_us"], "stored": 1},
        drill=Round.objects.select_related("campaign").get(pk=visit.round_id).campaign.drill,
    )


def _state(door: Door) -> DoorState:
    rows = Visit.objects.everywhere("one door").filter(round=door[0], place=door[1])
    return state_of_outcomes(rows.values_list("outcome", flat=True))


def _recount(door: Door, *, was: DoorState, now: DoorState, visits: int, at: datetime) -> None:
    """This function will move one door from a state to another in its compound's counters."""
    changes = {"visits": visits}
    for state, step in ((was, -1), (now, 1)):
        if state in STATE_COLUMNS:
            changes[STATE_COLUMNS[state]] = changes.get(STATE_COLUMNS[state], 0) + step
    setters = ", ".join(f"{column} = {column} + %s" for column in changes)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE screening_coverage SET {setters}, changed_at = %s WHERE round_id = %s AND place = %s",  # noqa: S608
            [*changes.values(), connection.ops.adapt_datetimefield_value(at), door[0], compound_of(door[1])],
        )
