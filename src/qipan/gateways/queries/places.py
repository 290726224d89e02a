"""From what a client knows of a place (our number, a point, an address in words) to a place number."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.place import DISTRICT, level_of, short_code
from qipan.kernel.refusal import NotFound, Refusal
from qipan.matters.api import Point, area_at_point, named_in, read_point
from qipan.matters.api import PointWrong as NoPoint
from qipan.territory.api import known_place

from .requests import city


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


def point_asked(latitude: str, longitude: str) -> Point | None:
    """This function will read the point of a request; None where it has none. Raises ``PointWrong``."""
    try:
        return read_point(longitude, latitude)
    except NoPoint:
        raise PointWrong from None


def place_asked(*, address_id: str, point: Point | None, address: str) -> int:
    """This function will return the place that a request means: by our number, else by its point, made finer by its words.

    Raises ``AddressUnknown``, ``PlaceIdUnknown``, ``PlaceNeeded``, ``PointOutside``.
    """
    if address_id:
        return _by_number(address_id)
    if point is not None:
        area = area_at_point(point, city())
        if area is None:
            raise PointOutside
        return named_in(address, area.ranges, above=area.level) or area.place
    if not address:
        raise PlaceNeeded
    place = named_in(address, city().ranges)
    if place is None:
        raise AddressUnknown
    return place


def _by_number(text: str) -> int:
    try:
        place = known_place(text)
    except NotFound:
        raise PlaceIdUnknown from None
    if level_of(short_code(text.strip())) < DISTRICT or place not in city():
        raise PlaceIdUnknown
    return place
