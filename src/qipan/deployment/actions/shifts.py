"""Acts on shifts: open, fill and close them, warn of empty ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.timezone import localtime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.desk.api import (
    Admission,
    Task,
    TaskKind,
    TaskState,
    answer_task,
    recall_sources,
    recall_tasks,
    send_task,
    send_tasks,
)
from qipan.duties.api import Stewardship, Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from .. import rules
from ..ingest import insert_shifts
from ..models import LONGEST_NAME, Shift

END_LOOKS_BACK = timedelta(days=7)  # cards of shifts that ended while no job ran
WARNING = "empty-shift:"
TOGETHER = 50  # warnings in one transaction: few commits, and no writer waits long


class ShiftHoursDisordered(Refusal):
    code = "shift_hours_disordered"
    sentence = _("A shift ends after it starts and is no longer than a day.")
    status = 400


class NoShiftLeft(Refusal):
    code = "no_shift_left"
    sentence = _("All of these shifts are over already.")


class NobodyNamed(Refusal):
    code = "nobody_named"
    sentence = _("Say who takes the shift.")
    status = 400


class NameTooLong(Refusal):
    code = "name_too_long"
    sentence = _("A name has at most 80 characters.")
    status = 400


class ShiftFilled(Refusal):
    """Somebody else filled it first."""

    code = "shift_filled"
    sentence = _("The shift is taken by %(filled_by)s.")


class ShiftOver(Refusal):
    code = "shift_over"
    sentence = _("The shift is over or was closed.")


def _require_ground(grounds: Iterable[Range], *, by: Actor) -> list[Range]:
    ranges = [Range(*ground) for ground in grounds]
    if not ranges or any(ground.without(by.scope.ranges) for ground in ranges):
        raise NotFound
    return ranges


@transaction.atomic
def open_shifts(
    *,
    organ_type: str,
    grounds: Iterable[Range],
    periods: Sequence[tuple[datetime, datetime]],
    title: str,
    asker: Unit,
    basis: str,
    source: str,
    admission: Admission | None = None,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> int:
    """This function will open a shift for each period at each place of a kind of unit: at every compound
    (``compound``) or at every compound that a company looks after (``property-company``). Each owner gets
    one task for each period on its desk; filling the shifts closes it. Returns how many shifts.

    Needs ``team.manage``. Raises ``NotAllowed``, ``NotFound``, ``ShiftHoursDisordered``, ``NoShiftLeft``
    and what ``desk.send_tasks`` raises (work for communities and companies needs admission).
    """
    by.require("team.manage")
    ranges = _require_ground(grounds, by=by)
    if rules.period_problem(periods):
        raise ShiftHoursDisordered
    left = [(start, end) for start, end in periods if end > at]
    if not left:
        raise NoShiftLeft
    opened = 0
    for start, end in left:
        task_source = f"{source}:{int(start.timestamp()) // 60}"
        send_tasks(
            kind=TaskKind.SHIFT,
            source=task_source,
            title=f"{title} {localtime(start):%m-%d %H:%M}-{localtime(end):%H:%M}",
            asker=asker,
            organ_types=[organ_type],
            grounds=ranges,
            basis=basis,
            admission=admission,
            due_at=start if start > at else end,
            by=by,
            at=at,
            drill=drill,
        )
        opened += insert_shifts(
            task_source=task_source,
            title=title,
            source=source,
            grounds=ranges,
            starts_at=start,
            ends_at=end,
            drill=drill,
        )
    record(
        "deployment.open_shifts",
        subject=source,
        by=by,
        at=at,
        place=ranges[0].first,
        data={"shifts": opened, "periods": len(left), "organ_type": organ_type},
        drill=drill,
    )
    return opened


@transaction.atomic
def fill_shift(shift: Shift, *, filled_by: str, by: Actor, at: datetime) -> Shift:
    """This function will put somebody on a shift; the owner's task is done once all its shifts are filled.

    ``filled_by`` is what the team calls the person or the post. Needs ``team.manage`` or ``task.answer``.
    Raises ``NotAllowed``, ``NotFound``, ``NobodyNamed``, ``NameTooLong``, ``ShiftOver``, ``ShiftFilled``.
    """
    if not by.can("task.answer"):
        by.require("team.manage")
    if shift.place not in by.scope:
        raise NotFound
    filled_by = filled_by.strip()
    if not filled_by:
        raise NobodyNamed(field="filled_by")
    if len(filled_by) > LONGEST_NAME:
        raise NameTooLong(field="filled_by")
    shifts = Shift.objects.everywhere("subject checked")
    changed = shifts.filter(pk=shift.pk, filled_at=None, released_at=None, ends_at__gt=at).update(
        filled_by=filled_by, filled_at=at
    )
    fresh = shifts.select_related("unit", "task").get(pk=shift.pk)
    if not changed:
        if fresh.filled_at is not None and fresh.ends_at > at and fresh.released_at is None:
            raise ShiftFilled(filled_by=fresh.filled_by)
        raise ShiftOver
    record(
        "deployment.fill_shift",
        subject=fresh,
        by=by,
        at=at,
        place=fresh.place,
        data={"starts_at": fresh.starts_at.isoformat()},
        drill=fresh.drill,
    )
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        filled, all_filled = _now("The shift is filled."), _now("All shifts are filled.")
    recall_tasks(_warning(fresh), note=filled, by=by, at=at)
    if fresh.task is not None and not shifts.filter(task=fresh.task, filled_at=None, released_at=None).exists():
        # The right to fill a shift includes saying that it is filled, whichever unit's desk asked for it.
        filling = replace(by, acts=by.acts | {"team.manage", "task.answer"})
        answer_task(fresh.task, state=TaskState.DONE, note=all_filled, by=filling, at=at)
    return fresh


def fill_shifts(names: Mapping[int, str], *, by: Actor, at: datetime) -> tuple[int, list[tuple[Shift, str, Refusal]]]:
    """This function will put names on shifts, ``names`` by the shift's key: each by itself, so one that is refused (taken
    by somebody else meanwhile, say) holds up no other.

    Returns how many were filled, and those that were refused with the name and the reason. A key of a shift that is
    not on the actor's ground counts for nothing. Needs ``team.manage`` or ``task.answer``. Raises ``NotAllowed``,
    ``NobodyNamed`` (no name at all), ``NotFound`` (none of the shifts is on the actor's ground).
    """
    if not by.can("task.answer"):
        by.require("team.manage")
    if not names:
        raise NobodyNamed
    filled, refused = 0, []
    shifts = Shift.objects.within(by.scope).filter(pk__in=names).order_by("starts_at", "place", "pk")
    for shift in shifts:
        try:
            fill_shift(shift, filled_by=names[shift.pk], by=by, at=at)
        except Refusal as refusal:
            refused.append((shift, names[shift.pk], refusal))
        else:
            filled += 1
    if not (filled or refused):
        raise NotFound
    return filled, refused


@transaction.atomic
def close_shifts(*, source: str, keep_running: bool = False, by: Actor, at: datetime) -> int:
    """This function will close the shifts of a source that are not over; returns how many.

    The open tasks of the source are recalled, those of shifts that are over too: nobody can be named for
    them any more. ``keep_running`` leaves those on duty at this moment until their own end. Needs
    ``team.manage`` or ``release.run``. Raises ``NotAllowed``.
    """
    if not by.can("release.run"):
        by.require("team.manage")
    of_source = Shift.objects.within(by.scope).filter(source=source)
    shifts = of_source.filter(released_at=None, ends_at__gt=at)
    if keep_running:
        shifts = shifts.exclude(filled_at__isnull=False, starts_at__lte=at)
    asked = _open_tasks_of(of_source)
    first = of_source.order_by("place").first()
    closed = shifts.update(released_at=at)
    if first is None or not (closed or asked):
        return 0
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        recall_sources(asked, note=_now("The shift was closed."), by=by, at=at)
    record(
        "deployment.close_shifts",
        subject=source,
        by=by,
        at=at,
        place=first.place,
        data={"shifts": closed},
        drill=first.drill,
    )
    return closed


def end_shifts(*, by: Actor, at: datetime) -> int:
    """This function will recall what is still asked about shifts that are over; returns how many tasks.

    That nobody stood there remains with the shift; a task that no one can do any more is not late, it is
    past. Run it every minute. Raises ``NotAllowed``.
    """
    by.require("team.manage")
    shifts = Shift.objects.within(by.scope)
    past = shifts.filter(ends_at__lte=at, filled_at=None, task__closed_at=None, task__isnull=False)
    ended = past.exclude(task__source__in=shifts.filter(ends_at__gt=at, task__isnull=False).values("task__source"))
    warned = shifts.filter(ends_at__lte=at, filled_at=None, warned_at__gt=at - END_LOOKS_BACK)
    asked = ended.order_by().values_list("task__source", flat=True).distinct()
    return recall_sources([*asked, *_open_warnings(warned)], note=_now("The shift is over."), by=by, at=at)


def _open_tasks_of(shifts: QuerySet[Shift]) -> list[str]:
    """The sources of open tasks that ask for these shifts or warn of them."""
    asked = shifts.filter(task__closed_at=None, task__isnull=False).order_by()
    return [*asked.values_list("task__source", flat=True).distinct(), *_open_warnings(shifts)]


def _open_warnings(shifts: QuerySet[Shift]) -> list[str]:
    """The sources of the cards about these shifts that are still open."""
    warned = shifts.filter(warned_at__isnull=False, filled_at=None).order_by()
    cards = Task.objects.everywhere("cards of shifts in scope").filter(
        closed_at=None, source__in=warned.values_list(Concat(Value(WARNING), Cast("pk", CharField())))
    )
    return list(cards.order_by().values_list("source", flat=True).distinct())


def _warning(shift: Shift) -> str:
    """The source of the card that tells the property manager of an empty shift."""
    return f"{WARNING}{shift.pk}"


def warn_empty_shifts(*, by: Actor, at: datetime, limit: int = 1000) -> int:
    """This function will tell the property manager of each shift that starts within two hours, or runs, with
    nobody on it: one card on its desk, once (SCR-8). Without a property company the shift's own unit is told.
    Returns how many were told; run it every minute. Raises ``NotAllowed``.
    """
    by.require("team.manage")
    empty = list(
        Shift.objects.everywhere("every ground is watched")
        .filter(filled_at=None, released_at=None, warned_at=None, task__isnull=False)
        .filter(starts_at__lte=at + rules.WARN_BEFORE, ends_at__gt=at)
        .select_related("unit", "task")
        .order_by("starts_at", "pk")[:limit]
    )
    places = {shift.place for shift in empty}
    stewards = {
        row.place: row.unit
        for row in Stewardship.objects.filter(place__in=places, valid_to=None, helps=False).select_related(
            "unit__organ_type"
        )
    }
    told = 0
    for first in range(0, len(empty), TOGETHER):
        with transaction.atomic():
            for shift in empty[first : first + TOGETHER]:
                told += _warn(shift, owner=stewards.get(shift.place, shift.unit), by=by, at=at)
    return told


def _warn(shift: Shift, *, owner: Unit, by: Actor, at: datetime) -> int:
    """This function will claim the shift and put the card on the manager's desk; 0 when it is empty no more."""
    claimed = Shift.objects.everywhere("claimed by its id").filter(
        pk=shift.pk, filled_at=None, released_at=None, warned_at=None
    )
    if not claimed.update(warned_at=at):
        return 0
    assert shift.task is not None
    with override(settings.LANGUAGE_CODE):
        title = _now("Nobody on the shift: %(title)s, %(time)s") % {
            "title": shift.title,
            "time": f"{localtime(shift.starts_at):%m-%d %H:%M}",
        }
    send_task(
        kind=TaskKind.CARD,
        source=_warning(shift),
        title=title,
        # A reminder of work that was admitted already: the manager is told, nothing new is asked.
        asker=owner,
        owner=owner,
        place=shift.place,
        basis=shift.task.basis,
        due_at=shift.starts_at if shift.starts_at > at else shift.ends_at,
        by=by,
        at=at,
        drill=shift.drill,
    )
    return 1
