"""The parts of a tick: each reads one thing once for the whole city, or for one ground where it is small.

Every loader takes hashable keys and ``at``, and reads ``everywhere``: the views have checked the ground
before they cut an area out of a tick.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic

from django.db import connection
from django.db.models import Count, Max, Q
from django.utils import timezone

from qipan.command.api import Directive, directives_for
from qipan.deployment.api import Forces, forces
from qipan.desk.api import Task, TaskKind, TaskState
from qipan.forms.api import open_forms
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.posture.api import PostureView, measures_in_force, posture_over
from qipan.screening.api import DoorState, Round, coverage_by_place, current_round
from qipan.territory.api import AreaView, DataMarks, children, data_marks, get_area, path_to

from ..rules import Tally

Ground = tuple[Range, ...]
TREE_SECONDS = 20  # areas change by the day; a board learns of it this soon
SERVICE = (TaskKind.REQUEST, TaskKind.CARD)
RECEIPTS = ("asked", "delivered", "read", "accepted", "done", "objected")
TASKS = ("open", "late", "today", "service_open", "service_late", "service_today")
DIRECTIVES = 3  # the newest are on the board; the rest one click away


@lru_cache(maxsize=4096)
def _family(code: str, hierarchy: str, bucket: int) -> tuple[AreaView, list[AreaView], list[AreaView]]:
    return get_area(code, hierarchy=hierarchy), path_to(code, hierarchy=hierarchy), children(code, hierarchy=hierarchy)


def family(code: str, hierarchy: str) -> tuple[AreaView, list[AreaView], list[AreaView]]:
    """This function will return an area, the path to it and its children, kept for a few seconds; raises ``NotFound``."""
    read = _family.__wrapped__ if connection.in_atomic_block else _family
    return read(code, hierarchy, int(monotonic() // TREE_SECONDS))


def marks(*, at: datetime) -> DataMarks:
    """This function will return what is synthetic in the territory and the register."""
    return data_marks()


def posture(ground: Ground, *, at: datetime) -> PostureView | None:
    """This function will return the gravest posture over a ground, None in routine."""
    return posture_over(ground, at=at)


def round_of(ground: Ground, drill: bool, *, at: datetime) -> Round | None:
    """This function will return the screening round that is open on a ground, in the drill or outside of it."""
    return current_round(ground, at=at, drill=drill)


def coverage(round_id: int, *, at: datetime) -> Tally:
    """This function will return doors, settled doors, visits and doors by state of a round, by compound."""
    columns = ("doors", "settled", "visits", *(state.name for state in DoorState))
    return Tally(columns, coverage_by_place(round_id))


def directives(ground: Ground, drill: bool, *, at: datetime) -> list[Directive]:
    """This function will return the newest directives in force that touch a ground."""
    reader = Actor.system("board", acts=["board.view"], ranges=ground)
    open_ones = directives_for(reader).filter(recalled_at=None, drill=drill, superseded_by=None)
    return list(open_ones.order_by("-issued_at", "-pk")[:DIRECTIVES])


def receipts(source: str, *, at: datetime) -> Tally:
    """This function will return how far the receipts of a directive have come, by place."""
    rows = (
        Task.objects.everywhere("the board sums receipts by place")
        .filter(source=source)
        .exclude(state=TaskState.RECALLED)
        .order_by()
        .values_list("place")
        .annotate(
            asked=Count("pk"),
            delivered=Count("delivered_at"),
            read=Count("read_at"),
            accepted=Count("accepted_at"),
            done=Count("pk", filter=Q(state=TaskState.DONE)),
            objected=Count("pk", filter=Q(state=TaskState.OBJECTED)),
        )
    )
    return Tally(RECEIPTS, rows)


def last_delivery(source: str, ground: Ground, *, at: datetime) -> datetime | None:
    """This function will return when the last node on a ground has received; None while nobody has."""
    found = Task.objects.within(Scope(ground)).filter(source=source).aggregate(last=Max("delivered_at"))
    last: datetime | None = found["last"]
    return last


def day_ends(at: datetime) -> datetime:
    """This function will return the midnight that ends the day of ``at`` where the city lives."""
    local = timezone.localtime(at)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def open_tasks(drill: bool) -> Q:
    """This function will return the filter of tasks that are still open, in the drill or outside of it."""
    return Q(closed_at=None, drill=drill)


def tasks(drill: bool, *, at: datetime) -> Tally:
    """This function will return open, late and due tasks by place; requests and cards apart from orders."""
    late, today, service = Q(due_at__lt=at), Q(due_at__gte=at, due_at__lt=day_ends(at)), Q(kind__in=SERVICE)
    rows = (
        Task.objects.everywhere("the board sums tasks by place")
        .filter(open_tasks(drill))
        .order_by()
        .values_list("place")
        .annotate(
            open=Count("pk"),
            late=Count("pk", filter=late),
            today=Count("pk", filter=today),
            service_open=Count("pk", filter=service),
            service_late=Count("pk", filter=service & late),
            service_today=Count("pk", filter=service & today),
        )
    )
    return Tally(TASKS, rows)


def on_duty(ground: Ground, *, at: datetime) -> Forces:
    """This function will return teams, who is on duty and shifts that nobody fills, on a ground."""
    return forces(ground, at=at)


def forms_open(ground: Ground, *, at: datetime) -> list:
    """This function will return the forms that are open on a ground."""
    return open_forms(ground, at=at)


def measures(ground: Ground, *, at: datetime) -> list:
    """This function will return the measures in force on a ground, those that end first first."""
    return list(measures_in_force(ground, at=at))
