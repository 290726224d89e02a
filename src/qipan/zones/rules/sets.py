"""Rule sets as data: what one must say, and why one that does not is refused. Pure."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeGuard

INPUTS = Path(__file__).parent.parent / "data" / "inputs.csv"
UNITS = {"DISTRICT": 2, "STREET": 3, "COMMUNITY": 4}
LEVELS = {"LOW": 1, "MEDIUM": 2, "HIGH": 3}
MOST_DAYS = 366
MOST_COUNT = 1_000_000


@dataclass(frozen=True)
class Input:
    """Something that is counted by area and day; ``hazard`` says for which hazard it counts."""

    code: str
    name: str
    name_en: str
    hazard: str


@lru_cache(maxsize=1)
def inputs() -> dict[str, Input]:
    """This function will return what may be counted in this city, by code."""
    with open(INPUTS, encoding="utf-8", newline="") as file:
        return {row["code"]: Input(**row) for row in csv.DictReader(file)}


@dataclass(frozen=True)
class Criterion:
    """At least so many of an input within a window of local calendar days; ``days`` None is all days so far."""

    input: str
    at_least: int
    days: int | None = None

    def text(self) -> dict[str, Any]:
        """This method will return the criterion as it is stored."""
        return {"input": self.input, "at_least": self.at_least, "days": self.days}


@dataclass(frozen=True)
class Rule:
    """For each level above the lowest, the gravest first, what must all be met; where none is, the lowest holds."""

    unit: int
    levels: tuple[tuple[int, tuple[Criterion, ...]], ...]
    lowest: int = LEVELS["LOW"]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that the rule looks at, each once."""
        return tuple(dict.fromkeys(one.input for _level, criteria in self.levels for one in criteria))

    @property
    def window(self) -> int:
        """The longest window in days; 0 where every criterion looks at all days."""
        return max((one.days or 0 for _level, criteria in self.levels for one in criteria), default=0)

    def text(self) -> list[dict[str, Any]]:
        """This method will return the levels as they are stored."""
        return [{"level": level, "all": [one.text() for one in criteria]} for level, criteria in self.levels]


@dataclass(frozen=True)
class Fault:
    """Why a rule set is refused: a code, the part that is wrong, and what stands there."""

    code: str
    where: str = ""
    found: str = ""


def stored(unit: int, levels: Sequence[Mapping[str, Any]]) -> Rule:
    """This function will read a rule as it is stored."""
    return Rule(unit, tuple((row["level"], tuple(Criterion(**one) for one in row["all"])) for row in levels))


def read_rule(given: Mapping[str, Any], *, known: Mapping[str, Input] | None = None) -> tuple[Rule | None, list[Fault]]:
    """This function will read a rule set's ``hazard``, ``unit`` and ``levels`` and name every fault in it.

    ``levels`` is a list of ``{"level": "HIGH", "all": [{"input": ..., "days": 14, "at_least": 1}]}``, ``days``
    missing or None for all days so far. The rule is None where there is any fault.
    """
    known = inputs() if known is None else known
    faults: list[Fault] = []
    hazard = str(given.get("hazard") or "")
    if not any(one.hazard == hazard for one in known.values()):
        faults.append(Fault("hazard", "hazard", hazard))
    unit = given.get("unit")
    if unit in (None, ""):
        faults.append(Fault("no_unit", "unit"))
    elif not isinstance(unit, str) or unit not in UNITS:
        faults.append(Fault("unit", "unit", str(unit)[:60]))
    rows = given.get("levels")
    if not isinstance(rows, list) or not rows:
        faults.append(Fault("no_levels", "levels"))
        rows = []
    levels: dict[int, tuple[Criterion, ...]] = {}
    for row in rows:
        level = LEVELS.get(str(row.get("level"))) if isinstance(row, Mapping) else None
        if level is None:
            faults.append(Fault("level", "levels", str(row)[:60]))
            continue
        where = str(row["level"])
        if level == Rule.lowest:
            faults.append(Fault("lowest", where))
        if level in levels:
            faults.append(Fault("twice", where))
        levels[level] = _criteria(row.get("all"), where, hazard, known, faults)
    ordered = tuple(sorted(levels.items(), reverse=True))
    if not faults:
        faults += [Fault("never", name) for name, level in LEVELS.items() if _hidden(level, ordered)]
    return (None, faults) if faults else (Rule(UNITS[str(unit)], ordered), [])


def _hidden(level: int, levels: Sequence[tuple[int, tuple[Criterion, ...]]]) -> bool:
    """Whether a level can never hold, because a graver one is reached whenever it is."""
    own = dict(levels).get(level, ())
    return bool(own) and any(
        all(any(_follows(asked, one) for one in own) for asked in criteria)
        for graver, criteria in levels
        if graver > level
    )


def _follows(asked: Criterion, one: Criterion) -> bool:
    """Whether a criterion is met whenever another is: the same input, no more of it, in no shorter a window."""
    longer = asked.days is None or (one.days is not None and asked.days >= one.days)
    return asked.input == one.input and asked.at_least <= one.at_least and longer


def _criteria(
    given: Any, where: str, hazard: str, known: Mapping[str, Input], faults: list[Fault]
) -> tuple[Criterion, ...]:
    if not isinstance(given, list) or not given:
        faults.append(Fault("no_criterion", where))
        return ()
    found = []
    for one in given:
        if not isinstance(one, Mapping):
            faults.append(Fault("no_criterion", where))
            continue
        name, at_least, days = str(one.get("input")), one.get("at_least"), one.get("days")
        if name not in known or known[name].hazard != hazard:
            faults.append(Fault("input", where, name[:60]))
        if days is not None and (not _whole(days) or not 1 <= days <= MOST_DAYS):
            faults.append(Fault("window", where, str(days)[:60]))
        if extra := set(one) - {"input", "at_least", "days"}:
            faults.append(Fault("unknown", where, ", ".join(sorted(map(str, extra)))[:60]))
        if not _whole(at_least) or not 1 <= at_least <= MOST_COUNT:
            faults.append(Fault("threshold", where, str(at_least)[:60]))
            continue
        found.append(Criterion(name, at_least, days))
    return tuple(found)


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def day_begins(day: date, zone: tzinfo) -> datetime:
    """This function will return the first moment of a local calendar day, also where the clock changes at midnight."""
    return datetime.combine(day, time(), zone)
