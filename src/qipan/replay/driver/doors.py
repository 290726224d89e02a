"""What a visit finds at a door: a made-up city, the same for the same seed."""

import random
from enum import Enum

from qipan.kernel.place import compound_of

MOST_VISITS = 3  # three times nobody home is presumed vacant


class Household(Enum):
    """Who lives behind a door; the share of each is set below."""

    AT_HOME = "at home"
    AT_WORK = "at work"
    VACANT_KNOWN = "vacant known"
    VACANT_UNKNOWN = "vacant unknown"
    GONE = "gone"
    ELSEWHERE = "elsewhere"


SHARES = (
    (Household.AT_HOME, 0.52),
    (Household.AT_WORK, 0.375),
    (Household.VACANT_KNOWN, 0.05),
    (Household.VACANT_UNKNOWN, 0.02),
    (Household.ELSEWHERE, 0.034),
    (Household.GONE, 0.001),
)
ANSWERS = (("ANSWERED", 0.93), ("REFUSED", 0.02), ("LANGUAGE_HELP", 0.01), ("APPOINTMENT", 0.04))
# Who is asked when nobody opens a second time: the household by phone, or somebody who answers for it.
LIVES_ELSEWHERE = (("BY_PHONE", 0.3), ("BY_PROXY", 0.1), ("NOT_HOME", 0.6))
IS_OUT = (("BY_PHONE", 0.15), ("BY_PROXY", 0.05), ("NOT_HOME", 0.8))
SETTLED = frozenset({"ANSWERED", "REFUSED", "BY_PHONE", "BY_PROXY", "VACANT_KNOWN", "VACANT_UNKNOWN", "DEMOLISHED"})


def _pick(shares: tuple[tuple[object, float], ...], point: float) -> object:
    for value, share in shares:
        point -= share
        if point < 0:
            return value
    return shares[0][0]


def household(seed: int, place: int) -> Household:
    """This function will say who lives behind a door; each compound has its own mood."""
    lean = random.Random(seed ^ compound_of(place)).uniform(-0.08, 0.08)  # noqa: S311  nothing to keep secret
    point = random.Random(seed * 31 ^ place).random()  # noqa: S311
    found = _pick(SHARES, min(max(point + lean * (point < SHARES[0][1] + SHARES[1][1]), 0.0), 0.999))
    assert isinstance(found, Household)
    return found


def outcome(home: Household, attempt: int, dice: random.Random) -> str:
    """This function will return what the visit number ``attempt`` (from 1) to a door finds."""
    if home is Household.GONE:
        return "DEMOLISHED"
    if home is Household.VACANT_KNOWN:
        return "VACANT_KNOWN"
    if home is Household.VACANT_UNKNOWN:
        return "NOT_HOME" if attempt == 1 else "VACANT_UNKNOWN"
    if home is Household.ELSEWHERE:
        return str(_pick(LIVES_ELSEWHERE, dice.random())) if attempt > 1 else "NOT_HOME"
    there = 0.93 if home is Household.AT_HOME else (0.35, 0.7, 0.8)[min(attempt, MOST_VISITS) - 1]
    if dice.random() >= there:
        return str(_pick(IS_OUT, dice.random())) if attempt > 1 else "NOT_HOME"
    found = str(_pick(ANSWERS, dice.random()))
    return "ANSWERED" if attempt > 1 and found in ("APPOINTMENT", "LANGUAGE_HELP") else found
