"""Pages of joint work: calls, from the whistle to the record of the meeting and both sides' ratings."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit, get_unit, proposals
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import uuid7
from qipan.kernel.place import place_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.webkit.forms import offer

from ..actions.calls import (
    accept_call,
    call_for_problem,
    call_units,
    calls_for,
    end_call,
    may_call,
    note_attendance,
    tell_result,
)
from ..actions.intake import PlaceUnknown
from ..actions.meetings import agree, record_meeting, take_back
from ..actions.ratings import rate_call
from ..actions.refusing import decide_refusal, refuse_call
from ..input.forms import LOOK, ActForm, ReasonForm, ResultForm
from ..input.joint import (
    AgreedForm,
    CallForm,
    CameForm,
    ComingForm,
    FoundForm,
    ProblemForm,
    RatingForm,
    RefusalForm,
    TakeBackForm,
)
from ..models import Agreed, Call, Called, Matter
from ..queries.parts import reached_call
from ..queries.patterns import agreed_of, called_of, calls_on, unit_counts
from ..queries.public import places_like
from ..queries.reading import categories, get_category, get_matter, place_names, targets
from ..queries.units import departments
from ..rules.limits import quarter
from ..terms import Side
from .parts import CALLED_ACTS, after_called, called_page
from .public import place_given

PAGE = 50


def choices(units: list[Unit]) -> list[tuple[str, str]]:
    return [(unit.code, unit.label) for unit in units]


def _callable(matter: Matter, actor: Actor, *, at: datetime) -> list[Unit]:
    """The units that may be called to a matter, those that its responsibility list names first."""
    named = [one.unit for one in proposals(matter.category.item_code, matter.place, on=localdate(at))]
    known = {unit.pk for unit in named}
    others = [one for one in targets(matter) if one.pk not in known and not one.organ_type.executes_only]
    return [unit for unit in (*named, *others) if unit.pk != actor.unit_id]


def units_of(data: dict[str, Any]) -> list[Unit]:
    return [get_unit(code) for code in data["units"]]


def _may_call(actor: Actor) -> bool:
    return actor.can("matter.dispatch") or actor.can("matter.arbitrate")


# ---- calls


@require_http_methods(["GET", "POST"])
@needs("matter.view")
def call_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will let an office call units to the place of a matter."""
    actor, at = signed_in(request), now()
    may_call(actor)
    matter = get_matter(pk, actor=actor)
    form = CallForm(request.POST if request.method == "POST" else None, units=choices(_callable(matter, actor, at=at)))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            data = form.cleaned_data
            given = {name: data[name] for name in ("what", "meets_where", "meets_at", "urgency")}
            try:
                return redirect("call", call_units(matter, units=units_of(data), **given, by=actor, at=at).pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    names = place_names([matter.place])
    return render(
        request,
        "matters/joint_new.html",
        {"form": form, "matter": matter, "where": names[matter.place]},
        status=status,
    )


@require_http_methods(["GET", "POST"])
@needs("matter.dispatch")
def problem_page(request: HttpRequest) -> HttpResponse:
    """This view will let an office call units for a problem that has no matter yet; it becomes one in the same act."""
    actor, at = signed_in(request), now()
    given = request.POST or request.GET
    code, name = place_given(given.get("place", ""))
    q = given.get("q", "")[:60]
    units = [unit for unit in departments() if unit.pk != actor.unit_id]
    sent = request.method == "POST" and LOOK not in request.POST
    form = ProblemForm(
        request.POST if sent else None,
        units=choices(units),
        categories=categories(),
        initial={"nonce": str(uuid7()), **ProblemForm.typed(request.POST)},
    )
    status = 200
    if sent:
        status = 400
        if not code:
            form.refuse(PlaceUnknown())
        if form.is_valid() and code:
            data = form.cleaned_data
            names = ("what", "meets_where", "meets_at", "urgency", "nonce")
            try:
                call = call_for_problem(
                    category=get_category(data["category"]),
                    place=place_of(code),
                    units=units_of(data),
                    **{name: data[name] for name in names},
                    by=actor,
                    at=at,
                )
                return redirect("call", call.pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown = {
        "form": form,
        "code": code,
        "place_name": name,
        "q": q,
        "found": places_like(q, actor.scope.ranges) if q else [],
        "asks_place": True,
    }
    return render(request, "matters/joint_new.html", shown, status=status)


@require_GET
@needs("matter.view")
def calls_page(request: HttpRequest) -> HttpResponse:
    """This view will list the calls of a ground, and what they show of units: numerators with their denominators."""
    actor, at = signed_in(request), now()
    over = request.GET.get("show") == "over"
    own = None if _may_call(actor) else actor.unit_id
    page = Paginator(calls_on(actor.scope.ranges, over=over, unit=own), PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    since, until = quarter(at)
    counts = unit_counts(actor.scope.ranges, since=since, until=until)
    shown = {
        "rows": [(call, names) for call, names in zip(rows, _places(rows), strict=True)],
        "page": page,
        "over": over,
        "counts": counts if _may_call(actor) else [one for one in counts if one.unit.pk == actor.unit_id],
        "since": since,
        "may_call": actor.can("matter.dispatch"),
        "at": at,
    }
    return render(request, "matters/joint_calls.html", shown)


def _places(rows: list[Call]) -> list[str]:
    names = place_names(call.place for call in rows)
    return [names[call.place] for call in rows]


CallAct = Callable[[Call, dict[str, Any], Actor, datetime], object]


def _called(call: Call, given: dict[str, Any]) -> Called:
    found = call.called.select_related("call").filter(pk=given["called"]).first()
    if found is None:
        raise NotFound
    return found


def _agreed(call: Call, given: dict[str, Any]) -> Agreed:
    found = call.agreed.select_related("call").filter(pk=given["agreed"]).first()
    if found is None:
        raise NotFound
    return found


CALL_ACTS: dict[str, tuple[type[ActForm], CallAct]] = {
    "accept": (ComingForm, lambda c, g, a, t: accept_call(c, post=g["post"], by=a, at=t)),
    "refuse": (ReasonForm, lambda c, g, a, t: refuse_call(c, reason=g["reason"], by=a, at=t)),
    "tell": (ResultForm, lambda c, g, a, t: tell_result(c, result=g["result"], by=a, at=t)),
    "came": (CameForm, lambda c, g, a, t: note_attendance(_called(c, g), came=g["came"] == "1", by=a, at=t)),
    "decide": (
        RefusalForm,
        lambda c, g, a, t: decide_refusal(_called(c, g), excused=g["excused"] == "1", reason=g["reason"], by=a, at=t),
    ),
    "record": (FoundForm, lambda c, g, a, t: record_meeting(c, found=g["found"], by=a, at=t)),
    "agree": (
        AgreedForm,
        lambda c, g, a, t: agree(c, text=g["text"], owner=get_unit(g["owner"]), due_at=g["due_at"], by=a, at=t),
    ),
    "take_back": (TakeBackForm, lambda c, g, a, t: take_back(_agreed(c, g), reason=g["reason"], by=a, at=t)),
    "end": (ResultForm, lambda c, g, a, t: end_call(c, result=g["result"], by=a, at=t)),
    "rate": (
        RatingForm,
        lambda c, g, a, t: rate_call(_called(c, g), first=g["first"], second=g["second"], words=g["words"], by=a, at=t),
    ),
}


@require_GET
def call_one_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a call: who is called, who comes, who refused and why, who came, what came of it; to a post that
    does not see matters its unit's own part alone.
    """
    return _call(request, *_seen_call(request, pk))


def _seen_call(request: HttpRequest, pk: int) -> tuple[Call, Called | None]:
    """A session's call is seen by who convenes and by who is called; a matter's by who sees the matter."""
    actor = signed_in(request)
    call, mine = reached_call(pk, actor=actor)
    convenes = call.matter is not None or actor.can("matter.arbitrate")
    if mine is None and not convenes and not call.called.filter(unit=actor.unit_id).exists():
        raise NotFound
    return call, mine


def _answers(mine: Called, *, running: bool) -> list[str]:
    """What a called unit can say now."""
    if not running:
        return []
    if mine.accepted_at is not None:
        return ["tell"] if mine.task.closed_at is None else []
    if mine.refused_at is None:
        return ["accept", "refuse"]
    return ["accept"] if mine.excused is False else []


def _call(
    request: HttpRequest,
    call: Call,
    own: Called | None,
    *,
    bound: tuple[str, ActForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a call, or of the ``own`` part that a post sees alone."""
    if own is not None:
        acts = _answers(own, running=call.ended_at is None)
        forms = [(act, bound[1] if bound and bound[0] == act else _blank(act, call)) for act in acts]
        return called_page(request, own, forms, bound=bound, status=status)
    actor, at = signed_in(request), now()
    units = called_of(call)
    mine = next((one for one in units if one.unit_id == actor.unit_id), None)
    caller = calls_for(call, actor) and _may_call(actor)
    running = call.ended_at is None
    offered = _answers(mine, running=running) if mine is not None and actor.can("task.answer") else []
    if caller and running:
        offered += ["record", "agree", "end"] if at >= call.meets_at else ["end"]
    forms = [(act, bound[1] if bound and bound[0] == act else _blank(act, call)) for act in offered]
    for act, form in forms:
        if act == "agree":
            offer(form, "owner", _present(call, units))
    rows = []
    for one in units:
        said = {rating.side: rating for rating in one.ratings.all()}
        rates = not running and one.came and ((caller and Side.CALLER) or (one == mine and Side.CALLED) or "")
        rows.append((one, said.get(Side.CALLER), said.get(Side.CALLED), rates if rates and rates not in said else ""))
    session = getattr(call, "session", None)
    shown = {
        "call": call,
        "session": session,
        "where": place_names([call.place])[call.place],
        "rows": rows,
        "agreed": agreed_of(call),
        "takes_back": caller,
        "forms": forms,
        "stray": bound if bound and bound[0] not in dict(forms) else None,
        "notes_attendance": caller and running and at >= call.meets_at,
        "decides": actor.can("matter.arbitrate") and running,
        "scale": range(1, 6),
        "at": at,
    }
    return render(request, "matters/joint_call.html", shown, status=status)


def _blank(act: str, call: Call) -> ActForm:
    return CALL_ACTS[act][0](initial={"found": call.found}, auto_id=f"{act}_%s")


def _present(call: Call, units: list[Called]) -> list[tuple[str, str]]:
    """Who can be asked to do what is agreed: units that came, and the unit that called."""
    return choices([*(one.unit for one in units if one.came), call.caller])


@require_POST
def call_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a call and show what came of it, or the refusal beside the form."""
    actor = signed_in(request)
    call, mine = _seen_call(request, pk)
    if act not in CALL_ACTS:
        raise NotFound
    if mine is not None and act not in CALLED_ACTS:
        actor.require("matter.view")
    kind, run = CALL_ACTS[act]
    form = kind(request.POST, auto_id=f"{act}_%s")
    if act == "agree":
        offer(form, "owner", _present(call, called_of(call)))
    status = 400
    if form.is_valid():
        try:
            run(call, form.cleaned_data, actor, now())
            return redirect("call", pk) if mine is None else after_called(mine, actor=actor)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            status = refusal.status
    return _call(request, *_seen_call(request, pk), bound=(act, form), status=status)
