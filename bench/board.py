"""Coverage at each level while visits pour in, against the fastest GROUP BY over the rows, and equal to them."""

import statistics
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.db import connection

from qipan.kernel.place import Range, range_of
from qipan.screening.api import SETTLED, coverage_of
from qipan.screening.queries import coverage as kept

from .city import COMMUNITIES, COMPOUNDS, DOORS, STREETS, City, Uploads, build
from .server import Server

SETTLED_LIST = ", ".join(str(state.value) for state in SETTLED)


@dataclass(frozen=True)
class Area:
    """An area of the benchmark's city."""

    code: str
    ranges: tuple[Range, ...]


def levels(city: City) -> dict[str, list[Area]]:
    """This function will return what each level of the board shows: the areas one level down."""
    compounds = sorted({place for ground in city.grounds for place in ground})

    def within(code: str, digits: int) -> list[Area]:
        codes = sorted({f"{place:019d}"[:digits] for place in compounds if f"{place:019d}".startswith(code)})
        return [Area(found, (range_of(found),)) for found in codes]

    first = f"{compounds[0]:019d}"
    return {
        "city": within("5101", 6), "district": within(first[:6], 9),
        "street": within(first[:9], 12), "community": within(first[:12], 15),
    }  # fmt: skip


def counted(round_id: int, digits: int) -> tuple[float, dict[str, int]]:
    """This function will count settled doors by area from the rows; returns the time and the counts.

    The fastest of the statements tried: the state of each door first, then the sum by prefix.
    """
    divisor = 10 ** (19 - digits)
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT place / {divisor}, COUNT(*) FROM (SELECT place, MAX(outcome) AS m, COUNT(*) AS n FROM screening_visit"
            f" WHERE round_id = %s GROUP BY place) AS s WHERE m IN ({SETTLED_LIST}) OR (m = 1 AND n >= 3) GROUP BY 1",
            [round_id],
        )
        found = {str(area): count for area, count in cursor.fetchall()}
    return time.perf_counter() - begun, found


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will read every level again and again while uploads arrive, then compare with the rows."""
    doors = 200_000 if quick else 8_750_000
    city = build(doors)
    uploads = Uploads(city)
    postgres = connection.vendor == "postgresql"
    server = Server(workers=2 if postgres else 1, threads=8 if postgres else 48)
    shown, stop = levels(city), threading.Event()
    times: dict[str, list[float]] = {level: [] for level in shown}
    ages: list[float] = []
    try:
        server.order("/api/visits", 8, uploads.take(1_000 if quick else 5_000, 100))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

        def pour() -> None:
            while not stop.is_set():
                # Eight a second from each of many phones: the paper's peak of about 220 visits/s, ten times over.
                server.order("/api/visits", 4, uploads.take(40, 6))
                time.sleep(0.1)

        pouring = threading.Thread(target=pour)
        pouring.start()
        for _read in range(30 if quick else 200):
            for level, areas in shown.items():
                begun = time.perf_counter()
                rows = coverage_of(city.round.pk, areas)
                times[level].append(time.perf_counter() - begun)
                ages.append(max((row.age_s for row in rows), default=0.0))
            time.sleep(0.05)
        stop.set()
        pouring.join()
    finally:
        stop.set()
        server.stop()
    results = []
    kept.MAX_AGE_S = 0.0
    digits = {"city": 6, "district": 9, "street": 12, "community": 15}
    for level, areas in shown.items():
        timings = sorted(times[level])
        p95 = 1000 * timings[int(len(timings) * 0.95)]
        slow = min(counted(city.round.pk, digits[level]) for _ in range(3))
        of_rows = {row.code: row.settled for row in coverage_of(city.round.pk, areas)}
        different = [code for code, settled in of_rows.items() if slow[1].get(code, 0) != settled]
        ratio = statistics.median(timings) / slow[0]
        # A page of a street or community is compared with a GROUP BY over the whole round, as the city's is.
        results += [
            {"name": f"coverage of a {level}'s areas while visits pour in, P95", "value": p95, "unit": "ms", "baseline": "", "ratio": None, "goal": "<= 50", "ok": p95 <= 50},
            {"name": f"coverage of a {level}'s areas against GROUP BY over the rows", "value": 1000 * statistics.median(timings), "unit": "ms", "baseline": f"{1000 * slow[0]:.0f} ms", "ratio": ratio, "goal": "<= 0.02", "ok": ratio <= 0.02},
            {"name": f"coverage of a {level}'s areas equals the rows", "value": len(different), "unit": "different", "baseline": "", "ratio": None, "goal": "0", "ok": not different},
        ]  # fmt: skip
    results.append({"name": "oldest coverage shown", "value": max(ages), "unit": "s", "baseline": "", "ratio": None, "goal": "<= 2", "ok": max(ages) <= 2})  # fmt: skip
    print(
        f"{doors:,} doors: {STREETS} streets a district, {COMMUNITIES} communities, {COMPOUNDS} compounds of {DOORS} doors"
    )
    return results
