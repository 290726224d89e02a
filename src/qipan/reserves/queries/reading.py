"""Reading reserves: what a post may see of offers, agreements, calls and cost sheets, and how they stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import F, Model, Q, QuerySet

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.scoped import overlapping

from ..models import Agreement, Call, CallLine, CostSheet, Offer

Row = TypeVar("Row", bound=Model)
READING = ("reserve.lend", "reserve.call", "reserve.view")
OPEN = Q(handed_in_at=None)
UNPAID = Q(handed_in_at__isnull=False, paid_at=None) & ~Q(decided_at__isnull=False, accepted=0)


def _overseeing(actor: Actor) -> bool:
    return actor.can("reserve.call") or actor.can("reserve.view")


def offers_for(actor: Actor, *, at: datetime) -> QuerySet[Offer]:
    """This function will return the valid offers of the actor's own firm, or those that reach the actor's area."""
    rows = Offer.objects.everywhere("a firm's own, or found by where they reach").filter(
        withdrawn_at=None, valid_until__gt=at
    )
    own = Q(firm=actor.unit_id or 0)
    reach = overlapping(actor.scope.ranges) if _overseeing(actor) else Q(pk__in=[])
    return rows.filter(own | reach).select_related("firm").order_by("firm__code", "kind", "pk")


def agreements_of(actor: Actor) -> QuerySet[Agreement]:
    """This function will return the agreements of the actor's own unit, or of the units on the actor's area."""
    rows = Agreement.objects.everywhere("one of the two sides, or narrowed to the scope")
    return rows.filter(_mine(actor)).select_related("firm", "payer").order_by("-ends_at", "-pk")


def calls_of(actor: Actor) -> QuerySet[Call]:
    """This function will return the calls of the actor's own firm, or of the units on the actor's area."""
    rows = Call.objects.everywhere("one of the two sides, or narrowed to the scope").filter(_mine(actor))
    return rows.select_related("firm", "caller", "agreement", "declaration").order_by("-starts_at", "-pk")


def sheets_of(actor: Actor) -> QuerySet[CostSheet]:
    """This function will return the cost sheets of ``calls_of``, what is due first first."""
    rows = CostSheet.objects.filter(_mine(actor, "call__"))
    return rows.select_related("call__firm", "call__caller", "call__agreement").order_by("due_at", "pk")


def _mine(actor: Actor, before: str = "") -> Q:
    mine = Q(**{f"{before}firm": actor.unit_id or 0}) if actor.can("reserve.lend") else Q(pk__in=[])
    return mine | (actor.scope.q(f"{before}place") if _overseeing(actor) else Q(pk__in=[]))


def unclaimed(actor: Actor, *, at: datetime) -> QuerySet[Call]:
    """This function will return the calls that ran and have ended, and for which the firm has entered nothing yet."""
    over = Q(expected_until__lte=at) | Q(ended_at__lte=at, ended_at__gt=F("starts_at"))
    return calls_of(actor).filter(over, sheets=None, drill=False)


def get_offer(pk: int, *, actor: Actor) -> Offer:
    """This function will return an offer of the actor's own firm; raises ``NotFound``."""
    rows = Offer.objects.everywhere("the firm's own").filter(pk=pk, firm=actor.unit_id or 0)
    return _one(rows.select_related("firm"))


def get_agreement(pk: int, *, actor: Actor) -> Agreement:
    """This function will return an agreement that the actor may see; raises ``NotFound``."""
    return _one(agreements_of(actor).filter(pk=pk).select_related("firm__organ_type", "payer", "replaces"))


def get_call(pk: int, *, actor: Actor) -> Call:
    """This function will return a call that the actor may see; raises ``NotFound``."""
    return _one(calls_of(actor).filter(pk=pk))


def get_sheet(pk: int, *, actor: Actor) -> CostSheet:
    """This function will return a cost sheet that the actor may see; raises ``NotFound``."""
    return _one(sheets_of(actor).filter(pk=pk))


def _one(rows: QuerySet[Row]) -> Row:
    found = rows.first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class Owed:
    """What is unpaid: sheets, what was entered and accepted in fen, and how many are overdue."""

    sheets: int
    entered: int
    accepted: int
    overdue: int


def owed_of(sheets: Iterable[CostSheet], *, at: datetime) -> Owed:
    """This function will sum up unpaid sheets."""
    rows = list(sheets)
    return Owed(
        len(rows),
        sum(one.entered for one in rows),
        sum(one.accepted for one in rows),
        sum(1 for one in rows if one.due_at is not None and one.due_at <= at),
    )


def to_return(calls: QuerySet[Call]) -> list[CallLine]:
    """This function will return the requisitioned things of calls that both sides have not recorded as returned."""
    rows = CallLine.objects.filter(call__in=calls.order_by(), line=None, returned_at=None, call__drill=False)
    return [line for line in rows.select_related("call").order_by("pk") if line.to_return]
