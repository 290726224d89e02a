"""The clock's own acts: one reminder before a task is due, then the level above, then the area's named leader."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext

from qipan.access.api import Post
from qipan.journal.api import queue_message, record
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..ingest import insert_steps, write_steps
from ..models import Task
from ..queries.desks import in_order, open_and_running
from ..queries.leaders import leaders_at
from ..rules import FAR_LEADER
from ..terms import StepKind


@dataclass(frozen=True)
class Escalated:
    """What one look at the clock did: tasks reminded of, shown to the level above, named to a leader."""

    reminded: int
    raised: int
    named: int


@transaction.atomic
def escalate_late(*, at: datetime, by: Actor) -> Escalated:
    """This function will remind once when a quarter of the time is left, show what is late to the level
    above, and name what is still late after 24 hours to the area's named leader.

    Set-based and harmless to repeat: each task takes each step once. A unit above and a leader get
    one notice for all their tasks; a drill's notices never leave. Tasks whose clock stands are left
    alone. Works on the actor's scope.
    """
    reminded = _remind(at=at, by=by)
    named = _name_leaders(at=at, by=by)
    raised = _raise_to_level_above(at=at, by=by)
    if reminded or raised or named:
        data = {"reminded": reminded, "raised": raised, "named": named}
        record("desk.escalate_late", subject="desk.clock", by=by, at=at, data=data)
    return Escalated(reminded, raised, named)


def _remind(*, at: datetime, by: Actor) -> int:
    due = open_and_running(by.scope).filter(remind_at__lte=at, due_at__gt=at, reminded_at=None)
    if not due.exists():
        return 0
    reminded = in_order(due, free=True).update(reminded_at=at, changed_at=at)
    insert_steps(
        open_and_running(by.scope).filter(reminded_at=at, due_at__gt=at),
        state=StepKind.REMINDED,
        at=at,
        by_label=by.label,
    )
    # Whose tasks they are is read when it is handed out, for the few units that have a channel.
    key = f"reminded:{int(at.timestamp())}:{by.scope.ranges[0].first}"
    queue_message("notice", key=key, payload={"what": "desk.reminded", "at": at.isoformat()}, at=at, drill=False)
    return reminded


@act
def remind_of(task: Task, *, by: Actor, at: datetime) -> None:
    """This function will remind a task's owner before something else than its due time is over, as the time to accept it.

    For the clocks of rooms that ask for more than one time; that they remind once is theirs. Works on the actor's
    scope. Raises ``NotFound``, also for a task that is closed or whose clock stands.
    """
    held = open_and_running(by.scope).select_related("owner").filter(pk=task.pk).first()
    if held is None:
        raise NotFound
    write_steps([(held.pk, StepKind.REMINDED.value, at, by.label, "")])
    payload = {"what": "desk.reminded_of", "task": held.pk, "unit": held.owner.code, "at": at.isoformat()}
    queue_message(
        "notice", key=f"reminded-of:{held.pk}:{int(at.timestamp())}", payload=payload, at=at, drill=held.drill
    )
    record("desk.remind_of", subject=held, by=by, at=at, place=held.place, data={}, drill=held.drill)


def _raise_to_level_above(*, at: datetime, by: Actor) -> int:
    late = open_and_running(by.scope).filter(due_at__lte=at, escalation=0)
    if not late.exists():
        return 0
    raised = in_order(late, free=True).update(escalation=1, escalated_at=at, changed_at=at)
    now_raised = open_and_running(by.scope).filter(escalation=1, escalated_at=at)
    insert_steps(now_raised, state=StepKind.ESCALATED, at=at, by_label=by.label)
    above = (
        now_raised.exclude(owner__parent=None)
        .order_by()
        .values_list("owner__parent_id", "owner__parent__code", "drill")
        .annotate(tasks=Count("pk"))
    )
    for pk, code, drill, tasks in above:
        payload = {"what": "desk.late", "unit": code, "tasks": tasks, "at": at.isoformat()}
        queue_message("notice", key=f"late:{pk}:{int(at.timestamp())}:{drill:d}", payload=payload, at=at, drill=drill)
    return raised


def _name_leaders(*, at: datetime, by: Actor) -> int:
    late = open_and_running(by.scope).filter(due_at__lte=at - FAR_LEADER, escalation=1)
    if not late.exists():
        return 0
    held = late.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk", "place", "drill")
    by_leader = _by_leader(held, at=at)
    named = 0
    for (leader, drill), ids in by_leader.items():
        who = leader.account.display_name if leader else ""
        note = gettext("%(name)s, %(unit)s") % {"name": who, "unit": leader.unit.name} if leader else ""
        for start in range(0, len(ids), 1000):
            tasks = Task.objects.everywhere("locked above").filter(pk__in=ids[start : start + 1000])
            named += tasks.update(escalation=2, escalated_at=at, changed_at=at)
            insert_steps(tasks, state=StepKind.NAMED, at=at, by_label=by.label, note=note)
        if leader is not None:
            payload = {
                "what": "desk.late_named",
                "post": leader.pk,
                "name": who,
                "tasks": len(ids),
                "at": at.isoformat(),
            }
            key = f"late-named:{leader.pk}:{int(at.timestamp())}:{by.scope.ranges[0].first}:{drill:d}"
            queue_message("notice", key=key, payload=payload, at=at, drill=drill)
    return named


def _by_leader(rows: Iterable[tuple[int, int, bool]], *, at: datetime) -> dict[tuple[Post | None, bool], list[int]]:
    """Groups tasks by the named leader of their place."""
    leader_of = leaders_at(at)
    grouped: dict[tuple[Post | None, bool], list[int]] = defaultdict(list)
    for pk, place, drill in rows:
        grouped[leader_of(place), drill].append(pk)
    return grouped
