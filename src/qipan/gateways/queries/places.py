"""From what a client knows of a place (our number, a point, an address in words) to a place number."""

import math

from django.db.models import CharField, F, Value
from django.utils.translation import gettext_lazy as _

from qipan.kernel.place import (
    CODE_LENGTHS,
    COMMUNITY,
    COMPOUND,
    DISTRICT,
    DOOR,
    STREET,
    Range,
    code_of,
    place_of,
    range_of,
    short_code,
)
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import AreaView, area_holding, areas_within, compounds_within, doors_within, get_area

from .requests import city

LEAST_NAME = 2  # a name of one letter is in every address


class PlaceNeeded(Refusal):
    code = "place_needed"
    sentence = _("Say where: address_id, lat and long, or address_string.")
    status = 400


class PlaceIdUnknown(Refusal):
    code = "place_id_unknown"
    sentence = _("address_id is no place number of this city, from district to door.")
    status = 400


class PointWrong(Refusal):
    code = "point_wrong"
    sentence = _("lat and long are degrees in WGS-84 and come together.")
    status = 400


class PointOutside(Refusal):
    code = "point_outside"
    sentence = _("No district of this city is known to hold this point; send address_id or address_string.")
    status = 400


class AddressUnknown(Refusal):
    code = "address_unknown"
    sentence = _("address_string names no place of this city, or several; send address_id, or lat and long.")
    status = 400


def place_asked(*, address_id: str, latitude: str, longitude: str, address: str) -> int:
    """This function will return the place that a request means: by our number, else by its point, made finer by its words.

    Raises ``AddressUnknown``, ``PlaceIdUnknown``, ``PlaceNeeded``, ``PointOutside``, ``PointWrong``.
    """
    if address_id:
        return _by_number(address_id)
    if latitude or longitude:
        area = _by_point(latitude, longitude)
        return named_in(address, area.ranges, above=area.level) or area.place
    if not address:
        raise PlaceNeeded
    place = named_in(address, city().ranges)
    if place is None:
        raise AddressUnknown
    return place


def _by_number(text: str) -> int:
    try:
        code = short_code(text.strip())
        level = CODE_LENGTHS.index(len(code))
        place = place_of(code)
        if level < DISTRICT or place not in city():
            raise ValueError
        get_area(code_of(place, min(level, COMPOUND)))
        if level == DOOR and not doors_within([range_of(code)]).exists():
            raise ValueError
    except (ValueError, NotFound):
        raise PlaceIdUnknown from None
    return place


def _by_point(latitude: str, longitude: str) -> AreaView:
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        raise PointWrong from None
    if not (math.isfinite(north) and math.isfinite(east) and abs(north) <= 90 and abs(east) <= 180):
        raise PointWrong
    area = area_holding(longitude=east, latitude=north)
    if area is None or area.level < DISTRICT or area.place not in city():
        raise PointOutside
    return area


def named_in(address: str, ground: tuple[Range, ...], *, above: int = 0) -> int | None:
    """This function will go down the levels by the names that stand in an address, as long as one alone is meant.

    Returns the place of the last one; None where none is named on this ground.
    """
    place, lower = None, address.lower()
    for level in (DISTRICT, STREET, COMMUNITY):
        if level <= above or not address:
            continue
        areas = areas_within(ground, level)
        found = _longest([(max(_said(area, address, lower)), area.place, area.ranges) for area in areas])
        if found is None:
            continue
        if len(found) > 1:
            return place
        ((place, ground),) = found
    named = compounds_within(ground).annotate(asked=Value(address, output_field=CharField()))
    rows = named.filter(asked__contains=F("name")).values_list("place", "name")
    found = _longest([(len(name), at, ()) for at, name in rows])
    return found[0][0] if found is not None and len(found) == 1 else place


def _said(area: AreaView, address: str, lower: str) -> tuple[int, int]:
    english = area.name_en.lower()
    return (len(area.name) if area.name in address else 0, len(english) if english and english in lower else 0)


def _longest(rows: list[tuple[int, int, tuple[Range, ...]]]) -> list[tuple[int, tuple[Range, ...]]] | None:
    most = max((length for length, _place, _ranges in rows), default=0)
    if most < LEAST_NAME:
        return None
    return [(place, ranges) for length, place, ranges in rows if length == most]
