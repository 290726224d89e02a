"""The administrator's page of partners: keys, subscriptions, and how the last delivery went."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from ..actions.partners import (
    ACT,
    add_partner,
    change_key,
    change_secret,
    end_partner,
    set_endpoint,
    set_standing,
    subscribe_partner,
)
from ..actions.telling import send_test
from ..input.forms import EndpointForm, PartnerForm, SubscriptionForm
from ..queries.partners import endpoint, get_partner, get_subscription, partners, secret_for
from ..rules.signing import secret_text
from ..terms import Standing


@sensitive_variables("told")
def _page(
    request: HttpRequest,
    *,
    told: tuple[str, str] | None = None,
    refusal: Refusal | None = None,
    opened: int | None = None,
    **forms: Any,
) -> HttpResponse:
    held = endpoint()
    start = {"jurisdiction": held.jurisdiction, "contact": held.contact, "keys_needed": held.keys_needed}
    invalid = any(form.errors for form in forms.values())
    context = {
        "partners": partners(),
        "told": told,
        "refusal": refusal,
        "endpoint_form": forms.get("endpoint") or EndpointForm(initial=start),
        "partner_form": forms.get("partner") or PartnerForm(),
        "subscription_form": forms.get("subscription") or SubscriptionForm(),
        "empty_form": SubscriptionForm(),
        "opened": opened,
    }
    return render(
        request, "gateways/partners.html", context, status=refusal.status if refusal else 400 if invalid else 200
    )


@needs(ACT)
@never_cache
@require_GET
def partners_page(request: HttpRequest) -> HttpResponse:
    """This view will show the endpoint, the partners and their subscriptions with the state of the last delivery."""
    return _page(request)


@needs(ACT)
@never_cache
@require_POST
def endpoint_change(request: HttpRequest) -> HttpResponse:
    """This view will set how the endpoint answers."""
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _page(request, endpoint=form)
    try:
        set_endpoint(**form.cleaned_data, by=signed_in(request), at=now())
    except Refusal as refusal:
        return _refused(request, refusal, endpoint=form)
    return redirect("partners")


@needs(ACT)
@never_cache
@require_POST
def partner_add(request: HttpRequest) -> HttpResponse:
    """This view will let a partner in and show its key, once."""
    form = PartnerForm(request.POST)
    if not form.is_valid():
        return _page(request, partner=form)
    try:
        partner, key = add_partner(**form.cleaned_data, by=signed_in(request), at=now())
    except Refusal as refusal:
        return _refused(request, refusal, partner=form)
    return _page(request, told=(_("api_key of %(name)s") % {"name": partner.name}, key))


@needs(ACT)
@never_cache
@require_POST
def partner_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will give a partner a new key, end it, or have it told of events."""
    partner, by = get_partner(pk), signed_in(request)
    if act == "key":
        key = change_key(partner, by=by, at=now())
        return _page(request, told=(_("api_key of %(name)s") % {"name": partner.name}, key))
    if act == "end":
        end_partner(partner, by=by, at=now())
        return redirect("partners")
    if act != "subscribe":
        raise NotFound
    form = SubscriptionForm(request.POST)
    if not form.is_valid():
        return _page(request, subscription=form, opened=pk)
    try:
        made = subscribe_partner(partner, **form.cleaned_data, by=by, at=now())
    except Refusal as refusal:
        return _refused(request, refusal, subscription=form, opened=pk)
    return _secret(request, made)


STANDINGS = {"pause": Standing.PAUSED, "resume": Standing.ACTIVE, "end": Standing.ENDED}


@needs(ACT)
@never_cache
@require_POST
def subscription_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will pause, resume or end a subscription, send it a test, or change its secret and show that once."""
    subscription, by = get_subscription(pk), signed_in(request)
    if act in STANDINGS:
        set_standing(subscription, standing=STANDINGS[act], by=by, at=now())
    elif act == "test":
        send_test(subscription, by=by, at=now())
    elif act == "secret":
        return _secret(request, change_secret(subscription, by=by, at=now()))
    else:
        raise NotFound
    return redirect("partners")


def _secret(request: HttpRequest, subscription: Any) -> HttpResponse:
    return _page(
        request, told=(_("Secret for %(url)s") % {"url": subscription.url}, secret_text(secret_for(subscription)))
    )


def _refused(request: HttpRequest, refusal: Refusal, **forms: Any) -> HttpResponse:
    if isinstance(refusal, (NotAllowed, NotFound)):
        raise refusal
    return _page(request, refusal=refusal, **forms)
