"""The order card: what anyone may know of a measure, from its public number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language, get_language_info

from qipan.kernel.place import Range, code_for, place_text
from qipan.kernel.refusal import NotFound
from qipan.laws.api import Flag, flags_of, rested_on
from qipan.territory.api import ground_name

from .. import rules
from ..models import Measure
from ..terms import CardState
from .measures import measure_words, measures_in_force, measures_to_come
from .zoning import level_label


@dataclass(frozen=True)
class Basis:
    """An article as the card names it."""

    label: str
    link: str
    summary: str


@dataclass(frozen=True)
class Guidance:
    """What residents are told, in one language, with the language's own name."""

    language: str
    name: str
    text: str
    right_to_left: bool


@dataclass(frozen=True)
class OrderCard:
    """Who ordered it, on which basis, where, from when until when, how to complain; nothing about any person."""

    number: str
    state: str  # of ``CardState``
    title: str
    kind: str
    issuer: str
    basis: tuple[Basis, ...]
    basis_text: str  # as the order was written
    flags: tuple[Flag, ...]  # the basis was repealed or replaced since
    declaration: str
    hazard: str
    area: str
    over_reason: str
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    review_at: datetime
    end_kind: str
    end_reason: str
    needed: str  # the zone level that its kind needs; empty where it needs none
    complaint: str
    complaint_address: str
    guidance: tuple[Guidance, ...]
    goes_on_as: str  # number of the extension
    drill: bool

    @property
    def address(self) -> str:
        """The path of its public page."""
        return reverse("order_card", args=[self.number])

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state == CardState.ENDED


def measure_by_number(number: str) -> Measure:
    """This function will return the measure with a public number; raises ``NotFound``. A measure is public."""
    key = rules.order_key(number)
    found = (
        Measure.objects.select_related("issuer", "declaration").filter(pk=key[1]).first() if key is not None else None
    )
    if found is None or found.number != number.strip():
        raise NotFound
    return found


def order_card(number: str, *, at: datetime) -> OrderCard:
    """This function will return the order card behind a public number, as it stands at ``at``; raises ``NotFound``."""
    return cards_of([measure_by_number(number)], at=at)[0]


Named = Callable[[str, datetime], str | None]
_others: list[Named] = []


def register_numbers(title_of: Named) -> None:
    """This function will let a room above say what the orders are called that it gives numbers of its own.

    ``title_of`` returns the title behind a public number, None where the number is none of that room's.
    """
    _others.append(title_of)


def order_title(number: str, *, at: datetime) -> str:
    """This function will return the title of the public order with this number, whichever room gave it.

    Raises ``NotFound``.
    """
    for title_of in _others:
        if (title := title_of(number, at)) is not None:
            return title
    return measure_by_number(number).title


def cards_on(ranges: Iterable[Range], *, at: datetime) -> list[OrderCard]:
    """This function will return the cards of what is in force on a ground, then of what is to come there."""
    ground = list(ranges)
    return cards_of([*measures_in_force(ground, at=at), *measures_to_come(ground, at=at)], at=at)


def cards_of(measures: list[Measure], *, at: datetime) -> list[OrderCard]:
    """This function will return the cards of measures, in their order."""
    keys = [measure.pk for measure in measures]
    articles, flags = rested_on("posture.Measure", keys), flags_of("posture.Measure", keys)
    followers = Measure.objects.filter(extends__in=keys, lifted_at=None)
    following = {one.extends_id: one.number for one in followers}
    kinds, hazards = measure_words(), rules.words("hazards")
    cards = []
    for one in measures:
        english = not (get_language() or "").startswith("zh")
        known = rules.kinds().get(one.kind)
        cards.append(
            OrderCard(
                number=one.number,
                state=state_of(one, at=at),
                title=one.title,
                kind=kinds.get(one.kind, one.kind),
                issuer=one.issuer.label,
                basis=tuple(Basis(a.label, a.link or a.law.link, a.summary_label) for a in articles.get(one.pk, [])),
                basis_text=one.basis,
                flags=tuple(flags.get(one.pk, [])),
                declaration=f"{one.declaration.number} {one.declaration.matter}" if one.declaration else "",
                hazard=hazards.get(one.hazard, ("", ""))[int(english)],
                area=ground_name(Range(one.first, one.last)),
                over_reason=one.over_reason,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                expires_at=one.expires_at,
                review_at=one.review_at,
                end_kind=one.end_kind,
                end_reason=one.end_reason,
                needed=_needed(one),
                complaint=(known.complaint_en if english else known.complaint) if known else "",
                complaint_address=complaint_address(one),
                guidance=guidance_of(one),
                goes_on_as=following.get(one.pk, ""),
                drill=one.drill,
            )
        )
    return cards


def _needed(measure: Measure) -> str:
    grade = rules.grades().get((measure.kind, measure.hazard))
    return level_label(grade.least_level) if grade else ""


def state_of(measure: Measure, *, at: datetime) -> CardState:
    """This function will say how a measure stands: not begun, in force, or over."""
    if measure.over(at):
        return CardState.ENDED
    return CardState.IN_FORCE if measure.starts_at <= at else CardState.TO_COME


def complaint_address(measure: Measure) -> str:
    """This function will return where a complaint about a measure is made: the public report, with its number."""
    known = rules.kinds().get(measure.kind)
    said = {
        "category": known.complaint_category if known else "",
        "place": code_for(Range(measure.first, measure.last)) or place_text(measure.first),
        "order": measure.number,
    }
    return f"/report?{urlencode(said)}"


def guidance_of(measure: Measure) -> tuple[Guidance, ...]:
    """This function will return what residents are told: the order's own words, else those of its kind; zh and en first."""
    texts = measure.guidance or rules.guidance_texts().get(measure.kind, {})
    ordered = [*rules.REQUIRED_LANGUAGES, *sorted(set(texts) - set(rules.REQUIRED_LANGUAGES))]
    found = []
    for language in ordered:
        if language not in texts:
            continue
        try:
            info = get_language_info("zh-hans" if language == "zh" else language)
        except KeyError:
            info = {"name_local": language, "bidi": False}
        found.append(Guidance(language, info["name_local"], texts[language], info["bidi"]))
    return tuple(found)
