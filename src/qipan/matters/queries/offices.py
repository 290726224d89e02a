"""Which office receives what is reported at a place."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from qipan.duties.api import Unit, lead_body
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import CITY, DISTRICT, STREET, Grounds, range_of
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading
from qipan.territory.api import AreaView, area_at, areas_within

from ..terms import CHANNELS, Channel

LEVELS = (STREET, DISTRICT, CITY)


def _offices(ground: Scope, level: Any) -> QuerySet[Unit]:
    units = Unit.objects.filter(ground.q(), valid_to=None, first__isnull=False)
    units = units.filter(organ_type__level=level, organ_type__executes_only=False)
    return units.select_related("organ_type").order_by("pk")


_OFFICES = Reading[Unit](_offices)
_COMMANDS = Reading[Unit](lambda ground, level: _offices(ground, level).filter(organ_type__is_command=True))


def channel_of(by: Actor, *, otherwise: Channel = Channel.WORKER) -> Channel:
    """This function will return how a report comes in that somebody at work makes, by the kind of the unit.

    ``otherwise`` is for kinds that report in no way of their own: at a door as workers, at a desk for callers.
    """
    if by.unit_id is None:
        return otherwise
    return CHANNELS.get(Unit.objects.values_list("organ_type__code", flat=True).get(pk=by.unit_id), otherwise)


def offices_on(area: AreaView, level: int) -> list[Unit]:
    """This function will return the units that may receive what is reported in an area, in the order of their keys."""
    return (_OFFICES if level == STREET else _COMMANDS)(Scope(area.ranges), level)


def office_for(place: int) -> Unit:
    """This function will return the unit that receives what is reported at a place: its street office, else the
    backstop one level up. Never a community. Raises ``NotFound``.
    """
    for level in LEVELS:
        area = area_at(place, level)
        found = _first(offices_on(area, level), place) if area is not None else None
        if found is not None:
            return found
    raise NotFound


def _first(offices: list[Unit], place: int) -> Unit | None:
    return next((one for one in offices if one.first is not None and one.first <= place <= (one.last or 0)), None)


def level_above(unit: Unit, *, but: Unit | None = None) -> Unit:
    """This function will return the unit above another, and not ``but``; the lead organisation where nothing is above."""
    key = unit.parent_id
    while key is not None:
        above = Unit.objects.select_related("organ_type").get(pk=key)
        if but is None or above.pk != but.pk:
            return above
        key = above.parent_id
    return lead_body()


class Offices:
    """The same for thousands of places: the map is read once, and the offices of an area once."""

    def __init__(self) -> None:
        city = [range_of(settings.CITY)]
        self._areas = {
            level: Grounds((part, area) for area in areas_within(city, level) for part in area.ranges)
            for level in LEVELS
        }
        self._held: dict[tuple[int, str], list[Unit]] = {}

    def at(self, place: int) -> Unit:
        """This method will return what ``office_for`` returns. Raises ``NotFound``."""
        for level in LEVELS:
            area = self._areas[level].at(place)
            if area is None:
                continue
            if (level, area.code) not in self._held:
                self._held[level, area.code] = offices_on(area, level)
            found = _first(self._held[level, area.code], place)
            if found is not None:
                return found
        raise NotFound
