"""What is left: the doors of a round that are not settled, exactly, in the order of their places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal
from qipan.kernel.sql import moment_of

from ..models import SealedCampaign
from ..rules import NEXT_STEP, check_again_at, state_of
from ..terms import DoorState, NextStep, Outcome
from .coverage import _JOIN, SETTLED_SUM, STATE_COLUMNS


class VisitsDestroyed(Refusal):
    """Without the visits every door would look untouched, which would be a lie."""

    code = "visits_destroyed"
    sentence = _(
        "The visits of this campaign are destroyed, as the law asks; its figures stay, its doors are not told any more."
    )
    status = 410


class DoorLeft(NamedTuple):
    """A door that is not settled: its place, its state, how often somebody came."""

    place: int
    state: DoorState
    attempts: int

    @property
    def next_step(self) -> NextStep:
        """What is to be done there next."""
        return NEXT_STEP[self.state]


class DoorLine(NamedTuple):
    """A door as a team sees it on the phone."""

    place: int
    building: str
    entrance: str
    label: str
    state: DoorState
    attempts: int
    received_at: datetime | None  # the last visit that the server has

    @property
    def next_step(self) -> NextStep:
        """What is to be done there next."""
        return NEXT_STEP[self.state]


@dataclass(frozen=True)
class Recheck:
    """A door that is presumed vacant, and when it is to be checked again."""

    place: int
    due_at: datetime


_UNSETTLED_HAVING = (
    "max(v.outcome) IS NULL OR max(v.outcome) IN (4, 5) OR (max(v.outcome) = 1 AND count(v.id) < 3)"  # rules.state_of
)


def _ranges_sql(ranges: Iterable[Range], column: str) -> tuple[str, list[int]]:
    """This function will return the condition that a column lies in one of the ranges; none is nowhere."""
    parts = list(ranges)
    if not parts:
        return "1 = 0", []
    sql = " OR ".join(f"{column} BETWEEN %s AND %s" for _part in parts)
    return f"({sql})", [bound for part in parts for bound in part]


def _fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _compounds_left(round_id: int, scope: Scope, after: int, limit: int) -> list[int]:
    """This function will return the compounds, in order, that hold the next ``limit`` unsettled doors."""
    within, bounds = _ranges_sql((Range(g.first - g.first % 10_000, g.last) for g in scope.ranges), "place")
    compounds, found = [], 0
    start = after - after % 10_000
    while found < limit:
        rows = _fetch(
            f"SELECT place, doors - ({SETTLED_SUM}) FROM screening_coverage WHERE round_id = %s AND place >= %s"  # noqa: S608
            f" AND {within} AND doors > {SETTLED_SUM} ORDER BY place LIMIT 200",
            [round_id, start, *bounds],
        )
        for place, unsettled in rows:
            compounds.append(place)
            # The compound of ``after`` may lie behind it wholly; so may the part outside the scope.
            found += 0 if place <= after or not scope.covers(Range(place, place + 9_999)) else unsettled
            if found >= limit:
                break
        if len(rows) < 200:
            break
        start = rows[-1][0] + 1
    return compounds


def is_destroyed(round_id: int) -> bool:
    """This function will say whether the visits of a round's campaign are destroyed, or are being destroyed."""
    return SealedCampaign.objects.filter(campaign__rounds=round_id).exists()


def left(round_id: int, *, scope: Scope, after: int | None = None, limit: int = 100) -> list[DoorLeft]:
    """This function will return up to ``limit`` doors in a scope that the round has not settled, after a place.

    Compounds in which nothing is left are skipped by their counters, so the last page costs what
    the first did. Exact: not yet visited, nobody home once or twice, appointment, language help.
    Raises ``VisitsDestroyed``.
    """
    if is_destroyed(round_id):
        raise VisitsDestroyed
    after = after or 0
    compounds = _compounds_left(round_id, scope, after, limit)
    within, bounds = _ranges_sql(scope.ranges, "d.place")
    result: list[DoorLeft] = []
    for at in range(0, len(compounds), 50):
        chunk = compounds[at : at + 50]
        inside, chunk_bounds = _ranges_sql((Range(place, place + 9_999) for place in chunk), "d.place")
        rows = _fetch(
            "SELECT d.place, max(v.outcome), count(v.id) FROM territory_door d"  # noqa: S608
            " LEFT JOIN screening_visit v ON v.round_id = %s AND v.place = d.place"
            f" WHERE {inside} AND {within} AND d.place > %s"
            f" GROUP BY d.place HAVING {_UNSETTLED_HAVING} ORDER BY d.place LIMIT %s",
            [round_id, *chunk_bounds, *bounds, after, limit - len(result)],
        )
        result += [DoorLeft(place, state_of(highest, visits), visits) for place, highest, visits in rows]
        if len(result) >= limit:
            break
    return result


def count_left(round_id: int, *, scope: Scope) -> int:
    """This function will count the doors of a round in a scope that are not settled, from the rows."""
    within, bounds = _ranges_sql(scope.ranges, "d.place")
    rows = _fetch(
        "SELECT count(*) FROM (SELECT d.place FROM territory_door d"  # noqa: S608
        " JOIN screening_coverage c ON c.round_id = %s AND c.place = d.place - d.place %% 10000"
        " LEFT JOIN screening_visit v ON v.round_id = %s AND v.place = d.place"
        f" WHERE {within} GROUP BY d.place HAVING {_UNSETTLED_HAVING}) AS undone",
        [round_id, round_id, *bounds],
    )
    return int(rows[0][0])


def doors_of_team(team_id: int, round_id: int) -> list[DoorLine]:
    """This function will return the doors that a team visits in a round, by place, with the state of each."""
    join = _JOIN[connection.vendor]  # from the team's grounds to their doors, never through all doors
    rows = _fetch(
        "SELECT d.place, d.building, d.entrance, d.label, max(v.outcome), count(v.id), max(v.received_at)"  # noqa: S608
        f" FROM screening_assignment a {join} territory_door d ON d.place BETWEEN a.first AND a.last"
        f" {join} screening_coverage c ON c.round_id = a.round_id AND c.place = d.place - d.place %% 10000"
        " LEFT JOIN screening_visit v ON v.round_id = a.round_id AND v.place = d.place"
        " WHERE a.team_id = %s AND a.round_id = %s"
        " GROUP BY d.place, d.building, d.entrance, d.label ORDER BY d.place",
        [team_id, round_id],
    )
    return [
        DoorLine(place, building, entrance, label, state_of(highest, visits), visits, moment_of(received_at))
        for place, building, entrance, label, highest, visits, received_at in rows
    ]


def visits_of_team(team_id: int, *, since: datetime, until: datetime) -> list[tuple[int, Outcome, bool]]:
    """This function will return the doors that a team visited in a span of time with what it found, by place, and whether
    it arrived too late to be counted.

    Without the time of day: in which order a team went from door to door is nobody's business (red line 9).
    """
    join = _JOIN[connection.vendor]  # from the team's grounds to their visits
    span = [connection.ops.adapt_datetimefield_value(one) for one in (since, until)]
    rows = [
        (place, outcome, late)
        for table, late in (("screening_visit", False), ("screening_latevisit", True))
        for place, outcome in _fetch(
            "SELECT v.place, v.outcome FROM screening_assignment a"  # noqa: S608 - the names are this file's own
            f" {join} {table} v ON v.round_id = a.round_id AND v.place BETWEEN a.first AND a.last"
            " WHERE a.team_id = %s AND v.team_id = %s AND v.happened_at >= %s AND v.happened_at < %s",
            [team_id, team_id, *span],
        )
    ]
    return [(place, Outcome(outcome), late) for place, outcome, late in sorted(rows)]


def rechecks(round_id: int, *, scope: Scope, after: int | None = None, limit: int = 100) -> list[Recheck]:
    """This function will return the doors in a scope that are presumed vacant, by place, with their next check."""
    within, bounds = _ranges_sql((Range(g.first - g.first % 10_000, g.last) for g in scope.ranges), "c.place")
    column = STATE_COLUMNS[DoorState.PRESUMED_VACANT]
    result: list[Recheck] = []
    start = (after or 0) - (after or 0) % 10_000
    while len(result) < limit:
        compounds = _fetch(
            f"SELECT c.place FROM screening_coverage c WHERE c.round_id = %s AND c.place >= %s AND {within}"  # noqa: S608
            f" AND c.{column} > 0 ORDER BY c.place LIMIT 50",
            [round_id, start, *bounds],
        )
        if not compounds:
            break
        inside, chunk_bounds = _ranges_sql((Range(place, place + 9_999) for (place,) in compounds), "v.place")
        exact, scope_bounds = _ranges_sql(scope.ranges, "v.place")
        rows = _fetch(
            f"SELECT v.place, max(v.happened_at) FROM screening_visit v WHERE v.round_id = %s AND {inside} AND {exact}"  # noqa: S608
            " AND v.place > %s GROUP BY v.place HAVING max(v.outcome) = 1 AND count(*) >= 3 ORDER BY v.place LIMIT %s",
            [round_id, *chunk_bounds, *scope_bounds, after or 0, limit - len(result)],
        )
        for place, last_visit in rows:
            moment = moment_of(last_visit)
            if moment is not None:
                result.append(Recheck(place, check_again_at(moment)))
        start = compounds[-1][0] + 1
    return result
