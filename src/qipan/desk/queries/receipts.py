"""Who has received, read, accepted and done what belongs to a source: exact, for any subtree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Q, Window
from django.db.models.functions import RowNumber

from qipan.duties.api import Unit
from qipan.kernel.actor import Scope
from qipan.kernel.place import Range
from qipan.kernel.sql import fetch
from qipan.territory.api import AreaView

from ..models import Task
from ..terms import TaskState


@dataclass(frozen=True)
class ReceiptRow:
    """Receipts in one area: how many were asked and how far they have come."""

    code: str
    asked: int = 0
    delivered: int = 0
    read: int = 0
    accepted: int = 0
    done: int = 0
    objected: int = 0


@dataclass(frozen=True)
class LeadTimes:
    """Seconds from a moment to delivery: half of the units, 95 % of them, and the last with its owner (EMG-6)."""

    asked: int
    delivered: int
    p50_s: float | None
    p95_s: float | None
    last_s: float | None
    last_owner: str


def unread(source: str, *, scope: Scope, after: tuple[int, int] | None = None, limit: int = 200) -> list[Task]:
    """This function will list who has not read a source's task, by place, with owners; recalled ones are left out.

    ``after`` is (place, id) of the last row seen; the next page begins behind it.
    """
    rows = Task.objects.within(scope).filter(source=source, read_at=None, closed_at=None)
    if after is not None:
        place, pk = after
        rows = rows.filter(Q(place__gt=place) | Q(place=place, pk__gt=pk), place__gte=place)
    return list(rows.select_related("owner", "owner__organ_type").order_by("place", "pk")[:limit])


def unread_count(source: str, *, scope: Scope) -> int:
    """This function will count exactly who has not read a source's task in a scope."""
    return Task.objects.within(scope).filter(source=source, read_at=None, closed_at=None).count()


TREE = """
WITH area (n, first, last) AS (VALUES {rows})
SELECT area.n, count(*), count(t.delivered_at), count(t.read_at), count(t.accepted_at),
    sum(CASE WHEN t.state = 'DONE' THEN 1 ELSE 0 END), sum(CASE WHEN t.state = 'OBJECTED' THEN 1 ELSE 0 END)
FROM area JOIN desk_task t ON t.source = %s AND t.place BETWEEN area.first AND area.last
GROUP BY area.n
"""


def receipt_tree(source: str, areas: Sequence[AreaView]) -> list[ReceiptRow]:
    """This function will count a source's receipts in each of the areas, in their order, in one query.

    Areas may lie inside each other: each counts all that stands on its ranges. The caller has cut
    them to what its reader may see.
    """
    ranges = [(n, ground.first, ground.last) for n, area in enumerate(areas) for ground in area.ranges]
    if not ranges:
        return [ReceiptRow(area.code) for area in areas]
    params: list[int | str] = [value for row in ranges for value in row]
    with connection.cursor() as cursor:
        cursor.execute(TREE.format(rows=", ".join(["(%s, %s, %s)"] * len(ranges))), [*params, source])
        counted = {row[0]: row[1:] for row in cursor.fetchall()}
    return [ReceiptRow(area.code, *counted.get(n, ())) for n, area in enumerate(areas)]


def receipts_of(sources: Sequence[str], *, scope: Scope) -> dict[str, ReceiptRow]:
    """This function will count the receipts of each source in a scope, in one query; what was recalled is left out."""
    rows = (
        Task.objects.within(scope)
        .filter(source__in=sources)
        .exclude(state=TaskState.RECALLED)
        .order_by()
        .values_list("source")
        .annotate(
            asked=Count("pk"),
            delivered=Count("delivered_at"),
            read=Count("read_at"),
            accepted=Count("accepted_at"),
            done=Count("pk", filter=Q(state=TaskState.DONE)),
            objected=Count("pk", filter=Q(state=TaskState.OBJECTED)),
        )
    )
    return {row[0]: ReceiptRow(*row) for row in rows}


BY_PLACE = """
SELECT place / {per} * {per}, count(*), count(delivered_at), count(read_at), max(delivered_at)
FROM desk_task WHERE source = %s AND state <> 'RECALLED' AND ({ground}) GROUP BY 1
"""


def receipts_by_place(
    source: str, *, per: int, ranges: Sequence[Range]
) -> list[tuple[int, int, int, int, datetime | str | None]]:
    """This function will count a source's receipts on a ground, grouped by the database to each ``per`` places:

    the group's first place, asked, delivered, read, the last delivery (as ``kernel.sql.moment_of`` reads it). The
    caller has cut the ground to its reader.
    """
    ground = " OR ".join(["place BETWEEN %s AND %s"] * len(ranges)) or "1 = 0"
    params: list[int | str] = [source, *(value for part in ranges for value in (part.first, part.last))]
    return fetch(BY_PLACE.format(per=int(per), ground=ground), params)


def lead_times(source: str, *, since: datetime) -> LeadTimes:
    """This function will measure the time from ``since`` (the decision) to delivery, up to the last node (EMG-6).

    Percentiles are the nearest rank among those delivered; None while nobody is.
    """
    tasks = Task.objects.everywhere("a measure of time, without names").filter(source=source)
    asked, delivered = tasks.aggregate(asked=Count("pk"), delivered=Count("delivered_at")).values()
    if not delivered:
        return LeadTimes(asked, 0, None, None, None, "")
    ranks = ((delivered + 1) // 2, (delivered * 95 + 99) // 100, delivered)
    ranked = (
        tasks.filter(delivered_at__isnull=False)
        .annotate(rank=Window(RowNumber(), order_by=["delivered_at", "pk"]))
        .filter(rank__in=ranks)
        .values_list("rank", "delivered_at", "owner_id")
    )
    found = {rank: ((moment - since).total_seconds(), owner) for rank, moment, owner in ranked if moment}
    p50, p95, last = (found[rank] for rank in ranks)
    return LeadTimes(asked, delivered, p50[0], p95[0], last[0], Unit.objects.get(pk=last[1]).label)
