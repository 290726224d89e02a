"""The order card for everyone, without log-in: what a measure is, behind the QR code at the gate, and its sheet for print."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from qipan.kernel.clock import now
from qipan.kernel.refusal import NotFound

from ..queries.cards import order_card

SIZES = ("a4", "a5")


def _shown(request: HttpRequest, number: str) -> dict[str, object]:
    card = order_card(number, at=now())
    return {"card": card, "address": request.build_absolute_uri(reverse("order_card", args=[card.number]))}


@never_cache
@require_GET
def card_page(request: HttpRequest, number: str) -> HttpResponse:
    """This view will show who ordered a measure, on which basis, where, until when, and how to complain."""
    return render(request, "posture/order.html", _shown(request, number))


@never_cache
@require_GET
def sheet_page(request: HttpRequest, number: str, size: str) -> HttpResponse:
    """This view will give the order in large letters on one sheet of paper for the gate, with its QR code."""
    if size not in SIZES:
        raise NotFound
    return render(request, "posture/order_sheet.html", {**_shown(request, number), "size": size, "sizes": SIZES})
