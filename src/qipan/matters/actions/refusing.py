"""A called unit that does not come says why, once; the lead organisation decides whether it must."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, TaskState, answer_task, decide_objection, extend_task, recall_tasks, send_task
from qipan.duties.api import lead_body
from qipan.kernel.actor import Actor
from qipan.kernel.text import in_city_language

from ..models import Call, Called
from ..rules import joint, loop
from ..terms import StepKind, Urgency
from .calls import called_in, log_of, no_longer_silent, open_held, part_in, source_of, step_of
from .intake import place_label
from .steps import as_asker

DECIDE = "4wh"  # the lead organisation decides on a refusal within half a working day


@transaction.atomic
@in_city_language
def refuse_call(call: Call, *, reason: str, by: Actor, at: datetime) -> Called:
    """This function will refuse to come, once and only with reasons; the lead organisation sees it and decides.

    Needs ``task.answer`` in a called unit. Raises ``NotAllowed``, ``NotFound``, ``CallIsOver``, ``NotCalled``,
    ``RefusedOnce``, ``ReasonNeeded``.
    """
    held = open_held(call, by=by)
    mine = part_in(held, by=by)
    reason = loop.said(reason)
    if mine.excused is not None:
        raise joint.RefusedOnce
    if mine.accepted_at is not None or mine.refused_at is not None:
        raise joint.NotCalled
    answer_task(mine.task, state=TaskState.OBJECTED, note=reason, by=by, at=at, on_its_page=True)
    no_longer_silent(mine, by=by, at=at)
    mine.refusal, mine.refused_at = reason[:500], at
    mine.save(update_fields=["refusal", "refused_at"])
    lead = lead_body()
    send_task(
        kind=TaskKind.MATTER,
        source=f"{source_of(held)}:refusal:{mine.pk}",
        title=_now("To decide whether %(unit)s must come · %(place)s")
        % {"unit": mine.unit.label, "place": place_label(held.place)},
        asker=lead,
        owner=lead,
        place=held.place,
        basis=_now("Who is called comes, or says why not to the lead organisation"),
        due_at=joint.due(DECIDE, at),
        clock="WORKING_HOURS",
        by=by,
        at=at,
        drill=held.drill,
    )
    step_of(held, StepKind.NOT_COMING, unit=mine.unit, note=reason, by=by, at=at)
    log_of(held, StepKind.NOT_COMING, detail=mine.unit.code[:30], by=by, at=at)
    return mine


@transaction.atomic
@in_city_language
def decide_refusal(called: Called, *, excused: bool, reason: str, by: Actor, at: datetime) -> Called:
    """This function will decide on a refusal, finally: the unit is excused, or it comes.

    Needs ``matter.arbitrate``. Raises ``NotAllowed``, ``NotFound``, ``CallIsOver``, ``NoRefusal``, ``ReasonNeeded``.
    """
    held = open_held(called.call, by=by)
    by.require("matter.arbitrate")
    fresh = called_in(held, called)
    if fresh.refused_at is None or fresh.excused is not None:
        raise joint.NoRefusal
    reason = loop.said(reason)
    decide_objection(fresh.task, upheld=excused, reason=reason, by=as_asker(fresh.task, by), at=at)
    recall_tasks(f"{source_of(held)}:refusal:{fresh.pk}", note=reason, by=by, at=at)
    fresh.excused, fresh.ruling = excused, reason[:500]
    due = joint.due(joint.ANSWER[Urgency(held.urgency)], at)
    if not excused:  # asked anew: its silence is told again
        fresh.answer_by, fresh.silent_at = max(held.respond_by, due), None
        if held.respond_by < due:
            extend_task(
                fresh.task,
                due_at=due,
                reason=_now("It must come: the time to answer begins anew"),
                by=as_asker(fresh.task, by),
                at=at,
            )
    fresh.save(update_fields=["excused", "ruling", "answer_by", "silent_at"])
    detail = "EXCUSED" if excused else "MUST_COME"
    step_of(held, StepKind.RULED, unit=fresh.unit, detail=detail, note=reason, by=by, at=at)
    log_of(held, StepKind.RULED, detail=detail, by=by, at=at)
    return fresh
