"""The reserves of a unit at a glance: what is unpaid, what runs, what goes back, what was agreed, what is offered."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qipan.access.api import needs, signed_in
from qipan.desk.api import Task
from qipan.kernel.clock import now
from qipan.kernel.place import DISTRICT, code_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import AreaView, children, get_area

from ..actions.offering import offer_reserve, withdraw_offer
from ..actions.parties import firm_of
from ..input import OfferInput, fen
from ..queries.cards import flagged
from ..queries.reading import (
    OPEN,
    READING,
    UNPAID,
    agreements_of,
    calls_of,
    get_offer,
    offers_for,
    owed_of,
    sheets_of,
    to_return,
    unclaimed,
)
from ..terms import call_source

MOST, LATELY = 100, 20
USUAL = timedelta(days=180)


@require_GET
def home_page(request: HttpRequest) -> HttpResponse:
    """This view will show a firm its own calls, costs, agreements and offers, a governing unit those on its area."""
    actor, at = signed_in(request), now()
    actor.require(*READING)
    calls, sheets = calls_of(actor), sheets_of(actor)
    unpaid = list(sheets.filter(UNPAID)[:MOST])
    paid = sheets.filter(paid_at__isnull=False).order_by("-paid_on", "-pk")[:LATELY]
    running = list(calls.filter(noted_at=None, expected_until__gt=at)[:MOST])
    ended = list(unclaimed(actor, at=at)[:MOST])
    agreements = list(agreements_of(actor).filter(ends_at__gt=at, declined_at=None)[:MOST])
    shown = {
        "firm": actor.can("reserve.lend"),
        "may_call": actor.can("reserve.call"),
        "may_requisition": actor.can("reserve.requisition"),
        "owed": owed_of(sheets.filter(UNPAID), at=at),
        "unpaid": [(sheet, sheet.state(at)) for sheet in unpaid],
        "unclaimed": [(call, call.state(at)) for call in ended],
        "entering": [(sheet, sheet.state(at)) for sheet in sheets.filter(OPEN)[:MOST]],
        "running": [(call, call.state(at)) for call in running],
        "flagged": flagged([*running, *ended]),
        "waiting": _unacknowledged([call.pk for call in running]),
        "returns": to_return(calls.filter(expected_until__lte=at) | calls.filter(ended_at__lte=at)),
        "agreements": [(one, one.in_force(at)) for one in agreements],
        "offers": offers_for(actor, at=at)[:MOST],
        "paid": [(sheet, sheet.state(at)) for sheet in paid],
        "own": actor.unit_id,
    }
    return render(request, "reserves/home.html", shown)


def _unacknowledged(keys: list[int]) -> set[int]:
    """The calls that the firm has not accepted on its desk."""
    sources = {call_source(key): key for key in keys}
    tasks = Task.objects.everywhere("of calls that the actor may see").filter(source__in=list(sources))
    return {sources[source] for source in tasks.filter(accepted_at=None).values_list("source", flat=True)}


def _areas(place: int) -> list[AreaView]:
    try:
        district = get_area(code_of(place, DISTRICT))
    except NotFound:
        return []
    return [district, *children(district.code)]


@require_http_methods(["GET", "POST"])
@needs("reserve.lend")
def offer_page(request: HttpRequest) -> HttpResponse:
    """This view will take an offer of a firm; what is refused is shown beside its field."""
    actor, at = signed_in(request), now()
    firm = firm_of(actor)
    areas, status = _areas(firm.place), 200
    if request.method == "GET":
        form = OfferInput(areas=areas, initial={"area": areas[0].code if areas else "", "valid_until": at + USUAL})
        return render(request, "reserves/offer.html", {"form": form})
    form = OfferInput(request.POST, areas=areas)
    status = 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            offer_reserve(
                kind=given["kind"],
                quantity=given["quantity"],
                rate=fen(given["rate"]),
                ground=form.ground(),
                valid_until=given["valid_until"],
                conditions=given["conditions"],
                by=actor,
                at=at,
            )
            return redirect("reserves")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "reserves/offer.html", {"form": form}, status=status)


@require_POST
@needs("reserve.lend")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """This view will withdraw an offer of the actor's firm."""
    actor = signed_in(request)
    withdraw_offer(get_offer(pk, actor=actor), by=actor, at=now())
    return redirect("reserves")
