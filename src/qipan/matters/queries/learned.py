"""Whether suggestions are on, and what was learned for each target: the newest training, read once by each process."""

import logging
from dataclasses import dataclass

from qipan.kernel.rate import Rate

from ..models import Learned, SuggestionSwitch
from ..rules.learning import can_learn
from ..rules.sameness import Sameness
from ..rules.suggestions import Advisor, NotReadable
from ..terms import Advice, Suggested

log = logging.getLogger(__name__)

LEARNED = (Suggested.CATEGORY, Suggested.UNIT, Suggested.DUPLICATE)

_held: dict[str, tuple[str, Advisor | Sameness]] = {}  # by target, with the digest: loaded once for each process


def switched() -> SuggestionSwitch | None:
    """This function will return the last word about the switch; suggestions are on until somebody puts them off."""
    return SuggestionSwitch.objects.order_by("-pk").first()


def is_on() -> bool:
    """This function will say whether suggestions are switched on."""
    row = switched()
    return row is None or row.on


def newest(kind: str) -> Learned | None:
    """This function will return the last training for a target, without its weights."""
    return Learned.objects.filter(target=kind).defer("weights").order_by("-pk").first()


def standing(learned: Learned | None, *, on: bool) -> Advice:
    """This function will say whether proposals are made from a training, and if not why."""
    if not on:
        return Advice.OFF
    if not can_learn():
        return Advice.NO_EXTRA
    if learned is None:
        return Advice.NEVER
    of_pairs = learned.target == Suggested.DUPLICATE
    if not learned.digest:
        return Advice.TOO_FEW_PAIRS if of_pairs else Advice.TOO_FEW
    if not learned.better:
        return Advice.NO_BETTER_PAIRS if of_pairs else Advice.NO_BETTER
    return Advice.ON if _read(learned) is not None else Advice.DAMAGED


def _read(learned: Learned) -> Advisor | Sameness | None:
    """What a training left, from memory unless a newer one is stored; None where it cannot be read."""
    held = _held.get(learned.target)
    if held is not None and held[0] == learned.digest:
        return held[1]
    unpack = Sameness.unpack if learned.target == Suggested.DUPLICATE else Advisor.unpack
    try:
        found: Advisor | Sameness = unpack(bytes(learned.weights), digest=learned.digest)
    except NotReadable:
        log.exception("what was learned for %s cannot be read", learned.target)
        return None
    _held[learned.target] = (learned.digest, found)
    return found


def advisor_for(kind: str) -> Advisor | None:
    """This function will return what proposes a category or a unit, where suggestions are on; None where none does."""
    learned = newest(kind)
    found = _read(learned) if learned is not None and standing(learned, on=True) == Advice.ON else None
    return found if isinstance(found, Advisor) else None


def sameness() -> tuple[Sameness | None, Advice]:
    """This function will return what says how often people join pairs like one; None where nothing does, and why."""
    learned = newest(Suggested.DUPLICATE)
    advice = standing(learned, on=is_on())
    found = _read(learned) if learned is not None and advice == Advice.ON else None
    return (found, advice) if isinstance(found, Sameness) else (None, advice)


@dataclass(frozen=True)
class Target:
    """How it stands with what is learned for one target."""

    kind: Suggested
    advice: Advice
    learned: Learned | None

    @property
    def of_pairs(self) -> bool:
        """Whether it is learned from pairs that people joined or left apart."""
        return self.kind == Suggested.DUPLICATE

    @property
    def by_words(self) -> bool:
        """Whether likeness of words stands in for it."""
        return self.of_pairs and self.advice not in (Advice.ON, Advice.OFF)

    @property
    def proposed(self) -> Rate:
        """Of the pairs that it called the same, those that people had joined."""
        return Rate(self.learned.found, self.learned.proposed) if self.learned else Rate(0, 0)

    @property
    def found(self) -> Rate:
        """Of the pairs that people had joined, those that it called the same."""
        return Rate(self.learned.found, self.learned.joined) if self.learned else Rate(0, 0)

    @property
    def likely(self) -> Rate:
        """Of the pairs that likeness of words called the same, those that people had joined."""
        return Rate(self.learned.likely_found, self.learned.likely) if self.learned else Rate(0, 0)

    @property
    def likely_found(self) -> Rate:
        """Of the pairs that people had joined, those that likeness of words called the same."""
        return Rate(self.learned.likely_found, self.learned.joined) if self.learned else Rate(0, 0)

    @property
    def first(self) -> Rate:
        """The share of the matters held back for which the first proposal was right."""
        return Rate(self.learned.first, self.learned.asked) if self.learned else Rate(0, 0)

    @property
    def majority(self) -> Rate:
        """The share for which the most frequent answer was right."""
        return Rate(self.learned.majority, self.learned.asked) if self.learned else Rate(0, 0)

    @property
    def among_three(self) -> Rate:
        """The share for which one of three proposals was right."""
        return Rate(self.learned.among_three, self.learned.asked) if self.learned else Rate(0, 0)


def targets_learned(*, on: bool) -> list[Target]:
    """This function will return how it stands with each target that is learned."""
    rows = [(kind, newest(kind)) for kind in LEARNED]
    return [Target(kind, standing(learned, on=on), learned) for kind, learned in rows]
