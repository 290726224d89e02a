"""Two different filled forms under one id: a person decides which one stands."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now

from ..actions.disputes import decide_dispute
from ..queries.submissions import disputes_for, get_dispute


@require_GET
@needs("conflict.decide")
def disputes_page(request: HttpRequest) -> HttpResponse:
    """This page will show what differs between the filled form that stands and the one that waits, and no more."""
    return render(request, "forms/disputes.html", {"disputes": disputes_for(signed_in(request))})


@require_POST
@needs("conflict.decide")
def dispute_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will decide one of them."""
    actor = signed_in(request)
    decide_dispute(get_dispute(pk, actor=actor), decision=request.POST.get("decision", ""), by=actor, at=now())
    messages.success(request, _("Decided. The other one stays until its day of erasure."))
    return redirect("form_disputes")
