"""What is proposed to a dispatcher, with its reasons in words; whether anything is; how often it was taken (FOR-7)."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core import signing
from django.db.models import OuterRef, Subquery, Sum
from django.utils.translation import gettext as _now

from qipan.kernel.place import COMMUNITY, DISTRICT, STREET, code_of
from qipan.kernel.rate import Rate
from qipan.territory.api import area_at

from ..models import Category, Learned, Matter, Report, SuggestionSwitch, SuggestionTally
from ..rules.learning import can_learn
from ..rules.suggestions import Advisor, Case, NotReadable, Reason, tells_of_a_person
from ..terms import Advice, State, Suggested, Word
from .public import Alike, similar

log = logging.getLogger(__name__)

LEARNED = (Suggested.CATEGORY, Suggested.UNIT)  # a duplicate is told by its words, and needs no learning
MOST_CASES = 20_000  # the newest closed matters: more take minutes, and what is old helps little
LEAST = 0.3  # confidence below which nothing is proposed
LEAST_ALIKE = 0.5  # share of common pairs of characters from which another matter is proposed as the same
SALT = "qipan.matters.suggested"
LEVELS = {DISTRICT: 2, STREET: 3, COMMUNITY: 3}  # and how many digits of a code are its own

_held: dict[str, tuple[str, Advisor]] = {}  # by target, with the digest: loaded once for each process


@dataclass(frozen=True)
class Proposed:
    """A proposal as a dispatcher reads it."""

    kind: Suggested
    value: str  # of the form's field
    label: str
    confidence: float
    reasons: tuple[str, ...]
    stands: bool = False  # the matter has this category already
    matter: Matter | None = None  # the one that may be the same

    @property
    def sure(self) -> str:
        """How sure it is, and how that is known."""
        n = {"n": round(100 * self.confidence)}
        if self.matter is not None:
            return _now("likeness %(n)s of 100; how often this is right is only known from what people decide") % n
        return _now("confidence %(n)s of 100: so many proposals like this were right on the latest matters") % n


# ---- whether


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
    if not learned.digest:
        return Advice.TOO_FEW
    if not learned.better:
        return Advice.NO_BETTER
    return Advice.ON if _advisor(learned) is not None else Advice.DAMAGED


def _advisor(learned: Learned) -> Advisor | None:
    """What a training left, from memory unless a newer one is stored; None where it cannot be read."""
    held = _held.get(learned.target)
    if held is not None and held[0] == learned.digest:
        return held[1]
    try:
        advisor = Advisor.unpack(bytes(learned.weights), digest=learned.digest)
    except NotReadable:
        log.exception("what was learned for %s cannot be read", learned.target)
        return None
    _held[learned.target] = (learned.digest, advisor)
    return advisor


def advisor_for(kind: str) -> Advisor | None:
    """This function will return what proposes a category or a unit, where suggestions are on; None where none does."""
    learned = newest(kind)
    return _advisor(learned) if learned is not None and standing(learned, on=True) == Advice.ON else None


# ---- from what


def _areas(place: int) -> tuple[str, ...]:
    """District, street and community of a place; empty where its number does not go so far."""
    codes = ((code_of(place, level), digits) for level, digits in LEVELS.items())
    return tuple(code if code[-digits:].strip("0") else "" for code, digits in codes)


def _case(category: str, place: int, channel: str, text: str, unit: str, at: datetime) -> Case:
    return Case(_areas(place), category, (category[:2],), channel, text, unit, at)


def closed_cases() -> tuple[list[Case], int]:
    """This function will return the city's own closed matters, the newest first, and how many texts were kept out.

    Without drills and whatever was wished private; a text is the first reporter's, and left out where it may lead
    to a person. What was erased is not there to be read.
    """
    said = Report.objects.filter(matter=OuterRef("pk"), private=False).order_by("pk").values("text")[:1]
    rows = (
        Matter.objects.everywhere("learning from what was closed; nothing about a person is read")
        .filter(state=State.CLOSED, private=False, drill=False)
        .annotate(said=Subquery(said))
        .order_by("-reported_at", "-pk")
        .values_list("category__code", "place", "channel", "said", "handler__code", "reported_at")[:MOST_CASES]
    )
    cases, kept_out = [], 0
    for category, place, channel, text, unit, at in rows:
        if text and tells_of_a_person(text):
            kept_out, text = kept_out + 1, ""
        cases.append(_case(category, place, channel, text or "", unit or "", at))
    return cases, kept_out


# ---- what


def advice_on(
    matter: Matter,
    *,
    reports: Sequence[Report],
    catalogue: Iterable[Category],
    legal: Mapping[str, str],
    decides: bool,
    at: datetime,
) -> tuple[list[Alike], list[Proposed]]:
    """This function will return which matters may be the same, and for who ``decides`` what is proposed as the next step.

    Nothing where suggestions are off. ``legal`` are the units, with their labels, whose lists name the item as
    primary and which have not returned the matter: nobody else is proposed.
    """
    if matter.state not in (State.REPORTED, State.FILED) or not is_on():
        return [], []
    text = reports[0].text if reports else ""
    found = (
        similar(matter.category, matter.place, text, at=at, point=matter.point, drill=matter.drill) if reports else []
    )
    alike = [one for one in found if one.matter.pk != matter.pk]
    if not decides:
        return alike, []
    case = _case(matter.category.code, matter.place, matter.channel, text, "", matter.reported_at)
    if matter.state == State.FILED:
        return alike, _learned(Suggested.UNIT, case, lambda: legal, matter)
    made = _learned(Suggested.CATEGORY, case, lambda: {one.code: one.label for one in catalogue}, matter)
    return alike, made + [_same(one, matter) for one in alike[:1] if one.likeness >= LEAST_ALIKE]


def _learned(kind: Suggested, case: Case, named: Callable[[], Mapping[str, str]], matter: Matter) -> list[Proposed]:
    advisor = advisor_for(kind)
    if advisor is None:
        return []
    labels = named()
    made = advisor.propose(case, most=1, among=labels)
    if not made or made[0].confidence < LEAST:
        return []
    [best] = made
    names = {case.category: matter.category.label, case.category[:2]: matter.category.group_label}
    for code, level in zip(case.areas, LEVELS, strict=True):
        area = area_at(matter.place, level) if code else None
        names[code] = area.label if area is not None else code
    reasons = tuple(_in_words(kind, reason, names) for reason in best.reasons)
    stands = kind == Suggested.CATEGORY and best.value == case.category
    return [Proposed(kind, best.value, labels[best.value], best.confidence, reasons, stands)]


def _in_words(kind: Suggested, reason: Reason, names: Mapping[str, str]) -> str:
    what = [names.get(one, one) for one in reason.features]
    if not reason.of:
        return _now("words that spoke for it: %(words)s") % {"words": ", ".join(f"“{word}”" for word in what)}
    said = {"n": reason.n, "of": reason.of, "what": " · ".join(what)}
    if kind == Suggested.UNIT:
        return _now("of %(of)s earlier matters like this (%(what)s) it handled %(n)s") % said
    return _now("of %(of)s earlier matters like this (%(what)s) %(n)s were of this category") % said


def _same(one: Alike, matter: Matter) -> Proposed:
    hours = round(abs(matter.reported_at - one.matter.reported_at).total_seconds() / 3600)
    apart = (
        _now("reported %(n)s hours apart") % {"n": hours}
        if hours < 48
        else _now("reported %(n)s days apart") % {"n": round(hours / 24)}
    )
    reasons = (_now("of the same category, at the same place"), apart)
    label = f"{one.matter.number} {one.matter.category.label}"
    return Proposed(Suggested.DUPLICATE, one.matter.number, label, one.likeness, reasons, matter=one.matter)


# ---- what became of it


def shown_token(matter: Matter, made: Iterable[Proposed]) -> str:
    """This function will sign what was proposed on a page, so that what was chosen is compared with that."""
    held = {one.kind.value: str(one.matter.pk) if one.matter else one.value for one in made}
    return signing.dumps({"matter": matter.pk, **held}, salt=SALT)


def shown_in(token: str, matter: Matter) -> dict[str, str]:
    """This function will return what a page had proposed for a matter; nothing where the token is not ours."""
    try:
        held = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return {}
    if not isinstance(held, dict) or held.pop("matter", None) != matter.pk:
        return {}
    return {kind: value for kind, value in held.items() if kind in Suggested.values}


@dataclass(frozen=True)
class Target:
    """How it stands with what is learned for one target."""

    kind: Suggested
    advice: Advice
    learned: Learned | None

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


@dataclass(frozen=True)
class Used:
    """What became of the proposals of one kind in one month."""

    month: date
    kind: Suggested
    taken: Rate


def used(*, months: int = 12) -> list[Used]:
    """This function will return how many proposals were taken of those decided on, by month and kind, newest first."""
    rows = SuggestionTally.objects.order_by("-month", "kind").values_list("month", "kind", "word").annotate(s=Sum("n"))
    counts: dict[tuple[date, str], dict[str, int]] = {}
    for month, kind, word, n in rows[: months * len(Suggested) * len(Word)]:
        counts.setdefault((month, kind), {})[word] = n
    return [
        Used(month, Suggested(kind), Rate(held.get(Word.TAKEN, 0), sum(held.values())))
        for (month, kind), held in counts.items()
    ]
