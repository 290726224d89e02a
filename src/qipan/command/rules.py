"""Pure decisions of the command room: what a playbook may say, what differs between versions."""

import difflib
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from qipan.kernel.calendar import NOTICE, after_night, spare_night

from .terms import Rhythm

GRAVE_LEVEL = 2  # level I or II
LATE_ANSWERS = timedelta(days=7)  # how long a form stays open after its time, so that late ones can still answer


# Which fields a step must and may have, by kind. A value is the type that the field must have.
_TEXT, _NUMBER, _LIST = str, (int, float), list
COMMON = {"key": _TEXT, "kind": _TEXT, "title": _TEXT, "title_en": _TEXT}
REQUIRED: Mapping[str, Mapping[str, Any]] = {
    "POSTURE": {"posture": _TEXT},
    "MEASURE": {"measure": _TEXT, "article": _TEXT, "days": _NUMBER, "review_days": _NUMBER},
    "FORM": {"form": _TEXT, "days": _NUMBER},
    "TEAMS": {"organ_type": _TEXT, "per_doors": int, "days": _NUMBER},
    "SHIFTS": {"organ_type": _TEXT, "from_hour": int, "hours": int, "days": int},
    "DIRECTIVE": {
        "organ_types": _LIST,
        "body": _TEXT,
        "body_en": _TEXT,
        "basis": _TEXT,
        "due_hours": _NUMBER,
        "on_release": _TEXT,
    },
    "CARD": {
        "organ_types": _LIST,
        "on_duty": _TEXT,
        "on_duty_en": _TEXT,
        "first_hour": _LIST,
        "first_hour_en": _LIST,
        "first_day": _LIST,
        "first_day_en": _LIST,
        "due_hours": _NUMBER,
    },
    "CAMPAIGN": {"basis": _TEXT},
    "ROUND": {"campaign": _TEXT, "days": _NUMBER},
}
OPTIONAL: Mapping[str, Mapping[str, Any]] = {"CAMPAIGN": {"form": _TEXT}}
POSTURES = ("STANDING", "EMERGENCY")
PERSON_FREE = "STANDING"  # a standing posture opens no form about persons (EMG-19)


def problems_of(steps: object, posture: str) -> list[str]:
    """This function will name everything that is wrong with the steps of a playbook; an empty list means none.

    Steps come in the order of opening; POSTURE, where there is one, comes first, and a ROUND names the
    ``key`` of a CAMPAIGN before it.
    """
    if posture not in POSTURES:
        return [f"posture: {posture!r} is neither of {', '.join(POSTURES)}"]
    if not isinstance(steps, list) or not steps:
        return ["steps: a list with at least one step is needed"]
    problems: list[str] = []
    seen: dict[str, str] = {}
    for number, step in enumerate(steps, 1):
        if not isinstance(step, dict):
            problems.append(f"step {number}: an object is needed")
            continue
        problems += [f"step {number}: {problem}" for problem in _step_problems(step, number, posture, seen)]
        if isinstance(step.get("key"), str):
            seen.setdefault(step["key"], str(step.get("kind")))
    return problems


def _step_problems(step: dict[str, Any], number: int, posture: str, seen: Mapping[str, str]) -> list[str]:
    kind = str(step.get("kind"))
    if kind not in REQUIRED:
        return [f"kind {kind!r} is none of {', '.join(REQUIRED)}"]
    wanted = {**COMMON, **REQUIRED[kind]}
    known = {**wanted, **OPTIONAL.get(kind, {})}
    problems = [f"{name} is missing" for name in wanted if step.get(name) in (None, "", [])]
    problems += [f"{name} is not known for {kind}" for name in step if name not in known]
    for name, kinds in known.items():
        value = step.get(name)
        if value in (None, "", []):
            continue
        if not isinstance(value, kinds) or isinstance(value, bool):
            problems.append(f"{name} has the wrong type")
        elif kinds in (_NUMBER, int) and value < (0 if name == "from_hour" else 1):
            problems.append(f"{name} must be positive")
        elif kinds is _LIST and not all(isinstance(part, str) and part for part in value):
            problems.append(f"{name} must be a list of texts")
    if step.get("key") in seen:
        problems.append(f"key {step['key']!r} is used twice")
    if kind == "POSTURE":
        if number != 1:
            problems.append("POSTURE must be the first step")
        if step.get("posture") != posture:
            problems.append(f"posture {step.get('posture')!r} is not the playbook's ({posture})")
    if kind == "ROUND" and seen.get(str(step.get("campaign"))) != "CAMPAIGN":
        problems.append(f"campaign {step.get('campaign')!r} names no CAMPAIGN step before it")
    if kind == "DIRECTIVE" and step.get("on_release") not in ("RECALL", "FINISH"):
        problems.append("on_release must be RECALL or FINISH")
    if kind == "SHIFTS" and isinstance(step.get("from_hour"), int) and not 0 <= step["from_hour"] <= 23:
        problems.append("from_hour must lie between 0 and 23")
    return problems


def asks_units(steps: Iterable[Mapping[str, Any]]) -> bool:
    """This function will say whether a playbook puts tasks or forms on desks, and so needs work admission (ORG-10)."""
    return any(step["kind"] in ("CARD", "DIRECTIVE", "SHIFTS", "FORM") for step in steps)


@dataclass(frozen=True)
class StepChange:
    """One step that differs between two versions of a playbook: added, removed or changed, field by field."""

    key: str
    change: str  # "added", "removed", "changed", "moved"
    title: str
    title_en: str
    fields: tuple[tuple[str, object, object], ...] = ()


def diff_of(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[StepChange]:
    """This function will return what differs between the steps of two versions, in the order of the new one."""
    before = {step["key"]: (place, step) for place, step in enumerate(old)}
    kept_order = [step["key"] for step in old if step["key"] in {other["key"] for other in new}]
    changes: list[StepChange] = []
    place = 0
    for step in new:
        key, names = step["key"], (step["title"], step["title_en"])
        if key not in before:
            changes.append(StepChange(key, "added", *names))
            continue
        was = before[key][1]
        fields = tuple(
            (name, was.get(name), step.get(name))
            for name in dict.fromkeys([*was, *step])
            if was.get(name) != step.get(name)
        )
        if fields:
            changes.append(StepChange(key, "changed", *names, fields))
        elif kept_order[place] != key:
            changes.append(StepChange(key, "moved", *names))
        place += 1
    still = {step["key"] for step in new}
    return changes + [
        StepChange(step["key"], "removed", step["title"], step["title_en"]) for step in old if step["key"] not in still
    ]


def text_changes(old: str, new: str) -> list[tuple[str, str]]:
    """This function will return the lines of two texts as ("same" | "removed" | "added", line)."""
    marks = {"  ": "same", "- ": "removed", "+ ": "added"}
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [(marks[line[:2]], line[2:]) for line in lines if line[:2] in marks]


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """This function will return the ranges in order, those that touch or overlap made one."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


LONGEST_WATCH = timedelta(hours=24)
WATCH_WARNING = timedelta(hours=2)  # as long ahead as an empty shift at a gate is told
WATCH_AHEAD = timedelta(hours=48)  # how far a page names gaps
Stretch = tuple[datetime, datetime]


def uncovered(turns: Iterable[Stretch], *, start: datetime, end: datetime) -> list[Stretch]:
    """This function will return the stretches of [start, end) in which no turn runs."""
    gaps: list[Stretch] = []
    reached = start
    for first, last in sorted(turns):
        if first >= end:
            break
        if first > reached:
            gaps.append((reached, first))
        reached = max(reached, last)
    return [*gaps, (reached, end)] if reached < end else gaps


def roster_gaps(turns: Sequence[Stretch], *, since: datetime | None, at: datetime, until: datetime) -> list[Stretch]:
    """This function will return when nobody is on duty in a command, from now until ``until``.

    While a response is in force (``since``) every hour is covered from its start on; in routine a roster has gaps
    only between its own turns. A gap that runs already begins where it began.
    """
    ended = [last for _first, last in turns if at - LONGEST_WATCH < last <= at]
    running = [turn for turn in turns if turn[1] > at]
    if since is not None:
        start, end = max([since, *ended]), until
    elif running:
        start = max(ended, default=min(first for first, _last in running))
        end = min(until, max(last for _first, last in running))
    else:
        return []
    return [gap for gap in uncovered(running, start=start, end=end) if gap[1] > at]


# What a drill is scored against; a playbook holds the figure. Percentages lie between 0 and 100, the rest at 0 or above.
TARGETS = (
    "last_node_minutes",
    "read_within_minutes",
    "unread_percent",
    "coverage_percent",
    "unfilled_percent",
    "open_after_release",
)


def target_problems(targets: object) -> list[str]:
    """This function will name everything that is wrong with the targets of a playbook; an empty list means none."""
    if not isinstance(targets, dict):
        return ["targets: an object is needed"]
    problems = [f"targets: {name} is not known" for name in targets if name not in TARGETS]
    for name, value in targets.items():
        if name not in TARGETS:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            problems.append(f"targets: {name} must be a number from 0 on")
        elif name.endswith("_percent") and value > 100:
            problems.append(f"targets: {name} must not be above 100")
    if ("unread_percent" in targets) != ("read_within_minutes" in targets):
        problems.append("targets: unread_percent and read_within_minutes belong together")
    return problems


@dataclass(frozen=True)
class Measured:
    """What was recorded of a drill; None where there was nothing of the kind to measure."""

    nodes: int
    undelivered: int
    last_minutes: float | None
    unread: int | None
    doors: int | None
    settled: int | None
    shifts: int | None
    unfilled: int | None
    opened: int
    still_open: int


@dataclass(frozen=True)
class ScoreLine:
    """One line of a score sheet: the value, how many of how many it comes from, the target, and whether it is met.

    ``met`` is None where the playbook holds no target or the drill had nothing to measure.
    """

    name: str
    value: float | None
    part: int
    whole: int
    target: float | None
    met: bool | None


def share(part: int, whole: int) -> float:
    """This function will return a part in percent."""
    return part * 100 / whole


def score(targets: Mapping[str, float], measured: Measured) -> list[ScoreLine]:
    """This function will set what was measured against the targets, line by line; nothing is rounded into passing.

    A node that was never reached fails the line of the last node, whatever the others took.
    """
    m = measured
    reached = m.nodes - m.undelivered

    def line(name: str, value: float | None, part: int, whole: int, *, least: bool = False) -> ScoreLine:
        target = targets.get(name)
        met = None if target is None or value is None else value >= target if least else value <= target
        if name == "last_node_minutes" and target is not None and m.undelivered:
            met = False
        return ScoreLine(name, value, part, whole, target, met)

    unread, doors, settled, shifts, unfilled = (
        m.unread or 0,
        m.doors or 0,
        m.settled or 0,
        m.shifts or 0,
        m.unfilled or 0,
    )
    return [
        line("last_node_minutes", m.last_minutes, reached, m.nodes),
        line("unread_percent", share(unread, m.nodes) if m.nodes and m.unread is not None else None, unread, m.nodes),
        line("coverage_percent", share(settled, doors) if doors else None, settled, doors, least=True),
        line("unfilled_percent", share(unfilled, shifts) if shifts else None, unfilled, shifts),
        line("open_after_release", float(m.still_open), m.still_open, m.opened),
    ]


def opening_of(number: int, *, first: datetime, every: str, zone: tzinfo) -> datetime:
    """This function will return when a round opens: weeks or months after the first one at the same hour of the local
    clock; where a month lacks the day, on its last one. What falls in the night waits till morning."""
    local = first.astimezone(zone).replace(tzinfo=None)
    if every == Rhythm.WEEKLY:
        local += timedelta(weeks=number - 1)
    else:
        years, month = divmod(local.month - 1 + number - 1, 12)
        year = local.year + years
        local = local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
    return after_night(local.replace(tzinfo=zone), zone)


def rounds_after_first(*, first: datetime, every: str, until: date, zone: tzinfo) -> Iterator[tuple[int, datetime]]:
    """This function will yield number and opening of each further round up to the day ``until``, that day included."""
    number = 2
    while (opening := opening_of(number, first=first, every=every, zone=zone)).astimezone(zone).date() <= until:
        yield number, opening
        number += 1


SELDOM_FIRST = ("ONCE", "MONTHLY", "WEEKLY", "DAILY")  # how often an admission lets ask


def as_seldom(every: str, admitted: str) -> bool:
    """This function will say whether a rhythm asks no more often than was admitted."""
    return SELDOM_FIRST.index(every) <= SELDOM_FIRST.index(admitted)


def round_due(*, planned: datetime, span: timedelta, opened: datetime, zone: tzinfo) -> datetime:
    """This function will return when a round is due: it has as much time (``span``) as the first one had.

    Opened late it still leaves two hours, or what the first one left; a demand that would rob sleep waits till two hours
    after the night.
    """
    return spare_night(at=opened, due_at=max(planned + span, opened + min(span, NOTICE)), zone=zone)
