"""What the desk page shows: rows with their clock in words, counts for the chips, links to what a task belongs to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, Left, time_left
from qipan.kernel.place import place_text
from qipan.webkit.menu import address

from ..models import Task
from ..rules import FORWARD, NEXT, said_on_its_page
from ..terms import TaskState
from .desks import desk_of, is_late

PAGE = 200
LINKS = {
    "directive": "/directives/{}",
    "card": "/cards/{}",
    "matter": "/matters/{}",
    "call": "/calls/{}",
    "hazard": "/matters/{}/hazard",
    "review": "/reviews/{}",
    "silent": "/calls/{}",
    "unaccepted": "/matters/{}",
    "reserve": "/reserves/calls/{}",
    "reserve-agreement": "/reserves/agreements/{}",
    "reserve-overdue": "/reserves/sheets/{}",
    "reserve-pay": "/reserves/sheets/{}",
    "reserve-return": "/reserves/calls/{}",
    "agreed": "/calls/{}",
    "recheck": "/matters/{}/recheck",
    "exclusion": "/matters/{}",
    "exclusions": "/matters/exclusions/{}",
    "sign": "/signs",
    "measure": "/measures/{}",
    "reviews": "/measures",
    "basis": "/measures",
    "source": "/forms/fields/sources/{}",
}  # pages of higher rooms, shown if they exist
SHOWS = ("open", "late", "objected", "done", "below")


@dataclass(frozen=True)
class Clock:
    """A task's time in words, with the state that its colour and icon follow."""

    css: str
    text: str
    hint: str = ""


@dataclass(frozen=True)
class Line:
    """One row of the desk."""

    task: Task
    clock: Clock
    next_state: str  # the main button, empty when nothing is asked of us any more
    mine: bool


@dataclass(frozen=True)
class Chips:
    """How many rows each filter shows."""

    open: int
    late: int
    objected: int
    done: int
    below: int


def amount_text(left: Left) -> str:
    """This function will write a length of time as people say it: "3 h 20 min", "2 d 4 h", "3 working days"."""
    if left.kind is Kind.WORKING_DAYS:
        return ngettext("%(days)s working day", "%(days)s working days", left.days) % {"days": left.days}
    if left.days:
        return _("%(days)s d %(hours)s h") % {"days": left.days, "hours": left.hours}
    if left.hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": left.hours, "minutes": left.minutes}
    return _("%(minutes)s min") % {"minutes": left.minutes}


def clock_of(task: Task, *, at: datetime) -> Clock:
    """This function will say how a task stands in time: "3 h 20 min left, working time"."""
    if task.closed_at is not None:
        moment = timezone.localtime(task.closed_at)
        return Clock("state-done" if task.state == TaskState.DONE else "state-waiting", f"{moment:%m-%d %H:%M}")
    if task.suspended_at is not None:
        return Clock("state-waiting", _("clock stands"))
    if task.due_at is None:
        return Clock("state-waiting", _("no due time"))
    left = time_left(task.due_at, at=at, kind=task.clock)
    working = left.kind is Kind.WORKING_HOURS
    amount = {"amount": amount_text(left)}
    if left.late:
        text = _("late by %(amount)s, working time") if working else _("late by %(amount)s")
    else:
        text = _("%(amount)s left, working time") if working else _("%(amount)s left")
    soon = task.remind_at is not None and task.remind_at <= at
    css = "state-late" if left.late else "state-soon" if soon else "state-under-way"
    hint = "" if left.certain else _("The holidays of that year are not published yet; weekends only were counted.")
    return Clock(css, text % amount, hint)


def link_of(task: Task) -> str | None:
    """This function will return the page that a task belongs to, None when there is none."""
    room, _sep, rest = task.source.partition(":")
    key = rest.partition(":")[0]
    return address(LINKS[room].format(key)) if room in LINKS and key.isdigit() else None


def below_us(actor: Actor, unit: Unit) -> QuerySet[Task]:
    """This function will return late tasks that were escalated to this unit: of the level below, or by name after a day."""
    rows = Task.objects.within(actor.scope).filter(closed_at=None, escalation__gte=1).exclude(owner=unit)
    if not actor.can("escalation.receive"):
        return rows.none()
    return rows.filter(Q(owner__parent=unit) | Q(escalation=2))


def shown(actor: Actor, unit: Unit, show: str, *, at: datetime) -> QuerySet[Task]:
    """This function will return the tasks behind a chip, what is due first first."""
    desk = desk_of(actor, unit)
    rows = {
        "open": desk.filter(closed_at=None).exclude(state=TaskState.OBJECTED),
        "late": desk.filter(is_late(at)),
        "objected": desk.filter(closed_at=None, state=TaskState.OBJECTED),
        "done": desk.filter(closed_at__gte=at - timedelta(days=7)),
        "below": below_us(actor, unit),
    }[show]
    rows = rows.select_related("asker", "owner", "first_owner")
    if show == "done":
        return rows.order_by("-closed_at", "-pk")
    return rows.order_by(F("due_at").asc(nulls_last=True), "place", "pk")


def next_word(task: Task) -> str:
    """This function will return what is usually said next of a task; empty when it is closed, or said on another page."""
    state = FORWARD.get(task.state, "") if task.closed_at is None else ""
    return "" if said_on_its_page(task.source, state) else state


def lines(tasks: QuerySet[Task], *, actor: Actor, unit: Unit, at: datetime, read_only: bool = False) -> list[Line]:
    """This function will return a page of rows with their clocks and main buttons."""
    answers = actor.can("task.answer") and not read_only
    return [Line(task, clock_of(task, at=at), next_word(task) if answers else "", answers) for task in tasks[:PAGE]]


def chips(actor: Actor, unit: Unit, *, at: datetime) -> Chips:
    """This function will count what lies behind each chip."""
    open_now = Q(closed_at=None)
    desk = desk_of(actor, unit).aggregate(
        open=Count("pk", filter=open_now & ~Q(state=TaskState.OBJECTED)),
        late=Count("pk", filter=is_late(at)),
        objected=Count("pk", filter=open_now & Q(state=TaskState.OBJECTED)),
        done=Count("pk", filter=Q(closed_at__gte=at - timedelta(days=7))),
    )
    return Chips(**desk, below=below_us(actor, unit).count())


def done_today(actor: Actor, unit: Unit, *, at: datetime) -> list[Task]:
    """This function will return what the unit has done since midnight, newest first."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = desk_of(actor, unit).filter(state=TaskState.DONE, closed_at__gte=midnight)
    return list(rows.select_related("owner").order_by("-closed_at", "-pk")[:20])


def fingerprint(actor: Actor, unit: Unit, *, at: datetime) -> str:
    """This function will return a short text that changes whenever the desk does, and each minute for its clocks."""
    desk = desk_of(actor, unit).filter(closed_at=None)
    own = desk.aggregate(n=Count("pk"), last=Max("changed_at"), first=Max("pk"))
    below = below_us(actor, unit).aggregate(n=Count("pk"), last=Max("changed_at"))
    stamps = [moment.timestamp() if moment else 0 for moment in (own["last"], below["last"])]
    return f"{own['n']}-{own['first'] or 0}-{stamps[0]:.6f}-{below['n']}-{stamps[1]:.6f}"


def may_move(task: Task, state: str) -> bool:
    """This function will say whether an owner's post may say this of the task now."""
    return task.closed_at is None and state in NEXT[task.state] and not said_on_its_page(task.source, state)


def task_json(task: Task) -> dict[str, Any]:
    """This function will write a task for a client: places as text, moments with their zone."""
    moments = ("created_at", "due_at", "delivered_at", "read_at", "accepted_at", "closed_at", "suspended_at")
    return {
        "id": task.pk,
        "kind": task.kind,
        "source": task.source,
        "title": task.title,
        "asker": task.asker.label,
        "owner": task.owner.code,
        "place": place_text(task.place),
        "basis": task.basis,
        "state": task.state,
        "clock": task.clock,
        "escalation": task.escalation,
        "note": task.note,
        "on_paper": task.on_paper,
        "drill": task.drill,
        **{name: moment.isoformat() if (moment := getattr(task, name)) else None for name in moments},
    }
