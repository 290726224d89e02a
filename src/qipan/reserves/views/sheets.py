"""One cost sheet: its lines, what was said of each, and whether it is paid; for print too."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import NotFound, Refusal

from ..actions.costs import accept_rest, decide_line, hand_in, pay_sheet, take_out
from ..input import ObjectInput, PayInput
from ..models import CostLine, CostSheet
from ..queries.reading import READING, get_sheet
from ..terms import CostState, SheetState


def _line(sheet: CostSheet, given: object) -> CostLine:
    line = sheet.lines.select_related("sheet__call").filter(pk=key_of(str(given)) or 0).first()
    if line is None:
        raise NotFound
    return line


def _do(sheet: CostSheet, act: str, request: HttpRequest, form: Any, actor: Actor, at: datetime) -> None:
    """Does one act; raises ``NotFound`` for one that there is not."""
    if act == "hand-in":
        hand_in(sheet, by=actor, at=at)
    elif act == "take-out":
        take_out(_line(sheet, request.POST.get("line", "")), by=actor, at=at)
    elif act == "accept":
        decide_line(_line(sheet, request.POST.get("line", "")), accepted=True, by=actor, at=at)
    elif act == "accept-rest":
        accept_rest(sheet, by=actor, at=at)
    elif act == "object":
        line = _line(sheet, form.cleaned_data["line"])
        decide_line(line, accepted=False, objection=form.cleaned_data["objection"], by=actor, at=at)
    elif act == "pay":
        pay_sheet(sheet, **form.cleaned_data, by=actor, at=at)
    else:
        raise NotFound


def _shown(
    request: HttpRequest, sheet: CostSheet, *, bound: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    actor, at = signed_in(request), now()
    state, call = sheet.state(at), sheet.call
    lends = actor.can("reserve.lend") and actor.unit_id == call.firm_id
    pays = actor.can("reserve.call") and call.place in actor.scope and not lends
    lines = list(sheet.lines.select_related("called").order_by("day", "pk"))
    undecided = [line for line in lines if line.state == CostState.ENTERED]
    deciding = pays and sheet.handed_in_at is not None and bool(undecided)
    paying = pays and sheet.decided_at is not None and state in (SheetState.TO_PAY, SheetState.OVERDUE)
    bound = bound or {}
    shown = {
        "sheet": sheet,
        "call": call,
        "state": state,
        "lines": lines,
        "undecided": len(undecided),
        "entering": lends and sheet.handed_in_at is None,
        "deciding": deciding,
        "object": bound.get("object") or ObjectInput(),
        "pay": (bound.get("pay") or PayInput(initial={"paid_on": localdate(at)})) if paying else None,
        "at": at,
    }
    return render(request, "reserves/sheet.html", shown, status=status)


@require_GET
def sheet_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a cost sheet to both sides and the levels above."""
    actor = signed_in(request)
    actor.require(*READING)
    return _shown(request, get_sheet(pk, actor=actor))


@require_POST
def act_on_sheet(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a cost sheet; what is refused is shown where it was typed."""
    actor, at = signed_in(request), now()
    actor.require("reserve.lend", "reserve.call")
    sheet = get_sheet(pk, actor=actor)
    form: Any = {"object": ObjectInput, "pay": PayInput}.get(act)
    if form is None:
        _do(sheet, act, request, None, actor, at)
        left = CostSheet.objects.filter(pk=pk).exists()  # taken out to its last line, there is no sheet any more
        return redirect("reserve_sheet", pk) if left else redirect("reserve_call", sheet.call_id)
    form, status = form(request.POST), 400
    if form.is_valid():
        try:
            _do(sheet, act, request, form, actor, at)
            return redirect("reserve_sheet", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return _shown(request, get_sheet(pk, actor=actor), bound={act: form}, status=status)
