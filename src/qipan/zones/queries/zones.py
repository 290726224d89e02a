"""Levels in force over a ground. Which level an area has is public, so no scope narrows what is asked here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from qipan.kernel.place import COMMUNITY, Range
from qipan.kernel.scoped import overlapping
from qipan.territory.api import AreaView, areas_within

from ..models import RiskZone, RuleSet
from ..terms import ZoneLevel

PUBLIC = "the level of an area is public"


@dataclass(frozen=True)
class ZoneView:
    """A level in force on one range of place numbers, since when and by which rule set."""

    pk: int
    code: str
    area_level: int
    ground: Range
    hazard: str
    level: int
    since: datetime
    confirmed_at: datetime
    reasons: list[dict[str, Any]]
    rule_set_id: int

    @property
    def level_label(self) -> str:
        """The level in the reader's language."""
        return str(ZoneLevel(self.level).label)


@dataclass(frozen=True)
class Share:
    """How many of the smallest areas on a ground reach a level, of how many; ``lacking`` names those that do not."""

    reaching: int
    of: int
    lacking: tuple[AreaView, ...]


def holding(at: datetime) -> Q:
    """This function will return the filter of zones in force: begun, not followed by another, rule not abolished."""
    return (
        Q(starts_at__lte=at)
        & (Q(ends_at=None) | Q(ends_at__gt=at))
        & (Q(rule_set__ends_at=None) | Q(rule_set__ends_at__gt=at))
    )


def zones_over(ranges: Iterable[Range], *, hazard: str | None = None, at: datetime) -> "QuerySet[RiskZone]":
    """This function will return the rows of zones in force that meet the ground."""
    found: QuerySet[RiskZone] = RiskZone.objects.everywhere(PUBLIC).filter(overlapping(ranges), holding(at))
    return found if hazard is None else found.filter(hazard=hazard)


def zones_in_force(ranges: Iterable[Range], *, hazard: str | None = None, at: datetime) -> list[ZoneView]:
    """This function will return the zones in force that meet the ground, by place, larger areas first."""
    rows = zones_over(ranges, hazard=hazard, at=at).order_by("first", "area_level", "pk")
    return [view_of(row) for row in rows]


def changes_ahead(ranges: Iterable[Range], *, hazard: str, after: datetime, until: datetime) -> list[datetime]:
    """This function will return the moments between two at which a level on the ground begins or ends, in order."""
    rows = RiskZone.objects.everywhere(PUBLIC).filter(overlapping(ranges), hazard=hazard)
    rows = rows.filter(
        Q(ends_at=None) | Q(ends_at__gt=after), Q(rule_set__ends_at=None) | Q(rule_set__ends_at__gt=after)
    )
    moments = {
        moment
        for row in rows.values_list("starts_at", "ends_at", "rule_set__ends_at").distinct()
        for moment in row
        if moment is not None and after < moment < until
    }
    return sorted(moments)


def view_of(row: RiskZone) -> ZoneView:
    """This function will return a zone as other rooms see it."""
    return ZoneView(
        pk=row.pk,
        code=row.code,
        area_level=row.area_level,
        ground=Range(row.first, row.last),
        hazard=row.hazard,
        level=row.level,
        since=row.starts_at,
        confirmed_at=row.confirmed_at,
        reasons=row.reasons,
        rule_set_id=row.rule_set_id,
    )


def level_over(grounds: Iterable[Range], *, hazard: str, at: datetime) -> list[tuple[Range, int | None]]:
    """This function will cut grounds by the zones in force: each part with its level, None where no zone holds.

    Where a zone of a larger area and one of a smaller lie on each other, the graver counts. Parts are in order;
    neighbours with one level are one part.
    """
    ranges = [Range(*ground) for ground in grounds]
    zones = zones_in_force(ranges, hazard=hazard, at=at)
    return [part for ground in ranges for part in cut(ground, [(one.ground, one.level) for one in zones])]


def cut(ground: Range, zones: Sequence[tuple[Range, int]]) -> list[tuple[Range, int | None]]:
    """This function will return the parts of one ground with the gravest level on each; pure."""
    near = [(zone, level) for zone, level in zones if zone.meets(ground)]
    edges = {ground.first, ground.last + 1}
    for zone, _level in near:
        edges |= {max(zone.first, ground.first), min(zone.last, ground.last) + 1}
    ordered = sorted(edges)
    parts: list[tuple[Range, int | None]] = []
    begins: dict[int, list[tuple[Range, int]]] = {}
    for zone, level in near:
        begins.setdefault(max(zone.first, ground.first), []).append((zone, level))
    open_zones: list[tuple[Range, int]] = []
    for first, after in pairwise(ordered):
        open_zones = [one for one in [*open_zones, *begins.get(first, [])] if one[0].last >= first]
        gravest = max((level for _zone, level in open_zones), default=None)
        if parts and parts[-1][1] == gravest:
            parts[-1] = (Range(parts[-1][0].first, after - 1), gravest)
        else:
            parts.append((Range(first, after - 1), gravest))
    return parts


def share_meeting(ranges: Iterable[Range], *, hazard: str, level: int, at: datetime) -> Share:
    """This function will say how many of the smallest areas on a ground have at least this level, of how many.

    The smallest areas are those of the rule set in force for the hazard, communities where none is. An area reaches
    the level where every part of it that lies on the ground does. A ground within one area, a compound say, is
    one area by itself: ``of`` is 1, and ``lacking`` is empty though it may not reach the level.
    """
    ground = [Range(*one) for one in ranges]
    unit = RuleSet.objects.filter(in_force_on(at), hazard=hazard, trial=False).values_list("unit", flat=True).first()
    areas = areas_within(ground, unit or COMMUNITY)
    zones = [(one.ground, one.level) for one in zones_in_force(ground, hazard=hazard, at=at)]
    if not areas:
        return Share(int(bool(ground) and all(_reaches(part, zones, level) for part in ground)), 1, ())
    lacking = tuple(area for area in areas if not all(_reaches(part, zones, level) for part in area.ranges))
    return Share(len(areas) - len(lacking), len(areas), lacking)


def in_force_on(at: datetime) -> Q:
    """This function will return the filter of rule sets in force on the local day of a moment."""
    on = localdate(at)
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gt=on))


def _reaches(part: Range, zones: Sequence[tuple[Range, int]], level: int) -> bool:
    return not part.without(zone for zone, own in zones if own >= level)


def zone_names(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return titles and addresses of zones, for what cites an article."""
    rows = RiskZone.objects.everywhere("names of what cites").filter(pk__in=keys)
    return {one.pk: (f"{one.code} {one.get_level_display()}", f"/zones/areas/{one.code}") for one in rows}
