"""The administrator's page of channels: where units' notices go, how reporters are told, and what could not be sent."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from ..actions.channels import add_channel, choose_kinds, send_again, send_trial, switch_channel
from ..actions.partners import ACT
from ..adapter.notices import is_read
from ..input.forms import ChannelForm, KindsForm
from ..queries.channels import channels, get_channel, not_sent
from ..rules.notices import as_apprise, service_of
from ..terms import Audience, NoticeKind, Standing

SAMPLE = {Audience.MAIL.value: "a@example.org", Audience.SMS.value: "+8613800000000"}  # only to read an address with
STANDINGS = {"off": Standing.PAUSED, "on": Standing.ACTIVE, "end": Standing.ENDED}


def _page(request: HttpRequest, *, form: ChannelForm | None = None, refusal: Refusal | None = None) -> HttpResponse:
    status = refusal.status if refusal else 400 if form is not None else 200
    shown: dict[str, Any] = {
        "channels": channels(),
        "not_sent": not_sent(),
        "kinds": NoticeKind.choices,
        "form": form or ChannelForm(),
        "opened": form is not None,
        "refusal": refusal,
    }
    return render(request, "gateways/notices.html", shown, status=status)


@needs(ACT)
@never_cache
@require_GET
def notices_page(request: HttpRequest) -> HttpResponse:
    """This view will show the channels, how the last delivery of each went, and what could not be sent."""
    return _page(request)


@needs(ACT)
@never_cache
@require_POST
@sensitive_post_parameters("url")
@sensitive_variables("form", "given")
def channel_add(request: HttpRequest) -> HttpResponse:
    """This view will enter a channel; its address is not shown again."""
    form = ChannelForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form)
    given = form.cleaned_data
    try:
        reporters = "" if given["audience"] == Audience.UNIT else given["audience"]
        service_of(given["url"], reporters=reporters, own=settings.OWN_NETWORKS)
        if not is_read(as_apprise(given["url"]), to=SAMPLE.get(reporters, "")):
            form.add_error("url", _("Apprise does not read this address"))
            return _page(request, form=form)
        add_channel(**given, by=signed_in(request), at=now())
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(request, form=form)
    return redirect("notices")


@needs(ACT)
@never_cache
@require_POST
def channel_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """This view will switch a channel off or on, end it, send it a test, or choose what it tells."""
    channel, by = get_channel(pk), signed_in(request)
    try:
        if act in STANDINGS:
            switch_channel(channel, standing=STANDINGS[act], by=by, at=now())
        elif act == "test":
            send_trial(channel, by=by, at=now())
        elif act == "kinds":
            form = KindsForm(request.POST)
            kinds = form.cleaned_data["kinds"] if form.is_valid() else []
            choose_kinds(channel, kinds=kinds, by=by, at=now())
        else:
            raise NotFound
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return _page(request, refusal=refusal)
    return redirect("notices")


@needs(ACT)
@never_cache
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will have a message tried anew that was given up."""
    send_again(pk, by=signed_in(request), at=now())
    return redirect("notices")
