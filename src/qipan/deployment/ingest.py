"""Set-based SQL of the room: how ground is cut for teams, and the mass writes. The same on both databases."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from qipan.kernel.place import Range
from qipan.territory.api import Compound

from . import rules

# The doors at which a large compound is cut into equal parts of at most %s doors each.
CUTS = """
SELECT compound, place FROM (
    SELECT big.place AS compound, d.place AS place, big.size AS size,
        row_number() OVER (PARTITION BY big.place ORDER BY d.place) - 1 AS before
    FROM (
        SELECT place, (doors + (doors + %s - 1) / %s - 1) / ((doors + %s - 1) / %s) AS size
        FROM territory_compound WHERE place BETWEEN %s AND %s AND doors > %s
    ) AS big
    JOIN territory_door d ON d.place BETWEEN big.place AND big.place + 9999
) AS numbered
WHERE before > 0 AND before %% size = 0 ORDER BY place
"""

TEAMS = """
INSERT INTO deployment_team
    (unit_id, number, source, place, first, last, formed_at, stands_down_at, released_at, drill)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, NULL, %s)
"""

# A shift at every place of the kind of unit that owns a task of this source: its own place, or what it stewards.
SHIFTS = """
INSERT INTO deployment_shift
    (unit_id, title, source, place, starts_at, ends_at, task_id, filled_by, filled_at, warned_at, released_at, drill)
SELECT u.id, %s, %s, COALESCE(s.place, u.place), %s, %s, t.id, '', NULL, NULL, NULL, %s
FROM desk_task t
JOIN duties_unit u ON u.id = t.owner_id
LEFT JOIN duties_stewardship s ON s.unit_id = u.id AND s.valid_to IS NULL AND u.first IS NULL
WHERE t.source = %s AND ({ground})
ON CONFLICT DO NOTHING
"""


def moment(at: datetime) -> Any:
    """This function will write a moment as this database keeps it."""
    return connection.ops.adapt_datetimefield_value(at)


def team_grounds(grounds: Iterable[tuple[Range, int]], *, per_doors: int) -> Iterator[tuple[int, list[Range]]]:
    """This function will return the ranges of the teams on each ground of a unit (its key); one without doors is left out.

    Units and compounds are met here and not in SQL: a join on a range of each has no good plan.
    """
    chosen = sorted(grounds)
    if not chosen:
        return
    ground = Range(chosen[0][0].first, max(mine.last for mine, _pk in chosen))
    cuts: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(CUTS, [per_doors] * 4 + [*ground, per_doors])
        for compound, place in cursor.fetchall():
            cuts[compound].append(place)
    stock = list(Compound.objects.filter(place__range=ground).order_by("place").values_list("place", "doors"))
    places = [place for place, _doors in stock]
    for mine, pk in chosen:
        inside = stock[bisect_left(places, mine.first) : bisect_right(places, mine.last)]
        compounds = [rules.Stock(place, doors) for place, doors in inside]
        if any(compound.doors for compound in compounds):
            yield pk, rules.team_ranges(mine, rules.team_starts(compounds, per_doors, cuts))


def insert_teams(
    grounds: Iterable[tuple[int, list[Range]]],
    *,
    numbers: Mapping[int, int],
    source: str,
    at: datetime,
    stands_down_at: datetime,
    drill: bool,
) -> int:
    """This function will write the teams, numbered on from the last number of their unit; returns how many."""
    of_unit: dict[int, list[Range]] = defaultdict(list)
    for unit_id, ranges in grounds:
        of_unit[unit_id] += ranges
    rows = [
        (unit_id, number, source, ground.first, ground.first, ground.last, moment(at), moment(stands_down_at), drill)
        for unit_id, ranges in of_unit.items()
        for number, ground in enumerate(ranges, numbers.get(unit_id, 0) + 1)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(TEAMS, rows)
    return len(rows)


def insert_shifts(
    *,
    task_source: str,
    title: str,
    source: str,
    grounds: Sequence[Range],
    starts_at: datetime,
    ends_at: datetime,
    drill: bool,
) -> int:
    """This function will write one shift at each place of the tasks' owners on the ground; returns how many."""
    ground = " OR ".join(["COALESCE(s.place, u.place) BETWEEN %s AND %s"] * len(grounds))
    with connection.cursor() as cursor:
        cursor.execute(
            SHIFTS.format(ground=ground),
            [
                title,
                source,
                moment(starts_at),
                moment(ends_at),
                drill,
                task_source,
                *(number for pair in grounds for number in pair),
            ],
        )
        return max(cursor.rowcount, 0)
