"""Coverage at any level: sums of the compounds' counters over ranges, in one statement."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

from django.db import connection

from qipan.kernel.place import Range
from qipan.kernel.sql import moment_of

from ..terms import SETTLED, DoorState

STATE_COLUMNS: dict[DoorState, str] = {state: state.name.lower() for state in DoorState if state}
_COLUMNS = ("doors", *STATE_COLUMNS.values(), "visits")
SETTLED_SUM = " + ".join(STATE_COLUMNS[state] for state in SETTLED)
_TOUCHED = " + ".join(STATE_COLUMNS.values())
_SUMS = ", ".join(f"COALESCE(SUM(c.{column}), 0)" for column in _COLUMNS)

MAX_AGE_S = 2.0
WORTH_KEEPING = 2_000  # compounds; a sum over fewer is read anew each time
MOST_KEPT = 64


class HasRanges(Protocol):
    """An area, as far as coverage is concerned (``territory.api.AreaView``)."""

    @property
    def code(self) -> str: ...
    @property
    def ranges(self) -> tuple[Range, ...]: ...


@dataclass(frozen=True)
class CoverageRow:
    """Doors on the register of an area and how many are in each state; the states sum to the doors."""

    code: str
    doors: int
    by_state: dict[DoorState, int]
    settled: int
    visits: int
    changed_at: datetime | None
    age_s: float = 0.0  # how old the figures are; never above MAX_AGE_S

    @property
    def left(self) -> int:
        """Doors that are not settled."""
        return self.doors - self.settled

    @property
    def touched(self) -> int:
        """Doors with at least one visit."""
        return self.doors - self.by_state[DoorState.UNTOUCHED]

    @property
    def contacted(self) -> int:
        """Doors whose household was spoken to: answered or by phone, not on its behalf."""
        return self.by_state[DoorState.ANSWERED] + self.by_state[DoorState.BY_PHONE]


Key = tuple[int, tuple[tuple[str, tuple[Range, ...]], ...]]


class _Kept:
    """Sums that were costly to read, for at most ``MAX_AGE_S``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[Key, tuple[float, list[CoverageRow]]] = {}

    def get(self, key: Key) -> list[CoverageRow] | None:
        read_at, rows = self._rows.get(key, (0.0, None))
        age = monotonic() - read_at
        if rows is None or age >= MAX_AGE_S:
            return None
        return [
            CoverageRow(row.code, row.doors, row.by_state, row.settled, row.visits, row.changed_at, age) for row in rows
        ]

    def put(self, key: Key, rows: list[CoverageRow], started: float) -> None:
        with self._lock:
            if len(self._rows) >= MOST_KEPT:
                self._rows.clear()
            self._rows[key] = (started, rows)


_kept = _Kept()


def _row(code: str, values: Sequence[Any]) -> CoverageRow:
    doors, *states, visits, changed_at = values
    by_state = dict(zip(STATE_COLUMNS, map(int, states), strict=True))
    by_state = {DoorState.UNTOUCHED: int(doors) - sum(by_state.values()), **by_state}
    return CoverageRow(
        code=code,
        doors=int(doors),
        by_state=by_state,
        settled=sum(by_state[state] for state in SETTLED),
        visits=int(visits),
        changed_at=moment_of(changed_at),
    )


def coverage_of(round_id: int, areas: Sequence[HasRanges]) -> list[CoverageRow]:
    """This function will return the coverage of each area in a round, in the order given.

    An area may own several ranges. A sum over thousands of compounds is kept for up to two seconds;
    each row says in ``age_s`` how old it is.
    """
    key = (round_id, tuple((area.code, area.ranges) for area in areas))
    found = _kept.get(key)
    if found is not None:
        return found
    started = monotonic()
    rows, compounds = _sums(round_id, areas)
    if compounds >= WORTH_KEEPING:
        _kept.put(key, rows, started)
    return rows


def _sums(round_id: int, areas: Sequence[HasRanges]) -> tuple[list[CoverageRow], int]:
    """This function will sum the counters over each area, now; returns how many compounds it read, too."""
    ranges = [(index, part.first, part.last) for index, area in enumerate(areas) for part in area.ranges]
    sums: dict[int, list[Any]] = {}
    compounds = 0
    for chunk in (ranges[at : at + 5000] for at in range(0, len(ranges), 5000)):
        # The numbers are our own integers: written into the statement they cost nothing to bind.
        values = ", ".join(f"({index}, {first}, {last})" for index, first, last in chunk)
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH a (i, first, last) AS (VALUES {values})"  # noqa: S608
                f" SELECT a.i, COUNT(*), {_SUMS}, MAX(c.changed_at) FROM a {_JOIN[connection.vendor]} screening_coverage c"
                " ON c.round_id = %s AND c.place BETWEEN a.first AND a.last GROUP BY a.i",
                [round_id],
            )
            for index, count, *sums_and_moment in cursor.fetchall():
                sums[index] = sums_and_moment
                compounds += count
    nothing = [0] * len(_COLUMNS) + [None]
    return [_row(area.code, sums.get(index, nothing)) for index, area in enumerate(areas)], compounds


# SQLite keeps the order of a CROSS JOIN: first the ranges, then the counters by their index.
_JOIN = {"sqlite": "CROSS JOIN", "postgresql": "JOIN"}


@dataclass(frozen=True)
class _Ground:
    code: str
    ranges: tuple[Range, ...]


def coverage_total(round_id: int, ranges: Iterable[Range]) -> CoverageRow:
    """This function will return the coverage of a round over a ground, read now."""
    return _sums(round_id, [_Ground("", tuple(ranges))])[0][0]


def coverage_by_place(
    round_id: int, *, per: int = 1, ranges: Iterable[Range] | None = None
) -> Iterator[tuple[int, ...]]:
    """This function will return, for each ``per`` places (1: compound by compound) in the order of their places:

    place, doors, settled, visits, and the doors in each state in the order of ``DoorState``; within
    ``ranges`` where they are given. The database groups, so a city is a few thousand rows.
    """
    columns = ("doors", SETTLED_SUM, "visits", f"doors - ({_TOUCHED})", *STATE_COLUMNS.values())
    sums = ", ".join(f"CAST(SUM({column}) AS BIGINT)" for column in columns)
    # The numbers are our own integers: written into the statement they cost nothing to bind.
    ground = [f"place BETWEEN {int(part.first)} AND {int(part.last)}" for part in ranges or ()]
    within = f" AND ({' OR '.join(ground) or '1 = 0'})" if ranges is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT place / {int(per)} * {int(per)}, {sums}"  # noqa: S608
            f" FROM screening_coverage WHERE round_id = %s{within} GROUP BY 1 ORDER BY 1",
            [round_id],
        )
        return iter(cursor.fetchall())
