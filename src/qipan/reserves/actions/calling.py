"""Calling what an agreement stands by with, requisitioning by law, and the end of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import get_default_timezone, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.desk.api import recall_sources
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import later
from qipan.kernel.text import in_city_language
from qipan.laws.api import Article, Use, cite, end_citations, get_article
from qipan.posture.api import Declaration

from .. import rules
from ..models import Agreement, AgreementLine, Call, CallLine
from ..terms import CallKind, call_source, return_source
from .offering import check_kind, check_quantity, check_rate
from .parties import ask, check_caller, check_firm, check_ground, governing_of, note, unit_of
from .refusals import (
    AgreementNotInForce,
    CallOver,
    DeclarationNotInForce,
    InventoryMissing,
    MoreThanAgreed,
    NothingChosen,
    NoticeTooShort,
    NotYourAgreement,
    OutlivesAgreement,
    OutsideCallersGround,
    OutsideReach,
    ReasonMissing,
    RequisitionNotCompetent,
    TimesDisordered,
    WordsMissing,
)

RETURN_WITHIN = timedelta(days=7)


@dataclass(frozen=True)
class Item:
    """One line of the inventory of a requisition."""

    kind: str
    quantity: int | None
    rate: int | None  # fen for one and a day
    described: str
    condition: str


@transaction.atomic
def call_reserve(
    agreement: Agreement,
    *,
    quantities: Mapping[int, int],
    declaration: Declaration | None,
    article: str,
    ground: Range,
    purpose: str,
    starts_at: datetime | None,
    expected_until: datetime | None,
    nonce: str,
    by: Actor,
    at: datetime,
) -> Call:
    """This function will call lines of an agreement under a declaration in force, and put the order on the firm's desk.

    ``quantities``: how many of which lines, by their keys. ``article``: code of the basis in the register of laws.
    ``nonce`` is made by whoever sends: the same again returns the same call. Needs ``reserve.call`` in the unit that
    agreed. Raises ``NotAllowed``, ``NotGoverning``, ``NotYourAgreement``, ``AgreementNotInForce``, ``WordsMissing``,
    ``TimesDisordered``, ``NoticeTooShort``, ``OutlivesAgreement``, ``NotFound``, ``OutsideCallersGround``,
    ``DeclarationNotInForce``, what ``get_article`` raises, ``NothingChosen``, ``NotANumber``, ``OutsideReach``,
    ``MoreThanAgreed``.
    """
    payer = governing_of(by)
    # The agreement is the lock of its lines: two calls at once see each other.
    rows = Agreement.objects.everywhere("one of the two sides").select_for_update(of=("self",))
    fresh = rows.select_related("firm__organ_type", "payer").get(pk=agreement.pk)
    if fresh.payer_id != payer.pk:
        raise NotYourAgreement(unit=fresh.payer)
    if (again := _sent_before(nonce)) is not None:
        return again
    if not fresh.in_force(at):
        raise AgreementNotInForce(number=fresh.number)
    first, last = _times(purpose, starts_at, expected_until, at=at)
    if first - at < timedelta(hours=fresh.notice_hours) and fresh.notice_hours:
        earliest = at + timedelta(hours=fresh.notice_hours)
        raise NoticeTooShort(
            hours=fresh.notice_hours, earliest=f"{localtime(earliest):%Y-%m-%d %H:%M}", field="starts_at"
        )
    if last > fresh.ends_at or (fresh.stopped_at is not None and last > fresh.stopped_at):
        raise OutlivesAgreement(number=fresh.number, field="expected_until")
    if not check_ground(payer, ground, by=by):
        raise OutsideCallersGround(unit=payer, field="area")
    declared = check_declared(declaration, ground, until=last, at=at)
    basis = get_article(article, on=at.astimezone(get_default_timezone()).date())
    lines = _lines(fresh, quantities, ground=ground, starts_at=first, ends_at=last, drill=declared.drill)
    call = _ordered(
        CallKind.CALL, payer, fresh.firm, declared, basis, ground=ground, purpose=purpose, starts_at=first,
        expected_until=last, payment_days=fresh.payment_days, nonce=nonce, agreement=fresh, at=at,
    )  # fmt: skip
    CallLine.objects.bulk_create(
        CallLine(call=call, line=line, kind=line.kind, quantity=quantities[line.pk], rate=line.rate) for line in lines
    )
    cite(call, article, use=use_of(basis), unit_id=payer.pk, place=call.place, at=at)
    _put_on_desk(call, by=by, at=at)
    note("call_reserve", call, place=call.place, by=by, at=at, drill=call.drill, **_said(call))
    return call


@transaction.atomic
def requisition(
    *,
    firm: Unit,
    items: Sequence[Item],
    declaration: Declaration | None,
    article: str,
    ground: Range,
    purpose: str,
    expected_until: datetime | None,
    nonce: str,
    by: Actor,
    at: datetime,
) -> Call:
    """This function will requisition property of a firm by a written order with an inventory, from now on.

    Only under a declaration in force, by an organ of the rank that the article asks for, at the county level at least.
    Use and damage are compensated, what can be goes back (Emergency Response Law 2024, art. 12). Needs
    ``reserve.requisition``. Raises ``NotAllowed``, ``NotAFirm``, what ``get_article`` raises, ``RequisitionNotCompetent``,
    ``WordsMissing``, ``TimesDisordered``, ``NotFound``, ``OutsideCallersGround``, ``DeclarationNotInForce``,
    ``InventoryMissing``, ``KindUnknown``, ``NotANumber``, ``RateMissing``.
    """
    organ = unit_of(by, "reserve.requisition")
    basis = get_article(article, on=at.astimezone(get_default_timezone()).date(), use=Use.REQUISITION)
    needed = max(rules.LEAST_RANK, basis.minimum_rank or 0)
    if organ.organ_type.executes_only or organ.organ_type.authority_rank < needed:
        raise RequisitionNotCompetent(unit=organ, article=basis, rank=later(rank_label, needed))
    check_firm(firm)
    if (again := _sent_before(nonce)) is not None:
        return again
    first, last = _times(purpose, at, expected_until, at=at)
    if not check_ground(organ, ground, by=by):
        raise OutsideCallersGround(unit=organ, field="area")
    declared = check_declared(declaration, ground, until=last, at=at)
    if not items:
        raise InventoryMissing(field="kind_1")
    taken = []
    for n, item in enumerate(items, 1):
        known = check_kind(item.kind, field=f"kind_{n}")
        quantity = check_quantity(item.quantity, field=f"quantity_{n}")
        rate = check_rate(item.rate, field=f"rate_{n}")
        described, condition = item.described.strip()[:200], item.condition.strip()[:200]
        if not described or not condition:
            raise InventoryMissing(field=f"described_{n}")
        taken.append(CallLine(kind=known.code, quantity=quantity, rate=rate, described=described, condition=condition))
    call = _ordered(
        CallKind.REQUISITION, organ, firm, declared, basis, ground=ground, purpose=purpose, starts_at=first,
        expected_until=last, payment_days=rules.USUAL_DAYS, nonce=nonce, agreement=None, at=at,
    )  # fmt: skip
    for line in taken:
        line.call = call
    CallLine.objects.bulk_create(taken)
    cite(call, article, use=Use.REQUISITION, unit_id=organ.pk, place=call.place, at=at)
    _put_on_desk(call, by=by, at=at)
    note("requisition", call, place=call.place, by=by, at=at, drill=call.drill, **_said(call))
    return call


def rank_label(rank: int) -> str:
    """This function will write the rank of an organ."""
    return {2: _("county or district"), 3: _("city"), 4: _("province")}[min(max(rank, 2), 4)]


def use_of(article: Article) -> Use:
    """This function will return for which of its uses an article carries a call: the first that it has."""
    return next((Use(use) for use in (Use.RESPONSE, Use.REQUISITION) if use in article.uses), Use.RESPONSE)


def _sent_before(nonce: str) -> Call | None:
    return Call.objects.everywhere("the sender's own nonce").filter(nonce=nonce).first()


def _times(
    purpose: str, starts_at: datetime | None, expected_until: datetime | None, *, at: datetime
) -> tuple[datetime, datetime]:
    if not purpose.strip():
        raise WordsMissing(field="purpose")
    if starts_at is None or expected_until is None or starts_at >= expected_until or expected_until <= at:
        raise TimesDisordered(field="expected_until")
    return starts_at, expected_until


def check_declared(declaration: Declaration | None, ground: Range, *, until: datetime, at: datetime) -> Declaration:
    """This function will return the declaration where it is in force over all of a ground, and is until the end."""
    if (
        declaration is None
        or not rules.running(declaration.starts_at, declaration.expected_until, declaration.ended_at, at=at)
        or until > declaration.expected_until
        or ground.without([Range(part.first, part.last) for part in declaration.grounds.all()])
    ):
        raise DeclarationNotInForce(field="declaration")
    return declaration


def _lines(
    agreement: Agreement,
    quantities: Mapping[int, int],
    *,
    ground: Range,
    starts_at: datetime,
    ends_at: datetime,
    drill: bool,
) -> list[AgreementLine]:
    lines = list(agreement.lines.filter(pk__in=quantities).order_by("pk"))
    if not lines or len(lines) != len(quantities):
        raise NothingChosen
    for line in lines:
        quantity = check_quantity(quantities[line.pk], field=f"quantity_{line.pk}")
        if not Range(line.first, line.last).covers(ground):
            raise OutsideReach(what=line, field="area")
        running = line.called.filter(call__drill=drill, call__expected_until__gt=starts_at, call__starts_at__lt=ends_at)
        taken = rules.most_taken(
            (rules.Taken(one.call.starts_at, one.call.ends_at, one.quantity) for one in running.select_related("call")),
            starts_at,
            ends_at,
        )
        if taken + quantity > line.quantity:
            raise MoreThanAgreed(
                what=line, agreed=line.quantity, taken=taken, quantity=quantity, field=f"quantity_{line.pk}"
            )
    return lines


@in_city_language
def _ordered(
    kind: CallKind,
    caller: Unit,
    firm: Unit,
    declaration: Declaration,
    basis: Article,
    *,
    ground: Range,
    purpose: str,
    starts_at: datetime,
    expected_until: datetime,
    payment_days: int,
    nonce: str,
    agreement: Agreement | None,
    at: datetime,
) -> Call:
    return Call.objects.create(
        kind=kind,
        agreement=agreement,
        declaration=declaration,
        caller=caller,
        firm=firm,
        place=caller.place,
        purpose=purpose.strip()[:200],
        basis=basis.label[:300],
        first=ground.first,
        last=ground.last,
        ordered_at=at,
        starts_at=starts_at,
        expected_until=expected_until,
        payment_days=payment_days,
        nonce=nonce,
        drill=declaration.drill,
    )


@in_city_language
def _put_on_desk(call: Call, *, by: Actor, at: datetime) -> None:
    said = _("Requisition %(number)s: %(purpose)s") if call.agreement_id is None else _("Call %(number)s: %(purpose)s")
    ask(
        call_source(call.pk),
        said % {"number": call.number, "purpose": call.purpose},
        asker=call.caller,
        owner=call.firm,
        basis=f"{call.number} · {call.basis}",
        due_at=max(call.starts_at, at + timedelta(hours=2)),
        by=by,
        at=at,
        drill=call.drill,
    )


def _said(call: Call) -> dict[str, object]:
    return {
        "firm": call.firm.code,
        "caller": call.caller.code,
        "basis": call.basis,
        "declaration": call.declaration.number,
        "starts_at": call.starts_at.isoformat(),
        "expected_until": call.expected_until.isoformat(),
        "lines": [list(row) for row in call.lines.order_by("pk").values_list("kind", "quantity", "rate")],
    }


def locked_call(call: Call) -> Call:
    """This function will return a call as it is now, locked until the act ends."""
    rows = Call.objects.everywhere("the act checks its sides").select_for_update(of=("self",))
    return rows.select_related("firm", "caller", "declaration", "agreement").get(pk=call.pk)


@transaction.atomic
def extend_call(call: Call, *, expected_until: datetime | None, reason: str, by: Actor, at: datetime) -> Call:
    """This function will give a running call a later end, within its declaration and its agreement, with a reason.

    Needs ``reserve.call`` in the calling unit or one above. Raises ``NotAllowed``, ``NotFound``, ``CallOfAnother``,
    ``CallOver``, ``TimesDisordered``, ``ReasonMissing``, ``DeclarationNotInForce``, ``OutlivesAgreement``, ``MoreThanAgreed``.
    """
    by.require("reserve.call")
    if call.agreement_id is not None:  # calls of one agreement see each other
        Agreement.objects.everywhere("one of the two sides").select_for_update(of=("self",)).get(pk=call.agreement_id)
    fresh = locked_call(call)
    check_caller(fresh, by=by)
    if fresh.ends_at <= at:
        raise CallOver
    if expected_until is None or expected_until <= fresh.expected_until:
        raise TimesDisordered(field="expected_until")
    if not reason.strip():
        raise ReasonMissing(field="reason")
    check_declared(fresh.declaration, Range(fresh.first, fresh.last), until=expected_until, at=at)
    agreed = fresh.agreement
    if agreed is not None:
        if expected_until > agreed.ends_at or (agreed.stopped_at is not None and expected_until > agreed.stopped_at):
            raise OutlivesAgreement(number=agreed.number, field="expected_until")
        wanted = {line.line_id: line.quantity for line in fresh.lines.all() if line.line_id is not None}
        _lines(
            agreed, wanted, ground=Range(fresh.first, fresh.last), starts_at=fresh.expected_until,
            ends_at=expected_until, drill=fresh.drill,
        )  # fmt: skip
    was, fresh.expected_until = fresh.expected_until, expected_until
    fresh.save(update_fields=["expected_until"])
    data = {"was": was.isoformat(), "expected_until": expected_until.isoformat(), "reason": reason.strip()[:300]}
    note("extend_call", fresh, place=fresh.place, by=by, at=at, drill=fresh.drill, **data)
    return fresh


@transaction.atomic
def end_call(call: Call, *, reason: str, by: Actor, at: datetime) -> bool:
    """This function will end a call before its time; says whether it still ran. What is over stays as it is.

    Needs ``reserve.call`` or ``release.run``, in the calling unit or one above. Raises ``NotAllowed``, ``NotFound``,
    ``CallOfAnother``.
    """
    by.require("reserve.call", "release.run")
    fresh = locked_call(call)
    check_caller(fresh, by=by)
    if fresh.ends_at <= at:
        return False
    fresh.ended_at, fresh.end_reason, fresh.noted_at = at, reason.strip()[:300], at
    fresh.save(update_fields=["ended_at", "end_reason", "noted_at"])
    _close(fresh, by=by, at=at)
    return True


@transaction.atomic
def end_due(*, by: Actor, at: datetime, most: int = 500) -> int:
    """This function will write down calls that are over by their own time, and return how many; for the minute's job.

    A call stops holding at its end without this: here its task and citation are closed, and what was requisitioned is
    asked back.
    """
    rows = Call.objects.everywhere("for the clock").filter(noted_at=None, expected_until__lte=at)
    found = list(
        rows.select_for_update(of=("self",)).select_related("firm", "caller", "declaration").order_by("pk")[:most]
    )
    for call in found:
        call.noted_at = at
        call.save(update_fields=["noted_at"])
        _close(call, by=by, at=at)
    return len(found)


@in_city_language
def _close(call: Call, *, by: Actor, at: datetime) -> None:
    """What every end brings."""
    end_citations([call], at=at)
    recall_sources([call_source(call.pk)], note=_("The order has ended."), by=by, at=at)
    left = [line for line in call.lines.order_by("pk") if line.to_return] if not call.drill else []
    if left:
        title = ngettext(
            "Give back what was requisitioned, %(count)s line: %(number)s",
            "Give back what was requisitioned, %(count)s lines: %(number)s",
            len(left),
        )
        ask(
            return_source(call.pk),
            title % {"count": len(left), "number": call.number},
            asker=call.firm,
            owner=call.caller,
            basis=call.basis,
            due_at=at + RETURN_WITHIN,
            by=by,
            at=at,
        )
    data = {"ended_at": call.ends_at.isoformat(), "why": call.end_reason or "EXPIRED", "to_return": len(left)}
    note("end_call", call, place=call.place, by=by, at=at, drill=call.drill, **data)
