"""Daily counts by area as a rule sees them: small areas summed up to its unit, larger ones as they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Aggregate, Sum, TextField

from qipan.kernel.actor import Scope
from qipan.kernel.place import Grounds, Range, code_of, place_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView, areas_within, get_area

from ..models import Correction, Count, RuleSet
from ..rules.engine import AreaCounts
from ..rules.sets import Rule, stored
from .zones import in_force_on


@dataclass
class Counted:
    """The counts of every area that has any, by code, with the areas themselves as far as the map knows them."""

    areas: dict[str, AreaView]
    counts: dict[str, dict[str, dict[int, int]]]
    since: date | None = None  # the first day that stands by itself; what was before it is one number

    def of(self, code: str) -> AreaCounts:
        """This method will return the counts of one area; empty where it has none."""
        return self.counts.get(code, {})


def rule_set_of(hazard: str, *, at: datetime) -> RuleSet | None:
    """This function will return the rule set in force for a hazard at a moment, None where there is none."""
    return RuleSet.objects.filter(in_force_on(at), hazard=hazard, trial=False).order_by("-valid_from", "-pk").first()


def rule_sets_in_force(*, at: datetime) -> list[RuleSet]:
    """This function will return the rule sets in force at a moment, one for each hazard that has one."""
    return list(RuleSet.objects.filter(in_force_on(at), trial=False).order_by("hazard", "-valid_from"))


def all_rule_sets() -> list[RuleSet]:
    """This function will return every rule set that was ever published, the newest first."""
    return list(RuleSet.objects.order_by("hazard", "code", "-version"))


def get_rule_set(pk: int) -> RuleSet:
    """This function will return a rule set. Raises ``NotFound``."""
    found = RuleSet.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def rule_of(rule_set: RuleSet) -> Rule:
    """This function will return the rule that a rule set holds."""
    return stored(rule_set.unit, rule_set.levels)


def counted(scope: Scope, rule: Rule, *, to: date, on: date | None = None, since: date | None = None) -> Counted:
    """This function will return the counts on a ground up to a day, by the areas of ``on`` (None: the map of now).

    A count of a smaller area belongs to the area of the rule's unit that holds it; a count of a larger one stays with
    that, because nobody knows on which part of it. Days with none take no room. With ``since`` the days before it
    are added up by the database into the day before it: levels from ``since`` on plus the rule's window are the same.
    """
    every = Count.objects.within(scope).filter(hazard_input__in=rule.inputs, day__lte=to, n__gt=0).order_by()
    owners = _Owners(scope.ranges, rule.unit, on)
    counts: dict[str, dict[str, dict[int, int]]] = {}
    single = every if since is None else every.filter(day__gte=since)
    days = single.values_list("hazard_input", "place", "level").annotate(text=_DaysInOneText("day", "n"))
    for name, place, level, text in days.iterator(chunk_size=500):
        words = text.split(",")
        _add(
            counts.setdefault(owners.code(place, level), {}).setdefault(name, {}),
            map(_ordinal, words[::2]),
            words[1::2],
        )
    if since is not None:
        before = every.filter(day__lt=since).values_list("hazard_input", "place", "level").annotate(together=Sum("n"))
        for name, place, level, together in before.iterator(chunk_size=10_000):
            held = counts.setdefault(owners.code(place, level), {}).setdefault(name, {})
            _add(held, [since.toordinal() - 1], [together])
    return Counted(owners.areas, counts, since)


class _DaysInOneText(Aggregate):
    """All days of a group, each before its count: a hundredth of the rows to fetch, and no date is made of each."""

    template = "GROUP_CONCAT(%(expressions)s)"
    arg_joiner = " || ',' || "
    output_field = TextField()

    def as_postgresql(self, *args: Any, **kwargs: Any) -> Any:
        return self.as_sql(*args, template="STRING_AGG(%(expressions)s, ',')", **kwargs)


@lru_cache(maxsize=4096)
def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _add(held: dict[int, int], days: Iterable[int], numbers: Iterable[str | int]) -> None:
    more = zip(days, map(int, numbers), strict=True)
    if not held:
        held.update(more)
        return
    for day, n in more:
        held[day] = held.get(day, 0) + n


class _Owners:
    """Which area a count belongs to, asked once for each place."""

    def __init__(self, ranges: Sequence[Range], unit: int, on: date | None) -> None:
        self._ranges, self._unit, self._on = ranges, unit, on
        self._grounds: dict[int, Grounds[AreaView]] = {}
        self.areas: dict[str, AreaView] = {}

    def code(self, place: int, level: int) -> str:
        own = min(level, self._unit)
        if own not in self._grounds:
            areas = areas_within(self._ranges, own, on=self._on)
            self._grounds[own] = Grounds((part, area) for area in areas for part in area.ranges)
        area = self._grounds[own].at(place)
        if area is None:
            return code_of(place, own)  # the map of the day does not know it any more
        self.areas[area.code] = area
        return area.code


def counted_at(area: AreaView) -> int:
    """This function will return the place under which an area's counts are kept: its code's own as long as it owns that.

    The ground of a merged area may begin at a place of another one's counts.
    """
    own = place_of(area.code)
    return own if any(own in part for part in area.ranges) else area.place


def area_on(code: str, *, on: date | None = None) -> AreaView | None:
    """This function will return an area, None where the map of the day has none with this code."""
    try:
        return get_area(code, on=on)
    except NotFound:
        return None


def corrections_on(scope: Scope, ranges: Iterable[Range], inputs: Sequence[str]) -> list[Correction]:
    """This function will return the corrections of counts on a ground within a scope, the newest first."""
    found = Correction.objects.within(scope).filter(Scope(tuple(ranges)).q(), hazard_input__in=inputs)
    return list(found.order_by("-at", "-day", "-pk"))


def offices_that_said(inputs: Sequence[str], ranges: Sequence[Range], *, last: date) -> set[int]:
    """This function will return the units that said counts above nought on a ground up to a day."""
    rows = Count.objects.everywhere("only whether another office confirms").filter(
        Scope(tuple(ranges)).q(), hazard_input__in=inputs, day__lte=last, n__gt=0, unit__isnull=False
    )
    return set(rows.values_list("unit_id", flat=True).distinct())
