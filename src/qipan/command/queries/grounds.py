"""Areas as the command room shows and chooses them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from django.conf import settings

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import COMMUNITY
from qipan.kernel.refusal import NotFound
from qipan.territory.api import OFFICIAL, AreaView, children, get_area, named_area


def areas_of(codes: Iterable[str]) -> list[AreaView]:
    """This function will return the areas with these codes; a governing area is written ``GOVERNING:<code>``.

    Raises ``NotFound`` for an unknown code.
    """
    areas = []
    for code in dict.fromkeys(codes):
        hierarchy, separator, bare = code.rpartition(":")
        areas.append(get_area(bare, hierarchy=hierarchy) if separator else get_area(code))
    return areas


def areas_named(codes: Iterable[str], *, on: date) -> list[AreaView]:
    """This function will return areas as they were on a day, by codes that were written down then as for ``areas_of``."""
    parts = [code.rpartition(":") for code in dict.fromkeys(codes)]
    return [named_area(bare, on=on, hierarchy=hierarchy or OFFICIAL) for hierarchy, _separator, bare in parts]


def code_for(area: AreaView) -> str:
    """This function will return the code by which ``areas_of`` finds this area again."""
    return area.code if area.hierarchy == "OFFICIAL" else f"{area.hierarchy}:{area.code}"


def overlaps(area: AreaView, scope: Scope) -> bool:
    """This function will say whether any part of the area lies in the scope."""
    return any(scope.narrowed(ground).ranges for ground in area.ranges)


def cut_area(area: AreaView, scope: Scope) -> AreaView:
    """This function will return the area with the part of its ground that lies in the scope."""
    return replace(area, ranges=tuple(part for ground in area.ranges for part in scope.narrowed(ground).ranges))


def root_area(scope: Scope) -> AreaView:
    """This function will return the smallest area of the city that holds all of the scope."""
    area = get_area(settings.CITY)
    while area.level < COMMUNITY and not all(scope.covers(ground) for ground in area.ranges):
        inside = [below for below in children(area.code) if overlaps(below, scope)]
        if len(inside) != 1:
            break
        area = inside[0]
    return area


def area_for(code: str, *, actor: Actor) -> AreaView:
    """This function will return the area to look at: the named one, or the actor's own; raises ``NotFound``."""
    area = get_area(code) if code else root_area(actor.scope)
    if not overlaps(area, actor.scope):
        raise NotFound
    return area
