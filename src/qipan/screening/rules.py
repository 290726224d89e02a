"""Which state a door is in, what comes next, which clock is right: pure decisions on plain values."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from .terms import Came, DoorState, NextStep, Outcome, Verdict

MINUTES_PER_VISIT = 5  # what a visit takes unless whoever opens a round says otherwise
MOST_MINUTES = 480  # a visit longer than a working day is a mistake
RECOUNT_SHARE = 20  # per thousand of the settled doors are seen again, unless whoever draws them says otherwise
PRESUMED_AFTER = 3  # times nobody home, and nothing else
CHECK_AGAIN_AFTER = timedelta(days=3)
FUTURE_TOLERANCE = timedelta(minutes=2)
# How coverage went is kept every ten minutes on a round's first day, every hour in its first month, then once a day.
SLOTS = ((timedelta(days=1), timedelta(minutes=10)), (timedelta(days=29), timedelta(hours=1)))

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EARLIEST = 0  # no visit happened before the year 2000


def state_of(highest: int | None, visits: int) -> DoorState:
    """This function will return the state of a door from its highest-ranked outcome and its number of visits.

    Both are the same whatever the order in which the visits arrived, so the state is too. Nobody
    home is the lowest rank: when it is the highest, every one of the visits was nobody home.
    """
    if not visits or highest is None:
        return DoorState.UNTOUCHED
    if highest == Outcome.NOT_HOME and visits >= PRESUMED_AFTER:
        return DoorState.PRESUMED_VACANT
    return DoorState(highest)


def state_of_outcomes(outcomes: Iterable[int]) -> DoorState:
    """This function will return the state of a door from the outcomes of its visits in one round."""
    known = list(outcomes)
    return state_of(max(known, default=None), len(known))


NEXT_STEP = {
    DoorState.UNTOUCHED: NextStep.VISIT,
    DoorState.NOT_HOME: NextStep.VISIT_AGAIN,
    DoorState.VACANT_UNKNOWN: NextStep.FIND_OWNER,
    DoorState.VACANT_KNOWN: NextStep.ASK_OWNER,
    DoorState.APPOINTMENT: NextStep.KEEP_APPOINTMENT,
    DoorState.LANGUAGE_HELP: NextStep.BRING_INTERPRETER,
    DoorState.REFUSED: NextStep.EXPLAIN_AND_OFFER,
    DoorState.BY_PROXY: NextStep.EXPLAIN_AND_OFFER,  # the household hears of it, and may say it itself
    DoorState.BY_PHONE: NextStep.NOTHING,
    DoorState.ANSWERED: NextStep.NOTHING,
    DoorState.DEMOLISHED: NextStep.CORRECT_REGISTER,
    DoorState.PRESUMED_VACANT: NextStep.CHECK_AGAIN,
}


def check_again_at(last_visit: datetime) -> datetime:
    """This function will return when a door that is presumed vacant is to be checked again."""
    return last_visit + CHECK_AGAIN_AFTER


def slot_of(opened_at: datetime, at: datetime) -> int:
    """This function will return the number of the slot of time, counted from a round's opening, that ``at`` lies in.

    A slot holds one sample, so however long a round is open, what is kept of it stays small.
    """
    since, before = max(at - opened_at, timedelta(0)), 0
    for length, step in SLOTS:
        if since < length:
            return before + since // step
        since, before = since - length, before + length // step
    return before + since // timedelta(days=1)


def microseconds(moment: datetime) -> int:
    """This function will return the microseconds from 2000-01-01 UTC to ``moment``."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(us: int) -> datetime:
    """This function will return the moment that many microseconds after 2000-01-01 UTC."""
    return EPOCH + timedelta(microseconds=us)


# What the hash of a visit says for each outcome. The journal's digests rest on it, so it stays when ranks move (ADR 30).
MARKS: dict[int, int] = {
    Outcome.NOT_HOME: 1,
    Outcome.VACANT_UNKNOWN: 2,
    Outcome.VACANT_KNOWN: 3,
    Outcome.APPOINTMENT: 4,
    Outcome.LANGUAGE_HELP: 5,
    Outcome.REFUSED: 6,
    Outcome.BY_PHONE: 7,
    Outcome.ANSWERED: 8,
    Outcome.DEMOLISHED: 9,
    Outcome.BY_PROXY: 10,
}


def content_of(round_id: int, place: int, outcome: int, device_us: int) -> int:
    """This function will return 64 bits of the hash of what a visit says; the device's own time is part of it.

    The server's correction of the device clock is not: it differs from one sending to the next,
    and a resend must be seen as the same.
    """
    text = b"%d|%d|%d|%d" % (round_id, place, MARKS.get(outcome, 0), device_us)
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


def batch_digest(stored: Iterable[tuple[str, int]]) -> str:
    """This function will return the SHA-256 of a batch: its visits as (32 hex digits, content), sorted."""
    return hashlib.sha256(",".join(f"{hex_id}:{content}" for hex_id, content in sorted(stored)).encode()).hexdigest()


LIVED_IN = (
    Outcome.ANSWERED,
    Outcome.BY_PHONE,
    Outcome.BY_PROXY,
    Outcome.REFUSED,
    Outcome.LANGUAGE_HELP,
    Outcome.APPOINTMENT,
)
EMPTY = (Outcome.VACANT_KNOWN, Outcome.VACANT_UNKNOWN)


def verdict_of(claimed: int, found: int, came: str) -> Verdict:
    """This function will say whether what another team found bears out the state that a round claims for a door.

    A claim of having spoken to somebody stands or falls with what is said at the door; a claim that
    nobody lives there, or that the door is gone, with what is seen. Nobody home tells nothing; nor does it tell against
    an answer of somebody else that the household knows of no visit.
    """
    if found == Outcome.DEMOLISHED or claimed == DoorState.DEMOLISHED:
        return Verdict.SAME if found == claimed else Verdict.DIFFERENT
    if claimed in (DoorState.VACANT_KNOWN, DoorState.VACANT_UNKNOWN, DoorState.PRESUMED_VACANT):
        if found in LIVED_IN:
            return Verdict.DIFFERENT
        return Verdict.SAME if found in EMPTY else Verdict.UNCLEAR
    if found in EMPTY or (came == Came.NO and claimed != DoorState.BY_PROXY):
        return Verdict.DIFFERENT
    return Verdict.SAME if came == Came.YES else Verdict.UNCLEAR


def sample_size(settled: int, permille: int) -> int:
    """This function will return how many of the settled doors are seen again, rounded up: one at least, if there is one."""
    return -(-settled * permille // 1000)


# Doors that a figure speaks of at least, once the rows behind it are destroyed (users.md, red line 3).
MINIMUM_CELL = 10
LEVELS = (10**4, 10**7, 10**10, 10**13)  # places of a compound, a community, a street, a district


def folding(cells: Iterable[tuple[int, int]]) -> list[tuple[list[int], int]]:
    """This function will say which cells (place, doors) are added up, and at which place, so that none speaks of fewer
    than ten doors: small compounds of a community together, small communities of a street, small streets of a district.

    Where the small ones together are too few, the smallest other one goes with them: what is left could be had by
    taking the others from the sum. So the sums of the areas above stay as they were.
    """
    now, moves = dict(cells), []
    for size, above in pairwise(LEVELS):
        areas: dict[int, dict[int, list[int]]] = {}
        for place in sorted(now):
            areas.setdefault(place // above * above, {}).setdefault(place // size * size, []).append(place)
        for up, units in areas.items():
            doors = {unit: sum(now[place] for place in places) for unit, places in units.items()}
            chosen = [unit for unit in units if doors[unit] < MINIMUM_CELL]
            if not chosen:
                continue
            if up in units and up not in chosen:  # what was added up here before
                chosen.append(up)
            others = sorted((unit for unit in units if unit not in chosen), key=lambda unit: (doors[unit], unit))
            while sum(doors[unit] for unit in chosen) < MINIMUM_CELL and others:
                chosen.append(others.pop(0))
            gone = sorted(place for unit in chosen for place in units[unit])
            if gone == [up]:
                continue
            moves.append((gone, up))
            now[up] = sum([now.pop(place) for place in gone])
    return moves
