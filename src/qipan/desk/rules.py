"""Pure decisions of the desk: which state follows which, whose word counts, when to remind."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from django.utils.timezone import localdate

from qipan.kernel.place import DISTRICT

from .terms import HowOften, TaskState

S = TaskState
FAR_LEADER = timedelta(hours=24)  # late for so long: the area's named leader is told
REMIND_PART = 4  # the reminder comes when a quarter of the time is left
BATCH = 500  # receipts in one request
MOST_ACCOUNTS = 500  # log-ins of one unit at one terminal

# How far a task has come. An objection stands where reading stands: the owner has seen the task.
PROGRESS = {S.SENT: 0, S.DELIVERED: 1, S.READ: 2, S.OBJECTED: 2, S.ACCEPTED: 3, S.DONE: 4}
# What an owner may say next. Forward only; an objection waits for its asker.
NEXT: dict[str, frozenset[str]] = {
    S.SENT: frozenset({S.DELIVERED, S.READ, S.ACCEPTED, S.DONE, S.OBJECTED}),
    S.DELIVERED: frozenset({S.READ, S.ACCEPTED, S.DONE, S.OBJECTED}),
    S.READ: frozenset({S.ACCEPTED, S.DONE, S.OBJECTED}),
    S.ACCEPTED: frozenset({S.DONE, S.OBJECTED}),
    S.OBJECTED: frozenset(),
    S.DONE: frozenset(),
    S.RECALLED: frozenset(),
}
# The one main button of a row: what is usually said next.
FORWARD: dict[str, str] = {S.SENT: S.ACCEPTED, S.DELIVERED: S.ACCEPTED, S.READ: S.ACCEPTED, S.ACCEPTED: S.DONE}
SAYABLE = frozenset({S.DELIVERED, S.READ, S.ACCEPTED, S.DONE, S.OBJECTED})
# Moments that a state implies: who has done a task has received and read it.
IMPLIED: dict[str, tuple[str, ...]] = {
    S.DELIVERED: ("delivered_at",),
    S.READ: ("delivered_at", "read_at"),
    S.ACCEPTED: ("delivered_at", "read_at", "accepted_at"),
    S.DONE: ("delivered_at", "read_at", "accepted_at", "closed_at"),
    S.OBJECTED: ("delivered_at", "read_at"),
}

# Sources whose room needs more than a word: what the owner may say only on that room's page.
_on_page: dict[str, frozenset[str]] = {}


def reserve_words(prefix: str, states: frozenset[str]) -> None:
    """This function will let these states of tasks of ``prefix:…`` be said only on the page they belong to."""
    _on_page[prefix] = states


def said_on_its_page(source: str, state: str) -> bool:
    """This function will say whether the room of a source has reserved this word for its own page."""
    return state in _on_page.get(source.partition(":")[0], ())


STORED, UNCHANGED, REFUSED = "stored", "unchanged", "refused"


def judge(current: str, said: str, *, closed: bool) -> tuple[str, str]:
    """This function will judge a receipt against the state a task is in: (answer, code of the refusal).

    What is already so, or lies behind, is unchanged: a resend is harmless. The rest that does not
    lead forward is refused: recalled, closed, or waiting for the asker's word on an objection.
    """
    if said not in SAYABLE:
        return REFUSED, "unknown_state"
    if current == S.RECALLED:
        return REFUSED, "recalled"
    if said == current:
        return UNCHANGED, ""
    if closed:
        behind = current == S.DONE and said != S.OBJECTED
        return (UNCHANGED, "") if behind else (REFUSED, "closed")
    if said in NEXT[current]:
        return STORED, ""
    if said != S.OBJECTED and PROGRESS[S(said)] <= PROGRESS[S(current)]:
        return UNCHANGED, ""
    return REFUSED, "objected"


def moment_of(said: datetime | None, *, since: datetime, at: datetime) -> datetime:
    """This function will return when something happened: what the device says, if that can be true.

    A time before the task was sent or after now comes from a wrong clock; then now holds.
    """
    return said if said is not None and since <= said <= at else at


def may_answer(*, own: bool, executes: bool, for_compound: bool, on_paper: bool, fills_shift: bool = False) -> bool:
    """This function will say whether a post may answer a task whose place lies in its scope.

    Its own unit's tasks; a community or a property company also for compounds on its ground; and
    whoever collects a printed sheet signs for the unit that has no screen; who fills a shift closes its task.
    """
    return own or on_paper or fills_shift or (executes and for_compound)


def remind_at(created_at: datetime, due_at: datetime | None) -> datetime | None:
    """This function will return when a task's owner is reminded: when a quarter of the time is left."""
    return None if due_at is None else due_at - (due_at - created_at) / REMIND_PART


def hours_of(minutes_per_unit: int, units: int) -> float:
    """This function will return the working hours that a demand costs all its units together."""
    return round(minutes_per_unit * units / 60, 1)


# How often in a month of a twelfth of a year: 365 days, 52 weeks.
TIMES_A_MONTH = {HowOften.ONCE: (1, 1), HowOften.DAILY: (365, 12), HowOften.WEEKLY: (52, 12), HowOften.MONTHLY: (1, 1)}


def hours_a_month(minutes_per_unit: int, units: int, how_often: str) -> float:
    """This function will return the working hours that a demand costs all its units together in a month.

    What is asked once counts in its one month. 1,200 units, an hour each, every week: 5,200 hours.
    """
    times, of = TIMES_A_MONTH[HowOften(how_often)]
    return round(minutes_per_unit * units * times / of / 60, 1)


def cut_minutes(minutes: int, *, asked: int, admitted: int) -> int:
    """This function will return the minutes that fewer questions take, in proportion, rounded up."""
    return -(-minutes * admitted // asked) if asked else minutes


def over_what_was_asked(*, asked: int, admitted: int, asked_until: datetime, until: datetime, since: datetime) -> bool:
    """This function will say whether a decision gives more than was applied for, or no time at all."""
    return admitted > asked or until > asked_until or until <= since or (asked > 0 and admitted < 1)


def week_of(at: datetime | date) -> date:
    """This function will return the Monday of a moment's week where the city lives, or of a day's week."""
    day = localdate(at) if isinstance(at, datetime) else at
    return day - timedelta(days=day.weekday())


class Named(Protocol):
    """A line of the list of signs, as far as rules ask."""

    name: str
    name_en: str


N = TypeVar("N", bound=Named)


def plain(words: str) -> str:
    """This function will return the words of a plaque without what differs by hand: spaces, dots, case, width."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", words)).casefold()


def sign_named(words: str, signs: Iterable[N]) -> N | None:
    """This function will return the line of the list that a plaque with these words is, None when it is on none."""
    wanted = plain(words)
    return next((one for one in signs if wanted and wanted in (plain(one.name), plain(one.name_en))), None)


def may_want_terminals(level: int) -> bool:
    """This function will say whether a unit of this level may want communities to keep an app of its own.

    Units below the county or district level build none (State Council 2026, no. 12).
    """
    return level <= DISTRICT
