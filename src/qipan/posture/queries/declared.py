"""Reading postures: what is in force over a ground, exact to the second and without any job."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.timezone import get_default_timezone, localdate

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.scoped import overlapping
from qipan.territory.api import AreaView, named_area

from .. import rules
from ..models import CommandConflict, Declaration, DeclaredGround, Posture
from ..terms import PostureKind, ResponseLevel


@dataclass(frozen=True)
class PostureView:
    """The posture that the board shows over a ground; ``level`` is None in the standing posture."""

    kind: str
    level: int | None
    day: int
    basis: str
    matter: str
    number: str
    since: datetime
    until: datetime
    drill: bool
    declaration_id: int | None

    @property
    def kind_label(self) -> str:
        """The posture in the reader's language."""
        return str(PostureKind(self.kind).label)

    @property
    def level_label(self) -> str:
        """The level in the reader's language; empty in the standing posture."""
        return str(ResponseLevel(self.level).label) if self.level else ""


def holding(at: datetime, *, start: str = "starts_at", end: str = "expires_at", stopped: str = "lifted_at") -> Q:
    """This function will return the filter of ``rules.in_force``: same rule, in SQL."""
    return Q(**{f"{start}__lte": at, f"{end}__gt": at}) & (Q(**{stopped: None}) | Q(**{f"{stopped}__gt": at}))


def postures_in_force(ranges: Iterable[Range], *, at: datetime) -> list[Posture]:
    """This function will return every posture in force that meets the ground, the lower commands' too."""
    return list(
        Posture.objects.filter(overlapping(ranges), holding(at, start="since", end="until", stopped="ended_at"))
        .select_related("declaration__issuer__organ_type")
        .order_by("since", "pk")
    )


def drill_in_force(ranges: Iterable[Range], *, at: datetime) -> bool:
    """This function will say whether any posture in force that meets the ground is a drill's."""
    held = holding(at, start="since", end="until", stopped="ended_at")
    return Posture.objects.filter(overlapping(ranges), held, drill=True).exists()


def posture_over(ranges: Sequence[Range], *, at: datetime) -> PostureView | None:
    """This function will return the gravest posture in force on the ground, None for routine; see ``prevailing_posture``."""
    return prevailing_posture(postures_in_force(ranges, at=at), ranges, at=at)


def prevailing_posture(postures: Iterable[Posture], ranges: Sequence[Range], *, at: datetime) -> PostureView | None:
    """This function will return the gravest of the postures in force on the ground, None for routine.

    Where two commands speak about one hazard the higher prevails for that ground (EMG-3). A drill never
    hides what is real.
    """
    rows = [row for row in postures if any(part.meets(Range(row.first, row.last)) for part in ranges)]
    for drill in (False, True):
        found = rules.prevailing((_standing(row) for row in rows if row.drill == drill), ranges)
        if found:
            return _view(next(row for row in rows if row.pk == found[0].pk), at=at)
    return None


def _standing(row: Posture) -> rules.Standing:
    declared = row.declaration
    return rules.Standing(
        pk=row.pk,
        kind=row.kind,
        level=row.level,
        hazard=declared.hazard if declared else "",
        rank=declared.issuer.organ_type.authority_rank if declared else 0,
        since=row.since,
        ground=Range(row.first, row.last),
    )


def _view(row: Posture, *, at: datetime) -> PostureView:
    declared = row.declaration
    return PostureView(
        kind=row.kind,
        level=row.level,
        day=rules.day_number(declared.starts_at if declared else row.since, at, get_default_timezone()),
        basis=declared.basis if declared else row.basis,
        matter=declared.matter if declared else "",
        number=declared.number if declared else "",
        since=row.since,
        until=row.until,
        drill=row.drill,
        declaration_id=row.declaration_id,
    )


def binding_kind(ranges: Sequence[Range], at: datetime, drill: bool) -> str | None:
    """This function will return the posture that binds forms on the ground (registered with the forms room).

    A drill is a world of its own: only drill postures bind drill forms, only real ones real forms.
    """
    rows = [row for row in postures_in_force(ranges, at=at) if row.drill == drill]
    by_kind = {
        kind: [Range(row.first, row.last) for row in rows if row.kind == kind] for kind in ("STANDING", "EMERGENCY")
    }
    return rules.binding_kind(ranges, standing=by_kind["STANDING"], emergency=by_kind["EMERGENCY"])


def organ_of(actor: Actor, act: str) -> Unit:
    """This function will return the organ that signs for a post; a post without one signs nothing (``NotAllowed``)."""
    actor.require(act)
    unit = Unit.objects.select_related("organ_type").filter(pk=actor.unit_id).first() if actor.unit_id else None
    if unit is None:
        raise NotAllowed(act=act)
    return unit


def declarations_on(ranges: Iterable[Range]) -> QuerySet[Declaration]:
    """This function will return the declarations whose ground meets ``ranges``, the newest first."""
    grounds = DeclaredGround.objects.filter(overlapping(ranges), declaration=OuterRef("pk"))
    return (
        Declaration.objects.filter(Exists(grounds))
        .select_related("issuer__organ_type", "follows")
        .prefetch_related("grounds")
        .order_by("-starts_at", "-pk")
    )


def declarations_in_force(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Declaration]:
    """This function will return the declarations in force whose ground meets ``ranges``, the newest first."""
    return declarations_on(ranges).filter(holding(at, end="expected_until", stopped="ended_at"))


def declared_over(number: str, grounds: Iterable[tuple[int, int]], *, at: datetime, drill: bool = False) -> bool:
    """This function will say whether the declaration with this number is in force and covers all of a ground.

    What a drill declares covers drills only.
    """
    found = Declaration.objects.filter(holding(at, end="expected_until", stopped="ended_at"), number=number).first()
    if found is None or (found.drill and not drill):
        return False
    declared = Scope.of((ground.first, ground.last) for ground in found.grounds.all())
    return all(declared.covers(Range(*ground)) for ground in grounds)


def get_declaration(pk: int, *, actor: Actor) -> Declaration:
    """This function will return a declaration that meets the actor's ground; raises ``NotFound``."""
    found = declarations_on(actor.scope.ranges).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def conflicts_of(declaration: Declaration) -> QuerySet[CommandConflict]:
    """This function will return the conflicts of a declaration with other commands, the newest first."""
    return (
        CommandConflict.objects.filter(Q(prevails=declaration) | Q(yields=declaration))
        .select_related("prevails__issuer", "yields__issuer")
        .order_by("-found_at", "-pk")
    )


def contradictions_of(declaration: Declaration) -> QuerySet[CommandConflict]:
    """This function will return those conflicts in which the other command said another level."""
    return conflicts_of(declaration).exclude(level=F("other_level"))


def grounds_of(declaration: Declaration) -> list[Range]:
    """This function will return the declared ground."""
    return [Range(ground.first, ground.last) for ground in declaration.grounds.order_by("first")]


def declared_areas(declaration: Declaration) -> list[AreaView]:
    """This function will return the areas of a declaration, as they were on its first day."""
    codes = dict.fromkeys(ground.code for ground in declaration.grounds.all())
    return [named_area(code, on=localdate(declaration.starts_at)) for code in codes]


def declaration_names(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return titles and addresses of declarations, for what cites an article."""
    rows = Declaration.objects.filter(pk__in=keys).values_list("pk", "number", "matter")
    return {pk: (f"{number} {matter}", f"/declarations/{pk}") for pk, number, matter in rows}
