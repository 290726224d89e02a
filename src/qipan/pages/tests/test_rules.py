from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.place import Range
from qipan.pages.rules import Receipts, Share, Tally, aligned, chosen, columns_of


def test_a_tally_sums_what_lies_in_the_ranges_with_both_ends():
    tally = Tally(("doors", "done"), [(30, 7, 1), (10, 5, 2), (20, 3, 3), (20, 1, 0)])
    assert len(tally) == 4
    assert tally.over([Range(10, 20)]) == {"doors": 9, "done": 5}
    assert tally.over([Range(11, 19)]) == {"doors": 0, "done": 0}
    assert tally.over([Range(10, 10), Range(30, 99)]) == {"doors": 12, "done": 3}
    assert Tally(("doors",), []).over([Range(0, 99)]) == {"doors": 0}


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50))),
    st.lists(st.integers(1, 999), unique=True).map(sorted),
)
def test_whatever_the_cut_the_parts_sum_to_the_whole(rows, cuts):
    tally = Tally(("n",), rows)
    parts = [Range(first, last - 1) for first, last in pairwise([0, *cuts, 1001])]
    assert sum(tally.over([part])["n"] for part in parts) == sum(n for _place, n in rows)


@pytest.mark.parametrize(
    ("part", "whole", "step", "width"),
    [
        (0, 0, 0, "0"),
        (0, 9, 1, "0.0"),
        (1, 5, 2, "20.0"),
        (799, 1000, 4, "79.9"),
        (9999, 10000, 5, "99.9"),
        (5, 5, 5, "100.0"),
    ],
)
def test_five_shades_and_a_bar_that_is_full_only_when_all_is_done(part, whole, step, width):
    share = Share(part, whole)
    assert (share.step, share.width, share.left) == (step, width, whole - part)


def test_the_board_shows_what_was_asked_for_where_there_is_something_of_it():
    both = {"round_open": True, "directive_open": True}
    assert chosen(None, **both) == "coverage"
    assert chosen("tasks", **both) == "tasks"
    assert chosen("persons", **both) == "coverage"
    assert chosen("coverage", round_open=False, directive_open=True) == "receipts"
    assert chosen("coverage", round_open=False, directive_open=False) == "tasks"


@pytest.mark.parametrize(("squares", "columns"), [(0, 1), (1, 1), (2, 2), (20, 6), (30, 7)])
def test_the_schematic_board_is_nearly_square(squares, columns):
    assert columns_of(squares) == columns


def test_the_last_delivery_of_a_ground_is_the_latest_of_its_places():
    tally = Receipts(("asked",), [(20, 1, 7), (10, 2, 9), (30, 4, None)])
    assert tally.over([Range(10, 30)]) == {"asked": 7}
    assert [tally.last([ground]) for ground in (Range(10, 30), Range(11, 30), Range(30, 30), Range(40, 50))] == [
        9,
        7,
        None,
        None,
    ]


def test_only_whole_groups_are_aligned():
    assert aligned([Range(100, 199), Range(300, 499)], 100)
    assert not aligned([Range(100, 198)], 100)
    assert not aligned([Range(100, 199), Range(301, 499)], 100)
