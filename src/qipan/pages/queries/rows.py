"""The rows behind a figure: each list holds exactly what the board counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from qipan.command.api import get_directive
from qipan.deployment.api import shifts_now, standing_teams
from qipan.desk.api import Task, TaskState, is_late
from qipan.forms.api import open_forms
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import COMMUNITY, Range, code_of, place_text, range_of
from qipan.posture.api import measures_in_force, posture_over
from qipan.screening.api import coverage_total, coverage_trend, current_round, left
from qipan.territory.api import OFFICIAL, AreaView, areas_within
from qipan.webkit.templatetags.qipan import figure, share

from ..terms import Listing
from . import parts
from .board import look


@dataclass(frozen=True)
class Cell:
    """One cell: its text, where it leads, whether it is a figure, whether it is a state."""

    text: str
    href: str = ""
    number: bool = False
    state: str = ""


@dataclass
class Found:
    """A list with its columns; ``total`` is the figure that the board shows."""

    area: AreaView
    path: list[AreaView]
    columns: list[str]
    rows: list[list[Cell]]
    total: int
    more: bool
    about: str = ""


@dataclass(frozen=True)
class Asked:
    """What was asked for: where, when, in which world, of which directive or unit, and which page."""

    area: AreaView
    actor: Actor
    at: datetime
    drill: bool
    of: int
    offset: int
    after: int
    limit: int
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", Scope(self.area.ranges))

    @property
    def ranges(self) -> tuple[Range, ...]:
        return self.area.ranges


Answer = tuple[list[str], list[list[Cell]], int, str]


def rows_of(
    listing: Listing,
    code: str,
    *,
    actor: Actor,
    at: datetime,
    hierarchy: str = OFFICIAL,
    drill: bool | None = None,
    of: int = 0,
    offset: int = 0,
    after: int = 0,
    limit: int = 100,
) -> Found:
    """This function will return a page of the rows behind a figure of an area's board.

    ``of`` is the directive whose receipts are listed, or the unit whose tasks are; ``after`` the last door of the
    page before. Raises ``NotAllowed`` and ``NotFound`` as the board does.
    """
    area, path, _below = look(code, actor=actor, hierarchy=hierarchy)
    if drill is None:
        prevailing = posture_over(area.ranges, at=at)
        drill = bool(prevailing and prevailing.drill)
    asked = Asked(area=area, actor=actor, at=at, drill=drill, of=of, offset=offset, after=after, limit=limit)
    columns, rows, total, about = LISTINGS[listing](asked)
    return Found(area, path, columns, rows, total, offset + len(rows) < total, about)


def moment(at: datetime | None) -> str:
    """This function will write a moment for a table, empty when there is none."""
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else ""


def community_names(places: Iterable[int]) -> list[str]:
    """This function will name the community of each place, or give its code where it has no name."""
    codes = [code_of(place, COMMUNITY) for place in places]
    named = {area.code: area.label for area in areas_within([range_of(code) for code in set(codes)], COMMUNITY)}
    return [named.get(code, code) for code in codes]


def _tasks(condition: Callable[[Asked], Q]) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        found = Task.objects.within(asked.scope).filter(parts.open_tasks(asked.drill) & condition(asked))
        if asked.of:
            found = found.filter(owner=asked.of)
        columns, rows, total, _about = _task_rows(found.order_by("due_at", "pk"), asked)
        return columns, rows, total, rows[0][1].text if asked.of and rows else ""

    return answer


def _task_rows(found: QuerySet[Task], asked: Asked) -> Answer:
    page = found.select_related("owner", "asker")[asked.offset : asked.offset + asked.limit]
    rows = [
        [
            Cell(task.title),
            Cell(task.owner.label),
            Cell(task.asker.label),
            Cell(task.basis),
            Cell(str(TaskState(task.state).label)),
            Cell(
                moment(task.due_at),
                state="late" if task.due_at and task.due_at < asked.at and not task.suspended_at else "",
            ),
        ]
        for task in page
    ]
    return [_("Task"), _("Owner"), _("Asked by"), _("Basis"), _("State"), _("Due")], rows, found.count(), ""


def _receipts(condition: Q) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        directive = get_directive(asked.of, actor=asked.actor)
        found = (
            Task.objects.within(asked.scope)
            .filter(condition, source=directive.source)
            .exclude(state=TaskState.RECALLED)
        )
        columns, rows, total, _about = _task_rows(found.order_by("place", "pk"), asked)
        return columns, rows, total, f"{directive.number} {directive.title}"

    return answer


def _paged(rows: list[Any], asked: Asked) -> list[Any]:
    return rows[asked.offset : asked.offset + asked.limit]


def _forms(asked: Asked) -> Answer:
    found = [opening for opening in open_forms(asked.ranges, at=asked.at) if opening.drill == asked.drill]
    rows = [
        [
            Cell(opening.form.title),
            Cell(opening.form.number),
            Cell(opening.form.issuer.label),
            Cell(opening.form.basis),
            Cell(moment(opening.closes_at)),
        ]
        for opening in _paged(found, asked)
    ]
    return [_("Form"), _("Number"), _("Issuer"), _("Basis"), _("Closes")], rows, len(found), ""


def _measures(ending: bool) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        found = measures_in_force(asked.ranges, at=asked.at).filter(drill=asked.drill)
        if ending:
            found = found.filter(expires_at__lte=parts.day_ends(asked.at))
        page = found[asked.offset : asked.offset + asked.limit]
        rows = [
            [
                Cell(measure.title),
                Cell(measure.issuer.label),
                Cell(measure.basis),
                Cell(moment(measure.starts_at)),
                Cell(moment(measure.expires_at)),
                Cell(moment(measure.review_at)),
            ]
            for measure in page
        ]
        columns = [_("Measure"), _("Issuer"), _("Basis"), _("In force since"), _("Ends"), _("Review")]
        return columns, rows, found.count(), ""

    return answer


def _left(asked: Asked) -> Answer:
    columns = [_("Door number"), _("Community"), _("State"), _("Visits"), _("Next")]
    current = current_round(asked.ranges, at=asked.at, drill=asked.drill)
    if current is None:
        return columns, [], 0, ""
    # Page by place, so the last page of a city costs what the first did.
    doors = left(current.pk, scope=asked.scope, after=asked.after, limit=asked.limit)
    rows = [
        [
            Cell(place_text(door.place)),
            Cell(name),
            Cell(str(door.state.label)),
            Cell(str(door.attempts), number=True),
            Cell(str(door.next_step.label)),
        ]
        for door, name in zip(doors, community_names(door.place for door in doors), strict=True)
    ]
    about = _("%(campaign)s, round %(number)s") % {"campaign": current.campaign.title, "number": current.number}
    return columns, rows, coverage_total(current.pk, asked.ranges).left, about


def _trend(asked: Asked) -> Answer:
    columns = [_("Round"), _("Moment"), _("Coverage"), _("Settled"), _("Doors"), _("Visits")]
    current = current_round(asked.ranges, at=asked.at, drill=asked.drill)
    if current is None:
        return columns, [], 0, ""
    newest_first = [
        [
            Cell(figure(found.round.number), number=True),
            Cell(moment(sample.at)),
            Cell(share(sample.settled, sample.doors), number=True),
            Cell(figure(sample.settled), number=True),
            Cell(figure(sample.doors), number=True),
            Cell(figure(sample.visits), number=True),
        ]
        for found in reversed(coverage_trend(current.campaign_id, asked.ranges))
        for sample in reversed(found.samples)
    ]
    return columns, _paged(newest_first, asked), len(newest_first), current.campaign.title


def _teams(asked: Asked) -> Answer:
    found = standing_teams(asked.ranges, at=asked.at).filter(drill=asked.drill)
    page = list(found[asked.offset : asked.offset + asked.limit])
    rows = [
        [Cell(team.name), Cell(team.unit.label), Cell(name), Cell(moment(team.stands_down_at))]
        for team, name in zip(page, community_names(team.first for team in page), strict=True)
    ]
    return [_("Team"), _("Unit"), _("Community"), _("Stands down")], rows, found.count(), ""


def _uncovered(asked: Asked) -> Answer:
    found = shifts_now(asked.ranges, at=asked.at).filter(filled_at=None, drill=asked.drill)
    page = list(found[asked.offset : asked.offset + asked.limit])
    rows = [
        [
            Cell(shift.title),
            Cell(shift.unit.label),
            Cell(name),
            Cell(moment(shift.starts_at)),
            Cell(moment(shift.ends_at)),
        ]
        for shift, name in zip(page, community_names(shift.place for shift in page), strict=True)
    ]
    return [_("Shift"), _("Unit"), _("Community"), _("Begins"), _("Ends")], rows, found.count(), ""


def _late(asked: Asked) -> Q:
    return is_late(asked.at)


def _today(asked: Asked) -> Q:
    return Q(due_at__gte=asked.at, due_at__lt=parts.day_ends(asked.at))


def _service(asked: Asked) -> Q:
    return Q(kind__in=parts.SERVICE)


LISTINGS: dict[Listing, Callable[[Asked], Answer]] = {
    Listing.TASKS_OPEN: _tasks(lambda asked: Q()),
    Listing.TASKS_LATE: _tasks(_late),
    Listing.TASKS_TODAY: _tasks(_today),
    Listing.SERVICE_OPEN: _tasks(_service),
    Listing.SERVICE_LATE: _tasks(lambda asked: _service(asked) & _late(asked)),
    Listing.SERVICE_TODAY: _tasks(lambda asked: _service(asked) & _today(asked)),
    Listing.FORMS: _forms,
    Listing.MEASURES: _measures(ending=False),
    Listing.ENDING: _measures(ending=True),
    Listing.LEFT: _left,
    Listing.TREND: _trend,
    Listing.UNREAD: _receipts(Q(read_at=None)),
    Listing.UNDELIVERED: _receipts(Q(delivered_at=None)),
    Listing.TEAMS: _teams,
    Listing.UNCOVERED: _uncovered,
}
