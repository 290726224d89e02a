"""Standby agreements: proposed and signed by the governing unit, signed by the firm, ended by their own date."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.duties.api import Unit, ground_of
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range

from .. import rules
from ..models import Agreement, AgreementLine, Offer
from ..terms import sign_source
from .offering import check_quantity
from .parties import answered, ask, check_firm, firm_of, governing_of, note
from .refusals import (
    AlreadySigned,
    NothingChosen,
    NoticeTooLong,
    NotYourAgreement,
    NumberTaken,
    OfferGone,
    OfferTooSmall,
    PaymentTooLate,
    ReasonMissing,
    ReplacesAnother,
    TimesDisordered,
    WordsMissing,
)

SIGN_WITHIN = timedelta(days=7)
MOST_NOTICE = 720  # hours


@transaction.atomic
def propose_agreement(
    *,
    number: str,
    firm: Unit,
    quantities: Mapping[int, int],
    starts_at: datetime | None,
    ends_at: datetime | None,
    notice_hours: int | None,
    payment_days: int | None,
    replaces: Agreement | None = None,
    by: Actor,
    at: datetime,
) -> Agreement:
    """This function will write an agreement and sign it for the governing unit; it holds when the firm has signed too.

    ``quantities``: how many of which offers, by their keys; conditions and rates are taken over as they were offered.
    ``replaces`` is the agreement of the same two in whose place it will stand. Needs ``reserve.call`` in a governing
    unit. Raises ``NotAllowed``, ``NotGoverning``, ``NotAFirm``, ``WordsMissing``, ``NumberTaken``, ``TimesDisordered``,
    ``NoticeTooLong``, ``PaymentTooLate``, ``ReplacesAnother``, ``NothingChosen``, ``NotANumber``, ``OfferGone``,
    ``OfferTooSmall``.
    """
    payer = governing_of(by)
    check_firm(firm)
    number = number.strip()
    if not number:
        raise WordsMissing(field="number")
    if starts_at is None or ends_at is None or not (starts_at < ends_at and at < ends_at):
        raise TimesDisordered(field="ends_at")
    if notice_hours is None or not 0 <= notice_hours <= MOST_NOTICE:
        raise NoticeTooLong(field="notice_hours")
    if payment_days is None or not 1 <= payment_days <= rules.MOST_DAYS:
        raise PaymentTooLate(most=rules.MOST_DAYS, usual=rules.USUAL_DAYS, field="payment_days")
    if replaces is not None and (replaces.payer_id, replaces.firm_id) != (payer.pk, firm.pk):
        raise ReplacesAnother
    if not quantities:
        raise NothingChosen
    offers = _offers(firm, quantities, payer=payer, at=at)
    try:
        with transaction.atomic():
            agreement = Agreement.objects.create(
                number=number,
                payer=payer,
                firm=firm,
                place=payer.place,
                starts_at=starts_at,
                ends_at=ends_at,
                notice_hours=notice_hours,
                payment_days=payment_days,
                payer_signed_at=at,
                replaces=replaces,
            )
    except IntegrityError:  # the constraint also settles two who write at once
        raise NumberTaken(field="number") from None
    AgreementLine.objects.bulk_create(
        AgreementLine(
            agreement=agreement,
            offer=offer,
            kind=offer.kind,
            quantity=quantities[offer.pk],
            rate=offer.rate,
            first=offer.first,
            last=offer.last,
            conditions=offer.conditions,
        )
        for offer in offers
    )
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        title = _("Standby agreement to sign: %(number)s, %(payer)s") % {"number": number, "payer": payer.label}
    ask(
        sign_source(agreement.pk),
        title,
        asker=payer,
        owner=firm,
        basis=number,
        due_at=at + SIGN_WITHIN,
        by=by,
        at=at,
    )
    note("propose_agreement", agreement, place=agreement.place, by=by, at=at, firm=firm.code, **_said(agreement))
    return agreement


def _said(agreement: Agreement) -> dict[str, Any]:
    rows = agreement.lines.order_by("pk").values_list("kind", "quantity", "rate")
    return {
        "number": agreement.number,
        "starts_at": agreement.starts_at.isoformat(),
        "ends_at": agreement.ends_at.isoformat(),
        "lines": [list(row) for row in rows],
    }


def _offers(firm: Unit, quantities: Mapping[int, int], *, payer: Unit, at: datetime) -> list[Offer]:
    found = Offer.objects.everywhere("the firm's own, by key").filter(firm=firm, pk__in=quantities).order_by("pk")
    offers = {offer.pk: offer for offer in found}
    own = ground_of(payer)
    for key in sorted(quantities):
        offer = offers.get(key)
        if (
            offer is None
            or offer.withdrawn_at is not None
            or offer.valid_until <= at
            or not any(Range(offer.first, offer.last).meets(part) for part in own)
        ):
            raise OfferGone(what=offer or key)
        quantity = check_quantity(quantities[key], field=f"quantity_{key}")
        if quantity > offer.quantity:
            raise OfferTooSmall(offered=offer.quantity, what=offer, quantity=quantity, field=f"quantity_{key}")
    return [offers[key] for key in sorted(quantities)]


@transaction.atomic
def sign_agreement(agreement: Agreement, *, by: Actor, at: datetime) -> Agreement:
    """This function will sign an agreement for its firm; what it takes the place of ends when it begins.

    Needs ``reserve.lend`` in the firm. Raises ``NotAllowed``, ``NotAFirm``, ``NotYourAgreement``, ``AlreadySigned``,
    ``TimesDisordered`` for one that has ended meanwhile.
    """
    fresh = _open_for(agreement, firm_of(by))
    if fresh.ends_at <= at:
        raise TimesDisordered
    fresh.firm_signed_at = at
    fresh.save(update_fields=["firm_signed_at"])
    if fresh.replaces_id is not None:
        older = Agreement.objects.everywhere("the same two").filter(pk=fresh.replaces_id, stopped_at=None)
        older.update(stopped_at=max(at, fresh.starts_at))
    answered(sign_source(fresh.pk), fresh.firm, by=by, at=at)
    note("sign_agreement", fresh, place=fresh.place, by=by, at=at, **_said(fresh))
    return fresh


@transaction.atomic
def decline_agreement(agreement: Agreement, *, reason: str, by: Actor, at: datetime) -> Agreement:
    """This function will decline an agreement for its firm: to lend is a free act.

    Needs ``reserve.lend`` in the firm. Raises ``NotAllowed``, ``NotAFirm``, ``NotYourAgreement``, ``AlreadySigned``,
    ``ReasonMissing``.
    """
    fresh = _open_for(agreement, firm_of(by))
    if not reason.strip():
        raise ReasonMissing(field="reason")
    fresh.declined_at, fresh.decline_reason = at, reason.strip()[:300]
    fresh.save(update_fields=["declined_at", "decline_reason"])
    answered(sign_source(fresh.pk), fresh.firm, by=by, at=at)
    note("decline_agreement", fresh, place=fresh.place, by=by, at=at, reason=fresh.decline_reason)
    return fresh


def _open_for(agreement: Agreement, firm: Unit) -> Agreement:
    """The agreement, locked, that a firm has neither signed nor declined."""
    rows = Agreement.objects.everywhere("one of the two sides").select_for_update(of=("self",))
    fresh = rows.select_related("firm", "payer").get(pk=agreement.pk)
    if fresh.firm_id != firm.pk:
        raise NotYourAgreement(unit=fresh.firm)
    if fresh.firm_signed_at is not None or fresh.declined_at is not None:
        raise AlreadySigned
    return fresh
