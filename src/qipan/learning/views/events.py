"""Emergencies: the list, one from warning to lessons, and the report for the people's congress."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.posture.api import declarations_on

from ..models import Review
from ..queries.events import event_for
from ..queries.report import report_of
from ..rules import HEIGHT, WIDTH

PER_PAGE = 30
SHOWN = 200  # lines of a timeline on the page, the latest; the report has them all


@require_GET
@needs("board.view")
def events_page(request: HttpRequest) -> HttpResponse:
    """This page will list the emergencies on the actor's ground, the newest first, with the state of their review."""
    actor, at = signed_in(request), now()
    page = Paginator(declarations_on(actor.scope.ranges), PER_PAGE).get_page(request.GET.get("page"))
    reviews = {one.declaration_id: one for one in Review.objects.filter(declaration__in=[d.pk for d in page])}
    rows = [(one, reviews.get(one.pk), one.ended_at is None and one.expected_until > at) for one in page]
    return render(request, "learning/events.html", {"page": page, "rows": rows, "at": at})


@require_GET
@needs("board.view")
def event_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will show one emergency: prevent, warn, respond, recover, learn, its timeline and its trend."""
    actor, at = signed_in(request), now()
    event = event_for(pk, actor=actor, at=at)
    moments = event.timeline
    context: dict[str, Any] = {
        "event": event,
        "declaration": event.declaration,
        "followed": event.declaration.follows,
        "moments": moments[-SHOWN:],
        "earlier": max(0, len(moments) - SHOWN),
        "width": WIDTH,
        "height": HEIGHT,
        "may_propose": actor.can("lesson.propose"),
        "plans": any(actor.can(act) for act in ("playbook.activate", "playbook.edit", "release.run", "board.view")),
        "as_of": at,
    }
    return render(request, "learning/event.html", context)


@require_GET
@needs("board.view")
def report_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will draw up the report for the people's congress, in the reader's language, to be printed."""
    actor, at = signed_in(request), now()
    event = event_for(pk, actor=actor, at=at)
    return render(
        request,
        "learning/report.html",
        {"report": report_of(event), "event": event, "declaration": event.declaration, "as_of": at},
    )
