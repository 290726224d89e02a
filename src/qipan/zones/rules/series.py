"""Running totals as sources publish them: what each day had, and what a total that falls takes back. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date


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
    """This function will turn running totals, in the order of their days, into counts of each day.

    ``known`` are counts of days before the first total. A total that falls is no count of its day: nobody can have
    fewer than none. It takes back what was counted before, the latest day first, so that no day is below nought
    and all days together are always the latest total. Raises ``BelowNought``.
    """
    counts = dict(sorted((known or {}).items()))
    days = list(counts)
    running = sum(counts.values())
    falls: list[Fall] = []
    for day, total in totals:
        if total < 0:
            raise BelowNought
        counts[day] = max(total - running, 0)
        if total < running:
            falls.append(Fall(day, running, total, tuple(_take_back(counts, days, running - total))))
        days.append(day)
        running = total
    return counts, falls


def _take_back(counts: dict[date, int], days: list[date], more: int) -> Iterable[tuple[date, int, int]]:
    """Takes so many from the latest days that have any."""
    for day in reversed(days):
        if not more:
            return
        had = counts[day]
        if had:
            counts[day] = had - min(had, more)
            more -= min(had, more)
            yield day, had, counts[day]
