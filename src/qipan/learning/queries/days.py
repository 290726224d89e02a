"""The figures of an emergency at a moment, and those that were kept per day, recounted."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import Max

from qipan.desk.api import desk_counts
from qipan.kernel.place import Range
from qipan.posture.api import Declaration, measures_in_force
from qipan.screening.api import Round, coverage_total
from qipan.zones.api import ZoneLevel, zones_in_force

from ..models import DayFigure


def ground_of(declaration: Declaration) -> list[Range]:
    """This function will return the ranges that a declaration speaks of."""
    return [Range(*pair) for pair in declaration.grounds.order_by("first").values_list("first", "last")]


def rounds_under(declaration: Declaration) -> list[Round]:
    """This function will return the screening rounds of a declaration's campaigns, the first one first."""
    rows = Round.objects.filter(campaign__declaration=declaration).select_related("campaign")
    return list(rows.order_by("opened_at", "pk"))


def measures_at(declaration: Declaration, *, at: datetime, seen_to: int | None = None) -> int:
    """This function will count the measures in force under a declaration at a moment, then or now.

    ``seen_to`` leaves out what was ordered after the measure with this key.
    """
    rows = measures_in_force(ground_of(declaration), at=at).filter(declaration=declaration)
    return (rows if seen_to is None else rows.filter(pk__lte=seen_to)).count()


def figures_at(declaration: Declaration, *, at: datetime) -> dict[str, Any]:
    """This function will count what a day's row holds, as it is now: measures, levels of areas, doors, desks."""
    ground = ground_of(declaration)
    areas = {
        (zone.code, zone.area_level): zone.level for zone in zones_in_force(ground, hazard=declaration.hazard, at=at)
    }
    levels = Counter(areas.values())
    rounds = rounds_under(declaration)
    covered = coverage_total(rounds[-1].pk, ground) if rounds else None
    desks = desk_counts(ground, at=at, drill=declaration.drill)
    return {
        "measures": measures_at(declaration, at=at),
        "seen_to": declaration.measure_set.aggregate(most=Max("pk"))["most"] or 0,
        "high": levels[ZoneLevel.HIGH],
        "medium": levels[ZoneLevel.MEDIUM],
        "low": levels[ZoneLevel.LOW],
        "doors": covered.doors if covered else None,
        "reached": covered.settled if covered else None,
        "open_tasks": desks.open,
        "late_tasks": desks.late,
    }


def days_of(declaration: Declaration) -> list[DayFigure]:
    """This function will return the kept days of an emergency, the first one first."""
    return list(DayFigure.objects.filter(declaration=declaration).order_by("day"))


def audit_days() -> list[str]:
    """This function will count the measures of every kept day again from the measures themselves."""
    wrong = []
    for kept in DayFigure.objects.select_related("declaration").order_by("pk").iterator():
        found = measures_at(kept.declaration, at=kept.at, seen_to=kept.seen_to)
        if found != kept.measures:
            wrong.append(f"{kept.declaration.number} {kept.day}: {kept.measures} measures kept, {found} counted")
    return wrong
