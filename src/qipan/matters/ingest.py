"""The kept counts, changed in the same transaction as the step they count. The same SQL on both databases."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import connection

from qipan.kernel.bulk import add_up
from qipan.kernel.sql import fetch

from .models import Matter, MatterStep
from .rules.limits import community_of, month_of, street_of

ADD_TALLY = """
INSERT INTO matters_tally (place, category_id, channel, unit, month, kind, detail, drill, n)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (place, month, kind, detail, category_id, channel, unit, drill) DO UPDATE SET n = matters_tally.n + excluded.n
"""
ADD_STREET = """
INSERT INTO matters_streettally (place, channel, month, kind, detail, drill, n) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (place, month, kind, detail, channel, drill) DO UPDATE SET n = matters_streettally.n + excluded.n
"""
ADD_STANDING = """
INSERT INTO matters_standing (place, state, drill, n) VALUES {rows}
ON CONFLICT (place, state, drill) DO UPDATE SET n = matters_standing.n + excluded.n
"""
ADD_ALLOWANCE = """
INSERT INTO matters_allowance (source, hour, n) VALUES (%s, %s, 1)
ON CONFLICT (source, hour) DO UPDATE SET n = matters_allowance.n + 1 RETURNING n
"""
ADD_SUGGESTION = """
INSERT INTO matters_suggestiontally (month, kind, word, n) VALUES (%s, %s, %s, 1)
ON CONFLICT (month, kind, word) DO UPDATE SET n = matters_suggestiontally.n + 1
"""


def count_steps(matter: Matter, steps: Iterable[MatterStep], *, by: int = 1) -> None:
    """This function will add steps to the kept counts, or take them off with ``by=-1``."""
    for step in steps:
        month = connection.ops.adapt_datefield_value(month_of(step.at))
        fetch(
            ADD_TALLY,
            (
                community_of(matter.place), matter.category_id, matter.channel, step.unit_id or 0, month,
                str(step.kind), step.detail, matter.drill, by,
            ),
        )  # fmt: skip
        street = street_of(matter.place)
        fetch(ADD_STREET, (street, matter.channel, month, str(step.kind), step.detail, matter.drill, by))


def count_state(matter: Matter, *, was: str | None, now: str) -> None:
    """This function will move a matter from one state's count to another's; ``was`` None is a new matter."""
    if was == now:
        return
    place = community_of(matter.place)
    changes = [(str(now), 1)] + ([(str(was), -1)] if was is not None else [])
    # In one order, so that two acts never wait in a circle.
    values = [value for state, n in sorted(changes) for value in (place, state, matter.drill, n)]
    fetch(ADD_STANDING.format(rows=", ".join(["(%s, %s, %s, %s)"] * len(changes))), values)


# What is counted, as the tables name it; places are those of the community, of the street.
TALLY = ("place", "category_id", "channel", "unit", "month", "kind", "detail", "drill")
STREET_TALLY = ("place", "channel", "month", "kind", "detail", "drill")
STANDING = ("place", "state", "drill")
Tally = tuple[int, int, str, int, date, str, str, bool]
Standing = tuple[int, str, bool]


def add_counts(tallies: Mapping[Tally, int], standings: Mapping[Standing, int]) -> None:
    """This function will add many counts at once, always in one order, standings first as single acts do."""
    day = connection.ops.adapt_datefield_value
    add_up("matters_standing", STANDING, ((*key, standings[key]) for key in sorted(standings)))
    streets: Counter[tuple[int, str, date, str, str, bool]] = Counter()
    for (place, _category, channel, _unit, month, kind, detail, drill), n in tallies.items():
        streets[street_of(place), channel, month, kind, detail, drill] += n
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
