"""Orders to lend: calling lines of an agreement, requisitioning, and the order card for everyone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from qipan.access.api import needs, signed_in
from qipan.duties.api import Unit, areas_to_begin_on, ground_of, units_on
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.laws.api import Use, article_choices
from qipan.posture.api import Declaration, declarations_on

from .. import rules
from ..actions.calling import call_reserve, requisition
from ..actions.parties import governing_of, unit_of
from ..input import CallInput, OrderInput, RequisitionInput, nonce_of
from ..queries.cards import order_card
from ..queries.reading import get_agreement
from ..terms import FIRMS

MOST = 100


def _running(unit: Unit, *, at: datetime) -> dict[int, Declaration]:
    """The declarations in force on the unit's ground, by key."""
    return {
        one.pk: one
        for one in declarations_on(ground_of(unit))[:MOST]
        if rules.running(one.starts_at, one.expected_until, one.ended_at, at=at)
    }


def _offer(
    form: OrderInput, unit: Unit, declared: dict[int, Declaration], uses: Sequence[Use], *, at: datetime
) -> None:
    articles = [one for use in uses for one in article_choices(use, on=localdate(at))]
    form.offer_bases(
        declarations=[(key, f"{one.number} {one.matter}") for key, one in declared.items()],
        articles=list(dict.fromkeys(articles)),
        areas=areas_to_begin_on(unit),
    )


def _chosen(form: OrderInput, declared: dict[int, Declaration]) -> Declaration | None:
    return declared.get(key_of(form.cleaned_data["declaration"]) or 0)


@require_http_methods(["GET", "POST"])
@needs("reserve.call")
def call_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will take a call of an agreement's lines; what is refused is shown beside its field."""
    actor, at = signed_in(request), now()
    agreement = get_agreement(pk, actor=actor)
    unit = governing_of(actor)
    declared, lines = _running(unit, at=at), list(agreement.lines.order_by("pk"))
    bound = request.POST if request.method == "POST" else None
    begin = {"starts_at": at, "declaration": next(iter(declared), "")}
    form = CallInput(bound, lines=lines, initial=begin)
    _offer(form, unit, declared, (Use.RESPONSE, Use.REQUISITION), at=at)
    status, nonce = 200, nonce_of(request.POST.get("nonce", ""))
    if bound is not None:
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                call = call_reserve(
                    agreement,
                    quantities=form.quantities(),
                    declaration=_chosen(form, declared),
                    article=given["article"],
                    ground=form.ground(),
                    purpose=given["purpose"],
                    starts_at=given["starts_at"],
                    expected_until=given["expected_until"],
                    nonce=nonce,
                    by=actor,
                    at=at,
                )
                return redirect("reserve_call", call.pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown = {"form": form, "agreement": agreement, "nonce": nonce, "declared": declared}
    return render(request, "reserves/call_new.html", shown, status=status)


@require_http_methods(["GET", "POST"])
@needs("reserve.requisition")
def requisition_page(request: HttpRequest) -> HttpResponse:
    """This view will take a requisition with its inventory; what is refused is shown beside its field."""
    actor, at = signed_in(request), now()
    unit = unit_of(actor, "reserve.requisition")
    declared = _running(unit, at=at)
    firms = {one.pk: one for one in units_on(actor.scope.ranges, FIRMS).select_related("organ_type").order_by("code")}
    bound = request.POST if request.method == "POST" else None
    named = [(key, one.label) for key, one in firms.items()]
    form = RequisitionInput(bound, firms=named, initial={"declaration": next(iter(declared), "")})
    _offer(form, unit, declared, (Use.REQUISITION,), at=at)
    status, nonce = 200, nonce_of(request.POST.get("nonce", ""))
    if bound is not None:
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                firm = firms.get(key_of(given["firm"]) or 0)
                if firm is None:
                    raise NotFound(field="firm")
                call = requisition(
                    firm=firm,
                    items=form.items(),
                    declaration=_chosen(form, declared),
                    article=given["article"],
                    ground=form.ground(),
                    purpose=given["purpose"],
                    expected_until=given["expected_until"],
                    nonce=nonce,
                    by=actor,
                    at=at,
                )
                return redirect("reserve_call", call.pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    shown: dict[str, Any] = {"form": form, "nonce": nonce, "declared": declared}
    return render(request, "reserves/requisition.html", shown, status=status)


@never_cache
@require_GET
def card_page(request: HttpRequest, number: str) -> HttpResponse:
    """This view will show who ordered a firm to lend what, on which basis, where and until when, without log-in."""
    card = order_card(number, at=now())
    address = request.build_absolute_uri(reverse("reserve_order", args=[card.number]))
    return render(request, "reserves/order.html", {"card": card, "address": address})
