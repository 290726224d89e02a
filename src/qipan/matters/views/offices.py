"""Pages of posts: the dispatcher's inbox, reports that are taken down, figures."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import needs, signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import AreaView, get_area
from qipan.webkit.challenge import new_challenge, nonce_of

from ..actions.intake import PlaceUnknown
from ..input.forms import LOOK, ReportForm, StaffReportForm, category_choice
from ..models import Matter
from ..queries.alike import Alike
from ..queries.mapping import PointElsewhere
from ..queries.offices import channel_of
from ..queries.public import places_like
from ..queries.reading import (
    MANY,
    PAGE,
    SHOWS,
    categories,
    chips,
    first_of,
    get_matter,
    inbox,
    pk_of,
    place_names,
    report_counts,
)
from ..terms import Channel
from .public import alike_of, map_of_city, take_report, where_given, words_of


def ground_for(actor: Actor, code: str) -> tuple[AreaView | None, list[Range]]:
    """The area that was asked for, and the part of it that lies in the actor's scope."""
    if not code:
        return None, list(actor.scope.ranges)
    area = get_area(code)
    return area, [part for ground in area.ranges for part in actor.scope.narrowed(ground).ranges]


@require_GET
@needs("matter.view")
def inbox_page(request: HttpRequest) -> HttpResponse:
    """This view will list the matters on a post's ground behind one chip, newest first, with the kept counts; those of a
    drill apart.
    """
    actor, at = signed_in(request), now()
    show = request.GET.get("show", "new" if actor.can("matter.dispatch") else "handled")
    if show not in SHOWS:
        raise NotFound
    number = request.GET.get("number", "").strip()
    if number:
        key = pk_of(number)
        return redirect("matter", get_matter(key or 0, actor=actor).pk)
    area, ranges = ground_for(actor, request.GET.get("area", ""))
    category = request.GET.get("category", "")[:5]
    own, drill = request.GET.get("own") == "1", request.GET.get("drill") == "1"
    found = chips(ranges, drill=drill)
    rows = inbox(
        ranges,
        many=any(chip.show == show and chip.n > MANY for chip in found),
        show=show,
        category=category,
        unit=actor.unit_id if own else None,
        before=key_of(request.GET.get("before", "")),
        drill=drill,
    )
    page = first_of(rows, PAGE + 1)
    shown = page[:PAGE]
    names, counts = place_names(one.place for one in shown), report_counts(shown)
    return render(
        request,
        "matters/inbox.html",
        {
            "show": show,
            "chips": found,
            "rows": [(one, names[one.place], counts.get(one.pk, 0), _due(one, at)) for one in shown],
            "more": shown[-1].pk if len(page) > PAGE else None,
            "area": area,
            "category": category,
            "own": own,
            "drill": drill,
            "kinds": category_choice(categories(), category),
            "may_report": actor.can("matter.report"),
        },
    )


def _due(matter: Matter, at: datetime) -> str:
    """How the office's own decision stands in time: a class for its colour; empty when nothing is due."""
    task = matter.waiting
    if task is None or task.due_at is None:
        return ""
    if task.due_at < at:
        return "state-late"
    return "state-soon" if task.remind_at is not None and task.remind_at <= at else "state-under-way"


@require_http_methods(["GET", "POST"])
@needs("matter.report")
def new_page(request: HttpRequest) -> HttpResponse:
    """This view will take down a report by a post: its own finding, or for somebody who called."""
    actor, at = signed_in(request), now()
    given = request.POST or request.GET
    where = where_given(given)
    q = given.get("q", "")[:60]
    sent = request.method == "POST" and LOOK not in request.POST
    # Who does not see matters reads none of others' words, and reports for itself alone (red line 6).
    sees = actor.can("matter.view")
    kind = StaffReportForm if sees else ReportForm
    form = kind(
        request.POST if sent else None,
        request.FILES if sent else None,
        categories=categories(),
        initial={"channel": channel_of(actor, otherwise=Channel.HOTLINE), **kind.typed(request.POST)},
    )
    status, same = 200, request.POST.get("same", "")
    alike: list[Alike] = []
    if sent:
        status = 400
        if not where.code:
            form.refuse(PlaceUnknown())
        valid = form.is_valid() and bool(where.code) and not where.wrong
        found = alike_of(request.POST, open_to_all=not sees) if valid and not same else []
        alike = [one for one in found if one.matter.place in actor.scope]
        if alike:
            status = 200
        elif valid:
            data = form.cleaned_data
            try:
                # The signed token makes a form sent twice one report; a post answers no question.
                nonce = nonce_of(request.POST.get("token", ""), request.POST.get("answer", ""))
                words = words_of(data, data["channel"] if sees else channel_of(actor))
                how: dict[str, Any] = {"same": same, "nonce": nonce, "by": actor, "at": at, "open_to_all": not sees}
                reported = take_report(data["category"], words, where, **how)
                return render(request, "matters/reported.html", {"reported": reported})
            except PointElsewhere as refusal:
                where, status = replace(where, wrong=str(refusal)), refusal.status
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown = {
        "form": form,
        "where": where,
        "drawing": map_of_city(),
        "q": q,
        "found": places_like(q, actor.scope.ranges) if q else [],
        "challenge": new_challenge(),
        "staff": True,
        "alike": alike,
        "lost_photos": bool(request.FILES),
    }
    return render(request, "matters/report.html", shown, status=status)
