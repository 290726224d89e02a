"""What is open of an emergency, whoever opened it: every room is asked, nothing is remembered for it (EMG-8, ADR 0021)."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import CharField, Count, Exists, Min, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.access.api import open_lines as rights_open
from qipan.deployment.api import open_lines as forces_open
from qipan.desk.api import Task
from qipan.desk.api import open_lines as admissions_open
from qipan.duties.api import Unit
from qipan.forms.api import open_lines as forms_open
from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.refusal import Refusal
from qipan.kernel.scoped import overlapping
from qipan.posture.api import Declaration, declarations_on, emergency_of
from qipan.posture.api import open_lines as measures_open
from qipan.reserves.api import open_lines as reserves_open
from qipan.reserves.api import stores_open
from qipan.retention.api import open_lines as records_held
from qipan.screening.api import open_lines as screening_open
from qipan.warnings.api import open_lines as warnings_open
from qipan.zones.api import open_lines as levels_open

from ..models import ActivationItem, Directive, Watch
from ..terms import StepKind

SOURCE = Concat(Value("directive:"), Cast("pk", CharField()), output_field=CharField())


def orders_open(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list this room's own: directives admitted by the declaration that are asked about
    yet or will ask again, and rosters."""
    asked = Task.objects.everywhere("whether a receipt is open").filter(
        closed_at=None, source=OuterRef("source_of"), drill=emergency.drill
    )
    orders = (
        Directive.objects.filter(
            admission__declaration=emergency.number, recalled_at=None, superseded_by=None, drill=emergency.drill
        )
        .annotate(source_of=SOURCE)
        .filter(Exists(asked) | Q(next_at__isnull=False))
        .order_by("pk")
    )
    lines = [
        OpenLine(
            "DIRECTIVE",
            f"command.Directive:{order.pk}",
            order.title,
            order.issuer_id,
            order.issued_at,
            count=order.recipients,
            detail={"directive": order.pk},
        )
        for order in orders
    ]
    if emergency.drill:
        return lines
    turns = Watch.objects.everywhere("the rosters of an emergency's ground").filter(
        cancelled_at=None, ends_at__gt=at, starts_at__gte=emergency.since
    )
    desks = Unit.objects.filter(overlapping(emergency.grounds, "place", "place") | Q(pk=emergency.issuer))
    counted = (
        turns.filter(unit__in=desks).order_by().values_list("unit").annotate(n=Count("pk"), since=Min("starts_at"))
    )
    lines += [
        OpenLine("ROSTER", f"command.Watch:{unit}", "", unit, since, count=n, detail={"turns_of": unit}, by_ground=True)
        for unit, n, since in counted.order_by("unit")
    ]
    return lines


def calls_open(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list calls of reserves and requisitions: those that run, are to be given back, or to be paid."""
    return [
        OpenLine(
            line.kind,
            line.reference,
            line.title,
            line.owner.pk,
            line.since,
            detail={"address": line.address},
        )
        for line in reserves_open(emergency.grounds, [emergency.key], at=at)
    ]


Told = Callable[..., list[OpenLine]]
# Each room says what it has open; a new room with something to close adds its own line here.
ROOMS: tuple[Told, ...] = (
    measures_open,
    warnings_open,
    levels_open,
    admissions_open,
    forms_open,
    rights_open,
    forces_open,
    screening_open,
    orders_open,
    calls_open,
    stores_open,
    records_held,
)
_above: list[Told] = []


def register_open(told: Told) -> None:
    """This function will have a room above this one asked too."""
    _above.append(told)


def references_of(item: ActivationItem) -> set[str]:
    """This function will return the references of all that an item stands for, as rooms tell them."""
    held = item.detail
    found = {item.reference, item.key}
    for name, model in (
        ("measures", "posture.Measure"),
        ("openings", "forms.FormOpening"),
        ("postures", "posture.Posture"),
    ):
        found |= {f"{model}:{pk}" for pk in held.get(name, ())}
    for name, model in (
        ("admission", "desk.Admission"),
        ("campaign", "screening.Campaign"),
        ("round", "screening.Round"),
        ("directive", "command.Directive"),
    ):
        if name in held:
            found.add(f"{model}:{held[name]}")
    if "source" in held:
        found |= {f"deployment.Team:{held['source']}", f"deployment.Shift:{held['source']}"}
    return found


def known_references(declaration: Declaration) -> set[str]:
    """This function will return what stands in a list already: in this emergency's, or in one that others release."""
    items = ActivationItem.objects.filter(
        Q(activation__declaration=declaration)
        | Q(plan__declaration=declaration)
        | Q(activation__isnull=False, activation__released_at=None)
    )
    return {reference for item in items for reference in references_of(item)}


def found_open(declaration: Declaration, *, at: datetime) -> list[OpenLine]:
    """This function will ask every room what is open of an emergency, and return what stands in no list yet."""
    known = known_references(declaration)
    emergency = emergency_of(declaration)
    return [line for room in (*ROOMS, *_above) for line in room(emergency, at=at) if line.reference not in known]


def titles_of(lines: Iterable[OpenLine]) -> dict[str, tuple[str, str]]:
    """This function will return the titles of lines in both languages; what has none of its own has kind and owner."""
    lines = list(lines)
    owners = Unit.objects.in_bulk({line.owner for line in lines})
    titles = {}
    for line in lines:
        said = []
        for language in ("zh-hans", "en"):
            with override(language):
                said.append((line.title or f"{StepKind(line.kind).label} · {owners[line.owner].label}")[:200])
        titles[line.reference] = (said[0], said[1])
    return titles


class HoldsHereToo(Refusal):
    """It may belong to another emergency on the same ground."""

    code = "holds_here_too"
    sentence = _("%(number)s holds here too: its owner says to which it belongs.")


def others_over(declaration: Declaration, *, at: datetime) -> HoldsHereToo | None:
    """This function will name another emergency that holds on a part of the ground; None where there is none.

    What only ground and time tie to an emergency may belong to that one: its owner says so, the release does not guess.
    """
    grounds = emergency_of(declaration).grounds
    rows = declarations_on(grounds).filter(
        ended_at=None, starts_at__lte=at, expected_until__gt=at, drill=declaration.drill
    )
    other = rows.exclude(pk=declaration.pk).first()
    return HoldsHereToo(number=other.number) if other is not None else None
