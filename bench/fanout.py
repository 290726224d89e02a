"""One directive to every community and compound, who has not read it, and their receipts coming back.

Fan-out: ``desk.send_tasks`` (gate, journal row and commit included) against Django's ``bulk_create`` of the same rows
into the same table with the same indexes, in turn. Receipts: batches of 500 against one request each.
"""

import http.client
import math
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from qipan.access.api import Pass, Role, seed_roles, token_for
from qipan.desk.api import Task, admit_emergency, receipt_tree, receive, send_tasks, unread, unread_count
from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, Range, code_of, range_of
from qipan.territory.api import AreaView

from .server import Server

AT = datetime(2026, 11, 25, 2, tzinfo=UTC)
GROUND = range_of("5101")
KINDS = ("community", "compound")


def seed(communities: int, compounds: int) -> tuple[Unit, Actor]:
    """This function will write a command, the communities in 22 districts and 261 streets, and their compounds."""
    rows = (
        ("city-command", CITY, True, False),
        ("community", COMMUNITY, False, True),
        ("compound", COMPOUND, False, True),
    )
    kinds = {
        code: OrganType.objects.get_or_create(
            code=code,
            defaults={"name": code, "name_en": code, "level": level, "is_command": command, "executes_only": executes},
        )[0]
        for code, level, command, executes in rows
    }
    codes = [
        f"5101{n * 22 // communities + 1:02d}{n * 261 // communities % 12 + 1:03d}{n + 1:03d}"
        for n in range(communities)
    ]
    codes = [f"{code[:9]}{n % 1000:03d}" for n, code in enumerate(codes)]
    codes = list(dict.fromkeys(codes))
    inside = [f"{codes[n % len(codes)]}{n // len(codes) + 1:03d}" for n in range(compounds)]

    def unit(kind: str, code: str) -> Unit:
        first, last = range_of(code)
        return Unit(
            code=f"{code}:{kind}", organ_type=kinds[kind], name=f"{kind} {code}", place=first, first=first, last=last,
            valid_from=date(2026, 1, 1), synthetic=True,
        )  # fmt: skip

    Unit.objects.bulk_create(
        [
            unit("city-command", "5101"),
            *(unit("community", c) for c in codes),
            *(unit("compound", c) for c in sorted(inside)),
        ],
        batch_size=2000,
    )
    command = Unit.objects.select_related("organ_type").get(code="5101:city-command")
    acts = frozenset({"playbook.activate", "directive.issue", "task.answer", "team.manage"})
    return command, Actor(label="city command", acts=acts, scope=Scope.of([GROUND]), unit_id=command.pk)


def fan_out(source: str, *, command: Unit, admission: Any, by: Actor) -> int:
    """This function will send one directive as the desk does."""
    return send_tasks(
        kind="DIRECTIVE", source=source, title="全市小区供暖情况核查", asker=command, organ_types=KINDS, grounds=[GROUND],
        basis="《中华人民共和国突发事件应对法》第七十三条", admission=admission, due_at=AT + timedelta(hours=8), by=by, at=AT,
    )  # fmt: skip


@transaction.atomic
def bulk(source: str, *, command: Unit, admission: Any, by: Actor) -> int:
    """This function will send the same rows with ``bulk_create``."""
    units = Unit.objects.filter(organ_type__code__in=KINDS, place__range=GROUND).values_list("pk", "place")
    tasks = [
        Task(
            kind="DIRECTIVE", source=source, title="全市小区供暖情况核查", asker_id=command.pk, owner_id=pk, place=place,
            admission_id=admission.pk, basis="《中华人民共和国突发事件应对法》第七十三条", created_at=AT, sent_by=by.label,
            due_at=AT + timedelta(hours=8), remind_at=AT + timedelta(hours=6), changed_at=AT,
        )
        for pk, place in units
    ]  # fmt: skip
    Task.objects.bulk_create(tasks, batch_size=1000)
    return len(tasks)


def seconds(act: Callable[[], Any]) -> float:
    """This function will return the wall time of a call."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def clean() -> None:
    """This function will empty the tables between runs, untimed, so that each run finds the same."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("TRUNCATE desk_taskstep, desk_task CASCADE")
        else:
            Task.objects.everywhere("a benchmark's own table").delete()


def row(name: str, value: float, unit: str, baseline: str, ratio: float | None, goal: str, ok: bool) -> dict[str, Any]:
    """This function will return one line of the table."""
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio, "goal": goal, "ok": ok}


def compare(times: int, given: dict[str, Any]) -> dict[str, Any]:
    """This function will time fan-out and ``bulk_create`` in turn; medians."""
    ours, theirs, sent = [], [], 0
    for n in range(times):
        clean()
        ours.append(seconds(lambda n=n: fan_out(f"directive:{n}", **given)))
        sent = Task.objects.everywhere("a benchmark").filter(source=f"directive:{n}").count()
        clean()
        theirs.append(seconds(lambda n=n: bulk(f"directive:{n}", **given)))
        assert Task.objects.everywhere("a benchmark").filter(source=f"directive:{n}").count() == sent
    mine, peer = statistics.median(ours), statistics.median(theirs)
    part = 8 if connection.vendor == "postgresql" else 15
    name = f"directive to {sent:,} desks, committed"
    return row(
        name,
        mine * 1000,
        "ms",
        f"bulk_create {peer * 1000:,.0f} ms",
        mine / peer,
        f"<= 1/{part}",
        mine / peer <= 1 / part,
    )


def unread_rows(source: str) -> list[dict[str, Any]]:
    """This function will time the exact unread list (first page and count) at each level, nothing read yet."""
    some = (
        Task.objects.everywhere("a benchmark")
        .filter(source=source)
        .order_by("place")
        .values_list("place", flat=True)[5]
    )
    rows = []
    worst = 0.0
    for level in (1, 2, 3, 4):
        scope = Scope.of([range_of(code_of(some, level))])

        def ask(scope: Scope = scope) -> None:
            unread(source, scope=scope, limit=200)
            unread_count(source, scope=scope)

        worst = max(worst, statistics.median(seconds(ask) for _ in range(7)) * 1000)
    rows.append(row("unread list of a subtree, worst of four levels", worst, "ms", "", None, "< 50 ms", worst < 50))
    districts = [f"5101{n + 1:02d}" for n in range(22)]
    areas = [view(code) for code in ("5101", *districts)]
    tree = statistics.median(seconds(lambda: receipt_tree(source, areas)) for _ in range(7)) * 1000
    rows.append(row("receipts of the city and 22 districts", tree, "ms", "", None, "< 150 ms", tree < 150))
    return rows


def view(code: str) -> AreaView:
    """This function will make an area by its code alone; names do not matter here."""
    level = {4: 1, 6: 2}[len(code)]
    given = {"code": code, "name": code, "name_en": "", "level": level, "parent_code": "", "hierarchy": "OFFICIAL"}
    return AreaView(**given, ranges=(Range(*range_of(code)),), synthetic=True)


def receipts(source: str, *, by: Actor, count: int) -> dict[str, Any]:
    """This function will time receipts in batches of 500 and one by one, in turn on different tasks."""
    Task.objects.everywhere("a benchmark").filter(source=source).update(on_paper=True)  # the command may sign for all
    ids = list(Task.objects.everywhere("a benchmark").filter(source=source).order_by("pk").values_list("pk", flat=True))
    at = AT + timedelta(minutes=1)
    single, batched = [], []
    for n in range(5):
        some = ids[n * (count + 500) :][: count + 500]
        ones, many = some[:count], some[count:]
        single.append(
            seconds(lambda ones=ones: [receive([(pk, "DELIVERED", None)], by=by, at=at) for pk in ones]) / count
        )
        batched.append(
            seconds(lambda many=many: receive([(pk, "DELIVERED", None) for pk in many], by=by, at=at)) / len(many)
        )
    one, batch = statistics.median(single), statistics.median(batched)
    baseline = f"one by one {1 / one:,.0f}/s"
    return row("receipts in batches of 500", 1 / batch, "per s", baseline, one / batch, ">= 3", one / batch >= 3)


def fetched(command: Unit, given: dict[str, Any]) -> list[dict[str, Any]]:
    """This function will let the device of every community fetch a new directive from a server of its own, eight at a time.

    Seconds from the first fetch to the answer of the device that completes 99 %; the server's CPU for one fetch that
    delivers and for one that finds nothing new.
    """
    seed_roles()
    role = Role.objects.get(code="desk-device")
    units = Unit.objects.filter(organ_type__code="community", pk__gt=command.pk)
    until = datetime.now(UTC) + timedelta(days=1)
    tokens = [
        token_for(
            Pass(
                serial=uuid4(),
                role=role,
                unit=unit,
                first=unit.first,
                last=unit.last,
                expires_at=until,
                label="值守终端",
            )
        )
        for unit in units
    ]
    server = Server(workers=1, threads=48)
    try:
        devices(server.port, tokens[:16], {})  # imports and connections
        clean()
        etags: dict[str, str] = {}
        before = sum(server.cpu())
        fan_out("directive:fetch", **given)
        ends = devices(server.port, tokens, etags)
        fetch_us = 1e6 * (sum(server.cpu()) - before) / len(tokens)
        delivered = Task.objects.everywhere("a benchmark").filter(state="DELIVERED").count()
        assert delivered == len(tokens), delivered
        before = sum(server.cpu())
        devices(server.port, tokens, etags)
        unchanged_us = 1e6 * (sum(server.cpu()) - before) / len(tokens)
    finally:
        server.stop()
    most = sorted(ends)[math.ceil(len(ends) * 0.99) - 1]
    return [
        row(f"99 % of {len(tokens):,} communities' devices reached", most, "s", "", None, "<= 10 s", most <= 10),
        row("CPU of a fetch that delivers", fetch_us, "us", "", None, "<= 1200 us", fetch_us <= 1200),
        row("CPU of a fetch that finds nothing new", unchanged_us, "us", "", None, "<= 500 us", unchanged_us <= 500),
    ]


def devices(port: int, tokens: list[str], etags: dict[str, str]) -> list[float]:
    """This function will fetch the inbox with each token through eight connections; returns when each was answered."""
    waiting, lock = iter(tokens), threading.Lock()
    ends: list[float] = []
    begun = time.perf_counter()

    def work() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                token = next(waiting, None)
            if token is None:
                break
            known = {"If-None-Match": etags[token]} if token in etags else {}
            line.request("GET", "/api/desk/inbox", headers={"Authorization": f"Bearer {token}"} | known)
            answer = line.getresponse()
            answer.read()
            assert answer.status == (304 if known else 200), answer.status
            etags[token] = answer.headers["ETag"]
            with lock:
                ends.append(time.perf_counter() - begun)
        line.close()

    threads = [threading.Thread(target=work) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == len(tokens), f"{len(ends)} of {len(tokens)} devices were answered"
    return ends


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will run the three comparisons at the city's size, or at a tenth."""
    part = 10 if quick else 1
    command, by = seed(4351 // part, 30_000 // part)
    admission = admit_emergency(
        title="核查",
        declaration="1",
        basis="《突发事件应对法》第七十二条",
        valid_to=AT + timedelta(days=1),
        by=by,
        at=AT,
    )
    given = {"command": command, "admission": admission, "by": by}
    results = [compare(5, given)]
    clean()
    fan_out("directive:0", **given)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    results += unread_rows("directive:0")
    results.append(receipts("directive:0", by=by, count=50 if quick else 200))
    results += fetched(command, given)
    clean()
    return results
