"""The state machine of a matter as data, and its invariants (practice, section 3.2). Pure: no ORM, time passed in.

``MOVES`` says which act leads from where to where. Each function below takes the matter as it stands
(``Loop``) and returns it as it will stand, or raises the refusal that says why not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.kernel.refusal import Refusal

from ..terms import DECLINING, RESULTS, Closing, Confirmation, State
from .limits import Limit

S = State
ALARM_HOPS = 3
REOPEN_WITHIN = timedelta(days=30)
CONFIRM_WITHIN = timedelta(days=7)
REVIEW_WITHIN = timedelta(days=92)  # a shelved matter is looked at again at least each quarter

MOVES: dict[str, tuple[frozenset[State], State]] = {
    "file": (frozenset({S.REPORTED}), S.FILED),
    "decline": (frozenset({S.REPORTED}), S.DECLINED),
    "merge": (frozenset({S.REPORTED, S.FILED}), S.DUPLICATE),
    "unmerge": (frozenset({S.DUPLICATE}), S.REPORTED),
    "dispatch": (frozenset({S.FILED, S.OBJECTED}), S.DISPATCHED),
    "object": (frozenset({S.DISPATCHED}), S.OBJECTED),
    "arbitrate": (frozenset({S.OBJECTED}), S.DISPATCHED),
    "report_done": (frozenset({S.DISPATCHED}), S.DONE),
    "send_back": (frozenset({S.DONE, S.DISPUTED}), S.DISPATCHED),
    "verify": (frozenset({S.DONE}), S.VERIFIED),
    "doubt": (frozenset({S.VERIFIED}), S.DISPUTED),
    "close": (frozenset({S.VERIFIED}), S.CLOSED),
    "let_stand": (frozenset({S.DISPUTED}), S.CLOSED),
    "shelve": (frozenset({S.FILED, S.DISPATCHED}), S.SHELVED),
    "review": (frozenset({S.SHELVED}), S.SHELVED),
    "take_up": (frozenset({S.SHELVED}), S.FILED),
    "reopen": (frozenset({S.CLOSED, S.DECLINED}), S.FILED),
}
# Nobody waits for anything more in these.
ENDED = frozenset({S.DUPLICATE, S.DECLINED, S.CLOSED})
# The handler holds the duty in these: the first receiver keeps it while an objection is decided.
HELD = frozenset({S.DISPATCHED, S.OBJECTED, S.DONE, S.VERIFIED, S.DISPUTED})
# Of these, where nobody has verified it or a reporter doubts it: late, it was due and is not solved.
UNENDED = HELD - {S.VERIFIED}


class NotNow(Refusal):
    """Somebody else was first, or the step does not follow from where the matter stands."""

    code = "not_now"
    sentence = _("The matter is %(state)s now; this step does not follow. Nothing was changed.")


class NotTheHandler(Refusal):
    code = "not_the_handler"
    sentence = _("Another unit handles this matter; only the handler may do so.")
    status = 403


class ObjectedAlready(Refusal):
    code = "objected_already"
    sentence = _("This unit has objected once; there is no second objection.")


class ObjectionLate(Refusal):
    """Who says nothing in time has taken the matter on; else it would be handed on in the end instead of handled."""

    code = "objection_late"
    sentence = _(
        "The time to object, %(limit)s, was over on %(until)s: this unit handles the matter. Nothing was changed."
    )


class RulingIsFinal(Refusal):
    code = "ruling_is_final"
    sentence = _("The lead organisation has ruled; the matter cannot be returned any more.")


class ReasonNeeded(Refusal):
    code = "reason_needed"
    sentence = _("This needs its reason; others will read it.")
    status = 400


class ReturnedByThisUnit(Refusal):
    code = "returned_by_this_unit"
    sentence = _("This unit has objected to the matter; only the lead organisation can give it back to it.")


class OwnObjection(Refusal):
    """Who objects and who agrees with it are two; else the one objection would be any number of hops."""

    code = "own_objection"
    sentence = _("Your unit has objected to this matter: another dispatching office or the lead organisation decides.")
    status = 403


class HandlerVerifies(Refusal):
    """Closing is never done by who handled it."""

    code = "handler_verifies"
    sentence = _("Who handled it does not verify it: another unit and another person must look.")
    status = 403


class HandlerSpeaks(Refusal):
    """A code on a desk makes no reporter of who did the work: its word would confirm itself."""

    code = "handler_speaks"
    sentence = _(
        "You are signed in here for a unit that handled this matter: whoever handled it does not answer for who reported "
        "it."
    )
    status = 403


class PartsOpen(Refusal):
    code = "parts_open"
    sentence = _("Cooperating parts are still open: %(units)s. Each is done first, or waived with a reason.")


class TooLateToReopen(Refusal):
    code = "too_late_to_reopen"
    sentence = ngettext_lazy(
        "A matter is reopened within %(days)s day; please report it anew.",
        "A matter is reopened within %(days)s days; please report it anew.",
        "days",
    )


class WrongKind(Refusal):
    code = "wrong_kind"
    sentence = _("This is not a way to end a matter here.")
    status = 400


class ReviewTooLate(Refusal):
    code = "review_too_late"
    sentence = _("A shelved matter needs a day of review in the future, at most %(days)s days away.")
    status = 400


@dataclass(frozen=True)
class Loop:
    """What the rules need to know of a matter. Units and accounts are their keys."""

    state: State = S.REPORTED
    handler: int | None = None
    first_receiver: int | None = None
    hops: int = 0
    ruled: int | None = None  # the unit that the lead organisation named; final
    objectors: frozenset[int] = frozenset()  # units that have used their one objection
    handlers: frozenset[int] = frozenset()  # units that had a part in it since it was filed
    workers: frozenset[int] = frozenset()  # accounts that reported something done
    closing: str = ""
    confirmation: str = Confirmation.NONE
    ended_at: datetime | None = None

    @property
    def returned(self) -> frozenset[int]:
        """Units that objected and were not told by a ruling to handle it all the same."""
        return self.objectors - {self.ruled}

    @property
    def alarm(self) -> bool:
        """Whether the last hop was the third or a later one."""
        return self.hops >= ALARM_HOPS


def moved(loop: Loop, act: str, **changes: object) -> Loop:
    """This function will move a matter by an act; raises ``NotNow`` where the act does not follow."""
    sources, to = MOVES[act]
    if loop.state not in sources:
        raise NotNow(state=State(loop.state))
    return replace(loop, state=to, **changes)  # type: ignore[arg-type]


def said(reason: str) -> str:
    """This function will return a reason without its margins; raises ``ReasonNeeded`` when nothing is left."""
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    return reason.strip()


def file(loop: Loop) -> Loop:
    return moved(loop, "file")


def decline(loop: Loop, *, kind: str, reason: str, at: datetime) -> Loop:
    after = moved(loop, "decline", closing=kind, ended_at=at)
    if kind not in DECLINING:
        raise WrongKind(field="kind")
    said(reason)
    return after


def merge(loop: Loop, *, at: datetime) -> Loop:
    return moved(loop, "merge", ended_at=at)


def unmerge(loop: Loop) -> Loop:
    return moved(loop, "unmerge", ended_at=None)


def dispatch(loop: Loop, *, unit: int, office: int | None = None) -> Loop:
    """The first dispatch, or another unit after the dispatching ``office`` agreed with an objection of another; each is
    a hop.
    """
    after = moved(loop, "dispatch")
    if loop.state == S.OBJECTED and office == loop.handler:
        raise OwnObjection
    if unit in loop.returned:
        raise ReturnedByThisUnit
    return _handed(after, unit)


def _handed(loop: Loop, unit: int) -> Loop:
    return replace(
        loop,
        handler=unit,
        first_receiver=loop.first_receiver or unit,
        hops=loop.hops + 1,
        handlers=loop.handlers | {unit},
    )


def object_to(loop: Loop, *, unit: int, reason: str, limit: str, until: datetime, at: datetime) -> Loop:
    """One objection with reasons for each handler, in time, none after a ruling. The objector keeps the duty until then.

    ``until`` is when the catalogue's ``limit`` is over.
    """
    after = moved(loop, "object")
    if unit != loop.handler:
        raise NotTheHandler
    if loop.ruled is not None:
        raise RulingIsFinal
    if unit in loop.objectors:
        raise ObjectedAlready
    if at > until:
        raise ObjectionLate(limit=Limit(limit), until=f"{localtime(until):%Y-%m-%d %H:%M}")
    said(reason)
    return replace(after, objectors=loop.objectors | {unit})


def arbitrate(loop: Loop, *, unit: int, reason: str) -> Loop:
    """The ruling binds: to the objector itself or to another unit, and nobody returns the matter any more."""
    after = moved(loop, "arbitrate", ruled=unit)
    said(reason)
    return after if unit == loop.handler else _handed(after, unit)


def report_done(
    loop: Loop, *, unit: int, account: int | None, kind: str, result: str, open_parts: Iterable[str]
) -> Loop:
    """A handler only reports; cooperating parts are each done or waived first (MAT-4)."""
    after = moved(loop, "report_done")
    if unit != loop.handler:
        raise NotTheHandler
    if kind not in RESULTS:
        raise WrongKind(field="kind")
    said(result)
    if left := ", ".join(open_parts):
        raise PartsOpen(units=left)
    return replace(after, closing=kind, workers=loop.workers | ({account} if account is not None else frozenset()))


def check_other(loop: Loop, *, unit: int | None, account: int | None) -> None:
    """This function will pass for another unit and another person than who handled it; raises ``HandlerVerifies``."""
    if unit is None or unit in loop.handlers or (account is not None and account in loop.workers):
        raise HandlerVerifies


def check_reporter(loop: Loop, *, units: Iterable[int | None], accounts: Iterable[int | None]) -> None:
    """This function will pass for whoever speaks as the reporter, unless it is signed in for a unit, or with an account,
    that had a part in the work; raises ``HandlerSpeaks``. Who is not signed in is asked for no identity.
    """
    if not (loop.handlers.isdisjoint(units) and loop.workers.isdisjoint(accounts)):
        raise HandlerSpeaks


def verify(loop: Loop, *, unit: int | None, account: int | None) -> Loop:
    after = moved(loop, "verify")
    check_other(loop, unit=unit, account=account)
    return after


def send_back(loop: Loop, *, unit: int | None, account: int | None, reason: str) -> Loop:
    """What was reported done is not, as another found, or a reporter doubts it: the same handler again, no hop."""
    after = moved(loop, "send_back", closing="", confirmation=Confirmation.NONE)
    check_other(loop, unit=unit, account=account)
    said(reason)
    return after


def doubt(loop: Loop, *, reason: str) -> Loop:
    after = moved(loop, "doubt", confirmation=Confirmation.DISPUTED)
    said(reason)
    return after


def close(loop: Loop, *, confirmed: bool, at: datetime) -> Loop:
    """With a reporter's word it is confirmed; silence is unconfirmed, whatever anyone would like it to be."""
    word = Confirmation.CONFIRMED if confirmed else Confirmation.UNCONFIRMED
    return moved(loop, "close", confirmation=word, ended_at=at)


def let_stand(loop: Loop, *, unit: int | None, account: int | None, reason: str, at: datetime) -> Loop:
    """Closed as disputed, which counts as not solved; decided by somebody who did not handle it."""
    after = moved(loop, "let_stand", ended_at=at)
    check_other(loop, unit=unit, account=account)
    said(reason)
    return after


def shelve(loop: Loop, *, reason: str, plan: str, review_at: datetime, at: datetime) -> Loop:
    """Cannot be solved now: public reason, plan and day of review; never counted as solved (MAT-12)."""
    after = moved(loop, "shelve", closing="")
    _later(reason, plan, review_at, at)
    return after


def review(loop: Loop, *, reason: str, plan: str, review_at: datetime, at: datetime) -> Loop:
    after = moved(loop, "review")
    _later(reason, plan, review_at, at)
    return after


def _later(reason: str, plan: str, review_at: datetime, at: datetime) -> None:
    said(reason)
    said(plan)
    if not at < review_at <= at + REVIEW_WITHIN:
        raise ReviewTooLate(field="review_at", days=REVIEW_WITHIN.days)


def take_up(loop: Loop) -> Loop:
    return moved(loop, "take_up", handler=None)


def reopen(loop: Loop, *, reason: str, at: datetime) -> Loop:
    """Within 30 days of the end; the first receiver, the hops and the objections that were used stay."""
    after = moved(loop, "reopen", handler=None, closing="", confirmation=Confirmation.NONE, ended_at=None)
    said(reason)
    if loop.ended_at is None or at - loop.ended_at > REOPEN_WITHIN:
        raise TooLateToReopen(days=REOPEN_WITHIN.days)
    return after


def stands_verified(loop: Loop) -> bool:
    """This function will say whether a verification still stands: no reporter doubts it."""
    return loop.state in (S.VERIFIED, S.CLOSED) and loop.confirmation != Confirmation.DISPUTED


def solved(loop: Loop) -> bool:
    """This function will say whether a matter counts as solved: verified by another and disputed by nobody."""
    return loop.state == S.CLOSED and loop.closing == Closing.SOLVED and loop.confirmation != Confirmation.DISPUTED


def satisfied(loop: Loop, word: bool | None) -> bool:
    """This function will say whether a matter counts as satisfied: only by a reporter's own word."""
    return loop.confirmation == Confirmation.CONFIRMED and word is True
