"""Visits through HTTP against the raw driver and against the usual endpoint; SQLite's group commit; the curve.

Everything is switched on in the project's path: pass, assignment, register check, dedupe, counters,
journal. Segments of each contender follow each other in turn in one run; medians are reported.
"""

import statistics
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from qipan.kernel import writer
from qipan.kernel.ids import uuid7
from qipan.screening.api import Outcome
from qipan.screening.ingest import sqlite
from qipan.screening.ingest.decode import Batch, decode
from qipan.screening.queries import audit_batches, audit_coverage

from .city import City, Uploads, build
from .server import Server

COLUMNS = "id, round_id, place, team_id, outcome, happened_at, received_at, batch, content"
# Rows in a transaction of the raw driver: on PostgreSQL what suits it best, on SQLite as many as the writer commits.
RAW_TRANSACTION = 5_000 if connection.vendor == "postgresql" else writer.MOST_ROWS


def own_tables() -> None:
    """This function will make empty tables with the columns and indexes of the visits' for the contenders."""
    with connection.cursor() as cursor:
        for name in ("bench_visit", "bench_peer"):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            if connection.vendor == "postgresql":
                cursor.execute(f"CREATE TABLE {name} (LIKE screening_visit INCLUDING ALL)")
            else:
                cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'screening_visit'")
                cursor.execute(cursor.fetchone()[0].replace('"screening_visit"', f'"{name}"', 1))
                cursor.execute(f"CREATE INDEX {name}_door ON {name} (round_id, place)")


def raw_rows(uploads: Uploads, count: int) -> list[tuple[Any, ...]]:
    """This function will return rows as the driver takes them."""
    now, batch = datetime.now(UTC), uuid7()
    lite = connection.vendor == "sqlite"
    rows = []
    for said in uploads.rows(count):
        key = uuid.UUID(said["id"])
        values = (said["round"], int(said["place"]), 1, Outcome[said["outcome"]].value)
        moment = str(now.replace(tzinfo=None)) if lite else now
        rows.append(
            (key.hex if lite else key, *values, moment, moment, batch.hex if lite else batch, hash(key) % 2**62)
        )
    return rows


def raw(rows: list[tuple[Any, ...]]) -> float:
    """This function will store rows as fast as the driver can and return visits per second.

    PostgreSQL: COPY into a temporary table, INSERT ... ON CONFLICT; SQLite: executemany. Each transaction
    is durable.
    """
    connection.ensure_connection()
    driver = connection.connection
    begun = time.perf_counter()
    for start in range(0, len(rows), RAW_TRANSACTION):
        chunk = rows[start : start + RAW_TRANSACTION]
        if connection.vendor == "postgresql":
            with driver.transaction(), driver.cursor() as cursor:
                cursor.execute("CREATE TEMP TABLE IF NOT EXISTS staged (LIKE screening_visit) ON COMMIT DELETE ROWS")
                with cursor.copy(f"COPY staged ({COLUMNS}) FROM STDIN") as copy:
                    for row in chunk:
                        copy.write_row(row)
                cursor.execute(
                    f"INSERT INTO bench_visit ({COLUMNS}) SELECT {COLUMNS} FROM staged ON CONFLICT DO NOTHING"
                )
        else:
            driver.execute("BEGIN IMMEDIATE")
            driver.executemany(
                f"INSERT INTO bench_visit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", chunk
            )
            driver.execute("COMMIT")
    return len(rows) / (time.perf_counter() - begun)


def stored_by(store: Callable[[Batch], list[int]], uploads: Uploads, *, requests: int, threads: int) -> float:
    """This function will store uploads of 6 from many threads, each waiting for its own; returns visits per second."""
    bodies = uploads.take(requests, 6)
    by, at = uploads.city.actor, datetime.now(UTC) + timedelta(seconds=1)
    waiting, lock = iter(bodies), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                break
            codes = store(decode(body[1], by=by, at=at))
            assert not any(codes), codes
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    begun = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    writer.stop()
    return requests * 6 / (time.perf_counter() - begun)


def in_group(batch: Batch) -> list[int]:
    """This function will store a batch as the endpoint does: whoever waits shares a commit."""
    return writer.submit(sqlite.store, batch, rows=len(batch.ids))


def alone(batch: Batch) -> list[int]:
    """This function will store a batch in a transaction of its own, as a request does without a common writer."""
    with transaction.atomic():
        return sqlite.store([batch])[0]


def compare(city: City, *, repeats: int, scale: int) -> list[dict[str, Any]]:
    """This function will run all contenders in turn and return their medians."""
    uploads = Uploads(city)
    postgres = connection.vendor == "postgresql"
    own_tables()
    server = Server(workers=2 if postgres else 1, threads=8 if postgres else 48)
    connections = 16 if postgres else 48
    paths = {"own": "/api/visits", "peer": "/bench/visits"}
    results: dict[str, list[Any]] = {key: [] for key in ("raw", "own100", "own6", "peer6", "own1", "peer100")}
    try:
        for path in paths.values():
            server.order(path, connections, uploads.take(200, 6))
        for _repeat in range(repeats):
            results["raw"].append(raw(raw_rows(uploads, 1_000 * scale)))
            results["own100"].append(server.order(paths["own"], connections, uploads.take(4 * scale, 100)))
            results["own6"].append(server.order(paths["own"], connections, uploads.take(20 * scale, 6)))
            results["peer6"].append(server.order(paths["peer"], connections, uploads.take(10 * scale, 6)))
            results["peer100"].append(server.order(paths["peer"], connections, uploads.take(scale, 100)))
            results["own1"].append(server.order(paths["own"], connections, uploads.take(10 * scale, 1)))
    finally:
        server.stop()
    for key, runs in results.items():
        if key != "raw" and {status for run in runs for status in run["statuses"]} != {200}:
            raise RuntimeError(f"{key}: {[run['statuses'] for run in runs]}")
    middle = {
        key: (lambda name, runs=runs: statistics.median(run[name] for run in runs))
        for key, runs in results.items()
        if key != "raw"
    }
    raw_rate = statistics.median(results["raw"])
    driver = "COPY to a staging table, INSERT ON CONFLICT" if postgres else "executemany"
    rows = [
        {"name": f"raw driver, {driver}", "value": raw_rate, "unit": "visits/s", "baseline": "", "ratio": None, "goal": "", "ok": True},
        row("HTTP, 100 visits an upload", middle["own100"]("rate"), "visits/s", "raw driver", middle["own100"]("rate") / raw_rate, ">= 0.40", lambda r: r >= 0.40),
        row("HTTP, 6 visits an upload, CPU app + database", middle["own6"]("cpu"), "us/visit", "ninja + bulk_create", middle["own6"]("cpu") / middle["peer6"]("cpu"), "<= 0.50", lambda r: r <= 0.50),
        row("HTTP, 100 visits an upload, CPU app + database", middle["own100"]("cpu"), "us/visit", "ninja + bulk_create", middle["own100"]("cpu") / middle["peer100"]("cpu"), "<= 0.50", lambda r: r <= 0.50),
    ]  # fmt: skip
    for key, name in (
        ("own100", "own, 100"),
        ("own6", "own, 6"),
        ("own1", "own, 1"),
        ("peer6", "ninja, 6"),
        ("peer100", "ninja, 100"),
    ):
        of = middle[key]
        print(
            f"{name:12} {of('rate'):8,.0f} visits/s  CPU app {of('cpu_app'):6.1f} + database {of('cpu_db'):6.1f} us/visit"
            f"  p95 {of('p95_ms'):.1f} ms"
        )
    return rows


def row(name: str, value: float, unit: str, baseline: str, ratio: float, goal: str, test: Any) -> dict[str, Any]:
    return {
        "name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio, "goal": goal,
        "ok": bool(test(ratio)),
    }  # fmt: skip


def curve(sizes: list[int], *, scale: int) -> list[dict[str, Any]]:
    """This function will take the cost of a visit in a register of each size, uploads of 100."""
    costs: list[tuple[int, float]] = []
    postgres = connection.vendor == "postgresql"
    for size in sizes:
        uploads = Uploads(build(size))
        server = Server(workers=2 if postgres else 1, threads=8 if postgres else 48)
        try:
            server.order("/api/visits", 16, uploads.take(100, 100))
            runs = [server.order("/api/visits", 16, uploads.take(2 * scale, 100)) for _ in range(5)]
        finally:
            server.stop()
        costs.append((size, statistics.median(run["cpu"] for run in runs)))
        print(f"{size:10,} doors: {costs[-1][1]:6.1f} us/visit")
    return [
        row(f"CPU of a visit with {size:,} doors", cost, "us/visit", f"{costs[0][0]:,} doors", cost / costs[0][1], "<= 1.30", lambda r: r <= 1.30)
        for size, cost in costs[1:]
    ]  # fmt: skip


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will run all comparisons, and take the cost of a visit in registers of up to 8.75 million doors."""
    city = build(100_000 if quick else 500_000)
    scale = 40 if quick else 150
    results = compare(city, repeats=3 if quick else 5, scale=scale)
    if connection.vendor == "sqlite":
        uploads = Uploads(build(100_000))
        pairs = [
            (
                stored_by(in_group, uploads, requests=10 * scale, threads=64),
                stored_by(alone, uploads, requests=5 * scale, threads=64),
            )
            for _ in range(5)
        ]
        grouped, single = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(f"group commit {grouped:,.0f} visits/s, a commit a request {single:,.0f} visits/s")
        results.append(
            row("group commit, 6 visits a request", grouped, "visits/s", "a commit a request", grouped / single, ">= 3", lambda r: r >= 3)
        )  # fmt: skip
    results += curve([100_000, 400_000] if quick else [100_000, 900_000, 8_750_000], scale=scale)
    differences = audit_batches() + audit_coverage()
    if differences:
        raise RuntimeError(differences[0])
    return results
