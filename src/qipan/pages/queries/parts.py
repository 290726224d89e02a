"""The parts of a tick: each reads one thing once for the whole city, or for one ground where it is small.

Every loader takes hashable keys and ``at``, and reads ``everywhere``: the views have checked the ground
before they cut an area out of a tick.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone

from qipan.command.api import Directive, directives_for
from qipan.deployment.api import forces_by_place
from qipan.desk.api import Task, TaskKind, is_late, receipts_by_place
from qipan.duties.api import Unit
from qipan.forms.api import FormOpening, open_forms
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotFound
from qipan.kernel.sql import fetch_rows
from qipan.matters.api import waiting_by_place
from qipan.posture.api import Measure, Posture, drill_in_force, measures_in_force, postures_in_force
from qipan.screening.api import DoorState, Round, coverage_by_place, open_rounds
from qipan.territory.api import (
    OFFICIAL,
    AreaView,
    DataMarks,
    Denominator,
    DenominatorKind,
    children,
    data_marks,
    denominator,
    get_area,
    path_to,
)
from qipan.warnings.api import Warning, warnings_on

from ..rules import Holders, Receipts, Tally, aligned
from .kept import kept

Ground = tuple[Range, ...]
# Boards down to a street's communities are summed from one reading of the city, grouped by the database.
GROUP = range_of("1" * 12).last - range_of("1" * 12).first + 1  # the places of a community
SERVICE = (TaskKind.REQUEST, TaskKind.CARD)
RECEIPTS = ("asked", "delivered", "read")
MATTERS = ("new", "handled")
FORCES = ("teams", "on_duty", "shifts_now")
TASKS = ("open", "late", "today", "service_open", "service_late", "service_today")
DIRECTIVES = 3  # the newest are on the board; the rest one click away
OPEN_DIRECTIVES = 500
NAMES_S = 20


@kept(4096)
def family(code: str, hierarchy: str) -> tuple[AreaView, list[AreaView], list[AreaView]]:
    """This function will return an area, the path to it and its children; raises ``NotFound``."""
    below = children(code, hierarchy=hierarchy)
    try:
        return get_area(code, hierarchy=hierarchy), path_to(code, hierarchy=hierarchy), below
    except NotFound:
        if hierarchy == OFFICIAL:
            raise
    # The city above the governing areas and the streets below them stand in the official hierarchy only.
    return get_area(code), path_to(code), below or children(code)


@kept(4096)
def people(code: str) -> tuple[Denominator, ...]:
    """This function will return the populations known of an area; empty where none is."""
    kinds = (DenominatorKind.RESIDENT, DenominatorKind.SERVICE)
    return tuple(found for kind in kinds if (found := denominator(code, kind)))


def marks(*, at: datetime) -> DataMarks:
    """This function will return what is synthetic in the territory and the register."""
    return data_marks()


def postures(*, at: datetime) -> list[Posture]:
    """This function will return the postures in force anywhere in the city (``prevailing_posture`` cuts a ground out)."""
    return postures_in_force([range_of(settings.CITY)], at=at)


def drilling(*, at: datetime) -> bool:
    """This function will say whether a drill runs anywhere in the city: on most days none does."""
    return drill_in_force([range_of(settings.CITY)], at=at)


def warned(*, at: datetime) -> list[tuple[Warning, Ground]]:
    """This function will return the warnings in force or to come anywhere in the city, each with the ground it is for."""
    rows = warnings_on([range_of(settings.CITY)], at=at, drills=True)
    return [(one, tuple(Range(part.first, part.last) for part in one.grounds.all())) for one in rows]


def rounds(drill: bool, *, at: datetime) -> list[Round]:
    """This function will return the screening rounds that are open, the newest first, in the drill or outside of it."""
    return list(open_rounds(at=at, drill=drill))


def within(area: AreaView, below: list[AreaView]) -> Ground:
    """This function will return the ground that an area's board must be read on by itself: none where whole

    communities do, as they are groups of the city's one reading; its own where finer counts are needed.
    """
    needed = [ground for view in (area, *below) for ground in view.ranges]
    return () if aligned(needed, GROUP) else area.ranges


def _by(ground: Ground) -> tuple[int, Ground]:
    return (1, ground) if ground else (GROUP, (range_of(settings.CITY),))


def coverage(round_id: int, ground: Ground, *, at: datetime) -> Tally:
    """This function will return doors, settled doors, visits and doors by state of a round (``within``)."""
    per, ranges = _by(ground)
    columns = ("doors", "settled", "visits", *(state.name for state in DoorState))
    return Tally(columns, coverage_by_place(round_id, per=per, ranges=ranges))


def directives(drill: bool, *, at: datetime) -> list[tuple[Directive, Ground]]:
    """This function will return the directives in force, the newest first, each with the ground it is for."""
    reader = Actor.system("board", acts=["board.view"], ranges=[range_of(settings.CITY)])
    open_ones = directives_for(reader).filter(recalled_at=None, drill=drill, superseded_by=None)
    newest = open_ones.prefetch_related("targets").order_by("-issued_at", "-pk")[:OPEN_DIRECTIVES]
    return [(found, tuple(Range(to.first, to.last) for to in found.targets.all())) for found in newest]


def receipts(source: str, ground: Ground, *, at: datetime) -> Receipts:
    """This function will return how far the receipts of a directive have come (``within``)."""
    per, ranges = _by(ground)
    return Receipts(RECEIPTS, receipts_by_place(source, per=per, ranges=ranges))


def day_ends(at: datetime) -> datetime:
    """This function will return the midnight that ends the day of ``at`` where the city lives."""
    local = timezone.localtime(at)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def open_tasks(drill: bool) -> Q:
    """This function will return the filter of tasks that are still open, in the drill or outside of it."""
    return Q(closed_at=None, drill=drill)


def tasks(drill: bool, ground: Ground, *, at: datetime) -> Tally:
    """This function will return open, late and due tasks; requests and cards apart from orders (``within``)."""
    per, ranges = _by(ground)
    late, today, service = is_late(at), Q(due_at__gte=at, due_at__lt=day_ends(at)), Q(kind__in=SERVICE)
    rows = (
        Task.objects.within(Scope(ranges))
        .filter(open_tasks(drill))
        .order_by()
        .values_list(F("place") / per * per)
        .annotate(
            open=Count("pk"),
            late=Count("pk", filter=late),
            today=Count("pk", filter=today),
            service_open=Count("pk", filter=service),
            service_late=Count("pk", filter=service & late),
            service_today=Count("pk", filter=service & today),
        )
    )
    return Tally(TASKS, fetch_rows(rows))


def late_holders(drill: bool, ground: Ground, *, at: datetime) -> Holders:
    """This function will return which units hold late tasks, and how many (``within``)."""
    per, ranges = _by(ground)
    late = Task.objects.within(Scope(ranges)).filter(is_late(at), drill=drill).order_by()
    return Holders(fetch_rows(late.values_list(F("place") / per * per, "owner").annotate(Count("pk"))))


@lru_cache(maxsize=4096)
def _units(pks: tuple[int, ...], bucket: int) -> dict[int, Unit]:
    return Unit.objects.in_bulk(pks)


def units(*pks: int) -> dict[int, Unit]:
    """This function will return units by their keys, for their names; a new name shows within ``NAMES_S`` seconds."""
    read = _units.__wrapped__ if connection.in_atomic_block else _units
    return read(pks, int(monotonic() // NAMES_S))


def on_duty(drill: bool, ground: Ground, *, at: datetime) -> Tally:
    """This function will return teams, shifts that run and those that are filled, in the drill or outside of it (``within``)."""
    per, ranges = _by(ground)
    return Tally(FORCES, forces_by_place(ranges, at=at, per=per, drill=drill))


def matters(drill: bool, *, at: datetime) -> Tally:
    """This function will return matters that are newly reported and in hand, by community: they are kept so."""
    return Tally(MATTERS, waiting_by_place(Scope((range_of(settings.CITY),)), drill=drill))


def forms_open(*, at: datetime) -> list[FormOpening]:
    """This function will return the forms that are open anywhere in the city."""
    return list(open_forms([range_of(settings.CITY)], at=at))


def measures(*, at: datetime) -> list[Measure]:
    """This function will return the measures in force anywhere in the city, those that end first first."""
    return list(measures_in_force([range_of(settings.CITY)], at=at))
