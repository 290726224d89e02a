"""What if this rule: two rules on the same history, day by day for every smallest area. Pure; nothing is kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from .engine import Numbers, Span


@dataclass(frozen=True)
class Differs:
    """An area that the two rules judge differently: on how many days, since when, and how on that day."""

    code: str
    days: int
    first: date
    level_a: int
    level_b: int


@dataclass(frozen=True)
class Outcome:
    """What one rule gives: areas that ever reach a level, and days of all areas by level."""

    areas: dict[int, int]
    area_days: dict[int, int]


@dataclass(frozen=True)
class Comparison:
    """Two outcomes, and every area on which they differ, those with most days first."""

    a: Outcome
    b: Outcome
    differs: list[Differs]
    days: int
    areas: int


def compare(
    smallest: Mapping[str, Sequence[str]],
    a: Mapping[str, Sequence[Span]],
    b: Mapping[str, Sequence[Span]],
    *,
    first: date,
    last: date,
    levels: Iterable[int] = (1, 2, 3),
) -> Comparison:
    """This function will compare two rules over the days from ``first`` to ``last``.

    ``smallest`` names for each of the smallest areas the codes whose spans lie over it, its own and those of larger
    ones; where several do, the graver counts, and where none does, the lowest level.
    """
    length = (last - first).days + 1
    every = sorted(levels)
    sides = (_Side(a, first, length, every), _Side(b, first, length, every))
    differs = []
    for code, over in smallest.items():
        one, other = (side.add(over) for side in sides)
        if one is None and other is None:
            continue
        lowest = np.full(length, every[0], np.int64)
        left, right = (found if found is not None else lowest for found in (one, other))
        unlike = np.flatnonzero(left != right)
        if len(unlike):
            at = int(unlike[0])
            day = date.fromordinal(first.toordinal() + at)
            differs.append(Differs(code, len(unlike), day, int(left[at]), int(right[at])))
    differs.sort(key=lambda one: (-one.days, one.code))
    return Comparison(sides[0].outcome(), sides[1].outcome(), differs, length, len(smallest))


class _Side:
    def __init__(self, spans: Mapping[str, Sequence[Span]], first: date, length: int, levels: Sequence[int]) -> None:
        self._length, self._levels = length, levels
        self._areas = dict.fromkeys(levels, 0)
        self._days = dict.fromkeys(levels, 0)
        self._drawn: dict[str, Numbers] = {}
        origin = first.toordinal()
        for code, own in spans.items():
            if any(span.level > levels[0] for span in own):
                drawn = np.full(length, levels[0], np.int64)
                for span in own:
                    drawn[span.first.toordinal() - origin : span.last.toordinal() - origin + 1] = span.level
                self._drawn[code] = drawn

    def add(self, over: Sequence[str]) -> Numbers | None:
        """Counts one smallest area and returns its levels by day, None where it never leaves the lowest."""
        lying = [self._drawn[code] for code in over if code in self._drawn]
        if not lying:
            self._days[self._levels[0]] += self._length
            self._areas[self._levels[0]] += 1
            return None
        found: Numbers = np.maximum.reduce(lying) if len(lying) > 1 else lying[0]
        for level in self._levels:
            days = int((found == level).sum())
            self._days[level] += days
            self._areas[level] += days > 0
        return found

    def outcome(self) -> Outcome:
        return Outcome(self._areas, self._days)
