"""The record of a site meeting: what was found, and what is agreed, each as a task with an owner and a due time."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, recall_tasks, send_task
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.text import in_city_language

from ..models import Agreed, Call
from ..rules import joint, loop
from ..terms import StepKind
from .calls import caller_only, held_call, log_of, open_held, step_of


def _at_the_meeting(call: Call, *, by: Actor, at: datetime) -> Call:
    held = open_held(call, by=by)
    caller_only(held, by=by)
    if at < held.meets_at:
        raise joint.NotRecordedYet
    return held


@transaction.atomic
def record_meeting(call: Call, *, found: str, by: Actor, at: datetime) -> Call:
    """This function will write down what was found at a site meeting; it may be put right until the call ends.

    Who came is the attendance. Needs the caller's unit. Raises ``NotAllowed``, ``NotFound``, ``CallIsOver``,
    ``NotTheCaller``, ``NotRecordedYet``, ``ReasonNeeded``.
    """
    held = _at_the_meeting(call, by=by, at=at)
    held.found = loop.said(found)[:2000]
    held.save(update_fields=["found"])
    step_of(held, StepKind.RECORDED, unit=None, note=held.found, by=by, at=at)
    log_of(held, StepKind.RECORDED, by=by, at=at)
    return held


@transaction.atomic
@in_city_language
def agree(call: Call, *, text: str, owner: Unit, due_at: datetime, by: Actor, at: datetime) -> Agreed:
    """This function will write down one thing that was agreed: a task on the desk of a unit that came, or of the caller.

    The handler cannot report the matter done before it is done or taken back with a reason (MAT-4). Needs the caller's
    unit. Raises ``NotAllowed``, ``NotFound``, ``CallIsOver``, ``NotTheCaller``, ``NotRecordedYet``, ``NothingAgreed``,
    ``NotAtTheMeeting``.
    """
    held = _at_the_meeting(call, by=by, at=at)
    if not text.strip() or due_at <= at:
        raise joint.NothingAgreed(field="text" if not text.strip() else "due_at")
    came = held.called.filter(unit=owner, came=True).exists()
    if not came and owner.pk != held.caller_id:
        raise joint.NotAtTheMeeting(field="owner")
    held.agreed_made += 1
    held.save(update_fields=["agreed_made"])
    text = text.strip()[:300]
    task = send_task(
        kind=TaskKind.MATTER if held.matter is not None else TaskKind.REQUEST,
        source=f"agreed:{held.pk}:{held.agreed_made}",
        title=text[:200],
        asker=held.caller,
        owner=owner,
        place=held.place,
        basis=(_now("Agreed at the site meeting: %(what)s") % {"what": held.what})[:300],
        due_at=due_at,
        listed=True,  # it was called by its list, and came
        urgent=True,  # agreed with it at the meeting, the time too
        by=by,
        at=at,
        drill=held.drill,
    )
    made = Agreed.objects.create(call=held, text=text, task=task)
    step_of(held, StepKind.AGREED, unit=owner, note=text, by=by, at=at)
    log_of(held, StepKind.AGREED, detail=owner.code[:30], by=by, at=at)
    return made


@transaction.atomic
def take_back(agreed: Agreed, *, reason: str, by: Actor, at: datetime) -> Agreed:
    """This function will take agreed work back with a reason: nobody waits for it any more. Also after the call's end.

    Needs the caller's unit. Raises ``NotAllowed``, ``NotFound``, ``NotTheCaller``, ``ReasonNeeded``,
    ``NothingToTakeBack``.
    """
    held = held_call(agreed.call, by=by)
    caller_only(held, by=by)
    fresh = held.agreed.select_related("task__owner").filter(pk=agreed.pk).first()
    if fresh is None:
        raise NotFound
    reason = loop.said(reason)
    if not recall_tasks(fresh.task.source, note=reason, by=by, at=at):
        raise joint.NothingToTakeBack
    step_of(held, StepKind.TAKEN_BACK, unit=fresh.task.owner, note=reason, by=by, at=at)
    log_of(held, StepKind.TAKEN_BACK, detail=fresh.task.owner.code[:30], by=by, at=at)
    return fresh
