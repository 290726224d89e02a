"""Clocks: known days of the Chinese calendar, and properties that hold for all starts and amounts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import get_default_timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.calendar import (
    LAST_YEAR,
    OFFICE,
    Kind,
    OfficeHours,
    due_time,
    is_working_day,
    robs_sleep,
    running_time,
    spare_night,
    time_left,
)

ZONE = get_default_timezone()
HOURS, DAYS, CLOCK = Kind.WORKING_HOURS, Kind.WORKING_DAYS, Kind.CLOCK_HOURS


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def hours(n: float) -> timedelta:
    return timedelta(hours=n)


def test_holidays_and_make_up_days():
    assert not is_working_day(date(2026, 10, 1))  # National Day, a Thursday
    assert is_working_day(date(2026, 10, 10))  # a Saturday that makes up for it
    assert not is_working_day(date(2026, 2, 17))  # Spring Festival
    assert is_working_day(date(2026, 11, 25))
    assert not is_working_day(date(2026, 11, 28))


@pytest.mark.parametrize(
    ("start", "amount", "kind", "due"),
    [
        ("2026-11-25 10:00", hours(3), CLOCK, "2026-11-25 13:00"),
        ("2026-11-25 10:00", hours(2), HOURS, "2026-11-25 12:00"),
        ("2026-11-25 10:00", hours(3), HOURS, "2026-11-25 14:00"),  # noon is free
        ("2026-11-25 22:00", hours(1), HOURS, "2026-11-26 10:00"),
        ("2026-11-27 16:00", hours(2), HOURS, "2026-11-30 10:00"),  # over a weekend
        ("2026-09-30 16:00", hours(2), HOURS, "2026-10-08 10:00"),  # over National Day
        ("2026-11-25 10:00", 1, DAYS, "2026-11-26 17:00"),
        ("2026-09-30 10:00", 1, DAYS, "2026-10-08 17:00"),
        ("2026-10-08 10:00", 2, DAYS, "2026-10-10 17:00"),  # the make-up Saturday counts
    ],
)
def test_due_times(start: str, amount: timedelta | int, kind: Kind, due: str):
    answer = due_time(local(start), amount, kind)
    assert (answer.at, answer.certain) == (local(due), True)


def test_a_year_without_data_knows_weekends_only_and_says_so():
    start = local(f"{LAST_YEAR}-12-31 10:00")
    answer = due_time(start, 1, DAYS)
    assert (answer.at, answer.certain) == (local(f"{LAST_YEAR + 1}-01-01 17:00"), False)
    assert due_time(start, hours(48), CLOCK).certain


@pytest.mark.parametrize(
    ("kind", "amount", "due"),
    [
        (CLOCK, hours(3), "2026-11-25 14:00"),
        (HOURS, hours(3), "2026-11-25 15:00"),
        (DAYS, 1, "2026-11-26 17:00"),
    ],
)
def test_the_clock_stands_while_it_is_suspended(kind: Kind, amount: timedelta | int, due: str):
    pause = (local("2026-11-25 11:00"), local("2026-11-25 12:00"))
    assert due_time(local("2026-11-25 10:00"), amount, kind, pauses=[pause]).at == local(due)


def test_a_working_day_that_a_pause_touches_does_not_count():
    pause = (local("2026-11-26 11:00"), local("2026-11-26 11:30"))
    assert due_time(local("2026-11-25 10:00"), 1, DAYS, pauses=[pause]).at == local("2026-11-27 17:00")


@pytest.mark.parametrize(
    ("kind", "amount"), [(DAYS, 0), (DAYS, hours(1)), (HOURS, 3), (CLOCK, hours(0)), (HOURS, hours(-1))]
)
def test_an_amount_of_the_wrong_kind_is_an_error(kind: Kind, amount: timedelta | int):
    with pytest.raises(ValueError, match="above 0"):
        due_time(local("2026-11-25 10:00"), amount, kind)


def test_a_clock_that_never_runs_again_is_an_error():
    with pytest.raises(OverflowError):
        due_time(local("2026-11-25 10:00"), hours(1), CLOCK, pauses=[(local("2026-11-25 10:30"), None)])


def test_what_is_left_in_the_tasks_own_clock():
    at = local("2026-11-25 16:00")
    left = time_left(local("2026-11-26 11:20"), at=at, kind=HOURS)
    assert (left.late, left.days, left.hours, left.minutes) == (False, 0, 3, 20)
    left = time_left(local("2026-11-26 17:10"), at=at, kind=CLOCK)
    assert (left.late, left.days, left.hours, left.minutes) == (False, 1, 1, 10)
    left = time_left(local("2026-11-30 17:00"), at=at, kind=DAYS)
    assert (left.late, left.days, left.total) == (False, 3, 3)
    left = time_left(local("2026-11-25 15:30"), at=at, kind=HOURS)
    assert (left.late, left.hours, left.minutes) == (True, 0, 30)


BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
moments = st.integers(0, 600 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
spans = st.integers(1, 60 * 100).map(lambda minutes: timedelta(minutes=minutes))
numbers = st.integers(1, 30)
pauses = st.lists(
    st.tuples(moments, st.integers(1, 60 * 90)).map(lambda pair: (pair[0], pair[0] + timedelta(minutes=pair[1]))),
    max_size=3,
)
clocks = st.one_of(st.tuples(st.sampled_from([CLOCK, HOURS]), spans, spans), st.tuples(st.just(DAYS), numbers, numbers))


@settings(max_examples=150, deadline=None)
@given(moments, clocks, pauses)
def test_time_adds_up(start: datetime, clock: tuple, held: list):
    kind, first, second = clock
    middle = due_time(start, first, kind, pauses=held).at
    assert due_time(middle, second, kind, pauses=held).at == due_time(start, first + second, kind, pauses=held).at


@settings(max_examples=150, deadline=None)
@given(moments, moments, clocks, pauses)
def test_later_starts_and_longer_amounts_are_due_later(one: datetime, other: datetime, clock: tuple, held: list):
    kind, first, second = clock
    early, late = sorted((one, other))
    assert due_time(early, first, kind, pauses=held).at <= due_time(late, first, kind, pauses=held).at
    small, large = sorted((first, second))
    assert early < due_time(early, small, kind, pauses=held).at <= due_time(early, large, kind, pauses=held).at


@settings(max_examples=150, deadline=None)
@given(moments, clocks)
def test_nothing_is_due_on_a_holiday_or_outside_office_hours(start: datetime, clock: tuple):
    kind, amount, _ = clock
    due = due_time(start, amount, kind).at
    if kind is CLOCK:
        assert due == start + amount
        return
    day = due.astimezone(ZONE).date()
    assert is_working_day(day)
    assert any(first <= due <= last for first, last in OFFICE.on(day))


@settings(max_examples=150, deadline=None)
@given(moments, clocks, pauses)
def test_running_time_is_the_reverse_of_a_due_time(start: datetime, clock: tuple, held: list):
    kind, amount, _ = clock
    assert running_time(start, due_time(start, amount, kind, pauses=held).at, kind, pauses=held) == amount


def november(hour: int, minute: int = 0, day: int = 25) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("_case", "at", "due_at", "refused"),
    [
        ("half an hour at 23:30", november(23, 30), november(0, 0, 26), True),
        ("an hour before dawn", november(6, 30), november(7, 30), True),
        ("ends just inside the night", november(20, 30), november(22, 0), True),
        ("ends just before the night", november(20, 0), november(21, 59), False),
        ("two hours at night are enough", november(23, 0), november(1, 0, 26), False),
        ("half an hour by day", november(14, 0), november(14, 30), False),
        ("seven is day", november(7, 0), november(8, 0), False),
        ("no due time", november(23, 30), None, False),
    ],
)
def test_nobody_is_asked_to_answer_in_less_than_two_hours_at_night(_case, at, due_at, refused):
    assert robs_sleep(at=at, due_at=due_at, zone=ZONE) is refused


@pytest.mark.parametrize(
    ("at", "due_at", "spared"),
    [
        ("2026-11-25 23:30", "2026-11-26 00:30", "2026-11-26 09:00"),
        ("2026-11-26 03:10", "2026-11-26 04:10", "2026-11-26 09:00"),
        ("2026-11-25 21:30", "2026-11-25 22:30", "2026-11-26 09:00"),
        ("2026-11-25 23:30", "2026-11-26 01:30", "2026-11-26 01:30"),
        ("2026-11-25 14:00", "2026-11-25 14:30", "2026-11-25 14:30"),
    ],
)
def test_what_can_wait_is_due_two_hours_after_the_night(at, due_at, spared):
    assert spare_night(at=local(at), due_at=local(due_at), zone=ZONE) == local(spared)


@given(st.integers(0, 525_600), st.integers(1, 600))
def test_nothing_that_was_spared_robs_sleep_and_nothing_comes_sooner(later, minutes):
    begin = local("2026-01-01 00:00") + timedelta(minutes=later)
    due = begin + timedelta(minutes=minutes)
    spared = spare_night(at=begin, due_at=due, zone=ZONE)
    assert due <= spared < begin + timedelta(hours=13)  # two before the night, its nine, two after it
    assert not robs_sleep(at=begin, due_at=spared, zone=ZONE)


def test_the_night_is_the_local_one():
    at = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)  # 23:30 in Chengdu, 10:30 in New York
    assert robs_sleep(at=at, due_at=at.replace(hour=16), zone=ZoneInfo("Asia/Shanghai")) is True
    assert robs_sleep(at=at, due_at=at.replace(hour=16), zone=ZoneInfo("America/New_York")) is False


def test_offices_are_open_in_the_civil_time_of_the_city(settings):
    settings.TIME_ZONE = "Asia/Urumqi"
    start = datetime(2026, 11, 25, 10, tzinfo=ZoneInfo("Asia/Urumqi"))
    assert due_time(start, hours(3), HOURS, hours=OfficeHours()).at == start.replace(hour=14)  # noon is free
