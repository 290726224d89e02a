"""Delivery: a unit's client fetches the desk, and what it holds is delivered.

A directive reaches thousands of desks at once, and their devices fetch it within seconds: each delivery is an
UPDATE, its steps and a journal row in a transaction; on SQLite those of many devices share one.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from qipan.duties.api import Unit
from qipan.journal.api import canonical, entry_values, publish, write_entries
from qipan.kernel import writer
from qipan.kernel.actor import Actor

from ..ingest import deliver_waiting, write_steps
from ..models import Task
from ..queries.desks import desk_of
from ..queries.inbox import stamp_of
from ..terms import StepKind, TaskState
from .receipts import TasksAnswered

Moved = list[tuple[int, str, bool]]  # id, source, drill


class Delivery(NamedTuple):
    """A unit whose own client is fetching the desk."""

    unit_id: int
    place: int
    by: Actor
    at: datetime


def deliver_desk(unit: Unit, *, by: Actor, at: datetime) -> int:
    """This function will mark what was sent to a unit as delivered, since its own client is fetching it; how many.

    Only a post that answers the unit's tasks is its client; another's look delivers nothing. When
    nothing waits, which is nearly always, nothing is locked or written.
    """
    if not delivers(unit.pk, by):
        return 0
    delivery = Delivery(unit.pk, unit.place, by, at)
    if unit.looks_after:
        return _deliver_stewarded(unit, delivery)
    return deliver_own(delivery) if stamp_of(unit.pk).waiting else 0


def delivers(unit_id: int, by: Actor) -> bool:
    """This function will say whether an actor's look at a desk delivers what lies there."""
    return unit_id == by.unit_id and by.can("task.answer")


def deliver_own(delivery: Delivery) -> int:
    """This function will deliver a unit's own desk; durable on return, but for a caller's transaction."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        return writer.submit(_deliver_all, delivery)
    with transaction.atomic():
        return _deliver_all([delivery])[0]


def _deliver_all(deliveries: list[Delivery]) -> list[int]:
    by_unit = deliver_waiting([(delivery.unit_id, delivery.at) for delivery in reversed(deliveries)])
    moved = [by_unit.pop(delivery.unit_id, []) for delivery in deliveries]  # the first of a unit's devices delivers
    _record(zip(deliveries, moved, strict=True))
    return [len(tasks) for tasks in moved]


def _record(delivered: Iterable[tuple[Delivery, Moved]]) -> None:
    """A step for each task, a journal row for the real ones of a delivery and one for those of a drill, an event."""
    steps: list[tuple[int, str, datetime, str, str]] = []
    entries: list[tuple[Any, ...]] = []
    events = []
    for (unit_id, place, by, at), moved in delivered:
        if not moved:
            continue
        steps += [(pk, StepKind.DELIVERED.value, at, by.label, "") for pk, _source, _drill in moved]
        for drill in sorted({drill for _pk, _source, drill in moved}):
            ids = [pk for pk, _source, of_drill in moved if of_drill is drill]
            entries.append(
                entry_values(
                    act="desk.deliver", subject=f"duties.Unit:{unit_id}", by=by, at=at, place=place,
                    data=canonical({"DELIVERED": ids}), drill=drill,
                )
            )  # fmt: skip
        events.append(TasksAnswered(tuple((pk, source, "DELIVERED") for pk, source, _drill in moved), by, at))
    write_steps(steps)
    write_entries(entries)
    for event in events:
        publish(event)


def _deliver_stewarded(unit: Unit, delivery: Delivery) -> int:
    """A property company fetches the desks of the compounds that it looks after."""
    by, at = delivery.by, delivery.at
    waiting = desk_of(by, unit).filter(state=TaskState.SENT, closed_at=None)
    if not waiting.exists():
        return 0
    with transaction.atomic():
        locked = waiting.select_for_update(no_key=True, of=("self",)).order_by("pk")
        moved = list(locked.values_list("pk", "source", "drill"))
        tasks = Task.objects.everywhere("locked above").filter(pk__in=[pk for pk, _source, _drill in moved])
        tasks.update(state=TaskState.DELIVERED, delivered_at=at, changed_at=at)
        _record([(delivery, moved)])
    return len(moved)
