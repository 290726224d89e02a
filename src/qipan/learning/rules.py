"""Pure decisions of learning: what a closure needs, what the five tests are measured by, how ready a community is."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from .terms import REPORT, FiveTest, LessonState, Light, Need

DATA = Path(__file__).resolve().parent / "data"
REVIEW_DAYS = 20  # working days for a review; the law says "in good time" (Emergency Response Law 2024, art. 92)
DECIDE_DAYS = 10  # working days in which a lesson is decided, and again in which it is published

# Which state of a lesson leads to which.
NEXT: Mapping[str, tuple[str, ...]] = {
    LessonState.PROPOSED: (LessonState.ACCEPTED, LessonState.DECLINED),
    LessonState.ACCEPTED: (LessonState.IN_PLAYBOOK,),
    LessonState.DECLINED: (),
    LessonState.IN_PLAYBOOK: (),
}


@lru_cache(maxsize=1)
def limits() -> dict[str, Any]:
    """This function will return the city's values for readiness (data/readiness.json)."""
    return dict(json.loads((DATA / "readiness.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Missing:
    """What a review lacks before it can be closed."""

    report: tuple[str, ...]  # names of empty parts
    tests: tuple[str, ...]  # tests without an answer
    improvements: bool  # no task of improvement stands

    def __bool__(self) -> bool:
        return bool(self.report or self.tests or self.improvements)


def missing(report: Mapping[str, str], answered: Iterable[str], improvements: int) -> Missing:
    """This function will say what is missing for closure: report, answers to the five tests, improvement tasks."""
    held = set(answered)
    return Missing(
        report=tuple(name for name in REPORT if not report.get(name, "").strip()),
        tests=tuple(test for test in FiveTest.values if test not in held),
        improvements=improvements == 0,
    )


@dataclass(frozen=True)
class Counted:
    """What was kept of an emergency, as far as the five tests ask; None where nothing of the kind was measured."""

    opened: int = 0  # what was opened for it, whoever opened it
    left: int = 0  # not closed
    handed_over: int = 0
    measures: int = 0
    in_force: int = 0  # measures that still hold
    overdue: int = 0  # measures in force whose review day is over
    asked: int = 0  # receipts asked by directives and task cards
    read: int = 0
    objected: int = 0
    conflicts: int = 0  # between commands
    unmanned: int = 0  # units that were asked and in which nobody holds a post
    out_of_order: int = 0  # steps that opened before an earlier one
    blocked: int = 0  # steps that a room refused
    first_minutes: float | None = None  # from the declaration to the first activation
    last_minutes: float | None = None  # from the decision to the last node, the slowest directive
    doors: int | None = None
    reached: int | None = None


# Which figures stand beside which test.
FIGURES: Mapping[str, tuple[str, ...]] = {
    FiveTest.CLOSED: ("opened", "left", "handed_over", "measures", "in_force"),
    FiveTest.COOPERATIVE: ("asked", "read", "conflicts"),
    FiveTest.CLEAR: ("objected", "unmanned", "overdue"),
    FiveTest.ORDERED: ("out_of_order", "blocked"),
    FiveTest.EFFICIENT: ("first_minutes", "last_minutes", "doors", "reached"),
}


def figures_of(test: str, counted: Counted) -> dict[str, float | int | None]:
    """This function will return the figures that stand beside a test, by name."""
    return {name: getattr(counted, name) for name in FIGURES[test]}


def out_of_order(opened: Sequence[datetime | None]) -> int:
    """This function will count the steps, in the order of the plan, that opened before the step ahead of them."""
    moments = [moment for moment in opened if moment is not None]
    return sum(later < earlier for earlier, later in pairwise(moments))


@dataclass(frozen=True)
class Signal:
    """One line of a community's readiness: how it stands, and the numbers that say why. ``light`` None: not known."""

    need: str
    light: int | None
    reason: str  # a name that the page puts into words
    numbers: Mapping[str, int | str | date] = field(default_factory=dict)


def roster_signal(posts: int, *, shifts: int = 0, empty: int = 0) -> Signal:
    """This function will judge whether somebody can be called: a post is held, and no gate ahead stands empty."""
    numbers = {"posts": posts, "shifts": shifts, "empty": empty}
    if posts < limits()["posts"]["roster"]:
        return Signal(Need.ROSTER, Light.RED, "nobody", numbers)
    if empty:
        return Signal(Need.ROSTER, Light.AMBER, "empty", numbers)
    return Signal(Need.ROSTER, Light.GREEN, "filled", numbers)


def backup_signal(posts: int) -> Signal:
    """This function will judge whether a second person can be called."""
    wanted = limits()["posts"]["backup"]
    light = Light.GREEN if posts >= wanted else Light.AMBER if posts else Light.RED
    return Signal(Need.BACKUP, light, "second" if posts >= wanted else "one" if posts else "nobody", {"posts": posts})


@dataclass(frozen=True)
class Drilled:
    """The last drill on a ground: which, on which day, how many of the judged targets were met."""

    activation: int
    day: date
    met: int
    judged: int


def drill_signal(last: Drilled | None, *, on: date) -> Signal:
    """This function will judge how long ago the last drill was, and how it went (EMG-14, FOR-11).

    A drill that missed a target, or was judged by none, shows no more than partly ready: the result is the evidence.
    """
    if last is None:
        return Signal(Need.DRILL, Light.RED, "never")
    days = (on - last.day).days
    numbers = {"days": days, "met": last.met, "judged": last.judged, "activation": last.activation}
    if days > limits()["drill"]["amber_days"]:
        return Signal(Need.DRILL, Light.RED, "old", numbers)
    if days > limits()["drill"]["green_days"]:
        return Signal(Need.DRILL, Light.AMBER, "old", numbers)
    if not last.judged:
        return Signal(Need.DRILL, Light.AMBER, "unjudged", numbers)
    if last.met < last.judged:
        return Signal(Need.DRILL, Light.AMBER, "missed", numbers)
    return Signal(Need.DRILL, Light.GREEN, "passed", numbers)


MOST_ITEMS = 8  # of a community's list: it is short, so that it is looked at
MOST_AMOUNT = 10_000_000
MOST_HOUSEHOLDS = 1_000_000


@dataclass(frozen=True)
class Stored:
    """One thing that a community stores for an emergency, in whole numbers of its unit of measure."""

    name: str
    measure: str
    amount: int  # on hand
    per_day: int  # used in a day while the community is cut off, at least 1

    @property
    def days(self) -> int:
        """How many whole days it lasts."""
        return self.amount // self.per_day


def scarcest(items: Iterable[Stored]) -> Stored | None:
    """This function will return what is used up first, of several the one listed first; None where nothing is listed.

    The stock lasts as long as this one thing does.
    """
    return min(items, key=lambda one: one.days, default=None)


def joined(one: Sequence[Stored], other: Sequence[Stored]) -> list[Stored]:
    """This function will add up what two communities store, once they are one: the same thing in the same measure becomes
    one line, with all that is on hand and all that is used; the same name in another measure keeps both apart.
    """
    found: dict[tuple[str, str], Stored] = {}
    for item in (*one, *other):
        key = item.name.casefold(), item.measure
        had = found.get(key)
        amount, per_day = (had.amount, had.per_day) if had else (0, 0)
        name = had.name if had else item.name
        found[key] = Stored(name, item.measure, amount + item.amount, per_day + item.per_day)
    names = Counter(name for name, _measure in found)
    return [
        item if names[name] == 1 else Stored(f"{item.name[:26]}（{measure}）", measure, item.amount, item.per_day)
        for (name, measure), item in found.items()
    ]


def joined_count(one: int | None, other: int | None) -> int | None:
    """This function will add two counts up; what one of the two never counted is not known of both together."""
    return None if one is None or other is None else one + other


@dataclass(frozen=True)
class Provided:
    """What a community said that it holds, and on which day it last looked at it; None: it did not say."""

    confirmed_on: date
    first_out: Stored | None = None
    households: int | None = None  # that cannot help themselves
    with_helper: int | None = None  # of them


def _of_its_day(signal: Signal, *, on: date, said: Provided) -> Signal:
    """What nobody confirmed for long is partly ready at best, and that is the reason; what is worse stays as it is."""
    ago = (on - said.confirmed_on).days
    numbers = {**signal.numbers, "on": said.confirmed_on, "ago": ago}
    if ago > limits()["confirmed_days"] and signal.light != Light.RED:
        return Signal(signal.need, Light.AMBER, "unconfirmed", numbers)
    return Signal(signal.need, signal.light, signal.reason, numbers)


def stock_signal(said: Provided | None, *, on: date) -> Signal:
    """This function will judge how many days the stock lasts: as long as what is used up first."""
    if said is None or said.first_out is None:
        return Signal(Need.STOCK, None, "unknown")
    at, days = limits()["stock"], said.first_out.days
    light = Light.GREEN if days >= at["green_days"] else Light.AMBER if days >= at["amber_days"] else Light.RED
    reason = "lasts" if light == Light.GREEN else "short"
    return _of_its_day(Signal(Need.STOCK, light, reason, {"days": days, "item": said.first_out.name}), on=on, said=said)


def helpers_signal(said: Provided | None, *, on: date) -> Signal:
    """This function will judge for how many of the households that cannot help themselves a helper is arranged."""
    if said is None or said.households is None or said.with_helper is None:
        return Signal(Need.HELPERS, None, "unknown")
    at, whole, part = limits()["helpers"], said.households, said.with_helper
    numbers = {"households": whole, "without": whole - part}
    if not whole:
        return _of_its_day(Signal(Need.HELPERS, Light.GREEN, "none", numbers), on=on, said=said)
    enough = [100 * part >= at[name] * whole for name in ("green_percent", "amber_percent")]
    light = Light.GREEN if enough[0] else Light.AMBER if enough[1] else Light.RED
    reason = "all" if part == whole else "some"
    return _of_its_day(Signal(Need.HELPERS, light, reason, numbers), on=on, said=said)


def level(signals: Iterable[Signal]) -> int | None:
    """This function will return the level of a community: the gravest line that is known; None when none is."""
    return min((signal.light for signal in signals if signal.light is not None), default=None)


@dataclass(frozen=True)
class Spark:
    """A small chart: the points of its line in a box of ``WIDTH`` by ``HEIGHT``, and what stands at its ends."""

    points: str
    dots: tuple[tuple[str, str], ...]
    first: int
    last: int
    least: int
    most: int


WIDTH, HEIGHT, EDGE = 240, 48, 4


def spark(values: Sequence[int | None]) -> Spark | None:
    """This function will draw a series from left to right; gaps are left out, and nothing is drawn without a value.

    The floor is 0, so that a small change never looks like a large one.
    """
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if not known:
        return None
    most = max(value for _place, value in known)
    step = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)
    height = HEIGHT - 2 * EDGE
    dots = tuple(
        (f"{EDGE + place * step:.1f}", f"{HEIGHT - EDGE - (value * height / most if most else 0):.1f}")
        for place, value in known
    )
    numbers = [value for _place, value in known]
    return Spark(" ".join(f"{x},{y}" for x, y in dots), dots, numbers[0], numbers[-1], min(numbers), most)


def open_at_end(opened_at: datetime, closed_at: datetime | None, *, end: datetime) -> bool:
    """This function will say whether something was open when a year ended: begun before, and not closed by then."""
    return opened_at < end and (closed_at is None or closed_at >= end)


def changed_step(step: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """This function will return a step with the texts and numbers that were typed, of the kinds that it had.

    A list is a text of one line each; a number that is none stays a text, which the playbook's own rules refuse.
    """
    changed = dict(step)
    for name, text in given.items():
        was = step.get(name)
        if isinstance(was, list):
            changed[name] = [line.strip() for line in text.splitlines() if line.strip()]
        elif isinstance(was, (int, float)) and not isinstance(was, bool):
            changed[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text
        else:
            changed[name] = text.replace("\r\n", "\n").strip()
    return changed


# Fields of a step that a lesson may change: what it says and how long, never what it opens nor on which basis.
CHANGEABLE = frozenset(
    {
        "title", "title_en", "body", "body_en", "on_duty", "on_duty_en", "first_hour", "first_hour_en", "first_day",
        "first_day_en", "due_hours", "hours", "from_hour", "days", "review_days", "per_doors",
    }
)  # fmt: skip
SPAN_BEFORE = timedelta(days=7)  # how long before a declaration a warning still belongs to its event
