"""Pages of an emergency's release: the plan with progress, on screen, on paper and as CSV; run it, hand over the rest."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.posture.api import Declaration, get_declaration
from qipan.webkit.sheets import csv_file

from ..actions.plans import hand_over_plan, run_plan
from ..input import RunInput
from ..queries import PLANNING, PlanRow, plan_view

PER_PAGE = 200
MOST = 250  # lines that one press closes, about ten seconds of a busy machine; the next press goes on
STATES = {"OPEN": _("open now"), "LEFT": _("still open"), "GIVEN": _("handed over"), "CLOSED": _("closed")}
HEADS = (
    _("Kind"),
    _("What"),
    _("How many"),
    _("Owner"),
    _("Since"),
    _("State"),
    _("Why it is open"),
    _("Closed on"),
    _("Certificate"),
)


def _reader(request: HttpRequest) -> Actor:
    actor = signed_in(request)
    actor.require(*PLANNING)
    return actor


def _page(
    request: HttpRequest, declaration: Declaration, *, refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    view = plan_view(declaration, at=at)
    finished = view.plan is not None and view.plan.finished_at is not None
    may_run = actor.can("release.run") and declaration.ended_at is not None and not finished
    return render(
        request,
        "command/plan.html",
        {
            "declaration": declaration,
            "view": view,
            "page": Paginator([*view.open_rows, *view.closed_rows], PER_PAGE).get_page(request.GET.get("page")),
            "refusal": refusal,
            "seen": view.plan.runs if view.plan is not None else 0,
            "may_run": may_run,
            "may_hand_over": may_run and view.plan is not None and any(row.state == "LEFT" for row in view.open_rows),
            "as_of": at,
        },
        status=status,
    )


@require_GET
def plan_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show the release of an emergency: what is open with owner, since and reason, and what is closed."""
    actor = _reader(request)
    return _page(request, get_declaration(pk, actor=actor))


@require_POST
def run_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will run the plan; who presses second is told who ran it, and sees what is left."""
    actor = _reader(request)
    actor.require("release.run")
    declaration = get_declaration(pk, actor=actor)
    form = RunInput(request.POST)
    if not form.is_valid():
        return _page(request, declaration, status=400)
    try:
        report = run_plan(declaration, seen=form.cleaned_data["seen"], by=actor, at=now(), most=MOST)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, declaration, refusal=refusal, status=refusal.status)
    messages.info(
        request,
        gettext("Closed now: %(closed)s. Left open: %(left)s.") % {"closed": report.closed, "left": len(report.left)},
    )
    if report.more:
        messages.info(request, gettext("There is more to close: go on with the release."))
    return redirect("release_plan", pk)


@require_POST
def hand_over_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will hand each line that is left to its owner by name."""
    actor = _reader(request)
    report = hand_over_plan(get_declaration(pk, actor=actor), by=actor, at=now())
    messages.info(request, gettext("Handed over by name: %(count)s.") % {"count": report.handed_over})
    return redirect("release_plan", pk)


@require_GET
def plan_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will give the whole plan as CSV; Excel reads its Chinese (byte order mark)."""
    actor = _reader(request)
    view = plan_view(get_declaration(pk, actor=actor), at=now())
    rows = [_cells(row) for row in [*view.open_rows, *view.closed_rows]]
    return csv_file(f"release-{pk}", [str(head) for head in HEADS], rows)


def _cells(row: PlanRow) -> list[object]:
    return [
        row.kind_label,
        row.title,
        row.count,
        row.owner,
        f"{localtime(row.since):%Y-%m-%d %H:%M}" if row.since else "",
        str(STATES[row.state]),
        row.reason,
        f"{localtime(row.closed_at):%Y-%m-%d %H:%M}" if row.closed_at else "",
        row.certificate,
    ]
