"""Which unit stands where, above whom, and on which ground."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import (
    CITY,
    CODE_LENGTHS,
    COMMUNITY,
    COMPOUND,
    DISTRICT,
    STREET,
    Range,
    code_of,
    place_of,
    range_of,
)
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.rows import Reading
from qipan.territory.api import AreaView, area_at, areas_within, children, get_area, named_area

from ..models import OrganType, Stewardship, Unit
from ..terms import STANDING_FIRMS


class GroundClosed(Refusal):
    """The map has neither the area of an organ any more nor an area on its ground."""

    code = "ground_closed"
    sentence = _(
        "“%(area)s” is on the map no more, and no area of the map lies on its ground, so %(unit)s begins nothing new there. "
        "%(other)s can, or whoever keeps the map enters the area that stands in its place."
    )


def current(units: QuerySet[Unit], *, on: date | None = None) -> QuerySet[Unit]:
    """This function will keep the units that exist: without an end, or on the given day."""
    if on is None:
        return units.filter(valid_to=None)
    return units.filter(Q(valid_to=None) | Q(valid_to__gt=on), valid_from__lte=on)


def get_unit(code: str) -> Unit:
    """This function will return the unit with this code and its kind; raises ``NotFound``."""
    unit = Unit.objects.select_related("organ_type").filter(code=code).first()
    if unit is None:
        raise NotFound
    return unit


def unit_above(unit: Unit) -> Unit | None:
    """This function will return the unit one level above on the same ground; None at the top."""
    if unit.parent_id is None:
        return None
    return Unit.objects.select_related("organ_type").get(pk=unit.parent_id)


def units_on(
    ranges: Iterable[Range], organ_types: Iterable[OrganType | str] | None = None, *, on: date | None = None
) -> QuerySet[Unit]:
    """This function will return the current units whose desk stands on this ground; those without a
    ground of their own where they steward a compound. ``organ_types`` (types or their codes) narrows the kinds; None means all kinds.
    """
    scope = Scope(tuple(ranges))
    stewards = Stewardship.objects.filter(scope.q(), valid_to=None).values("unit")
    units = current(Unit.objects.filter(scope.q() & Q(first__isnull=False) | Q(first=None, pk__in=stewards)), on=on)
    if organ_types is not None:
        codes = [kind if isinstance(kind, str) else kind.code for kind in organ_types]
        units = units.filter(organ_type__code__in=codes)
    return units


def partners_for(ranges: Iterable[Range]) -> QuerySet[Unit]:
    """This function will return the partners that can work on this ground: those that do, and those whose desk stands
    there or in the subdistrict, district or city that it is part of.
    """
    grounds = [Range(*one) for one in ranges]
    at_work = Stewardship.objects.filter(Scope(tuple(grounds)).q(), valid_to=None).values("unit")
    near = {place_of(code_of(one.first, level)) for one in grounds for level in (CITY, DISTRICT, STREET)}
    where = Q(pk__in=at_work) | Scope(tuple(grounds)).q() | Q(place__in=near)
    return (
        current(Unit.objects.filter(where, first=None))
        .select_related("organ_type")
        .order_by("organ_type__code", "place", "pk")
    )


_PARTNER = Reading[tuple[int]](
    lambda pk: Unit.objects.filter(Q(first=None) | Q(organ_type__code__in=STANDING_FIRMS), pk=pk).values_list("pk")
)


def is_partner(unit_id: int) -> bool:
    """This function will say whether a unit is a partner: it has no ground of its own but where it works, or is a firm."""
    return _PARTNER.one(unit_id) is not None


def ground_of(unit: Unit) -> tuple[Range, ...]:
    """This function will return the ground a unit works on today: its area's with what was merged into it,
    its compound's, the compounds where a partner works, or the one place where a firm stands. A unit that ended has
    none.
    """
    if unit.valid_to is not None:
        return ()
    if unit.first is None or unit.last is None:
        stewarded = Stewardship.objects.filter(unit=unit, valid_to=None).order_by("place")
        return tuple(range_of(code_of(place, COMPOUND)) for place in stewarded.values_list("place", flat=True))
    own = Range(unit.first, unit.last)
    if own.first == own.last:  # a firm has the place where it stands
        return (own,)
    code = unit.code.partition(":")[0]
    if len(code) == CODE_LENGTHS[COMPOUND]:
        return (own,)
    try:
        return get_area(code).ranges
    except NotFound:
        return (own,)


def areas_of(unit: Unit) -> list[AreaView]:
    """This function will return the area of an organ and those right below it; where the map has its own no more, those
    that lie on its ground.
    """
    if unit.first is None:
        return []
    level = unit.organ_type.level
    try:
        own = get_area(code_of(unit.first, level))
    except NotFound:
        return areas_within(ground_of(unit), level + 1) if level < COMMUNITY else []
    return [own, *(children(own.code) if level < COMMUNITY else [])]


def areas_to_begin_on(unit: Unit) -> list[AreaView]:
    """This function will return the areas on which an organ begins something new. Raises ``GroundClosed`` when its
    ground is on the map no more.
    """
    areas = areas_of(unit)
    if not areas and unit.first is not None:
        heir = heir_of(unit)
        other = heir if heir != unit else unit_above(unit) or unit
        raise GroundClosed(area=named_area(code_of(unit.first, unit.organ_type.level)), unit=unit, other=other)
    return areas


def heir_of(unit: Unit) -> Unit:
    """This function will return the unit that has in hand what lay with one that was merged: of its kind, on the ground
    where its desk stood, however often that was merged since. The unit itself while it stands, and where the map names no heir.
    """
    if unit.valid_to is None:
        return unit
    area = area_at(unit.place, unit.organ_type.level)
    if area is None:
        return unit
    kind = unit.code.partition(":")[2]
    return current(Unit.objects.select_related("organ_type")).filter(code=f"{area.code}:{kind}").first() or unit


def signing_unit(organ: Unit, *, by: Actor) -> Unit | None:
    """This function will return the organ for which a post follows up what an organ began; None where it may not.

    Each organ follows up its own. Where it has ended, an organ of its kind that has its ground now, or one with more
    authority, does so in its own name: nothing that was ordered stays without anybody who can change or end it. Jobs act
    for the organ itself.
    """
    if by.unit_id in (None, organ.pk):
        return organ
    if organ.valid_to is None or organ.place not in by.scope:
        return None
    heir_or_above = Q(organ_type=organ.organ_type) | Q(organ_type__authority_rank__gt=organ.organ_type.authority_rank)
    return current(Unit.objects.select_related("organ_type")).filter(heir_or_above, pk=by.unit_id).first()


def command_for(place_range: Range, level: int) -> Unit:
    """This function will return the incident command that stands at ``level`` over this ground.

    Raises ``NotFound`` when none does.
    """
    unit = (
        current(Unit.objects.select_related("organ_type"))
        .filter(organ_type__is_command=True, organ_type__level=level)
        .filter(first__lte=place_range.first, last__gte=place_range.last)
        .order_by("pk")
        .first()
    )
    if unit is None:
        raise NotFound
    return unit


_LEAD = Reading[Unit](
    lambda: (
        current(Unit.objects.select_related("organ_type"))
        .filter(organ_type__is_lead=True)
        .order_by("organ_type__level", "pk")[:1]
    )
)


def lead_body() -> Unit:
    """This function will return the lead organisation, whatever this city calls it; raises ``NotFound``."""
    unit = _LEAD.one()
    if unit is None:
        raise NotFound
    return unit
