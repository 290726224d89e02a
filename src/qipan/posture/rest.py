"""HTTP endpoints of the posture room: declare, change, end; what is in force over an area."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from qipan.access.api import signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.territory.api import get_area
from qipan.webkit.schemas import Moment

from .actions.declarations import change_level, declare, end_declaration, extend_declaration
from .actions.ending import lift_measure
from .models import Declaration
from .queries.declared import get_declaration, organ_of, posture_over
from .queries.measures import get_measure, measures_in_force

router = Router(tags=["posture"])


class DeclarationIn(Schema):
    """What a declaration says; each missing part is refused with its article."""

    number: str = Field("", max_length=60)
    matter: str = Field("", max_length=200)
    hazard: str = Field("", max_length=40, pattern=r"^[-a-zA-Z0-9_]*$")
    level: int | None = None
    basis: str = Field("", max_length=300)
    areas: list[str] = []
    starts_at: Moment | None = None
    expected_until: Moment | None = None
    measures: list[str] = []
    drill: bool = False


class LevelIn(Schema):
    level: int
    reason: str = Field(max_length=300)


class ExtensionIn(Schema):
    expected_until: Moment
    reason: str = Field(max_length=300)


class EndIn(Schema):
    reason: str = Field(max_length=300)


def _said(declaration: Declaration) -> dict[str, Any]:
    return {
        "id": declaration.pk,
        "number": declaration.number,
        "matter": declaration.matter,
        "hazard": declaration.hazard,
        "level": declaration.level,
        "basis": declaration.basis,
        "follows": declaration.follows.identifier if declaration.follows else "",
        "measures": declaration.measures,
        "areas": sorted({ground.code for ground in declaration.grounds.all()}),
        "starts_at": declaration.starts_at,
        "expected_until": declaration.expected_until,
        "ended_at": declaration.ended_at,
        "drill": declaration.drill,
    }


@router.post("declarations", response={201: dict})
def post_declaration(request: HttpRequest, given: DeclarationIn) -> Status[dict[str, Any]]:
    """Declare an emergency response."""
    actor = signed_in(request)
    declaration = declare(
        number=given.number,
        matter=given.matter,
        hazard=given.hazard,
        level=given.level,
        basis=given.basis,
        issuer=organ_of(actor, "declaration.issue"),
        ground_codes=given.areas,
        starts_at=given.starts_at,
        expected_until=given.expected_until,
        measures=given.measures,
        by=actor,
        at=now(),
        drill=given.drill,
    )
    return Status(201, _said(declaration))


@router.get("declarations/{pk}", response=dict)
def get_one_declaration(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One declaration that meets the actor's ground."""
    actor = signed_in(request)
    if not (actor.can("board.view") or actor.can("desk.view")):
        raise NotAllowed(act="board.view")
    return _said(get_declaration(pk, actor=actor))


@router.post("declarations/{pk}/level", response=dict)
def post_level(request: HttpRequest, pk: int, given: LevelIn) -> dict[str, Any]:
    """Raise or lower the level."""
    actor = signed_in(request)
    found = get_declaration(pk, actor=actor)
    return _said(change_level(found, level=given.level, reason=given.reason, by=actor, at=now()))


@router.post("declarations/{pk}/extend", response=dict)
def post_extension(request: HttpRequest, pk: int, given: ExtensionIn) -> dict[str, Any]:
    """Extend the expected duration."""
    actor = signed_in(request)
    found = get_declaration(pk, actor=actor)
    return _said(
        extend_declaration(found, expected_until=given.expected_until, reason=given.reason, by=actor, at=now())
    )


@router.post("declarations/{pk}/end", response=dict)
def post_end(request: HttpRequest, pk: int, given: EndIn) -> dict[str, Any]:
    """End the response; the release of its activations closes what it opened."""
    actor = signed_in(request)
    return _said(end_declaration(get_declaration(pk, actor=actor), reason=given.reason, by=actor, at=now()))


@router.post("measures/{pk}/lift", response=dict)
def post_lift(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Lift a control measure."""
    actor = signed_in(request)
    return {"lifted": lift_measure(get_measure(pk, actor=actor), by=actor, at=now())}


@router.get("posture", response=dict)
def get_posture(request: HttpRequest, area: str) -> dict[str, Any]:
    """The posture and the measures in force over an area of the actor's ground."""
    actor = signed_in(request)
    actor.require("board.view")
    ground = get_area(area)
    if not all(actor.scope.covers(part) for part in ground.ranges):
        raise NotFound
    at = now()
    view = posture_over(ground.ranges, at=at)
    return {
        "as_of": at,
        "posture": view and {"kind": view.kind, "level": view.level, "day": view.day, "drill": view.drill},
        "measures": [
            {
                "id": measure.pk,
                "number": measure.number,
                "title": measure.title,
                "issuer": measure.issuer.label,
                "expires_at": measure.expires_at,
                "drill": measure.drill,
            }
            for measure in measures_in_force(ground.ranges, at=at)
        ],
    }
