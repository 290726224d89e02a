"""Pure decisions on forces: how doors are split among teams, when a shift is empty too close to its start."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qipan.kernel.place import Range

WARN_BEFORE = timedelta(hours=2)  # SCR-8
LONGEST_SHIFT = timedelta(hours=24)


@dataclass(frozen=True)
class Stock:
    """A compound as the split sees it: its place and how many doors it has."""

    place: int
    doors: int


def team_starts(compounds: Sequence[Stock], per_doors: int, cuts: Mapping[int, Sequence[int]]) -> list[int]:
    """This function will return the places at which teams begin: whole neighbouring compounds of together at
    most ``per_doors`` doors; a compound with more is split by itself, at the doors named in ``cuts``.
    """
    starts: list[int] = []
    room = 0
    for compound in compounds:
        if compound.doors > per_doors:
            starts += [compound.place, *cuts.get(compound.place, ())]
            room = 0
        elif compound.doors > room or not starts:
            starts.append(compound.place)
            room = per_doors - compound.doors
        else:
            room -= compound.doors
    return starts


def team_ranges(ground: Range, starts: Sequence[int]) -> list[Range]:
    """This function will tile the ground with one range for each start: no place is left without a team."""
    firsts = [ground.first, *starts[1:]]
    lasts = [first - 1 for first in firsts[1:]] + [ground.last]
    return [Range(first, last) for first, last in zip(firsts, lasts, strict=True)] if starts else []


def shift_hours(
    first_day: datetime, *, first_hour: int, hours: int, days: int, after: datetime
) -> list[tuple[datetime, datetime]]:
    """This function will return the daily periods of a shift that are not over yet; ``first_day`` is local midnight."""
    periods = []
    for day in range(days):
        start = first_day + timedelta(days=day, hours=first_hour)
        if start + timedelta(hours=hours) > after:
            periods.append((start, start + timedelta(hours=hours)))
    return periods


def period_problem(periods: Iterable[tuple[datetime, datetime]]) -> bool:
    """This function will say whether a period ends before it starts or is longer than a day."""
    return any(not timedelta(0) < end - start <= LONGEST_SHIFT for start, end in periods)
