"""The page of figures: chosen by area, unit, category, channel and months; to read, to take along, to print."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from qipan.access.api import needs, signed_in
from qipan.duties.api import get_unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import BadInput, NotFound
from qipan.webkit.forms import said
from qipan.webkit.sheets import csv_file, xlsx_file

from ..input.figures import FiguresForm
from ..queries.figures import Asked, Figures, Line, below, breakdown, units_offered
from ..queries.reading import categories
from ..rules.limits import next_month
from ..terms import By, Way
from .offices import ground_for

FILES = {"csv": csv_file, "xlsx": xlsx_file}
MONTHS = 6  # shown when none are chosen


def _months(data: dict[str, Any], at: datetime) -> tuple[date, date]:
    """The first day of the first month and the day after the last; half a year until now where nothing is chosen."""
    last: date = data.get("until") or max(localdate(at).replace(day=1), data.get("since") or date.min)
    first: date = data.get("since") or last
    for _back in range(0 if data.get("since") else MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return first, next_month(last)


def _chosen(request: HttpRequest, actor: Actor, at: datetime) -> tuple[FiguresForm, Asked | None, By]:
    area, ranges = ground_for(actor, request.GET.get("area", ""))
    areas = below(actor.scope.ranges)
    if area is not None and area.code not in {one.code for one in areas}:
        areas = [area, *areas]
    form = FiguresForm(request.GET, areas=areas, units=units_offered(actor.scope.ranges), categories=categories())
    if not form.is_valid():
        return form, None, By.MONTH
    data = form.cleaned_data
    since, until = _months(data, at)
    unit = get_unit(data["unit"]).pk if data["unit"] else None
    asked = Asked(tuple(ranges), since, until, unit, data["category"], data["channel"])
    return form, asked, By(data["by"] or By.MONTH)


@require_GET
@needs("matter.view")
def figures_page(request: HttpRequest) -> HttpResponse:
    """This view will show the rates of a ground with numerators and denominators, line by line; nobody is ranked."""
    actor, at = signed_in(request), now()
    form, asked, by = _chosen(request, actor, at)
    shown: dict[str, Any] = {"form": form}
    if asked is not None:
        whole, lines = breakdown(asked, by, at=at)
        shown |= {
            "whole": whole,
            "lines": lines,
            "by": by,
            "since": asked.since,
            "last": asked.until - timedelta(days=1),
            "chosen": [form[name].value() and said(form, name) for name in ("area", "unit", "category", "channel")],
            "query": request.GET.urlencode(),
            "reported_known": asked.unit is None and by != By.UNIT,
        }
    return render(request, "matters/figures.html", shown, status=200 if asked is not None else 400)


@require_GET
@needs("matter.view")
def figures_file(request: HttpRequest, kind: str) -> HttpResponse:
    """This view will give the same table as CSV or XLSX: each rate as numerator, denominator, percent and interval."""
    actor, at = signed_in(request), now()
    if kind not in FILES:
        raise NotFound
    form, asked, by = _chosen(request, actor, at)
    if asked is None:
        raise BadInput([str(error) for errors in form.errors.values() for error in errors])
    whole, lines = breakdown(asked, by, at=at)
    header = [
        str(by.label), _("Reported"), _("Filed"), _("Dispatched"), _("Hops"), _("Shelved"), _("Reopened"),
    ]  # fmt: skip
    for name in (_("Response in time"), _("Solved"), _("Satisfied"), _("Answer rate")):
        header += [f"{name}, {part}" for part in (_("part"), _("of"), _("percent"), _("from %"), _("to %"))]
    header += [_("verified as solved, %(way)s") % {"way": way.label} for way in Way]
    rows = [_row(line) for line in [*lines, Line("", _("Together"), whole)]]
    return FILES[kind]("figures", header, rows)


def _row(line: Line) -> list[object]:
    one: Figures = line.figures
    row: list[object] = [
        line.label, one.reported, one.filed, one.dispatched, one.hops, one.shelved, one.reopened,
    ]  # fmt: skip
    for rate in one.rates:
        row += _cells(rate)
    return row + [n for _way, n in one.solved_by]


def _cells(rate: Rate) -> list[object]:
    """Below 30 no percentage but the interval in which it lies; of nothing, nothing."""
    if not rate.whole:
        return [0, 0, "", "", ""]
    percent = "" if rate.small else f"{100 * rate.part / rate.whole:.1f}"
    return [rate.part, rate.whole, percent, *rate.interval]
