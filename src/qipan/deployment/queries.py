"""Reading forces: teams, shifts that run, what is uncovered, by organ."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet

from qipan.access.api import passes_by_unit, posts_by_unit
from qipan.duties.api import CompanyContact, OrganType, Unit, contacts_of, ground_of, looked_after
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading
from qipan.kernel.sql import fetch_rows
from qipan.territory.api import Compound

from . import rules
from .models import Shift, Team


@dataclass(frozen=True)
class OrganForces:
    """The forces of one kind of organ on a ground (FRC-4): counts of posts and teams, never of persons' work."""

    code: str
    label: str
    teams: int
    on_duty: int
    shifts_now: int

    @property
    def uncovered(self) -> int:
        """Shifts that run now with nobody on them."""
        return self.shifts_now - self.on_duty


@dataclass(frozen=True)
class Forces:
    """Who is on duty on a ground at a moment: teams, filled shifts, shifts that run, those uncovered."""

    teams: int
    on_duty: int
    shifts_now: int
    uncovered: int
    by_organ: tuple[OrganForces, ...] = field(default=())


def standing_teams(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Team]:
    """This function will return the teams that stand on the ground at ``at``."""
    return (
        Team.objects.within(Scope(tuple(ranges)))
        .filter(formed_at__lte=at, stands_down_at__gt=at)
        .filter(Q(released_at=None) | Q(released_at__gt=at))
        .select_related("unit")
        .order_by("first", "pk")
    )


_GROUND = Reading[tuple[int, int]](
    lambda pk: Team.objects.everywhere("a pass works where its team does").filter(pk=pk).values_list("first", "last")
)


def ground_of_team(team_id: int) -> list[Range]:
    """This function will return where a team works; nowhere when there is no such team."""
    return [Range(first, last) for first, last in _GROUND(team_id)]


def shifts_between(ranges: Iterable[Range], *, start: datetime, end: datetime) -> QuerySet[Shift]:
    """This function will return the shifts on the ground that run at some moment of [start, end)."""
    return (
        Shift.objects.within(Scope(tuple(ranges)))
        .filter(starts_at__gt=start - rules.LONGEST_SHIFT, starts_at__lt=end, ends_at__gt=start, released_at=None)
        .select_related("unit__organ_type", "task")
    )


def shifts_now(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Shift]:
    """This function will return the shifts on the ground that run at ``at``, the uncovered first."""
    return shifts_between(ranges, start=at, end=at + timedelta(microseconds=1)).order_by(
        F("filled_at").asc(nulls_first=True), "starts_at", "place"
    )


def forces(ranges: Sequence[Range], *, at: datetime, drill: bool = False) -> Forces:
    """This function will count teams and shifts on the ground at ``at``, in all and by kind of organ; a drill's apart."""
    standing = standing_teams(ranges, at=at).filter(drill=drill)
    teams = dict(standing.order_by().values_list("unit__organ_type").annotate(n=Count("pk")))
    shifts = {
        kind: (running, filled)
        for kind, running, filled in shifts_between(ranges, start=at, end=at + timedelta(microseconds=1))
        .filter(drill=drill)
        .order_by()
        .values_list("unit__organ_type")
        .annotate(n=Count("pk"), filled=Count("filled_at"))
    }
    by_organ = tuple(
        OrganForces(
            code=kind.code,
            label=kind.label,
            teams=teams.get(kind.pk, 0),
            on_duty=shifts.get(kind.pk, (0, 0))[1],
            shifts_now=shifts.get(kind.pk, (0, 0))[0],
        )
        for kind in OrganType.objects.filter(pk__in={*teams, *shifts}).order_by("level", "code")
    )
    on_duty = sum(row.on_duty for row in by_organ)
    running = sum(row.shifts_now for row in by_organ)
    return Forces(
        teams=sum(row.teams for row in by_organ),
        on_duty=on_duty,
        shifts_now=running,
        uncovered=running - on_duty,
        by_organ=by_organ,
    )


def forces_by_place(ranges: Sequence[Range], *, at: datetime, per: int, drill: bool) -> list[tuple[int, int, int, int]]:
    """This function will count teams, filled shifts and shifts on a ground at ``at``, grouped to each ``per`` places, in the
    drill or outside of it.

    Two statements without a join; each row begins with the first place of its group and repeats for shifts.
    """
    group = F("place") / per * per
    teams = standing_teams(ranges, at=at).filter(drill=drill).order_by().values_list(group).annotate(n=Count("pk"))
    shifts = (
        shifts_between(ranges, start=at, end=at + timedelta(microseconds=1))
        .filter(drill=drill)
        .order_by()
        .values_list(group)
        .annotate(n=Count("pk"), filled=Count("filled_at"))
    )
    return [(place, n, 0, 0) for place, n in fetch_rows(teams)] + [
        (place, 0, filled, n) for place, n, filled in fetch_rows(shifts)
    ]


def named_shifts(shifts: Sequence[Shift]) -> list[tuple[Shift, str]]:
    """This function will return the shifts with the names of the compounds at whose gates they stand."""
    at_gates = Compound.objects.filter(place__in={shift.place for shift in shifts})
    names = {compound.place: compound.label for compound in at_gates}
    return [(shift, names.get(shift.place, "")) for shift in shifts]


def get_shift(pk: int, *, actor: Actor) -> Shift:
    """This function will return a shift on the actor's ground; raises ``NotFound``."""
    found = Shift.objects.within(actor.scope).select_related("unit", "task").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the teams that were formed and the shifts that begin on an emergency's ground since its start.

    One line for what was formed or opened for one purpose; what names no purpose is told unit by unit.
    """
    ground = Scope(emergency.grounds)
    teams = Team.objects.within(ground).filter(
        formed_at__gte=emergency.since, released_at=None, stands_down_at__gt=at, drill=emergency.drill
    )
    lines = [
        OpenLine(
            "TEAMS",
            f"deployment.Team:{source}" if source else f"deployment.Team:unit-{unit}",
            "",
            unit,
            since,
            count=n,
            detail={"source": source} if source else {"teams_of": unit},
            by_ground=True,
        )
        for source, unit, n, since in _by_purpose(teams, since="formed_at")
    ]
    shifts = Shift.objects.within(ground).filter(
        starts_at__gte=emergency.since, released_at=None, ends_at__gt=at, drill=emergency.drill
    )
    lines += [
        OpenLine(
            "SHIFTS",
            f"deployment.Shift:{source}",
            shifts.filter(source=source).values_list("title", flat=True)[0],
            unit,
            since,
            count=n,
            detail={"source": source},
            by_ground=True,
        )
        for source, unit, n, since in _by_purpose(shifts, since="starts_at")
    ]
    return lines


def _by_purpose(rows: QuerySet[Any], *, since: str) -> list[tuple[str, int, int, datetime]]:
    """Purpose, unit (the first of several), how many, since when."""
    counted = rows.order_by().values("source").annotate(n=Count("pk"), since=Min(since), unit=Min("unit"))
    found = [
        (row["source"], row["unit"], row["n"], row["since"]) for row in counted.exclude(source="").order_by("source")
    ]
    alone = rows.filter(source="").order_by().values("unit").annotate(n=Count("pk"), since=Min(since))
    return found + [("", row["unit"], row["n"], row["since"]) for row in alone.order_by("unit")]


def partner_teams(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Team]:
    """This function will return the teams of partners that stand on the ground at ``at``, no drill's."""
    return standing_teams(ranges, at=at).filter(unit__first=None, drill=False)


def get_partner_team(pk: int, *, actor: Actor) -> Team:
    """This function will return a team of a partner on the actor's ground; raises ``NotFound``."""
    found = Team.objects.within(actor.scope).select_related("unit").filter(pk=pk, unit__first=None).first()
    if found is None:
        raise NotFound
    return found


def teams_of(unit: int, *, scope: Scope) -> list[int]:
    """This function will return the standing teams of a unit that were formed for no purpose of its own."""
    rows = Team.objects.within(scope).filter(unit=unit, source="", released_at=None)
    return list(rows.order_by("pk").values_list("pk", flat=True))


@dataclass(frozen=True)
class Company:
    """A property company as whoever answers for a ground sees it: only what it does on that ground."""

    unit: Unit
    compounds: tuple[str, ...]  # names of those on this ground
    contact: CompanyContact | None
    posts: int  # held in the company
    passes: int  # in force on this ground


def companies_on(ranges: Iterable[Range], *, at: datetime) -> list[Company]:
    """This function will return the companies that look after compounds on a ground, in the order of their codes."""
    ground = [Range(*one) for one in ranges]
    held: dict[int, list[int]] = defaultdict(list)
    units: dict[int, Unit] = {}
    for steward in looked_after(ground):
        units[steward.unit_id] = steward.unit
        held[steward.unit_id].append(steward.place)
    places = [place for some in held.values() for place in some]
    names = {one.place: one.label for one in Compound.objects.filter(place__in=places)}
    contacts = contacts_of(units)
    posts, passes = posts_by_unit(units, at=at), passes_by_unit(units, ranges=ground, at=at)
    return [
        Company(
            unit,
            tuple(names[place] for place in held[unit.pk] if place in names),
            contacts.get(unit.pk),
            posts.get(unit.pk, 0),
            passes.get(unit.pk, 0),
        )
        for unit in sorted(units.values(), key=lambda one: one.code)
    ]


def partner_grounds(
    units: QuerySet[Unit], *, grounds: Sequence[Range], drill: bool
) -> tuple[list[tuple[Range, int, bool]], dict[int, int]]:
    """This function will return the compounds on the grounds where partners work, each with its partner and whether a team of
    his stands there, and each partner's last number. Partners have no ground of their own; they are locked, so that two
    who form teams at once do so one by one.
    """
    partners = list(units.filter(first=None).select_for_update(of=("self",)).order_by("pk"))
    held: dict[int, list[Range]] = defaultdict(list)
    numbers: dict[int, int] = defaultdict(int)
    standing = Team.objects.everywhere("partners of the units given").filter(
        unit__in=partners, released_at=None, drill=drill
    )
    for pk, number, first, last in standing.order_by("pk").values_list("unit", "number", "first", "last"):
        held[pk].append(Range(first, last))
        numbers[pk] = max(numbers[pk], number)
    found = [
        (ground, partner.pk, any(ground.meets(team) for team in held[partner.pk]))
        for partner in partners
        for ground in ground_of(partner)
        if not grounds or any(ground.meets(one) for one in grounds)
    ]
    return found, numbers
