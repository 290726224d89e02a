"""The engine of zones: which level follows from daily counts, day by day. Pure, counts only.

Windows are local calendar days: "14 days" up to a day are that day and the 13 before it, however long each was.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from .sets import Criterion, Rule

# input -> day as ``date.toordinal`` -> how many
AreaCounts = Mapping[str, Mapping[int, int]]
Numbers = npt.NDArray[np.int64]
MOST_NAMED = 31  # days that a reason lists one by one


@dataclass(frozen=True)
class Span:
    """An area has a level from one day to another, both included."""

    first: date
    last: date
    level: int

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Reason:
    """One criterion on a day: what was asked, what was found in which window, and on which days it stood."""

    level: int  # the level that asks for it
    input: str
    at_least: int
    days: int | None
    found: int
    first: date | None  # of the window; None where it is all days so far
    last: date
    on: tuple[tuple[date, int], ...]  # the latest days with a count, oldest first

    @property
    def met(self) -> bool:
        """Whether the threshold was reached."""
        return self.found >= self.at_least

    def text(self) -> dict[str, object]:
        """This method will return the reason as it is stored with a zone."""
        return {
            "level": self.level,
            "input": self.input,
            "at_least": self.at_least,
            "days": self.days,
            "found": self.found,
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat(),
            "on": [[day.isoformat(), n] for day, n in self.on],
        }


def spans_of(rule: Rule, counts: AreaCounts, *, first: date, last: date) -> list[Span]:
    """This function will return the levels of one area from ``first`` to ``last``, without gaps, in order.

    All counts that are given count, those before ``first`` too; those after a day never change its level.
    """
    origin, length = first.toordinal(), (last - first).days + 1
    levels = _levels(rule, counts, origin, length)
    if levels is None:
        return [Span(first, last, rule.lowest)]
    turns = np.flatnonzero(levels[1:] != levels[:-1]).tolist()
    starts, ends = [0, *(turn + 1 for turn in turns)], [*turns, length - 1]
    return [
        Span(date.fromordinal(origin + start), date.fromordinal(origin + end), int(levels[start]))
        for start, end in zip(starts, ends, strict=True)
    ]


def zone(rule: Rule, counts: Mapping[str, AreaCounts], *, first: date, last: date) -> Iterator[tuple[str, list[Span]]]:
    """This function will go through many areas, by their code, each with its levels as ``spans_of`` finds them."""
    for code, own in counts.items():
        yield code, spans_of(rule, own, first=first, last=last)


def level_on(rule: Rule, counts: AreaCounts, day: date) -> int:
    """This function will return the level of one area on one day."""
    return spans_of(rule, counts, first=day, last=day)[0].level


def _levels(rule: Rule, counts: AreaCounts, origin: int, length: int) -> Numbers | None:
    """The level of each day; None where no level above the lowest is reached on any."""
    kept: dict[tuple[str, int | None], Numbers | None] = {}

    def sums(one: Criterion) -> Numbers | None:
        key = (one.input, one.days)
        if key not in kept:
            kept[key] = _sums(counts.get(one.input), one.days, origin, length)
        return kept[key]

    levels: Numbers | None = None
    for level, criteria in reversed(rule.levels):  # the gravest last, so that it stands where several are met
        met: npt.NDArray[np.bool_] | None = None
        for one in criteria:
            found = sums(one)
            if found is None:
                break
            met = found >= one.at_least if met is None else met & (found >= one.at_least)
            if not met.any():
                break
        else:
            if met is not None:
                below = levels if levels is not None else np.full(length, rule.lowest, np.int64)
                levels = np.where(met, level, below)
    return levels


def _sums(counts: Mapping[int, int] | None, days: int | None, origin: int, length: int) -> Numbers | None:
    """How many stand in the window that ends on each day; None where nothing was ever counted."""
    if not counts:
        return None
    back = days or 0  # days before ``origin`` that windows reach back to
    places = np.fromiter(counts, np.int64, len(counts)) - (origin - back)
    numbers = np.fromiter(counts.values(), np.int64, len(counts))
    inside = (places >= 0) & (places < back + length)
    values = np.zeros(back + length, np.int64)
    values[places[inside]] = numbers[inside]  # a day stands once
    running = values.cumsum()
    if days is None:
        return running + int(numbers[places < 0].sum())
    return running[back:] - running[:length]


def reasons_on(rule: Rule, counts: AreaCounts, day: date, *, since: date | None = None) -> list[Reason]:
    """This function will say why an area has its level on a day: every criterion that was met for it.

    Where nothing was met, the criteria of each level that were not are named: why it is not higher. Days before
    ``since`` are counted and not named.
    """
    level = level_on(rule, counts, day)
    for own, criteria in rule.levels:
        if own == level:
            return [_reason(own, one, counts, day, since) for one in criteria]
    every = [_reason(own, one, counts, day, since) for own, criteria in rule.levels for one in criteria]
    return [one for one in every if not one.met]


def _reason(level: int, one: Criterion, counts: AreaCounts, day: date, since: date | None) -> Reason:
    last = day.toordinal()
    first = last - one.days + 1 if one.days else 0
    named_from = since.toordinal() if since else 0
    own = sorted((d, n) for d, n in counts.get(one.input, {}).items() if first <= d <= last and n)
    return Reason(
        level=level,
        input=one.input,
        at_least=one.at_least,
        days=one.days,
        found=sum(n for _day, n in own),
        first=date.fromordinal(first) if one.days else None,
        last=day,
        on=tuple((date.fromordinal(d), n) for d, n in own[-MOST_NAMED:] if d >= named_from),
    )


def days_by_level(spans: Iterable[Span]) -> dict[int, int]:
    """This function will count the days of spans by level."""
    found: dict[int, int] = {}
    for span in spans:
        found[span.level] = found.get(span.level, 0) + span.days
    return found
