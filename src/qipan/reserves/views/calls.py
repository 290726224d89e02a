"""One call with what it cost so far: the firm enters costs, whoever called extends or ends it, both record returns."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import signed_in
from qipan.desk.api import Task, TaskState, answer_task
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import ground_name
from qipan.webkit.forms import ActForm

from ..actions.calling import end_call, extend_call
from ..actions.costs import ask_nothing, enter_cost, enter_use
from ..actions.returning import agree_return, say_return
from ..input import CostInput, EndInput, LongerInput, ReturnInput, UseInput, fen
from ..models import Call
from ..queries.cards import card_of
from ..queries.reading import READING, get_call
from ..terms import CallState, call_source


def _use(call: Call, form: Any, actor: Actor, at: datetime) -> None:
    given = form.cleaned_data
    enter_use(form.chosen(), day=given["day"], quantity=given["quantity"], by=actor, at=at)


def _cost(call: Call, form: Any, actor: Actor, at: datetime) -> None:
    given = {**form.cleaned_data, "amount": fen(form.cleaned_data["amount"])}
    enter_cost(call, **given, by=actor, at=at)


def _extend(call: Call, form: Any, actor: Actor, at: datetime) -> None:
    extend_call(call, **form.cleaned_data, by=actor, at=at)


def _end(call: Call, form: Any, actor: Actor, at: datetime) -> None:
    end_call(call, reason=form.cleaned_data["reason"], by=actor, at=at)


def _return(call: Call, form: Any, actor: Actor, at: datetime) -> None:
    given = form.cleaned_data
    say_return(form.chosen(), condition=given["condition"], damage_fen=fen(given["damage"]), by=actor, at=at)


ACTS: dict[str, Callable[[Call, Any, Actor, datetime], None]] = {
    "use": _use,
    "cost": _cost,
    "extend": _extend,
    "end": _end,
    "return": _return,
}


def _form(name: str, call: Call, data: Any = None, *, at: datetime) -> ActForm:
    """This function will return the form of an act, filled with ``data`` or empty."""
    lines = list(call.lines.select_related("call").order_by("pk"))
    if name == "use":
        return UseInput(data, lines=lines, initial={"day": localdate(min(at, call.ends_at))})
    if name == "cost":
        return CostInput(data, initial={"day": localdate(min(at, call.ends_at))})
    if name == "extend":
        return LongerInput(data)
    if name == "end":
        return EndInput(data)
    return ReturnInput(data, lines=[line for line in lines if line.to_return])


def _task(call: Call) -> Task | None:
    rows = Task.objects.everywhere("of a call that the actor may see")
    return rows.filter(source=call_source(call.pk), owner=call.firm_id).first()


def _one(
    request: HttpRequest, call: Call, *, bound: dict[str, ActForm] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    state = call.state(at)
    lends = actor.can("reserve.lend") and actor.unit_id == call.firm_id
    orders = actor.can("reserve.call") and call.place in actor.scope and not lends
    lines = list(call.lines.order_by("pk"))
    returning = state == CallState.ENDED and not call.drill and any(line.to_return for line in lines)
    acts = {
        "use": lends and not call.drill and call.starts_at <= at,
        "cost": lends and not call.drill and call.starts_at <= at,
        "extend": orders and state != CallState.ENDED,
        "end": orders and state != CallState.ENDED,
        "return": (lends or orders) and returning,
    }
    task = _task(call)
    side = call.firm_id if lends else call.caller_id
    shown = {
        "call": call,
        "card": card_of(call, at=at),
        "state": state,
        "lines": [(line, line.to_return and line.return_said_by_id not in (None, side)) for line in lines],
        "area": ground_name(Range(call.first, call.last)),
        "task": task,
        "may_acknowledge": lends
        and task is not None
        and task.closed_at is None
        and task.state in (TaskState.SENT, TaskState.DELIVERED, TaskState.READ),
        "may_agree": returning and (lends or orders),
        "may_ask_nothing": lends and state == CallState.ENDED and not call.drill and not call.sheets.exists(),
        "sheets": [(sheet, sheet.state(at)) for sheet in call.sheets.order_by("pk")],
        "forms": {name: (bound or {}).get(name) or _form(name, call, at=at) for name, may in acts.items() if may},
        "opened": next(iter(bound)) if bound else "",
        "at": at,
    }
    return render(request, "reserves/call.html", shown, status=status)


@require_GET
def one_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a call with its lines, costs and returns to both sides and the levels above."""
    actor = signed_in(request)
    actor.require(*READING)
    return _one(request, get_call(pk, actor=actor))


@require_POST
def act_on_call(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a call; what is refused is shown where it was typed."""
    actor, at = signed_in(request), now()
    actor.require("reserve.lend", "reserve.call")
    call = get_call(pk, actor=actor)
    if act == "acknowledge":
        task = _task(call)
        if task is None:
            raise NotFound
        answer_task(task, state=TaskState.ACCEPTED, by=actor, at=at)
        return redirect("reserve_call", pk)
    if act == "nothing":
        ask_nothing(call, by=actor, at=at)
        return redirect("reserve_call", pk)
    if act == "agree":
        line = call.lines.select_related("call").filter(pk=key_of(request.POST.get("line", "")) or 0).first()
        if line is None:
            raise NotFound
        said = request.POST.get("said", "")
        agree_return(
            line,
            said_at=line.return_said_at if line.return_said_at and said == line.return_said_at.isoformat() else None,
            by=actor,
            at=at,
        )
        return redirect("reserve_call", pk)
    if act not in ACTS:
        raise NotFound
    form, status = _form(act, call, request.POST, at=at), 400
    if form.is_valid():
        try:
            ACTS[act](call, form, actor, at)
            return redirect("reserve_call", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _one(request, get_call(pk, actor=actor), bound={act: form}, status=status)
