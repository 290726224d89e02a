"""Reading playbooks and activations, what is left open, and task cards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum

from qipan.desk.api import Task
from qipan.duties.api import units_on
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.scoped import overlapping
from qipan.posture.api import Declaration, declarations_in_force
from qipan.territory.api import compounds_within
from qipan.webkit.templatetags.qipan import is_chinese

from ..models import ActivatedGround, Activation, ActivationItem, Directive, Playbook, ReleasePlan
from ..terms import PHASES, StepKind

# Who may read plans and what is open; everybody else receives a task card (EMG-1).
PLANNING = ("playbook.activate", "playbook.edit", "release.run", "admission.decide", "journal.verify")


def current_playbooks() -> list[Playbook]:
    """This function will return the newest version of each playbook, in the order of their codes."""
    newest: dict[str, Playbook] = {}
    for playbook in Playbook.objects.order_by("code", "version"):
        newest[playbook.code] = playbook
    return list(newest.values())


def get_playbook(code: str, version: int | None = None) -> Playbook:
    """This function will return a version of a playbook, the newest when none is named; raises ``NotFound``."""
    found = Playbook.objects.filter(code=code).order_by("-version")
    playbook = (found if version is None else found.filter(version=version)).first()
    if playbook is None:
        raise NotFound
    return playbook


def lessons_of(playbook: Playbook) -> list[dict[str, str]]:
    """This function will return every lesson that a version rests on: its own and those of the versions before it."""
    versions = Playbook.objects.filter(code=playbook.code, version__lte=playbook.version).order_by("version")
    return [lesson for lessons in versions.values_list("lessons", flat=True) for lesson in lessons]


def activations_under(declaration: Declaration) -> list[Activation]:
    """This function will return what was activated under a declaration, in the order of activation."""
    rows = (
        Activation.objects.filter(declaration=declaration).select_related("playbook", "unit").order_by("activated_at")
    )
    return list(rows.prefetch_related("items__owner"))


def source_of(item: ActivationItem) -> str:
    """This function will return what the tasks of an item carry as their source; empty where it asks no units to read."""
    if item.kind == StepKind.DIRECTIVE and "directive" in item.detail:
        return f"directive:{item.detail['directive']}"
    return str(item.detail.get("source", "")) if item.kind == StepKind.CARD else ""


def directives_under(declaration: Declaration) -> list[Directive]:
    """This function will return the directives that were admitted on a declaration, in the order of their issue."""
    rows = Directive.objects.filter(admission__declaration=declaration.number, drill=declaration.drill)
    return list(rows.select_related("issuer").order_by("issued_at", "pk"))


def declarations_for(actor: Actor, *, at: datetime) -> QuerySet[Declaration]:
    """This function will return the declarations in force that touch the actor's ground, the newest first."""
    return declarations_in_force(actor.scope.ranges, at=at)


def activations_for(actor: Actor) -> QuerySet[Activation]:
    """This function will return the activations that touch the actor's ground."""
    touched = ActivatedGround.objects.filter(overlapping(actor.scope.ranges), activation=OuterRef("pk"))
    return Activation.objects.filter(Exists(touched)).select_related("playbook", "declaration", "unit")


def get_activation(pk: int, *, actor: Actor) -> Activation:
    """This function will return an activation that touches the actor's ground; raises ``NotFound``."""
    activation = activations_for(actor).filter(pk=pk).first()
    if activation is None:
        raise NotFound
    return activation


def grounds_of(activation: Activation) -> list[Range]:
    """This function will return the ranges on which an activation works."""
    return [Range(*pair) for pair in activation.ranges.order_by("first").values_list("first", "last")]


@dataclass(frozen=True)
class Left:
    """One thing of an activation that is not closed, whose it is and why."""

    item: ActivationItem
    owner: str
    reason: str
    since: datetime | None
    handed_over: bool


def left_open(of: Activation | ReleasePlan) -> list[Left]:
    """This function will list what an activation, or a whole emergency, has open, in the order of release."""
    items = of.items.filter(closed_at=None).exclude(opened_at=None).select_related("owner__organ_type")
    return [
        Left(item, item.owner.label, item.why_open, item.opened_at, item.handed_over_id is not None)
        for item in in_order(items)
    ]


def in_order(items: Iterable[ActivationItem]) -> list[ActivationItem]:
    """This function will put items into the order of release: last opened first, then the posture, records last."""
    return sorted(
        items,
        key=lambda item: (
            PHASES.get(StepKind(item.kind), 0),
            -(item.opened_at.timestamp() if item.opened_at else 0),
            -item.order,
            -item.pk,
        ),
    )


@dataclass(frozen=True)
class StepPreview:
    """What a step would open on the chosen ground."""

    kind: str
    kind_label: str
    label: str
    count: int | None
    counted: str  # "units", "doors" or nothing


def preview_of(playbook: Playbook, grounds: Sequence[Range]) -> list[StepPreview]:
    """This function will count what each step of a playbook would open on the ground, without opening it."""
    doors = compounds_within(grounds).aggregate(doors=Sum("doors"))["doors"] or 0
    previews = []
    for step in playbook.steps:
        kinds = step.get("organ_types") or ([step["organ_type"]] if step.get("organ_type") else [])
        count: int | None = None
        counted = ""
        if step["kind"] in (StepKind.CARD, StepKind.DIRECTIVE, StepKind.SHIFTS):
            count, counted = units_on(list(grounds), kinds).count(), "units"
        elif step["kind"] in (StepKind.TEAMS, StepKind.ROUND):
            count, counted = doors, "doors"
        previews.append(
            StepPreview(step["kind"], str(StepKind(step["kind"]).label), said(step, "title"), count, counted)
        )
    return previews


def said(step: dict[str, Any], name: str) -> Any:
    """This function will return a text of a step in the reader's language."""
    return step.get(name) if is_chinese() else step.get(f"{name}_en") or step.get(name)


def step_of(item: ActivationItem) -> dict[str, Any]:
    """This function will return the step of the playbook that the item opened."""
    if item.activation is None:
        return {}
    return next((step for step in item.activation.playbook.steps if step["key"] == item.key), {})


def card_of(item: ActivationItem) -> dict[str, Any]:
    """This function will return what a task card says: who is on duty, the first hour, the first day."""
    step = step_of(item)
    return {name: said(step, name) for name in ("title", "on_duty", "first_hour", "first_day")}


def holds_card(actor: Actor, item: ActivationItem) -> bool:
    """This function will say whether the card lies on the desk of the actor's unit."""
    if not actor.can("desk.view"):
        return False
    return Task.objects.within(actor.scope).filter(source=f"card:{item.pk}", owner=actor.unit_id).exists()
