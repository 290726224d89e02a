"""A unit's desk and the counts that the board shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import COMPOUND, Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.sql import fetch

from ..models import Task, TaskStep
from ..rules import may_answer
from ..terms import StepKind, TaskKind

REMEMBER_S = 5.0  # how long a process may act on what it read of a unit
MOST_REMEMBERED = 20_000
OF_COMPOUNDS = Q(owner__organ_type__level=COMPOUND, owner__first__isnull=False)


@dataclass(frozen=True)
class DeskCounts:
    """Open tasks on a ground, late ones, those due before the day ends, and units that hold late ones."""

    open: int
    late: int
    due_today: int
    blocked_units: int


def day_ends(at: datetime) -> datetime:
    """This function will return the midnight that ends the day of ``at`` where the city lives."""
    local = timezone.localtime(at)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def is_late(at: datetime, of: str = "") -> Q:
    """This function will return the filter of open tasks whose time is over; a clock that stands makes nothing late.

    ``of`` leads there from rows that have a task, as "task__".
    """
    return Q(**{f"{of}closed_at": None, f"{of}due_at__lt": at, f"{of}suspended_at": None})


def desk_counts(ranges: Iterable[Range], *, at: datetime, drill: bool | None = None) -> DeskCounts:
    """This function will count the open tasks on a ground; ``drill`` None counts both kinds."""
    rows = Task.objects.within(Scope(tuple(ranges))).filter(closed_at=None)
    if drill is not None:
        rows = rows.filter(drill=drill)
    late = is_late(at)
    counted = rows.aggregate(
        open=Count("pk"),
        late=Count("pk", filter=late),
        due_today=Count("pk", filter=Q(due_at__gte=at, due_at__lt=day_ends(at))),
        blocked_units=Count("owner", filter=late, distinct=True),
    )
    return DeskCounts(**counted)


def late_tasks(ranges: Iterable[Range], *, at: datetime, limit: int = 100, drill: bool | None = None) -> list[Task]:
    """This function will list the late tasks on a ground, the longest overdue first, with owner and asker."""
    rows = Task.objects.within(Scope(tuple(ranges))).filter(is_late(at))
    if drill is not None:
        rows = rows.filter(drill=drill)
    return list(rows.select_related("owner", "asker").order_by("due_at", "place", "pk")[:limit])


def open_and_running(scope: Scope) -> QuerySet[Task]:
    """This function will return the open tasks in a scope whose clock does not stand."""
    return Task.objects.within(scope).filter(closed_at=None, suspended_at=None)


def in_order(tasks: QuerySet[Task], *, free: bool = False) -> QuerySet[Task]:
    """This function will return the tasks locked one by one in the order of their ids, for an update of many at once.

    Batches of receipts lock in that order too, so that no two wait for each other. With ``free`` those that
    somebody is answering at this moment are left out: a clock looks again soon. SQLite has one writer and no such locks.
    """
    held = tasks.select_for_update(no_key=True, skip_locked=free, of=("self",)).order_by("pk")
    return Task.objects.everywhere("chosen by the caller").filter(pk__in=held.values("pk"))


def unit_of(actor: Actor) -> Unit | None:
    """This function will return the actor's unit with its kind, None without a post."""
    if actor.unit_id is None:
        return None
    return Unit.objects.select_related("organ_type").filter(pk=actor.unit_id).first()


class OwnUnit(NamedTuple):
    """What a device's request needs to know of its unit."""

    pk: int
    code: str
    place: int
    has_ground: bool  # a property company has none, but stewardships
    executes: bool  # a partner who only helps in compounds does not, for them


OWN_UNIT = """
SELECT u.id, u.code, u.place, u.first IS NOT NULL, k.executes_only AND (u.first IS NOT NULL OR k.level = %s)
FROM duties_unit u JOIN duties_organtype k ON k.id = u.organ_type_id WHERE u.id = %s
"""
_units: dict[int, tuple[float, OwnUnit | None]] = {}


def unit_lately(actor: Actor) -> OwnUnit | None:
    """This function will return the actor's unit as it was at most ``REMEMBER_S`` ago: a device asks every few seconds."""
    if actor.unit_id is None:
        return None
    read_at, unit = _units.get(actor.unit_id, (-REMEMBER_S, None))
    if monotonic() - read_at >= REMEMBER_S:
        if len(_units) >= MOST_REMEMBERED:
            _units.clear()
        unit = next((OwnUnit(*row) for row in fetch(OWN_UNIT, (COMPOUND, actor.unit_id))), None)
        _units[actor.unit_id] = (monotonic(), unit)
    return unit


def forget_units() -> None:
    """This function will make this process read its units anew."""
    _units.clear()


def desk_of(actor: Actor, unit: Unit) -> QuerySet[Task]:
    """This function will return what lies on a unit's desk; a company that stewards compounds has theirs too.

    Within the actor's scope, and the unit's own desk wherever it stands.
    """
    if unit.looks_after:
        return Task.objects.within(actor.scope).filter(Q(owner=unit) | OF_COMPOUNDS)
    return Task.objects.everywhere("a unit's own desk").filter(owner=unit)


def seen_by(actor: Actor, unit: Unit) -> Q:
    """This function will return the filter of what a post may look at: what lies on its ground, on its desk, or was asked
    by its unit. A partner has no ground of its own and sees of others only the desks of compounds it looks after (red line 6).
    """
    own = Q(owner=unit) | Q(asker=unit)
    if unit.first is not None:
        return own | actor.scope.q()
    return own | (actor.scope.q() & OF_COMPOUNDS) if unit.looks_after else own


def answers_for(task: Task, actor: Actor, unit: Unit) -> bool:
    """This function will say whether the actor's post may answer this task (``rules.may_answer``)."""
    if not actor.can("task.answer") or task.place not in actor.scope:
        return False
    return may_answer(
        own=task.owner_id == unit.pk,
        executes=unit.organ_type.executes_only and (unit.first is not None or unit.looks_after),
        for_compound=task.owner.first is not None and task.owner.organ_type.level == COMPOUND,
        on_paper=task.on_paper,
        fills_shift=task.kind == TaskKind.SHIFT and actor.can("team.manage"),
    )


def get_task(pk: int, *, actor: Actor) -> Task:
    """This function will return one task that the actor's post may look at (``seen_by``).

    Raises ``NotFound`` when it is missing or lies elsewhere, which look alike.
    """
    unit = unit_of(actor)
    rows = Task.objects.everywhere("narrowed in the same statement").select_related(
        "owner__organ_type", "asker__organ_type", "admission", "first_owner"
    )
    task = rows.filter(seen_by(actor, unit), pk=pk).first() if unit is not None else None
    if task is None:
        raise NotFound
    return task


def history(task: Task) -> list[TaskStep]:
    """This function will return every step of a task with actor and time, sending first: no gap without an actor (ORG-15)."""
    sent = TaskStep(task=task, state=StepKind.SENT, at=task.created_at, by_label=task.sent_by)
    return [sent, *task.steps.order_by("pk")]
