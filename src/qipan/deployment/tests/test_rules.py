from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.deployment.rules import Stock, period_problem, shift_hours, team_ranges, team_starts
from qipan.kernel.place import Range

T0 = datetime(2026, 1, 24, 16, 0, tzinfo=UTC)


def cut(compound: Stock, per_doors: int) -> list[int]:
    """Where the database cuts a compound whose doors are numbered from 1."""
    parts = -(-compound.doors // per_doors)
    size = -(-compound.doors // parts)
    return [compound.place + 1 + n for n in range(size, compound.doors, size)]


@settings(deadline=None)
@given(doors=st.lists(st.integers(0, 400), min_size=1, max_size=12), per_doors=st.integers(1, 300))
def test_teams_tile_the_ground_and_none_has_more_than_its_doors(doors: list[int], per_doors: int) -> None:
    ground = Range(0, 10_000 * 50 - 1)
    compounds = [Stock(10_000 * (n + 1), count) for n, count in enumerate(doors)]
    cuts = {c.place: cut(c, per_doors) for c in compounds if c.doors > per_doors}
    ranges = team_ranges(ground, team_starts(compounds, per_doors, cuts))
    assert ranges[0].first == ground.first
    assert ranges[-1].last == ground.last
    assert all(one.last + 1 == after.first for one, after in pairwise(ranges))
    places = [compound.place + 1 + n for compound in compounds for n in range(compound.doors)]
    held = [bisect_right(places, part.last) - bisect_left(places, part.first) for part in ranges]
    assert sum(held) == len(places)
    assert max(held) <= per_doors
    for compound in compounds:
        if compound.doors <= per_doors:  # a compound that fits is not split
            assert sum(part.meets(Range(compound.place, compound.place + 9_999)) for part in ranges) == 1


def test_neighbours_go_together_and_a_large_compound_alone() -> None:
    compounds = [Stock(10_000, 40), Stock(20_000, 50), Stock(30_000, 250), Stock(40_000, 10)]
    starts = team_starts(compounds, 100, {30_000: [30_085, 30_169]})
    assert starts == [10_000, 30_000, 30_085, 30_169, 40_000]
    assert team_ranges(Range(0, 99_999), starts) == [
        Range(0, 29_999),
        Range(30_000, 30_084),
        Range(30_085, 30_168),
        Range(30_169, 39_999),
        Range(40_000, 99_999),
    ]
    assert team_ranges(Range(0, 9), []) == []


def test_daily_hours_leave_out_what_is_over() -> None:
    periods = shift_hours(T0, first_hour=8, hours=12, days=3, after=T0 + timedelta(hours=20))
    assert periods == [
        (T0 + timedelta(days=1, hours=8), T0 + timedelta(days=1, hours=20)),
        (T0 + timedelta(days=2, hours=8), T0 + timedelta(days=2, hours=20)),
    ]


def test_a_shift_has_a_length_of_at_most_a_day() -> None:
    assert not period_problem([(T0, T0 + timedelta(hours=24))])
    assert period_problem([(T0, T0)])
    assert period_problem([(T0, T0 + timedelta(hours=24, seconds=1))])
