"""Publishing rule sets: a whole version with its basis, its source and its days; never changed, only followed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMMUNITY
from qipan.kernel.refusal import BadInput, Refusal

from ..models import RuleSet
from ..rules.sets import Fault, day_begins, read_rule


@dataclass(frozen=True)
class RuleSetEnded:
    """A rule set ends, and with it every level that was confirmed by it; ``ends_at`` may lie ahead."""

    rule_set_id: int
    hazard: str
    ends_at: datetime
    at: datetime


TEXTS = {"code": 40, "title": 120, "title_en": 120, "basis": 300, "source": 300}
MAY_LACK = {"unit_reason": 300, "note": 400, "note_en": 400, "end_basis": 300}


class TwoRulesAtOnce(Refusal):
    code = "zone_two_rules_at_once"
    sentence = _("From %(first)s on, “%(other)s” is in force for this hazard; one rule judges a hazard at a time.")
    status = 400


class RuleSetOver(Refusal):
    code = "zone_rule_set_over"
    sentence = _("The rule set ended on %(day)s already.")


def fault_sentence(fault: Fault) -> str:
    """This function will say why a part of a rule set is refused, in the reader's language."""
    sentences = {
        "hazard": _now("the hazard “%(found)s” is not known"),
        "no_unit": _now("the unit of area is missing: DISTRICT, STREET or COMMUNITY"),
        "unit": _now("“%(found)s” is no unit of area: DISTRICT, STREET or COMMUNITY"),
        "no_levels": _now("no level has a criterion"),
        "level": _now("“%(found)s” is no level: MEDIUM or HIGH"),
        "lowest": _now("the lowest level needs no criterion: it holds where no other is reached"),
        "twice": _now("level %(where)s stands twice"),
        "no_criterion": _now("level %(where)s has no criterion"),
        "input": _now("level %(where)s: the input “%(found)s” is not counted for this hazard"),
        "threshold": _now("level %(where)s: the threshold “%(found)s” is no whole number from 1 to 1,000,000"),
        "window": _now("level %(where)s: the window “%(found)s” is no whole number of days from 1 to 366"),
        "never": _now("level %(where)s could never hold: a graver one is reached whenever it is"),
        "unknown": _now("level %(where)s: “%(found)s” is not understood"),
    }
    return sentences[fault.code] % {"where": fault.where, "found": fault.found}


def _day(given: Any) -> date | None:
    try:
        return given if isinstance(given, date) else date.fromisoformat(str(given))
    except ValueError:
        return None


def _texts(given: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, most in (TEXTS | MAY_LACK).items():
        text = given.get(name) or ""
        if not isinstance(text, str) or (name in TEXTS and not text.strip()) or len(text) > most:
            problems.append(_now("%(name)s is missing or longer than %(most)s signs") % {"name": name, "most": most})
    code = str(given.get("code") or "")
    if code and not (code.isascii() and code.replace("-", "").replace("_", "").isalnum()):
        problems.append(_now("the code has other signs than letters, digits and -"))
    return problems


@transaction.atomic
def publish_rule_set(given: Mapping[str, Any], *, by: Actor, at: datetime) -> RuleSet:
    """This function will publish a rule set as the next version of its code; the one before it ends where it begins.

    ``given`` is what ``data/rule_sets.json`` holds: code, title, title_en, hazard, unit, unit_reason (for one above the
    community), levels, minimum_rank, basis, source, note, valid_from, valid_to with end_basis, trial. Needs ``zone.rule``. Raises ``NotAllowed``, ``BadInput``
    with every fault (a next version that begins in days already judged too), ``TwoRulesAtOnce``.
    """
    by.require("zone.rule")
    rule, faults = read_rule(given)
    problems = [*(fault_sentence(fault) for fault in faults), *_texts(given)]
    first, last = _day(given.get("valid_from")), _day(given["valid_to"]) if given.get("valid_to") else None
    unit_reason = str(given.get("unit_reason") or "").strip()
    if rule is not None and rule.unit < COMMUNITY and not unit_reason:
        problems.append(
            _now("a unit above the community needs its reason (unit_reason): why no smaller area is judged")
        )
    if first is None or (given.get("valid_to") and (last is None or last <= first)):
        problems.append(_now("it needs a first day, and a last one after it if it has one"))
    if last is not None and not str(given.get("end_basis") or "").strip():
        problems.append(_now("an end needs its basis"))
    rank = given.get("minimum_rank", 2)
    if not isinstance(rank, int) or not 1 <= rank <= 9:
        problems.append(_now("minimum_rank is no whole number from 1 to 9"))
    if problems or rule is None or first is None:
        raise BadInput(problems)
    code, trial = str(given["code"]), bool(given.get("trial", False))
    own = RuleSet.objects.select_for_update().filter(code=code)
    versions = [] if trial else [one for one in own if not one.trial]
    before = [one for one in versions if one.valid_to is None or one.valid_to > first]
    if any(one.valid_from >= first for one in before):
        raise TwoRulesAtOnce(other=before[0], first=first, field="valid_from")
    _rewrites_nothing(versions, first, at=at)
    for one in before:
        _end(one, first, basis=_now("followed by the next version"), at=at)
    if not trial:
        _alone(str(given["hazard"]), code, first, last)
    version = (own.aggregate(last=Max("version"))["last"] or 0) + 1
    rule_set = RuleSet.objects.create(
        code=code,
        version=version,
        title=given["title"],
        title_en=given["title_en"],
        hazard=given["hazard"],
        unit=rule.unit,
        unit_reason=unit_reason,
        levels=rule.text(),
        minimum_rank=rank,
        basis=given["basis"],
        source=given["source"],
        note=given.get("note") or "",
        note_en=given.get("note_en") or "",
        valid_from=first,
        valid_to=last,
        ends_at=day_begins(last, get_default_timezone()) if last else None,
        end_basis=given.get("end_basis") or "",
        trial=trial,
        published_at=at,
        by_label=by.label,
    )
    record(
        "zones.publish_rule_set",
        subject=rule_set,
        by=by,
        at=at,
        data={
            "code": code,
            "version": version,
            "unit": rule.unit,
            "unit_reason": unit_reason,
            "levels": rule.text(),
            "basis": given["basis"],
        },
    )
    return rule_set


def _rewrites_nothing(versions: Iterable[RuleSet], first: date, *, at: datetime) -> None:
    """A follower never begins in days that another version has judged: a version that is in force ends as by its abolition."""
    today = localdate(at)
    begun = [one for one in versions if one.valid_from <= today]
    if not begun:
        return  # a code that never was in force: a rule of the past may be put on record
    running = any(one.valid_to is None or one.valid_to > today for one in begun)
    earliest = today + timedelta(days=1) if running else today
    if first < earliest:
        raise BadInput(
            [_now("a next version begins on %(first)s or later: what was judged before stays") % {"first": earliest}]
        )


def _alone(hazard: str, code: str, first: date, last: date | None) -> None:
    """No other rule set judges the hazard in these days."""
    others = RuleSet.objects.filter(hazard=hazard, trial=False).exclude(code=code)
    others = others.filter(Q(valid_to=None) | Q(valid_to__gt=first))
    if last is not None:
        others = others.filter(valid_from__lt=last)
    for other in others:
        raise TwoRulesAtOnce(other=other, first=max(first, other.valid_from), field="valid_from")


def _end(rule_set: RuleSet, day: date, *, basis: str, at: datetime) -> None:
    ends_at = day_begins(day, get_default_timezone())
    rule_set.valid_to, rule_set.ends_at, rule_set.end_basis = day, ends_at, basis
    rule_set.save(update_fields=["valid_to", "ends_at", "end_basis"])
    publish(RuleSetEnded(rule_set.pk, rule_set.hazard, ends_at, at))


@transaction.atomic
def end_rule_set(rule_set: RuleSet, *, on: date, basis: str, by: Actor, at: datetime) -> RuleSet:
    """This function will abolish a rule set from a day on: every level confirmed by it ends at that day's beginning.

    Needs ``zone.rule``. Raises ``NotAllowed``, ``RuleSetOver``, ``BadInput`` (a day that has begun, no basis).
    """
    by.require("zone.rule")
    rule_set = RuleSet.objects.select_for_update().get(pk=rule_set.pk)
    if rule_set.valid_to is not None and rule_set.valid_to <= localdate(at):
        raise RuleSetOver(day=rule_set.valid_to)
    problems = []
    if on <= max(localdate(at), rule_set.valid_from):
        first = max(localdate(at), rule_set.valid_from) + timedelta(days=1)
        problems.append(
            _now("a rule set ends at the beginning of a day to come: %(first)s or later") % {"first": first}
        )
    if not 0 < len(basis.strip()) <= 300:
        problems.append(_now("an end needs its basis"))
    if problems:
        raise BadInput(problems)
    _end(rule_set, on, basis=basis.strip(), at=at)
    record(
        "zones.end_rule_set",
        subject=rule_set,
        by=by,
        at=at,
        data={"code": rule_set.code, "version": rule_set.version, "on": on.isoformat(), "basis": basis.strip()},
    )
    return rule_set


def publish_missing(given: Iterable[Mapping[str, Any]], *, by: Actor, at: datetime) -> list[RuleSet]:
    """This function will publish the rule sets of a list whose code is not known yet; again changes nothing."""
    known = set(RuleSet.objects.values_list("code", flat=True))
    return [publish_rule_set(one, by=by, at=at) for one in given if one.get("code") not in known]
