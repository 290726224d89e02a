"""Pure decisions on the legal basis: what stands in the place of an ended version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from .terms import Ending, RuleState


@dataclass(frozen=True)
class Version:
    """A version of an article, as far as its end is concerned."""

    ending: str
    valid_to: date | None
    successor: int | None


def end_of(key: int, versions: Mapping[int, Version]) -> int | None:
    """This function will return the version at which what cites ``key`` lost its basis; None while it stands.

    A version that was only put in other words goes on in its successor. ``versions`` holds all of one article.
    """
    seen: set[int] = set()
    while key in versions and key not in seen:
        seen.add(key)
        version = versions[key]
        if version.ending != Ending.REWORDED or version.successor is None:
            return key if version.ending else None
        key = version.successor
    return None


def same_basis(key: int, versions: Mapping[int, Version]) -> list[int]:
    """This function will return ``key`` and the versions before it that were only put in other words since."""
    before = {v.successor: k for k, v in versions.items() if v.ending == Ending.REWORDED and v.successor is not None}
    found = [key]
    while found[-1] in before and before[found[-1]] not in found:
        found.append(before[found[-1]])
    return found


class Change(Enum):
    """What a line of a file is to the register."""

    ADDED = "ADDED"
    SAME = "SAME"
    REWORDED = "REWORDED"
    REPLACED = "REPLACED"
    NEEDS_DAY = "NEEDS_DAY"  # it says something else and not from when, or from a day that is past


WORDS = ("link", "summary", "summary_en", "uses")


def change_of(held: Mapping[str, Any] | None, given: Mapping[str, Any], *, today: date) -> Change:
    """This function will say what an article of a file is to the newest version that the register holds.

    Our words, the link and further uses may change from today on and leave what cites the article as it is; a number,
    a rank or a use less is another basis, and needs the day from which it holds.
    """
    if held is None:
        return Change.ADDED
    said = all(held[name] == given[name] for name in WORDS)
    same_basis = (
        held["number"] == given["number"]
        and held["minimum_rank"] == given["minimum_rank"]
        and set(held["uses"]) <= set(given["uses"])
    )
    if held["valid_to"] is not None:
        if given["valid_from"] <= held["valid_from"]:
            same = said and same_basis and given["valid_to"] == held["valid_to"]
            return Change.SAME if same else Change.NEEDS_DAY
        return Change.ADDED if given["valid_from"] >= max(today, held["valid_to"]) else Change.NEEDS_DAY
    if given["valid_to"] is not None and given["valid_to"] < max(today, held["valid_from"]):
        return Change.NEEDS_DAY
    if given["valid_from"] > held["valid_from"]:
        return Change.REPLACED if given["valid_from"] >= today else Change.NEEDS_DAY
    if not same_basis:
        return Change.NEEDS_DAY
    return Change.SAME if said else Change.REWORDED


COMMENT_DAYS = 30  # for a major decision (Interim Regulation on Major Administrative Decisions, art. 15)


def days_open(opens: date, closes: date) -> int:
    """This function will return for how many days a draft is open, the first and the last among them."""
    return (closes - opens).days + 1


def needs_urgency(*, major: bool, opens: date, closes: date) -> bool:
    """This function will say whether a draft is open for less time than a major decision needs: then its urgency is stated."""
    return major and days_open(opens, closes) < COMMENT_DAYS


def takes_comments(state: str, opens: date | None, closes: date | None, *, on: date) -> bool:
    """This function will say whether a draft takes comments on a day."""
    return state == RuleState.OPEN and opens is not None and closes is not None and opens <= on <= closes


def is_closed(state: str, closes: date | None, *, on: date) -> bool:
    """This function will say whether the time for comments is over and nothing is decided yet."""
    return state == RuleState.OPEN and closes is not None and on > closes
