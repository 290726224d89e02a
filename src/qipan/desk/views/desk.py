"""The desk: one list of what is asked of us, a row opens beside it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit, contact_of, signing_unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.webkit.menu import address

from ..actions.asking import decide_objection, resume_task, suspend_task
from ..actions.delivery import deliver_desk
from ..actions.nuisances import say_task_nuisance
from ..actions.receipts import Receipt, answer_task, receive
from ..models import Task
from ..queries.desks import answers_for, get_task, history, unit_of
from ..queries.nuisances import said_lately, what_of
from ..queries.pages import (
    PAGE,
    SHOWS,
    chips,
    clock_of,
    done_today,
    fingerprint,
    lines,
    link_of,
    may_move,
    next_word,
    shown,
)
from ..terms import TaskState

COMPANY_PAGE = "/forces/companies"  # of a higher room
BATCH_STATES = (TaskState.ACCEPTED, TaskState.DONE)


def _who(request: HttpRequest) -> tuple[Actor, Unit]:
    actor = signed_in(request)
    unit = unit_of(actor)
    if unit is None:
        raise NotFound
    return actor, unit


def _with(headers: dict[str, str], response: HttpResponse) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response


def _list(request: HttpRequest, actor: Actor, unit: Unit) -> dict[str, object]:
    at = now()
    show = request.GET.get("show", "open")
    if show not in SHOWS:
        raise NotFound
    counted = chips(actor, unit, at=at)
    rows = lines(shown(actor, unit, show, at=at), actor=actor, unit=unit, at=at, read_only=show == "below")
    return {
        "show": show,
        "chips": counted,
        "lines": rows,
        "more": max(0, getattr(counted, show) - PAGE),
        "unit": unit,
        "done_today": done_today(actor, unit, at=at) if show == "open" and not rows else [],
        "answers": actor.can("task.answer") and show in ("open", "late"),
        "receives": actor.can("escalation.receive"),
        "as_of": at,
    }


@require_GET
@needs("desk.view")
def desk_page(request: HttpRequest) -> HttpResponse:
    """This view will show the desk of the post's unit; looking at it delivers what lay there."""
    actor, unit = _who(request)
    deliver_desk(unit, by=actor, at=now())
    own = {"contact": contact_of(unit), "company_page": address(COMPANY_PAGE)} if unit.looks_after else {}
    return render(request, "desk/desk.html", {**_list(request, actor, unit), **own})


@require_GET
@needs("desk.view")
def desk_list(request: HttpRequest) -> HttpResponse:
    """This view will give the list alone, asked for every few seconds; 304 while nothing changed."""
    actor, unit = _who(request)
    at = now()
    deliver_desk(unit, by=actor, at=at)
    stamp = fingerprint(actor, unit, at=at)
    etag = f'"{stamp}-{request.GET.get("show", "open")}-{get_language()}-{at:%H%M}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers=headers)
    return _with(headers, render(request, "desk/_list.html", _list(request, actor, unit)))


@require_POST
@needs("task.answer")
def answer(request: HttpRequest) -> HttpResponse:
    """This view will answer one row (its main button) or all chosen rows at once."""
    actor, _unit = _who(request)
    one, _sep, state = request.POST.get("answer", "").partition(":")
    chosen = [one] if one else request.POST.getlist("task")
    state = state or request.POST.get("state", "")
    keys = [key_of(key) for key in chosen]
    if not chosen or state not in BATCH_STATES or None in keys:
        raise BadInput([_("choose at least one row and what to say of it")])
    answers = receive([Receipt(key, state) for key in keys if key is not None], by=actor, at=now())
    refused = [item for item in answers if item.answer == "refused"]
    if refused:
        text = ngettext("%(n)s task was not changed.", "%(n)s tasks were not changed.", len(refused))
        messages.warning(request, text % {"n": len(refused)})
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    there = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(there, allowed_hosts=None):
        there = reverse("desk")
    return HttpResponseRedirect(there)


@require_GET
@needs("desk.view")
def task_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will open a task beside the list; opened by its own unit it counts as read."""
    actor, unit = _who(request)
    task, at = get_task(pk, actor=actor), now()
    client = task.owner_id == unit.pk or unit.looks_after  # a company is the client of its compounds
    if client and answers_for(task, actor, unit) and may_move(task, TaskState.READ):
        answer_task(task, state=TaskState.READ, by=actor, at=at)
        task = get_task(pk, actor=actor)
    return render(request, _template(request), _task(task, actor, unit))


def _template(request: HttpRequest) -> str:
    return "desk/_task.html" if request.headers.get("HX-Request") else "desk/task.html"


def _task(task: Task, actor: Actor, unit: Unit) -> dict[str, object]:
    at = now()
    answers = answers_for(task, actor, unit)
    return {
        "task": task,
        "clock": clock_of(task, at=at),
        "steps": history(task),
        "link": link_of(task),
        "next_state": next_word(task) if answers else "",
        "may_object": answers and may_move(task, TaskState.OBJECTED),
        "nuisance": task.owner_id == unit.pk and what_of(task) is not None,
        "nuisance_said": task.owner_id == unit.pk and said_lately(task, at=at),
        "asked": task.closed_at is None and signing_unit(task.asker, by=actor) is not None,
        "as_of": at,
    }


def _object(task: Task, reason: str, actor: Actor) -> None:
    answer_task(task, state=TaskState.OBJECTED, note=reason, by=actor, at=now())


CHANGES = {
    "object": _object,
    "suspend": lambda task, reason, actor: suspend_task(task, reason=reason, by=actor, at=now()),
    "nuisance": lambda task, _reason, actor: say_task_nuisance(task, by=actor, at=now()),
    "resume": lambda task, _reason, actor: resume_task(task, by=actor, at=now()),
    "uphold": lambda task, reason, actor: decide_objection(task, upheld=True, reason=reason, by=actor, at=now()),
    "overrule": lambda task, reason, actor: decide_objection(task, upheld=False, reason=reason, by=actor, at=now()),
}


@require_POST
@needs("desk.view")
def change(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """This view will object to a task, decide on an objection, stop and start a clock, each with its reason, or say that it is a nuisance."""
    actor, unit = _who(request)
    if what not in CHANGES:
        raise NotFound
    task = get_task(pk, actor=actor)
    try:
        CHANGES[what](task, request.POST.get("reason", ""), actor)
    except Refusal as refusal:
        if not request.headers.get("HX-Request") or isinstance(refusal, NotFound):
            raise
        return render(request, "desk/_task.html", _task(task, actor, unit) | {"refusal": refusal})
    if request.headers.get("HX-Request"):
        shown_again = render(request, "desk/_task.html", _task(get_task(pk, actor=actor), actor, unit))
        return _with({"HX-Trigger": "desk-changed"}, shown_again)
    return HttpResponseRedirect(reverse("desk_task", args=[pk]))
