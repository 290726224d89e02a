"""Levels over time: what was in force on a day, what the counts of that day give, and how both went."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Max, Min, Q
from django.utils.timezone import get_default_timezone

from qipan.kernel.actor import Scope
from qipan.kernel.place import COMMUNITY, Grounds, Range
from qipan.kernel.scoped import overlapping
from qipan.territory.api import AreaView, areas_within, children

from ..models import Count, RiskZone, RuleSet
from ..rules.compare import Comparison, Differs, compare
from ..rules.engine import AreaCounts, Reason, Span, level_on, reasons_on, spans_of
from ..rules.sets import Rule, day_begins
from ..terms import ZoneLevel
from .counts import Counted, counted, rule_of
from .zones import PUBLIC, ZoneView, cut, zones_in_force

LONGEST = timedelta(days=366)
DAY = timedelta(days=1)


def moment_of(day: date, *, at: datetime) -> datetime:
    """This function will return the moment for which a day stands: now for today, else its last one."""
    end = day_begins(day + DAY, get_default_timezone()) - timedelta(microseconds=1)
    return min(end, at)


def days_counted(scope: Scope) -> tuple[date, date] | None:
    """This function will return the first and the last day with a count on a ground; None where there is none."""
    found = Count.objects.within(scope).aggregate(first=Min("day"), last=Max("day"))
    return (found["first"], found["last"]) if found["first"] else None


@dataclass
class Part:
    """One area below the one that is looked at, on a day: levels in force and computed, and of how many areas."""

    area: AreaView
    held: int | None = None
    computed: int | None = None
    held_areas: Counter[int] = field(default_factory=Counter)
    computed_areas: Counter[int] = field(default_factory=Counter)

    @property
    def differs(self) -> bool:
        """Whether the counts of the day give something else than what was in force."""
        return self.computed is not None and (self.held or ZoneLevel.LOW) != self.computed


def parts_on(area: AreaView, rule_set: RuleSet | None, day: date, *, hazard: str, at: datetime) -> list[Part]:
    """This function will return the areas right below one with their levels on a day, ordered by code.

    A part is as grave as the gravest of what lies in it or over it.
    """
    below = children(area.code) if area.level < COMMUNITY else []
    parts = [Part(one) for one in below or [area]]
    zones = zones_in_force(area.ranges, hazard=hazard, at=moment_of(day, at=at))
    for part in parts:
        levels = [level for own in part.area.ranges for _cut, level in cut(own, _grounds(zones)) if level is not None]
        part.held = max(levels, default=None)
        part.held_areas = Counter(one.level for one in zones if any(own.covers(one.ground) for own in part.area.ranges))
    if rule_set is not None:
        _compute(parts, area, rule_of(rule_set), day)
    return parts


def _grounds(zones: list[ZoneView]) -> list[tuple[Range, int]]:
    return [(one.ground, one.level) for one in zones]


def _compute(parts: list[Part], area: AreaView, rule: Rule, day: date) -> None:
    known = counted(Scope(area.ranges), rule, to=day, since=day - timedelta(days=rule.window))
    where = Grounds((own, part) for part in parts for own in part.area.ranges)
    for part in parts:
        part.computed = rule.lowest
    for code, counts in known.counts.items():
        level = level_on(rule, counts, day)
        own = known.areas.get(code)
        holder = where.at(own.place) if own is not None else None
        if own is not None and own.level < parts[0].area.level:  # of a larger area: it lies over all of them
            for part in parts:
                part.computed = max(part.computed or level, level)
        elif holder is not None:
            holder.computed = max(holder.computed or level, level)
            holder.computed_areas[level] += 1


@dataclass(frozen=True)
class Day:
    """How many areas had which level on a day: in force, and by the counts."""

    day: date
    held: dict[int, int]
    computed: dict[int, int]


def by_day(area: AreaView, rule_set: RuleSet, *, first: date, last: date, at: datetime) -> list[Day]:
    """This function will return the days from ``last`` back to ``first`` with the areas of each level."""
    rule = rule_of(rule_set)
    known = counted(Scope(area.ranges), rule, to=last, since=first - timedelta(days=rule.window))
    computed: dict[date, Counter[int]] = {}
    for counts in known.counts.values():
        for span in spans_of(rule, counts, first=first, last=last):
            if span.level > rule.lowest:
                for number in range(span.first.toordinal(), span.last.toordinal() + 1):
                    computed.setdefault(date.fromordinal(number), Counter())[span.level] += 1
    rows = _rows(area.ranges, rule_set.hazard, first, last, at=at)
    days = []
    for number in range(last.toordinal(), first.toordinal() - 1, -1):
        day = date.fromordinal(number)
        moment = moment_of(day, at=at)
        held = Counter(row.level for row in rows if _held_at(row, moment) and row.first == row.place)
        days.append(Day(day, dict(held), dict(computed.get(day, {}))))
    return days


def _rows(ranges: tuple[Range, ...], hazard: str, first: date, last: date, *, at: datetime) -> list[RiskZone]:
    begin, end = day_begins(first, get_default_timezone()), moment_of(last, at=at)
    rows = RiskZone.objects.everywhere(PUBLIC).filter(
        overlapping(ranges), Q(ends_at=None) | Q(ends_at__gt=begin), hazard=hazard, starts_at__lte=end
    )
    return list(rows.select_related("rule_set").order_by("starts_at", "pk"))


def _held_at(row: RiskZone, moment: datetime) -> bool:
    ended = min((end for end in (row.ends_at, row.rule_set.ends_at) if end is not None), default=None)
    return row.starts_at <= moment and (ended is None or moment < ended)


@dataclass(frozen=True)
class Stretch:
    """A span of one area by the counts, with the reasons of its first day."""

    span: Span
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Course:
    """How the levels of one area went: by the counts, and in force with who confirmed it."""

    stretches: list[Stretch]
    zones: list[RiskZone]
    counts: AreaCounts


def course_of(area: AreaView, rule_set: RuleSet | None, *, hazard: str, first: date, last: date) -> Course:
    """This function will return the course of one area, the newest first."""
    zones = (
        RiskZone.objects.everywhere(PUBLIC)
        .filter(overlapping(area.ranges), hazard=hazard, area_level__lte=area.level)
        .select_related("rule_set", "unit")
        .order_by("-starts_at", "-pk")
    )
    own = [row for row in zones if row.first == row.place or row.code != area.code]
    if rule_set is None:
        return Course([], own, {})
    rule = rule_of(rule_set)
    known = counted(Scope(area.ranges), rule, to=last)
    counts = known.of(area.code)
    stretches = [
        Stretch(span, tuple(reasons_on(rule, counts, span.first)))
        for span in reversed(spans_of(rule, counts, first=first, last=last))
    ]
    return Course(stretches, own, counts)


@dataclass(frozen=True)
class WhatIf:
    """Two rules on the same history, with the areas that they judge differently and why."""

    comparison: Comparison
    differing: list[tuple[AreaView, Differs, list[Reason], list[Reason]]]


def what_if(area: AreaView, a: Rule, b: Rule, *, first: date, last: date, most: int = 30) -> WhatIf:
    """This function will run two rules over the counts of a ground, for every smallest area, and keep nothing."""
    scope, unit = Scope(area.ranges), max(a.unit, b.unit)
    sides = [(rule, counted(scope, rule, to=last)) for rule in (a, b)]
    smallest = {one.code: one for one in areas_within(area.ranges, unit)} or {area.code: area}
    over = {code: [code] for code in smallest}
    _lay_over(over, smallest, [known for _rule, known in sides])
    spans = [
        {code: spans_of(rule, counts, first=first, last=last) for code, counts in known.counts.items()}
        for rule, known in sides
    ]
    found = compare(over, spans[0], spans[1], first=first, last=last)
    differing = []
    for one in found.differs[:most]:
        why = [
            [reason for code in over[one.code] if code in known.counts
             for reason in reasons_on(rule, known.of(code), one.first)]
            for rule, known in sides
        ]  # fmt: skip
        differing.append((smallest[one.code], one, why[0], why[1]))
    return WhatIf(found, differing)


def _lay_over(over: dict[str, list[str]], smallest: dict[str, AreaView], known: list[Counted]) -> None:
    """Names for each smallest area the larger ones that have counts of their own and hold it."""
    larger = {
        code: view for one in known for code, view in one.areas.items() if code not in smallest and code in one.counts
    }
    for code, view in larger.items():
        for own, small in smallest.items():
            if small.level > view.level and any(small.place in part for part in view.ranges):
                over[own].append(code)
