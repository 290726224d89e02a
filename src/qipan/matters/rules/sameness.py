"""Says how often people joined pairs of matters like one: by common words, hours, metres and ground. Pure.

What was learned is a weight for each of these and the steps of a curve, counted on decisions that had been held back
(ADR 28); nobody's words are in it. ``learning.py`` makes it.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from math import floor, log1p
from typing import Any, NamedTuple

from qipan.kernel.rate import Rate

from .limits import ALIKE_WITHIN, share_of
from .points import NEAR, Point, metres_between
from .suggestions import NotReadable

FORMAT = 1  # of what is kept; another one is not read
MOST_READ = 40  # matters that one report is compared with, the newest
LEAST_ALIKE = 0.5  # likeness from which words alone say that it is the same
LEAST_SAME = 0.5  # share of such pairs that people joined, from which another matter is proposed as the same
LEAST_HINTED = 0.1  # and from which it is hinted at, whatever the words
WEEK = ALIKE_WITHIN.total_seconds() / 3600
PLAIN = 3  # of what is weighed, what is known of each pair
CELL = 0.002  # degrees: at least as wide as NEAR up to 63 degrees of latitude


class Pair(NamedTuple):
    """Two matters of one category, near in place and time, as they are compared."""

    likeness: float  # of their words, 0 to 1
    hours: float  # between their reports
    metres: float | None  # between their points; None where one has none, or where none may speak
    same_ground: bool  # told at the same compound

    @property
    def weighed(self) -> tuple[float, ...]:
        """What is weighed of it: each from 0 to 1, and more where it is nearer. The last is for points alone."""
        soon = 1 - log1p(min(self.hours, WEEK)) / log1p(WEEK)
        plain = (self.likeness, soon, float(self.same_ground))
        return plain if self.metres is None else (*plain, 1 - min(self.metres, NEAR) / NEAR)


class Decided(NamedTuple):
    """A pair that people decided on: joined, or left apart."""

    pair: Pair
    same: bool
    at: datetime  # when the later one was reported


@dataclass(frozen=True)
class Told:
    """One report, as what people decided since is read from it."""

    matter: int
    root: int  # where the matter's joining ends; the matter itself where it is not joined
    at: datetime
    ended: datetime | None  # when the matter was over: what has ended is not offered
    category: Hashable
    ground: Hashable  # where the same thing would be looked for
    lies: tuple[Hashable, ...]  # on which grounds it is found
    words: frozenset[str]  # its pairs of characters
    point: Point | None = None
    asks: bool = True  # whether a person has said, here, if its matter is the same as an earlier one


@dataclass(frozen=True)
class Tried:
    """What became of pairs that had been held back: by what was learned, and by likeness of words alone."""

    pairs: int = 0
    joined: int = 0  # by people
    proposed: int = 0  # as the same, by what was learned
    found: int = 0  # of these, joined by people
    likely: int = 0  # the same by likeness alone
    likely_found: int = 0

    @property
    def right(self) -> int:
        """How many pairs it said rightly to be the same, or not to be."""
        return self.pairs - self.joined - self.proposed + 2 * self.found

    @property
    def right_by_words(self) -> int:
        """How many pairs likeness alone said rightly."""
        return self.pairs - self.joined - self.likely + 2 * self.likely_found

    @property
    def better(self) -> bool:
        """Whether what was learned says more than likeness alone."""
        return self.right > self.right_by_words


class Step(NamedTuple):
    """Of ``of`` pairs with a score from here to the next step, people joined ``n``."""

    score: float
    n: int
    of: int


@dataclass(frozen=True)
class Curve:
    """Weights of what is weighed of a pair, and how many of the pairs that score like it were joined."""

    weights: tuple[float, ...]  # one for each that is weighed, and the constant
    steps: tuple[Step, ...]  # never falling

    def score(self, pair: Pair) -> float:
        """This method will say which of two pairs is rather the same: the higher. Weighed is what there is a weight for."""
        return self.weights[-1] + sum(x * weight for x, weight in zip(pair.weighed, self.weights[:-1], strict=False))

    def share(self, pair: Pair) -> Rate:
        """This method will return how many of the pairs like this people joined, of those that had been held back."""
        at = bisect_right(self.steps, self.score(pair), key=lambda step: step.score)
        found = self.steps[max(0, at - 1)]
        return Rate(found.n, found.of)


@dataclass(frozen=True)
class Sameness:
    """What was learned from a city's decisions on pairs: of all, and of those whose points are known."""

    cases: int
    plain: Curve
    pointed: Curve | None  # None where too few pairs have points
    trial: Tried = field(default_factory=Tried)

    def share(self, pair: Pair) -> Rate:
        """This method will return how many of the pairs like this people joined, of those that had been held back."""
        curve = self.pointed if pair.metres is not None and self.pointed is not None else self.plain
        return curve.share(pair)

    def pack(self) -> bytes:
        """This method will return everything as JSON."""
        curves = [None if one is None else [one.weights, one.steps] for one in (self.plain, self.pointed)]
        return json.dumps({"format": FORMAT, "cases": self.cases, "curves": curves, "trial": vars(self.trial)}).encode()

    @classmethod
    def unpack(cls, raw: bytes, *, digest: str) -> "Sameness":
        """This method will read what ``pack`` wrote; raises ``NotReadable`` for anything else."""
        if sha256(raw).hexdigest() != digest:
            raise NotReadable("digest")
        try:
            said = json.loads(raw)
            if said["format"] != FORMAT:
                raise NotReadable("format")
            plain, pointed = said["curves"]
            read = None if pointed is None else _curve(pointed, PLAIN + 1)
            return cls(said["cases"], _curve(plain, PLAIN), read, Tried(**said["trial"]))
        except (KeyError, TypeError, ValueError) as error:
            raise NotReadable(str(error)) from None


def _curve(said: Any, weighed: int) -> Curve:
    weights, steps = said
    if len(weights) != weighed + 1 or not steps:
        raise NotReadable("curve")
    return Curve(tuple(map(float, weights)), tuple(_step(*one) for one in steps))


def _step(score: float, n: int, of: int) -> Step:
    if not 0 <= n <= of or not of:
        raise NotReadable("step")
    return Step(float(score), n, of)


def is_proposed(share: Rate) -> bool:
    """This function will say whether so many pairs were joined that another one is proposed as the same."""
    return share.part >= LEAST_SAME * share.whole


def is_hinted(share: Rate) -> bool:
    """This function will say whether so many pairs were joined that another one is hinted at."""
    return share.part >= LEAST_HINTED * share.whole


class _Held:
    """A matter that was told already, with the words of all who told of it so far."""

    def __init__(self, told: Told) -> None:
        self.told, self.words = told, [told.words]


def decided(told: Iterable[Told]) -> Iterator[Decided]:
    """This function will return the pairs that people decided on: each report, with each matter that was open near it.

    The same are those whose joining ends at one matter, also a report that was joined itself; what was parted again
    is apart. Of a report that was joined no point is kept.
    """
    every: dict[int, _Held] = {}
    near: defaultdict[Hashable, list[_Held]] = defaultdict(list)
    for one in sorted(told, key=lambda report: report.at):
        known = every.get(one.matter)
        point = one.point if known is None else None
        if one.asks or known is not None:  # who joins says so by that
            for other in _open_near(one, point, near):
                metres = None if point is None or other.told.point is None else metres_between(point, other.told.point)
                likeness = max(share_of(one.words, words) for words in other.words)
                hours = (one.at - other.told.at).total_seconds() / 3600
                pair = Pair(likeness, hours, metres, one.ground == other.told.ground)
                yield Decided(pair, one.root == other.told.root, one.at)
        if known is not None:
            known.words.append(one.words)
            continue
        every[one.matter] = held = _Held(one)
        for where in (*one.lies, *([_cell(one.point)] if one.point is not None else [])):
            near[one.category, where].append(held)


def _open_near(one: Told, point: Point | None, near: dict[Hashable, list[_Held]]) -> list[_Held]:
    """The matters that were open when a report came: on its ground, and within 100 m of its point."""
    found = {held.told.matter: held for held in _lately(one, near.get((one.category, one.ground), []))}
    if point is not None:
        east, north = _cell(point)
        for cell in ((east + x, north + y) for x in (-1, 0, 1) for y in (-1, 0, 1)):
            for held in _lately(one, near.get((one.category, cell), [])):
                if held.told.point is not None and metres_between(point, held.told.point) <= NEAR:
                    found.setdefault(held.told.matter, held)
    return list(found.values())


def _lately(one: Told, rows: list[_Held]) -> Iterator[_Held]:
    week = (held for held in _since(rows, one.at - ALIKE_WITHIN))
    return islice((held for held in week if held.told.ended is None or held.told.ended > one.at), MOST_READ)


def _since(rows: list[_Held], at: datetime) -> Iterator[_Held]:
    for held in reversed(rows):
        if held.told.at < at:
            return
        yield held


def _cell(point: Point) -> tuple[int, int]:
    return floor(point.longitude / CELL), floor(point.latitude / CELL)
