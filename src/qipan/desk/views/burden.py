"""The burden meter: who asks how many hours of communities, by week and area (SVC-13)."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import COMMUNITY, Range
from qipan.kernel.refusal import BadInput, NotFound
from qipan.territory.api import AreaView, children, get_area
from qipan.webkit.sheets import csv_file, xlsx_file

from ..queries.burden import TOP, asked_twice, burden_lines, burden_on, by_area, by_demander, by_week
from ..queries.desks import unit_of
from ..queries.nuisances import nuisances_on
from ..queries.terminals import kept_on
from ..rules import week_of
from ..terms import Activity

FILES = {"csv": csv_file, "xlsx": xlsx_file}
ONE_WEEK = timedelta(weeks=1)


def _area(request: HttpRequest, actor: Actor) -> tuple[AreaView | None, list[Range]]:
    """The area that was asked for, or that of the actor's unit, and the part of it in the actor's scope."""
    unit = unit_of(actor)
    if unit is None:
        raise NotFound
    code = request.GET.get("area", "")
    if not code:
        try:
            return get_area(unit.code.partition(":")[0]), list(actor.scope.ranges)
        except NotFound:  # a compound's desk
            return None, list(actor.scope.ranges)
    area = get_area(code)
    parts = [part for ground in area.ranges for part in actor.scope.narrowed(ground).ranges]
    if not parts:
        raise NotFound
    return area, parts


def _week(request: HttpRequest) -> date:
    """The Monday of the week of a day; this week without one. Raises ``BadInput``."""
    given = request.GET.get("week", "")
    try:
        return week_of(date.fromisoformat(given) if given else localdate(now()))
    except (ValueError, OverflowError):
        raise BadInput([_("the week is given by one of its days, as 2026-11-23")]) from None


@require_GET
def burden_page(request: HttpRequest) -> HttpResponse:
    """This view will show, to everyone with a post, the hours asked of the communities on the own ground in a week."""
    actor, at = signed_in(request), now()
    area, ranges = _area(request, actor)
    week = _week(request)
    below = [
        one
        for one in (children(area.code) if area else [])
        if any(actor.scope.narrowed(ground).ranges for ground in one.ranges)
    ]
    demanders = by_demander(ranges, week)
    context: dict[str, Any] = {
        "area": area,
        "week": week,
        "last_day": week + timedelta(days=6),
        "before": week - ONE_WEEK,
        "after": week + ONE_WEEK if week < week_of(at) else None,
        "whole": burden_on(ranges, week),
        "top": demanders[:TOP],
        "others": demanders[TOP:],
        "areas": by_area(below, week) if area and area.level < COMMUNITY else [],
        "weeks": by_week(ranges, week),
        "twice": asked_twice(at),
        "nuisances": nuisances_on(ranges, week),
        "systems": kept_on(ranges),
        "activities": Activity.labels,
        "as_of": at,
    }
    return render(request, "desk/burden.html", context)


@require_GET
def burden_file(request: HttpRequest, kind: str) -> HttpResponse:
    """This view will give the meter of a week line by line as CSV or XLSX."""
    actor = signed_in(request)
    if kind not in FILES:
        raise NotFound
    _given, ranges = _area(request, actor)
    week = _week(request)
    header = [_("Week from"), _("Community"), _("Asked by"), _("Kind of work"), _("Tasks"), _("Hours")]
    return FILES[kind](f"burden-{week}", header, burden_lines(ranges, week))
