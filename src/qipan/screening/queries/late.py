"""Visits that arrived when their round was closed: kept with their doors, shown, and counted nowhere."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from django.db.models import Count, Max, QuerySet

from qipan.journal.api import entries_of
from qipan.kernel.actor import Scope

from ..models import LateVisit, SealedCampaign, Visit
from ..rules import batch_digest, content_of, microseconds, state_of
from ..terms import DoorState, Outcome


class LateLine(NamedTuple):
    """A late visit beside what the closed round says of its door; of the time only whether the round still ran."""

    place: int
    outcome: Outcome
    in_time: bool  # it was made while the round ran; only its arrival was late
    state: DoorState


def late_of(round_id: int, *, scope: Scope) -> QuerySet[LateVisit]:
    """This function will return the late visits of a round in a scope, by door."""
    return LateVisit.objects.within(scope).filter(round=round_id).order_by("place", "received_at", "pk")


def late_lines(round_id: int, *, scope: Scope, limit: int) -> list[LateLine]:
    """This function will return the first late visits of a round in a scope beside the states of their doors."""
    late = list(late_of(round_id, scope=scope).select_related("round")[:limit])
    rows = Visit.objects.within(scope).filter(round=round_id, place__in={one.place for one in late}).order_by()
    told = rows.values_list("place").annotate(highest=Max("outcome"), visits=Count("pk"))
    states = {place: state_of(highest, visits) for place, highest, visits in told}
    return [
        LateLine(
            one.place,
            Outcome(one.outcome),
            one.round.closed_at is not None and one.happened_at <= one.round.closed_at,
            states.get(one.place, DoorState.UNTOUCHED),
        )
        for one in late
    ]


def late_by_campaign() -> dict[int, int]:
    """This function will count the late visits that are held of each campaign."""
    rows = LateVisit.objects.everywhere("how much is held").order_by().values_list("round__campaign")
    return dict(rows.annotate(n=Count("pk")))


def audit_late() -> list[str]:
    """This function will take the digest of every upload's late visits again, from the rows, and return what differs."""
    said = {entry.subject.partition(":")[2]: entry.data for entry in entries_of("screening.keep_late")}
    differences, found = [], Counter[str]()
    for batch, late in _batches():
        entry = said.get(batch)
        if entry is None:
            differences.append(f"batch {batch}: {len(late)} late visits have no journal entry")
            continue
        found[batch] = len(late)
        for one in late:
            device_us = microseconds(one.happened_at) - entry["shift"]
            if content_of(one.round_id, one.place, one.outcome, device_us) != one.content:
                differences.append(f"late visit {one.visit_id.hex} of batch {batch} is not what was kept")
        whole = len(late) == entry["kept"]
        if len(late) > entry["kept"] or (
            whole and batch_digest((one.visit_id.hex, one.content) for one in late) != entry["digest"]
        ):
            differences.append(f"batch {batch}: the journal says {entry['kept']} late visits, there are others")
    missing = sum(entry["kept"] - found[batch] for batch, entry in said.items())
    gone = sum(SealedCampaign.objects.values_list("late", flat=True))
    if missing != gone:
        differences.append(f"{missing} late visits are missing, destructions took {gone}")
    return differences


def _batches() -> Iterator[tuple[str, list[LateVisit]]]:
    rows = LateVisit.objects.everywhere("an audit").order_by("batch", "pk")
    for batch, late in groupby(rows.iterator(chunk_size=2000), key=lambda one: one.batch):
        yield str(batch), list(late)
