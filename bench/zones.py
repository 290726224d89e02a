"""Zoning of 3,041 communities over a year of daily counts: the engine beside a plain SQL query per area.

Three histories: few days with a count, every fifth day, every day. The plain query asks the database for one area's
window sums by day; it is asked for a fiftieth of the areas (a tenth when quick) and its time multiplied.
"""

import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.db import connection

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.bulk import write
from qipan.kernel.clock import now
from qipan.kernel.place import COMMUNITY, range_of
from qipan.territory.api import DivisionRow, areas_within, import_divisions
from qipan.zones.queries.counts import counted
from qipan.zones.rules.engine import zone
from qipan.zones.rules.sets import Criterion, Rule

CITY = "5101"
GOAL_S = 2.0
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
RULE = Rule(
    COMMUNITY,
    (
        (3, (Criterion("new_cases", 51), Criterion("clusters", 1, 14))),
        (2, (Criterion("new_cases", 1, 14),)),
    ),
)
# Levels of one area by day, as a plain query says them: windows over a calendar of days.
PLAIN = """
WITH RECURSIVE days(d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM days WHERE d < 364),
own AS (
    SELECT {number} AS d, SUM(CASE WHEN hazard_input = 'new_cases' THEN n ELSE 0 END) AS cases,
           SUM(CASE WHEN hazard_input = 'clusters' THEN n ELSE 0 END) AS clusters
    FROM zones_count WHERE place = %s AND level = 4 AND day BETWEEN '2025-01-01' AND '2025-12-31' GROUP BY 1
),
summed AS (
    SELECT days.d AS d, SUM(COALESCE(cases, 0)) OVER (ORDER BY days.d) AS every,
           SUM(COALESCE(cases, 0)) OVER (ORDER BY days.d ROWS 13 PRECEDING) AS recent,
           SUM(COALESCE(clusters, 0)) OVER (ORDER BY days.d ROWS 13 PRECEDING) AS grouped
    FROM days LEFT JOIN own ON own.d = days.d
)
SELECT d, CASE WHEN every >= 51 AND grouped >= 1 THEN 3 WHEN recent >= 1 THEN 2 ELSE 1 END FROM summed ORDER BY d
"""
NUMBER = {
    "sqlite": "CAST(julianday(day) - julianday('2025-01-01') AS integer)",
    "postgresql": "day - DATE '2025-01-01'",
}


def _territory(communities: int) -> None:
    """A city of so many communities, a hundred to a street, ten streets to a district."""
    rows = [DivisionRow(CITY, "成都市", 1, "51")]
    for n in range(communities):
        district = f"{CITY}{n // 1000 + 4:02d}"
        street = f"{district}{n // 100 % 10 + 1:03d}"
        if n % 1000 == 0:
            rows.append(DivisionRow(district, f"区{n // 1000}", 2, CITY))
        if n % 100 == 0:
            rows.append(DivisionRow(street, f"街{n // 100}", 3, district))
        rows.append(DivisionRow(f"{street}{n % 100 + 1:03d}", f"社区{n}", 4, street))
    by = Actor.system("bench", acts=["territory.import"], ranges=[(0, 10**19 - 1)])
    import_divisions(rows, valid_from=date(2024, 1, 1), source="bench", by=by, at=now())


def _counts(share: float, seed: int) -> None:
    chance = random.Random(seed)
    when = connection.ops.adapt_datetimefield_value(now())
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM zones_count")
    rows = (
        (name, area.place, COMMUNITY, day.isoformat(), chance.randint(1, 9) if name == "new_cases" else 1, when)
        for area in areas_within([range_of(CITY)], COMMUNITY)
        for day in days
        for name, part in (("new_cases", share), ("clusters", share / 5))
        if chance.random() < part
    )
    write("zones_count", ("hazard_input", "place", "level", "day", "n", "at"), rows)


def _timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the wall, seconds of CPU of this process, and what came of it."""
    started, used = time.perf_counter(), time.process_time()
    done = work()
    return time.perf_counter() - started, time.process_time() - used, done


def _plain(places: list[int]) -> list[list[int]]:
    sql = PLAIN.format(number=NUMBER[connection.vendor])
    found = []
    with connection.cursor() as cursor:
        for place in places:
            cursor.execute(sql, [place])
            found.append([level for _day, level in cursor.fetchall()])
    return found


def _judged(counts: Any) -> dict[str, Any]:
    return dict(zone(RULE, counts, first=FIRST, last=LAST))


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will measure the engine with its reading, and the plain query, on the same histories."""
    communities = 300 if quick else 3041
    _territory(communities)
    areas = {area.code: area for area in areas_within([range_of(CITY)], COMMUNITY)}
    sample = list(areas)[:: 10 if quick else 50]
    results = []
    for share in (0.02, 0.2, 1.0):
        _counts(share, seed=7)
        reading, _cpu, known = _timed(lambda: counted(Scope((range_of(CITY),)), RULE, to=LAST))
        judging, cpu, spans = _timed(partial(_judged, known.counts))
        plain, _cpu, told = _timed(lambda: _plain([areas[code].place for code in sample]))
        for code, levels in zip(sample, told, strict=True):
            own = [span.level for span in spans.get(code, []) for _day in range(span.days)] or [1] * len(levels)
            assert own == levels, code
        plain *= len(areas) / len(sample)
        for name, value in (("engine, CPU", cpu), ("engine", judging), ("reading and engine", reading + judging)):
            results.append(
                {
                    "name": f"zones: {communities} communities, a year, {share:.0%} of days with a count, {name}",
                    "value": round(value, 3),
                    "unit": "s",
                    "baseline": round(plain, 3),
                    "ratio": round(plain / value, 2),
                    "goal": f"{GOAL_S:g} s; beside: plain SQL per area",
                    "ok": value <= GOAL_S,
                }
            )
    return results
