"""Confirming the level of an area: what was computed becomes what holds, by an official's act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.duties.api import Unit
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.scoped import overlapping
from qipan.laws.api import Article, Cited, Use, cite_all, end_citations, get_article
from qipan.territory.api import get_area

from ..models import RiskZone, RuleSet
from ..queries.counts import offices_that_said, rule_set_of
from ..queries.proposals import Proposal, proposal_for
from ..terms import ZoneLevel
from .moving import ZoneChanged, follow_map


@dataclass(frozen=True)
class ZoneConfirmed:
    """An official confirmed the level of an area for a hazard; ``starts_at`` is when it takes effect."""

    code: str
    ranges: tuple[Range, ...]
    hazard: str
    level: int
    starts_at: datetime
    at: datetime


class ConfirmerNotCompetent(Refusal):
    """The organ stands below the rank that the rule set asks for, or only carries out."""

    code = "zone_confirmer_not_competent"
    sentence = _("%(unit)s may not confirm risk levels: rule set “%(rule)s” leaves that to higher organs.")
    status = 403


class NothingProposed(Refusal):
    code = "zone_nothing_proposed"
    sentence = _("The counts give no other level for %(area)s than the one in force.")


class CountsChanged(Refusal):
    """What the official saw is no longer what the counts give."""

    code = "zone_counts_changed"
    sentence = _("The counts of %(area)s have changed since you looked: they give “%(level)s” now. Look again.")


class StricterThanRule(Refusal):
    code = "zone_stricter_than_rule"
    sentence = _("The rule gives “%(level)s” for %(area)s; a graver level has no ground in it.")


class LowerNeedsReason(Refusal):
    code = "zone_lower_needs_reason"
    sentence = _("A level below what the rule gives needs its reason in words.")
    status = 400


class AnotherConfirms(Refusal):
    """The office that said the counts does not also raise the level that follows from them."""

    code = "zone_another_confirms"
    sentence = _("%(unit)s itself reported counts of %(area)s; another office confirms a level that goes up.")
    status = 403


class NotReported(Refusal):
    code = "zone_not_reported"
    sentence = ngettext_lazy(
        "For %(days)s day not every count was reported for %(area)s; silence lowers no level. Report them, nought too.",
        "For %(days)s days not every count was reported for %(area)s; silence lowers no level. Report them, nought too.",
        "days",
    )


class BeginsInThePast(Refusal):
    code = "zone_begins_in_the_past"
    sentence = _("A level takes effect now or later, never before it was confirmed.")
    status = 400


class NoRuleSet(Refusal):
    code = "zone_no_rule_set"
    sentence = _("No rule set is in force for this hazard, so nothing can be confirmed by one.")


@transaction.atomic
def confirm_zone(
    rule_set: RuleSet,
    code: str,
    *,
    level: int,
    proposed: int,
    starts_at: datetime | None = None,
    words: str = "",
    article: str = "",
    by: Actor,
    at: datetime,
) -> list[RiskZone]:
    """This function will put the level that the counts propose for an area in force, or a lower one with its reason.

    ``proposed`` is what the official saw; the counts are looked at again. It holds from ``starts_at`` (None: now)
    until another level takes its place. ``article`` is the code of the article of the register that it cites beside its
    rule set. Returns one zone for each range that the area owns. Needs ``zone.confirm``. Raises what ``get_article``
    raises, ``NotAllowed``, ``NotFound``, ``NoRuleSet``, ``ConfirmerNotCompetent``, ``BeginsInThePast``,
    ``NothingProposed``, ``CountsChanged``, ``StricterThanRule``, ``LowerNeedsReason``, ``AnotherConfirms``,
    ``NotReported``.
    """
    by.require("zone.confirm")
    area = get_area(code)
    if not all(by.scope.covers(part) for part in area.ranges):
        raise NotFound
    rule_set = RuleSet.objects.select_for_update().get(pk=rule_set.pk)  # one confirmation at a time
    if rule_set_of(rule_set.hazard, at=at) != rule_set:
        raise NoRuleSet
    cited = get_article(article, on=localdate(at), use=Use.ZONE) if article else None
    unit = _competent(rule_set, by, cited)
    begins = starts_at or at
    if begins < at:
        raise BeginsInThePast(field="starts_at")
    follow_map(area.ranges, by=by, at=at)  # an import of the map tells nobody whose ground it gave back
    found = proposal_for(rule_set, area, at=at)
    if found is None:
        raise NothingProposed(area=area)
    if found.level != proposed:
        raise CountsChanged(area=area, level=ZoneLevel(found.level))
    if level > found.level:
        raise StricterThanRule(area=area, level=ZoneLevel(found.level), field="level")
    if level < found.level and not words.strip():
        raise LowerNeedsReason(field="words")
    held = found.held.level if found.held else None
    said = offices_that_said([one.input for one in found.reasons], area.ranges, last=found.day)
    if unit is not None and unit.pk in said and level > (held or ZoneLevel.LOW):
        raise AnotherConfirms(unit=unit, area=area)
    if held is not None and level < held and found.unreported and level == found.level:
        raise NotReported(area=area, days=found.unreported)
    zones = _put_in_force(rule_set, found, level=level, begins=begins, words=words.strip(), unit=unit, by=by, at=at)
    if cited is not None:
        owner = unit.pk if unit is not None else 0
        cite_all([Cited(zone, cited, owner, zone.place) for zone in zones], use=Use.ZONE, at=at)
    return zones


@dataclass(frozen=True)
class Line:
    """One of several levels that an official confirms at once: what the official saw of it."""

    rule_set: RuleSet
    code: str
    proposed: int


MOST_AT_ONCE = 300


class TooManyAtOnce(Refusal):
    code = "zone_too_many_at_once"
    sentence = _("At most %(most)s levels are confirmed at once.")
    status = 400


@transaction.atomic
def confirm_zones(
    lines: Sequence[Line], *, article: str = "", by: Actor, at: datetime
) -> list[tuple[Line, Refusal | None]]:
    """This function will confirm several proposed levels, each as ``confirm_zone`` does, and say of each line why not.

    What is refused stays as it was and keeps no other from being confirmed. Of two officials at once one confirms; the
    other is told for each line that nothing is proposed any more. Needs ``zone.confirm``. Raises ``NotAllowed``,
    ``TooManyAtOnce``, what ``get_article`` raises.
    """
    by.require("zone.confirm")
    if len(lines) > MOST_AT_ONCE:
        raise TooManyAtOnce(most=MOST_AT_ONCE)
    if article:
        get_article(article, on=localdate(at), use=Use.ZONE)
    told: list[tuple[Line, Refusal | None]] = []
    for line in sorted(lines, key=lambda one: (one.rule_set.pk, one.code)):
        refused: Refusal | None = None
        try:
            with transaction.atomic():
                confirm_zone(
                    line.rule_set, line.code, level=line.proposed, proposed=line.proposed, article=article, by=by, at=at
                )
        except Refusal as refusal:
            refused = refusal
        told.append((line, refused))
    return told


def _competent(rule_set: RuleSet, by: Actor, cited: Article | None) -> Unit | None:
    """The unit that confirms, of the rank that rule set and article ask for; a job has none and states its acts."""
    if by.unit_id is None:
        if by.account_id is not None or by.pass_id is not None:
            raise ConfirmerNotCompetent(unit=by, rule=rule_set)
        return None
    unit = Unit.objects.select_related("organ_type").get(pk=by.unit_id)
    organ = unit.organ_type
    needed = max(rule_set.minimum_rank, (cited.minimum_rank or 0) if cited is not None else 0)
    if organ.executes_only or organ.authority_rank < needed:
        raise ConfirmerNotCompetent(unit=unit, rule=rule_set)
    return unit


def _put_in_force(
    rule_set: RuleSet,
    found: Proposal,
    *,
    level: int,
    begins: datetime,
    words: str,
    unit: Unit | None,
    by: Actor,
    at: datetime,
) -> list[RiskZone]:
    area = found.area
    # What began before ends where this begins; what was to begin later never does.
    open_zones = RiskZone.objects.everywhere("a confirmation replaces what stands").filter(
        overlapping(area.ranges), hazard=rule_set.hazard, area_level=area.level
    )
    replaced = open_zones.filter(Q(ends_at=None) | Q(ends_at__gt=begins))
    # What holds until this one begins rests on its article until then; what never begins rests on nothing any more.
    running = [pk for pk, starts in replaced.values_list("pk", "starts_at") if starts <= begins]
    never = list(replaced.exclude(pk__in=running).values_list("pk", flat=True))
    end_citations([f"zones.RiskZone:{pk}" for pk in running], at=at, ends=begins)
    end_citations([f"zones.RiskZone:{pk}" for pk in never], at=at)
    replaced.filter(starts_at__lte=begins).update(ends_at=begins)
    open_zones.filter(starts_at__gt=begins).filter(Q(ends_at=None) | Q(ends_at__gt=F("starts_at"))).update(
        ends_at=F("starts_at")
    )
    zones = [
        RiskZone.objects.create(
            rule_set=rule_set,
            hazard=rule_set.hazard,
            code=area.code,
            area_level=area.level,
            place=area.place,
            first=part.first,
            last=part.last,
            level=level,
            reasons=[one.text() for one in found.reasons],
            counted_to=found.day,
            words=words,
            starts_at=begins,
            confirmed_at=at,
            unit=unit,
            by_label=by.label,
        )
        for part in area.ranges
    ]
    before = found.held.level if found.held else None
    record(
        "zones.confirm_zone",
        subject=zones[0],
        by=by,
        at=at,
        place=area.place,
        data={
            "code": area.code,
            "hazard": rule_set.hazard,
            "rule_set": str(rule_set),
            "before": before,
            "level": level,
            "computed": found.level,
            "counted_to": found.day.isoformat(),
            "starts_at": begins.isoformat(),
            "words": words,
        },
    )
    publish(ZoneConfirmed(area.code, area.ranges, rule_set.hazard, level, begins, at))
    if before != level:
        for part in area.ranges:
            publish(ZoneChanged(part, rule_set.hazard, before, level, begins))
    return zones
