"""Reserves in the tiny city, for tests of this room and of those that build on it: whoever signs for the firm, an
agreement of a district, a declaration and a call under it.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate

from qipan.access.testing import Cast, add_member
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import range_of
from qipan.posture.api import Declaration, declare

from .actions.agreeing import propose_agreement, sign_agreement
from .actions.calling import Item, call_reserve, requisition
from .actions.costs import enter_use, hand_in
from .actions.offering import offer_reserve
from .actions.storing import add_store, count_store, hand_out, take_back
from .models import Agreement, Call, Handout, Offer, Store

FIRM = "510104:property-company-1"
HERE = range_of("510104001001")


def add_manager(cast: Cast, name: str = "manager", unit: str = FIRM, role: str = "property-manager") -> Actor:
    """This function will add whoever signs for a firm to the cast, as ``cast.client(name)`` too."""
    return add_member(cast, name, role=role, unit=unit)


def offered(cast: Cast, manager: Actor, **changes: Any) -> Offer:
    """Ten shifts a day at the gates of the district, 180 yuan each."""
    return offer_reserve(
        **{
            "kind": "gate-shift", "quantity": 10, "rate": 18_000, "ground": range_of("510104"),
            "valid_until": cast.at + timedelta(days=300), "conditions": "含餐", "by": manager, "at": cast.at, **changes,
        }
    )  # fmt: skip


def agreed(cast: Cast, manager: Actor, offers: list[Offer], *, sign: bool = True, **changes: Any) -> Agreement:
    """An agreement of the district with the firm over all that was offered, for a year from now."""
    agreement = propose_agreement(
        **{
            "number": "锦府储〔2026〕1号", "firm": offers[0].firm, "quantities": {one.pk: one.quantity for one in offers},
            "starts_at": cast.at, "ends_at": cast.at + timedelta(days=365), "notice_hours": 0, "payment_days": 30,
            "by": cast.district_head, "at": cast.at, **changes,
        }
    )  # fmt: skip
    return sign_agreement(agreement, by=manager, at=cast.at) if sign else agreement


def declared(cast: Cast, **changes: Any) -> Declaration:
    """A response of the district, 30 days."""
    return declare(
        **{
            "number": "锦府发〔2026〕9号", "matter": "洪涝灾害应急响应", "hazard": "flood", "level": 4, "basis": "《突发事件应对法》第七十二条",
            "issuer": cast.unit("510104:district-command"), "ground_codes": ["510104"], "starts_at": cast.at,
            "expected_until": cast.at + timedelta(days=30), "measures": ["值守"], "by": cast.district_head, "at": cast.at,
            **changes,
        }
    )  # fmt: skip


def called(cast: Cast, agreement: Agreement, declaration: Declaration | None, **changes: Any) -> Call:
    """Four shifts a day for seven days in one community."""
    line = agreement.lines.earliest("pk")
    return call_reserve(
        agreement,
        **{
            "quantities": {line.pk: 4}, "declaration": declaration, "article": "erl-2024-72", "ground": HERE,
            "purpose": "小区值守", "starts_at": cast.at, "expected_until": cast.at + timedelta(days=7),
            "nonce": str(uuid7()), "by": cast.district_head, "at": cast.at, **changes,
        },
    )  # fmt: skip


def taken(cast: Cast, declaration: Declaration | None, **changes: Any) -> Call:
    """Twenty hotel rooms, requisitioned for ten days."""
    return requisition(
        **{
            "firm": cast.unit(FIRM), "items": [Item("room", 20, 26_000, "三楼客房", "完好")], "declaration": declaration,
            "article": "erl-2024-76", "ground": HERE, "purpose": "安置受灾居民",
            "expected_until": cast.at + timedelta(days=10), "nonce": str(uuid7()), "by": cast.district_head, "at": cast.at,
            **changes,
        }
    )  # fmt: skip


def stored(cast: Cast, **changes: Any) -> Store:
    """A hundred and twenty tents in a store of the district."""
    return add_store(
        **{
            "name": "帐篷", "measure": "顶", "amount": 120, "per_day": None, "kept_at": "东郊仓库", "use_by": None,
            "by": cast.district_head, "at": cast.at, **changes,
        }
    )  # fmt: skip


def handed(store: Store, cast: Cast, **changes: Any) -> Handout:
    """Twenty of them to a subdistrict, to be back in five days."""
    return hand_out(
        store,
        **{
            "quantity": 20, "to": cast.unit("510104001:street-office"), "purpose": "安置点", "declaration": None,
            "back_by": localdate(cast.at) + timedelta(days=5), "nonce": str(uuid7()), "by": cast.district_head,
            "at": cast.at, **changes,
        },
    )  # fmt: skip


def counted(store: Store, cast: Cast, amount: int, *, at: datetime, **changes: Any) -> Store:
    """So much is there, used as before."""
    store.refresh_from_db()
    said = {"per_day": store.per_day, "use_by": store.use_by, "seen": store.amount, "by": cast.district_head, **changes}
    return count_store(store, amount=amount, at=at, **said)


def came_back(out: Handout, *, by: Actor, at: datetime) -> Handout:
    """All of it."""
    return take_back(out, came_back=out.quantity, by=by, at=at)


def reserve_keys(cast: Cast) -> dict[str, Any]:
    """One of everything that an address of the room names, in the district: an offer, an agreement, a call with costs."""
    manager = add_manager(cast)
    offer = offered(cast, manager)
    agreement = agreed(cast, manager, [offer])
    declaration = declared(cast, number="R-1", hazard="earthquake")
    call = called(cast, agreement, declaration)
    cost = enter_use(call.lines.get(), day=localdate(cast.at), quantity=4, by=manager, at=cast.at)
    sheet = hand_in(cost.sheet, by=manager, at=cast.at)
    store = stored(cast, by=cast.city_commander)
    return {
        "stores.pk": store.pk,
        "stores.act": "hand-out",
        "stores/handouts.pk": handed(store, cast, by=cast.city_commander).pk,
        "reserves/offers.pk": offer.pk,
        "reserves/agreements.pk": agreement.pk,
        "reserves/agreements.act": "decline",
        "reserves/calls.pk": call.pk,
        "reserves/calls.act": "extend",
        "reserves/sheets.pk": sheet.pk,
        "reserves/sheets.act": "pay",
        "reserves/orders.number": call.number,
    }
