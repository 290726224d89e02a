"""What the words of another system's table mean here: looked up once for each word, before any line is read."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TypeVar

from django.db.models import Q

from qipan.duties.api import Unit
from qipan.kernel.actor import Scope
from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, COMPOUND, DISTRICT, DOOR, STREET, place_of, range_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView, Compound, Door, areas_within, from_gcj02, get_area, outline_ruler

from ..models import Category
from ..rules.importing import SEPARATOR, Datum, Fault, Field, Lookup, Meaning, Place, Rules
from ..rules.points import SLACK, Point, rounded

T = TypeVar("T")
AT_ONCE = 500
LEVELS = (COMMUNITY, STREET, DISTRICT, CITY)


def lookups(rules: Rules, scope: Scope) -> dict[str, Lookup]:
    """This function will return, field by field, what finds the meaning of a word: by the mapping's own table,
    else by code or exact name. Each word is looked up once.
    """
    finders: dict[str, Callable[[str], Meaning]] = {
        Field.CATEGORY: Categories().find,
        Field.PLACE: Places(scope).find,
        Field.UNIT: Units().find,
    }

    def once(name: str, find: Callable[[str], Meaning]) -> Lookup:
        held: dict[str, Meaning] = {}
        table = rules.words.get(name, {})

        def lookup(word: str) -> Meaning:
            if word not in held:
                held[word] = find(table.get(word) or word)
            return held[word]

        return lookup

    return {name: once(name, find) for name, find in finders.items()}


def placing(rules: Rules) -> Place:
    """This function will return what moves a point of the table to WGS 84 and sees that it can be at its place."""
    measure, shifted = outline_ruler(), rules.datum == Datum.GCJ02

    def placed(point: Point, place: int) -> Point | Fault:
        kept = rounded(*from_gcj02(*point)) if shifted else point
        measured = measure(place, kept.longitude, kept.latitude)
        return Fault.ELSEWHERE if measured is not None and measured[1] > SLACK else kept

    return placed


def _only(found: Collection[int]) -> Meaning:
    if not found:
        return Fault.UNKNOWN
    return next(iter(found)) if len(found) == 1 else Fault.SEVERAL


class Categories:
    """The catalogue in force, by code and by name in both languages."""

    @cached_property
    def _held(self) -> Mapping[str, set[int]]:
        held: defaultdict[str, set[int]] = defaultdict(set)
        for one in Category.objects.filter(valid_to=None):
            for name in (one.code, one.name, one.name_en):
                if name:
                    held[name].add(one.pk)
        return held

    def find(self, word: str) -> Meaning:
        """This method will return a category's key."""
        return _only(self._held.get(word, ()))


class Units:
    """Units that exist today, by code and by name; the few words of a file are asked one by one."""

    def find(self, word: str) -> Meaning:
        """This method will return a unit's key."""
        named = Q(code=word) | Q(name=word) | Q(name_en=word)
        rows = Unit.objects.filter(named, valid_to=None).order_by("pk").values_list("code", "pk")[:2]
        found = dict(rows)
        return found[word] if word in found else _only(found.values())


class Places:
    """Places on a ground: by code, by the name of an area (with those above it before, if need be), by a compound."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @cached_property
    def _areas(self) -> Mapping[str, list[AreaView]]:
        held: defaultdict[str, list[AreaView]] = defaultdict(list)
        for level in LEVELS:
            for area in areas_within(self.scope.ranges, level):
                for name in {area.name, area.name_en} - {""}:
                    held[name].append(area)
        return held

    @cached_property
    def _parents(self) -> Mapping[str, AreaView]:
        return {area.code: area for areas in self._areas.values() for area in areas}

    @cached_property
    def _compounds(self) -> frozenset[int]:
        return frozenset(Compound.objects.filter(self.scope.q()).values_list("place", flat=True))

    def find(self, word: str) -> Meaning:
        """This method will return a place number."""
        if word.isascii() and word.isdigit():
            return self._by_code(word)
        *above, name = word.split(SEPARATOR)
        areas = [area for area in self._areas.get(name, ()) if self._lies_in(area, above)]
        if areas:
            return _only({area.ranges[0].first for area in areas})
        compounds = Compound.objects.filter(self.scope.q(), Q(name=name) | Q(name_en=name)).order_by("place")
        return _only({place for place in compounds.values_list("place", flat=True)[:50] if self._under(place, above)})

    def _by_code(self, code: str) -> Meaning:
        if len(code) not in CODE_LENGTHS or len(code) < CODE_LENGTHS[CITY]:
            return Fault.UNKNOWN
        place = place_of(code)
        if not self.scope.covers(range_of(code)):
            return Fault.OUTSIDE
        if len(code) == CODE_LENGTHS[DOOR]:
            known = Door.objects.filter(place=place).exists()
        elif len(code) == CODE_LENGTHS[COMPOUND]:
            known = place in self._compounds
        else:
            try:
                place = get_area(code).ranges[0].first
                known = True
            except NotFound:
                known = False
        return place if known else Fault.UNKNOWN

    def _lies_in(self, area: AreaView, above: Iterable[str]) -> bool:
        """Whether the names that stand before are those of areas above it."""
        names, parent = set(), self._parents.get(area.parent_code)
        while parent is not None:
            names |= {parent.name, parent.name_en}
            parent = self._parents.get(parent.parent_code)
        return all(name in names for name in above)

    def _under(self, place: int, above: list[str]) -> bool:
        if not above:
            return True
        areas = [area for area in self._areas.get(above[-1], ()) if any(place in ground for ground in area.ranges)]
        return any(self._lies_in(area, above[:-1]) for area in areas)


def in_parts(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """This function will return values a few hundred at a time."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
