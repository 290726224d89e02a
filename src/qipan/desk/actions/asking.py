"""What the unit that asked may do with its task: stop and start its clock, decide on an objection."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import signing_unit
from qipan.journal.api import queue_message, record
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, due_time, running_time
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound, Refusal
from qipan.kernel.rows import Reading, store_row

from ..ingest import write_steps
from ..models import Task
from ..rules import remind_at
from ..terms import ClockKind, StepKind, TaskState


class NotTheAsker(Refusal):
    """Only who asked may change what was asked."""

    code = "not_the_asker"
    sentence = _("Another unit asked for this; only that unit may do so.")
    status = 403


class ClockStands(Refusal):
    code = "clock_stands"
    sentence = _("The clock of this task stands already.")


class ClockRuns(Refusal):
    code = "clock_runs"
    sentence = _("The clock of this task is running.")


class NotLater(Refusal):
    code = "not_later"
    sentence = _("More time means a later due time, in the future.")
    status = 400


class NotEarlier(Refusal):
    code = "not_earlier"
    sentence = _("Less time means an earlier due time, in the future.")
    status = 400


class NoObjection(Refusal):
    code = "no_objection"
    sentence = _("There is no objection to decide on.")


class TaskIsClosed(Refusal):
    code = "closed"
    sentence = _("This task is closed already.")


_ASKED = Reading[Task](
    lambda scope, unit, pk: (
        Task.objects.everywhere("narrowed in the same statement, as on the task's page")
        .select_for_update(no_key=True, of=("self",))
        .filter(scope.q() | Q(owner=unit) | Q(asker=unit), pk=pk)
    )
)


def _asked(task: Task, *, by: Actor) -> Task:
    """The task, locked, when the actor's unit asked for it, or goes on for a merged one, and the post answers for its desk."""
    held = _ASKED.one(by.scope, by.unit_id, task.pk) if by.unit_id is not None else None
    if held is None:
        raise NotFound
    if not (by.can("task.answer") or by.can("directive.issue")):
        raise NotAllowed(act="task.answer")
    if signing_unit(held.asker, by=by) is None:
        raise NotTheAsker
    if held.closed_at is not None:
        raise TaskIsClosed
    return held


def _step(task: Task, state: StepKind, note: str, *, by: Actor, at: datetime) -> Task:
    task.changed_at = at
    store_row(task)
    write_steps([(task.pk, state.value, at, by.label, note)])
    data = {"step": state.value, "note": note}
    record("desk.change_task", subject=task, by=by, at=at, place=task.place, data=data, drill=task.drill)
    return task


@act
def suspend_task(task: Task, *, reason: str, by: Actor, at: datetime) -> Task:
    """This function will stop a task's clock: it is neither late nor escalated until it runs again.

    Raises ``NotFound``, ``NotAllowed``, ``NotTheAsker``, ``TaskIsClosed``, ``ClockStands``, ``BadInput``.
    """
    held = _asked(task, by=by)
    if held.suspended_at is not None:
        raise ClockStands
    if not reason.strip():
        raise BadInput([gettext("the reason is missing")])
    held.suspended_at = at
    return _step(held, StepKind.SUSPENDED, reason.strip(), by=by, at=at)


@act
def resume_task(task: Task, *, by: Actor, at: datetime) -> Task:
    """This function will start a task's clock again: what was left when it stopped is left now, in its own clock.

    Raises ``NotFound``, ``NotAllowed``, ``NotTheAsker``, ``TaskIsClosed``, ``ClockRuns``.
    """
    held = _asked(task, by=by)
    if held.suspended_at is None:
        raise ClockRuns
    if held.due_at is not None:
        left = running_time(held.suspended_at, held.due_at, Kind(held.clock))
        if left if isinstance(left, int) else left > timedelta(0):
            held.due_at = due_time(at, left, Kind(held.clock)).at
            held.remind_at = remind_at(held.created_at, held.due_at)
    held.suspended_at = None
    return _step(held, StepKind.RESUMED, "", by=by, at=at)


@act
def extend_task(task: Task, *, due_at: datetime, reason: str, by: Actor, at: datetime) -> Task:
    """This function will give a task more time: a later due time, with the reason in its history.

    Raises ``NotFound``, ``NotAllowed``, ``NotTheAsker``, ``TaskIsClosed``, ``NotLater``, ``BadInput``.
    """
    held = _asked(task, by=by)
    if not reason.strip():
        raise BadInput([gettext("the reason is missing")])
    if due_at <= at or (held.due_at is not None and due_at <= held.due_at):
        raise NotLater
    held.due_at, held.remind_at = due_at, remind_at(at, due_at)
    held.escalation, held.reminded_at = 0, None
    return _step(held, StepKind.EXTENDED, reason.strip(), by=by, at=at)


@act
def hasten_task(task: Task, *, due_at: datetime, reason: str, by: Actor, at: datetime) -> Task:
    """This function will give a task less time: an earlier due time by the clock, with the reason in its history.

    The owner is told by a notice, and reminded anew. Raises ``NotFound``, ``NotAllowed``, ``NotTheAsker``,
    ``TaskIsClosed``, ``NotEarlier``, ``BadInput``.
    """
    held = _asked(task, by=by)
    if not reason.strip():
        raise BadInput([gettext("the reason is missing")])
    if due_at <= at or (held.due_at is not None and due_at >= held.due_at):
        raise NotEarlier
    held.due_at, held.remind_at = due_at, remind_at(at, due_at)
    held.clock, held.reminded_at = ClockKind.CLOCK_HOURS, None
    payload = {"what": "desk.hastened", "task": held.pk, "due_at": due_at.isoformat(), "reason": reason.strip()[:300]}
    payload |= {"unit": held.owner.code, "at": at.isoformat()}
    key = f"hastened:{held.pk}:{int(due_at.timestamp())}"
    queue_message("notice", key=key, payload=payload, at=at, drill=held.drill)
    return _step(held, StepKind.HASTENED, reason.strip(), by=by, at=at)


@act
def decide_objection(task: Task, *, upheld: bool, reason: str, by: Actor, at: datetime) -> Task:
    """This function will decide on an owner's objection: upheld, the task is closed; overruled, it is read and open.

    Raises ``NotFound``, ``NotAllowed``, ``NotTheAsker``, ``TaskIsClosed``, ``NoObjection``, ``BadInput``.
    """
    held = _asked(task, by=by)
    if held.state != TaskState.OBJECTED:
        raise NoObjection
    if not reason.strip():
        raise BadInput([gettext("the reason is missing")])
    held.note = reason.strip()[:300]
    if upheld:
        held.closed_at = at
        return _step(held, StepKind.UPHELD, held.note, by=by, at=at)
    held.state = TaskState.READ
    return _step(held, StepKind.OVERRULED, held.note, by=by, at=at)
