"""Outlines of areas, and where points lie by them."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import shapely
from shapely import Point, STRtree
from shapely.geometry import shape

from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, DISTRICT, STREET, code_of

from ..models import Area, Outline
from .areas import OFFICIAL, AreaView, area_views, valid
from .kept import fresh

DEGREE = 111_320.0  # metres of a degree of latitude


def outlines(codes: Sequence[str], *, hierarchy: str = OFFICIAL) -> dict[str, Any]:
    """This function will return the newest board-size outline (GeoJSON geometry, WGS-84) of each area that has one."""
    kept = fresh()
    key = f"outlines {hierarchy} {' '.join(codes)}"
    if kept is not None and key in kept:
        found: dict[str, Any] = kept[key]
        return found
    rows = Outline.objects.filter(hierarchy=hierarchy, code__in=codes).order_by("valid_from")
    shapes = dict(rows.values_list("code", "simplified"))
    if kept is not None:
        kept[key] = shapes
    return shapes


def _drawn() -> tuple[STRtree, list[str], dict[str, Any]]:
    """Every official outline in full, kept as shapes: a tree of them, their codes in its order, and by code."""
    kept = fresh()
    if kept is not None and "drawn" in kept:
        held: tuple[STRtree, list[str], dict[str, Any]] = kept["drawn"]
        return held
    rows = Outline.objects.filter(hierarchy=OFFICIAL).order_by("valid_from").values_list("code", "geometry")
    shapes = {code: shape(geometry) for code, geometry in rows}
    shapely.prepare(list(shapes.values()))
    drawn = (STRtree(list(shapes.values())), list(shapes), shapes)
    if kept is not None:
        kept["drawn"] = drawn
    return drawn


def area_holding(*, longitude: float, latitude: float) -> AreaView | None:
    """This function will return the smallest official area whose outline holds a point (WGS-84); None where none does."""
    tree, all_codes, _shapes = _drawn()
    codes = [all_codes[found] for found in tree.query(Point(longitude, latitude), predicate="intersects")]
    current = Area.objects.filter(valid(None), hierarchy=OFFICIAL, code__in=codes)
    smallest = max(current, key=lambda area: (area.level, area.code), default=None)
    return area_views([smallest], on=None)[0] if smallest is not None else None


Ruler = Callable[[int, float, float], tuple[str, float] | None]


def outline_ruler() -> Ruler:
    """This function will return what measures how far (metres) a point lies outside its place, by the outlines of now.

    It takes place, longitude and latitude (WGS-84) and returns the code of the smallest area around the place that has
    an outline with the distance, 0.0 inside it; None where no outline is known. Measuring asks the database nothing.
    """
    _tree, _codes, shapes = _drawn()

    def measure(place: int, longitude: float, latitude: float) -> tuple[str, float] | None:
        for level in (COMPOUND, COMMUNITY, STREET, DISTRICT, CITY):
            code = code_of(place, level)
            surface = shapes.get(code)
            if surface is None:
                continue
            if surface.intersects(Point(longitude, latitude)):
                return code, 0.0
            return code, _metres(surface, longitude, latitude)
        return None

    return measure


def _metres(surface: Any, longitude: float, latitude: float) -> float:
    # A degree of longitude grows shorter towards the poles; over a few kilometres the ground is flat.
    scale = (DEGREE * math.cos(math.radians(latitude)), DEGREE)
    flat = shapely.transform(surface, lambda points: (points - (longitude, latitude)) * scale)
    return float(flat.distance(Point(0, 0)))


def metres_outside(place: int, *, longitude: float, latitude: float) -> tuple[str, float] | None:
    """This function will measure one point as ``outline_ruler`` does."""
    return outline_ruler()(place, longitude, latitude)


def points_in(codes: Iterable[str]) -> dict[str, tuple[float, float]]:
    """This function will return a point (longitude, latitude) well inside each of these areas that has an outline."""
    kept, wanted = fresh(), set(codes)
    held: dict[str, tuple[float, float] | None] = {} if kept is None else kept.setdefault("points", {})
    if missing := [code for code in wanted if code not in held]:
        rows = Outline.objects.filter(hierarchy=OFFICIAL, code__in=missing).order_by("valid_from")
        found = {code: shape(shown).representative_point() for code, shown in rows.values_list("code", "simplified")}
        held |= dict.fromkeys(missing) | {code: (round(at.x, 5), round(at.y, 5)) for code, at in found.items()}
    return {code: point for code in wanted if (point := held[code]) is not None}
