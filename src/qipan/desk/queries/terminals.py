"""Reading the registry of terminals: what a community keeps, whose it is, and what all of them keep."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Max, Sum

from qipan.duties.api import Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import COMMUNITY, Range
from qipan.kernel.refusal import NotFound

from .. import rules
from ..models import Terminal, TerminalUse
from .burden import communities_on


@dataclass(frozen=True)
class TerminalLine:
    """One terminal on a ground: how many units keep it, with how many log-ins, used last when."""

    terminal: Terminal
    units: int
    accounts: int
    last_used: date | None

    @property
    def allowed(self) -> bool:
        """Whether a unit of its owner's level may want one."""
        return rules.may_want_terminals(self.terminal.owner.organ_type.level)


@dataclass(frozen=True)
class Kept:
    """How many terminals the communities of a ground keep."""

    communities: int
    listed: int  # communities that have listed theirs
    uses: int

    @property
    def each(self) -> float:
        """Terminals for each community that has listed its own; 0 where none has."""
        return round(self.uses / self.listed, 1) if self.listed else 0.0


def uses_of(unit: Unit) -> list[TerminalUse]:
    """This function will return what a unit keeps, each with its owner, by owner and name."""
    rows = TerminalUse.objects.everywhere("a unit's own list").filter(unit=unit, ended_at=None)
    return list(rows.select_related("terminal__owner__organ_type").order_by("terminal__owner__code", "terminal__name"))


def terminal_lines(ranges: Iterable[Range]) -> list[TerminalLine]:
    """This function will return the terminals that are kept on a ground, those of most units first."""
    rows = TerminalUse.objects.within(Scope(tuple(ranges))).filter(ended_at=None).values("terminal")
    counted = {
        row["terminal"]: row
        for row in rows.annotate(units=Count("unit"), logins=Sum("accounts"), last=Max("last_used")).order_by()
    }
    known = Terminal.objects.filter(pk__in=counted, ended_at=None).select_related("owner__organ_type")
    lines = [
        TerminalLine(one, counted[one.pk]["units"], counted[one.pk]["logins"], counted[one.pk]["last"]) for one in known
    ]
    return sorted(lines, key=lambda line: (-line.units, line.terminal.owner.code, line.terminal.name))


def kept_on(ranges: Iterable[Range]) -> Kept:
    """This function will count what the communities of a ground keep; compounds and companies are left out."""
    ground = tuple(ranges)
    rows = TerminalUse.objects.within(Scope(ground)).filter(
        ended_at=None,
        unit__organ_type__executes_only=True,
        unit__first__isnull=False,
        unit__organ_type__level=COMMUNITY,
    )
    counted = rows.aggregate(uses=Count("pk"), listed=Count("unit", distinct=True))
    return Kept(communities_on(ground), counted["listed"], counted["uses"])


def rows_of_terminals(ranges: Iterable[Range]) -> Iterator[list[str]]:
    """This function will give one line for each unit and terminal on a ground."""
    rows = TerminalUse.objects.within(Scope(tuple(ranges))).filter(ended_at=None)
    rows = rows.select_related("unit", "terminal__owner").order_by("place", "unit", "terminal__name")
    for one in rows.iterator(chunk_size=2_000):
        last = one.last_used.isoformat() if one.last_used else ""
        kind = one.terminal.get_kind_display()
        yield [one.unit.label, one.terminal.name, kind, one.terminal.owner.label, one.terminal.basis, str(one.accounts), last]  # fmt: skip


def ended_terminals(limit: int = 50) -> list[Terminal]:
    """This function will return the terminals that were ended, the newest first, with what stands in their place."""
    return list(Terminal.objects.exclude(ended_at=None).select_related("owner").order_by("-ended_at", "-pk")[:limit])


def get_terminal(pk: int) -> Terminal:
    """This function will return a terminal that is kept; raises ``NotFound``."""
    terminal = Terminal.objects.filter(pk=pk, ended_at=None).first()
    if terminal is None:
        raise NotFound
    return terminal


def get_use(pk: int, *, actor: Actor) -> TerminalUse:
    """This function will return what the actor's own unit keeps; raises ``NotFound``."""
    rows = TerminalUse.objects.within(actor.scope).select_related("terminal")
    use = rows.filter(pk=pk, unit_id=actor.unit_id or 0, ended_at=None).first()
    if use is None:
        raise NotFound
    return use


def wanting_units(unit: Unit) -> list[Unit]:
    """This function will return the units that may want something of a community: those whose ground holds its place."""
    rows = Unit.objects.filter(
        valid_to=None, organ_type__executes_only=False, first__lte=unit.place, last__gte=unit.place
    )
    return list(rows.select_related("organ_type").order_by("organ_type__level", "code"))


def known_terminals(unit: Unit) -> list[Terminal]:
    """This function will return the terminals of the registry that a unit has not listed yet, by owner and name."""
    mine = TerminalUse.objects.everywhere("a unit's own list").filter(unit=unit, ended_at=None).values("terminal")
    rows = Terminal.objects.filter(ended_at=None, owner__first__lte=unit.place, owner__last__gte=unit.place)
    return list(rows.exclude(pk__in=mine).select_related("owner").order_by("owner__code", "name"))
