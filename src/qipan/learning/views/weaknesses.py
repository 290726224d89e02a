"""The register of weaknesses: what is open, what was open when a year ended, and one of them."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from qipan.access.api import signed_in
from qipan.command.api import get_activation
from qipan.kernel.clock import now
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import Refusal

from ..actions.weaknesses import mend_weakness, note_weakness
from ..input import MendInput, WeaknessInput
from ..queries.weaknesses import drills_for, get_weakness, open_then, open_weaknesses, owners_for, weaknesses_for

READERS = ("lesson.propose", "review.lead", "task.answer")
PER_PAGE = 50


@require_http_methods(["GET", "POST"])
def weaknesses_page(request: HttpRequest) -> HttpResponse:
    """This page will list what is weak and open with its owner; ``?year=`` what was open when that past year ended."""
    actor, at = signed_in(request), now()
    actor.require(*READERS)
    today = localdate(at)
    asked = key_of(request.GET.get("year", ""))
    year = asked if asked is not None and 2000 <= asked < today.year else None
    owners, drills = owners_for(actor), drills_for(actor)
    status = 200
    if request.method == "POST":
        actor.require("lesson.propose")
        form, status = WeaknessInput(request.POST, owners=owners, drills=drills), 400
        if form.is_valid():
            given = dict(form.cleaned_data)
            drill = given.pop("activation")
            try:
                activation = get_activation(drill, actor=actor) if drill else None
                note_weakness(**given, activation=activation, by=actor, at=at)
                return redirect("weaknesses")
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    else:
        drill = key_of(request.GET.get("drill", ""))
        form = WeaknessInput(initial={"activation": drill}, owners=owners, drills=drills)
    rows = open_then(actor, year) if year else open_weaknesses(actor)
    first = weaknesses_for(actor).order_by("opened_at").values_list("opened_at", flat=True).first()
    years = range(today.year - 1, localdate(first).year - 1, -1) if first else []
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "year": year,
        "years": list(years)[:20],
        "form": form,
        "may_note": actor.can("lesson.propose"),
        "opened": status != 200 or bool(request.GET.get("drill")),
        "at": at,
    }
    return render(request, "learning/weaknesses.html", context, status=status)


@require_http_methods(["GET", "POST"])
def weakness_page(request: HttpRequest, pk: int) -> HttpResponse:
    """This page will show one weakness; its owner, or the lead organisation, says what was done about it."""
    actor, at = signed_in(request), now()
    actor.require(*READERS)
    if request.method == "POST":
        actor.require("task.answer", "review.lead")
    weakness = get_weakness(pk, actor=actor)
    form, status = MendInput(), 200
    if request.method == "POST":
        form, status = MendInput(request.POST), 400
        if form.is_valid():
            try:
                mend_weakness(weakness, done=form.cleaned_data["done"], by=actor, at=at)
                return redirect("weakness", pk)
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    own = actor.unit_id == weakness.owner_id and actor.can("task.answer")
    context = {
        "weakness": weakness,
        "form": form,
        "may_mend": weakness.closed_at is None and (own or actor.can("review.lead")),
        "at": at,
    }
    return render(request, "learning/weakness.html", context, status=status)
