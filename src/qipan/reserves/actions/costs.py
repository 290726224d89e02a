"""Cost sheets: entered by the firm day by day, decided line by line by whoever called, paid within the agreed days."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.duties.api import unit_above
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from .. import rules
from ..models import Call, CallLine, CostLine, CostSheet
from ..terms import CostKind, CostState, overdue_source, pay_source
from .calling import locked_call
from .offering import check_quantity
from .parties import answered, ask, check_caller, firm_of, note
from .refusals import (
    AlreadyPaid,
    CostsEntered,
    DayEntered,
    DayOutside,
    ExerciseCostsNothing,
    LineDecided,
    LinesUndecided,
    MoreThanCalled,
    NothingToPay,
    NotYourCall,
    PaidWhen,
    RateMissing,
    ReasonMissing,
    SheetHandedIn,
    SheetNotHandedIn,
    StillRunning,
    WordsMissing,
)


def open_sheet(call: Call, *, at: datetime) -> CostSheet:
    """This function will return the cost sheet of a locked call that is being entered; a new one where there is none."""
    sheet, _new = CostSheet.objects.get_or_create(call=call, handed_in_at=None, defaults={"opened_at": at})
    return sheet


def add_line(sheet: CostSheet, line: CostLine, *, accepted: bool = False) -> CostLine:
    """This function will put a line on a sheet and add it to the sums that the sheet keeps."""
    line.sheet = sheet
    line.amount = rules.amount(line.quantity, line.rate)
    line.save(force_insert=True)
    sums = {"entered": F("entered") + line.amount}
    if accepted:
        sums["accepted"] = F("accepted") + line.amount
    CostSheet.objects.filter(pk=sheet.pk).update(**sums)
    return line


def _own_call(call: Call, *, by: Actor) -> Call:
    """The call, locked, of the post's own firm; an exercise has no costs."""
    firm = firm_of(by)
    fresh = locked_call(call)
    if fresh.firm_id != firm.pk:
        raise NotYourCall(unit=fresh.firm)
    if fresh.drill:
        raise ExerciseCostsNothing
    return fresh


def days_to_enter(call: Call, line: CallLine | None, *, at: datetime) -> tuple[date, date]:
    """This function will return from which day to which costs of a call may be entered.

    What was requisitioned is in use until both sides have recorded its return, also past the order's end.
    """
    end = call.ends_at
    if line is not None and line.line_id is None and line.returnable:
        end = max(end, line.returned_at or at)
    first, last = rules.days_of(call.starts_at, end, get_default_timezone())
    return first, min(last, localdate(at))


def _check_day(call: Call, line: CallLine | None, day: date | None, *, at: datetime) -> date:
    first, last = days_to_enter(call, line, at=at)
    if day is None or not first <= day <= last:
        raise DayOutside(first=first.isoformat(), last=last.isoformat(), field="day")
    return day


@transaction.atomic
def enter_use(line: CallLine, *, day: date | None, quantity: int | None, by: Actor, at: datetime) -> CostLine:
    """This function will enter what was used of a line on a day; the price is the agreed one, the amount is computed.

    Needs ``reserve.lend`` in the firm that lends. Raises ``NotAllowed``, ``NotAFirm``, ``NotYourCall``,
    ``ExerciseCostsNothing``, ``DayOutside``, ``NotANumber``, ``MoreThanCalled``, ``DayEntered``.
    """
    call = _own_call(line.call, by=by)
    day = _check_day(call, line, day, at=at)
    quantity = check_quantity(quantity)
    if quantity > line.quantity:
        raise MoreThanCalled(called=line.quantity, field="quantity")
    uses = CostLine.objects.filter(called=line, day=day, kind=CostKind.USE).exclude(state=CostState.OBJECTED)
    if uses.exists():
        raise DayEntered(what=line, day=day.isoformat(), field="day")
    entered = add_line(
        open_sheet(call, at=at), CostLine(kind=CostKind.USE, called=line, day=day, quantity=quantity, rate=line.rate)
    )
    note("enter_use", entered, place=call.place, by=by, at=at, day=day.isoformat(), amount=entered.amount)
    return entered


@transaction.atomic
def enter_cost(
    call: Call, *, day: date | None, amount: int | None, what: str, reason: str, by: Actor, at: datetime
) -> CostLine:
    """This function will enter a cost outside the agreement, in fen, with what it was for and why it was needed.

    Needs ``reserve.lend`` in the firm that lends. Raises ``NotAllowed``, ``NotAFirm``, ``NotYourCall``,
    ``ExerciseCostsNothing``, ``DayOutside``, ``RateMissing``, ``WordsMissing``, ``ReasonMissing``.
    """
    fresh = _own_call(call, by=by)
    day = _check_day(fresh, None, day, at=at)
    if amount is None or not 0 < amount <= rules.MOST_FEN:
        raise RateMissing(field="amount")
    if not what.strip():
        raise WordsMissing(field="what")
    if not reason.strip():
        raise ReasonMissing(field="reason")
    entered = add_line(
        open_sheet(fresh, at=at),
        CostLine(kind=CostKind.OTHER, day=day, rate=amount, what=what.strip()[:200], reason=reason.strip()[:300]),
    )
    note("enter_cost", entered, place=fresh.place, by=by, at=at, day=day.isoformat(), amount=entered.amount)
    return entered


@transaction.atomic
def take_out(line: CostLine, *, by: Actor, at: datetime) -> None:
    """This function will take a line out again before the sheet is handed in. Damage that both recorded stays.

    Needs ``reserve.lend`` in the firm that lends. Raises ``NotAllowed``, ``NotAFirm``, ``NotYourCall``, ``NotFound``,
    ``SheetHandedIn``, ``LineDecided``.
    """
    call = _own_call(line.sheet.call, by=by)
    fresh = CostLine.objects.select_related("sheet").filter(pk=line.pk).first()
    if fresh is None:
        raise NotFound
    if fresh.sheet.handed_in_at is not None:
        raise SheetHandedIn
    if fresh.state != CostState.ENTERED:
        raise LineDecided
    sheet = _locked(fresh.sheet)
    sheet.entered -= fresh.amount
    sheet.save(update_fields=["entered"])
    note("take_out", fresh, place=call.place, by=by, at=at, day=fresh.day.isoformat(), amount=fresh.amount)
    fresh.delete()
    if not sheet.lines.exists():
        sheet.delete()  # a sheet without a line asks for nothing and waits for nothing


@transaction.atomic
def hand_in(sheet: CostSheet, *, by: Actor, at: datetime) -> CostSheet:
    """This function will hand a cost sheet in: from now the days of payment run, and the calling unit has a task.

    Needs ``reserve.lend`` in the firm that lends. Raises ``NotAllowed``, ``NotAFirm``, ``NotYourCall``,
    ``NotFound``, ``SheetHandedIn``.
    """
    call = _own_call(sheet.call, by=by)
    fresh = _locked(sheet)
    if fresh.handed_in_at is not None:
        raise SheetHandedIn
    fresh.handed_in_at = at
    fresh.due_at = rules.due_at(at, call.payment_days, get_default_timezone())
    if not fresh.lines.filter(state=CostState.ENTERED).exists():
        fresh.decided_at = at  # nothing but damage that both have recorded
    fresh.save(update_fields=["handed_in_at", "due_at", "decided_at"])
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        title = _("Decide on a cost sheet and pay it: %(number)s, %(amount)s yuan")
        title %= {"number": call.number, "amount": rules.yuan(fresh.entered)}
    ask(
        pay_source(fresh.pk),
        title,
        asker=call.firm,
        owner=call.caller,
        basis=call.agreement.number if call.agreement is not None else call.basis,
        due_at=fresh.due_at,
        by=by,
        at=at,
    )
    note("hand_in", fresh, place=call.place, by=by, at=at, entered=fresh.entered, due_at=fresh.due_at.isoformat())
    return fresh


@transaction.atomic
def ask_nothing(call: Call, *, by: Actor, at: datetime) -> CostSheet:
    """This function will keep that a firm asks nothing for a call that has ended, so that nobody waits for its costs.

    Needs ``reserve.lend`` in the firm that lends. Raises ``NotAllowed``, ``NotAFirm``, ``NotYourCall``,
    ``ExerciseCostsNothing``, ``StillRunning``, ``CostsEntered``.
    """
    fresh = _own_call(call, by=by)
    if fresh.ends_at > at:
        raise StillRunning
    if fresh.sheets.exists():
        raise CostsEntered
    sheet = CostSheet.objects.create(call=fresh, opened_at=at, handed_in_at=at, due_at=at, decided_at=at)
    note("ask_nothing", sheet, place=fresh.place, by=by, at=at)
    return sheet


def _locked(sheet: CostSheet) -> CostSheet:
    found = CostSheet.objects.select_for_update(of=("self",)).filter(pk=sheet.pk).first()
    if found is None:
        raise NotFound  # its last line was taken out meanwhile
    return found


def _payers(sheet: CostSheet, *, by: Actor) -> tuple[CostSheet, Call]:
    """The sheet, locked, with its call, for whoever pays it."""
    by.require("reserve.call")
    call = locked_call(sheet.call)
    check_caller(call, by=by)
    fresh = _locked(sheet)
    if fresh.handed_in_at is None:
        raise SheetNotHandedIn
    return fresh, call


@transaction.atomic
def decide_line(line: CostLine, *, accepted: bool, objection: str = "", by: Actor, at: datetime) -> CostSheet:
    """This function will accept a line or object to it with a reason; what is objected to may be entered again.

    Needs ``reserve.call`` in the calling unit or one above. Raises ``NotAllowed``, ``NotFound``, ``CallOfAnother``,
    ``SheetNotHandedIn``, ``LineDecided``, ``ReasonMissing``.
    """
    sheet, call = _payers(line.sheet, by=by)
    if not accepted and not objection.strip():
        raise ReasonMissing(field="objection")
    _decide(sheet, [line.pk], accepted=accepted, objection=objection, at=at)
    data: dict[str, Any] = {
        "line": line.pk,
        "accepted": accepted,
        "objection": objection.strip()[:300],
        "amount": line.amount,
    }
    note("decide_line", sheet, place=call.place, by=by, at=at, **data)
    return _settled(sheet, call, by=by, at=at)


@transaction.atomic
def accept_rest(sheet: CostSheet, *, by: Actor, at: datetime) -> int:
    """This function will accept every line of a sheet that is not decided yet, and return how many.

    Needs ``reserve.call`` in the calling unit or one above. Raises ``NotAllowed``, ``NotFound``, ``CallOfAnother``,
    ``SheetNotHandedIn``, ``LineDecided`` when none is left.
    """
    fresh, call = _payers(sheet, by=by)
    keys = list(fresh.lines.filter(state=CostState.ENTERED).order_by("pk").values_list("pk", flat=True))
    _decide(fresh, keys, accepted=True, objection="", at=at)
    note("accept_rest", fresh, place=call.place, by=by, at=at, lines=keys)
    _settled(fresh, call, by=by, at=at)
    return len(keys)


def _decide(sheet: CostSheet, keys: list[int], *, accepted: bool, objection: str, at: datetime) -> None:
    rows = CostLine.objects.filter(sheet=sheet, pk__in=keys, state=CostState.ENTERED)
    amounts = list(rows.values_list("amount", flat=True))
    if not amounts:
        raise LineDecided
    state = CostState.ACCEPTED if accepted else CostState.OBJECTED
    rows.update(state=state, objection="" if accepted else objection.strip()[:300], decided_at=at)
    if accepted:
        sheet.accepted += sum(amounts)
        sheet.save(update_fields=["accepted"])


def _settled(sheet: CostSheet, call: Call, *, by: Actor, at: datetime) -> CostSheet:
    """The sheet as it is when its last line is decided; one of which nothing is accepted asks for nothing more."""
    if sheet.decided_at is None and not sheet.lines.filter(state=CostState.ENTERED).exists():
        sheet.decided_at = at
        sheet.save(update_fields=["decided_at"])
        if not sheet.accepted:
            _close(sheet, call, by=by, at=at)
    return sheet


def _close(sheet: CostSheet, call: Call, *, by: Actor, at: datetime) -> None:
    answered(pay_source(sheet.pk), call.caller, by=by, at=at)
    above = unit_above(call.caller)
    if sheet.told_at is not None and above is not None:
        answered(overdue_source(sheet.pk), above, by=by, at=at)


@transaction.atomic
def pay_sheet(sheet: CostSheet, *, paid_on: date | None, voucher: str, by: Actor, at: datetime) -> CostSheet:
    """This function will keep that what was accepted of a sheet was paid, on which day and by which voucher.

    Needs ``reserve.call`` in the calling unit or one above. Raises ``NotAllowed``, ``NotFound``, ``CallOfAnother``,
    ``SheetNotHandedIn``, ``AlreadyPaid``, ``LinesUndecided``, ``NothingToPay``, ``PaidWhen``, ``WordsMissing``.
    """
    fresh, call = _payers(sheet, by=by)
    if fresh.paid_at is not None:
        raise AlreadyPaid
    left = fresh.lines.filter(state=CostState.ENTERED).count()
    if left:
        raise LinesUndecided(count=left)
    if not fresh.accepted:
        raise NothingToPay
    assert fresh.handed_in_at is not None
    first = localdate(fresh.handed_in_at)
    if paid_on is None or not first <= paid_on <= localdate(at):
        raise PaidWhen(first=first.isoformat(), field="paid_on")
    if not voucher.strip():
        raise WordsMissing(field="voucher")
    fresh.paid_at, fresh.paid_on, fresh.voucher = at, paid_on, voucher.strip()[:60]
    fresh.save(update_fields=["paid_at", "paid_on", "voucher"])
    _close(fresh, call, by=by, at=at)
    data: dict[str, Any] = {"accepted": fresh.accepted, "paid_on": paid_on.isoformat(), "voucher": fresh.voucher}
    note("pay_sheet", fresh, place=call.place, by=by, at=at, **data)
    return fresh


@transaction.atomic
def tell_overdue(*, by: Actor, at: datetime, most: int = 500) -> int:
    """This function will put each payment that is overdue on the desk of the level above, once; for the minute's job.

    Whoever pays has had its own task since the handing in, which is late by now.
    """
    rows = CostSheet.objects.filter(paid_at=None, told_at=None, due_at__lte=at).exclude(
        decided_at__isnull=False, accepted=0
    )
    found = list(
        rows.select_for_update(of=("self",))
        .select_related("call__caller", "call__firm")
        .order_by("due_at", "pk")[:most]
    )
    for sheet in found:
        call = sheet.call
        sheet.told_at = at
        sheet.save(update_fields=["told_at"])
        above = unit_above(call.caller)
        if above is not None:
            ask(
                overdue_source(sheet.pk),
                _("Payment overdue: %(payer)s owes %(firm)s for %(number)s")
                % {"payer": call.caller.label, "firm": call.firm.label, "number": call.number},
                asker=call.firm,
                owner=above,
                basis=call.basis,
                due_at=None,
                by=by,
                at=at,
            )
        note("tell_overdue", sheet, place=call.place, by=by, at=at, entered=sheet.entered, accepted=sheet.accepted)
    return len(found)
