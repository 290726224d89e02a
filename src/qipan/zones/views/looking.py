"""Looking: levels on the map and by day, the course of one area, and the page for everybody."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET

from qipan.access.api import needs, signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import CITY, COMMUNITY, code_for
from qipan.kernel.refusal import NotFound
from qipan.laws.api import flags_of, rested_on
from qipan.territory.api import AreaView, children, get_area, path_to

from ..models import RuleSet
from ..queries.counts import all_rule_sets, area_on, corrections_on, get_rule_set, rule_of, rule_set_of
from ..queries.history import by_day, course_of, days_counted, moment_of, parts_on
from ..queries.words import criterion_text, input_label, reason_text, shown
from ..queries.zones import zones_in_force
from ..terms import ZoneLevel

FIRST_DAY = date(2000, 1, 1)
SHOWN_DAYS = 28
LEVEL_STEPS: dict[int | None, int] = {None: 0, ZoneLevel.LOW: 1, ZoneLevel.MEDIUM: 3, ZoneLevel.HIGH: 5}
SHOWS = ("held", "computed")


def area_for(actor: Actor, code: str) -> AreaView:
    """This function will return the area in the address, or the one that an actor's ground is. Raises ``NotFound``."""
    wanted = code or next((own for part in actor.scope.ranges if (own := code_for(part)) is not None), "")
    area = get_area(wanted)
    if not CITY <= area.level <= COMMUNITY or not all(actor.scope.covers(part) for part in area.ranges):
        raise NotFound
    return area


def day_of(request: HttpRequest, name: str, default: date, *, latest: date) -> date:
    """This function will return a day of the address; the default where there is none, never a day to come."""
    try:
        return min(max(date.fromisoformat(request.GET.get(name, "")), FIRST_DAY), latest)
    except ValueError:
        return default


def rule_for(request: HttpRequest, day: date) -> RuleSet | None:
    """This function will return the rule set in the address, else the one in force on a day, else the latest."""
    asked = request.GET.get("rule", "")
    if asked.isdecimal() and len(asked) < 10:
        return get_rule_set(int(asked))
    every = [one for one in all_rule_sets() if not one.trial]
    on_day = [one for one in every if one.valid_from <= day and (one.valid_to is None or day < one.valid_to)]
    return next(iter(on_day or sorted(every, key=lambda one: one.valid_from, reverse=True)), None)


def exact_for(actor: Actor) -> bool:
    """This function will say whether an actor reads small counts: who counts and who confirms does."""
    return actor.can("zone.count") or actor.can("zone.confirm")


def path_for(area: AreaView, actor: Actor) -> list[AreaView]:
    """This function will return the way to an area, as far as it lies on the actor's ground."""
    return [one for one in path_to(area.code) if all(actor.scope.covers(part) for part in one.ranges)]


@require_GET
@needs("board.view")
def map_page(request: HttpRequest) -> HttpResponse:
    """This view will show the levels of the areas below one on a day, on the map, as squares and as a table by day."""
    actor, at = signed_in(request), now()
    area, today = area_for(actor, request.GET.get("area", "")), localdate(at)
    day = day_of(request, "day", today, latest=today)
    show = request.GET.get("show", "held")
    if show not in SHOWS:
        raise NotFound
    rule_set = rule_for(request, day)
    hazard = rule_set.hazard if rule_set else ""
    parts = parts_on(area, rule_set, day, hazard=hazard, at=at)
    first = day - timedelta(days=SHOWN_DAYS - 1)
    counted_days = days_counted(actor.scope)
    table = by_day(area, rule_set, first=first, last=day, at=at) if rule_set else []
    return render(
        request,
        "zones/map.html",
        {
            "area": area,
            "path": path_for(area, actor),
            "day": day,
            "today": today,
            "before": day - timedelta(days=1),
            "after": day + timedelta(days=1) if day < today else None,
            "first_counted": min(counted_days[0], day) if counted_days else first,
            "last_counted": min(counted_days[1], today) if counted_days else None,
            "moment": moment_of(day, at=at),
            "show": show,
            "rule_set": rule_set,
            "rule_sets": all_rule_sets(),
            "criteria": criteria_of(rule_set) if rule_set else [],
            "in_force": rule_set is not None and rule_set_of(hazard, at=moment_of(day, at=at)) == rule_set,
            "parts": [_cell(part, part.held if show == "held" else part.computed) for part in parts],
            "columns": max(1, round(len(parts) ** 0.5)),
            "days": table,
            "actor": actor,
        },
    )


def _cell(part: Any, level: int | None) -> dict[str, Any]:
    counted = part.held_areas
    return {
        "part": part,
        "level": level,
        "step": LEVEL_STEPS[level],
        "label": ZoneLevel(level).label if level else "",
        "held_label": ZoneLevel(part.held).label if part.held else "",
        "computed_label": ZoneLevel(part.computed).label if part.computed else "",
        "high": counted[ZoneLevel.HIGH],
        "medium": counted[ZoneLevel.MEDIUM],
        "leaf": part.area.level >= COMMUNITY,
    }


def criteria_of(rule_set: RuleSet) -> list[tuple[str, list[str]]]:
    """This function will return what a rule set asks for each level, in words, the gravest first."""
    rule = rule_of(rule_set)
    return [
        (str(ZoneLevel(level).label), [criterion_text(one.text()) for one in criteria])
        for level, criteria in rule.levels
    ]


@require_GET
@needs("board.view")
def area_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show how the levels of one area went, by the counts and in force, each with its reasons."""
    actor, at = signed_in(request), now()
    area, today = area_for(actor, code), localdate(at)
    last = day_of(request, "last", today, latest=today)
    first = day_of(request, "first", last - timedelta(days=89), latest=last)
    first = max(first, last - timedelta(days=365))
    rule_set = rule_for(request, last)
    hazard = rule_set.hazard if rule_set else ""
    course = course_of(area, rule_set, hazard=hazard, first=first, last=last)
    exact = exact_for(actor)
    names = rule_of(rule_set).inputs if rule_set else ()
    keys = [row.pk for row in course.zones]
    rested, flags = rested_on("zones.RiskZone", keys), flags_of("zones.RiskZone", keys)
    return render(
        request,
        "zones/area.html",
        {
            "area": area,
            "path": path_for(area, actor),
            "first": first,
            "last": last,
            "rule_set": rule_set,
            "rule_sets": all_rule_sets(),
            "stretches": [
                (one.span, str(ZoneLevel(one.span.level).label), _texts([r.text() for r in one.reasons], exact))
                for one in course.stretches
            ],
            "zones": [
                (row, _texts(row.reasons, exact), rested.get(row.pk, []), flags.get(row.pk, [])) for row in course.zones
            ],
            "counts": _counts(course.counts, first, last, exact=exact),
            "corrections": [
                (row, input_label(row.hazard_input), shown(row.before, exact=exact), shown(row.after, exact=exact))
                for row in corrections_on(actor.scope, area.ranges, names)[:50]
            ],
            "exact": exact,
        },
    )


def _texts(reasons: list[dict[str, Any]], exact: bool) -> list[str]:
    return [reason_text(one, figures="exact" if exact else "masked") for one in reasons]


def _counts(counts: Any, first: date, last: date, *, exact: bool) -> list[tuple[date, list[tuple[str, str]]]]:
    """The days that have a count, the newest first, at most sixty of them."""
    days: dict[date, list[tuple[str, str]]] = {}
    for name, own in counts.items():
        for number, n in own.items():
            day = date.fromordinal(number)
            if first <= day <= last:
                days.setdefault(day, []).append((input_label(name), shown(n, exact=exact)))
    return sorted(days.items(), reverse=True)[:60]


@require_GET
def public_page(request: HttpRequest) -> HttpResponse:
    """This view will tell everybody which level holds where, since when and why: thresholds, never counts or persons."""
    at = now()
    area = get_area(request.GET.get("area", settings.CITY)[:19])
    if not CITY <= area.level <= COMMUNITY:
        raise NotFound
    found = zones_in_force(area.ranges, at=at)
    sets = {one.pk: one for one in RuleSet.objects.filter(pk__in={zone.rule_set_id for zone in found})}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for zone in sorted(found, key=lambda one: (-one.level, one.code, one.ground)):  # an area of two ranges stands once
        known = area_on(zone.code)
        row = {
            "zone": zone,
            "label": known.label if known is not None else zone.code,
            "rule_set": sets[zone.rule_set_id],
            "reasons": [reason_text(one) for one in zone.reasons],
        }
        rows.setdefault((zone.hazard, zone.code), row)
    return render(
        request,
        "zones/public.html",
        {
            "area": area,
            "path": path_to(area.code),
            "below": children(area.code) if area.level < COMMUNITY else [],
            "rows": list(rows.values()),
            "rule_sets": [(one, criteria_of(one)) for one in sets.values()],
            "at": at,
        },
    )
