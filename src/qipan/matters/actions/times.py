"""Time that a handler asks for: a pause or more time, with its reason, granted only by the unit that asked."""

from datetime import datetime, timedelta

from django.utils.timezone import localtime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import extend_task, resume_task, suspend_task
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.rows import store_row
from qipan.kernel.text import in_city_language

from ..models import Handling, Matter
from ..queries.patterns import hazards_of
from ..rules import loop
from ..terms import StepKind, TimeWish
from .dispatching import own_part
from .steps import as_asker, locked, log, note_step, open_parts

LONGEST = timedelta(days=62)


class WishPending(Refusal):
    code = "wish_pending"
    sentence = _("Time was asked for already; it is decided first.")


class Stands(Refusal):
    """A second wish would take the place of the pause's end, and the clock would never run again by itself."""

    code = "clock_stands"
    sentence = _("The clock stands until %(until)s: ask once it runs again.")


class NoWish(Refusal):
    code = "no_wish"
    sentence = _("There is no request for time to decide on.")


class UntilWrong(Refusal):
    code = "until_wrong"
    sentence = _(
        "Say until when: a moment in the future, at most %(days)s days away, and later than the time that is due."
    )
    status = 400


class OwnConsent(Refusal):
    """Nobody grants himself time, not in another post either."""

    code = "own_consent"
    sentence = _("The unit that handles it, or the person who asked, cannot grant the time.")
    status = 403


class HazardWaits(Refusal):
    """A danger does not wait for its clock."""

    code = "hazard_waits"
    sentence = _("The matter is a hazard that stands: its clock is not stopped, and it is remedied by %(until)s.")


def _check_hazards(matter: Matter, wish: str, until: datetime) -> None:
    """No time is asked for or granted beyond the time of the grade of a hazard that stands; raises ``HazardWaits``."""
    first = min((one.remedy_by for one in hazards_of(matter) if one.remedied_at is None), default=None)
    if first is not None and (wish == TimeWish.PAUSE or until > first):
        raise HazardWaits(until=f"{localtime(first):%Y-%m-%d %H:%M}")


@act
def ask_time(matter: Matter, *, wish: str, until: datetime, reason: str, by: Actor, at: datetime) -> Handling:
    """This function will ask for a pause or for more time, with a reason. Nothing stops before it is granted.

    Needs ``task.answer`` in a unit with a part. Raises ``NotAllowed``, ``NotFound``, ``NotTheHandler``,
    ``ReasonNeeded``, ``WrongKind``, ``UntilWrong``, ``WishPending``, ``Stands``, ``HazardWaits``.
    """
    held, _loop = locked(matter, by=by, act="task.answer")
    part = own_part(held, by)
    if wish not in TimeWish.values:
        raise loop.WrongKind(field="wish")
    reason = loop.said(reason)
    beyond = wish == TimeWish.EXTEND and part.task.due_at is not None and until <= part.task.due_at
    if beyond or not at < until <= at + LONGEST:
        raise UntilWrong(field="until", days=LONGEST.days)
    if part.wish:
        raise WishPending
    if part.wish_until is not None:
        raise Stands(until=f"{localtime(part.wish_until):%Y-%m-%d %H:%M}")
    _check_hazards(held, wish, until)
    part.wish, part.wish_until, part.wish_reason, part.wish_by = wish, until, reason[:300], by.account_id
    store_row(part)
    note_step(held, StepKind.TIME_ASKED, unit=part.unit_id, detail=wish, note=reason, by=by, at=at)
    log(held, StepKind.TIME_ASKED, was=held.state, detail=wish, by=by, at=at)
    return part


@act
def decide_time(part: Handling, *, granted: bool, reason: str, by: Actor, at: datetime) -> Handling:
    """This function will grant or refuse the time that a part asked for; its clock stands or gets its new end.

    By another unit and another person than who asked. Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``,
    ``NoWish``, ``OwnConsent``, ``ReasonNeeded``, ``HazardWaits`` (graded meanwhile; it can only be refused).
    """
    held, _loop = locked(part.matter, by=by, act="matter.dispatch")
    fresh = next((one for one in open_parts(held) if one.pk == part.pk), None)
    if fresh is None:
        raise NotFound
    if not fresh.wish or fresh.wish_until is None:
        raise NoWish
    if fresh.unit_id == by.unit_id or (fresh.wish_by is not None and fresh.wish_by == by.account_id):
        raise OwnConsent
    if granted:
        _check_hazards(held, fresh.wish, fresh.wish_until)
    reason, wish, until, asker = loop.said(reason), fresh.wish, fresh.wish_until, as_asker(fresh.task, by)
    if granted and wish == TimeWish.PAUSE:
        suspend_task(fresh.task, reason=fresh.wish_reason, by=asker, at=at)
    elif granted:
        extend_task(fresh.task, due_at=until, reason=fresh.wish_reason, by=asker, at=at)
    fresh.wish, fresh.wish_reason, fresh.wish_by = "", "", None
    fresh.wish_until = until if granted and wish == TimeWish.PAUSE else None  # the clock runs again then
    store_row(fresh)
    kind = StepKind.TIME_GRANTED if granted else StepKind.TIME_REFUSED
    note_step(held, kind, unit=fresh.unit_id, detail=wish, note=reason, by=by, at=at)
    log(held, kind, was=held.state, detail=wish, by=by, at=at)
    return fresh


@act
@in_city_language
def resume_part(part: Handling, *, by: Actor, at: datetime) -> bool:
    """This function will let the clock of a paused part run again: the time that was left is left.

    For the job at the end of the pause, and for the office before. Needs ``matter.dispatch``. Raises
    ``NotAllowed``, ``NotFound``.
    """
    held, _loop = locked(part.matter, by=by, act="matter.dispatch")
    fresh = next((one for one in open_parts(held) if one.pk == part.pk), None)
    if fresh is None or fresh.task.suspended_at is None:
        return False
    resume_task(fresh.task, by=as_asker(fresh.task, by), at=at)
    fresh.wish_until = None
    store_row(fresh)
    note_step(held, StepKind.RESUMED, unit=fresh.unit_id, note=_now("The pause is over"), by=by, at=at)
    log(held, StepKind.RESUMED, was=held.state, by=by, at=at)
    return True
