"""What owners say of their tasks: delivered, read, accepted, done, objected. Forward only, a resend is harmless."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import canonical, entry_values, publish, write_entries
from qipan.kernel import writer
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMPOUND
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.kernel.rows import Reading, note_stored

from ..ingest import store_receipts, write_steps
from ..models import Task
from ..queries.desks import unit_lately
from ..rules import BATCH, IMPLIED, REFUSED, STORED, judge, may_answer, moment_of, said_on_its_page
from ..terms import TaskKind, TaskState


class NotTheOwner(Refusal):
    """The task lies in the post's area, but on another unit's desk."""

    code = "not_the_owner"
    sentence = _("This task lies on another unit's desk; that unit answers it.")
    status = 403


class TaskRecalled(Refusal):
    code = "recalled"
    sentence = _("This task was recalled; nothing more is asked.")


class TaskClosed(Refusal):
    code = "closed"
    sentence = _("This task is closed already.")


class ObjectionPending(Refusal):
    code = "objected"
    sentence = _("You objected to this task; the unit that asked decides first.")


class ReasonMissing(Refusal):
    code = "reason_missing"
    sentence = _("An objection needs its reason.")
    status = 400


class UnknownState(Refusal):
    code = "unknown_state"
    sentence = _("A receipt says delivered, read, accepted, done or objected.")
    status = 400


class SaidOnItsPage(Refusal):
    """The room that asks needs more than the word: what was done, which grounds an objection has."""

    code = "said_on_its_page"
    sentence = _("This is said on the page of what the task belongs to: open it there.")


REFUSALS = {
    refusal.code: refusal
    for refusal in (
        NotFound, NotTheOwner, TaskRecalled, TaskClosed, ObjectionPending, ReasonMissing, UnknownState, SaidOnItsPage,
    )
}  # fmt: skip


class Receipt(NamedTuple):
    """One thing said of one task; ``at`` is when it happened where it was said."""

    task: int
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a receipt: stored, unchanged, or refused with a code; and the state the task is in."""

    task: int
    answer: str
    code: str = ""
    state: str = ""


@dataclass(frozen=True)
class TasksAnswered:
    """Tasks moved forward: (id, source, new state) each."""

    moved: tuple[tuple[int, str, str], ...]
    by: Actor
    at: datetime


@dataclass
class _Held:
    """A task of the batch as it is and as it will be."""

    was: str
    state: str
    closed: bool
    since: datetime
    place: int
    source: str
    drill: bool
    mine: bool
    moments: dict[str, datetime] = field(default_factory=dict)
    note: str = ""


_LOCKED = Reading[tuple[Any, ...]](
    lambda scope, ids: Task.objects.within(scope)
    .filter(pk__in=ids)
    .select_for_update(no_key=True, of=("self",))
    .order_by("pk")
    .values_list(
        "pk", "state", "closed_at", "created_at", "place", "source", "drill", "on_paper",
        "owner_id", "owner__first", "owner__organ_type__level", "kind",
    )
)  # fmt: skip
_ANSWERED = Reading[Task](lambda scope, pk: Task.objects.within(scope).filter(pk=pk))


def _held(ids: Iterable[int], *, by: Actor) -> dict[int, _Held]:
    """The tasks of a batch, locked in the order of their ids so that two batches never wait in a circle."""
    unit = unit_lately(by)
    held = {}
    for pk, state, closed, created, place, source, drill, paper, owner, first, level, kind in _LOCKED(
        by.scope, sorted(ids)
    ):
        mine = may_answer(
            own=owner == by.unit_id,
            executes=unit is not None and unit.executes,
            for_compound=first is not None and level == COMPOUND,
            on_paper=paper,
            fills_shift=kind == TaskKind.SHIFT and by.can("team.manage"),
        )
        held[pk] = _Held(state, state, closed is not None, created, place, source, drill, mine)
    return held


def _settle(receipt: Receipt, task: _Held | None, *, at: datetime, on_its_page: bool) -> tuple[Answer, datetime]:
    """Judges one receipt and moves its task in memory."""
    moment = at
    if task is None:
        return Answer(receipt.task, REFUSED, "not_found"), moment
    if not task.mine:
        return Answer(receipt.task, REFUSED, "not_the_owner", task.state), moment
    answer, code = judge(task.state, receipt.state, closed=task.closed)
    if answer == STORED and not on_its_page and said_on_its_page(task.source, receipt.state):
        answer, code = REFUSED, SaidOnItsPage.code
    if answer == STORED and receipt.state == TaskState.OBJECTED and not receipt.note.strip():
        answer, code = REFUSED, "reason_missing"
    if answer == STORED:
        moment = moment_of(receipt.at, since=task.since, at=at)
        task.state = receipt.state
        task.closed = receipt.state == TaskState.DONE
        task.note = receipt.note.strip()[:300] or task.note
        for name in IMPLIED[receipt.state]:
            task.moments.setdefault(name, moment)
    return Answer(receipt.task, answer, code, task.state), moment


class _Batch(NamedTuple):
    receipts: list[Receipt]
    by: Actor
    at: datetime
    on_its_page: bool = False


def receive(items: Sequence[tuple[Any, ...]], *, by: Actor, at: datetime, on_its_page: bool = False) -> list[Answer]:
    """This function will store a batch of receipts ``(task, state, at, note)`` and answer each.

    A task only moves forward; what is already so is "unchanged", so that a resend does no harm. Each
    item is stored, unchanged or refused with a code, none stops the others. A device's time holds if
    it lies between sending and now. On SQLite batches of several devices share a transaction.
    Raises ``NotAllowed``; ``BadInput`` above 500 items.
    """
    by.require("task.answer")
    if len(items) > BATCH:
        raise BadInput([f"more than {BATCH} receipts"])
    batch = _Batch([Receipt(*item) for item in items], by, at, on_its_page)
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        return writer.submit(_receive_all, batch, rows=len(items))
    return _receive_now(batch)


@act
def _receive_now(batch: _Batch) -> list[Answer]:
    return _receive(batch)


def _receive_all(batches: list[_Batch]) -> list[list[Answer]]:
    return [_receive(batch) for batch in batches]


def _receive(batch: _Batch) -> list[Answer]:
    receipts, by, at, on_its_page = batch
    held = _held({receipt.task for receipt in receipts}, by=by)
    answers, steps = [], []
    for receipt in receipts:
        answer, moment = _settle(receipt, held.get(receipt.task), at=at, on_its_page=on_its_page)
        answers.append(answer)
        if answer.answer == STORED:
            steps.append((receipt.task, receipt.state, moment, by.label, receipt.note.strip()))
    moved = {pk: task for pk, task in held.items() if task.state != task.was}
    rows = [
        (
            pk, task.was, task.state, *(task.moments.get(name) for name in IMPLIED[TaskState.DONE]), task.note,
        )
        for pk, task in moved.items()
    ]  # fmt: skip
    if moved:
        if store_receipts(rows, at=at) != set(moved):
            raise RuntimeError("a locked task changed under a batch of receipts")
        write_steps(steps)
        _record(moved, by=by, at=at)
    return answers


def _record(moved: dict[int, _Held], *, by: Actor, at: datetime) -> None:
    """One journal row for real tasks and one for those of a drill."""
    entries = []
    for drill in (False, True):
        tasks = {pk: task for pk, task in moved.items() if task.drill is drill}
        if not tasks:
            continue
        first, one = next(iter(tasks.items()))
        states: dict[str, list[int]] = {}
        for pk, task in tasks.items():
            states.setdefault(str(task.state), []).append(pk)
        subject = f"desk.Task:{first}" if len(tasks) == 1 else "desk.Task:batch"
        entries.append(
            entry_values(
                act="desk.receive", subject=subject, by=by, at=at, place=one.place, data=canonical(states), drill=drill
            )
        )
    write_entries(entries)
    publish(TasksAnswered(tuple((pk, task.source, task.state) for pk, task in moved.items()), by, at))


def answer_task(task: Task, *, state: str, note: str = "", by: Actor, at: datetime, on_its_page: bool = False) -> Task:
    """This function will answer one task, move the given one along and return it; the same answer again changes nothing.

    ``on_its_page`` is for the room that asked and reserved this word for its own page (``reserve_words``).

    Raises ``NotAllowed``, ``NotFound``, ``NotTheOwner``, ``TaskRecalled``, ``TaskClosed``,
    ``ObjectionPending``, ``ReasonMissing``, ``UnknownState``, ``SaidOnItsPage``.
    """
    [answer] = receive([Receipt(task.pk, state, at, note)], by=by, at=at, on_its_page=on_its_page)
    if answer.answer == REFUSED:
        raise REFUSALS[answer.code]
    if answer.answer != STORED:
        return _ANSWERED(by.scope, task.pk)[0]
    moments = {name: getattr(task, name) or at for name in IMPLIED[state]}
    note_stored(task, state=state, note=note.strip()[:300] or task.note, changed_at=at, **moments)
    return task
