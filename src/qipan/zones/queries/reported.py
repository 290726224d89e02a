"""For which days an area was reported on: every input, by every part of it that reports; silence lowers no level."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from qipan.kernel.actor import Scope
from qipan.kernel.place import CITY, code_of
from qipan.territory.api import OFFICIAL, Area, AreaView, area_at

from ..models import Count
from ..rules.sets import Rule
from .counts import counted_at

Part = tuple[int, int]  # place and level under which counts are kept


def reported_days(area: AreaView, rule: Rule, *, first: date, last: date) -> set[date]:
    """This function will return the days for which every input of a rule was reported for an area, nought as well.

    An area that is summed up from smaller ones was reported where each of them that ever reported the input, and was on
    the map that day, did so, or a larger one for it. Of a larger area around it nothing but none in all of it says
    anything. The counts of an area above the rule's unit are its own alone.
    """
    rows = Count.objects.everywhere("days only, of a ground already checked").filter(
        Scope(area.ranges).q(), hazard_input__in=rule.inputs, day__lte=last
    )
    rows = (rows.filter(level=area.level) if area.level < rule.unit else rows.filter(level__gte=area.level)).order_by()
    parts: dict[str, set[Part]] = defaultdict(set)
    for name, place, level in rows.values_list("hazard_input", "place", "level").distinct():
        parts[name].add((place, level))
    said: dict[tuple[str, date], set[Part]] = defaultdict(set)
    window = rows.filter(day__gte=first)
    for name, place, level, day in window.values_list("hazard_input", "place", "level", "day"):
        said[name, day].add((place, level))
    ended = _ended({part for own in parts.values() for part in own})
    above = {part: _above(part, area.level) for own in parts.values() for part in own}
    smallest = {name: _smallest(own, above) for name, own in parts.items()}
    noughts = _noughts_over(area, rule, first=first, last=last)

    def told(name: str, day: date) -> bool:
        if (name, day) in noughts:
            return True
        asked = (part for part in smallest.get(name, ()) if part not in ended or day < ended[part])
        return (name, day) in said and _all_told(asked, said[name, day], above)

    every = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
    return {day for day in every if all(told(name, day) for name in rule.inputs)}


def _noughts_over(area: AreaView, rule: Rule, *, first: date, last: date) -> set[tuple[str, date]]:
    """Inputs and days of which a larger area around this one said that there was none in all of it."""
    over = [one for size in range(CITY, area.level) if (one := area_at(area.place, size)) is not None]
    where = Q(pk__in=[])
    for one in over:
        where |= Q(place=counted_at(one), level=one.level)
    rows = Count.objects.everywhere("noughts only, of the areas around").filter(
        where, hazard_input__in=rule.inputs, day__gte=first, day__lte=last, n=0
    )
    return set(rows.values_list("hazard_input", "day"))


def _itself(part: Part) -> tuple[int, str]:
    place, level = part
    area = area_at(place, level)
    return level, area.code if area is not None else code_of(place, level)


def _above(part: Part, top: int) -> set[tuple[int, str]]:
    """The larger areas, up to a level, that hold a part."""
    place, level = part
    return {_itself((place, size)) for size in range(top, level)}


def _smallest(parts: set[Part], above: dict[Part, set[tuple[int, str]]]) -> list[Part]:
    """The parts without those that smaller ones report for."""
    holding = set().union(*(above[part] for part in parts))
    return [part for part in parts if _itself(part) not in holding]


def _all_told(parts: Iterable[Part], told: set[Part], above: dict[Part, set[tuple[int, str]]]) -> bool:
    areas = {_itself(part) for part in told}
    return all(part in told or above[part] & areas for part in parts)


def _ended(parts: set[Part]) -> dict[Part, date]:
    """The parts that the map has no more, since when."""
    codes = {part: code_of(*part) for part in parts}
    versions = Area.objects.filter(hierarchy=OFFICIAL, code__in=set(codes.values())).order_by("valid_from")
    last = dict(versions.values_list("code", "valid_to"))  # of each code the latest version
    return {part: end for part, code in codes.items() if (end := last.get(code)) is not None}
