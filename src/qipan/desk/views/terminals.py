"""What communities must keep beside their own work: each unit's list, the registry, its end (SVC-11)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import signed_in
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.webkit.sheets import csv_file

from ..actions.terminals import end_terminal, leave_terminal, note_terminal
from ..input import EndTerminalForm, TerminalForm
from ..queries.desks import unit_of
from ..queries.terminals import (
    ended_terminals,
    get_terminal,
    get_use,
    kept_on,
    known_terminals,
    rows_of_terminals,
    terminal_lines,
    uses_of,
    wanting_units,
)


def reader(request: HttpRequest) -> tuple[Actor, Unit]:
    """This function will return who reads and for which unit; raises ``NotFound`` without a post."""
    actor = signed_in(request)
    unit = unit_of(actor)
    if unit is None:
        raise NotFound
    return actor, unit


def lists_own(actor: Actor, unit: Unit) -> bool:
    """This function will say whether a post may list what its own unit must keep, and report what hangs there."""
    return unit.organ_type.executes_only and actor.can("task.answer")


@require_GET
def terminals_page(request: HttpRequest) -> HttpResponse:
    """This view will show what the own unit must keep, and what all on the own ground keep; to everyone with a post."""
    actor, unit = reader(request)
    return _page(request, actor, unit)


def _blank(unit: Unit, *given: Any) -> TerminalForm:
    return TerminalForm(*given, terminals=known_terminals(unit), units=wanting_units(unit))


def _page(
    request: HttpRequest,
    actor: Actor,
    unit: Unit,
    *,
    form: TerminalForm | None = None,
    ending: tuple[int, EndTerminalForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    own = lists_own(actor, unit)
    lines = terminal_lines(actor.scope.ranges)
    decides = actor.can("admission.decide")
    context = {
        "own": own,
        "unit": unit,
        "uses": uses_of(unit) if own else [],
        "form": form or (_blank(unit) if own else None),
        "lines": [
            (line, (ending[1] if ending and ending[0] == line.terminal.pk else EndTerminalForm()) if decides else None)
            for line in lines
        ],
        "kept": kept_on(actor.scope.ranges),
        "ended": ended_terminals(),
        "as_of": now(),
    }
    return render(request, "desk/terminals.html", context, status=status)


@require_POST
def terminal_act(request: HttpRequest, act: str) -> HttpResponse:
    """This view will list a terminal, note that it was used today or is no longer used, or end it for all."""
    actor, unit = reader(request)
    actor.require("task.answer", "admission.decide")
    pk = key_of(request.POST.get("pk", "")) or 0
    if act == "note":
        return _note(request, actor, unit)
    if act == "used":
        use = get_use(pk, actor=actor)
        note_terminal(terminal=use.terminal, accounts=use.accounts, last_used=localdate(now()), by=actor, at=now())
    elif act == "left":
        leave_terminal(get_use(pk, actor=actor), by=actor, at=now())
    elif act == "end":
        actor.require("admission.decide")
        ending = EndTerminalForm(request.POST)
        terminal = get_terminal(pk)
        if not ending.is_valid():
            return _page(request, actor, unit, ending=(terminal.pk, ending), status=400)
        end_terminal(terminal, instead=ending.cleaned_data["instead"], by=actor, at=now())
    else:
        raise NotFound
    return HttpResponseRedirect(reverse("terminals"))


def _note(request: HttpRequest, actor: Actor, unit: Unit) -> HttpResponse:
    if not lists_own(actor, unit):
        raise NotAllowed(act="task.answer")
    form = _blank(unit, request.POST)
    status = 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            note_terminal(
                terminal=get_terminal(int(given["terminal"])) if given["terminal"] else None,
                name=given["name"],
                kind=given["kind"],
                owner=Unit.objects.get(pk=int(given["owner"])) if given["owner"] else None,
                basis=given["basis"],
                accounts=given["accounts"],
                last_used=given["last_used"],
                by=actor,
                at=now(),
            )
        except BadInput as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            return HttpResponseRedirect(reverse("terminals"))
    return _page(request, actor, unit, form=form, status=status)


@require_GET
def terminals_file(request: HttpRequest) -> HttpResponse:
    """This view will give what is kept on the own ground, one line for each unit and terminal, as CSV."""
    actor, _unit = reader(request)
    header = [_("Unit"), _("Name"), _("Kind"), _("Whose it is"), _("Basis"), _("Log-ins"), _("Last used on")]
    return csv_file("terminals", header, rows_of_terminals(actor.scope.ranges))
