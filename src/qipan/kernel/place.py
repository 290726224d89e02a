"""Place numbers: every door in the country is one signed 64-bit number (ADR 0001).

The number has 19 decimal digits: province 2, prefecture 2, district 2, street 3, community 3
(together the official 12-digit division code, GB/T 2260 + GB/T 10114 + statistics code),
compound or grid 3 (together the 15-digit unit grid code), door 4. An area is the range of
numbers that begin with its code, so "in my subtree" is one BETWEEN on one index.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

DIGITS = 19
CODE_LENGTHS = (2, 4, 6, 9, 12, 15, 19)

PROVINCE, CITY, DISTRICT, STREET, COMMUNITY, COMPOUND, DOOR = range(7)


class Range(NamedTuple):
    """A closed range ``[first, last]`` of place numbers."""

    first: int
    last: int

    def __contains__(self, place: object) -> bool:
        return isinstance(place, int) and self.first <= place <= self.last

    def covers(self, other: "Range") -> bool:
        """This method will say whether ``other`` lies wholly inside this range."""
        return self.first <= other.first and other.last <= self.last

    def meets(self, other: "Range") -> bool:
        """This method will say whether the two ranges share a place."""
        return self.first <= other.last and other.first <= self.last

    def without(self, others: Iterable["Range"]) -> "list[Range]":
        """This method will return what is left of this range when ``others`` are taken away, in order."""
        left: list[Range] = []
        first = self.first
        for other in sorted(others):
            if other.last < first or other.first > self.last:
                continue
            if other.first > first:
                left.append(Range(first, other.first - 1))
            first = other.last + 1
        return [*left, Range(first, self.last)] if first <= self.last else left


class Grounds(Generic[T]):
    """What lies on which ground, for thousands of places: found by halving. No two grounds share a place."""

    def __init__(self, grounds: Iterable[tuple[Range, T]]) -> None:
        self._held = sorted(grounds, key=lambda one: one[0])
        self._firsts = [ground.first for ground, _what in self._held]

    def at(self, place: int) -> T | None:
        """This method will return what lies on the ground that holds a place; None where none does."""
        found = bisect_right(self._firsts, place) - 1
        if found < 0 or place > self._held[found][0].last:
            return None
        return self._held[found][1]


def short_code(code: str) -> str:
    """This function will cut a zero-padded official code to its own length.

    ``510104000000`` becomes ``510104``; a code that is already short is returned as it is.
    Raises ``ValueError`` when the code is not digits or has a length that no level has.
    """
    if not code.isascii() or not code.isdigit() or len(code) > DIGITS:
        raise ValueError(f"not a division code: {code!r}")
    if len(code) not in CODE_LENGTHS:
        raise ValueError(f"no level has a code of {len(code)} digits: {code!r}")
    return next((code[:length] for length in CODE_LENGTHS if not code[length:].strip("0")), code)


def level_of(code: str) -> int:
    """This function will return the level (PROVINCE to DOOR) of a short code."""
    try:
        return CODE_LENGTHS.index(len(code))
    except ValueError:
        raise ValueError(f"no level has a code of {len(code)} digits: {code!r}") from None


def range_of(code: str) -> Range:
    """This function will return the range of place numbers that a short code owns."""
    level_of(code)
    free = DIGITS - len(code)
    first = int(code) * 10**free
    return Range(first, first + 10**free - 1)


def code_for(ground: Range) -> str | None:
    """This function will return the code that owns exactly this range; None where no single code does."""
    for length in CODE_LENGTHS:
        code = f"{ground.first:019d}"[:length]
        if range_of(code) == ground:
            return code
    return None


def place_of(code: str) -> int:
    """This function will return the first place number of a short code: the area's own place."""
    return range_of(code).first


def code_of(place: int, level: int) -> str:
    """This function will return the code of the area at ``level`` that holds ``place``."""
    return f"{place:019d}"[: CODE_LENGTHS[level]]


def compound_of(place: int) -> int:
    """This function will return the place of the compound that holds a door."""
    return place - place % 10_000


def place_text(place: int) -> str:
    """This function will write a place for JSON, URLs and files: JavaScript cannot hold 19 digits."""
    return f"{place:019d}"
