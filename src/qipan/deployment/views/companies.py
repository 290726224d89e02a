"""The page of property companies: a street or community sees those of its ground, a company sees itself."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qipan.access.api import needs, signed_in
from qipan.duties.api import (
    PROPERTY_COMPANY,
    STANDING_FIRMS,
    OrganType,
    Unit,
    contact_of,
    keep_contact,
    looked_after,
    units_on,
)
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import COMMUNITY, Range, code_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.territory.api import compounds_within, path_to

from ..actions import register_with_account
from ..input import ContactInput, FirmInput
from ..queries import companies_on
from .grounds import areas_below, ground_asked, own_area

READERS = ("team.manage", "desk.view", "register.edit")
MOST_COMPOUNDS = 400  # of one page; of more, a smaller area is chosen first
MOST_OFFERED = 150  # compounds to tick


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
        "may_register": actor.can("register.edit"),
        "form": form,
        "as_of": at,
    }
    return render(request, "deployment/companies.html", shown, status=status)


def _firm_form(request: HttpRequest, ranges: list[Range], *, with_account: bool) -> FirmInput | None:
    """The form with what this ground offers; None where it is too large to choose from."""
    stock = list(compounds_within(ranges).order_by("place")[: MOST_OFFERED + 1])
    if len(stock) > MOST_OFFERED:
        return None
    kinds = OrganType.objects.filter(code__in=(PROPERTY_COMPANY, *STANDING_FIRMS)).order_by("pk")
    communities = units_on(ranges, ["community"]).order_by("place")
    held = {row.place: row.unit.label for row in looked_after(ranges)}
    return FirmInput(
        request.POST if request.method == "POST" else None,
        kinds=[(kind.code, kind.label) for kind in kinds],
        compounds=[(one.place, " · ".join(filter(None, (one.label, held.get(one.place))))) for one in stock],
        communities=[(code_of(one.place, COMMUNITY), one.label) for one in communities],
        with_account=with_account,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs("register.edit")
def register_page(request: HttpRequest) -> HttpResponse:
    """This view will register a firm on a ground (``?area=code``) with its first account; errors stand beside their field."""
    actor, at = signed_in(request), now()
    area, ranges = ground_asked(actor, request.GET.get("area", ""))
    form, status = _firm_form(request, ranges, with_account=actor.can("account.manage")), 200
    if request.method == "POST":
        status = 400
        if form is not None and form.is_valid():
            try:
                firm = register_with_account(**form.cleaned_data, by=actor, at=at)
            except NotAllowed:
                raise
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
            else:
                messages.success(request, _("%(firm)s is registered.") % {"firm": firm.label})
                return redirect(request.get_full_path())
    shown: dict[str, Any] = {
        "area": area,
        "path": path_to(area.code) if area else [],
        "below": areas_below(actor, area or own_area(actor)),
        "form": form,
    }
    return render(request, "deployment/register.html", shown, status=status)
