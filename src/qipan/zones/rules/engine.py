"""The engine of zones: which level follows from daily counts, day by day. Pure, counts only.

Windows are local calendar days: "14 days" up to a day are that day and the 13 before it, however long each was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
import numpy.typing as npt

from .sets import Criterion, Rule

# input -> day as ``date.toordinal`` -> how many
AreaCounts = Mapping[str, Mapping[int, int]]
Numbers = npt.NDArray[np.int64]
TOGETHER = 512  # areas in one matrix: a year of them is 2 MB
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
    return next(zone(rule, {"": counts}, first=first, last=last))[1]


def zone(rule: Rule, counts: Mapping[str, AreaCounts], *, first: date, last: date) -> Iterator[tuple[str, list[Span]]]:
    """This function will go through many areas, by their code, each with its levels as ``spans_of`` finds them."""
    origin, length = first.toordinal(), (last - first).days + 1
    every = iter(counts.items())
    while some := list(islice(every, TOGETHER)):
        levels = _levels([own for _code, own in some], rule, origin, length)
        turned = levels[:, 1:] != levels[:, :-1]
        for row, (code, _own) in enumerate(some):
            turns = turned[row].nonzero()[0].tolist()
            starts, ends = [0, *(turn + 1 for turn in turns)], [*turns, length - 1]
            given = levels[row, starts].tolist()
            yield (
                code,
                [
                    Span(date.fromordinal(origin + start), date.fromordinal(origin + end), level)
                    for start, end, level in zip(starts, ends, given, strict=True)
                ],
            )


def level_on(rule: Rule, counts: AreaCounts, day: date) -> int:
    """This function will return the level of one area on one day."""
    return spans_of(rule, counts, first=day, last=day)[0].level


def _levels(areas: Sequence[AreaCounts], rule: Rule, origin: int, length: int) -> Numbers:
    """The level of each area (a row) on each day (a column)."""
    back = rule.window  # days before ``origin`` that windows reach back to
    running: dict[str, Numbers] = {name: _running(areas, name, origin - back, back + length) for name in rule.inputs}
    levels = np.full((len(areas), length), rule.lowest, np.int64)
    for level, criteria in reversed(rule.levels):  # the gravest last, so that it stands where several are met
        met = np.ones(levels.shape, np.bool_)
        for one in criteria:
            together = running[one.input]
            found = together[:, back + 1 :]
            if one.days is not None:
                found = found - together[:, back + 1 - one.days : back + 1 - one.days + length]
            met &= found >= one.at_least
        levels[met] = level
    return levels


def _running(areas: Sequence[AreaCounts], name: str, start: int, length: int) -> Numbers:
    """Running totals of an input, one row for each area: before ``start`` first, then day by day."""
    values = np.zeros((len(areas), length + 1), np.int64)
    for row, counts in enumerate(areas):
        own = counts.get(name)
        if own:
            places = np.fromiter(own, np.int64, len(own)) - (start - 1)
            numbers = np.fromiter(own.values(), np.int64, len(own))
            inside = (places > 0) & (places <= length)
            values[row, places[inside]] = numbers[inside]  # a day stands once
            values[row, 0] = numbers[places <= 0].sum()
    return values.cumsum(axis=1)


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
