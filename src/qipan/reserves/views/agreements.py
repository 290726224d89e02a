"""Standby agreements: proposing one from offers, reading it, signing or declining it."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import ground_name

from .. import rules
from ..actions.agreeing import decline_agreement, propose_agreement, sign_agreement
from ..actions.parties import governing_of
from ..input import AgreementInput, DeclineInput
from ..models import Agreement
from ..queries.cards import flagged
from ..queries.reading import READING, agreements_of, calls_of, get_agreement, offers_for

YEAR = timedelta(days=365)


@require_http_methods(["GET", "POST"])
@needs("reserve.call")
def new_page(request: HttpRequest) -> HttpResponse:
    """This view will take a new agreement with the firm that the address names, over what it offers."""
    actor, at = signed_in(request), now()
    governing_of(actor)
    older = _older(request, actor)
    key = key_of(request.GET.get("firm", "")) if older is None else older.firm_id
    firm = Unit.objects.select_related("organ_type").filter(pk=key or 0).first()
    if firm is None:
        raise NotFound
    offers = list(offers_for(actor, at=at).filter(firm=firm))
    shown: dict[str, Any] = {"firm": firm, "offers": offers, "older": older}
    if request.method == "GET":
        begin = {"starts_at": at, "ends_at": at + YEAR, "notice_hours": 24, "payment_days": rules.USUAL_DAYS}
        return render(
            request, "reserves/agreement_new.html", {**shown, "form": AgreementInput(offers=offers, initial=begin)}
        )
    form, status = AgreementInput(request.POST, offers=offers), 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            agreement = propose_agreement(
                number=given["number"],
                firm=firm,
                quantities=form.quantities(),
                starts_at=given["starts_at"],
                ends_at=given["ends_at"],
                notice_hours=given["notice_hours"],
                payment_days=given["payment_days"],
                replaces=older,
                by=actor,
                at=at,
            )
            return redirect("reserve_agreement", agreement.pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "reserves/agreement_new.html", {**shown, "form": form}, status=status)


def _older(request: HttpRequest, actor: Actor) -> Agreement | None:
    """The agreement in whose place the new one will stand, where the address names one."""
    given = request.GET.get("replaces", "")
    key = key_of(given)
    if given and key is None:
        raise NotFound
    return get_agreement(key, actor=actor) if key is not None else None


def _shown(agreement: Agreement, actor: Actor, *, at: datetime, decline: DeclineInput | None = None) -> dict[str, Any]:
    calls = list(calls_of(actor).filter(agreement=agreement)[:100])
    unsigned = agreement.firm_signed_at is None and agreement.declined_at is None and agreement.ends_at > at
    return {
        "agreement": agreement,
        "lines": [(line, ground_name(Range(line.first, line.last))) for line in agreement.lines.order_by("pk")],
        "in_force": agreement.in_force(at),
        "may_sign": unsigned and actor.can("reserve.lend") and actor.unit_id == agreement.firm_id,
        "may_call": actor.can("reserve.call") and actor.unit_id == agreement.payer_id,
        "newer": agreements_of(actor).filter(replaces=agreement).first(),
        "decline": decline or DeclineInput(),
        "declining": decline is not None,
        "calls": [(call, call.state(at)) for call in calls],
        "flagged": flagged(calls),
        "at": at,
    }


@require_GET
def agreement_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will show an agreement with its lines and calls to both sides and the levels above."""
    actor, at = signed_in(request), now()
    actor.require(*READING)
    return render(request, "reserves/agreement.html", _shown(get_agreement(pk, actor=actor), actor, at=at))


@require_POST
@needs("reserve.lend")
def act_on_agreement(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will sign an agreement for the firm, or decline it."""
    actor, at = signed_in(request), now()
    agreement = get_agreement(pk, actor=actor)
    if act == "sign":
        sign_agreement(agreement, by=actor, at=at)
        return redirect("reserve_agreement", pk)
    if act != "decline":
        raise NotFound
    form = DeclineInput(request.POST)
    status = 400
    if form.is_valid():
        try:
            decline_agreement(agreement, reason=form.cleaned_data["reason"], by=actor, at=at)
            return redirect("reserve_agreement", pk)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "reserves/agreement.html", _shown(agreement, actor, at=at, decline=form), status=status)
