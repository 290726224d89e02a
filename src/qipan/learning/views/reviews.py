"""The after-action review of an emergency: report, five tests, improvement tasks, closure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.posture.api import get_declaration
from qipan.webkit.forms import ActForm

from ..actions.reviews import answer_test, close_review, missing_of, write_report
from ..actions.weaknesses import note_weakness
from ..input import AnswerInput, CloseInput, ReportInput, WeaknessInput
from ..models import Review
from ..queries.figures import counted_of
from ..queries.weaknesses import owners_for
from ..queries.wording import figure_lines
from ..rules import figures_of
from ..terms import REPORT, FiveTest


def _report(review: Review, form: ActForm, actor: Actor, at: datetime) -> None:
    write_report(review, parts=form.cleaned_data, by=actor, at=at)


def _task(review: Review, form: ActForm, actor: Actor, at: datetime) -> None:
    note_weakness(review=review, **form.cleaned_data, by=actor, at=at)


def _close(review: Review, form: ActForm, actor: Actor, at: datetime) -> None:
    close_review(review, by=actor, at=at)


Act = Callable[[Review, ActForm, Actor, datetime], None]
ACTS: dict[str, Act] = {"report": _report, "task": _task, "close": _close}


def _review_of(pk: int, *, actor: Actor) -> Review:
    declaration = get_declaration(pk, actor=actor)
    review = Review.objects.filter(declaration=declaration).select_related("unit", "declaration", "task").first()
    if review is None:
        raise NotFound
    return review


def _form(name: str, actor: Actor, *, data: Any = None, initial: Any = None) -> ActForm:
    """This function will return the form of an act; a test's own name is the act that answers it."""
    if name == "task":
        return WeaknessInput(data, owners=owners_for(actor))
    if name == "report":
        return ReportInput(data, initial=initial)
    if name == "close":
        return CloseInput(data)
    return AnswerInput(data, initial=initial, auto_id=f"id_{name}_%s")


def _page(
    request: HttpRequest, review: Review, *, bound: dict[str, ActForm] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    bound = bound or {}
    counted = counted_of(review.declaration, at=at)
    answers = {answer.test: answer for answer in review.answers.all()}
    tests = []
    for test in FiveTest:
        held, name = answers.get(test), test.value.lower()
        initial = {"met": "01"[held.met], "evidence": held.evidence} if held else None
        figures = held.figures if held and review.closed_at else figures_of(test, counted)
        form = bound.get(name) or _form(name, actor, initial=initial)
        tests.append((name, test, held, figure_lines(figures), form))
    lacks = missing_of(review)
    return render(
        request,
        "learning/review.html",
        {
            "review": review,
            "declaration": review.declaration,
            "parts": [(label, getattr(review, name)) for name, label in REPORT.items()],
            "report": bound.get("report") or _form("report", actor, initial={n: getattr(review, n) for n in REPORT}),
            "tests": tests,
            "improvements": review.improvements,
            "task": bound.get("task") or _form("task", actor),
            "close": bound.get("close"),
            "lacks": lacks,
            "lacking": [str(REPORT[name]) for name in lacks.report],
            "may": actor.can("review.lead") and actor.unit_id == review.unit_id and review.closed_at is None,
            "opened": next(iter(bound), ""),
            "as_of": at,
        },
        status=status,
    )


@require_GET
@needs("board.view")
def review_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will show the review of an emergency that ended, and to the lead body what it still lacks."""
    return _page(request, _review_of(pk, actor=signed_in(request)))


@require_POST
@needs("review.lead")
def review_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act of a review; what is refused is shown where it was typed."""
    actor, at = signed_in(request), now()
    review = _review_of(pk, actor=actor)
    test = act.upper()
    if act not in ACTS and (act != test.lower() or test not in FiveTest.values):
        raise NotFound
    form = _form(act, actor, data=request.POST)
    status = 400
    if form.is_valid():
        try:
            if act in ACTS:
                ACTS[act](review, form, actor, at)
            else:
                answer_test(review, test=test, **form.cleaned_data, by=actor, at=at)
            return redirect("event_review", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _page(request, _review_of(pk, actor=actor), bound={act: form}, status=status)
