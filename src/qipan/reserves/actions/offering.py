"""What a firm offers to lend, of its own free will."""

from datetime import datetime

from django.db import transaction

from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound

from .. import rules
from ..models import Offer
from .parties import firm_of, note
from .refusals import KindUnknown, NotANumber, OfferGone, RateMissing, TimesDisordered


def check_kind(kind: str, *, field: str = "kind") -> rules.Kind:
    """This function will return a kind of this city; raises ``KindUnknown``."""
    known = rules.kinds().get(kind)
    if known is None:
        raise KindUnknown(kind=kind[:40], field=field)
    return known


def check_quantity(quantity: int | None, *, field: str = "quantity") -> int:
    """This function will return a whole quantity above 0; raises ``NotANumber``."""
    if quantity is None or not 0 < quantity <= rules.MOST_QUANTITY:
        raise NotANumber(field=field)
    return quantity


def check_rate(rate: int | None, *, field: str = "rate") -> int:
    """This function will return a price in fen; raises ``RateMissing``. Who lends for nothing says 0."""
    if rate is None or not 0 <= rate <= rules.MOST_FEN:
        raise RateMissing(field=field)
    return rate


@transaction.atomic
def offer_reserve(
    *,
    kind: str,
    quantity: int | None,
    rate: int | None,
    ground: Range,
    valid_until: datetime | None,
    conditions: str = "",
    by: Actor,
    at: datetime,
) -> Offer:
    """This function will offer what a firm can lend: so many of a kind, at ``rate`` fen for one and a day, on a ground.

    Nobody is bound by it yet. Needs ``reserve.lend`` in a firm. Raises ``NotAllowed``, ``NotAFirm``, ``KindUnknown``,
    ``NotANumber``, ``RateMissing``, ``TimesDisordered``.
    """
    firm = firm_of(by)
    known = check_kind(kind)
    quantity, rate = check_quantity(quantity), check_rate(rate)
    if valid_until is None or valid_until <= at:
        raise TimesDisordered(field="valid_until")
    offer = Offer.objects.create(
        firm=firm,
        place=firm.place,
        kind=known.code,
        quantity=quantity,
        rate=rate,
        first=ground.first,
        last=ground.last,
        conditions=conditions.strip()[:300],
        offered_at=at,
        valid_until=valid_until,
    )
    note("offer_reserve", offer, place=firm.place, by=by, at=at, kind=kind, quantity=quantity, rate=rate)
    return offer


@transaction.atomic
def withdraw_offer(offer: Offer, *, by: Actor, at: datetime) -> None:
    """This function will withdraw an offer; what was agreed from it stands. Needs ``reserve.lend`` in the firm itself.

    Raises ``NotAllowed``, ``NotAFirm``, ``NotFound``, ``OfferGone``.
    """
    firm = firm_of(by)
    mine = Offer.objects.everywhere("the firm's own").filter(pk=offer.pk, firm=firm)
    if not mine.exists():
        raise NotFound
    if not mine.filter(withdrawn_at=None).update(withdrawn_at=at):
        raise OfferGone(what=offer)
    note("withdraw_offer", offer, place=firm.place, by=by, at=at)
