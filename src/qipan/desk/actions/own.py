"""Work that many units have of their own at once: one row each, written together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from qipan.duties.api import Unit
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.refusal import NotFound
from qipan.kernel.sql import take_keys

from ..rules import remind_at
from ..terms import TaskState
from .sending import TasksSent, check_order

COLUMNS = (
    "id", "kind", "source", "title", "asker_id", "owner_id", "place", "basis", "state", "clock", "created_at", "sent_by",
    "due_at", "remind_at", "escalation", "changed_at", "note", "on_paper", "drill",
)  # fmt: skip
NULLABLE = frozenset({"due_at", "remind_at"})


@dataclass(frozen=True)
class OwnTask:
    """What a unit has to do of its own: no gate stands before it."""

    source: str
    title: str
    owner: Unit
    place: int
    basis: str
    due_at: datetime | None
    clock: str


@transaction.atomic
def send_own(
    tasks: Sequence[OwnTask], *, kind: str, source: str, by: Actor, at: datetime, drill: bool = False
) -> list[int]:
    """This function will put many tasks on the desks of units that ask them of themselves, and return their keys.

    ``source`` names what brought them, for the one row in the journal; each task's own source must be new. The
    room that sends has checked its own right. Raises ``OrderMissing`` for what needs an order, ``NotFound`` when a
    place lies outside the actor's scope.
    """
    if not tasks:
        return []
    for task in tasks:
        check_order(kind, task.source, at)
    if any(place not in by.scope for place in {task.place for task in tasks}):
        raise NotFound
    data = {"kind": kind, "tasks": len(tasks)}
    record("desk.send_own", subject=f"desk.source:{source}", by=by, at=at, data=data, drill=drill)
    moment = connection.ops.adapt_datetimefield_value
    keys = take_keys("desk_task", len(tasks))
    now, who = moment(at), by.label[:120]
    write(
        "desk_task",
        COLUMNS,
        (
            (
                key, str(kind), task.source, task.title[:200], task.owner.pk, task.owner.pk, task.place,
                task.basis[:300], TaskState.SENT.value, str(task.clock), now, who, moment(task.due_at),
                moment(remind_at(at, task.due_at)), 0, now, "", False, drill,
            )
            for key, task in zip(keys, tasks, strict=True)
        ),
        nullable=NULLABLE,
    )  # fmt: skip
    publish(TasksSent(source, len(tasks), drill))
    return keys
