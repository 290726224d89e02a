"""Pure decisions of the board: exact sums over ranges, shading, the order of what is left."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import accumulate
from math import ceil, sqrt
from typing import Any

from qipan.kernel.place import Range

STEPS = 5  # of the one progress hue, light to dark
METRICS = ("coverage", "receipts", "tasks")  # what may shade the map and sort the list


class Tally:
    """Counts by place, summed over any ranges in the time of two look-ups.

    All levels are sums of the same rows, so a city always equals its districts. Places need not be
    sorted and may repeat.
    """

    def __init__(self, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        ordered = sorted(rows, key=lambda row: row[0])
        self.columns = tuple(columns)
        self._places = [row[0] for row in ordered]
        self._sums = [
            list(accumulate((row[index] for row in ordered), initial=0)) for index in range(1, len(self.columns) + 1)
        ]

    def __len__(self) -> int:
        return len(self._places)

    def over(self, ranges: Iterable[Range]) -> dict[str, int]:
        """This method will return the sum of each column over the ranges (which must not meet)."""
        total = [0] * len(self.columns)
        for first, last in self._spans(ranges):
            for index, sums in enumerate(self._sums):
                total[index] += sums[last] - sums[first]
        return dict(zip(self.columns, total, strict=True))

    def meets(self, ranges: Iterable[Range]) -> bool:
        """This method will say whether any row lies on the ranges."""
        return any(first < last for first, last in self._spans(ranges))

    def _spans(self, ranges: Iterable[Range]) -> Iterator[tuple[int, int]]:
        for ground in ranges:
            yield bisect_left(self._places, ground.first), bisect_right(self._places, ground.last)


class Holders:
    """How many counted things each owner holds, by place; whoever holds the most on a ground is found once."""

    def __init__(self, rows: Iterable[tuple[int, int, int]]) -> None:
        self._rows = sorted(rows)
        self._places = [place for place, _owner, _count in self._rows]
        self._known: dict[tuple[tuple[Range, ...], int], list[tuple[int, int]]] = {}

    def most(self, ranges: tuple[Range, ...], n: int) -> list[tuple[int, int]]:
        """This method will return the ``n`` owners that hold the most on the ranges (which must not meet), and how many."""
        if (ranges, n) not in self._known:
            held: Counter[int] = Counter()
            for ground in ranges:
                first, last = bisect_left(self._places, ground.first), bisect_right(self._places, ground.last)
                for _place, owner, count in self._rows[first:last]:
                    held[owner] += count
            self._known[ranges, n] = nsmallest(n, held.items(), key=lambda item: (-item[1], item[0]))
        return self._known[ranges, n]


class Receipts(Tally):
    """A tally whose rows end with when they were last delivered, as it sorts; None where nobody has received."""

    def __init__(self, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        rows = list(rows)
        super().__init__(columns, rows)
        self._lasts = [row[-1] for row in sorted(rows, key=lambda row: row[0])]

    def last(self, ranges: Iterable[Range]) -> Any:
        """This method will return the latest of them on the ranges, None while nobody has received."""
        found = (moment for first, last in self._spans(ranges) for moment in self._lasts[first:last])
        return max(filter(None, found), default=None)


@dataclass(frozen=True)
class Share:
    """A part of a whole: what shades the map. ``whole`` 0 means that there is nothing to count here."""

    part: int
    whole: int

    @property
    def left(self) -> int:
        return self.whole - self.part

    @property
    def width(self) -> str:
        """The length of a bar in percent, rounded down: a full bar means all."""
        return f"{self.part * 1000 // self.whole / 10:.1f}" if self.whole else "0"

    @property
    def step(self) -> int:
        """The shade, 1 to 5 in fifths; 0 where there is nothing to count."""
        return min(STEPS, self.part * STEPS // self.whole + 1) if self.whole else 0


def chosen(show: str | None, *, round_open: bool, directive_open: bool) -> str:
    """This function will return the metric that the board shows: the asked one, if there is something of it."""
    available = {"coverage": round_open, "receipts": directive_open, "tasks": True}
    if show in METRICS and available[show]:
        return show
    return next(metric for metric in METRICS if available[metric])


def aligned(ranges: Iterable[Range], per: int) -> bool:
    """This function will say whether ranges begin and end where groups of ``per`` places do."""
    return all(ground.first % per == 0 and (ground.last + 1) % per == 0 for ground in ranges)


def columns_of(squares: int) -> int:
    """This function will return how many columns the schematic board has: nearly square, a little wider."""
    return max(1, min(squares, ceil(sqrt(squares * 1.3))))


def meet(first: int, last: int, ranges: Iterable[Range]) -> bool:
    """This function will say whether [first, last] meets one of the ranges."""
    return any(first <= ground.last and ground.first <= last for ground in ranges)
