"""Pages for whoever holds a reporter's code: how it stands, and the reporter's own word at the end."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import actors_here
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound, Refusal
from qipan.webkit.challenge import count_try

from ..actions.filing import reopen_matter
from ..actions.handling import confirm_matter, doubt_matter
from ..actions.intake import place_label
from ..actions.privacy import stop_telling
from ..actions.steps import check_speaker, loop_of
from ..models import Matter, Report
from ..queries.exclusions import exclusions_of
from ..queries.joining import followed, following
from ..queries.public import reach_for_telling, report_by_code, told
from ..rules import limits
from ..rules.loop import REOPEN_WITHIN, HandlerSpeaks
from ..terms import State
from .public import resident


@never_cache
@require_http_methods(["GET", "POST"])
def track_start(request: HttpRequest) -> HttpResponse:
    """This view will ask for a code and lead to what it follows."""
    missing = ""
    if request.method == "POST":
        count_try(request)
        code = request.POST.get("code", "")
        try:
            report_by_code(code, at=now())
            return redirect("matter_track", limits.tidy_code(code))
        except Refusal as refusal:
            missing = str(refusal)
    return render(request, "matters/track_start.html", {"missing": missing})


@never_cache
@require_GET
def track_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show how a matter stands to whoever holds a reporter's code."""
    report = report_by_code(code, at=now())
    return _track(request, report, code)


def _track(request: HttpRequest, report: Report, code: str, *, refused: str = "", status: int = 200) -> HttpResponse:
    matter, at = followed(report), now()
    barred = _barred(matter, actors_here(request))
    shown = {
        "report": report,
        "matter": matter,
        "code": limits.tidy_code(code),
        "where": place_label(matter.place),
        "steps": told(matter),
        "excluded": exclusions_of([matter]).get(matter.pk),
        "reached": bool(reach_for_telling(report.pk)),
        "looks": report.looks.order_by("pk"),
        "barred": barred,
        "asked": not barred and matter.state == State.VERIFIED and report.confirmed is None,
        "may_reopen": not barred
        and matter.state in (State.CLOSED, State.DECLINED)
        and matter.ended_at is not None
        and at - matter.ended_at <= REOPEN_WITHIN,
        "others": following(matter.pk).count() - 1,
        "joined": report.matter_id != matter.pk,
        "new": at - report.at < timedelta(minutes=15),
        "refused": refused,
    }
    return render(request, "matters/track.html", shown, status=status)


def _barred(matter: Matter, here: list[Actor]) -> str:
    """Why nobody answers from this device as the reporter: it is signed in for who handled it. Empty for everybody else."""
    try:
        if here:
            check_speaker(loop_of(matter), here)
    except HandlerSpeaks as refusal:
        return str(refusal)
    return ""


WORDS = {"satisfied": True, "unsatisfied": False, "confirmed": None}


@never_cache
@require_POST
def track_act(request: HttpRequest, code: str, word: str) -> HttpResponse:
    """This view will take a reporter's word: confirmed, doubted with a reason, or reopened with a reason."""
    report, at, reason = report_by_code(code, at=now()), now(), request.POST.get("reason", "")[:500]
    said: dict[str, Any] = {"here": actors_here(request), "by": resident(), "at": at}
    try:
        if word in WORDS:
            confirm_matter(report, satisfied=WORDS[word], **said)
        elif word == "doubt":
            doubt_matter(report, reason=reason, **said)
        elif word == "quiet":
            stop_telling(report, **said)
        elif word == "reopen":
            reopen_matter(followed(report), reason=reason, report=report, **said)
        else:
            raise NotFound
    except NotFound:
        raise
    except Refusal as refusal:
        return _track(request, report_by_code(code, at=at), code, refused=str(refusal), status=refusal.status)
    return redirect("matter_track", limits.tidy_code(code))
