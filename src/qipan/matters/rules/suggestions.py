"""Proposes unit and category of a matter from a city's own closed ones, with reasons and confidence.

It advises and decides nothing: a proposal is a plain value that a dispatcher takes or not (FOR-7). What it
learns from is the matter, never a person. What was learned is numbers and short pieces of text (ADR 10): it is
kept as data, and proposing needs numpy alone. ``learning.py`` makes it.
"""

import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from math import log
from typing import Any, NamedTuple

import numpy

EPOCH = datetime.min.replace(tzinfo=UTC)
FORMAT = 1  # of what is kept; another one is not read
LONGEST = 3  # characters of a piece of text
SPACES = re.compile(r"\s+")
EDGES = re.compile(r"^\W+|\W+$")
# What may lead to a person: seven digits and more (also written apart or in words), addresses of mail and chat,
# and sentences in which somebody says who he is.
CONTACT = re.compile(
    r"(?:\d[\s\-.()（）+]{0,2}){7,}|[零〇一二三四五六七八九幺两]{7,}|\S@\S"
    r"|微信|weixin|wechat|whatsapp|telegram|(?<![a-z])qq(?![a-z])|(?<![a-z])vx(?![a-z])|身份证|护照|passport"
    r"|我叫|我姓|我是.{0,3}(?:先生|女士)|本人姓|姓名|名叫|my name|i am called",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Case:
    """What is known of a matter. ``areas`` go from the larger to the smaller, ``groups`` likewise."""

    areas: tuple[str, ...] = ()
    category: str = ""
    groups: tuple[str, ...] = ()
    channel: str = ""
    text: str = ""
    unit: str = ""
    at: datetime = EPOCH


@dataclass(frozen=True)
class Reason:
    """Why: of ``of`` earlier cases with these features, ``n`` had this answer; or the words that spoke for it."""

    features: tuple[str, ...]
    n: int = 0
    of: int = 0


@dataclass(frozen=True)
class Suggestion:
    """An answer with the share of like proposals that were right on cases held back, and the reasons."""

    value: str
    confidence: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What was right on the latest cases, which had been held back: by the plain majority, and by the proposals."""

    cases: int = 0
    majority: int = 0
    first: int = 0
    among_three: int = 0

    @property
    def better(self) -> bool:
        """Whether proposing says more than a plain table of the most frequent answers would."""
        return self.first > self.majority


def tells_of_a_person(text: str) -> bool:
    """This function will say whether a text may hold a name, a number or an address by which somebody is reached.

    Rather too often than too seldom: nothing is learned from such a text.
    """
    return CONTACT.search(text) is not None


def features_of(case: Case, *, target: str) -> Iterator[str]:
    """This function will name the features of a case: each by itself, and areas and channel with what it is about."""
    about = [("group", group) for group in case.groups if target != "category"]
    if target != "category" and case.category:
        about.append(("category", case.category))
    around = [(f"area{n}", area) for n, area in enumerate(case.areas) if area]
    if case.channel:
        around.append(("channel", case.channel))
    for kind, value in (*around, *about):
        yield f"{kind}={value}"
    for kind, value in around:
        for of, what in about:
            yield f"{kind}={value}|{of}={what}"
    if case.channel:
        for kind, value in around[:-1]:
            yield f"{kind}={value}|channel={case.channel}"


def pieces_of(text: str) -> Iterator[str]:
    """This function will cut a text into pieces of one to three characters, in lower case, spaces as one."""
    plain = SPACES.sub(" ", text.lower())
    for length in range(1, LONGEST + 1):
        for at in range(len(plain) - length + 1):
            yield plain[at : at + length]


def evidence_of(case: Case, *, target: str) -> list[tuple[str, ...]]:
    """This function will return what a person would look up, the most telling first."""
    what = [case.category] if target != "category" and case.category else []
    what += [group for group in reversed(case.groups) if group and target != "category"]
    areas = [area for area in reversed(case.areas) if area]
    found: list[tuple[str, ...]] = [(area, one) for one in what[:1] for area in areas]
    return [*found, *((one,) for one in what), *((area,) for area in areas)]


class Weight(NamedTuple):
    """A feature by its number, what it weighs in a case, and the piece of text that it is, if it is one."""

    at: int
    x: float
    piece: str = ""


class NotReadable(ValueError):
    """What was kept is damaged, or was written by another version."""


@dataclass
class Advisor:
    """What was learned from one city's closed cases for one target: "unit" or "category".

    Complement naive Bayes, kept sparse: a class's score is ``each[class]`` for each unit of weight, and for
    each feature that the class has had its ``gain``; ``starts`` says where a feature's classes begin.
    """

    target: str
    cases: int
    labels: list[str]
    plain: dict[str, int]  # feature: its number
    words: dict[str, int]  # piece of text: its number, after those of the features
    rarity: Any  # of each piece: the logarithm of how seldom it is
    each: Any
    starts: Any
    classes: Any
    gains: Any
    leads: Any  # the lead over the second, and the share that was right with it
    right: Any
    later: tuple[float, ...] = ()  # how often the second and the third were right
    seen: dict[tuple[str, ...], Counter[str]] = field(default_factory=dict, repr=False)
    trial: Trial = field(default_factory=Trial)

    def _weights(self, case: Case) -> list[Weight]:
        """The known features of a case: each weighs 1, the pieces of the text together as a vector of length 1."""
        named = dict.fromkeys(features_of(case, target=self.target))
        found = [Weight(self.plain[name], 1.0) for name in named if name in self.plain]
        counts = Counter(piece for piece in pieces_of(case.text) if piece in self.words)
        before, held = len(self.plain), []
        for piece, n in counts.items():
            at = self.words[piece]
            held.append((at, (1 + log(n)) * float(self.rarity[at - before]), piece))
        length = sum(x * x for _at, x, _piece in held) ** 0.5
        return [*found, *(Weight(at, x / length, piece) for at, x, piece in held)]

    def _parts(self, weights: Sequence[Weight]) -> tuple[Any, Any, Any]:
        """What each weight adds to each class that has its feature: the weights' and the classes' numbers, and the gain."""
        numbers = numpy.array([one.at for one in weights], dtype=numpy.int64)
        begin, many = self.starts[numbers], self.starts[numbers + 1] - self.starts[numbers]
        of = numpy.repeat(numpy.arange(len(weights)), many)
        where = numpy.arange(len(of)) + numpy.repeat(begin - (numpy.cumsum(many) - many), many)
        return of, self.classes[where], self.gains[where] * numpy.array([one.x for one in weights])[of]

    def ranked(self, case: Case) -> tuple[list[int], float, list[Weight]]:
        """This method will return the three best classes, the lead of the best, and what was weighed."""
        weights = self._weights(case)
        _of, classes, gains = self._parts(weights)
        scores = self.each * sum(one.x for one in weights)
        scores = scores + numpy.bincount(classes, weights=gains, minlength=len(self.labels))
        order = [int(one) for one in numpy.argsort(-scores, kind="stable")[:3]]
        return order, float(scores[order[0]] - scores[order[1]]), weights

    def propose(
        self, case: Case, *, most: int = 3, among: Container[str] | None = None, reasons: bool = True
    ) -> list[Suggestion]:
        """This method will propose answers for one case, the best first, with reasons and confidence.

        Only those ``among`` what may be chosen. Nothing is proposed for a case of which nothing is known.
        """
        order, lead, weights = self.ranked(case)
        sure = float(numpy.interp(lead, self.leads, self.right))
        made: list[Suggestion] = []
        for rank, one in enumerate(order[: len(self.later) + 1] if weights else []):
            if len(made) == most or (among is not None and self.labels[one] not in among):
                continue
            confidence = sure if rank == 0 else min(self.later[rank - 1], 1 - sure)
            other = order[1 - rank if rank < 2 else 0]
            why = self._reasons(case, one, other, weights) if reasons else ()
            made.append(Suggestion(self.labels[one], round(confidence, 3), why))
        return made

    def propose_all(self, cases: Iterable[Case], *, most: int = 1) -> Iterator[list[Suggestion]]:
        """This method will propose for many cases, without reasons."""
        return (self.propose(case, most=most, reasons=False) for case in cases)

    def _reasons(self, case: Case, chosen: int, other: int, weights: Sequence[Weight]) -> tuple[Reason, ...]:
        value, found = self.labels[chosen], []
        for features in evidence_of(case, target=self.target):
            counts = self.seen.get(features)
            if counts and counts[value]:
                found.append(Reason(features, counts[value], counts.total()))
        spoke = sorted(
            zip(self._ahead(weights, chosen, other), (one.piece for one in weights), strict=True), reverse=True
        )
        words = spans_of(case.text, [piece for gain, piece in spoke if gain > 0 and len(piece.strip()) > 1][:6])
        told = [Reason(tuple(words[:3]))] if words else []
        # A category is told by its words; who handles it by where such a thing went before.
        return tuple([*told, *found[:2]] if self.target == "category" else [*found[: 3 - len(told)], *told])

    def _ahead(self, weights: Sequence[Weight], chosen: int, other: int) -> list[float]:
        """By how much each weight puts one class before another."""
        of, classes, gains = self._parts(weights)
        ahead = numpy.array([one.x for one in weights]) * (self.each[chosen] - self.each[other])
        for label, sign in ((chosen, 1), (other, -1)):
            has = classes == label  # at most once for each weight
            ahead[of[has]] += sign * gains[has]
        return [float(one) for one in ahead]

    def pack(self) -> bytes:
        """This method will return everything as bytes: arrays and JSON, nothing that runs when it is read."""
        said = {
            "format": FORMAT,
            "target": self.target,
            "cases": self.cases,
            "labels": self.labels,
            "plain": list(self.plain),
            "words": list(self.words),
            "later": self.later,
            "seen": [[features, counts] for features, counts in self.seen.items()],
            "trial": vars(self.trial),
        }
        text = numpy.frombuffer(json.dumps(said, ensure_ascii=False).encode(), dtype=numpy.uint8)
        file = BytesIO()
        arrays = {name: getattr(self, name) for name in ARRAYS}
        numpy.savez_compressed(file, said=text, **arrays)
        return file.getvalue()

    @classmethod
    def unpack(cls, raw: bytes, *, digest: str) -> "Advisor":
        """This method will read what ``pack`` wrote; raises ``NotReadable`` for anything else."""
        if sha256(raw).hexdigest() != digest:
            raise NotReadable("digest")
        try:
            with numpy.load(BytesIO(raw), allow_pickle=False) as held:
                said = json.loads(held["said"].tobytes())
                arrays = {name: held[name] for name in ARRAYS}
            if said["format"] != FORMAT:
                raise NotReadable("format")
            return cls(
                target=said["target"],
                cases=said["cases"],
                labels=said["labels"],
                plain={name: at for at, name in enumerate(said["plain"])},
                words={piece: at for at, piece in enumerate(said["words"], len(said["plain"]))},
                later=tuple(said["later"]),
                seen={tuple(features): Counter(counts) for features, counts in said["seen"]},
                trial=Trial(**said["trial"]),
                **arrays,
            )
        except (EOFError, OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise NotReadable(str(error)) from None


ARRAYS = ("rarity", "each", "starts", "classes", "gains", "leads", "right")


def spans_of(text: str, pieces: Iterable[str]) -> list[str]:
    """This function will return the parts of a text that pieces of it cover together: "晚上很黑", not "晚上很", "上很黑"."""
    plain = SPACES.sub(" ", text.lower())
    covered = set()
    for one in pieces:
        at = plain.find(one)
        while at >= 0:
            covered.add((at, at + len(one)))
            at = plain.find(one, at + 1)
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(covered):
        if spans and begin < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((begin, end))
    found = dict.fromkeys(EDGES.sub("", plain[begin:end]) for begin, end in spans)
    return [one for one in found if len(one) > 1]
