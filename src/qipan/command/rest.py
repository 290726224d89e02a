"""HTTP endpoints of the command room: issue, revise, recall and report; activate, resume, release."""

from dataclasses import asdict
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from qipan.access.api import signed_in
from qipan.desk.api import get_admission, unread_count
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import place_text
from qipan.kernel.refusal import NotAllowed
from qipan.posture.api import get_declaration
from qipan.webkit.schemas import Day, Moment

from .actions.activations import activate_playbook, resume_activation
from .actions.directives import issue_directive, recall_directive, revise_directive
from .actions.release import hand_over, release
from .models import Activation, Directive
from .queries import (
    COUNTED,
    PLANNING,
    areas_of,
    count_recipients,
    current_playbooks,
    form_to_ask,
    get_activation,
    get_directive,
    get_playbook,
    lead_for,
    left_open,
    receipts_at,
    unread_page,
)

router = Router(tags=["command"])


class DirectiveIn(Schema):
    number: str = Field(max_length=60)
    title: str = Field(max_length=200)
    body: str
    basis: str = Field(max_length=300)
    organ_types: list[str]
    areas: list[str]
    decided_at: Moment
    due_at: Moment | None = None
    admission: int | None = None
    form: str = Field("", max_length=40)
    every: Literal["", "WEEKLY", "MONTHLY"] = ""
    repeat_until: Day | None = None
    named_person: str = Field("", max_length=80)
    drill: bool = False


class RevisionIn(Schema):
    title: str = Field(max_length=200)
    body: str
    basis: str = Field(max_length=300)
    decided_at: Moment
    due_at: Moment | None = None
    repeat_until: Day | None = None
    named_person: str = Field("", max_length=80)


class ReasonIn(Schema):
    reason: str = Field(max_length=300)


class TargetsIn(Schema):
    organ_types: list[str]
    areas: list[str]


class ActivationIn(Schema):
    playbook: str
    version: int | None = None
    areas: list[str]
    declaration: int | None = None
    admission: int | None = None
    drill: bool | None = None


def _require_planning(actor: Actor) -> None:
    actor.require(*PLANNING)


def _said(directive: Directive) -> dict[str, Any]:
    return {
        "id": directive.pk,
        "number": directive.number,
        "version": directive.version,
        "round": directive.round,
        "next_at": directive.next_at,
        "title": directive.title,
        "recipients": directive.recipients,
        "issued_at": directive.issued_at,
        "recalled_at": directive.recalled_at,
        "drill": directive.drill,
    }


def _activation(activation: Activation) -> dict[str, Any]:
    return {
        "id": activation.pk,
        "playbook": activation.playbook.code,
        "version": activation.playbook.version,
        "areas": activation.grounds,
        "activated_at": activation.activated_at,
        "release_started_at": activation.release_started_at,
        "released_at": activation.released_at,
        "drill": activation.drill,
        "items": [
            {
                "order": item.order,
                "key": item.key,
                "kind": item.kind,
                "title": item.label,
                "reference": item.reference,
                "count": item.count,
                "owner": item.owner.name,
                "opened_at": item.opened_at,
                "blocked": item.why_blocked,
                "closed_at": item.closed_at,
                "still_open": item.why_open,
                "handed_over": item.handed_over_id,
            }
            for item in activation.items.select_related("owner").order_by("order")
        ],
    }


def _left(activation: Activation) -> list[dict[str, Any]]:
    return [
        {
            "kind": left.item.kind,
            "title": left.item.label,
            "reference": left.item.reference,
            "owner": left.owner,
            "reason": left.reason,
            "handed_over": left.handed_over,
        }
        for left in left_open(activation)
    ]


def _unit(actor: Actor, act: str) -> Unit:
    actor.require(act)
    if actor.unit_id is None:
        raise NotAllowed(act=act)
    return Unit.objects.select_related("organ_type").get(pk=actor.unit_id)


@router.post("directives", response={201: dict})
def post_directive(request: HttpRequest, given: DirectiveIn) -> Status[dict[str, Any]]:
    """Issue a directive to every unit of the kinds on the areas."""
    actor, at = signed_in(request), now()
    unit = _unit(actor, "directive.issue")
    directive = issue_directive(
        number=given.number,
        title=given.title,
        body=given.body,
        basis=given.basis,
        organ_types=given.organ_types,
        grounds=[ground for area in areas_of(given.areas) for ground in area.ranges],
        decided_at=given.decided_at,
        due_at=given.due_at,
        admission=get_admission(given.admission, actor=actor) if given.admission else None,
        form=form_to_ask(given.form, unit=unit, at=at),
        every=given.every,
        repeat_until=given.repeat_until,
        issuer=unit,
        named_person=given.named_person,
        by=actor,
        at=at,
        drill=given.drill,
    )
    return Status(201, _said(directive))


@router.post("directives/count", response=dict)
def post_count(request: HttpRequest, given: TargetsIn) -> dict[str, Any]:
    """Count who would receive, kind by kind, without sending."""
    actor = signed_in(request)
    actor.require("directive.issue")
    grounds = [
        part for area in areas_of(given.areas) for ground in area.ranges for part in actor.scope.narrowed(ground).ranges
    ]
    rows = count_recipients(given.organ_types, grounds)
    return {"units": sum(row.units for row in rows), "by_kind": {row.organ_type: row.units for row in rows}}


@router.post("directives/{pk}/revise", response={201: dict})
def post_revision(request: HttpRequest, pk: int, given: RevisionIn) -> Status[dict[str, Any]]:
    """Issue the next version to the same units."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    return Status(201, _said(revise_directive(directive, **given.dict(), by=actor, at=now())))


@router.post("directives/{pk}/recall", response=dict)
def post_recall(request: HttpRequest, pk: int, given: ReasonIn) -> dict[str, Any]:
    """Recall a directive; open receipts are closed."""
    actor = signed_in(request)
    return {"receipts": recall_directive(get_directive(pk, actor=actor), reason=given.reason, by=actor, at=now())}


@router.get("directives/{pk}/report", response=dict)
def get_report(request: HttpRequest, pk: int, area: str = "") -> dict[str, Any]:
    """Receipts by area below ``area``, the lead time from the decision, and how many have not read."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    tree = receipts_at(directive, area, actor=actor)
    lead = lead_for(directive, actor=actor)
    return {
        **_said(directive),
        "area": tree.area.code,
        "total": {name: getattr(tree.total, name) for name in COUNTED},
        "own": tree.own,
        "below": [
            {"code": below.code, "name": below.label, **{name: getattr(row, name) for name in COUNTED}}
            for below, row in tree.below
        ],
        "lead": lead and asdict(lead),
        "unread": unread_count(directive.source, scope=tree.scope),
    }


@router.get("directives/{pk}/unread", response=dict)
def get_unread(request: HttpRequest, pk: int, area: str = "", after: str = "", limit: int = 200) -> dict[str, Any]:
    """The exact list of who has not read, paged: pass ``next`` as ``after`` to go on."""
    actor = signed_in(request)
    directive = get_directive(pk, actor=actor)
    page = unread_page(directive, area, actor=actor, after=after, limit=min(max(limit, 1), 1000))
    return {
        "count": page.count,
        "next": page.next,
        "items": [
            {
                "place": place_text(task.place),
                "unit": task.owner.name,
                "state": task.state,
                "on_paper": task.on_paper,
            }
            for task in page.tasks
        ],
    }


@router.get("playbooks", response=dict)
def get_playbooks(request: HttpRequest) -> dict[str, Any]:
    """The newest version of each playbook."""
    actor = signed_in(request)
    _require_planning(actor)
    return {
        "playbooks": [
            {
                "code": playbook.code,
                "version": playbook.version,
                "title": playbook.label,
                "hazard": playbook.hazard,
                "posture": playbook.posture,
                "steps": len(playbook.steps),
            }
            for playbook in current_playbooks()
        ]
    }


@router.post("activations", response=dict)
def post_activation(request: HttpRequest, given: ActivationIn) -> dict[str, Any]:
    """Activate a playbook on areas; the same call again is the same activation."""
    actor = signed_in(request)
    actor.require("playbook.activate")
    activation = activate_playbook(
        get_playbook(given.playbook, given.version),
        ground_codes=given.areas,
        declaration=get_declaration(given.declaration, actor=actor) if given.declaration else None,
        admission=get_admission(given.admission, actor=actor) if given.admission else None,
        drill=given.drill,
        by=actor,
        at=now(),
    )
    return _activation(activation)


@router.get("activations/{pk}", response=dict)
def get_one_activation(request: HttpRequest, pk: int) -> dict[str, Any]:
    """An activation, its items in order, and what is left open."""
    actor = signed_in(request)
    activation = get_activation(pk, actor=actor)
    _require_planning(actor)
    return {**_activation(activation), "left": _left(activation)}


@router.post("activations/{pk}/resume", response=dict)
def post_resume(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Open the items that are planned and not open yet."""
    actor = signed_in(request)
    return _activation(resume_activation(get_activation(pk, actor=actor), by=actor, at=now()))


@router.post("activations/{pk}/release", response=dict)
def post_release(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Close what was opened, in the reverse order; what cannot be closed yet is named with its owner."""
    actor = signed_in(request)
    report = release(get_activation(pk, actor=actor), by=actor, at=now())
    return {**_activation(report.activation), "closed_now": report.closed, "left": _left(report.activation)}


@router.post("activations/{pk}/hand-over", response=dict)
def post_hand_over(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Hand each left item to its owner by name, as a task on the desk."""
    actor = signed_in(request)
    report = hand_over(get_activation(pk, actor=actor), by=actor, at=now())
    return {**_activation(report.activation), "handed_over": report.handed_over, "left": _left(report.activation)}
