"""Filing, declining, shelving and its reviews, reopening: what the office that watches over a matter decides."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _now

from qipan.desk.api import recall_sources
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.rows import store_row
from qipan.kernel.text import in_city_language

from ..models import Category, Matter, Report
from ..queries.joining import followed, following
from ..queries.patterns import agreed_open
from ..rules import loop
from ..rules.figures import ended_word
from ..rules.limits import month_of
from ..terms import Outcome, StepKind
from .exclusions import drop_exclusion, propose_exclusion
from .intake import ask_office, office_for, recategorise, tell, title_of
from .steps import ask, check_speaker, end_part, end_waiting, locked, open_parts, settle
from .unsaying import count_filing, take_back_verification, take_back_words


@act
def file_matter(matter: Matter, *, category: Category | None = None, note: str = "", by: Actor, at: datetime) -> Matter:
    """This function will file a matter that meets the catalogue's condition; its category may be put right here.

    Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``, ``NotNow``.
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    after = loop.file(now)
    if category is not None:
        recategorise(held, category)
    settle(held, after, StepKind.FILED, note=note, by=by, at=at)
    tell(held, what="filed", by=by, at=at)
    return held


@act
@in_city_language
def decline_matter(matter: Matter, *, kind: str, reason: str, by: Actor, at: datetime) -> Matter:
    """This function will decline a matter with its kind and a reason that everyone who reported it reads.

    Never counted as solved; the reporter can have it reopened. The level above is asked to confirm that it leaves the
    rates, and it counts until then. Needs ``matter.dispatch``. Raises
    ``NotAllowed``, ``NotFound``, ``NotNow``, ``WrongKind``, ``ReasonNeeded``.
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    after = loop.decline(now, kind=kind, reason=reason, at=at)
    end_waiting(held, note=_now("Declined"), by=by, at=at)
    settle(held, after, StepKind.DECLINED, detail=kind, note=reason, by=by, at=at)
    propose_exclusion(held, by=by, at=at)
    tell(held, what="declined", by=by, at=at)
    return held


@act
@in_city_language
def shelve_matter(matter: Matter, *, reason: str, plan: str, review_at: datetime, by: Actor, at: datetime) -> Matter:
    """This function will shelve what cannot be solved now: reason, plan and day of review are public (MAT-12).

    Its clocks stop, it stays visible and is never solved. Needs ``matter.dispatch``. Raises ``NotAllowed``,
    ``NotFound``, ``NotNow``, ``ReasonNeeded``, ``ReviewTooLate``.
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    after = loop.shelve(now, reason=reason, plan=plan, review_at=review_at, at=at)
    for part in open_parts(held):
        end_part(part, Outcome.ENDED, note=_now("Shelved"), by=by, at=at)
    recall_sources([one.task.source for one in agreed_open(held)], note=_now("Shelved"), by=by, at=at)
    end_waiting(held, note=_now("Shelved"), by=by, at=at)
    held.review_at, held.review_called = review_at, False
    settle(held, after, StepKind.SHELVED, note=_both(reason, plan), by=by, at=at)
    tell(held, what="shelved", by=by, at=at)
    return held


@in_city_language
def _both(reason: str, plan: str) -> str:
    return _now("%(reason)s Plan: %(plan)s") % {"reason": reason.strip(), "plan": plan.strip()}


@act
@in_city_language
def call_review(matter: Matter, *, by: Actor, at: datetime) -> bool:
    """This function will put a shelved matter back on its office's desk when its day of review has come, once.

    For the job; needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``.
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    if now.state != loop.S.SHELVED or held.review_called or held.review_at is None or held.review_at > at:
        return False
    office = office_for(held.place)
    held.waiting = ask(
        held,
        owner=office,
        asker=office,
        title=title_of(held, _now("To review, shelved")),
        basis=_now("Shelved matters are looked at again on the day that was told"),
        limit="3wd",
        by=by,
        at=at,
    )
    held.review_called, held.changed_at = True, at
    store_row(held)
    return True


@act
@in_city_language
def review_shelved(matter: Matter, *, reason: str, plan: str, review_at: datetime, by: Actor, at: datetime) -> Matter:
    """This function will leave a matter shelved after a review, with a new reason, plan and day.

    Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``, ``NotNow``, ``ReasonNeeded``, ``ReviewTooLate``.
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    after = loop.review(now, reason=reason, plan=plan, review_at=review_at, at=at)
    end_waiting(held, note=_now("Reviewed"), by=by, at=at)
    held.review_at, held.review_called = review_at, False
    return settle(held, after, StepKind.REVIEWED, note=_both(reason, plan), by=by, at=at)


@act
@in_city_language
def take_up(matter: Matter, *, by: Actor, at: datetime) -> Matter:
    """This function will take a shelved matter up again: it is filed and can be dispatched.

    Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``, ``NotNow``.
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    after = loop.take_up(now)
    end_waiting(held, note=_now("Taken up again"), by=by, at=at)
    held.review_at, held.review_called = None, False
    settle(held, after, StepKind.TAKEN_UP, by=by, at=at)
    ask_office(held, office_for(held.place), by=by, at=at)
    tell(held, what="taken_up", by=by, at=at)
    return held


@act
def reopen_matter(
    matter: Matter,
    *,
    reason: str,
    report: Report | None = None,
    here: Iterable[Actor] = (),
    by: Actor,
    at: datetime,
) -> Matter:
    """This function will reopen a matter within 30 days of its end: by one who reported it, or by an office.

    An office needs ``matter.dispatch``, a reporter shows his report, from a device that is not signed in (``here``) for
    a unit that handled it. Raises ``NotAllowed``, ``NotFound``, ``HandlerSpeaks``, ``NotNow``, ``ReasonNeeded``,
    ``TooLateToReopen``.
    """
    own = report is not None and followed(report).pk == matter.pk
    held, now = locked(matter, by=by, act=None if own else "matter.dispatch")
    if own:
        check_speaker(now, here)
    after = loop.reopen(now, reason=reason, at=at)
    month = month_of(held.ended_at or at)
    word = drop_exclusion(held, by=by, at=at) if now.state == loop.S.DECLINED else now.confirmation
    ended = ended_word(now.closing, word, month)
    teller = report.pk if own and report is not None else None
    settle(held, after, StepKind.REOPENED, unit=now.handler, detail=ended, note=reason, report=teller, by=by, at=at)
    count_filing(held, by=by, at=at)
    take_back_verification(held, now, by=by, at=at)
    held.verified_at = None
    held.way = ""
    take_back_words(held, following(held.pk), unit=now.handler, by=by, at=at)
    ask_office(held, office_for(held.place), by=by, at=at)
    tell(held, what="reopened", by=by, at=at)
    return held
