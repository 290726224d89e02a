"""Clocks: clock hours, working hours and working days of the Chinese calendar, without suspended time.

Holidays and make-up working days come from the State Council's notices as the package
``chinese_calendar`` holds them, year by year. For a year that it does not hold yet, weekends alone
are free and the answer says so (``certain`` is False).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

import chinese_calendar
from django.utils.timezone import get_default_timezone

FIRST_YEAR = min(chinese_calendar.constants.holidays).year
LAST_YEAR = max(chinese_calendar.constants.holidays).year
SATURDAY = 5
LONGEST_DAYS = 36_525  # a clock that stands still for a hundred years is a mistake
ZERO = timedelta(0)
NOTICE = timedelta(hours=2)  # at night nothing is wanted sooner
NIGHT_FROM, NIGHT_TO = time(22, 0), time(7, 0)

Pause = tuple[datetime, datetime | None]  # the clock stands from ... until ...; None is "still"


class Kind(StrEnum):
    """How time is counted."""

    CLOCK_HOURS = "CLOCK_HOURS"
    WORKING_HOURS = "WORKING_HOURS"
    WORKING_DAYS = "WORKING_DAYS"


@dataclass(frozen=True)
class OfficeHours:
    """When offices are open on a working day, in the civil time of the city."""

    zone: tzinfo = field(default_factory=get_default_timezone)
    parts: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(13), time(17)))

    def on(self, day: date) -> list[tuple[datetime, datetime]]:
        """This method will return the open parts of a day as moments."""
        return [
            (
                datetime.combine(day, first, self.zone).astimezone(UTC),
                datetime.combine(day, last, self.zone).astimezone(UTC),
            )
            for first, last in self.parts
        ]


OFFICE = OfficeHours()


@dataclass(frozen=True)
class Due:
    """A due time; not ``certain`` when a year on the way is not in the calendar's data yet."""

    at: datetime
    certain: bool


@dataclass(frozen=True)
class Left:
    """What is left of a task's time, or how long it is late, in the task's own clock."""

    kind: Kind
    late: bool
    days: int
    hours: int
    minutes: int
    certain: bool
    total: timedelta | int  # working days as a number, hours as a span; never negative


def is_known(day: date) -> bool:
    """This function will say whether the calendar holds the holidays of the day's year."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """This function will say whether offices work on a day: make-up Saturdays yes, holidays no."""
    return chinese_calendar.is_workday(day) if is_known(day) else day.weekday() < SATURDAY


def _without(parts: Iterable[tuple[datetime, datetime]], pauses: Iterable[Pause]) -> list[tuple[datetime, datetime]]:
    """The parts of time that no pause covers."""
    left = list(parts)
    for first, last in pauses:
        kept = []
        for begin, end in left:
            if begin < first:
                kept.append((begin, min(end, first)))
            if last is not None and last < end:
                kept.append((max(begin, last), end))
        left = [(begin, end) for begin, end in kept if begin < end]
    return left


def _days(first: date) -> Iterator[date]:
    for n in range(LONGEST_DAYS):
        yield first + timedelta(days=n)
    raise OverflowError("the clock does not reach its end within a hundred years")


def _stretches(
    start: datetime, kind: Kind, hours: OfficeHours, pauses: list[Pause]
) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of running time from ``start`` on, in order."""
    for day in _days(start.astimezone(hours.zone).date()):
        if kind == Kind.CLOCK_HOURS:
            begin = datetime.combine(day, time(), hours.zone).astimezone(UTC)
            end = datetime.combine(day + timedelta(days=1), time(), hours.zone).astimezone(UTC)
            parts = [(begin, end)]
        else:
            parts = hours.on(day) if is_working_day(day) else []
        for begin, end in _without(parts, pauses):
            if end > start:
                yield max(begin, start), end


def _counts(day: date, hours: OfficeHours, pauses: list[Pause]) -> bool:
    """A working day counts as one unless a pause touches its office hours."""
    parts = hours.on(day)
    return is_working_day(day) and _without(parts, pauses) == parts


def due_time(
    start: datetime,
    amount: timedelta | int,
    kind: Kind | str,
    *,
    pauses: Iterable[Pause] = (),
    hours: OfficeHours = OFFICE,
) -> Due:
    """This function will return when ``amount`` of running time after ``start`` has passed.

    Hours are a ``timedelta``, working days a number. The day of the start is not counted in working
    days; the last one ends when the office closes (Civil Code, articles 201 to 203). Nothing is due
    on a holiday but in clock hours. Raises ``ValueError`` unless the amount is above 0 and of the
    right type.
    """
    kind, held = Kind(kind), list(pauses)
    if kind == Kind.WORKING_DAYS:
        if not isinstance(amount, int) or amount < 1:
            raise ValueError("working days are a whole number above 0")
        left = amount
        for day in _days(start.astimezone(hours.zone).date() + timedelta(days=1)):
            left -= _counts(day, hours, held)
            if not left:
                return _due(start, hours.on(day)[-1][1], hours)
    if not isinstance(amount, timedelta) or amount <= ZERO:
        raise ValueError("hours are a span of time above 0")
    span = amount
    for begin, end in _stretches(start, kind, hours, held):
        if end - begin >= span:
            at = begin + span
            return _due(start, at, hours) if kind != Kind.CLOCK_HOURS else Due(at, True)
        span -= end - begin
    raise AssertionError("unreachable")


def _due(start: datetime, at: datetime, hours: OfficeHours) -> Due:
    return Due(at, is_known(start.astimezone(hours.zone).date()) and is_known(at.astimezone(hours.zone).date()))


def running_time(
    start: datetime,
    end: datetime,
    kind: Kind | str,
    *,
    pauses: Iterable[Pause] = (),
    hours: OfficeHours = OFFICE,
) -> timedelta | int:
    """This function will return how much time of this clock lies between two moments: a span, or working days."""
    kind, held = Kind(kind), list(pauses)
    if kind == Kind.WORKING_DAYS:
        first, last = (moment.astimezone(hours.zone).date() for moment in (start, end))
        return sum(_counts(first + timedelta(days=n), hours, held) for n in range(1, (last - first).days + 1))
    if kind == Kind.CLOCK_HOURS:
        return sum((b - a for a, b in _without([(start, end)], held)), ZERO) if start < end else ZERO
    total = ZERO
    if start < end:
        for begin, stop in _stretches(start, kind, hours, held):
            if begin >= end:
                break
            total += min(stop, end) - begin
    return total


def time_left(due_at: datetime, *, at: datetime, kind: Kind | str, hours: OfficeHours = OFFICE) -> Left:
    """This function will return what is left until ``due_at`` in its own clock, or how long it is late."""
    kind, late = Kind(kind), at > due_at
    first, last = (due_at, at) if late else (at, due_at)
    total = running_time(first, last, kind, hours=hours)
    certain = kind == Kind.CLOCK_HOURS or _due(first, last, hours).certain
    if isinstance(total, int):
        return Left(kind, late, total, 0, 0, certain, total)
    minutes = int(total.total_seconds() // 60)
    if kind == Kind.CLOCK_HOURS:
        return Left(kind, late, minutes // 1440, minutes % 1440 // 60, minutes % 60, certain, total)
    return Left(kind, late, 0, minutes // 60, minutes % 60, certain, total)


def touches_night(first: datetime, last: datetime, zone: tzinfo) -> bool:
    """This function will say whether any moment of [first, last] lies between 22:00 and 7:00 on the local clock."""
    start = first.astimezone(zone)
    if start.timetz().replace(tzinfo=None) >= NIGHT_FROM or start.timetz().replace(tzinfo=None) < NIGHT_TO:
        return True
    next_night = start.replace(hour=NIGHT_FROM.hour, minute=0, second=0, microsecond=0)
    return last >= next_night


def robs_sleep(*, at: datetime, due_at: datetime | None, zone: tzinfo) -> bool:
    """This function will say whether a demand leaves less than two hours to answer at night (users.md, pain 1)."""
    return due_at is not None and due_at - at < NOTICE and touches_night(at, due_at, zone)


def after_night(moment: datetime, zone: tzinfo) -> datetime:
    """This function will return a moment, or the morning after it where it lies between 22:00 and 7:00."""
    local = moment.astimezone(zone)
    if not touches_night(local, local, zone):
        return moment
    morning = local.replace(hour=NIGHT_TO.hour, minute=0, second=0, microsecond=0)
    return morning if local < morning else morning + timedelta(days=1)


def spare_night(*, at: datetime, due_at: datetime, zone: tzinfo) -> datetime:
    """This function will return when a demand is due that can wait: two hours after the night where it would rob sleep."""
    if not robs_sleep(at=at, due_at=due_at, zone=zone):
        return due_at
    local = at.astimezone(zone)
    night = local if touches_night(local, local, zone) else local.replace(hour=NIGHT_FROM.hour, minute=0)
    return after_night(night, zone) + NOTICE
