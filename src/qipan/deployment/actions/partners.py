"""Acts on the teams of partners: property staff, social organisations and volunteers, compound by compound (SCR-7)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.access.api import LONGEST_PASS, PARTNER_ROLE, WorkerRow, enrol_workers
from qipan.duties.api import Stewardship, Unit, end_help, help_in
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMPOUND, code_of, range_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import Compound

from ..models import Team
from .forces import StandDownMissing, release_teams

MOST_PEOPLE = 200  # of one list


class NoCompoundChosen(Refusal):
    code = "no_compound_chosen"
    sentence = _("Choose the compounds in which the partner works.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="compounds")


class NobodyOnTheList(Refusal):
    code = "nobody_on_the_list"
    sentence = _("Write one person to a line, at most %(most)s.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="people", most=MOST_PEOPLE)


class TeamStoodDown(Refusal):
    code = "team_stood_down"
    sentence = _("This team has stood down; form it anew first.")


@transaction.atomic
def form_partner_teams(
    partner: Unit, *, places: Iterable[int], stands_down_at: datetime | None, by: Actor, at: datetime
) -> int:
    """This function will form a team of a partner in each of these compounds, until a day; returns how many.

    A property company works in the compounds that it looks after; a social organisation or volunteers where they are
    asked to, and help there as long as they have a team. Where the partner's team stands already it stays as it is.
    Needs ``team.manage``. Raises ``NotAllowed``, ``NotFound`` (no partner; a compound outside the scope),
    ``NoCompoundChosen``, ``StandDownMissing``, ``LooksAfterOthers``.
    """
    by.require("team.manage")
    wanted = sorted(set(places))
    if not wanted:
        raise NoCompoundChosen
    if Compound.objects.filter(place__in=wanted).count() < len(wanted):
        raise NotFound
    if stands_down_at is None or stands_down_at <= at:
        raise StandDownMissing(field="stands_down_at")
    partner = Unit.objects.select_for_update(of=("self",)).get(pk=partner.pk)  # two who form at once do so one by one
    help_in(partner, places=wanted, by=by, at=at)
    standing = Team.objects.everywhere("a partner's own teams").filter(unit=partner, released_at=None, drill=False)
    held = set(standing.filter(stands_down_at__gt=at, place__in=wanted).values_list("place", flat=True))
    number = standing.aggregate(last=Max("number"))["last"] or 0
    grounds = [range_of(code_of(place, COMPOUND)) for place in wanted if place not in held]
    formed = Team.objects.bulk_create(
        Team(
            unit=partner,
            number=number + n,
            place=ground.first,
            first=ground.first,
            last=ground.last,
            formed_at=at,
            stands_down_at=stands_down_at,
        )
        for n, ground in enumerate(grounds, 1)
    )
    if formed:
        record(
            "deployment.form_partner_teams",
            subject=partner,
            by=by,
            at=at,
            place=grounds[0].first,
            data={"teams": len(formed), "until": stands_down_at.isoformat()},
        )
    return len(formed)


@transaction.atomic
def end_partner_team(team: Team, *, by: Actor, at: datetime) -> None:
    """This function will end a partner's team in a compound, with the passes of its people and the help there.

    Ending twice is harmless. Needs ``team.manage`` and the right to take passes back. Raises ``NotAllowed``, ``NotFound``.
    """
    by.require("team.manage")
    if team.place not in by.scope or team.unit.first is not None:
        raise NotFound
    release_teams([team.pk], by=by, at=at)
    if not _standing(team.unit_id, team.place, at=at):
        end_help(team.unit, places=[team.place], by=by, at=at)


def give_passes(team: Team, *, people: Sequence[str], by: Actor, at: datetime) -> str:
    """This function will give a partner's people passes of their own for the team's compound, which end with the team;
    returns the name of the list. Needs ``pass.issue``. Raises what ``enrol_workers`` raises, ``NotFound``,
    ``TeamStoodDown``, ``NobodyOnTheList``.
    """
    by.require("pass.issue")
    if team.place not in by.scope or team.unit.first is not None:
        raise NotFound
    if team.released_at is not None or team.stands_down_at <= at:
        raise TeamStoodDown
    names = list(dict.fromkeys(name for one in people if (name := one.strip())))
    if not 0 < len(names) <= MOST_PEOPLE:
        raise NobodyOnTheList
    code = code_of(team.place, COMPOUND)
    given = enrol_workers(
        [WorkerRow(name, code, team.pk, line) for line, name in enumerate(names, 1)],
        role_code=PARTNER_ROLE,
        unit=team.unit,
        expires_at=min(team.stands_down_at, at + LONGEST_PASS),
        by=by,
        at=at,
    )
    return str(given[0].issued.batch)


def end_helping(*, by: Actor, at: datetime) -> int:
    """This function will end the help of partners whose last team in a compound has stood down; returns in how many
    compounds. Needs ``team.manage``.
    """
    by.require("team.manage")
    partners = _without_team(at=at).order_by("unit").values_list("unit", flat=True).distinct()
    return sum(_end_helping(partner, by=by, at=at) for partner in list(partners))


@transaction.atomic
def _end_helping(partner_id: int, *, by: Actor, at: datetime) -> int:
    """One act for all compounds of a partner: thousands of teams stand down at one minute."""
    partner = Unit.objects.select_for_update(of=("self",)).get(
        pk=partner_id
    )  # who forms a team there waits, or was first
    over = _without_team(at=at).filter(unit=partner).values_list("place", flat=True)
    return end_help(partner, places=list(over), by=by, at=at)


def _without_team(*, at: datetime) -> QuerySet[Stewardship]:
    teams = Team.objects.everywhere("a partner's own teams").filter(
        unit=OuterRef("unit"), place=OuterRef("place"), released_at=None, stands_down_at__gt=at
    )
    return Stewardship.objects.filter(~Exists(teams), helps=True, valid_to=None)


def _standing(unit_id: int, place: int, *, at: datetime) -> bool:
    rows = Team.objects.everywhere("a partner's own teams").filter(unit=unit_id, place=place, released_at=None)
    return rows.filter(stands_down_at__gt=at).exists()
