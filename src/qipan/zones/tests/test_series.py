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


days = st.integers(0, 14)


@given(st.dictionaries(days, st.integers(0, 9), max_size=12), st.dictionaries(days, st.integers(0, 60), min_size=1))
@settings(max_examples=200, deadline=None)
def test_totals_that_are_known_stand_around_those_that_are_said(known, totals):
    """After the last day that is said or known all days together are its total; before, as far as no later one is lower."""
    so_far = dict(zip(sorted(known), accumulate(known[day] for day in sorted(known)), strict=True))
    wanted = so_far | totals
    counts, falls = daily(
        [(on(day), total) for day, total in totals.items()], known={on(day): n for day, n in known.items()}
    )
    assert list(counts) == [on(day) for day in sorted(wanted)]
    assert min(counts.values()) >= 0
    for day in wanted:
        together = sum(n for one, n in counts.items() if one <= on(day))
        assert together == min(total for later, total in wanted.items() if later >= day)
    assert sum(counts.values()) == wanted[max(wanted)]
    again, _falls = daily([], known=counts)
    assert again == counts  # what is kept says the same once more
    assert all(day in {on(one) for one in wanted} for day in (fall.day for fall in falls))


def test_a_fall_takes_the_latest_days_back():
    counts, falls = daily([(on(0), 5), (on(1), 8), (on(2), 9), (on(3), 6), (on(4), 7)])
    assert counts == {on(0): 5, on(1): 1, on(2): 0, on(3): 0, on(4): 1}
    assert falls == [Fall(on(3), 9, 6, ((on(2), 1, 0), (on(1), 3, 1)))]


def test_nothing_is_below_nought():
    with pytest.raises(BelowNought):
        daily([(on(0), 3), (on(1), -1)])
