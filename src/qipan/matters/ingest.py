"""The kept counts, changed in the same transaction as the step they count. The same SQL on both databases."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from qipan.kernel.act import gather
from qipan.kernel.bulk import add_up
from qipan.kernel.sql import Statement, adapted, fetch, insertions

from .models import Matter, MatterStep
from .rules.limits import community_of, month_of, street_of

ADD_ALLOWANCE = """
INSERT INTO matters_allowance (source, hour, n) VALUES (%s, %s, 1)
ON CONFLICT (source, hour) DO UPDATE SET n = matters_allowance.n + 1 RETURNING n
"""
ADD_SUGGESTION = """
INSERT INTO matters_suggestiontally (month, kind, word, n) VALUES (%s, %s, %s, 1)
ON CONFLICT (month, kind, word) DO UPDATE SET n = matters_suggestiontally.n + 1
"""


# What is counted, as the tables name it; places are those of the community, of the street.
TALLY = ("place", "category_id", "channel", "unit", "month", "kind", "detail", "drill")
STREET_TALLY = ("place", "channel", "month", "kind", "detail", "drill")
STANDING = ("place", "state", "drill")
TABLES = {"matters_standing": STANDING, "matters_streettally": STREET_TALLY, "matters_tally": TALLY}
Tally = tuple[int, int, str, int, date, str, str, bool]
Standing = tuple[int, str, bool]


class Step(NamedTuple):
    """A step of a matter as it is written."""

    matter_id: int
    kind: str
    detail: str
    unit_id: int | None
    at: datetime
    by_label: str
    note: str
    report: int | None = None


def write_step(matter: Matter, step: Step) -> None:
    """This function will write a step of a matter and count it, with all others of the act."""
    gather(_written, [step])
    count_steps(matter, [step])


def _written(steps: list[Step]) -> list[Statement]:
    rows = ((*one[:4], adapted(one.at), one.by_label[:120], one.note.strip()[:1000], one.report) for one in steps)
    return insertions("matters_matterstep", Step._fields, rows)


class Count(NamedTuple):
    """What an act adds to one of the tables of counts."""

    table: str
    key: tuple[Any, ...]
    n: int


def count_steps(matter: Matter, steps: Iterable[MatterStep | Step], *, by: int = 1) -> None:
    """This function will add steps to the kept counts, or take them off with ``by=-1``."""
    gather(
        _counted,
        (
            Count(
                "matters_tally",
                (
                    community_of(matter.place), matter.category_id, str(matter.channel), step.unit_id or 0,
                    month_of(step.at), str(step.kind), step.detail, matter.drill,
                ),
                by,
            )
            for step in steps
        ),
    )  # fmt: skip


def count_state(matter: Matter, *, was: str | None, now: str) -> None:
    """This function will move a matter from one state's count to another's; ``was`` None is a new matter."""
    if was == now:
        return
    place = community_of(matter.place)
    changes = [(str(now), 1)] + ([(str(was), -1)] if was is not None else [])
    gather(_counted, [Count("matters_standing", (place, state, matter.drill), n) for state, n in changes])


def _counted(counts: list[Count]) -> list[Statement]:
    """What an act counted, added up: one statement for each table, always in one order, so that no two acts wait in
    a circle; standings first, as when many are added at once.
    """
    sums: dict[str, Counter[tuple[Any, ...]]] = {table: Counter() for table in TABLES}
    for table, key, n in counts:
        sums[table][key] += n
    for tally, n in sums["matters_tally"].items():
        sums["matters_streettally"][_street(tally)] += n
    return [_added(table, {key: n for key, n in of.items() if n}) for table, of in sums.items() if any(of.values())]


def _street(tally: tuple[Any, ...]) -> tuple[Any, ...]:
    place, _category, channel, _unit, month, kind, detail, drill = tally
    return street_of(place), channel, month, kind, detail, drill


def _added(table: str, counts: dict[tuple[Any, ...], int]) -> Statement:
    columns = TABLES[table]
    names = ", ".join(columns)
    row = f"({', '.join(['%s'] * (len(columns) + 1))})"
    sums = ((*key, counts[key]) for key in sorted(counts))
    return (
        f"INSERT INTO {table} ({names}, n) VALUES {', '.join([row] * len(counts))}"  # noqa: S608 - own names
        f" ON CONFLICT ({names}) DO UPDATE SET n = {table}.n + excluded.n",
        [value.isoformat() if isinstance(value, date) else value for some in sums for value in some],
    )


def add_counts(tallies: Mapping[Tally, int], standings: Mapping[Standing, int]) -> None:
    """This function will add many counts at once, always in one order, standings first as single acts do."""
    day = connection.ops.adapt_datefield_value
    add_up("matters_standing", STANDING, ((*key, standings[key]) for key in sorted(standings)))
    streets: Counter[tuple[Any, ...]] = Counter()
    for tally, n in tallies.items():
        streets[_street(tally)] += n
    rows = ((*key[:2], day(key[2]), *key[3:], streets[key]) for key in sorted(streets))
    add_up("matters_streettally", STREET_TALLY, rows)
    add_up("matters_tally", TALLY, ((*key[:4], day(key[4]), *key[5:], tallies[key]) for key in sorted(tallies)))


def count_source(source: str, at: datetime) -> int:
    """This function will count one more report of a source in this hour; returns how many it has sent in it."""
    hour = connection.ops.adapt_datetimefield_value(at.replace(minute=0, second=0, microsecond=0))
    [(n,)] = fetch(ADD_ALLOWANCE, (source, hour))
    return int(n)


def count_suggestion(kind: str, word: str, at: datetime) -> None:
    """This function will count one more proposal that was taken, or that was decided otherwise, in this month."""
    month = connection.ops.adapt_datefield_value(month_of(at))
    fetch(ADD_SUGGESTION, (month, str(kind), str(word)))
