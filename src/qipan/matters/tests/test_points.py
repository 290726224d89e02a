"""Points: read from text, rounded, boxed, and how near two of them are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..rules.points import (
    NEAR,
    Point,
    PointWrong,
    box_around,
    cell_of,
    for_everyone,
    metres_between,
    middle_of,
    point_from,
    read_point,
    rounded,
)

pytestmark = pytest.mark.row("MAT-1")
longitudes = st.floats(-180, 180)
latitudes = st.floats(-85, 85)


def test_what_is_read():
    assert read_point(" 104.0657549 ", "30.6574801") == (104.06575, 30.65748)
    assert read_point("", " ") is None
    assert point_from("104.06575,30.65748") == Point(104.06575, 30.65748)
    assert point_from("  ") is None
    assert point_from("-0.000001,-0.000001").text == "0.00000,0.00000"
    assert Point(104.06575, 30.65748).text == "104.06575,30.65748"
    assert Point(104.06575, 30.65748).label == "30.65748° N, 104.06575° E"
    assert Point(-58.4, -34.6).label == "34.60000° S, 58.40000° W"


def test_what_is_told_to_100_metres_is_written_with_the_decimals_that_are_true():
    shown = for_everyone(Point(104.06575, -30.65))
    assert shown.label == middle_of(cell_of(shown)).label == "30.650° S, 104.066° E"
    assert shown.text == "104.06600,-30.65000"  # it travels as every point does


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        ("104", ""), ("", "30"), ("nan", "30"), ("1e2", "30"), ("104", "91"), ("181", "30"), ("104°", "30"), ("１０４", "30"),
        ("104,5", "30"), ("inf", "30"), ("0x10", "3"), ("104." + "0" * 30, "30"),
    ],
)  # fmt: skip
def test_what_is_no_point(longitude, latitude):
    with pytest.raises(PointWrong):
        read_point(longitude, latitude)


@pytest.mark.parametrize("text", ["104", "104,", ",30", "104,30,5", "a,b", "104;30"])
def test_text_that_is_no_point(text):
    with pytest.raises(PointWrong):
        point_from(text)


@given(longitudes, latitudes)
def test_a_point_is_kept_to_a_metre_and_travels_unchanged(longitude, latitude):
    point = rounded(longitude, latitude)
    assert metres_between(point, Point(longitude, latitude)) < 1
    assert point_from(point.text) == point
    assert rounded(*point) == point


@given(longitudes, latitudes)
def test_what_everyone_sees_is_moved_and_lies_on_a_grid(longitude, latitude):
    point = rounded(longitude, latitude)
    shown = for_everyone(point)
    assert metres_between(point, shown) < 80
    assert shown == for_everyone(shown)
    assert f"{shown.longitude:.5f}".endswith("00") and f"{shown.latitude:.5f}".endswith("00")


@given(longitudes, latitudes)
def test_a_cell_is_what_everyone_sees_of_the_points_in_it(longitude, latitude):
    point = rounded(longitude, latitude)
    assert cell_of(point) > 0 and middle_of(cell_of(point)) == for_everyone(point)


@given(st.floats(-179, 179), latitudes, st.floats(0, 2 * math.pi), st.floats(0, NEAR * 0.999))
def test_whatever_is_near_lies_in_the_box(longitude, latitude, direction, metres):
    point = Point(longitude, latitude)
    north = latitude + metres * math.sin(direction) / 111_320
    east = longitude + metres * math.cos(direction) / 111_320 / math.cos(math.radians((latitude + north) / 2))
    other, box = Point(east, north), box_around(point, NEAR)
    assert metres_between(point, other) <= NEAR
    assert box.west <= east <= box.east and box.south <= north <= box.north


def test_how_far():
    assert round(metres_between(Point(104.0, 30.65), Point(104.001, 30.65)), 1) == 95.8
    assert round(metres_between(Point(104.0, 30.65), Point(104.0, 30.651)), 1) == 111.3
    assert round(metres_between(Point(179.9999, 0), Point(-179.9999, 0)), 1) == 22.3
