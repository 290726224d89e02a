"""What a team sees on its phone: its doors in the round under way, and the order behind them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qipan.deployment.api import Team
from qipan.forms.api import Form, GroundTooWide, files_beside, forms_to_fill, lapsed_forms, passport_lines
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range, compound_of, place_text
from qipan.kernel.refusal import NotFound, Refusal
from qipan.screening.api import DoorState, Round, current_round, doors_of_team, rounds_of_team
from qipan.screening.api import teams_of as screening_teams
from qipan.territory.api import compounds_within

from .models import DeviceList


class NoTeam(Refusal):
    """Several teams work on the ground of this post; the page must name one."""

    code = "no_team"
    sentence = _("Choose the team whose doors you visit.")
    status = 400


@dataclass(frozen=True)
class Order:
    """Who ordered the round, on which basis, until when: what a worker shows at the door."""

    title: str
    basis: str
    ordered_by: str
    number: int
    until: datetime
    drill: bool


def teams_of(actor: Actor) -> "QuerySet[Team]":
    """This function will return the teams at work whose visits ``actor`` may enter."""
    return screening_teams(actor).filter(released_at=None)


def team_of(actor: Actor, team_id: int | None) -> Team:
    """This function will return the team to show. Raises ``NotFound`` and ``NoTeam``."""
    teams = teams_of(actor)
    if team_id is not None:
        teams = teams.filter(pk=team_id)
    found = list(teams[:2])
    if not found:
        raise NotFound
    if len(found) > 1:
        raise NoTeam
    return found[0]


def drill_of(actor: Actor) -> bool:
    """This function will say whether an actor's team is at an exercise: what it reports is then a drill's, too."""
    return actor.team_id is not None and teams_of(actor).filter(drill=True).exists()


def lists_with_gaps(actor: Actor) -> "QuerySet[DeviceList]":
    """This function will return the phones on an actor's ground of whose lists something is missing, the latest first."""
    rows = DeviceList.objects.within(actor.scope).exclude(missing=[], broken_at=None, emptied_at=None)
    return rows.select_related("team__unit").order_by("-compared_at", "pk")


def lists_not_compared(actor: Actor, *, at: datetime) -> "QuerySet[DeviceList]":
    """This function will return the phones of standing teams on an actor's ground that have not compared their list today,
    or never yet: what they hold is known to them alone.
    """
    today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = DeviceList.objects.within(actor.scope).filter(missing=[], broken_at=None, emptied_at=None)
    rows = rows.filter(Q(head="") | Q(compared_at__lt=today), Q(team__released_at=None) | Q(team__released_at__gt=at))
    return rows.select_related("team__unit").order_by("compared_at", "pk")


def round_of(team: Team, *, at: datetime) -> Round | None:
    """This function will return the round that is under way on the team's ground."""
    return current_round([Range(team.first, team.last)], at=at)


def round_on_paper(team: Team, round_id: int | None, *, at: datetime) -> Round | None:
    """This function will return the round whose sheet is asked for: one that has closed too, for sheets come back late.

    Raises ``NotFound`` where the team has no doors in it.
    """
    if round_id is None:
        return round_of(team, at=at)
    found = rounds_of_team(team.pk).filter(pk=round_id).first()
    if found is None:
        raise NotFound
    return found


def order_of(round: Round) -> Order:
    """This function will return the order behind a round, as a resident may read it."""
    campaign = round.campaign
    return Order(
        title=campaign.title,
        basis=campaign.basis,
        ordered_by=campaign.unit.label,
        number=round.number,
        until=round.closes_at,
        drill=campaign.drill,
    )


def forms_of(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """This function will return the forms of an actor's ground as its phone keeps them: those that can be filled in, with
    the sums by which it sees that something changed, and those whose passport has lapsed."""
    told = [_form(form, at=at) | _beside(form, actor=actor, at=at) for form in forms_to_fill(actor, at=at)]
    return told + [_form(form, at=at) | {"sum": "", "files": [], "blocked": ""} for form in lapsed_forms(actor, at=at)]


def form_of(actor: Actor, code: str, *, at: datetime) -> Form:
    """This function will return one of the forms on an actor's phone, lapsed ones too. Raises ``NotFound``."""
    for form in (*forms_to_fill(actor, at=at), *lapsed_forms(actor, at=at)):
        if form.code == code:
            return form
    raise NotFound


def _form(form: Form, *, at: datetime) -> dict[str, Any]:
    return {
        "code": form.code,
        "version": form.version,
        "title": form.label,
        "about": form.subject,
        "passport": passport_lines(form),
        "valid_to": form.valid_to,
        "lapsed": form.valid_to <= at,
    }


def _beside(form: Form, *, actor: Actor, at: datetime) -> dict[str, Any]:
    try:
        files, blocked = files_beside(form, actor=actor, at=at), ""
    except GroundTooWide as refusal:
        files, blocked = [], str(refusal)
    return {"sum": hashlib.blake2b(form.xform.encode(), digest_size=12).hexdigest(), "files": files, "blocked": blocked}


OVERLAP = timedelta(minutes=1)  # a visit received just before a sheet was read may be stored just after it


def sheet_of(team: Team, round: Round | None, *, base: str = "", since: datetime | None = None) -> dict[str, Any]:
    """This function will return the team's doors by compound, in the order of the register.

    A door is ``[place, building, entrance, label, state, attempts]``. To a phone that holds the same register
    (``base``) and asks what came ``since``, only ``changed`` doors are told: ``[place, state, attempts]``. ``counts``
    says how many doors are in each state, so that the phone sees whether it has missed anything.
    """
    doors = list(doors_of_team(team.pk, round.pk)) if round else []
    names = compound_names(door.place for door in doors)
    told = {
        "team": {"id": team.pk, "name": team.name},
        "round": {"id": round.pk, "number": round.number, "closes_at": round.closes_at} if round else None,
    }
    register = [(place_text(door.place), door.building, door.entrance, door.label) for door in doors]
    named = sorted((place_text(place), name) for place, name in names.items())
    digest = hashlib.blake2b(msgspec.json.encode([told, register, named]), digest_size=12).hexdigest()
    counts = [0] * len(DoorState)
    for door in doors:
        counts[door.state] += 1
    head = {"base": digest, "counts": counts}
    if since is not None and base == digest:
        changed = [
            [place_text(door.place), int(door.state), door.attempts]
            for door in doors
            if door.received_at is not None and door.received_at >= since - OVERLAP
        ]
        return head | {"changed": changed}
    compounds: dict[int, list[list[Any]]] = {}
    for door, row in zip(doors, register, strict=True):
        compounds.setdefault(compound_of(door.place), []).append([*row, int(door.state), door.attempts])
    return (
        told
        | head
        | {
            "compounds": [
                {"place": place_text(place), "name": names.get(place, ""), "doors": rows}
                for place, rows in compounds.items()
            ],
        }
    )


def compound_names(places: Iterable[int]) -> dict[int, str]:
    """This function will name the compounds of these doors."""
    wanted = {compound_of(place) for place in places}
    if not wanted:
        return {}
    ground = Range(min(wanted), max(wanted))
    return {compound.place: compound.label for compound in compounds_within([ground]).filter(place__in=wanted)}
