"""Reading the territory: areas on a day, the ground they own, the register beneath them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from qipan.kernel.actor import Scope
from qipan.kernel.place import (
    CITY,
    CODE_LENGTHS,
    COMMUNITY,
    COMPOUND,
    DOOR,
    STREET,
    Range,
    code_of,
    level_of,
    place_of,
    range_of,
    short_code,
)
from qipan.kernel.refusal import NotFound

from ..models import Area, AreaRange, Compound, Denominator, Door
from ..terms import Hierarchy
from .kept import MOST_KEPT, fresh

OFFICIAL = Hierarchy.OFFICIAL
GOVERNING = Hierarchy.GOVERNING


@dataclass(frozen=True)
class AreaView:
    """An area as it was on a day, with the ranges of place numbers it owned then."""

    code: str
    name: str
    name_en: str
    level: int
    parent_code: str
    hierarchy: str
    ranges: tuple[Range, ...]
    synthetic: bool

    @property
    def label(self) -> str:
        """The name in the active language; the official name where no other is known."""
        return self.name_en if self.name_en and (get_language() or "").startswith("en") else self.name

    @property
    def place(self) -> int:
        """The area's own place number: the first of its ground."""
        return self.ranges[0].first


def valid(on: date | None) -> Q:
    """This function will return the filter for versions in force on a day; None means the current ones."""
    if on is None:
        return Q(valid_to=None)
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gt=on))


Moved = dict[int, dict[str, list[Range]]]


def moved_ranges(*, on: date | None = None) -> Moved:
    """This function will return, by level and new owner, the ranges that mergers and splits moved."""
    moved: Moved = {level: defaultdict(list) for level in range(len(CODE_LENGTHS))}
    rows = AreaRange.objects.filter(valid(on), hierarchy=OFFICIAL).order_by("first")
    for code, first, last in rows.values_list("code", "first", "last"):
        moved[CODE_LENGTHS.index(len(code))][code].append(Range(first, last))
    return moved


def joined(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """This function will sort ranges and join those that touch."""
    result: list[Range] = []
    for part in sorted(ranges):
        if result and part.first <= result[-1].last + 1:
            result[-1] = Range(result[-1].first, max(result[-1].last, part.last))
        else:
            result.append(part)
    return tuple(result)


def official_ranges(code: str, moved: dict[str, list[Range]]) -> tuple[Range, ...]:
    """This function will return what an official area owns: its code's range, less what left, plus what came.

    An area whose every place moved away still answers with its code's own range, so that it stays addressable.
    """
    own = range_of(code)
    left = own.without(part for owner, parts in moved.items() if owner != code for part in parts)
    return joined([*left, *moved.get(code, [])]) or (own,)


def area_views(areas: Iterable[Area], *, on: date | None, moved: Moved | None = None) -> list[AreaView]:
    areas = list(areas)
    if moved is None and any(area.hierarchy == OFFICIAL for area in areas):
        moved = moved_ranges(on=on)
    governed: dict[str, list[Range]] = defaultdict(list)
    codes = [area.code for area in areas if area.hierarchy == GOVERNING]
    if codes:
        rows = AreaRange.objects.filter(valid(on), hierarchy=GOVERNING, code__in=codes).order_by("first")
        for code, first, last in rows.values_list("code", "first", "last"):
            governed[code].append(Range(first, last))
    return [
        AreaView(
            code=area.code,
            name=area.name,
            name_en=area.name_en,
            level=area.level,
            parent_code=area.parent_code,
            hierarchy=area.hierarchy,
            ranges=(
                official_ranges(area.code, moved[area.level])
                if area.hierarchy == OFFICIAL and moved is not None
                else tuple(governed[area.code])
            ),
            synthetic=area.synthetic,
        )
        for area in areas
    ]


def compound_views(
    compounds: Iterable[Compound], *, on: date | None = None, moved: Moved | None = None
) -> list[AreaView]:
    """This function will show compounds as areas: level COMPOUND, the 15-digit code, the community of the day."""
    owned = (moved or moved_ranges(on=on))[COMMUNITY]
    views = []
    for compound in compounds:
        code = code_of(compound.place, COMPOUND)
        owners = (owner for owner, parts in owned.items() if any(compound.place in part for part in parts))
        views.append(
            AreaView(
                code=code,
                name=compound.name,
                name_en=compound.name_en,
                level=COMPOUND,
                parent_code=next(owners, code[: CODE_LENGTHS[COMMUNITY]]),
                hierarchy=OFFICIAL,
                ranges=(range_of(code),),
                synthetic=compound.synthetic,
            )
        )
    return views


def _is_compound(code: str, hierarchy: str) -> bool:
    return hierarchy == OFFICIAL and code.isascii() and code.isdigit() and len(code) == CODE_LENGTHS[COMPOUND]


def get_area(code: str, *, on: date | None = None, hierarchy: str = OFFICIAL) -> AreaView:
    """This function will return the area or compound with this code as it was on a day (None: now).

    Raises ``NotFound`` when there is none.
    """
    kept = fresh() if on is None else None
    return _get(code, on=on, hierarchy=hierarchy) if kept is None else _known(code, hierarchy, kept)


def _known(code: str, hierarchy: str, kept: dict[str, Any]) -> AreaView:
    """An area as it is now, kept as long as the territory stays the same. Raises ``NotFound``."""
    key = f"area {hierarchy} {code}"
    found: AreaView | None = kept.get(key)
    if found is None:
        found = _get(code, on=None, hierarchy=hierarchy, moved=_moved_now(kept))
        if len(kept) < MOST_KEPT:
            kept[key] = found
    return found


def _moved_now(kept: dict[str, Any]) -> Moved:
    if "moved" not in kept:
        kept["moved"] = moved_ranges()
    found: Moved = kept["moved"]
    return found


def _get(code: str, *, on: date | None, hierarchy: str, moved: Moved | None = None) -> AreaView:
    if _is_compound(code, hierarchy):
        compound = Compound.objects.filter(place=range_of(code).first).first()
        if compound is None:
            raise NotFound
        return compound_views([compound], on=on, moved=moved)[0]
    area = Area.objects.filter(valid(on), hierarchy=hierarchy, code=code).first()
    if area is None:
        raise NotFound
    return area_views([area], on=on, moved=moved)[0]


def children(code: str, *, on: date | None = None, hierarchy: str = OFFICIAL) -> list[AreaView]:
    """This function will return the areas right below this one, ordered by code; empty when there are none.

    Below a community stand its compounds; below a governing area its streets and, where it holds
    only part of a street, the communities of that part.
    """
    if hierarchy == OFFICIAL and code.isascii() and code.isdigit() and len(code) == CODE_LENGTHS[COMMUNITY]:
        try:
            ground = get_area(code, on=on).ranges
        except NotFound:
            return []
        return compound_views(compounds_within(ground).order_by("place"), on=on)
    areas = Area.objects.filter(valid(on), hierarchy=hierarchy, parent_code=code).order_by("code")
    found = area_views(areas, on=on)
    if found or hierarchy == OFFICIAL:
        return found
    try:
        ground = get_area(code, on=on, hierarchy=GOVERNING).ranges
    except NotFound:
        return []
    streets = areas_within(ground, STREET, on=on)
    taken = [part for street in streets for part in street.ranges]
    rest = [left for part in ground for left in part.without(taken)]
    return streets + areas_within(rest, COMMUNITY, on=on)


def areas_within(ranges: Iterable[Range], level: int, *, on: date | None = None) -> list[AreaView]:
    """This function will return the official areas at a level that lie wholly on this ground, ordered by code."""
    ground = joined(ranges)
    if level == COMPOUND:
        return compound_views(compounds_within(ground).order_by("place"), on=on)
    moved = moved_ranges(on=on)
    # Codes of one level have one length, so they sort like numbers; a ground in many pieces names most of them.
    ends = [(code_of(part.first, level), code_of(part.last, level)) for part in ground]
    named = [first for first, last in ends if first == last]
    named += [code for code, parts in moved[level].items() if any(p.meets(g) for p in parts for g in ground)]
    near = Q(code__in=named)
    for first, last in ends:
        if first != last:
            near |= Q(code__gte=first, code__lte=last)
    areas = Area.objects.filter(near, valid(on), hierarchy=OFFICIAL, level=level).order_by("code")
    return [
        view
        for view in area_views(areas, on=on, moved=moved)
        if all(any(g.covers(r) for g in ground) for r in view.ranges)
    ]


def path_to(code: str, *, on: date | None = None, hierarchy: str = OFFICIAL) -> list[AreaView]:
    """This function will return the way from the city down to this area or compound. Raises ``NotFound``."""
    kept = fresh() if on is None else None
    key = f"path {hierarchy} {code}"
    if kept is not None and key in kept:
        return list(kept[key])
    moved = moved_ranges(on=on)
    path = [_get(code, on=on, hierarchy=hierarchy, moved=moved)]
    while path[0].level > CITY and path[0].parent_code:
        try:
            path.insert(0, _get(path[0].parent_code, on=on, hierarchy=OFFICIAL, moved=moved))
        except NotFound:
            break
    if kept is not None and len(kept) < MOST_KEPT:
        kept[key] = list(path)
    return path


def area_at(place: int, level: int, *, on: date | None = None) -> AreaView | None:
    """This function will return the area at a level that held a place on a day; None when none did."""
    if level >= DOOR:
        return None
    kept = fresh() if on is None else None
    moved = moved_ranges(on=on) if kept is None else _moved_now(kept)
    owners = (owner for owner, parts in moved[level].items() if any(place in part for part in parts))
    code = next(owners, code_of(place, level))
    try:
        return _get(code, on=on, hierarchy=OFFICIAL, moved=moved) if kept is None else _known(code, OFFICIAL, kept)
    except NotFound:
        return None


def compounds_within(ranges: Iterable[Range]) -> QuerySet[Compound]:
    """This function will return the compounds on this ground."""
    return Compound.objects.filter(Scope(tuple(ranges)).q())


def parts_of(code: str) -> list[Range]:
    """This function will return the ground of an area in parts, that of each area below it and what is in none: for passes
    over all of it that hold no lock for long.
    """
    below = [ground for area in children(code) for ground in area.ranges]
    return [*below, *range_of(code).without(below)]


def doors_within(ranges: Iterable[Range]) -> QuerySet[Door]:
    """This function will return the doors on this ground."""
    return Door.objects.filter(Scope(tuple(ranges)).q())


def known_place(code: str) -> int:
    """This function will return the place that an official code names, where it stands in the territory: an area, a
    compound, or a door of the register.

    The code may be padded with zeros. Raises ``NotFound``.
    """
    try:
        short = short_code(code.strip())
    except ValueError:
        raise NotFound from None
    place, level = place_of(short), level_of(short)
    get_area(code_of(place, min(level, COMPOUND)))
    if level == DOOR and not doors_within([range_of(short)]).exists():
        raise NotFound
    return place


def denominator(code: str, kind: str, *, on: date | None = None, hierarchy: str = OFFICIAL) -> Denominator | None:
    """This function will return the newest count of this kind known on a day, with definition, date and source."""
    known = Denominator.objects.filter(hierarchy=hierarchy, code=code, kind=kind)
    if on is not None:
        known = known.filter(valid_from__lte=on)
    return known.order_by("-valid_from").first()


@dataclass(frozen=True)
class Rate:
    """A count per so many, with the count it was divided by: definition, date and source travel along (ORG-16)."""

    count: int
    per: int
    denominator: Denominator

    @property
    def value(self) -> float:
        """The rate itself."""
        return self.count * self.per / self.denominator.value

    @property
    def explained(self) -> str:
        """What it is divided by, as a sentence for people."""
        return _("per %(per)s of %(value)s (%(definition)s; as of %(day)s; source: %(source)s)") % {
            "per": number_format(self.per, force_grouping=True),
            "value": number_format(self.denominator.value, force_grouping=True),
            "definition": self.denominator.definition,
            "day": self.denominator.valid_from.isoformat(),
            "source": self.denominator.source,
        }


def rate(
    count: int, code: str, kind: str, *, per: int = 10_000, on: date | None = None, hierarchy: str = OFFICIAL
) -> Rate | None:
    """This function will divide a count by the denominator known on a day; None when there is none."""
    known = denominator(code, kind, on=on, hierarchy=hierarchy)
    return Rate(count, per, known) if known is not None and known.value else None
