"""Sending tasks through the one gate, and taking them back (ORG-10)."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import OrganType, Unit, heir_of, units_on
from qipan.journal.api import publish, record
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import robs_sleep
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal, later
from qipan.kernel.rows import insert_row

from ..ingest import insert_tasks, recall_open
from ..models import Admission, Task
from ..queries.admissions import covers, ground_names
from ..rules import remind_at
from ..terms import UNDER_ORDER, ClockKind, TaskKind, TaskState
from .burden import keep_burden, last_of

TOGETHER = 500  # sources that are recalled by one statement


class NotAdmitted(Refusal):
    """Work for communities, compounds or property companies without an admission that holds now."""

    code = "not_admitted"
    sentence = _(
        "This is work for %(kinds)s and was not admitted: the lead organisation decides first. Nothing was sent."
    )


class GroundNotAdmitted(Refusal):
    """SVC-9: work is admitted for a ground, and done nowhere else."""

    code = "ground_not_admitted"
    sentence = _(
        "“%(title)s” was admitted for %(areas)s; this goes beyond. By the rules of work admission nothing is asked where "
        "it was not admitted."
    )


class ShortNoticeAtNight(Refusal):
    """A demand with less than two hours to answer between 22:00 and 7:00."""

    code = "short_notice_at_night"
    sentence = _(
        "Between 22:00 and 7:00 nobody is asked to answer in less than two hours, unless level I or II "
        "is declared for the whole ground and a leader answers for it by name."
    )


class OrderMissing(Refusal):
    """FRC-6: who stands at a gate carries out an order and can show it."""

    code = "order_missing"
    sentence = _(
        "“%(kind)s” is asked of nobody without a legal order that is in force: issuer, basis, area and end "
        "(Emergency Response Law 2024, art. 72). Nothing was sent."
    )


@dataclass(frozen=True)
class TasksSent:
    """Tasks of a source were put on desks."""

    source: str
    tasks: int
    drill: bool


@dataclass(frozen=True)
class TasksRecalled:
    """Open tasks of a source were taken back."""

    source: str
    tasks: int
    drill: bool


def check_admission(
    admission: Admission | None,
    grounds: Iterable[tuple[int, int]],
    *,
    asker: Unit,
    kinds: Sequence[OrganType],
    at: datetime,
    drill: bool = False,
) -> Admission:
    """This function will refuse work for kinds of unit that no admission of the asker covers now and on these grounds.

    Raises ``NotAdmitted``, ``GroundNotAdmitted``.
    """
    if admission is None or not covers(admission, asker=asker, kinds=kinds, at=at) or (admission.drill and not drill):
        raise NotAdmitted(kinds=list(kinds))
    check_ground(admission, grounds)
    return admission


def check_ground(admission: Admission, grounds: Iterable[tuple[int, int]]) -> None:
    """This function will refuse what goes beyond the ground for which work was admitted. Raises ``GroundNotAdmitted``."""
    if not admission.reaches(grounds):
        raise GroundNotAdmitted(title=admission.title, areas=later(ground_names, admission.grounds))


_declared: list[Callable[..., bool]] = []


def register_declared(reader: Callable[..., bool]) -> None:
    """This function will let the room of declarations say whether one is in force over a ground:
    ``reader(number, grounds, at=…, drill=…)``.
    """
    _declared.append(reader)


def guard_night(
    kinds: Iterable[OrganType],
    grounds: Iterable[tuple[int, int]],
    *,
    declaration: str,
    due_at: datetime | None,
    at: datetime,
    drill: bool,
) -> None:
    """This function will refuse to ask who only executes at night for at once, but under a declaration in force over the
    whole ground. Raises ``ShortNoticeAtNight``.
    """
    if not any(kind.executes_only for kind in kinds):
        return
    if not robs_sleep(at=at, due_at=due_at, zone=get_default_timezone()):
        return
    if not declaration or not any(over(declaration, grounds, at=at, drill=drill) for over in _declared):
        raise ShortNoticeAtNight


def _gate(
    kinds: Iterable[OrganType],
    grounds: Iterable[tuple[int, int]],
    *,
    asker: Unit,
    admission: Admission | None,
    at: datetime,
    drill: bool,
) -> None:
    """The one gate: kinds that only execute get nothing without an admission of the asker's own."""
    guarded = [kind for kind in kinds if kind.executes_only]
    if guarded:
        check_admission(admission, grounds, asker=asker, kinds=guarded, at=at, drill=drill)


_orders: dict[str, Callable[[int, datetime], bool]] = {}


def register_orders(prefix: str, stands: Callable[[int, datetime], bool]) -> None:
    """This function will let a room above say whether the order behind the sources ``prefix:key:…`` stands at a moment."""
    _orders[prefix] = stands


def check_order(kind: str, source: str, at: datetime) -> None:
    """This function will refuse a task of a kind that carries out an order, where the order does not stand."""
    if kind not in UNDER_ORDER:
        return
    prefix, _colon, rest = source.partition(":")
    key = rest.partition(":")[0]
    if prefix not in _orders or not key.isdigit() or not _orders[prefix](int(key), at):
        raise OrderMissing(kind=TaskKind(kind))


@act
def send_tasks(
    *,
    kind: str,
    source: str,
    title: str,
    asker: Unit,
    organ_types: Sequence[str],
    grounds: Sequence[Range],
    basis: str,
    admission: Admission | None = None,
    due_at: datetime | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
    named_person: str = "",
    paper_places: Iterable[int] | None = None,
    clock: str = ClockKind.CLOCK_HOURS,
) -> int:
    """This function will put one task on the desk of every unit of these kinds on the grounds, in one statement.

    The room that sends has checked its own right (``directive.issue``, say). Returns how many desks
    are new to the source; the same call again sends nothing twice. ``paper_places`` are compounds
    reached on a printed sheet. ``named_person`` answers for a demand at night; the sender has checked that level I
    or II is declared. Without one only a declaration excuses that is the admission's, in force, and over all grounds. Raises ``OrderMissing`` for what needs an order (``register_orders``), ``NotFound`` when a ground
    lies outside the actor's scope, ``NotAdmitted`` when a kind only executes and no admission of the asker holds,
    ``GroundNotAdmitted``, ``ShortNoticeAtNight``.
    """
    check_order(kind, source, at)
    if not grounds or not all(by.scope.covers(Range(*ground)) for ground in grounds):
        raise NotFound
    kinds = list(OrganType.objects.filter(code__in=organ_types))
    if len(kinds) != len(set(organ_types)):
        raise NotFound
    _gate(kinds, grounds, asker=asker, admission=admission, at=at, drill=drill)
    if not named_person.strip():
        under = admission.declaration if admission else ""
        guard_night(kinds, grounds, declaration=under, due_at=due_at, at=at, drill=drill)
    given = _given(kind, source, title, asker, basis, admission, due_at, clock, by, at, drill)
    before = last_of(source) if admission and not drill else 0
    sent = insert_tasks(units_on(grounds, organ_types), given, paper_places=paper_places)
    if sent:
        keep_burden(source, after=before, admission=admission, at=at, drill=drill)
        data = {"kind": kind, "tasks": sent, "organ_types": sorted(organ_types), "admission": given["admission_id"]}
        record(
            "desk.send_tasks", subject=f"desk.source:{source}", by=by, at=at, place=asker.place, data=data, drill=drill
        )
        publish(TasksSent(source, sent, drill))
    return sent


def _given(
    kind: str,
    source: str,
    title: str,
    asker: Unit,
    basis: str,
    admission: Admission | None,
    due_at: datetime | None,
    clock: str,
    by: Actor,
    at: datetime,
    drill: bool,
) -> dict[str, object]:
    return {
        "kind": kind,
        "source": source,
        "title": title,
        "asker_id": asker.pk,
        "admission_id": admission.pk if admission else None,
        "basis": basis,
        "state": TaskState.SENT.value,
        "clock": clock,
        "created_at": at,
        "sent_by": by.label[:120],
        "due_at": due_at,
        "remind_at": remind_at(at, due_at),
        "escalation": 0,
        "changed_at": at,
        "note": "",
        "drill": drill,
    }


@act
def send_task(
    *,
    kind: str,
    source: str,
    title: str,
    asker: Unit,
    owner: Unit,
    place: int,
    basis: str,
    admission: Admission | None = None,
    due_at: datetime | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
    clock: str = ClockKind.CLOCK_HOURS,
    listed: bool = False,
    urgent: bool = False,
) -> Task:
    """This function will put one task on one unit's desk, its heir's where it was merged (``duties.heir_of``); the same
    call again returns the task that is there.

    A unit asks nothing new of itself through the gate: its own shifts and reminders need no admission. Nor does
    what stands on the owner's own responsibility list: the list admitted it (``listed``, checked by who sends). At night
    that waits as all else does, unless it is ``urgent``: who sends has checked what it is about.
    Raises ``OrderMissing``, ``NotAdmitted``, ``GroundNotAdmitted`` and ``ShortNoticeAtNight`` as ``send_tasks``, ``NotFound`` when the place
    lies outside the actor's scope.
    """
    check_order(kind, source, at)
    if place not in by.scope:
        raise NotFound
    if owner.pk != asker.pk:
        here, kinds = [Range(place, place)], [owner.organ_type]
        if not listed:
            _gate(kinds, here, asker=asker, admission=admission, at=at, drill=drill)
        if not urgent:
            under = admission.declaration if admission else ""
            guard_night(kinds, here, declaration=under, due_at=due_at, at=at, drill=drill)
    heir = heir_of(owner)
    own = owner.pk == asker.pk
    given = _given(kind, source, title, heir if own else asker, basis, admission, due_at, clock, by, at, drill)
    task = Task(**given, owner=heir, place=place, on_paper=False)
    if not insert_row(task, once=("owner_id", "source", "place")):
        return Task.objects.everywhere("the sender's own task").get(owner=heir, source=source, place=place)
    keep_burden(source, after=task.pk - 1, until=task.pk, admission=admission, at=at, drill=drill)
    data = {"kind": kind, "source": source}
    record("desk.send_task", subject=task, by=by, at=at, place=place, data=data, drill=drill)
    publish(TasksSent(source, 1, drill))
    return task


def recall_tasks(source: str, *, note: str, by: Actor, at: datetime) -> int:
    """This function will close the open tasks of a source as recalled, each with its step; returns how many.

    What was done stays done. The room that owns the source has checked its own right.
    """
    return recall_sources([source], note=note, by=by, at=at)


@act
def recall_sources(sources: Iterable[str], *, note: str, by: Actor, at: datetime) -> int:
    """This function will close the open tasks of many sources as recalled, as ``recall_tasks``; returns how many.

    Some statements and one row of the journal for each five hundred sources that have open tasks.
    """
    every = list(dict.fromkeys(sources))
    return sum(
        _recall(every[first : first + TOGETHER], note=note, by=by, at=at) for first in range(0, len(every), TOGETHER)
    )


def _recall(sources: list[str], *, note: str, by: Actor, at: datetime) -> int:
    found = recall_open(sources, note=note, by_label=by.label, at=at)
    for drill in (False, True):
        counts = Counter(source for _pk, source, of_drill in found if of_drill is drill)
        if not counts:
            continue
        data = {"tasks": counts.total(), "note": note} | ({"sources": sorted(counts)} if len(counts) > 1 else {})
        record("desk.recall_tasks", subject=f"desk.source:{min(counts)}", by=by, at=at, data=data, drill=drill)
        for source, count in counts.items():
            publish(TasksRecalled(source, count, drill))
    return len(found)
