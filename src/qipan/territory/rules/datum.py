"""From the datum of Chinese web maps (GCJ-02) to WGS-84 and back.

GCJ-02 is not published; the formula is the one that has been known since 2010 and is described on
https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China (section GCJ-02): an offset of
polynomials and sines on the Krasovsky 1940 ellipsoid. The way back is found by repetition: the error of
the guess is taken off the guess, which ends below a millimetre.
"""

import numpy as np
from numpy.typing import NDArray

GCJ02, WGS84 = "GCJ02", "WGS84"
DATUMS = (GCJ02, WGS84)
AXIS = 6_378_245.0  # Krasovsky 1940, metres
ECCENTRICITY = 0.00669342162296594323  # squared
# Outside this box no offset is applied (longitude, latitude).
BOX = (72.004, 0.8293, 137.8347, 55.8271)

Points = NDArray[np.float64]


def _offset(points: Points) -> Points:
    """This function will return by how many degrees GCJ-02 moves WGS-84 points (rows of longitude, latitude)."""
    x, y = points[:, 0] - 105.0, points[:, 1] - 35.0
    pi = np.pi
    waves = 20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (waves + 20 * np.sin(pi * x) + 40 * np.sin(pi / 3 * x)) * 2 / 3
    east += (150 * np.sin(pi / 12 * x) + 300 * np.sin(pi / 30 * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (waves + 20 * np.sin(pi * y) + 40 * np.sin(pi / 3 * y)) * 2 / 3
    north += (160 * np.sin(pi / 12 * y) + 320 * np.sin(pi / 30 * y)) * 2 / 3
    latitude = np.radians(points[:, 1])
    magic = 1 - ECCENTRICITY * np.sin(latitude) ** 2
    metres_north = AXIS * (1 - ECCENTRICITY) / magic**1.5
    metres_east = AXIS / np.sqrt(magic) * np.cos(latitude)
    inside = (points[:, 0] >= BOX[0]) & (points[:, 0] <= BOX[2]) & (points[:, 1] >= BOX[1]) & (points[:, 1] <= BOX[3])
    return np.where(inside[:, None], np.degrees(np.column_stack([east / metres_east, north / metres_north])), 0.0)


def to_gcj02(points: Points) -> Points:
    """This function will move WGS-84 points (rows of longitude, latitude) to GCJ-02."""
    return points + _offset(points)


def to_wgs84(points: Points) -> Points:
    """This function will move GCJ-02 points (rows of longitude, latitude) to WGS-84."""
    guess = points - _offset(points)
    for _ in range(8):
        guess = guess + points - to_gcj02(guess)
    return guess


def from_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """This function will move one GCJ-02 point to WGS-84 (longitude, latitude)."""
    east, north = to_wgs84(np.array([[longitude, latitude]]))[0]
    return float(east), float(north)
