"""Reserves for trying a synthetic city out: agreements of each district with firms there."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

from django.db import transaction

from qipan.duties.api import units_on
from qipan.kernel.actor import Actor
from qipan.kernel.place import DISTRICT, code_of, range_of

from .. import rules
from ..models import Agreement
from .agreeing import propose_agreement, sign_agreement
from .offering import offer_reserve

# For each kind of firm: kind of reserve, how many, price for one and a day in fen
OFFERS = {
    "property-company": (
        ("gate-shift", 20, 18_000),
        ("porter-shift", 10, 20_000),
        ("vehicle", 2, 45_000),
        ("site-guide", 4, 15_000),
    ),
    "hotel": (("room", 60, 26_000), ("meal", 300, 2_500)),
    "carrier": (("vehicle", 15, 80_000),),
    "supplier": (("protective-set", 500, 3_000), ("tent", 40, 6_000)),
}
YEAR = timedelta(days=365)


@transaction.atomic
def seed_reserves(city_code: str, *, by: Actor, at: datetime) -> int:
    """This function will have the first firm of each kind in each district offer something and agree on it for a year.

    Returns how many agreements are new; those that exist stay. Needs ``reserve.lend`` and ``reserve.call``.
    """
    by.require("reserve.lend")
    by.require("reserve.call")
    made = 0
    districts = units_on([range_of(city_code)], ["district-command"]).order_by("place")
    for district, (n, (firm_kind, lent)) in product(districts, enumerate(OFFERS.items(), 1)):
        ground = range_of(code_of(district.place, DISTRICT))
        firm = units_on([ground], [firm_kind]).order_by("place", "pk").first()
        number = f"{code_of(district.place, DISTRICT)}-S{n}"
        if firm is None or Agreement.objects.everywhere("by number").filter(number=number).exists():
            continue
        lender, payer = (replace(by, unit_id=unit.pk) for unit in (firm, district))
        offers = [
            offer_reserve(
                kind=kind, quantity=quantity, rate=rate, ground=ground, valid_until=at + YEAR, by=lender, at=at
            )
            for kind, quantity, rate in lent
        ]
        agreement = propose_agreement(
            number=number,
            firm=firm,
            quantities={offer.pk: offer.quantity for offer in offers},
            starts_at=at,
            ends_at=at + YEAR,
            notice_hours=2,
            payment_days=rules.USUAL_DAYS,
            by=payer,
            at=at,
        )
        sign_agreement(agreement, by=lender, at=at)
        made += 1
    return made
