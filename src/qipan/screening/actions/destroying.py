"""Destroying what a campaign collected at doors: its figures are proven and sealed first, then its rows go in steps.

What goes are the visits, late ones too, what was decided about them, and the doors of recounts. Counts of ten doors and more stay;
those of smaller groups are added to the area above them, so that every figure of a community and above is as before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.retention import Sealed, Taken, digest_of_lines

from ..models import (
    Campaign,
    Coverage,
    LateVisit,
    Recount,
    RecountDoor,
    RecountTally,
    Round,
    SealedCampaign,
    VisitConflict,
)
from ..queries import figures_of
from ..queries.coverage import STATE_COLUMNS
from ..rules import folding

COUNTS = ("doors", *STATE_COLUMNS.values(), "visits")
JUDGED = ("drawn", "same", "different", "unclear")
LAST_PLACE = 2**63 - 1


def seal_figures(campaign_id: int, *, by: Actor, at: datetime) -> Sealed:
    """This function will fold cells of fewer than ten doors into the area above, seal all figures, and record the seal.

    In the caller's transaction; once sealed, it returns the same seal again.
    """
    Campaign.objects.select_for_update().get(pk=campaign_id)
    known = SealedCampaign.objects.filter(campaign=campaign_id).first()
    if known is not None:
        return Sealed(known.cells, known.folded, known.digest)
    folded = _fold(Coverage, "round", Round.objects.filter(campaign=campaign_id), COUNTS)
    folded += _fold(RecountTally, "recount", Recount.objects.filter(round__campaign=campaign_id), JUDGED)
    digest, cells = figures_of(campaign_id)
    SealedCampaign.objects.create(campaign_id=campaign_id, digest=digest, cells=cells, folded=folded, sealed_at=at)
    data = {"digest": digest, "cells": cells, "folded": folded}
    record("screening.seal_campaign", subject=f"screening.Campaign:{campaign_id}", by=by, at=at, data=data)
    return Sealed(cells, folded, digest)


def _fold(model: Any, of: str, parents: Iterable[Any], counts: Sequence[str]) -> int:
    """Adds up what speaks of too few doors, in the area above it; returns how many rows went into another."""
    folded, rows = 0, model.objects.everywhere("folded before the rows behind them go")
    for parent in parents:
        mine = rows.filter(**{of: parent})
        for gone, up in folding(list(mine.values_list("place", counts[0]))):
            some = list(mine.filter(place__in=gone).values(*counts))
            added = {name: sum(row[name] for row in some) for name in counts}
            mine.filter(place__in=gone).delete()
            model.objects.create(**{of: parent}, place=up, **added)
            folded += len(gone)
    return folded


def take_rows(campaign_id: int, *, after: str, most: int, held: Sequence[Range]) -> Taken:
    """This function will destroy the next rows of a sealed campaign, in the caller's transaction."""
    phase, _colon, rest = (after or "visits:").partition(":")
    if phase == "visits":
        return _take_visits(campaign_id, rest, most=most, held=held)
    if phase == "doors":
        return _take_doors(campaign_id, int(rest or 0), most=most, held=held)
    if phase == "conflicts":
        return _take_conflicts(campaign_id, int(rest or 0), most=most, held=held)
    return _take_late(campaign_id, int(rest or 0), most=most, held=held)


def _among(held: Sequence[Range]) -> str:
    """The condition that a row lies under a hold; our own numbers, so they stand in the statement."""
    return " OR ".join(f"place BETWEEN {int(g.first)} AND {int(g.last)}" for g in held) or "1 = 0"


def _take_visits(campaign_id: int, rest: str, *, most: int, held: Sequence[Range]) -> Taken:
    rounds = list(Round.objects.filter(campaign=campaign_id).order_by("pk").values_list("pk", flat=True))
    current, _colon, place = rest.partition(":")
    round_id, behind = (int(current), int(place)) if current else (rounds[0] if rounds else 0, -1)
    if not rounds:
        return Taken("doors:", 0, 0, "")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT place FROM screening_visit WHERE round_id = %s AND place > %s ORDER BY place LIMIT 1 OFFSET %s",
            [round_id, behind, most - 1],
        )
        found = cursor.fetchone()
        until = found[0] if found else LAST_PLACE
        where = "round_id = %s AND place > %s AND place <= %s"
        skipped = 0
        if held:
            cursor.execute(
                f"SELECT count(*) FROM screening_visit WHERE {where} AND ({_among(held)})",  # noqa: S608
                [round_id, behind, until],
            )
            skipped = cursor.fetchone()[0]
        destroyed, digest = _delete_visits(cursor, where, [round_id, behind, until], held)
    SealedCampaign.objects.filter(campaign=campaign_id).update(visits=F("visits") + destroyed)
    if found:
        return Taken(f"visits:{round_id}:{until}", destroyed, skipped, digest)
    later = [one for one in rounds if one > round_id]
    return Taken(f"visits:{later[0]}:-1" if later else "doors:", destroyed, skipped, digest)


def _delete_visits(cursor: Any, where: str, values: list[int], held: Sequence[Range]) -> tuple[int, str]:
    """Deletes visits; returns how many and the SHA-256 of the lines "id:content" in the order of places and ids."""
    gone = f"DELETE FROM screening_visit WHERE {where} AND NOT ({_among(held)})"  # noqa: S608
    if connection.vendor == "postgresql":
        cursor.execute(
            f"WITH gone AS ({gone} RETURNING id, place, content)"  # noqa: S608 - our own numbers
            " SELECT count(*), encode(sha256(convert_to(string_agg(replace(id::text, '-', '') || ':' || content,"
            " E'\\n' ORDER BY place, id), 'UTF8')), 'hex') FROM gone",
            values,
        )
        count, digest = cursor.fetchone()
        return count, digest or ""
    cursor.execute(
        f"SELECT id, content FROM screening_visit WHERE {where} AND NOT ({_among(held)}) ORDER BY place, id",  # noqa: S608
        values,
    )
    lines = [f"{hex_id}:{content}" for hex_id, content in cursor.fetchall()]
    cursor.execute(gone, values)
    return len(lines), digest_of_lines(lines) if lines else ""


def _held(held: Sequence[Range]) -> Q:
    condition = Q(pk__in=[])
    for ground in held:
        condition |= Q(place__range=ground)
    return condition


def _take_doors(campaign_id: int, behind: int, *, most: int, held: Sequence[Range]) -> Taken:
    rows = RecountDoor.objects.everywhere("destroyed with their campaign").filter(recount__round__campaign=campaign_id)
    some = rows.filter(pk__gt=behind).order_by("pk")
    keys = list(some.values_list("pk", flat=True)[:most])
    left = set(rows.filter(_held(held), pk__in=keys).values_list("pk", flat=True)) if held else set()
    gone = [key for key in keys if key not in left]
    rows.filter(pk__in=gone).delete()
    digest = digest_of_lines([f"recount door {key}" for key in gone]) if gone else ""
    return Taken(f"doors:{keys[-1]}" if len(keys) == most else "conflicts:", len(gone), len(left), digest)


def _take_conflicts(campaign_id: int, behind: int, *, most: int, held: Sequence[Range]) -> Taken:
    rounds = list(Round.objects.filter(campaign=campaign_id).values_list("pk", flat=True))
    rows = VisitConflict.objects.everywhere("destroyed with their campaign").filter(payload__round__in=rounds)
    some = list(rows.filter(pk__gt=behind).order_by("pk")[:most])
    left = [one for one in some if any(one.place in ground for ground in held)]
    gone = [one for one in some if one not in left]
    displaced = sum(1 for one in gone if one.replaced)
    rows.filter(pk__in=[one.pk for one in gone]).delete()
    SealedCampaign.objects.filter(campaign=campaign_id).update(displaced=F("displaced") + displaced)
    digest = digest_of_lines([f"{one.visit_id.hex}:{one.content}" for one in gone]) if gone else ""
    return Taken(f"conflicts:{some[-1].pk}" if len(some) == most else "late:", len(gone), len(left), digest)


def _take_late(campaign_id: int, behind: int, *, most: int, held: Sequence[Range]) -> Taken:
    rows = LateVisit.objects.everywhere("destroyed with their campaign").filter(round__campaign=campaign_id)
    some = list(rows.filter(pk__gt=behind).order_by("pk")[:most])
    left = [one for one in some if any(one.place in ground for ground in held)]
    gone = [one for one in some if one not in left]
    rows.filter(pk__in=[one.pk for one in gone]).delete()
    SealedCampaign.objects.filter(campaign=campaign_id).update(late=F("late") + len(gone))
    digest = digest_of_lines([f"{one.visit_id.hex}:{one.content}" for one in gone]) if gone else ""
    return Taken(f"late:{some[-1].pk}" if len(some) == most else None, len(gone), len(left), digest)
