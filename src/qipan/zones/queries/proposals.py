"""What the counts propose: areas whose computed level is not the one in force, with the reasons."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.timezone import localdate

from qipan.kernel.actor import Scope
from qipan.territory.api import AreaView

from ..models import Correction, RuleSet
from ..rules.engine import AreaCounts, Reason, reasons_on, spans_of
from ..rules.sets import Rule
from ..terms import ZoneLevel
from .counts import Counted, area_on, counted, rule_of
from .reported import reported_days
from .zones import ZoneView, zones_in_force

YESTERDAY = timedelta(days=1)


@dataclass(frozen=True)
class Proposal:
    """A level that follows from the counts and is not in force, for one area.

    ``unreported`` counts the days of the rule's window for which not every input was reported: a level is not
    lowered by silence (``queries.reported``). ``corrected`` says that counts were corrected since the zone in force was confirmed.
    """

    area: AreaView
    level: int
    held: ZoneView | None
    reasons: tuple[Reason, ...]
    day: date
    unreported: int
    corrected: bool

    @property
    def level_label(self) -> str:
        """The proposed level in the reader's language."""
        return str(ZoneLevel(self.level).label)

    @property
    def rises(self) -> bool:
        """Whether the level would be graver than the one in force."""
        return self.level > (self.held.level if self.held else ZoneLevel.LOW)


def computed_level(rule: Rule, counts: AreaCounts, *, today: date) -> tuple[int, date]:
    """This function will return the level that counts give now, and the day whose window gives it.

    What was counted today already counts, but a day lowers nothing before it is over: the graver level of today and
    yesterday.
    """
    spans = spans_of(rule, counts, first=today - YESTERDAY, last=today)
    now, before = spans[-1].level, spans[0].level
    return (now, today) if now >= before else (before, today - YESTERDAY)


def _named_from(rule: Rule, today: date) -> date:
    """The first day of the window of yesterday."""
    return today - timedelta(days=max(rule.window, 14) + 1)


def proposals(rule_set: RuleSet, scope: Scope, *, at: datetime) -> list[Proposal]:
    """This function will return what a rule set in force proposes on a ground, what rises first, then by code.

    An area without a zone whose level would be the lowest is left alone: nothing restricts it.
    """
    rule, today = rule_of(rule_set), localdate(at)
    known = counted(scope, rule, to=today, since=_named_from(rule, today))
    held = {
        one.code: one for one in zones_in_force(scope.ranges, hazard=rule_set.hazard, at=at) if scope.covers(one.ground)
    }
    found = []
    for code in sorted(known.counts.keys() | held.keys()):
        proposal = _proposal(rule, known, code, held.get(code), scope, today=today)
        if proposal is not None:
            found.append(proposal)
    return sorted(found, key=lambda one: (-one.level * one.rises, one.area.code))


def proposal_for(rule_set: RuleSet, area: AreaView, *, at: datetime) -> Proposal | None:
    """This function will return what a rule set proposes for one area; None where nothing would change."""
    rule, today = rule_of(rule_set), localdate(at)
    ground = Scope(area.ranges)
    known = counted(ground, rule, to=today, since=_named_from(rule, today))
    held = next((z for z in zones_in_force(area.ranges, hazard=rule_set.hazard, at=at) if z.code == area.code), None)
    return _proposal(rule, known, area.code, held, ground, today=today)


def _proposal(
    rule: Rule, known: Counted, code: str, held: ZoneView | None, scope: Scope, *, today: date
) -> Proposal | None:
    counts = known.of(code)
    level, day = computed_level(rule, counts, today=today)
    if level == (held.level if held else rule.lowest):
        return None
    area = known.areas.get(code) or area_on(code)
    if area is None:
        return None  # an import took it from the map and nothing owns its ground
    first = today - timedelta(days=max(rule.window, 1))
    lowered = held is not None and level < held.level
    days = reported_days(area, rule, first=first, last=today - YESTERDAY) if lowered else set()
    return Proposal(
        area=area,
        level=level,
        held=held,
        reasons=tuple(reasons_on(rule, counts, day, since=known.since)),
        day=day,
        unreported=(today - first).days - len(days) if lowered else 0,
        corrected=held is not None and _corrected_since(area, rule, held),
    )


def _corrected_since(area: AreaView, rule: Rule, held: ZoneView) -> bool:
    return (
        Correction.objects.everywhere("whether, not what")
        .filter(Scope(area.ranges).q(), hazard_input__in=rule.inputs, at__gt=held.confirmed_at)
        .exists()
    )
