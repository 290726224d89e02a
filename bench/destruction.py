"""Destruction of a campaign's visits, step by step with its proof, seal and certificate, beside one plain DELETE.

While it runs, uploads of another campaign go on; their 95th percentile is compared with that of the time before.
"""

import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.retention.actions.lots import refresh_lots
from qipan.retention.api import DueLot, approve_run, carry_out, clock_actor, prepare_run
from qipan.retention.rules.chain import STEP, STEP_SQLITE
from qipan.screening.api import Campaign, Outcome, Round, open_campaign, store_visits
from qipan.screening.queries import audit_coverage

from .city import COMPOUNDS, DOORS, Uploads, build, let

FULL, QUICK = 8_750_000, 100_000
FULL_SQLITE = 500_000
ALONE_S = 10.0
TURNS = 8
UNCHANGED = 1.1
MINUTES = 10


def _visits(round_id: int, count: int, at: datetime, first: int) -> int:
    """Writes a round's counters and one visit for each door, by statements; returns how many visits."""
    compounds = max(1, count // DOORS)
    moment = connection.ops.adapt_datetimefield_value(at)
    ms = int(at.timestamp() * 1000)
    place = (
        f"(510100000 + ((n / {COMPOUNDS}) / 999) + 1 + {first}) * 10000000000"
        f" + (((n / {COMPOUNDS}) % 999) + 1) * 10000000 + (n % {COMPOUNDS} + 1) * 10000"
    )
    if connection.vendor == "postgresql":
        numbers = f"(SELECT n::bigint AS n FROM generate_series(0, {compounds - 1}) AS n)"
        doors = f"(SELECT d::bigint AS d FROM generate_series(1, {DOORS}) AS d)"
        spread = f"{ms} + (random() * 259200000)::bigint"
        key = f"(lpad(to_hex({spread}), 12, '0') || '7' || substr(md5(random()::text || n || d), 1, 19))::uuid"
        batch = "'00000000-0000-7000-8000-000000000000'"
        content = "(random() * 9e18)::bigint"
    else:
        series = (
            "(WITH RECURSIVE s(v) AS (SELECT {a} UNION ALL SELECT v + 1 FROM s WHERE v < {b}) SELECT v AS {c} FROM s)"
        )
        numbers, doors = series.format(a=0, b=compounds - 1, c="n"), series.format(a=1, b=DOORS, c="d")
        key = f"printf('%012x', {ms} + abs(random() % 259200000)) || '7' || lower(substr(hex(randomblob(10)), 1, 19))"
        batch = "'00000000000070008000000000000000'"
        content = "random()"
    names = "not_home, vacant_unknown, vacant_known, appointment, language_help, refused, by_proxy, by_phone, demolished, presumed_vacant"
    zeros = ", ".join(["0"] * 10)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO screening_coverage (round_id, place, doors, answered, visits, {names})"
            f" SELECT {round_id}, {place}, {DOORS}, {DOORS}, {DOORS}, {zeros} FROM {numbers} AS a"
        )
        cursor.execute(
            "INSERT INTO screening_visit (id, round_id, place, outcome, happened_at, received_at, batch, content)"
            f" SELECT {key}, {round_id}, {place} + d, {Outcome.ANSWERED.value}, '{moment}', '{moment}', {batch}, {content}"
            f" FROM {numbers} AS a, {doors} AS b"
        )
        cursor.execute("ANALYZE")
    return compounds * DOORS


def _plain(round_id: int) -> float:
    """How long one plain DELETE of the same rows takes, in a table with the same indexes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("CREATE TABLE bench_visit (LIKE screening_visit INCLUDING ALL)")
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'screening_visit'")
            cursor.execute(cursor.fetchone()[0].replace('"screening_visit"', '"bench_visit"', 1))
            cursor.execute("CREATE INDEX bench_visit_door ON bench_visit (round_id, place)")
        cursor.execute("INSERT INTO bench_visit SELECT * FROM screening_visit WHERE round_id = %s", [round_id])
        cursor.execute("ANALYZE")
        began = time.perf_counter()
        cursor.execute("DELETE FROM bench_visit WHERE round_id = %s", [round_id])
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_visit")
    return took


def _spin(seconds: float) -> None:
    """What any work on one of the cores does to the uploads: a process that only counts."""
    code = f"import time; end = time.time() + {seconds}\nwhile time.time() < end: pass"
    subprocess.run([sys.executable, "-c", code], check=True)


class Traffic:
    """Uploads of five visits that go on at a steady rhythm in a process of their own, as the site's do; each with its time."""

    MOST = 100_000

    def __init__(self, uploads: Uploads, actors: dict[str, Actor]) -> None:
        self.uploads, self.actors = uploads, actors
        kind = multiprocessing.get_context("fork")
        self._times = kind.Array("d", self.MOST, lock=False)
        self._done = kind.Value("i", 0)
        self._stop = kind.Event()
        self._process = kind.Process(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(0.03):
            [(token, body)] = self.uploads.take(1, 5)
            began = time.perf_counter()
            store_visits(body, by=self.actors[token], at=datetime.now(UTC))
            self._times[self._done.value] = time.perf_counter() - began
            self._done.value += 1
        connection.close()

    def __enter__(self) -> "Traffic":
        connection.close()  # no connection is shared with the other process
        self._process.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._stop.set()
        self._process.join()

    @property
    def done(self) -> int:
        """How many uploads were stored so far."""
        return int(self._done.value)

    def since(self, number: int) -> list[float]:
        """This method will return how long each upload after the first ``number`` took, in ms."""
        return [1000 * took for took in self._times[number : self.done]]


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else 0.0


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will build a campaign, destroy it beside other work, and compare."""
    size = QUICK if quick else FULL if connection.vendor == "postgresql" else FULL_SQLITE
    city = build(doors=20_000, teams=10)
    at = datetime.now(UTC)
    unit = Unit.objects.get(code="5101:bench")
    old = at - timedelta(days=60)
    campaign = open_campaign(
        title="over", basis="bench", unit=unit, form=None, admission=let(unit, at=old), by=city.actor, at=old
    )
    opened = Round.objects.create(
        campaign=campaign, number=1, opened_at=old, closes_at=old + timedelta(days=3), closed_at=old + timedelta(days=3)
    )
    visits = _visits(opened.pk, size, old, first=500)
    Campaign.objects.filter(pk=campaign.pk).update(closed_at=old + timedelta(days=4))
    print(f"{visits:,} visits written")
    plain = _plain(opened.pk)
    print(f"plain DELETE: {plain:.1f} s")
    accounts = [get_user_model().objects.create_user(name, display_name=name) for name in ("first", "second")]
    first, second = (
        Actor(
            label=account.username,
            acts=frozenset({"destruction.prepare", "destruction.approve"}),
            scope=Scope((range_of("5101"),)),
            account_id=account.pk,
        )
        for account in accounts
    )
    refresh_lots(at=at)
    lot = DueLot.objects.get(model="screening.Visit", key=f"screening.Campaign:{campaign.pk}")
    destruction = prepare_run(lots=[lot.pk], reason="bench", backups_listed=True, by=first, at=at)
    approve_run(destruction, by=second, at=at)
    teams = {
        token: Actor(
            label=f"team {team}",
            acts=frozenset({"visit.submit"}),
            scope=Scope((range_of("5101"),)),
            pass_id=token[:36],
            team_id=team,
        )
        for team, token in city.teams
    }
    steps = max(3, visits // (STEP if connection.vendor == "postgresql" else STEP_SQLITE))
    late: dict[str, list[float]] = {}  # how long uploads took while something went on, in ms
    with Traffic(Uploads(city), teams) as traffic:

        def beside(name: str, work: Callable[[], object]) -> float:
            mark, began = traffic.done, time.perf_counter()
            work()
            took = time.perf_counter() - began
            late.setdefault(name, []).extend(some := traffic.since(mark))
            print(
                f"{name}: {took:.1f} s, P50 {statistics.median(some or [0]):.1f}, P95 {_p95(some):.1f} ms of {len(some)}",
                flush=True,
            )
            return took

        clock = clock_actor()
        beside("warm", lambda: time.sleep(1))
        beside("alone", lambda: time.sleep(ALONE_S))
        beside("beside a process that only counts", lambda: _spin(ALONE_S))
        took = beside("proof", lambda: carry_out(destruction, by=clock, at=at, most_steps=1))
        # Turn and turn about, as a machine that others use is not as fast in one minute as in the next.
        for _turn in range(TURNS):
            beside("alone", lambda: time.sleep(ALONE_S))
            took += beside("steps", lambda: carry_out(destruction, by=clock, at=at, most_steps=steps // TURNS))
        beside("alone", lambda: time.sleep(ALONE_S))
        took += beside("last steps, certificate", lambda: carry_out(destruction, by=clock, at=at))
        beside("alone", lambda: time.sleep(ALONE_S))
    destruction.refresh_from_db()
    same = audit_coverage() == [] and destruction.state == "DONE" and destruction.certificate.destroyed == visits
    goal = f"under {MINUTES} min for {FULL:,}"
    alone = late["alone"]
    during = late["proof"] + late["steps"] + late["last steps, certificate"]
    return [
        {
            "name": f"destroy {visits:,} visits, with proof, seal, chain and certificate",
            "value": round(took, 1),
            "unit": "s",
            "baseline": f"one plain DELETE: {plain:.1f} s",
            "ratio": round(took / plain, 2),
            "goal": goal,
            "ok": same and took < 60 * MINUTES * max(visits / FULL, 0.05),
        },
        {
            "name": "uploads beside it, 95th percentile",
            "value": round(_p95(during), 2),
            "unit": "ms",
            "baseline": ", ".join(f"{name}: {_p95(times):.2f}" for name, times in late.items()),
            "ratio": round(_p95(during) / _p95(alone), 2),
            "goal": f"no more than {UNCHANGED} times as long as alone",
            "ok": _p95(during) <= UNCHANGED * _p95(alone),
        },
    ]
