"""What is proposed to a dispatcher, with its reasons in words; whether anything is; how often it was taken (FOR-7)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core import signing
from django.db.models import OuterRef, Subquery, Sum
from django.utils.translation import gettext as _now
from django.utils.translation import ngettext

from qipan.kernel.place import COMMUNITY, COMPOUND, DISTRICT, STREET, code_of, range_of
from qipan.kernel.rate import Rate
from qipan.territory.api import area_at

from ..models import Category, Matter, Report, SuggestionTally
from ..rules import limits
from ..rules.points import Point
from ..rules.sameness import Told
from ..rules.suggestions import Case, Reason, tells_of_a_person
from ..terms import Channel, State, Suggested, Word
from .alike import Alike, near, similar
from .learned import advisor_for, is_on

MOST_CASES = 20_000  # the newest closed matters: more take minutes, and what is old helps little
LEAST = 0.3  # confidence below which nothing is proposed
SALT = "qipan.matters.suggested"
LEVELS = {DISTRICT: 2, STREET: 3, COMMUNITY: 3}  # and how many digits of a code are its own
UNDECIDED = (State.REPORTED, State.DECLINED)  # nobody has said whether it is the same as another


@dataclass(frozen=True)
class Proposed:
    """A proposal as a dispatcher reads it."""

    kind: Suggested
    value: str  # of the form's field
    label: str
    confidence: float
    reasons: tuple[str, ...]
    stands: bool = False  # the matter has this category already
    alike: Alike | None = None  # the one that may be the same

    @property
    def matter(self) -> Matter | None:
        """The matter that may be the same."""
        return self.alike.matter if self.alike is not None else None

    @property
    def sure(self) -> str:
        """How sure it is, and how that is known."""
        if self.alike is not None:
            return self.alike.sure
        n = {"n": round(100 * self.confidence)}
        return _now("confidence %(n)s of 100: so many proposals like this were right on the latest matters") % n


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


def told_reports() -> list[Told]:
    """This function will return the newest reports, from which is read what people joined and what they left apart.

    Without drills and whatever was wished private. Decided on is what a person filed, here, or joined: what waits, was
    declined or was taken over from another system was not asked about. Of words only their pairs of characters are
    read, to see how alike two texts are.
    """
    rows = (
        Report.objects.filter(private=False, matter__private=False, matter__drill=False)
        .exclude(text="")
        .order_by("-pk")
        .values_list(
            "matter", "matter__root", "at", "matter__ended_at", "matter__category__code", "matter__place", "text", "channel",
            "matter__state", "matter__longitude", "matter__latitude",
        )[:MOST_CASES]
    )  # fmt: skip
    made = []
    for matter, root, at, ended, category, place, text, channel, state, east, north in reversed(list(rows)):
        ground = near(place)
        lies = tuple(dict.fromkeys(range_of(code_of(place, level)) for level in (COMPOUND, COMMUNITY)))
        point = Point(east, north) if east is not None and north is not None else None
        asks = state not in UNDECIDED and channel != Channel.IMPORT
        words = limits.pairs(text)
        made.append(Told(matter, root or matter, at, ended, category, ground, lies, words, point, asks))
    return made


# ---- what


def advice_on(
    matter: Matter,
    *,
    reports: Sequence[Report],
    catalogue: Iterable[Category],
    legal: Mapping[str, str],
    decides: bool,
) -> tuple[list[Alike], list[Proposed]]:
    """This function will return which matters may be the same, and for who ``decides`` what is proposed as the next step.

    Nothing where suggestions are off. ``legal`` are the units, with their labels, whose lists name the item as
    primary and which have not returned the matter: nobody else is proposed.
    """
    if matter.state not in (State.REPORTED, State.FILED) or not is_on():
        return [], []
    text = reports[0].text if reports else ""
    found: list[Alike] = []
    if reports:
        when, point = matter.reported_at, matter.point
        found = similar(matter.category, matter.place, text, at=when, point=point, drill=matter.drill)
    alike = [one for one in found if one.matter.pk != matter.pk]
    if not decides:
        return alike, []
    case = _case(matter.category.code, matter.place, matter.channel, text, "", matter.reported_at)
    if matter.state == State.FILED:
        return alike, _learned(Suggested.UNIT, case, lambda: legal, matter)
    made = _learned(Suggested.CATEGORY, case, lambda: {one.code: one.label for one in catalogue}, matter)
    return alike, made + [_same(one) for one in alike[:1] if one.proposed]


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
        told = ngettext(
            "of %(of)s earlier matter like this (%(what)s) it handled %(n)s",
            "of %(of)s earlier matters like this (%(what)s) it handled %(n)s",
            reason.of,
        )
    else:
        told = ngettext(
            "of %(of)s earlier matter like this (%(what)s), of this category: %(n)s",
            "of %(of)s earlier matters like this (%(what)s), of this category: %(n)s",
            reason.of,
        )
    return told % said


def _same(one: Alike) -> Proposed:
    label = f"{one.matter.number} {one.matter.category.label}"
    return Proposed(Suggested.DUPLICATE, one.matter.number, label, one.confidence, one.reasons, alike=one)


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
