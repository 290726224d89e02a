"""Pages of referrals: for the two units of each, and for the person by the code on the slip."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import get_unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of, uuid7
from qipan.kernel.place import place_of
from qipan.kernel.refusal import NotFound, Refusal

from ..actions.intake import place_label
from ..actions.referring import (
    accept_referral,
    close_referral,
    decline_referral,
    give_back,
    hand_on,
    hand_over,
    look_at_handover,
    withdraw_own,
    withdraw_referral,
)
from ..input.referral import ActForm, GiveBackForm, HandOnForm, HandOverForm, NotTakenForm, WordForm
from ..models import Handover, Referral
from ..queries.public import places_like
from ..queries.reading import place_names
from ..queries.referrals import (
    door_at,
    doors_of,
    get_referral,
    receivers,
    referral_by_code,
    referrals_of,
)
from ..rules.referral import CARRIED, MOST_HOPS, OVER, S, may_look
from ..terms import Ground, Purpose
from .public import place_given, resident

PAGE = 50


@never_cache
@require_GET
@needs("referral.make")
def referrals_page(request: HttpRequest) -> HttpResponse:
    """This view will list the referrals that a unit sent and received; nobody else has a list of them."""
    actor = signed_in(request)
    over = request.GET.get("show") == "over"
    rows = referrals_of(actor, over=over)
    before = key_of(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: PAGE + 1])
    shown = page[:PAGE]
    names = place_names(one.place for one in shown)
    return render(
        request,
        "matters/referrals.html",
        {
            "rows": [(one, names[one.place], one.sender_id == actor.unit_id) for one in shown],
            "more": shown[-1].pk if len(page) > PAGE else None,
            "over": over,
            "at": now(),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
@needs("referral.make")
def new_page(request: HttpRequest) -> HttpResponse:
    """This view will hand somebody over in two steps: for what and where, then exactly what that purpose needs."""
    actor, at = signed_in(request), now()
    given = request.POST or request.GET
    code, name = place_given(given.get("place", ""))
    purpose, q = given.get("purpose", ""), given.get("q", "")[:60]
    asked: dict[str, Any] = {
        "purposes": Purpose.choices,
        "purpose": purpose,
        "code": code,
        "place_name": name,
        "q": q,
        "found": [one for one in places_like(q, actor.scope.ranges) if len(one[0]) == 15] if q else [],
        "waits_for_both": bool(given) and "next" in given,
    }
    if purpose not in Purpose.values or not code or place_of(code) not in actor.scope or len(code) < 15:
        return render(request, "matters/referral_new.html", asked)
    place = place_of(code)
    form = HandOverForm(
        request.POST if request.method == "POST" else None,
        purpose=Purpose(purpose),
        doors=doors_of(place),
        receivers=receivers(purpose, place, actor=actor, at=at),
        initial={"nonce": str(uuid7()), "door": place if len(code) > 15 else None},
    )
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            data = form.cleaned_data
            rest = {one: data.get(one, "") for one in ("need", "reach", "hours", "ground", "nonce")}
            try:
                made = hand_over(
                    purpose=purpose, receiver=get_unit(data["receiver"]), door=data["door"], **rest, by=actor, at=at
                )
                if not made.code:
                    return redirect("referral", made.referral.pk)
                return render(request, "matters/referral_made.html", {"made": made, "fields": _fields(made.referral)})
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown = {**asked, "form": form, "purpose_label": Purpose(purpose).label}
    return render(request, "matters/referral_new.html", shown, status=status)


def _fields(held: Referral) -> tuple[str, ...]:
    """The names of what a purpose carries; never the values."""
    return tuple(sorted(CARRIED[Purpose(held.purpose)].fields))


ReferralAct = Callable[[Referral, dict[str, Any], Actor, datetime], object]
ACTS: dict[str, tuple[type[ActForm], ReferralAct]] = {
    "accept": (WordForm, lambda r, g, a, t: accept_referral(r, by=a, at=t)),
    "decline": (NotTakenForm, lambda r, g, a, t: decline_referral(r, reason=g["reason"], by=a, at=t)),
    "hand_on": (HandOnForm, lambda r, g, a, t: hand_on(r, receiver=get_unit(g["receiver"]), by=a, at=t)),
    "give_back": (
        GiveBackForm,
        lambda r, g, a, t: give_back(r, result=g["result"], to_do=g["to_do"], to_do_by=g["to_do_by"], by=a, at=t),
    ),
    "withdraw": (WordForm, lambda r, g, a, t: withdraw_referral(r, by=a, at=t)),
    "close": (WordForm, lambda r, g, a, t: close_referral(r, by=a, at=t)),
}


def _offered(held: Referral, actor: Actor) -> list[str]:
    offered: list[str] = []
    if held.receiver_id == actor.unit_id:
        if held.state == S.SENT:
            offered += ["accept"]
        if held.state == S.ACCEPTED:
            offered += ["give_back"]
        if held.state in (S.SENT, S.ACCEPTED):
            offered += ["hand_on"] * (held.hops < MOST_HOPS) + ["decline"]
    if held.sender_id == actor.unit_id:
        if held.state in (S.RETURNED, S.DECLINED):
            offered += ["close"]
        if held.state in (S.SENT, S.ACCEPTED):
            offered += ["withdraw"]
    return offered


def _form(act: str, held: Referral, actor: Actor, at: datetime, data: Any = None) -> ActForm:
    kind = ACTS[act][0]
    how: dict[str, Any] = {"auto_id": f"{act}_%s"}
    if kind is HandOnForm:
        found = receivers(held.purpose, held.place, actor=actor, at=at)
        how["receivers"] = [one for one in found if one.unit.pk != held.sender_id]
    return kind(data, **how)


@never_cache
@require_GET
@needs("referral.make")
def referral_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show a referral to its two units: how it stands and what to do, without what was handed over."""
    return _page(request, get_referral(pk, actor=signed_in(request)))


def _page(
    request: HttpRequest,
    held: Referral,
    *,
    bound: tuple[str, ActForm] | None = None,
    opened: Handover | None = None,
    status: int = 200,
) -> HttpResponse:
    actor, at = signed_in(request), now()
    offered = _offered(held, actor)
    forms = [(act, bound[1] if bound and bound[0] == act else _form(act, held, actor, at)) for act in offered]
    looks = may_look(
        held.state,
        sender=held.sender_id == actor.unit_id,
        receiver=held.receiver_id == actor.unit_id,
        erased=held.erased_at is not None,
    )
    shown = {
        "held": held,
        "where": place_names([held.place])[held.place],
        "fields": _fields(held),
        "forms": forms,
        "stray": bound if bound and bound[0] not in offered else None,
        "may_look": looks and opened is None,
        "opened": opened,
        "door": (place_label(opened.door), door_at(opened.door)) if opened is not None else None,
        "steps": held.steps.select_related("unit").order_by("pk"),
        "looks": held.looks.select_related("unit").order_by("pk"),
        "over": held.state in OVER,
        "at": at,
    }
    return render(request, "matters/referral.html", shown, status=status)


@never_cache
@require_POST
@needs("referral.make")
def referral_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will do one act on a referral, or open what was handed over, which is written down."""
    actor, at = signed_in(request), now()
    held = get_referral(pk, actor=actor)
    if act == "look":
        return _page(request, held, opened=look_at_handover(held, by=actor, at=at))
    if act not in ACTS:
        raise NotFound
    form = _form(act, held, actor, at, request.POST)
    status = 400
    if form.is_valid():
        try:
            ACTS[act][1](held, form.cleaned_data, actor, at)
            # Who handed it on has nothing to look at any more.
            return redirect("referrals") if act == "hand_on" else redirect("referral", pk)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            status = refusal.status
    return _page(request, get_referral(pk, actor=actor), bound=(act, form), status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def slip_page(request: HttpRequest, code: str) -> HttpResponse:
    """This view will show the person what was handed over by kind, to whom, why, who looked and when it is erased; and
    take it back, where it rests on agreement.
    """
    held, refused, status = referral_by_code(code), "", 200
    if request.method == "POST":
        try:
            withdraw_own(held, by=resident(), at=now())
            return redirect("referral_slip", code)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            refused, status = str(refusal), refusal.status
    shown = {
        "held": held,
        "code": code,
        "fields": _fields(held),
        "looks": held.looks.select_related("unit").order_by("pk"),
        "may_withdraw": held.ground == Ground.AGREED and held.state in (S.SENT, S.ACCEPTED),
        "refused": refused,
    }
    return render(request, "matters/referral_slip.html", shown, status=status)
