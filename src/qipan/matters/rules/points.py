"""Where exactly a thing is: points in WGS 84 (CGCS2000 differs by centimetres), how near two of them are. Pure.

A point is the thing's, never a person's. It is kept to about a metre and shown to everyone only to about a hundred.
"""

import math
import re
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

DECIMALS = 5  # 0.00001 degrees: about a metre
PUBLIC_DECIMALS = 3  # about 100 m
CELLS = 10**PUBLIC_DECIMALS  # of the grid in a degree
ROW = 10**6  # more than the cells around the earth: a cell's number is row and column
NEAR = 100.0  # metres within which the same thing would be reported
SLACK = 300.0  # metres that a point may lie outside its place: outlines and positions are not exact
DEGREE = 111_320.0  # metres of a degree of latitude
NUMBER = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,20})?")


class PointWrong(Refusal):
    """Text that is no point on the ground."""

    code = "point_wrong"
    sentence = _("A point is longitude and latitude in degrees, both or none.")
    status = 400


class Point(NamedTuple):
    """A point in degrees, WGS 84."""

    longitude: float
    latitude: float

    @property
    def text(self) -> str:
        """As it travels in forms and addresses: "104.06575,30.65748"."""
        return f"{self.longitude:.{DECIMALS}f},{self.latitude:.{DECIMALS}f}"

    @property
    def label(self) -> str:
        """As people read it: latitude first."""
        return _label(self, DECIMALS)


class Cell(Point):
    """A point on the grid of about 100 m: what everyone is told, and the middle of a cell."""

    @property
    def label(self) -> str:
        """As people read it, with the decimals that are true."""
        return _label(self, PUBLIC_DECIMALS)


def _label(point: Point, decimals: int) -> str:
    north, east = "N" if point.latitude >= 0 else "S", "E" if point.longitude >= 0 else "W"
    return f"{abs(point.latitude):.{decimals}f}° {north}, {abs(point.longitude):.{decimals}f}° {east}"


def rounded(longitude: float, latitude: float) -> Point:
    """This function will return a point as it is kept. Raises ``PointWrong`` when it is not on the ground."""
    if not (math.isfinite(longitude) and math.isfinite(latitude) and abs(longitude) <= 180 and abs(latitude) <= 90):
        raise PointWrong(field="point")
    # Adding zero makes a rounded -0.0 the 0.0 that it is.
    return Point(round(longitude, DECIMALS) + 0.0, round(latitude, DECIMALS) + 0.0)


def read_point(longitude: str, latitude: str) -> Point | None:
    """This function will read two numbers in decimal degrees; None where both are empty. Raises ``PointWrong``."""
    east, north = longitude.strip(), latitude.strip()
    if not east and not north:
        return None
    if not (east.isascii() and north.isascii() and NUMBER.fullmatch(east) and NUMBER.fullmatch(north)):
        raise PointWrong(field="point")
    return rounded(float(east), float(north))


def point_from(text: str) -> Point | None:
    """This function will read a point as it travels in forms and addresses. Raises ``PointWrong``."""
    if not text.strip():
        return None
    longitude, comma, latitude = text.partition(",")
    if not comma or not longitude.strip() or not latitude.strip():
        raise PointWrong(field="point")
    return read_point(longitude, latitude)


def for_everyone(point: Point) -> Point:
    """This function will return a point as it is shown in public: moved to a grid of about 100 m."""
    return Cell(round(point.longitude, PUBLIC_DECIMALS) + 0.0, round(point.latitude, PUBLIC_DECIMALS) + 0.0)


def cell_of(point: Point) -> int:
    """This function will return the number of the cell of the grid of about 100 m that holds a point; never 0."""
    middle = for_everyone(point)
    return round((middle.latitude + 90) * CELLS) * ROW + round((middle.longitude + 180) * CELLS) + 1


def middle_of(cell: int) -> Point:
    """This function will return the point in the middle of a cell: what ``for_everyone`` makes of each point in it."""
    north, east = divmod(cell - 1, ROW)
    return Cell(round(east / CELLS - 180, PUBLIC_DECIMALS) + 0.0, round(north / CELLS - 90, PUBLIC_DECIMALS) + 0.0)


def metres_between(one: Point, other: Point) -> float:
    """This function will return the distance of two points, on a ground that is flat between them."""
    north = (one.latitude - other.latitude) * DEGREE
    middle = math.radians((one.latitude + other.latitude) / 2)
    across = abs(one.longitude - other.longitude)
    east = min(across, 360 - across) * DEGREE * math.cos(middle)
    return math.hypot(north, east)


class Box(NamedTuple):
    """The least rectangle of degrees around a circle."""

    west: float
    south: float
    east: float
    north: float


def box_around(point: Point, metres: float) -> Box:
    """This function will return a box that holds every point within so many metres (less than 10 km)."""
    north = metres / DEGREE
    # The wider side of the box is the one towards the pole; there a degree of longitude is shortest.
    widest = math.cos(math.radians(min(89.9, abs(point.latitude) + north)))
    east = north / widest
    return Box(point.longitude - east, point.latitude - north, point.longitude + east, point.latitude + north)
