"""Running totals: no day below nought, all days together the latest total, nothing taken back unseen."""

from datetime import date, timedelta
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.zones.rules.series import BelowNought, Fall, daily

pytestmark = pytest.mark.row("EMG-15")
DAY = date(2020, 4, 1)


def on(n: int) -> date:
    return DAY + timedelta(days=n)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.lists(st.integers(0, 5), max_size=5))
@settings(max_examples=150, deadline=None)
def test_all_days_together_are_the_latest_total(totals, before):
    known = {on(-n - 1): value for n, value in enumerate(before)}
    counts, falls = daily([(on(n), total) for n, total in enumerate(totals)], known=known)
    assert sum(counts.values()) == totals[-1]
    assert min(counts.values()) >= 0
    assert len(falls) == sum(b < a for a, b in zip([sum(before), *totals], totals, strict=False))
    for fall in falls:
        assert fall.before - fall.after == sum(had - left for _day, had, left in fall.taken)
        assert all(day < fall.day and 0 <= left < had for day, had, left in fall.taken)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_totals_that_only_rise_give_the_days_back(days):
    counts, falls = daily([(on(n), total) for n, total in enumerate(accumulate(days))])
    assert (list(counts.values()), falls) == (days, [])


def test_a_fall_takes_the_latest_days_back():
    counts, falls = daily([(on(0), 5), (on(1), 8), (on(2), 9), (on(3), 6), (on(4), 7)])
    assert counts == {on(0): 5, on(1): 1, on(2): 0, on(3): 0, on(4): 1}
    assert falls == [Fall(on(3), 9, 6, ((on(2), 1, 0), (on(1), 3, 1)))]


def test_nothing_is_below_nought():
    with pytest.raises(BelowNought):
        daily([(on(0), 3), (on(1), -1)])
