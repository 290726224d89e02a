"""Place numbers and ranges, by properties."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.place import (
    CODE_LENGTHS,
    COMPOUND,
    DOOR,
    Grounds,
    Range,
    code_of,
    compound_of,
    level_of,
    place_of,
    place_text,
    range_of,
    short_code,
)

# Mainland and special codes begin with 11 to 91; all stay below 2 to the 63rd.
DOORS = st.integers(11 * 10**17, 92 * 10**17 - 1)
LEVELS = st.sampled_from(range(len(CODE_LENGTHS)))
SMALL = st.integers(0, 60)
RANGES = st.tuples(SMALL, SMALL).map(lambda pair: Range(min(pair), max(pair)))


@settings(deadline=None)
@given(DOORS, LEVELS)
def test_the_code_at_a_level_owns_the_place(place, level):
    code = code_of(place, level)
    assert level_of(code) == level
    assert place in range_of(code)
    assert place_of(code) == range_of(code).first
    assert place_text(place).startswith(code)
    assert int(place_text(place)) == place


@settings(deadline=None)
@given(DOORS)
def test_levels_nest_and_fit_63_bits(place):
    ranges = [range_of(code_of(place, level)) for level in range(len(CODE_LENGTHS))]
    for outer, inner in pairwise(ranges):
        assert outer.covers(inner)
        assert outer.meets(inner)
    assert ranges[0].last < 2**63
    assert ranges[DOOR] == (place, place)
    assert compound_of(place) == place_of(code_of(place, COMPOUND))


@settings(deadline=None)
@given(DOORS, DOORS, LEVELS)
def test_two_areas_of_a_level_are_one_or_apart(one, two, level):
    a, b = range_of(code_of(one, level)), range_of(code_of(two, level))
    assert (a == b) == a.meets(b)


@settings(deadline=None)
@given(DOORS, LEVELS)
def test_padding_is_taken_off(place, level):
    code = code_of(place, level)
    if not code.endswith("0"):
        for padded in (code, code.ljust(12, "0"), code.ljust(19, "0")):
            assert short_code(padded) == code


@pytest.mark.parametrize("code", ["x", "51x", "-5", "５１", "5" * 20, "1" * 100, "5 1", "511", "51010", "5101041"])
def test_what_is_no_code_is_refused(code):
    with pytest.raises(ValueError, match="code"):
        short_code(code)


@pytest.mark.parametrize("code", ["5", "510", "51010", "5" * 20])
def test_lengths_without_a_level_are_refused(code):
    with pytest.raises(ValueError, match="digits"):
        range_of(code)
    with pytest.raises(ValueError, match="digits"):
        level_of(code)


@settings(deadline=None)
@given(RANGES, st.lists(RANGES, max_size=6))
def test_what_is_left_is_what_the_others_do_not_hold(whole, others):
    left = whole.without(others)
    held = {n for other in others for n in range(other.first, other.last + 1)}
    assert [n for part in left for n in range(part.first, part.last + 1)] == [
        n for n in range(whole.first, whole.last + 1) if n not in held
    ]
    assert all(part.first <= part.last for part in left)


@settings(deadline=None)
@given(RANGES, RANGES)
def test_covering_and_meeting_are_what_they_say(one, two):
    a, b = (set(range(r.first, r.last + 1)) for r in (one, two))
    assert one.meets(two) == bool(a & b)
    assert one.covers(two) == (b <= a)
    assert all(n in one for n in a)
    assert one.last + 1 not in one
    assert "x" not in one


@given(st.lists(RANGES, max_size=6), SMALL)
def test_what_lies_on_the_ground_of_a_place_is_found(ranges, place):
    apart: list[Range] = []
    for ground in ranges:
        apart += ground.without(apart)
    grounds = Grounds((ground, number) for number, ground in enumerate(apart))
    assert grounds.at(place) == next((number for number, ground in enumerate(apart) if place in ground), None)
