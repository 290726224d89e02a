"""How a matter is said to the public: Open311's two words, and an honest sentence about where it stands."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from qipan.matters.api import ENDED, Closing, Confirmation, Matter, State, StepKind

from ..terms import EventKind

OPEN, CLOSED = "open", "closed"

# Steps that only those inside need to know (a reporter joined, time was asked for) are not told.
TOLD: dict[str, EventKind] = {
    StepKind.REPORTED: EventKind.OPENED,
    StepKind.FILED: EventKind.CHANGED,
    StepKind.DISPATCHED: EventKind.CHANGED,
    StepKind.ARBITRATED: EventKind.CHANGED,
    StepKind.REPORTED_DONE: EventKind.CHANGED,
    StepKind.SENT_BACK: EventKind.CHANGED,
    StepKind.VERIFIED: EventKind.CHANGED,
    StepKind.DOUBTED: EventKind.CHANGED,
    StepKind.SHELVED: EventKind.CHANGED,
    StepKind.REVIEWED: EventKind.CHANGED,
    StepKind.TAKEN_UP: EventKind.CHANGED,
    StepKind.DECLINED: EventKind.CLOSED,
    StepKind.MERGED: EventKind.CLOSED,
    StepKind.CLOSED: EventKind.CLOSED,
    StepKind.UNMERGED: EventKind.REOPENED,
    StepKind.REOPENED: EventKind.REOPENED,
}


def status_of(state: str) -> str:
    """This function will say a state in Open311's words; what is shelved is open, because nobody has solved it."""
    return CLOSED if state in ENDED else OPEN


def note_of(matter: Matter, reason: str) -> str:
    """This function will say where a matter stands and what that does not mean; ``reason`` is the public one."""
    state = matter.state
    if state == State.DUPLICATE:
        return _joined(matter)
    if state == State.SHELVED:
        day = date_format(localtime(matter.review_at), "Y-m-d") if matter.review_at else ""
        said = {"reason": reason, "day": day}
        return _("Shelved, not solved. %(reason)s To be looked at again on %(day)s.") % said
    if state == State.DECLINED:
        return _("Declined: %(kind)s. %(reason)s") % {"kind": matter.get_closing_display(), "reason": reason}
    if state == State.CLOSED:
        return _ended(matter)
    if state == State.DONE:
        return _("The handler says that it is done; nobody else has verified it yet.")
    if state == State.VERIFIED:
        return _("Done and verified by somebody else; who reported it has yet to say so.")
    return str(State(state).label)


def _joined(matter: Matter) -> str:
    into = matter.merged_into
    if into is None or into.private:
        return _("Joined to another request about the same thing.")
    return _("Joined to request %(number)s about the same thing; follow that one.") % {"number": into.number}


def _ended(matter: Matter) -> str:
    kind, word = matter.get_closing_display(), matter.get_confirmation_display()
    if matter.closing == Closing.SOLVED and matter.confirmation != Confirmation.DISPUTED:
        return _("Closed: %(kind)s; %(word)s.") % {"kind": kind, "word": word}
    return _("Closed, but not counted as solved: %(kind)s; %(word)s.") % {"kind": kind, "word": word}
