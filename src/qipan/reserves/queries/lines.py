"""What is still open of reserves under declarations: for the release, which asks every room."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.duties.api import Unit
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal
from qipan.kernel.scoped import overlapping

from ..models import Call, CallLine, CostSheet
from ..terms import CallKind, CallState, SheetState

# How an open line can be closed: here at once, or by what its owner does on its page.
END, RETURN, DECIDE, HAND_IN = "end_call", "return", "pay", "hand_in"


@dataclass(frozen=True)
class OpenLine:
    """One thing that is still open: a call that runs, what is not yet given back, what is not yet paid.

    ``close`` is "end_call" where ``close_line`` ends it at once; else what its owner does at ``address``: "return",
    "hand_in" (the firm), "pay".
    """

    kind: str  # "CALL" or "REQUISITION"
    reference: str  # "reserves.Call:3"
    title: str
    owner: Unit
    since: datetime
    why: Refusal  # what must happen before it is closed
    address: str
    close: str
    drill: bool


def open_lines(ranges: Iterable[Range], declaration_ids: Sequence[int], *, at: datetime) -> list[OpenLine]:
    """This function will return what is still open on a ground of what was called under some declarations.

    Exact at ``at``, without any job. A call has one line: what must happen next with it. Three queries.
    """
    rows = (
        Call.objects.everywhere("asked by the release, on its own ground")
        .filter(overlapping(ranges), declaration__in=declaration_ids)
        .select_related("caller", "firm")
        .prefetch_related("lines", "sheets")
    )
    found = []
    for call in rows.order_by("pk"):
        said = _next(call, list(call.lines.all()), list(call.sheets.all()), at=at)
        if said is None:
            continue
        owner, why, close = said
        kind = CallKind(call.kind)
        found.append(
            OpenLine(
                kind=kind.value,
                reference=f"reserves.Call:{call.pk}",
                title=f"{kind.label} {call.number}: {call.purpose} · {call.firm.label}",
                owner=owner,
                since=call.starts_at,
                why=why,
                address=f"/reserves/calls/{call.pk}",
                close=close,
                drill=call.drill,
            )
        )
    return found


@dataclass(frozen=True)
class Costs:
    """What an emergency cost in reserves, in fen: what firms entered, what was accepted, and how much of it is paid."""

    calls: int
    requisitions: int
    entered: int
    accepted: int
    paid: int


def costs_under(declaration_id: int) -> Costs:
    """This function will sum the cost sheets of what was called and requisitioned under a declaration."""
    calls = Call.objects.everywhere("sums without firms").filter(declaration=declaration_id)
    kinds = dict(calls.order_by().values_list("kind").annotate(n=Count("pk")))
    sheets = CostSheet.objects.filter(call__in=calls)
    # A sum may not bear the name of a column that a later one adds up: the part that is paid comes first.
    sums = sheets.aggregate(
        paid=Sum("accepted", filter=Q(paid_at__isnull=False)), entered=Sum("entered"), accepted=Sum("accepted")
    )
    return Costs(
        calls=kinds.get(CallKind.CALL, 0),
        requisitions=kinds.get(CallKind.REQUISITION, 0),
        **{name: int(value or 0) for name, value in sums.items()},
    )


class CallToCome(Refusal):
    code = "call_to_come"
    sentence = CallState.TO_COME.label


class CallRuns(Refusal):
    code = "call_runs"
    sentence = CallState.RUNNING.label


class NotGivenBack(Refusal):
    code = "not_given_back"
    sentence = ngettext_lazy(
        "to be given back: %(count)s line",
        "to be given back: %(count)s lines",
        "count",
    )


class SheetOverdue(Refusal):
    code = "sheet_overdue"
    sentence = SheetState.OVERDUE.label


class SheetToPay(Refusal):
    code = "sheet_to_pay"
    sentence = SheetState.TO_PAY.label


class SheetHandedIn(Refusal):
    code = "sheet_handed_in"
    sentence = SheetState.HANDED_IN.label


class FirmEnters(Refusal):
    code = "firm_enters"
    sentence = _("the firm is entering its costs")


# What is told of several sheets: the gravest.
UNPAID: dict[SheetState, type[Refusal]] = {
    SheetState.OVERDUE: SheetOverdue,
    SheetState.TO_PAY: SheetToPay,
    SheetState.HANDED_IN: SheetHandedIn,
}


def _next(
    call: Call, lines: list[CallLine], sheets: list[CostSheet], *, at: datetime
) -> tuple[Unit, Refusal, str] | None:
    """Who must do what next with a call; None when all of it is done."""
    state = call.state(at)
    if state != CallState.ENDED:
        return call.caller, CallRuns() if state == CallState.RUNNING else CallToCome(), END
    if call.drill:
        return None
    left = sum(1 for line in lines if line.to_return)
    if left:
        return call.caller, NotGivenBack(count=left), RETURN
    states = {sheet.state(at) for sheet in sheets}
    for unpaid, told in UNPAID.items():
        if unpaid in states:
            return call.caller, told(), DECIDE
    # Ordered and lent, so it is paid: the firm enters its costs, or says that it asks nothing.
    if SheetState.OPEN in states or (not states and call.starts_at < call.ends_at):
        return call.firm, FirmEnters(), HAND_IN
    return None
