"""Matters on the map: points against outlines, places from points and from words, how many stand where."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import CharField, Count, F, QuerySet, Sum, Value
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Scope
from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, DISTRICT, STREET, Grounds, Range, code_for, code_of, range_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import (
    AreaView,
    area_holding,
    areas_within,
    children,
    compounds_within,
    get_area,
    metres_outside,
    outlines,
    path_to,
    points_in,
)

from ..models import Matter, Standing
from ..rules.points import SLACK, Point
from .reading import SHOWS

LEAST_NAME = 2  # a name of one letter is in every address
MOST_BELOW = 60  # areas below a point's own that are offered to choose from


class PointElsewhere(Refusal):
    """A point that cannot be where the place is."""

    code = "point_elsewhere"
    sentence = _(
        "The point on the map lies about %(metres)s m outside %(area)s. Move it, take it away or choose another place."
    )
    status = 400


def check_point(point: Point, place: int) -> None:
    """This function will see that a point lies in the area of its place, or within 300 m of it, as far as outlines
    are known. Raises ``PointElsewhere``.
    """
    measured = metres_outside(place, longitude=point.longitude, latitude=point.latitude)
    if measured is not None and measured[1] > SLACK:
        code, metres = measured
        raise PointElsewhere(field="point", area=path_to(code)[-1], metres=round(metres))


def area_at_point(point: Point, ground: Scope) -> AreaView | None:
    """This function will return the smallest area of a ground, a district at most, whose outline holds a point."""
    area = area_holding(longitude=point.longitude, latitude=point.latitude)
    return area if area is not None and area.level >= DISTRICT and area.place in ground else None


def places_at(point: Point, ground: Scope) -> list[tuple[str, str, str]]:
    """This function will return (code, name, code above) of the area that holds a point, then of those right below it."""
    area = area_at_point(point, ground)
    if area is None:
        return []
    below = children(area.code)[:MOST_BELOW]
    return [(one.code, one.label, one.parent_code) for one in (area, *below)]


def named_in(address: str, ground: Iterable[Range], *, above: int = 0) -> int | None:
    """This function will go down the levels by the names that stand in an address, as long as one alone is meant.

    Returns the place of the last one; None where none is named on this ground.
    """
    place, lower, ground = None, address.lower(), tuple(ground)
    for level in (DISTRICT, STREET, COMMUNITY):
        if level <= above or not address:
            continue
        areas = areas_within(ground, level)
        found = _longest([(_said(area.name, area.name_en, address, lower), area.place, area.ranges) for area in areas])
        if found is None:
            continue
        if len(found) > 1:
            return place
        ((place, ground),) = found
    named = compounds_within(ground).annotate(asked=Value(address, output_field=CharField()))
    rows = named.filter(asked__contains=F("name")).values_list("place", "name")
    found = _longest([(len(name), at, ()) for at, name in rows])
    return found[0][0] if found is not None and len(found) == 1 else place


def _said(name: str, name_en: str, address: str, lower: str) -> int:
    english = name_en.lower()
    return max(len(name) if name in address else 0, len(english) if english and english in lower else 0)


def _longest(rows: list[tuple[int, int, tuple[Range, ...]]]) -> list[tuple[int, tuple[Range, ...]]] | None:
    most = max((length for length, _place, _ranges in rows), default=0)
    if most < LEAST_NAME:
        return None
    return [(place, ranges) for length, place, ranges in rows if length == most]


@dataclass(frozen=True)
class Drawing:
    """What a map draws: the areas right below ``area``, seen whole or from ``within`` one of them."""

    area: str
    within: str = ""


def drawing_around(place: int) -> Drawing | None:
    """This function will say what to draw around a place: the smallest area with an outline, among its neighbours."""
    codes = [code_of(place, level) for level in (COMPOUND, COMMUNITY, STREET, DISTRICT)]
    drawn = outlines(codes)
    for code in codes:
        if code in drawn:
            try:
                return Drawing(get_area(code).parent_code, code)
            except NotFound:
                continue
    return None


def drawing_of(area: AreaView) -> Drawing | None:
    """This function will say what to draw of an area: those right below it, else itself among its neighbours."""
    if outlines([one.code for one in children(area.code)]):
        return Drawing(area.code)
    return drawing_around(area.place)


def city_area() -> AreaView | None:
    """This function will return the city that this system serves; None before its territory is there."""
    try:
        return get_area(settings.CITY)
    except NotFound:
        return None


def outlines_below(code: str) -> dict[str, Any]:
    """This function will return the outlines of the areas right below one in this city, as a GeoJSON collection.

    Raises ``NotFound``.
    """
    area = get_area(code)
    if not all(range_of(settings.CITY).covers(part) for part in area.ranges):
        raise NotFound
    below = children(code)
    shapes = outlines([one.code for one in below])
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": number,
                "properties": {"code": one.code, "label": one.label},
                "geometry": shapes[one.code],
            }
            for number, one in enumerate(below, 1)
            if one.code in shapes
        ],
    }


@dataclass(frozen=True)
class Cluster:
    """How many matters behind a chip stand in an area, and where to write it on the map."""

    code: str
    label: str
    n: int
    point: Point | None


def ground_area(area: AreaView | None, ranges: Sequence[Range]) -> AreaView | None:
    """This function will return the area that a map shows: the one that was asked for, else the actor's whole ground
    where that is one area.
    """
    code = code_for(ranges[0]) if area is None and len(ranges) == 1 else None
    try:
        return get_area(code) if code is not None else area
    except NotFound:
        return None


def areas_on(area: AreaView | None, ranges: Sequence[Range]) -> list[AreaView]:
    """This function will return the areas into which a map parts a ground: those right below one area, else the
    largest that lie on it.
    """
    if area is not None:
        return [one for one in children(area.code) if any(part.meets(g) for part in one.ranges for g in ranges)]
    for level in (CITY, DISTRICT, STREET, COMMUNITY, COMPOUND):
        if found := areas_within(ranges, level):
            return found
    return []


def clusters(areas: Sequence[AreaView], rows: Iterable[tuple[int, int]]) -> tuple[list[Cluster], int]:
    """This function will add up (place, how many) by area; returns them in the areas' order, and how many lie in none."""
    grounds = Grounds((part, one.code) for one in areas for part in one.ranges)
    held: Counter[str | None] = Counter()
    for place, count in rows:
        held[grounds.at(place)] += count
    where = points_in(one.code for one in areas)
    return [
        Cluster(one.code, one.label, held[one.code], Point(*where[one.code]) if one.code in where else None)
        for one in areas
    ], held[None]


def kept_by_community(ranges: Iterable[Range], *, show: str) -> list[tuple[int, int]]:
    """This function will return (community, how many) behind a chip from the kept counts."""
    rows = Standing.objects.within(Scope(tuple(ranges))).filter(
        drill=False, state__in=[str(one) for one in SHOWS[show]]
    )
    return list(rows.order_by().values_list("place").annotate(total=Sum("n")))


def counted_by_place(rows: QuerySet[Matter]) -> list[tuple[int, int]]:
    """This function will count matters by place: for a street and less, where what is asked for is not kept as a sum."""
    return list(rows.order_by().values_list("place").annotate(n=Count("pk")))
