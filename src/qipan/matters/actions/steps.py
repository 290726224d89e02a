"""What every act on a matter shares: lock it, ask the rules, write matter, step, counts, journal and event."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection
from django.db.models import Q
from django.utils.timezone import get_default_timezone

from qipan.desk.api import Task, TaskKind, recall_tasks, send_task
from qipan.duties.api import Unit
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import robs_sleep, spare_night
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading, store_row
from qipan.kernel.sql import fetch

from ..ingest import Step, count_state, write_step
from ..models import Handling, Matter
from ..queries.patterns import is_urgent
from ..rules import limits
from ..rules.loop import Loop, check_reporter
from ..terms import Outcome, Part, State, StepKind

JOINING_LOCK = 1903718768


@dataclass(frozen=True)
class MatterMoved:
    """A matter took a step; higher rooms may listen."""

    matter: int
    place: int
    step: str
    state: str
    drill: bool
    row: Matter = field(repr=False, compare=False)  # as it was stored, locked


# A weaker lock than an update of the key, so that a step written from the desk need not wait.
_LOCKED = Reading[Matter](
    lambda scope, pk: (
        Matter.objects.within(scope)
        .select_for_update(no_key=True, of=("self",))
        .select_related("category", "waiting")
        .filter(pk=pk)
    )
)
_PARTS = Reading[Handling](
    lambda matter: Handling.objects.filter(matter=matter).select_related("unit__organ_type", "task").order_by("pk")
)


def locked(matter: Matter, *, by: Actor, act: str | None) -> tuple[Matter, Loop]:
    """This function will lock a matter on the actor's ground and return it with what the rules ask for.

    Two at once: the second waits, then sees what the first did. Raises ``NotFound``, ``NotAllowed``.
    """
    held = _LOCKED.one(by.scope, matter.pk)
    if held is None:
        raise NotFound
    if act is not None:
        by.require(act)
    held.parts = _parts(held)
    return held, loop_of(held)


def lock_chain(*keys: int) -> None:
    """This function will lock matters with all that they are joined to and all that is joined to them: joining, undoing it
    and making a report a matter of its own are rare, and done by one at a time. A lock on PostgreSQL, the write lock on
    SQLite.

    So a chain stays as it is while all of it is locked, in the order of the keys as everywhere.
    """
    if connection.vendor != "postgresql":
        return
    fetch("SELECT pg_advisory_xact_lock(%s)", (JOINING_LOCK,))
    every = Matter.objects.everywhere("a chain may lead over any ground; its ends are gated")
    roots = every.filter(pk__in=keys, root__isnull=False).values("root")
    chain = every.filter(Q(pk__in=keys) | Q(pk__in=roots) | Q(root__in=keys) | Q(root__in=roots)).order_by("pk")
    list(chain.select_for_update(no_key=True, of=("self",)).values_list("pk"))


def need_office_or_handler(now: Loop, *, by: Actor) -> None:
    """This function will see that the actor's unit handles the matter, or that it may dispatch; raises ``NotAllowed``."""
    if by.unit_id is None or by.unit_id != now.handler or not by.can("task.answer"):
        by.require("matter.dispatch")


def check_speaker(now: Loop, here: Iterable[Actor]) -> None:
    """This function will see that nobody as whom the reporter's device is signed in handled it; raises ``HandlerSpeaks``."""
    who = list(here)
    check_reporter(now, units=[one.unit_id for one in who], accounts=[one.account_id for one in who])


def _parts(matter: Matter) -> list[Handling]:
    """The parts of units, read once for an act: whoever changes them locks the matter."""
    if matter.parts is not None:
        return matter.parts
    found = _PARTS(matter.pk)
    for part in found:
        part.matter = matter
    return found


def loop_of(matter: Matter) -> Loop:
    """This function will return a matter as the rules see it."""
    parts = _parts(matter)
    return Loop(
        state=State(matter.state),
        handler=matter.handler_id,
        first_receiver=matter.first_receiver_id,
        hops=matter.hops,
        ruled=matter.ruled_id,
        objectors=frozenset(part.unit_id for part in parts if part.objected_at is not None),
        handlers=frozenset(part.unit_id for part in parts),
        workers=frozenset(part.done_by for part in parts if part.done_by is not None),
        closing=matter.closing,
        confirmation=matter.confirmation,
        ended_at=matter.ended_at,
    )


def note_step(
    matter: Matter,
    kind: StepKind,
    *,
    unit: int | None = None,
    detail: str = "",
    note: str = "",
    report: int | None = None,
    by: Actor,
    at: datetime,
) -> None:
    """This function will write one step and count it; unit by default is the handler, ``report`` whose words the note is."""
    handler = unit if unit is not None else matter.handler_id
    write_step(matter, Step(matter.pk, kind.value, detail, handler, at, by.label, note, report))


def settle(
    matter: Matter,
    after: Loop,
    kind: StepKind,
    *,
    unit: int | None = None,
    detail: str = "",
    note: str = "",
    report: int | None = None,
    by: Actor,
    at: datetime,
) -> Matter:
    """This function will store a matter as the rules moved it, with its step, counts, journal row and event."""
    was = matter.state
    matter.state = after.state
    matter.handler_id = after.handler
    matter.first_receiver_id = after.first_receiver
    matter.hops = after.hops
    matter.ruled_id = after.ruled
    matter.closing = after.closing
    matter.confirmation = after.confirmation
    matter.ended_at = after.ended_at
    matter.changed_at = at
    store_row(matter)
    count_state(matter, was=was, now=after.state)
    note_step(matter, kind, unit=unit, detail=detail, note=note, report=report, by=by, at=at)
    log(matter, kind, was=was, detail=detail, by=by, at=at)
    return matter


def log(matter: Matter, kind: StepKind, *, was: str, detail: str = "", by: Actor, at: datetime) -> None:
    """This function will write the journal row of a step, without any words of people, and tell higher rooms.

    What was changed in the matter is stored by then.
    """
    store_row(matter)
    data = {"from": str(was), "to": str(matter.state), "detail": detail, "handler": matter.handler_id}
    record(
        f"matters.{kind.value.lower()}",
        subject=matter,
        by=by,
        at=at,
        place=matter.place,
        data=data,
        drill=matter.drill,
    )
    publish(MatterMoved(matter.pk, matter.place, kind.value, str(matter.state), matter.drill, matter))


def as_asker(task: Task, by: Actor) -> Actor:
    """This function will return the actor with the right of the unit that asked: who may move the matter may move its tasks."""
    return replace(by, unit_id=task.asker_id, acts=by.acts | {"task.answer"})


def ask(
    matter: Matter,
    *,
    owner: Unit,
    asker: Unit,
    title: str,
    basis: str,
    limit: str = "",
    due_at: datetime | None = None,
    listed: bool = False,
    by: Actor,
    at: datetime,
) -> Task:
    """This function will put a task of the matter on a unit's desk, with a source of its own; ``log`` stores its number.

    It is due at ``due_at``, by the clock, or else when the catalogue's ``limit`` is over, by that limit's own clock; at
    night a unit that only executes has until the morning for what is not urgent.
    """
    matter.tasks += 1
    due, zone = due_at or limits.due(limit, at), get_default_timezone()
    if owner.organ_type.executes_only and robs_sleep(at=at, due_at=due, zone=zone) and not is_urgent(matter):
        due = spare_night(at=at, due_at=due, zone=zone)
    return send_task(
        kind=TaskKind.MATTER,
        source=f"matter:{matter.pk}:{matter.tasks}",
        title=title[:200],
        asker=asker,
        owner=owner,
        place=matter.place,
        basis=basis[:300],
        due_at=due,
        clock=str(limits.clock_of(limit))
        if limit and due_at is None
        else "CLOCK_HOURS",  # a moment is one by the clock
        listed=listed,
        urgent=True,  # what is not has its time till morning
        by=by,
        at=at,
        drill=matter.drill,
    )


def end_waiting(matter: Matter, *, note: str, by: Actor, at: datetime) -> None:
    """This function will take the office's own task about the matter off its desk: what it asked is answered."""
    if matter.waiting is not None:
        recall_tasks(matter.waiting.source, note=note, by=by, at=at)
        matter.waiting = None


def open_parts(matter: Matter) -> list[Handling]:
    """This function will return the parts of units that are not ended, the primary first."""
    left = (part for part in _parts(matter) if part.ended_at is None)
    return sorted(left, key=lambda part: (part.part != Part.PRIMARY, part.pk))


def silence_of(part: Handling) -> str:
    """This function will return the source of the task that tells the level above that a unit has not accepted."""
    return f"unaccepted:{part.matter_id}:{part.pk}"


def no_longer_silent(part: Handling, *, note: str, by: Actor, at: datetime) -> None:
    """This function will take it off the desk of the level above that a unit has not accepted its part."""
    if part.silent_at is not None and part.responded_at is None:
        recall_tasks(silence_of(part), note=note, by=by, at=at)


def end_part(part: Handling, outcome: Outcome, *, note: str, by: Actor, at: datetime) -> None:
    """This function will end a unit's part; what is still open on its desk is recalled, and what waits for its word."""
    no_longer_silent(part, note=note, by=by, at=at)
    part.outcome, part.ended_at = outcome, at
    part.wish, part.wish_until, part.wish_reason, part.wish_by = "", None, "", None
    store_row(part)
    if part.task.closed_at is None:
        recall_tasks(part.task.source, note=note, by=by, at=at)
