"""Running totals as sources publish them: what each day had, and what a total that falls takes back. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate


@dataclass(frozen=True)
class Fall:
    """A total was lower than the one before it; ``taken`` says what that takes from which day: before, after."""

    day: date
    before: int
    after: int
    taken: tuple[tuple[date, int, int], ...]


class BelowNought(ValueError):
    """A total is below nought, or lower than what can be taken back."""


def daily(
    totals: Iterable[tuple[date, int]], *, known: Mapping[date, int] | None = None
) -> tuple[dict[date, int], list[Fall]]:
    """This function will turn running totals into counts of each day, together with what is known of other days.

    A total says what all days up to it sum to. ``known`` are counts of any days, and so a total of each of these days
    as well: one that is not said anew stands, and what a corrected total changes before it is made up on its day. A
    total that falls is no count of its day: nobody can have fewer than none. It takes back what was counted before, the
    latest day first, so that no day is below nought and all days together are always the latest total. Raises
    ``BelowNought``.
    """
    held = sorted((known or {}).items())
    said = dict(zip((day for day, _n in held), accumulate(n for _day, n in held), strict=True)) | dict(totals)
    if any(total < 0 for total in said.values()):
        raise BelowNought
    counts: dict[date, int] = {}
    falls: list[Fall] = []
    running = 0
    for day, total in sorted(said.items()):
        counts[day] = max(total - running, 0)
        if total < running:
            falls.append(Fall(day, running, total, tuple(_take_back(counts, running - total))))
        running = total
    return counts, falls


def _take_back(counts: dict[date, int], more: int) -> Iterable[tuple[date, int, int]]:
    """Takes so many from the latest days that have any."""
    for day in reversed(counts):
        if not more:
            return
        had = counts[day]
        if had:
            counts[day] = had - min(had, more)
            more -= min(had, more)
            yield day, had, counts[day]
