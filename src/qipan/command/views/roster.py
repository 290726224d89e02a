"""The page of the duty roster: who is on duty in which command, gaps named ahead, turns entered and handed over."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from ..actions.roster import cancel_watch, hand_over_watch, set_watch
from ..input import HandoverInput, WatchInput
from ..queries.roster import commands_for, get_watch, rosters_of

READERS = ("board.view", "team.manage", "journal.verify")


def _page(
    request: HttpRequest,
    actor: Actor,
    *,
    form: WatchInput | None = None,
    refusal: Refusal | None = None,
    about: int | None = None,
    typed: str = "",
) -> HttpResponse:
    actor.require(*READERS)
    at = now()
    rosters = rosters_of(commands_for(actor), at=at)
    own = next((roster for roster in rosters if roster.unit.pk == actor.unit_id), None)
    context: dict[str, Any] = {
        "rosters": rosters,
        "own": own,
        "may_set": own is not None and actor.can("team.manage"),
        "form": form or WatchInput(),
        "refusal": refusal,
        "about": about,
        "typed": typed,
        "as_of": at,
    }
    invalid = form is not None and bool(form.errors)
    status = refusal.status if refusal else 400 if invalid else 200
    return render(request, "command/roster.html", context, status=status)


@require_GET
def roster_page(request: HttpRequest) -> HttpResponse:
    """This view will show who is on duty in the commands of the actor's ground and above it, and where nobody is."""
    return _page(request, signed_in(request))


@require_POST
def watch_new_view(request: HttpRequest) -> HttpResponse:
    """This view will enter a turn of duty in the actor's own command."""
    actor = signed_in(request)
    actor.require("team.manage")
    unit = next((unit for unit in commands_for(actor) if unit.pk == actor.unit_id), None)
    if unit is None:
        raise NotFound
    form = WatchInput(request.POST)
    if not form.is_valid():
        return _page(request, actor, form=form)
    try:
        set_watch(unit, **form.cleaned_data, by=actor, at=now())
    except Refusal as refusal:
        name = str(refusal.data.get("field", ""))
        form.add_error(name if name in form.fields else None, str(refusal))
        return _page(request, actor, form=form, refusal=refusal)
    return redirect("roster")


@require_POST
def watch_cancel_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will take a turn off the roster; what is refused is said beside it."""
    actor = signed_in(request)
    actor.require("team.manage")
    watch = get_watch(pk, actor=actor)
    try:
        cancel_watch(watch, by=actor, at=now())
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _page(request, actor, refusal=refusal, about=pk)
    return redirect("roster")


@require_POST
def watch_hand_over_view(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will keep the handover note of a turn; what is refused is said beside it, what was typed stays."""
    actor = signed_in(request)
    actor.require("team.manage")
    watch = get_watch(pk, actor=actor)
    form = HandoverInput(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        hand_over_watch(watch, note=note, by=actor, at=now())
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _page(request, actor, refusal=refusal, about=pk, typed=request.POST.get("note", ""))
    return redirect("roster")
