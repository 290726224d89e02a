"""Reading directives and their receipts; one gate per noun."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from qipan.desk.api import (
    LeadTimes,
    ReceiptRow,
    Task,
    lead_times,
    receipt_tree,
    unread,
    unread_count,
)
from qipan.duties.api import Unit, units_on
from qipan.forms.api import Form
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.ids import key_of
from qipan.kernel.place import COMPOUND, Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.scoped import overlapping
from qipan.territory.api import AreaView, children, path_to

from ..models import Directive, DirectiveTarget
from .grounds import area_for, cut_area, overlaps


def directives_for(actor: Actor) -> QuerySet[Directive]:
    """This function will return the directives that an actor may read.

    Who sees the board or issues directives reads those that touch his ground; who sees a desk those that
    lie on it.
    """
    if actor.can("board.view") or actor.can("directive.issue"):
        touched = DirectiveTarget.objects.filter(overlapping(actor.scope.ranges), directive=OuterRef("pk"))
        return Directive.objects.filter(Exists(touched) | Q(issuer=actor.unit_id))
    if not actor.can("desk.view"):
        return Directive.objects.none()
    # A source is text; few rows lie on one unit's desk, so the ids are read once.
    sources = (
        Task.objects.within(actor.scope)
        .filter(owner=actor.unit_id, source__startswith="directive:")
        .values_list("source", flat=True)
    )
    return Directive.objects.filter(pk__in=[int(source.partition(":")[2]) for source in sources])


def get_directive(pk: int, *, actor: Actor) -> Directive:
    """This function will return one directive that the actor may read; raises ``NotFound``."""
    directive = (
        directives_for(actor)
        .select_related("issuer", "supersedes", "series", "admission", "form__issuer")
        .defer("form__source", "form__xform")
        .filter(pk=pk)
        .first()
    )
    if directive is None:
        raise NotFound
    return directive


def forms_to_ask(unit: Unit, *, at: datetime) -> list[Form]:
    """This function will return the newest valid version of each form that a unit may ask others to fill in: those that
    it issued, for a command all."""
    rows = Form.objects.filter(valid_from__lte=at).exclude(xform="").select_related("issuer").defer("source", "xform")
    if not unit.organ_type.is_command:
        rows = rows.filter(issuer=unit)
    newest = {form.code: form for form in rows.order_by("code", "version")}
    return [form for form in newest.values() if form.valid_to > at]


def form_to_ask(code: str, *, unit: Unit, at: datetime) -> Form | None:
    """This function will return one of ``forms_to_ask``; None without a code. Raises ``NotFound``."""
    if not code:
        return None
    for form in forms_to_ask(unit, at=at):
        if form.code == code:
            return form
    raise NotFound


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
    kind = "organ_type__"
    rows = (
        units_on(list(grounds), list(organ_types))
        .order_by()
        .values(f"{kind}code", f"{kind}name", f"{kind}name_en", f"{kind}executes_only")
        .annotate(units=Count("pk"))
        .order_by(f"{kind}level", f"{kind}code")
    )
    return [
        RecipientCount(
            organ_type=row[f"{kind}code"],
            name=row[f"{kind}name"],
            name_en=row[f"{kind}name_en"],
            executes_only=row[f"{kind}executes_only"],
            units=row["units"],
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


COUNTED = ("asked", "delivered", "read", "accepted", "done", "objected")


@dataclass(frozen=True)
class ReceiptTree:
    """Receipts in one area: the whole, what lies on the desks of the area's own organs, and each area below."""

    area: AreaView
    path: list[AreaView]
    scope: Scope
    total: ReceiptRow
    own: dict[str, int]
    below: list[tuple[AreaView, ReceiptRow]]


def receipts_at(directive: Directive, code: str, *, actor: Actor) -> ReceiptTree:
    """This function will return the receipts of a directive in an area and in each area right below it.

    Areas are cut to the actor's scope: what lies outside is not counted.
    """
    area = cut_area(area_for(code, actor=actor), actor.scope)
    found = children(area.code) if area.level < COMPOUND else []
    below = [cut_area(child, actor.scope) for child in found if overlaps(child, actor.scope)]
    rows = receipt_tree(directive.source, [area, *below])
    own = {name: getattr(rows[0], name) - sum(getattr(row, name) for row in rows[1:]) for name in COUNTED}
    return ReceiptTree(
        area=area,
        path=path_to(area.code),
        scope=Scope(area.ranges),
        total=rows[0],
        own=own,
        below=list(zip(below, rows[1:], strict=True)),
    )


@dataclass(frozen=True)
class UnreadPage:
    """One page of the exact list of who has not read; ``next`` is the key of the page after, empty at the end."""

    tasks: list[Task]
    count: int
    next: str


def unread_page(directive: Directive, code: str, *, actor: Actor, after: str, limit: int) -> UnreadPage:
    """This function will return a page of the unread list of a directive in one area."""
    scope = Scope(cut_area(area_for(code, actor=actor), actor.scope).ranges)
    place, _, pk = after.partition("-")
    first, second = key_of(place), key_of(pk)
    key = (first, second) if first is not None and second is not None else None
    tasks = list(unread(directive.source, scope=scope, after=key, limit=limit))
    last = tasks[-1] if len(tasks) == limit else None
    return UnreadPage(
        tasks=tasks,
        count=unread_count(directive.source, scope=scope),
        next=f"{last.place}-{last.pk}" if last else "",
    )


def lead_for(directive: Directive, *, actor: Actor) -> LeadTimes | None:
    """This function will return the lead time to whoever sees all of the directive's ground, else None."""
    targets = directive.targets.values_list("first", "last").distinct()
    if not all(actor.scope.covers(Range(*pair)) for pair in targets):
        return None
    return lead_times(directive.source, since=directive.decided_at)


def paper_receipts(directive: Directive, *, scope: Scope) -> QuerySet[Task]:
    """This function will return the open receipts that go on paper, in the order of their places."""
    return (
        Task.objects.within(scope)
        .filter(source=directive.source, on_paper=True, accepted_at=None, closed_at=None)
        .select_related("owner")
        .order_by("place", "pk")
    )
