"""The duty roster of a command: turns by post, handed over with a note, gaps told ahead (EMG-3)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import Task, TaskKind, TaskState, recall_tasks, send_task
from qipan.duties.api import Unit, check_line
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from .. import rules
from ..models import Watch
from ..queries.roster import Roster, commands_on, rosters_of

MOST_DAYS = 31


class NoCommand(Refusal):
    """Only a command has a duty roster; gates and teams have shifts."""

    code = "no_command"
    sentence = _("%(unit)s is no command; it keeps no duty roster.")


class RosterOfAnother(Refusal):
    code = "roster_of_another"
    sentence = _("A command keeps its own roster; this is that of %(unit)s.")
    status = 403


class WatchFieldMissing(Refusal):
    code = "watch_field_missing"
    sentence = _("Say which post is on duty.")
    status = 400


class WatchHoursDisordered(Refusal):
    code = "watch_hours_disordered"
    sentence = _("A turn ends after it starts, in the future, and is no longer than a day.")
    status = 400


class WatchTaken(Refusal):
    code = "watch_taken"
    sentence = _("%(post)s is on duty from %(starts)s to %(ends)s already.")


class WatchOver(Refusal):
    code = "watch_over"
    sentence = _("The turn is over or was cancelled.")


class NotYetOnDuty(Refusal):
    code = "not_yet_on_duty"
    sentence = _("A turn is handed over from its start until a day after its end.")


class NothingToHandOver(Refusal):
    code = "nothing_to_hand_over"
    sentence = _("Write what the next turn must know; if nothing is open, say so.")
    status = 400


def _check_own(unit: Unit, *, by: Actor) -> None:
    """This function will raise unless the actor manages the forces of this very command."""
    by.require("team.manage")
    if unit.place not in by.scope:
        raise NotFound
    if not unit.organ_type.is_command:
        raise NoCommand(unit=unit)
    if by.unit_id != unit.pk:
        raise RosterOfAnother(unit=unit)


@transaction.atomic
def set_watch(
    unit: Unit, *, post: str, line: str, starts_at: datetime, ends_at: datetime, days: int = 1, by: Actor, at: datetime
) -> list[Watch]:
    """This function will put a post on duty in a command, at the same hours on ``days`` days in a row.

    All of the days or none. Needs ``team.manage`` in that command. Raises ``NotAllowed``, ``NotFound``, ``NoCommand``,
    ``RosterOfAnother``, ``WatchFieldMissing``, ``LineUnreadable``, ``LinePersonal``, ``WatchHoursDisordered``,
    ``WatchTaken`` where the post is on duty at that time already.
    """
    _check_own(unit, by=by)
    post, line = post.strip(), line.strip()
    if not post:
        raise WatchFieldMissing(field="post")
    check_line(line)
    in_order = timedelta(0) < ends_at - starts_at <= rules.LONGEST_WATCH
    if not in_order or ends_at <= at or not 1 <= days <= MOST_DAYS:
        raise WatchHoursDisordered(field="ends_at")
    standing = Watch.objects.within(by.scope).filter(unit=unit, post=post, cancelled_at=None)
    written = []
    for day in range(days):
        start, end = starts_at + timedelta(days=day), ends_at + timedelta(days=day)
        other = standing.filter(starts_at__lt=end, ends_at__gt=start).first()
        if other is not None:
            raise WatchTaken(post=post, starts=_said(other.starts_at), ends=_said(other.ends_at))
        try:
            with transaction.atomic():
                written.append(
                    Watch.objects.create(
                        unit=unit, place=unit.place, post=post, line=line, starts_at=start, ends_at=end
                    )
                )
        except IntegrityError:  # entered twice at the same moment; the constraint lets one through
            raise WatchTaken(post=post, starts=_said(start), ends=_said(end)) from None
    record(
        "command.set_watch",
        subject=written[0],
        by=by,
        at=at,
        place=unit.place,
        data={"post": post, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat(), "days": days},
    )
    _tell(rosters_of([unit], at=at, ahead=rules.WATCH_WARNING), by=by, at=at)
    return written


@transaction.atomic
def cancel_watch(watch: Watch, *, by: Actor, at: datetime) -> Watch:
    """This function will take a turn that is not over off the roster.

    Raises ``NotAllowed``, ``NotFound``, ``RosterOfAnother``, ``WatchOver``.
    """
    _check_own(watch.unit, by=by)
    changed = Watch.objects.within(by.scope).filter(pk=watch.pk, cancelled_at=None, ends_at__gt=at)
    if not changed.update(cancelled_at=at):
        raise WatchOver
    watch.cancelled_at = at
    data = {"post": watch.post, "starts_at": watch.starts_at.isoformat()}
    record("command.cancel_watch", subject=watch, by=by, at=at, place=watch.place, data=data)
    _tell(rosters_of([watch.unit], at=at, ahead=rules.WATCH_WARNING), by=by, at=at)
    return watch


@transaction.atomic
def hand_over_watch(watch: Watch, *, note: str, by: Actor, at: datetime) -> Watch:
    """This function will keep what the next turn must know; a later note replaces it, the journal keeps both.

    Raises ``NotAllowed``, ``NotFound``, ``RosterOfAnother``, ``WatchOver`` (cancelled), ``NotYetOnDuty``,
    ``NothingToHandOver``.
    """
    _check_own(watch.unit, by=by)
    if not note.strip():
        raise NothingToHandOver(field="note")
    if watch.cancelled_at is not None:
        raise WatchOver
    if not watch.starts_at <= at <= watch.ends_at + rules.LONGEST_WATCH:
        raise NotYetOnDuty
    watch.note, watch.handed_over_at = note.strip()[:500], at
    watch.save(update_fields=["note", "handed_over_at"])
    data = {"post": watch.post, "note": watch.note}
    record("command.hand_over_watch", subject=watch, by=by, at=at, place=watch.place, data=data)
    return watch


def tell_roster_gaps(*, by: Actor, at: datetime) -> int:
    """This function will tell each command of the hours within two hours from now in which nobody is on duty there.

    One card on the command's own desk for each gap, once; it is recalled when the gap is filled or past. Returns
    how many were told; run it every minute. Raises ``NotAllowed``.
    """
    by.require("team.manage")
    return tell_gaps_on(by.scope.ranges, by=by, at=at)


def tell_gaps_on(grounds: Iterable[Range], *, by: Actor, at: datetime) -> int:
    """This function will do the same for the commands on a ground, for an act that changes what they must cover."""
    return _tell(rosters_of(commands_on(grounds), at=at, ahead=rules.WATCH_WARNING), by=by, at=at)


def _said(moment: datetime) -> str:
    return f"{localtime(moment):%m-%d %H:%M}"


@transaction.atomic
def _tell(rosters: Sequence[Roster], *, by: Actor, at: datetime) -> int:
    """This function will put a card on the desk for each new gap and recall those whose gap is no more."""
    told = 0
    for roster in rosters:
        own = f"roster-gap:{roster.unit.pk}:"
        cards = Task.objects.everywhere("a command's own cards").filter(owner=roster.unit, source__startswith=own)
        gaps = {f"{own}{int(start.timestamp()) // 60}:": (start, end) for start, end in roster.gaps}
        for source in cards.filter(closed_at=None).values_list("source", flat=True):
            if not any(source.startswith(gap) for gap in gaps):
                with override(settings.LANGUAGE_CODE):
                    recall_tasks(source, note=gettext("There is no gap any more."), by=by, at=at)
        for gap, (start, end) in gaps.items():
            before = list(cards.filter(source__startswith=gap).values_list("state", flat=True))
            if all(state == TaskState.RECALLED for state in before):
                _card(roster, f"{gap}{len(before)}", start, end, by=by, at=at)
                told += 1
    return told


def _card(roster: Roster, source: str, start: datetime, end: datetime, *, by: Actor, at: datetime) -> None:
    with override(settings.LANGUAGE_CODE):
        title = gettext("Nobody on duty in %(unit)s from %(start)s") % {
            "unit": roster.unit.label,
            "start": _said(start),
        }
        basis = gettext("Duty roster of the command")
    send_task(
        kind=TaskKind.CARD,
        source=source,
        title=title,
        asker=roster.unit,
        owner=roster.unit,
        place=roster.unit.place,
        basis=basis,
        due_at=start if start > at else end,
        by=by,
        at=at,
        drill=roster.drill,
    )
