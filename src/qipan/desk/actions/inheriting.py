"""What lies on the desk of a unit that was merged: its heir has it from then on, with its clock as it stands."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from qipan.duties.api import Unit, heir_of
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor

from ..ingest import insert_steps
from ..models import Task
from ..terms import StepKind

TOGETHER = 500  # tasks that are handed over by one statement


@dataclass(frozen=True)
class TasksInherited:
    """Open tasks of a merged unit lie on the desk of its heir now; both units by key."""

    tasks: tuple[int, ...]
    unit: int
    heir: int
    at: datetime


@transaction.atomic
def hand_over_desks(*, by: Actor, at: datetime) -> int:
    """This function will put what lies open on the desks of merged units on the desks of their heirs; returns how many tasks.

    State, due time and what was told of each stay. Harmless to repeat. Where the map names no heir, and where the heir
    holds the very same, a task stays: the level above is told when it is late.
    """
    open_ones = Task.objects.everywhere("desks of merged units").filter(closed_at=None)
    waiting = Exists(open_ones.filter(owner=OuterRef("pk")))
    ended = Unit.objects.exclude(valid_to=None).filter(waiting).select_related("organ_type").order_by("pk")
    return sum(_hand_over(unit, heir, by=by, at=at) for unit in ended if (heir := heir_of(unit)) != unit)


def _hand_over(unit: Unit, heir: Unit, *, by: Actor, at: datetime) -> int:
    every = Task.objects.everywhere("the desk of a merged unit")
    same = every.filter(owner=heir, source=OuterRef("source"), place=OuterRef("place"))
    held = every.filter(~Exists(same), owner=unit, closed_at=None).select_for_update(no_key=True, of=("self",))
    of_drill: dict[bool, list[int]] = {False: [], True: []}
    for pk, drill in held.order_by("pk").values_list("pk", "drill"):
        of_drill[drill].append(pk)
    for drill, ids in of_drill.items():
        for first in range(0, len(ids), TOGETHER):
            tasks = every.filter(pk__in=ids[first : first + TOGETHER])
            tasks.filter(asker=unit).update(asker=heir)  # what it asked of itself
            tasks.update(first_owner=Coalesce("first_owner", "owner"), owner=heir, changed_at=at)
            note = f"{unit.name} → {heir.name}"
            insert_steps(tasks, state=StepKind.INHERITED, at=at, by_label=by.label, note=note)
            publish(TasksInherited(tuple(ids[first : first + TOGETHER]), unit.pk, heir.pk, at))
        if ids:
            data = {"heir": heir.code, "tasks": len(ids)}
            record("desk.hand_over", subject=unit, by=by, at=at, place=unit.place, data=data, drill=drill)
    return sum(map(len, of_drill.values()))
