"""Readiness of a whole city: every community with its reasons, in as many statements as one street takes.

The city has its organisation, two posts in most communities, nine shifts in each on the day ahead, a drill over all of it
that was released and scored, and what nine of ten communities hold. Beside it stands the plain way: one community at a time.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qipan.access.api import Post, Role, actor_of_post, seed_demo_accounts, seed_roles
from qipan.duties.api import Unit, get_unit, seed_organisation
from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.place import range_of
from qipan.learning.models import Provision
from qipan.learning.queries.provisions import communities_on
from qipan.learning.queries.readiness import readiness_on
from qipan.learning.testing import end_event, make_event, publish_all
from qipan.territory.api import generate_territory

CITY = "5101"
GOAL_S = 1.0  # of CPU, for the city and for its page
STREET_GOAL_S = 0.2
PAGE_STATEMENTS = 40
COMPOUNDS, SHIFTS = 3, 3  # of a community; of a compound in 24 hours
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Players:
    """What a story of an emergency asks for: a moment, who commands, and units by code."""

    at: datetime
    city_commander: Actor

    def unit(self, code: str) -> Unit:
        """This method will return the unit with this code."""
        return get_unit(code)


def found(communities: int, at: datetime) -> tuple[Actor, Client]:
    """This function will write the city; returns its commander, as an actor and signed in."""
    by = Actor.system("bench", acts=["territory.import", "register.edit", "account.manage"], ranges=[range_of(CITY)])
    shape = (23, 261, communities) if communities > 1000 else (3, 26, communities)
    generate_territory(CITY, shape=shape, valid_from=date(2026, 1, 1), by=by, at=at)
    seed_organisation(CITY, by=by, at=at - 400 * DAY)
    seed_roles()
    accounts = {one.role: one for one in seed_demo_accounts(CITY, password="bench", by=by, at=at - 400 * DAY)}
    account = get_user_model().objects.get(username=accounts["city-command"].username)
    commander = actor_of_post(
        Post.objects.everywhere("bench").select_related("account", "unit", "role").get(account=account), at=at
    )
    client = Client()
    client.force_login(account)
    units = list(communities_on([range_of(CITY)]).order_by("place"))
    posts(units, at)
    shifts(units, at)
    provisions(units, at)
    drill(Players(at - 100 * DAY, commander))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return commander, client


def posts(units: list[Unit], at: datetime) -> None:
    """This function will give each community two posts, and every tenth only one."""
    model = get_user_model()
    names = [f"bench-{n}" for n in range(2 * len(units))]
    model.objects.bulk_create((model(username=name, display_name=name, password="!") for name in names), batch_size=500)
    keys = list(model.objects.filter(username__startswith="bench-").order_by("pk").values_list("pk", flat=True))
    role = Role.objects.get(code="community-worker")
    Post.objects.bulk_create(
        (
            Post(account_id=keys[2 * n + second], unit=unit, role=role, valid_from=at - 400 * DAY)
            for n, unit in enumerate(units)
            for second in range(1 if n % 10 == 0 else 2)
        ),
        batch_size=500,
    )


def shifts(units: list[Unit], at: datetime) -> None:
    """This function will open the shifts of the day ahead; in every twentieth community one has nobody."""
    moment = connection.ops.adapt_datetimefield_value

    def rows() -> Iterator[tuple[Any, ...]]:
        for n, unit in enumerate(units):
            for compound in range(1, COMPOUNDS + 1):
                place = unit.place + compound * 10_000  # the doors of a compound
                for turn in range(SHIFTS):
                    start = at + timedelta(hours=1 + 7 * turn)
                    empty = n % 20 == 0 and compound == turn + 1 == 1
                    yield (
                        unit.pk, "gate", "bench", place, moment(start), moment(start + timedelta(hours=7)),
                        "" if empty else "post", None if empty else moment(at), False,
                    )  # fmt: skip

    columns = ("unit_id", "title", "source", "place", "starts_at", "ends_at", "filled_by", "filled_at", "drill")
    write("deployment_shift", columns, rows(), nullable=("filled_at",))


def provisions(units: list[Unit], at: datetime) -> None:
    """This function will have nine of ten communities hold six things and count their households; some long ago."""
    moment = connection.ops.adapt_datetimefield_value

    def rows() -> Iterator[tuple[Any, ...]]:
        for n, unit in enumerate(units):
            if n % 10 != 7:
                then = moment(at - (100 if n % 8 == 3 else n % 60) * DAY)
                yield unit.pk, unit.place, 20 + n % 50, 20 + n % 50 - n % 4, then, "bench", then, "bench", False

    columns = (
        "unit_id", "place", "households", "with_helper", "said_at", "said_by", "confirmed_at", "confirmed_by", "example",
    )  # fmt: skip
    write("learning_provision", columns, rows())
    keys = Provision.objects.everywhere("bench").order_by("pk").values_list("pk", flat=True)
    items = ((key, f"item {n}", "kg", (4 + (key + n) % 12) * 100, 100) for key in list(keys) for n in range(6))
    write("learning_provisionitem", ("provision_id", "name", "measure", "amount", "per_day"), items)


def drill(players: Any) -> None:
    """This function will hold a drill over the whole city and release it, so that it is scored."""
    publish_all(players)
    end_event(make_event(players, number="BENCH", drill=True, code=CITY), at=players.at + timedelta(hours=5))


def timed(work: Callable[[], Any], times: int) -> tuple[float, float, Any]:
    """This function will return the medians of the seconds that work takes, on the wall and of CPU, and its last result."""
    taken, used, done = [], [], None
    for _time in range(times):
        began, spent = time.perf_counter(), time.process_time()
        done = work()
        taken.append(time.perf_counter() - began)
        used.append(time.process_time() - spent)
    return statistics.median(taken), statistics.median(used), done


def statements(work: Callable[[], Any]) -> int:
    """This function will count the statements of work."""
    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def run(quick: bool) -> list[dict[str, Any]]:
    """This function will time readiness of a city and of one street, their pages, and one community at a time."""
    at = datetime.now(UTC)
    commander, client = found(304 if quick else 3041, at)
    city, street = range_of(CITY), range_of(f"{CITY}01001")

    def judged(ground: Any = city) -> Any:
        return readiness_on([ground], actor=commander, at=at)

    whole, whole_cpu, rows = timed(judged, 5)
    assert len(rows) == (304 if quick else 3041)
    assert all(row.known == 3 + 2 * (n % 10 != 7) for n, row in enumerate(rows)), "what was written is what is read"
    some = [row.area.ranges[0] for row in rows[:: max(1, len(rows) // 30)]]
    each, _cpu, _done = timed(lambda: [judged(ground) for ground in some], 1)
    apart = each / len(some) * len(rows)
    few, many = statements(lambda: judged(street)), statements(judged)
    page, page_cpu, _answer = timed(lambda: client.get(f"/readiness/{CITY}"), 5)
    asked = statements(lambda: client.get(f"/readiness/{CITY}"))
    small, small_cpu, _answer = timed(lambda: client.get(f"/readiness/{CITY}01001"), 5)
    name = f"readiness of {len(rows):,} communities"
    return [
        row(f"{name}, against one community at a time", whole, "s", None, baseline=apart),
        row(f"{name}, CPU", whole_cpu, "s", GOAL_S),
        row(f"{name}, page of the city", page, "s", None),
        row(f"{name}, page of the city, CPU", page_cpu, "s", GOAL_S),
        row(f"{name}, page of one street", small, "s", None),
        row(f"{name}, page of one street, CPU", small_cpu, "s", STREET_GOAL_S),
        row(f"{name}, statements, as many as of one street", many, "", few),
        row(f"{name}, statements of the page of the city", asked, "", PAGE_STATEMENTS),
    ]


def row(name: str, value: float, unit: str, goal: float | None, *, baseline: float | None = None) -> dict[str, Any]:
    return {
        "name": name, "value": value, "unit": unit, "baseline": baseline if baseline is not None else "",
        "ratio": value / baseline if baseline else None,
        "goal": "" if goal is None else f"<= {goal:g} {unit}".strip(), "ok": goal is None or value <= goal,
    }  # fmt: skip
