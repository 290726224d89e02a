"""The page of property companies: a street or community sees those of its ground, a company sees itself."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from qipan.access.api import signed_in
from qipan.duties.api import Unit, contact_of, keep_contact
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.territory.api import compounds_within, path_to

from ..input import ContactInput
from ..queries import companies_on
from .grounds import areas_below, ground_asked, own_area

READERS = ("team.manage", "desk.view")
MOST_COMPOUNDS = 400  # of one page; of more, a smaller area is chosen first


def _company(actor: Actor) -> Unit | None:
    """The company whose post the actor holds; None for everybody else."""
    unit = Unit.objects.select_related("organ_type").filter(pk=actor.unit_id or 0).first()
    return unit if unit is not None and unit.looks_after else None


@require_http_methods(["GET", "HEAD", "POST"])
def companies_page(request: HttpRequest) -> HttpResponse:
    """This view will show the property companies of a ground (``?area=code``) with compounds, contact, posts and passes;
    a company sees itself alone, and keeps its contact here."""
    actor, at = signed_in(request), now()
    actor.require(*READERS)
    if request.method == "POST":
        actor.require("contact.keep")
    own = _company(actor)
    form, status = None, 200
    if own is not None and actor.can("contact.keep"):
        known = contact_of(own)
        form = ContactInput(initial={"post": known.post, "line": known.line} if known else None)
    if request.method == "POST":
        if own is None:
            raise NotFound
        form, status = ContactInput(request.POST), 400
        if form.is_valid():
            try:
                keep_contact(own, **form.cleaned_data, by=actor, at=at)
                return redirect("forces_companies")
            except NotAllowed:
                raise
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    area, ranges = ground_asked(actor, request.GET.get("area", ""))
    if own is not None:
        area = None
    stock = compounds_within(ranges).count()
    shown: dict[str, Any] = {
        "area": area,
        "path": path_to(area.code) if area else [],
        "below": [] if own else areas_below(actor, area or own_area(actor)),
        "companies": companies_on(ranges, at=at) if stock <= MOST_COMPOUNDS or own else [],
        "too_many": stock > MOST_COMPOUNDS and own is None,
        "own": own,
        "form": form,
        "as_of": at,
    }
    return render(request, "deployment/companies.html", shown, status=status)
