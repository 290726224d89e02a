"""A million matters made from the real rows of a city: how fast they are taken over, listed, filtered, hinted at and
counted; the kept counts against the fastest plain query over the rows; what one matter costs from report to close.

The rows are those of Pingshan (``../shared/data/civic_zh``) with their kinds, times and units, spread over a city of
2,640 communities, with the words of real messages; where the files are not there, a distribution like theirs.
"""

import csv
import gc
import io
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localdate

from qipan.access.api import Post, seed_demo_accounts
from qipan.desk.api import Task, TaskState, answer_task
from qipan.duties.api import Unit, get_unit, seed_organisation
from qipan.journal.api import seal
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.bulk import write
from qipan.kernel.place import Range, place_of, range_of
from qipan.kernel.rows import Reading
from qipan.matters.actions.catalogue import COLUMNS, import_catalogue, seed_rows
from qipan.matters.actions.importing import check_lines, import_lines
from qipan.matters.api import (
    Words,
    add_cooperating,
    arbitrate_matter,
    chips,
    confirm_matter,
    dispatch_matter,
    figures,
    file_matter,
    finish_part,
    get_category,
    object_to_matter,
    report_done,
    report_matter,
    similar,
    verify_matter,
)
from qipan.matters.input.mapping import read_file
from qipan.matters.models import Category, Matter
from qipan.matters.queries.alike import near
from qipan.matters.rules.importing import Rules
from qipan.matters.terms import DECLINING
from qipan.territory.api import generate_territory

from .civic import DATA
from .server import cpu_of

CITY = "5101"
WHOLE = [range_of(CITY)]
EACH = 100_000
COMPOUNDS = 10
DAYS = 730
RULES = Rules(
    columns={
        "number": ("id",), "category": ("category",), "place": ("place",), "text": ("text",), "reported": ("at",),
        "state": ("state",), "closing": ("closing",), "unit": ("unit",), "ended": ("ended",), "satisfied": ("word",),
    },
)  # fmt: skip
HEADER = ("id", "category", "place", "text", "at", "state", "closing", "unit", "ended", "word")
ENDS = ["SOLVED"] * 14 + ["EXPLAINED"] * 3 + ["ANSWERED", "REDIRECTED", "NOT_FOUND"]
WORDS = ["SATISFIED"] * 5 + ["UNSATISFIED"] + [""] * 14
OPEN = 0.05


@dataclass(frozen=True)
class Sample:
    """What the million is made from: rows of (kind, community, second of the day, unit), and messages."""

    rows: list[tuple[int, int, int, int]]
    texts: list[str]
    kinds: int
    real: bool


def sample() -> Sample:
    """This function will read the real rows and messages, or make some of a like distribution."""
    file = DATA / "civic_zh/pingshan_give_first70pct.csv"
    if not file.exists():
        chance = random.Random(1)
        weights = [1 / (n + 2) for n in range(346)]
        kinds = chance.choices(range(346), weights, k=7000)
        rows = [(kind, chance.randrange(23), int(chance.gauss(46_000, 12_000)) % 86_400, kind % 100) for kind in kinds]
        return Sample(rows, [f"门口路灯不亮，第{n}盏，请尽快修理" for n in range(4000)], 346, False)
    table = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    numbers: dict[str, dict[str, int]] = {"SUB_TYPE_NAME": {}, "COMMUNITY_NAME": {}, "DISPOSE_UNIT_NAME": {}}
    rows = []
    for row in table:
        kind, community, unit = (held.setdefault(row[name], len(held)) for name, held in numbers.items())
        hour, minute, second = map(int, row["CREATE_TIME"][11:].split(":"))
        rows.append((kind, community, hour * 3600 + minute * 60 + second, unit))
    messages = DATA / "civic_zh/附件3.xlsx"
    texts = ["路灯不亮"]
    if messages.exists():
        book = read_file(messages.read_bytes())
        where = book.header.index("留言主题"), book.header.index("留言详情")
        texts = [" ".join(cells[n] for n in where)[:200].replace("\0", "") for _n, cells in book.lines]
    return Sample(rows, texts, len(numbers["SUB_TYPE_NAME"]), True)


@dataclass
class Town:
    """The city of the benchmark."""

    communities: list[str]
    categories: list[str]
    units: list[str]
    sample: Sample
    at: datetime


def found(*, districts: int) -> Town:
    """This function will write a city with its organs, accounts, and a catalogue of as many kinds as the rows have."""
    at, given = datetime.now(UTC).replace(microsecond=0), sample()
    acts = ["territory.import", "register.edit", "account.manage", "matter.catalogue", "duty.edit"]
    by = Actor.system("bench", acts=acts, ranges=WHOLE)
    shape = (districts, districts * 12, districts * 120)
    generate_territory(CITY, shape=shape, valid_from=date(2020, 1, 1), by=by, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM territory_area WHERE level = 4 ORDER BY code")
        communities = [code for (code,) in cursor.fetchall()]
    columns = ("place", "name", "name_en", "kind", "doors", "has_screen", "synthetic")
    write(
        "territory_compound",
        columns,
        (
            (place_of(f"{code}{n:03d}"), f"{n}号院", "", "ESTATE", 300, True, True)
            for code in communities
            for n in range(1, COMPOUNDS + 1)
        ),
    )
    seed_organisation(CITY, by=by, at=at)
    seed_demo_accounts(CITY, password="bench", by=by, at=at)
    seeds = seed_rows()
    plain = dict.fromkeys(COLUMNS, "x") | {name: "1wd" for name in COLUMNS if name.startswith("limit_")}
    more = [
        {**plain, "code": f"{n:05d}", "kind": "EVENT", "name": f"事项{n}", "name_en": f"kind {n}"}
        for n in range(90_000, 90_000 + given.kinds - len(seeds))
    ]
    import_catalogue([*seeds, *more], by=by, at=at)
    categories = list(Category.objects.order_by("code").values_list("code", flat=True))
    units = list(Unit.objects.filter(organ_type__level=1).order_by("pk").values_list("code", flat=True)[:100])
    return Town(communities, categories, units, given, at)


def lines(town: Town, count: int, *, first: int) -> Iterator[tuple[str, ...]]:
    """This function will make lines from the real rows: each keeps kind, time of day, unit and its community's share."""
    chance = random.Random(first)
    blocks = max(1, len(town.communities) // 24)
    begin = town.at - timedelta(days=DAYS)
    for number in range(first, first + count):
        kind, community, second, unit = chance.choice(town.sample.rows)
        place = town.communities[(chance.randrange(blocks) * 24 + community) % len(town.communities)]
        day = begin.replace(hour=0, minute=0, second=0) + timedelta(days=chance.randrange(DAYS - 20))
        at = day + timedelta(seconds=second)
        is_open = chance.random() < OPEN
        ended = "" if is_open else f"{at + timedelta(hours=chance.expovariate(1 / 60)):%Y-%m-%d %H:%M:%SZ}"
        if not is_open and ended > f"{town.at:%Y-%m-%d %H:%M:%SZ}":
            ended = f"{town.at:%Y-%m-%d %H:%M:%SZ}"
        closing = "" if is_open else chance.choice(ENDS)
        word = "" if is_open or closing in DECLINING else chance.choice(WORDS)
        yield (
            f"B{number}", town.categories[kind % len(town.categories)], f"{place}{chance.randrange(COMPOUNDS) + 1:03d}",
            chance.choice(town.sample.texts), f"{at:%Y-%m-%d %H:%M:%SZ}", "OPEN" if is_open else "ENDED",
            closing, town.units[unit % len(town.units)], ended, word,
        )  # fmt: skip


def bring(town: Town, count: int, *, first: int) -> float:
    """This function will take one file over as the command does, from its bytes; returns the seconds."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    writer.writerows(lines(town, count, first=first))
    raw = out.getvalue().encode()
    by = Actor.system("bench", acts=["matter.import"], ranges=WHOLE)
    begun, before = time.perf_counter(), spent()
    table = read_file(raw)
    checked = check_lines(table.header, table.lines, mapping="bench", rules=RULES, by=by, at=town.at)
    batch = import_lines(
        checked, name=f"{first}.csv", sha256=table.sha256, mapping="bench", rules=RULES, by=by, at=town.at
    )
    seconds = time.perf_counter() - begun
    print(f"{count:,} lines: {seconds:.1f} s, of which CPU here and in the database {spent() - before:.1f} s")
    assert (batch.matters, checked.bad) == (count, 0), (batch.matters, checked.problems[:3])
    return seconds


def spent() -> float:
    """This function will return the CPU seconds so far of this process and of the database's that serves it."""
    backend = 0
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
    return time.process_time() + (cpu_of(backend) if backend else 0.0)


def row(name: str, value: float, unit: str, baseline: str, ratio: float | None, goal: str, ok: bool) -> dict[str, Any]:
    """This function will return one line of the table."""
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio, "goal": goal, "ok": ok}


def p95(seconds: list[float]) -> float:
    return 1000 * sorted(seconds)[int(len(seconds) * 0.95)]


def timed(act: Callable[[], Any]) -> float:
    """This function will return the wall time of a call."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def signed_in(role: str) -> tuple[Client, Post]:
    """This function will return a browser of somebody with a role, and the post."""
    post = Post.objects.everywhere("bench").select_related("account", "unit").filter(role__code=role).order_by("pk")[0]
    client = Client()
    client.force_login(get_user_model().objects.get(pk=post.account_id))
    return client, post


def pages(town: Town, times: int) -> list[dict[str, Any]]:
    """This function will read list and filter pages of each level, whole pages through the whole stack."""
    common, rare = Counter(kind for kind, *_rest in town.sample.rows).most_common()[0][0], town.sample.kinds - 1
    kinds = [town.categories[n % len(town.categories)] for n in (common, rare)]
    street, community = town.communities[0][:9], town.communities[0]
    top = Matter.objects.everywhere("bench").order_by("-pk").values_list("pk", flat=True)[0]
    filters = ["", *(f"&category={kind}" for kind in kinds), f"&area={street}", f"&area={community}", "&own=1"]
    filters += [f"&area={street}&category={kind}" for kind in kinds]
    filters += [f"&before={top // 2}", f"&area={community}&before={top // 2}"]
    results = []
    for role in ("city-command", "district-command", "street-dispatcher"):
        client, post = signed_in(role)
        ground = post.unit.code.partition(":")[0]
        inside = next(code for code in town.communities if code.startswith(ground))
        paths = [f"/matters?show={show}{more}" for show in ("new", "ended", "handled") for more in filters]
        late = read(
            client, [path.replace(community, inside).replace(f"={street}", f"={inside[:9]}") for path in paths], times
        )
        results.append(row(f"list and filter pages of a {role}, P95", late, "ms", "", None, "<= 100", late <= 100))
    anyone = Client()
    public = [
        f"/public/matters?show={show}{more}"
        for show in ("", "open", "shelved", "ended")
        for more in ("", f"&area={street[:6]}", f"&area={street}", f"&area={community}", f"&before={top // 2}")
    ]
    late = read(anyone, public, times)
    return [*results, row("public list, P95", late, "ms", "", None, "<= 100", late <= 100)]


def read(client: Client, paths: list[str], times: int) -> float:
    """This function will read pages several times each; returns the 95th of a hundred, in milliseconds."""
    seconds, worst = [], ("", 0.0)
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        each = [timed(lambda path=path: client.get(path)) for _n in range(times)]
        seconds += each
        worst = max(worst, (path, p95(each)), key=lambda one: one[1])
    print(f"slowest: {worst[0]}, {worst[1]:.0f} ms")
    return p95(seconds)


def requests(town: Town, times: int) -> dict[str, Any]:
    """This function will read lists of requests as clients of Open311 ask for them: windows, services, states, pages."""
    kinds = Counter(kind for kind, *_rest in town.sample.rows).most_common()
    common, rare = (town.categories[kind % len(town.categories)] for kind in (kinds[0][0], kinds[-1][0]))

    def day(ago: int) -> str:
        return f"{town.at - timedelta(days=ago):%Y-%m-%dT%H:%M:%SZ}"

    windows = (
        f"start_date={day(200)}&end_date={day(111)}",
        f"updated_after={day(200)}&updated_before={day(111)}",
    )
    more = ["", "&status=open", "&status=closed", "&page=100", "&status=open&page=20"]
    more += [f"&service_code={common}", f"&service_code={rare}", f"&service_code={rare}&status=open"]
    paths = [reverse("open311_requests", kwargs={"form": form}) for form in ("json", "xml")]
    asked = [f"{paths[0]}?{window}{one}" for window in windows for one in more] + paths
    late = read(Client(), asked, times)
    return row("list of Open311 requests, P95", late, "ms", "", None, "<= 100", late <= 100)


def hints(town: Town, times: int) -> dict[str, Any]:
    """This function will ask whether something was reported already, where much was reported lately."""
    chance, seconds = random.Random(2), []
    busy = Counter(
        Matter.objects.everywhere("bench").filter(state="REPORTED").values_list("category_id", "place")
    ).most_common(50)
    kinds = Category.objects.in_bulk()
    for (kind, place), _n in busy * max(1, times // 10):
        text = chance.choice(town.sample.texts)
        latest = town.at - timedelta(days=20)
        for spot in (place, near(place).first // 10**7 * 10**7):
            seconds.append(timed(lambda s=spot, k=kind, t=text, a=latest: similar(kinds[k], s, t, at=a)))
    late = p95(seconds)
    return row("hint at the same matter, P95", late, "ms", "", None, "<= 50", late <= 50)


def live(ranges: list[Any], since: date) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """This function will count matters by state and steps by kind from the rows, in plain SQL."""
    first, last = ranges[0]
    begin = datetime(since.year, since.month, since.day, tzinfo=UTC) - timedelta(hours=8)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, COUNT(*) FROM matters_matter WHERE place BETWEEN %s AND %s AND NOT drill GROUP BY state",
            [first, last],
        )
        states = dict(cursor.fetchall())
        cursor.execute(
            "SELECT s.kind, s.detail, COUNT(*) FROM matters_matterstep s JOIN matters_matter m ON m.id = s.matter_id"
            " WHERE m.place BETWEEN %s AND %s AND NOT m.drill AND s.at >= %s GROUP BY s.kind, s.detail",
            [first, last, connection.ops.adapt_datetimefield_value(begin)],
        )
        steps = {(kind, detail): n for kind, detail, n in cursor.fetchall()}
    return states, steps


def overdue(ranges: list[Any], since: date, at: datetime) -> int:
    """This function will count from the rows, in plain SQL, matters whose time to handle is over and which nobody has
    verified.
    """
    first, last = ranges[0]
    begin = datetime(since.year, since.month, since.day, tzinfo=UTC) - timedelta(hours=8)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM matters_matter m JOIN matters_handling h ON h.id ="
            " (SELECT MAX(id) FROM matters_handling WHERE matter_id = m.id AND part = 'PRIMARY')"
            " JOIN desk_task t ON t.id = h.task_id WHERE m.place BETWEEN %s AND %s AND NOT m.drill"
            " AND m.state IN ('DISPATCHED', 'OBJECTED', 'DONE', 'DISPUTED') AND t.suspended_at IS NULL"
            " AND t.due_at >= %s AND t.due_at < %s",
            [first, last, *(connection.ops.adapt_datetimefield_value(one) for one in (begin, at))],
        )
        return int(cursor.fetchone()[0])


def counts(town: Town, times: int) -> list[dict[str, Any]]:
    """This function will compare the kept counts with the same sums counted live from the rows."""
    results = []
    since, until = (town.at - timedelta(days=180)).date().replace(day=1), (town.at + timedelta(days=40)).date()
    for level, code in (("city", CITY), ("district", town.communities[0][:6]), ("community", town.communities[0])):
        ground = [range_of(code)]
        kept = statistics.median(
            timed(lambda g=ground: (chips(g), figures(g, since=since, until=until, at=town.at))) for _n in range(times)
        )
        slow = statistics.median(timed(lambda g=ground: live(g, since)) for _n in range(3))
        states, steps = live(ground, since)
        shown, sums = (
            {chip.show: chip.n for chip in chips(ground)},
            figures(ground, since=since, until=until, at=town.at),
        )
        closed = {detail: n for (kind, detail), n in steps.items() if kind == "CLOSED"}
        # What was declined is due until a second person confirms that it is left out.
        due = sum({"DECLINED": n, "EXCLUDED": -n}.get(kind, 0) for (kind, _d), n in steps.items())
        different = [
            shown["new"] != states.get("REPORTED", 0),
            shown["ended"] != states.get("CLOSED", 0) + states.get("DECLINED", 0),
            sums.reported != sum(n for (kind, _d), n in steps.items() if kind == "REPORTED"),
            sums.dispatched != sum(n for (kind, _d), n in steps.items() if kind == "DISPATCHED"),
            sums.resolution.part
            != sum(n for d, n in closed.items() if d.startswith("SOLVED:") and not d.endswith("DISPUTED")),
            sums.resolution.whole != sum(closed.values()) + due + overdue(ground, since, town.at),
            sums.satisfaction.part != steps.get(("CONFIRMED", "SATISFIED"), 0),
        ]
        ratio = kept / slow
        results += [
            row(f"counts and rates of a {level} against counting live", 1000 * kept, "ms", f"{1000 * slow:.0f} ms", ratio, "<= 0.1" if level != "community" else "", ratio <= 0.1 or level == "community"),
            row(f"counts and rates of a {level} equal the rows", sum(different), "different", "", None, "0", not any(different)),
        ]  # fmt: skip
    return results


def twelve(town: Town, times: int) -> dict[str, Any]:
    """This function will take matters from report to close, twelve steps each; CPU of this process and the database."""
    spot = place_of(f"{town.communities[0]}001")
    street = get_unit(f"{town.communities[0][:9]}:street-office")
    lead = Unit.objects.select_related("organ_type").get(organ_type__is_lead=True)
    category = get_category("01003")
    acts = ["matter.report", "matter.dispatch", "matter.verify", "matter.arbitrate", "task.answer", "matter.view"]
    every = Actor.system("bench", acts=acts, ranges=WHOLE)
    office, ruler = (
        replace(every, label="岗", unit_id=unit.pk, account_id=pk) for unit, pk in ((street, 1), (lead, 2))
    )
    from qipan.duties.api import proposals

    found_units = [one.unit for one in proposals(category.item_code, spot, on=localdate(town.at))]
    first, helper = found_units[0], get_unit(f"{CITY}:parks")
    handler, other = (replace(every, label="岗", unit_id=unit.pk, account_id=3) for unit in (first, helper))

    task_of = Reading[Task](lambda owner, source: Task.objects.everywhere("bench").filter(owner=owner, source=source))

    def one(n: int) -> None:
        at = town.at + timedelta(minutes=n)
        made = report_matter(
            category=category, place=spot, words=Words("路灯不亮"), nonce=f"bench {n}", by=every, at=at
        )
        matter = file_matter(made.matter, by=office, at=at)
        matter = dispatch_matter(matter, unit=first, by=office, at=at)
        matter = object_to_matter(matter, reason="不在清单", by=handler, at=at)
        matter = arbitrate_matter(matter, unit=first, reason="在清单", by=ruler, at=at)
        add_cooperating(matter, unit=helper, by=handler, at=at)
        [mine] = task_of(first.pk, f"matter:{matter.pk}:2")  # the second thing asked about it: to handle it
        answer_task(mine, state=TaskState.ACCEPTED, by=handler, at=at)
        finish_part(matter, result="已修剪", by=other, at=at)
        report_done(matter, kind="SOLVED", result="已修", by=handler, at=at)
        verify_matter(matter, by=office, at=at)
        confirm_matter(made.report, satisfied=True, by=every, at=at)

    for n in range(5):
        one(n)
    backend = 0
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
    before, base = time.process_time(), cpu_of(backend) if backend else 0.0
    for n in range(5, 5 + times):
        one(n)
    app = 1000 * (time.process_time() - before) / times
    database = 1000 * ((cpu_of(backend) - base) if backend else 0.0) / times
    steps = Matter.objects.everywhere("bench").latest("pk").steps.count()
    print(f"one matter: {steps} steps, {app:.1f} ms here, {database:.1f} ms in the database's process")
    cost = app + database
    return row(f"CPU of one matter through {steps} steps", cost, "ms", "", None, "<= 40", cost <= 40 and steps >= 12)


def pages_of_one(town: Town, times: int) -> list[dict[str, Any]]:
    """This function will read the page of a matter that was just reported as a dispatcher does, and of one that ended; CPU
    of this process.
    """
    client, post = signed_in("street-dispatcher")
    mine = Matter.objects.within(Scope((Range(post.unit.first, post.unit.last),)))
    results = []
    for state in ("REPORTED", "CLOSED"):
        path = f"/matters/{mine.filter(state=state).latest('pk').pk}"
        assert client.get(path).status_code == 200
        costs = []
        for _n in range(times):
            before = time.process_time()
            client.get(path)
            costs.append(1000 * (time.process_time() - before))
        cost = statistics.median(costs)
        results.append(row(f"CPU of the page of one matter, {state}", cost, "ms", "", None, "<= 100", cost <= 100))
    return results


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will take a million matters over, read them in every way, and count them again."""
    total, each, times = (20_000, 20_000, 3) if quick else (int(os.environ.get("BENCH_MATTERS", 1_000_000)), EACH, 10)
    town = found(districts=2 if quick else 22)
    print(f"{len(town.communities):,} communities, {len(town.categories)} kinds, real rows: {town.sample.real}")
    seconds = [bring(town, each, first=first) for first in range(0, total, each)]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            connection.ensure_connection()
    slowest = max(seconds)
    print(f"imports of {each:,}: {', '.join(f'{one:.1f}' for one in seconds)} s")
    results = [
        row(f"import of {each:,} lines, slowest of {len(seconds)}", slowest, "s", "", None, "<= 60", slowest <= 60)
    ]
    gc.collect()
    gc.freeze()  # what this process holds to make lines from is no part of a page
    results += pages(town, times)
    results.append(requests(town, times))
    results.append(hints(town, times))
    results += counts(town, times)
    results.append(twelve(town, 20 if quick else 100))
    results += pages_of_one(town, 25)
    seal(at=town.at + timedelta(days=1), limit=5000)
    return results
