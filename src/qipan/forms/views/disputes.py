"""Two answers to one question, two filled forms under one id: a person decides which one stands."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qipan.access.api import needs, signed_in
from qipan.kernel.clock import now

from ..actions.disputes import decide_dispute, decide_held
from ..actions.versions import decide_contest
from ..queries.submissions import disputes_for, get_dispute
from ..queries.versions import contested_for, get_contested, get_otherwise, otherwise_for


@require_GET
@needs("conflict.decide")
def disputes_page(request: HttpRequest) -> HttpResponse:
    """This page will show answers that two people changed without knowing of each other, values that a register holds
    otherwise, and forms sent twice; of each only what differs.
    """
    actor = signed_in(request)
    shown = {
        "disputes": disputes_for(actor),
        "contested": contested_for(actor),
        "otherwise": otherwise_for(actor),
    }
    return render(request, "forms/disputes.html", shown)


@require_POST
@needs("conflict.decide")
def dispute_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will decide one of them."""
    actor = signed_in(request)
    decide_dispute(get_dispute(pk, actor=actor), decision=request.POST.get("decision", ""), by=actor, at=now())
    messages.success(request, _("Decided. The other one stays until its day of erasure."))
    return redirect("form_disputes")


@require_POST
@needs("conflict.decide")
def contest_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will let one answer to a contested question stand."""
    actor, given = signed_in(request), request.POST
    record = get_contested(pk, actor=actor)
    decide_contest(record, path=given.get("question", ""), version=given.get("version", ""), by=actor, at=now())
    messages.success(request, _("Decided. What the other one sent is kept with the form."))
    return redirect("form_disputes")


@require_POST
@needs("conflict.decide")
def held_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will decide whether what a register holds stands in a filled form, or what was sent."""
    actor, given = signed_in(request), request.POST
    row = get_otherwise(pk, actor=actor)
    decide_held(row, path=given.get("question", ""), decision=given.get("decision", ""), by=actor, at=now())
    messages.success(request, _("Decided. The form is kept as it was sent; the register is as before."))
    return redirect("form_disputes")
