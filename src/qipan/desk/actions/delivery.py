"""Delivery: a unit's client fetches the desk, and what it holds is delivered."""

from datetime import datetime

from django.db import transaction

from qipan.duties.api import Unit
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor

from ..ingest import insert_steps
from ..models import Task
from ..queries.desks import desk_of
from ..terms import StepKind, TaskState
from .receipts import TasksAnswered


def deliver_desk(unit: Unit, *, by: Actor, at: datetime) -> int:
    """This function will mark what was sent to a unit as delivered, since its own client is fetching it; how many.

    Only a post that answers the unit's tasks is its client; another's look delivers nothing. When
    nothing waits, which is nearly always, nothing is locked or written.
    """
    if unit.pk != by.unit_id or not by.can("task.answer"):
        return 0
    waiting = desk_of(by, unit).filter(state=TaskState.SENT, closed_at=None)
    if not waiting.exists():
        return 0
    with transaction.atomic():
        locked = waiting.select_for_update(no_key=True, of=("self",)).order_by("pk")
        found = {pk: (source, drill) for pk, source, drill in locked.values_list("pk", "source", "drill")}
        if not found:
            return 0
        tasks = Task.objects.everywhere("locked above").filter(pk__in=found)
        tasks.update(state=TaskState.DELIVERED, delivered_at=at, changed_at=at)
        insert_steps(tasks, state=StepKind.DELIVERED, at=at, by_label=by.label)
        for drill in {drill for _source, drill in found.values()}:
            ids = [pk for pk, (_source, of_drill) in found.items() if of_drill is drill]
            data = {"DELIVERED": ids}
            record(
                "desk.deliver", subject=f"duties.Unit:{unit.pk}", by=by, at=at, place=unit.place, data=data, drill=drill
            )
        publish(TasksAnswered(tuple((pk, source, "DELIVERED") for pk, (source, _drill) in found.items())))
    return len(found)
