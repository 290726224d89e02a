from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.place import Range
from qipan.posture.rules import (
    DECLARATION,
    MEASURE,
    Standing,
    binding_kind,
    day_number,
    in_force,
    may_issue,
    minimum_rank,
    missing_of,
    prevailing,
    prevails,
    read_authority,
)

T0 = datetime(2026, 1, 24, 1, 0, tzinfo=UTC)
TABLE = read_authority(
    [
        "# a remark",
        "what,key,minimum_rank,valid_from,valid_to,source",
        "response,1,4,2020-01-01,2026-01-01,old plan",
        "response,1,3,2026-01-01,,new plan",
        "measure,closure,3,2020-01-01,,plan",
        "measure,*,2,2020-01-01,,law",
    ]
)


@pytest.mark.row("EMG-5")
@pytest.mark.parametrize("required", [DECLARATION, MEASURE])
def test_the_first_missing_part_is_named(required: tuple[str, ...]) -> None:
    full: dict[str, object] = dict.fromkeys(required, "x")
    assert missing_of(full, required) is None
    for name in required:
        for blank in (None, "", " ", [], [" "]):
            assert missing_of({**full, name: blank}, required) == name


def test_authority_is_dated_and_the_star_stands_for_every_other_kind() -> None:
    assert minimum_rank("response", "1", on=date(2025, 12, 31), table=TABLE) == 4
    assert minimum_rank("response", "1", on=date(2026, 1, 1), table=TABLE) == 3
    assert minimum_rank("response", "2", on=date(2026, 1, 1), table=TABLE) is None
    assert minimum_rank("measure", "closure", on=date(2026, 1, 1), table=TABLE) == 3
    assert minimum_rank("measure", "gate-check", on=date(2026, 1, 1), table=TABLE) == 2


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("rank", range(5))
def test_who_may_declare_which_level(level: int, rank: int) -> None:
    on = date(2026, 11, 25)
    needed = {1: 3, 2: 3, 3: 3, 4: 2}[level]
    assert may_issue("response", str(level), rank=rank, executes_only=False, on=on) is (rank >= needed)
    assert not may_issue("response", str(level), rank=rank, executes_only=True, on=on)


def test_without_a_row_nobody_may() -> None:
    assert not may_issue("response", "1", rank=4, executes_only=False, on=date(2019, 12, 31))


@given(
    length=st.integers(1, 10**7),
    offset=st.integers(-(10**7), 2 * 10**7),
    stopped=st.none() | st.integers(0, 10**7),
)
def test_in_force_is_exact_to_the_second(length: int, offset: int, stopped: int | None) -> None:
    end, at = T0 + timedelta(seconds=length), T0 + timedelta(seconds=offset)
    lifted = None if stopped is None else T0 + timedelta(seconds=stopped)
    last = length if stopped is None else min(length, stopped)
    assert in_force(T0, end, lifted, at=at) is (0 <= offset < last)


def test_days_are_counted_on_the_local_calendar() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    start = datetime(2026, 1, 24, 23, 59, tzinfo=zone)
    assert day_number(start, start, zone) == 1
    assert day_number(start, start + timedelta(minutes=1), zone) == 2
    assert day_number(start.astimezone(UTC), start + timedelta(days=10), zone) == 11


def standing(pk: int, first: int, last: int, *, kind: str = "EMERGENCY", level: int | None = 1, rank: int = 3,
             hazard: str = "epidemic") -> Standing:  # fmt: skip
    return Standing(pk, kind, level, hazard, rank, T0, Range(first, last))


@pytest.mark.row("EMG-3")
def test_the_higher_command_prevails_for_its_ground_only() -> None:
    city, district = standing(1, 0, 49, level=3), standing(2, 0, 99, level=1, rank=2)
    assert prevailing([city, district], [Range(0, 49)]) == [city]
    assert prevailing([city, district], [Range(50, 99)]) == [district]
    assert prevailing([city, district], [Range(0, 99)]) == [district, city]
    assert prevailing([city, standing(2, 0, 99, rank=2, hazard="flood")], [Range(0, 49)])[0].hazard == "flood"


def test_the_gravest_comes_first_and_standing_last() -> None:
    rows = [standing(1, 0, 9, kind="STANDING", level=None), standing(2, 0, 9, level=4), standing(3, 0, 9, level=2)]
    assert [row.pk for row in prevailing(rows, [Range(0, 9)])] == [3, 2, 1]
    assert prevailing([], [Range(0, 9)]) == []


def test_equal_ranks_yield_to_the_graver_level() -> None:
    assert prevails(rank=3, level=4, other_rank=2, other_level=1)
    assert not prevails(rank=2, level=1, other_rank=3, other_level=4)
    assert prevails(rank=2, level=1, other_rank=2, other_level=4)
    assert prevails(rank=2, level=4, other_rank=2, other_level=4, earlier=True)
    assert not prevails(rank=2, level=4, other_rank=2, other_level=4, earlier=False)
    assert prevails(rank=3, level=4, other_rank=2, other_level=4, earlier=False)


grounds = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: Range(min(pair), max(pair))), max_size=4
)


@pytest.mark.row("EMG-19")
@given(ground=grounds, low=grounds, high=grounds)
def test_forms_are_bound_by_the_lowest_posture_on_any_part(
    ground: list[Range], low: list[Range], high: list[Range]
) -> None:
    places = {place for part in ground for place in range(part.first, part.last + 1)}
    held = [{p for row in rows for p in range(row.first, row.last + 1)} for rows in (low, high)]
    expected = "STANDING" if places & held[0] - held[1] else "EMERGENCY" if places & held[1] else None
    assert binding_kind(ground, standing=low, emergency=high) == expected
