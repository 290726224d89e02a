"""Reading directives, playbooks and activations; one gate per noun."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from qipan.desk.api import LeadTimes, ReceiptRow, Task, lead_times, receipt_tree, unread_count
from qipan.duties.api import units_on
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView

from .models import ActivatedGround, Activation, ActivationItem, Directive, DirectiveTarget, Playbook


def _overlaps(scope: Scope) -> Q:
    condition = Q(pk__in=[])  # deny by default
    for ground in scope.ranges:
        condition |= Q(first__lte=ground.last, last__gte=ground.first)
    return condition


def directives_for(actor: Actor) -> QuerySet[Directive]:
    """This function will return the directives that an actor may read.

    Who sees the board or issues directives reads those that touch his ground; everybody else those
    that lie on his unit's desk.
    """
    if actor.can("board.view") or actor.can("directive.issue"):
        touched = DirectiveTarget.objects.filter(_overlaps(actor.scope), directive=OuterRef("pk"))
        return Directive.objects.filter(Exists(touched) | actor.scope.q("issuer__place"))
    # A source is text; few rows lie on one unit's desk, so the ids are read once.
    sources = (
        Task.objects.within(actor.scope)
        .filter(owner=actor.unit_id, source__startswith="directive:")
        .values_list("source", flat=True)
    )
    return Directive.objects.filter(pk__in=[int(source.partition(":")[2]) for source in sources])


def get_directive(pk: int, *, actor: Actor) -> Directive:
    """This function will return one directive that the actor may read; raises ``NotFound``."""
    directive = directives_for(actor).select_related("issuer", "supersedes", "admission").filter(pk=pk).first()
    if directive is None:
        raise NotFound
    return directive


@dataclass(frozen=True)
class RecipientCount:
    """How many units of one kind would receive."""

    organ_type: str
    name: str
    name_en: str
    executes_only: bool
    units: int


def count_recipients(organ_types: Sequence[str], grounds: Sequence[Range]) -> list[RecipientCount]:
    """This function will count, kind by kind, the units that a directive would reach now."""
    if not organ_types or not grounds:
        return []
    rows = (
        units_on(list(grounds), list(organ_types))
        .order_by()
        .values("organ_type__code", "organ_type__name", "organ_type__name_en", "organ_type__executes_only")
        .annotate(units=Count("pk"))
        .order_by("organ_type__code")
    )
    return [
        RecipientCount(
            row["organ_type__code"],
            row["organ_type__name"],
            row["organ_type__name_en"],
            row["organ_type__executes_only"],
            row["units"],
        )
        for row in rows
    ]


@dataclass(frozen=True)
class DirectiveReport:
    """Receipts by area, lead time from the decision to the last node, and how many have not read (EMG-4, EMG-6)."""

    directive: Directive
    rows: list[ReceiptRow]
    lead: LeadTimes
    unread: int


def directive_report(directive: Directive, areas: Sequence[AreaView], *, scope: Scope | None = None) -> DirectiveReport:
    """This function will report on a directive over some areas; the unread count is exact over ``scope``."""
    over = scope or Scope.of(pair for area in areas for pair in area.ranges)
    return DirectiveReport(
        directive=directive,
        rows=receipt_tree(directive.source, list(areas)),
        lead=lead_times(directive.source, since=directive.decided_at),
        unread=unread_count(directive.source, scope=over),
    )


def paper_receipts(directive: Directive, *, scope: Scope) -> QuerySet[Task]:
    """This function will return the open receipts that go on paper, in the order of their places."""
    return (
        Task.objects.within(scope)
        .filter(source=directive.source, on_paper=True, closed_at=None)
        .select_related("owner")
        .order_by("place", "pk")
    )


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


def activations_for(actor: Actor) -> QuerySet[Activation]:
    """This function will return the activations that touch the actor's ground."""
    touched = ActivatedGround.objects.filter(_overlaps(actor.scope), activation=OuterRef("pk"))
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


def left_open(activation: Activation) -> list[Left]:
    """This function will list what an activation has opened and not closed, in the order of release."""
    items = activation.items.filter(closed_at=None).exclude(opened_at=None).select_related("owner").order_by("-order")
    return [
        Left(item, item.owner.name, item.still_open, item.opened_at, item.handed_over_id is not None) for item in items
    ]


def cards_for(actor: Actor, items: Iterable[ActivationItem]) -> list[ActivationItem]:
    """This function will keep the task cards that lie on the desk of the actor's unit (EMG-1)."""
    sources = {f"card:{item.pk}": item for item in items if item.kind == "CARD"}
    held = Task.objects.within(actor.scope).filter(source__in=sources, owner=actor.unit_id)
    return [sources[source] for source in held.values_list("source", flat=True)]
