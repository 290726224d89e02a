"""Pure rules: sums exact in fen, what is free at once, and the clock of payment."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.reserves import rules

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
moments = st.integers(0, 48).map(lambda hours: AT + timedelta(hours=hours))


@pytest.mark.row("FRC-13")
def test_the_kinds_have_three_capitals_and_words_in_two_languages() -> None:
    assert {kind.capital for kind in rules.kinds().values()} == {"MONEY", "PEOPLE", "KNOWLEDGE"}
    assert len(rules.kinds()) == 14
    assert all(kind.name and kind.name_en and kind.unit and kind.unit_en for kind in rules.kinds().values())
    assert rules.kinds()["room"].returnable and not rules.kinds()["meal"].returnable


@pytest.mark.row("FRC-13")
@given(st.lists(st.tuples(st.integers(1, rules.MOST_QUANTITY), st.integers(0, rules.MOST_FEN)), max_size=30))
def test_sums_in_fen_are_those_in_decimals(lines: list[tuple[int, int]]) -> None:
    fen = sum(rules.amount(quantity, rate) for quantity, rate in lines)
    exact = sum((Decimal(quantity) * Decimal(rate) / 100 for quantity, rate in lines), Decimal(0))
    assert rules.yuan(fen) == f"{exact:,.2f}"
    assert int(rules.yuan(fen).replace(",", "").replace(".", "")) == fen


def test_yuan_is_written_exactly() -> None:
    assert [rules.yuan(fen) for fen in (0, 1, 99, 100, 123_456_789, -5)] == [
        "0.00", "0.01", "0.99", "1.00", "1,234,567.89", "-0.05",
    ]  # fmt: skip


@given(st.lists(st.tuples(moments, moments, st.integers(1, 9)), max_size=8), moments, moments)
def test_what_is_taken_at_once_is_the_most_of_any_hour(
    spans: list[tuple[datetime, datetime, int]], first: datetime, last: datetime
) -> None:
    taken = [rules.Taken(*span) for span in spans]
    hours = [AT + timedelta(hours=n) for n in range(49)]
    each = [
        sum(one.quantity for one in taken if one.starts_at <= hour < one.ends_at)
        for hour in hours
        if first <= hour < last
    ]
    assert rules.most_taken(taken, first, last) == max(each, default=0)


@pytest.mark.row("FRC-13")
@given(
    st.integers(0, 10 * 365 * 24 * 60).map(
        lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.integers(1, rules.MOST_DAYS),
    st.sampled_from([SHANGHAI, NEW_YORK]),
)
def test_a_payment_is_overdue_from_the_end_of_its_last_day(handed_in: datetime, days: int, zone: ZoneInfo) -> None:
    due = rules.due_at(handed_in, days, zone)
    last = handed_in.astimezone(zone).date() + timedelta(days=days)
    assert (due - timedelta(microseconds=1)).astimezone(zone).date() == last
    assert due.astimezone(zone).date() == last + timedelta(days=1)
    assert due > handed_in


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (AT, AT + timedelta(hours=1), (date(2026, 3, 3), date(2026, 3, 3))),
        (AT, datetime(2026, 3, 3, 16, tzinfo=UTC), (date(2026, 3, 3), date(2026, 3, 3))),  # midnight is the day before
        (AT, datetime(2026, 3, 3, 16, 0, 1, tzinfo=UTC), (date(2026, 3, 3), date(2026, 3, 4))),
    ],
)
def test_the_days_of_a_call_are_local(start: datetime, end: datetime, days: tuple[date, date]) -> None:
    assert rules.days_of(start, end, SHANGHAI) == days


@pytest.mark.parametrize("number", ["", "x", "510104-12", "510104-r", "510104-rx", "510104-r²", f"1-r{'9' * 19}"])
def test_a_wrong_number_is_none(number: str) -> None:
    assert rules.order_key(number) is None
    assert rules.order_key(rules.order_number(range_first(), 12)) == 12


def range_first() -> int:
    return 5101040010010000000
