"""Reading the release of an emergency: every line with owner, state, since and reason; how far it has come (EMG-8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.posture.api import Declaration, declarations_on
from qipan.webkit.templatetags.qipan import is_chinese

from ..models import ActivationItem, ReleasePlan
from ..terms import StepKind
from .activations import in_order
from .opened import found_open, titles_of


@dataclass(frozen=True)
class PlanRow:
    """One thing that was opened for an emergency, as the plan shows it. ``state`` is OPEN, LEFT, GIVEN or CLOSED."""

    kind: str
    title: str
    owner: str
    count: int
    since: datetime | None
    state: str
    reason: str
    closed_at: datetime | None
    certificate: str
    href: str

    @property
    def kind_label(self) -> str:
        """What it is, in the reader's language."""
        return str(StepKind(self.kind).label)


@dataclass(frozen=True)
class KindCount:
    """How much of one kind was opened and is closed: measures, passes, rows of records."""

    kind: str
    opened: int
    closed: int

    @property
    def label(self) -> str:
        """The kind, in the reader's language."""
        return str(StepKind(self.kind).label)


@dataclass(frozen=True)
class PlanView:
    """The whole plan of an emergency at a moment."""

    plan: ReleasePlan | None
    open_rows: list[PlanRow]
    closed_rows: list[PlanRow]
    kinds: list[KindCount]

    @property
    def lines(self) -> int:
        """How many things were opened."""
        return len(self.open_rows) + len(self.closed_rows)

    @property
    def percent(self) -> int:
        """How much of it is closed, rounded down."""
        return 100 * len(self.closed_rows) // self.lines if self.lines else 100


def plans_for(actor: Actor) -> QuerySet[Declaration]:
    """This function will return the declarations on the actor's ground: each has its release, the newest first."""
    return declarations_on(actor.scope.ranges)


def plan_view(declaration: Declaration, *, at: datetime) -> PlanView:
    """This function will return every line of an emergency's release: what a run has seen, and what the rooms tell now.

    Before the first run it is the preview of what a run would close.
    """
    plan = ReleasePlan.objects.filter(declaration=declaration).first()
    items = ActivationItem.objects.filter(activation__declaration=declaration) | ActivationItem.objects.filter(
        plan__declaration=declaration
    )
    opened = items.exclude(opened_at=None).select_related("owner__organ_type", "activation", "handed_over").distinct()
    told = found_open(declaration, at=at)
    owners = Unit.objects.select_related("organ_type").in_bulk({line.owner for line in told})
    titles = titles_of(told)
    stand_ins = [
        ActivationItem(
            order=order,
            key=line.reference,
            reference=line.reference,
            kind=line.kind,
            title=titles[line.reference][0],
            title_en=titles[line.reference][1],
            owner=owners[line.owner],
            count=line.count,
            detail=line.detail,
            opened_at=line.since,
        )
        for order, line in enumerate(told, 1)
    ]
    for item in stand_ins:
        item.pk = 0
    every = in_order([*opened, *stand_ins])
    rows = [_row(item) for item in every]
    return PlanView(
        plan=plan,
        open_rows=[row for row in rows if row.closed_at is None],
        closed_rows=sorted(
            (row for row in rows if row.closed_at is not None), key=lambda row: row.closed_at or at, reverse=True
        ),
        kinds=_kinds(rows),
    )


def _kinds(rows: Iterable[PlanRow]) -> list[KindCount]:
    rows = list(rows)
    return [
        KindCount(
            kind,
            sum(row.count for row in rows if row.kind == kind),
            sum(row.count for row in rows if row.kind == kind and row.closed_at is not None),
        )
        for kind in StepKind.values
        if any(row.kind == kind for row in rows)
    ]


def _row(item: ActivationItem) -> PlanRow:
    if item.closed_at is not None:
        state = "CLOSED"
    elif item.handed_over_id is not None:
        state = "GIVEN"
    else:
        state = "LEFT" if item.still_open else "OPEN"
    return PlanRow(
        kind=item.kind,
        title=item.title if is_chinese() else item.title_en or item.title,
        owner=item.owner.label,
        count=item.count,
        since=item.opened_at,
        state=state,
        reason="" if item.closed_at is not None else item.why_open,
        closed_at=item.closed_at,
        certificate=str(item.detail.get("certificate", "")),
        href=_address(item),
    )


def _address(item: ActivationItem) -> str:
    """The page of what a line stands for; empty where it has none of its own."""
    held = item.detail
    if "address" in held:
        return str(held["address"])
    if item.kind == StepKind.MEASURE and len(held.get("measures", ())) == 1:
        return reverse("measure", args=[held["measures"][0]])
    if item.kind == StepKind.DIRECTIVE and "directive" in held:
        return reverse("directive", args=[held["directive"]])
    if item.kind == StepKind.CAMPAIGN and "campaign" in held:
        return reverse("campaign", args=[held["campaign"]])
    return reverse("certificate", args=[held["certificate"]]) if held.get("certificate") else ""
