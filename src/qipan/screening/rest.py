"""HTTP endpoints of the screening room: campaigns, rounds, coverage and what is left. Visits have their own view."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from qipan.access.api import signed_in
from qipan.desk.api import get_admission
from qipan.duties.api import Unit
from qipan.forms.api import get_form
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.place import place_text
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.posture.api import get_declaration
from qipan.territory.api import AreaView, children, get_area
from qipan.webkit.schemas import Moment

from .actions import assign_doors, close_campaign, close_round, open_campaign, open_round
from .models import Campaign, Round
from .queries import CoverageRow, campaigns_for, coverage_of, get_campaign, get_round, left
from .rules import MINUTES_PER_VISIT

router = Router(tags=["screening"])
MOST_LEFT = 1000


class CampaignIn(Schema):
    """A campaign with what it rests on: a declaration in force, or a work admission."""

    title: str = Field(max_length=120)
    basis: str = Field(max_length=300)
    form: str = Field("", max_length=40)
    declaration: int | None = None
    admission: int | None = None
    drill: bool = False


class RoundIn(Schema):
    """A round over areas, until a moment or for a number of days, with what a visit takes."""

    areas: list[str]
    closes_at: Moment | None = None
    days: float | None = Field(None, gt=0, le=366)
    minutes_per_visit: int = MINUTES_PER_VISIT


def _round(found: Round) -> dict[str, Any]:
    return {
        "id": found.pk,
        "campaign": found.campaign_id,
        "number": found.number,
        "opened_at": found.opened_at,
        "closes_at": found.closes_at,
        "closed_at": found.closed_at,
        "minutes_per_visit": found.minutes_per_visit,
    }


def _campaign(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.pk,
        "title": campaign.title,
        "basis": campaign.basis,
        "declaration": campaign.declaration_id,
        "admission": campaign.admission_id,
        "opened_at": campaign.opened_at,
        "closed_at": campaign.closed_at,
        "drill": campaign.drill,
        "rounds": [_round(found) for found in campaign.rounds.order_by("number")],
    }


def _row(row: CoverageRow, area: AreaView) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": area.label,
        "doors": row.doors,
        "settled": row.settled,
        "left": row.left,
        "visits": row.visits,
        "by_state": {state.name: count for state, count in row.by_state.items()},
        "changed_at": row.changed_at,
    }


def _area(code: str, *, actor: Actor) -> AreaView:
    """This function will return an area that lies wholly in the actor's scope; raises ``NotFound``."""
    area = get_area(code)
    if not all(actor.scope.covers(part) for part in area.ranges):
        raise NotFound
    return area


@router.get("campaigns", response=dict)
def get_campaigns(request: HttpRequest) -> dict[str, Any]:
    """The campaigns that the actor may see, the newest first."""
    actor = signed_in(request)
    actor.require("campaign.view")
    return {"campaigns": [_campaign(campaign) for campaign in campaigns_for(actor)[:100]]}


@router.post("campaigns", response={201: dict})
def post_campaign(request: HttpRequest, given: CampaignIn) -> Status[dict[str, Any]]:
    """Open a screening campaign, as yet without a round."""
    actor = signed_in(request)
    actor.require("campaign.open")
    unit = Unit.objects.filter(pk=actor.unit_id).first() if actor.unit_id else None
    if unit is None:
        raise NotAllowed(act="campaign.open")
    at = now()
    form = get_form(given.form, at=at) if given.form else None
    campaign = open_campaign(
        title=given.title,
        basis=given.basis,
        unit=unit,
        form=form,
        declaration=get_declaration(given.declaration, actor=actor) if given.declaration is not None else None,
        admission=get_admission(given.admission, actor=actor) if given.admission is not None else None,
        by=actor,
        at=at,
        drill=given.drill,
    )
    return Status(201, _campaign(campaign))


@router.get("campaigns/{pk}", response=dict)
def get_one_campaign(request: HttpRequest, pk: int) -> dict[str, Any]:
    """A campaign with its rounds."""
    return _campaign(get_campaign(pk, actor=signed_in(request)))


@router.post("campaigns/{pk}/rounds", response={201: dict})
def post_round(request: HttpRequest, pk: int, given: RoundIn) -> Status[dict[str, Any]]:
    """Open the next round over areas and give its doors to the teams that stand there."""
    actor = signed_in(request)
    campaign = get_campaign(pk, actor=actor, act="campaign.open")
    at = now()
    if (given.closes_at is None) == (given.days is None):
        raise BadInput(["closes_at: say when, or days: for how long"])
    closes_at = given.closes_at or at + timedelta(days=given.days or 0)
    grounds = [part for code in given.areas for part in get_area(code).ranges]
    opened = open_round(
        campaign, grounds=grounds, closes_at=closes_at, minutes_per_visit=given.minutes_per_visit, by=actor, at=at
    )
    teams = assign_doors(opened, by=actor, at=at)
    return Status(201, {**_round(opened), "teams": teams})


@router.post("campaigns/{pk}/close", response=dict)
def post_close_campaign(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Close a campaign whose rounds are all closed."""
    actor = signed_in(request)
    campaign = get_campaign(pk, actor=actor, act="campaign.open")
    return _campaign(close_campaign(campaign, by=actor, at=now()))


@router.post("rounds/{pk}/assign", response=dict)
def post_assign(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Give the doors of a round to teams that stand on its ground and have none yet."""
    actor = signed_in(request)
    return {"teams": assign_doors(get_round(pk, actor=actor, act="campaign.open"), by=actor, at=now())}


@router.post("rounds/{pk}/close", response=dict)
def post_close_round(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Close a round: its figures stand; what arrives afterwards is kept and not counted."""
    actor = signed_in(request)
    return _round(close_round(get_round(pk, actor=actor, act="campaign.open"), by=actor, at=now()))


@router.get("rounds/{pk}/coverage", response=dict)
def get_coverage(request: HttpRequest, pk: int, area: str) -> dict[str, Any]:
    """Coverage of a round in an area and in each area right below it, read from the kept counters."""
    actor = signed_in(request)
    found = get_round(pk, actor=actor)
    whole = _area(area, actor=actor)
    below = children(whole.code)
    total, *rows = coverage_of(found.pk, [whole, *below])
    return {
        **_round(found),
        "as_of": now(),
        "total": _row(total, whole),
        "below": [_row(row, one) for row, one in zip(rows, below, strict=True)],
    }


@router.get("rounds/{pk}/left", response=dict)
def get_left(request: HttpRequest, pk: int, area: str, after: str = "", limit: int = 100) -> dict[str, Any]:
    """The exact list of doors that a round has not settled, by place; pass the last place as ``after`` to go on."""
    actor = signed_in(request)
    found = get_round(pk, actor=actor)
    scope = Scope(_area(area, actor=actor).ranges)
    if after and not (after.isascii() and after.isdigit() and len(after) <= 19):
        raise BadInput(["after: a place number"])
    doors = left(found.pk, scope=scope, after=int(after) if after else None, limit=min(max(limit, 1), MOST_LEFT))
    return {
        "doors": [
            {
                "place": place_text(door.place),
                "state": door.state.name,
                "attempts": door.attempts,
                "next": door.next_step.name,
            }
            for door in doors
        ]
    }
