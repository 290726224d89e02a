"""Is it known already: open matters that may be the same as a report, how sure that is, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import ngettext

from qipan.kernel.place import CODE_LENGTHS, COMMUNITY, COMPOUND, Range, code_of, range_of
from qipan.kernel.rate import Rate

from ..models import Category, Matter, Report
from ..rules import limits
from ..rules.loop import ENDED
from ..rules.points import NEAR, Point, box_around, metres_between
from ..rules.sameness import LEAST_ALIKE, MOST_READ, Pair, is_hinted, is_proposed
from ..rules.suggestions import spans_of
from ..terms import Advice
from .learned import sameness

ALIKE = 0.25  # share of common pairs of characters, beside the same category, place and week
MOST_ALIKE = 3
MOST_WORDS = 3  # in common that are told
UNLEARNED = (Advice.NEVER, Advice.NO_EXTRA, Advice.TOO_FEW_PAIRS)


@dataclass(frozen=True)
class Alike:
    """An open matter that may be the same: without anybody's words, but those that both have, for offices."""

    matter: Matter
    pair: Pair
    reports: int
    share: Rate | None = None  # of the pairs like this that people joined; None where likeness of words stands in
    advice: Advice = Advice.NEVER
    metres: int | None = None  # how far apart, where both have a point; for offices only
    words: tuple[str, ...] = ()  # that both have; for offices only

    @property
    def proposed(self) -> bool:
        """Whether it is sure enough to be proposed as the same."""
        return self.pair.likeness >= LEAST_ALIKE if self.share is None else is_proposed(self.share)

    @property
    def confidence(self) -> float:
        """The share of pairs like this that people joined; likeness where nothing is learned."""
        return self.pair.likeness if self.share is None else self.share.part / self.share.whole

    @property
    def sure(self) -> str:
        """How sure it is that it is the same, and how that is known."""
        if self.share is not None:
            said = {"n": self.share.part, "of": self.share.whole}
            told = ngettext(
                "of %(of)s pair of matters like this, people joined %(n)s",
                "of %(of)s pairs of matters like this, people joined %(n)s",
                self.share.whole,
            )
            return told % said
        n = {"n": round(100 * self.pair.likeness)}
        if self.advice in UNLEARNED:
            return _now("likeness of words %(n)s of 100; nothing is learned yet from what people joined") % n
        return _now("likeness of words %(n)s of 100; what was learned is not used") % n

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it may be the same."""
        made = [_now("words in common: %(words)s") % {"words": ", ".join(f"“{one}”" for one in self.words)}]
        made = made if self.words else []
        if self.metres is not None:
            made.append(_now("%(n)s m away") % {"n": self.metres})
        made.append(
            _now("of the same category, at the same place")
            if self.pair.same_ground
            else _now("of the same category, near by")
        )
        hours = round(self.pair.hours)
        days = round(hours / 24)
        made.append(
            ngettext("reported %(n)s hour apart", "reported %(n)s hours apart", hours) % {"n": hours}
            if hours < 48
            else ngettext("reported %(n)s day apart", "reported %(n)s days apart", days) % {"n": days}
        )
        return tuple(made)


def near(place: int) -> Range:
    """This function will return the ground on which the same thing would be reported: the compound, else the community."""
    code = code_of(place, COMPOUND)
    return range_of(code if code[CODE_LENGTHS[COMMUNITY] :].strip("0") else code_of(place, COMMUNITY))


def similar(
    category: Category,
    place: int,
    text: str,
    *,
    at: datetime,
    point: Point | None = None,
    drill: bool = False,
    open_to_all: bool = False,
) -> list[Alike]:
    """This function will return open matters of the same category, near in place, time and words, the likest first.

    A category is its code, whichever catalogue the matter was reported under. Near is the same compound, and within 100 m of ``point`` on whatever ground. What was learned from decisions puts
    them in order, and adds those whose words alone would not show them; it leaves none out. Wished-private matters are
    never hinted at, and those of a drill only in a drill (red line 15). On what is ``open_to_all`` no distance speaks,
    not even in how sure it is, and no common words are told: whoever tries points and words would find others'.
    """
    ground = near(place)
    # Their keys, so that the indexes that begin with the category serve.
    kinds = list(Category.objects.filter(code=category.code).values_list("pk", flat=True))
    rows = (
        Matter.objects.everywhere("an open hint without personal data")
        .filter(category__in=kinds, reported_at__gte=at - limits.ALIKE_WITHIN, private=False, drill=drill)
        .exclude(state__in=[str(state) for state in ENDED])
        .select_related("category")
        .prefetch_related("reports")
        .order_by("-reported_at")
    )
    held = {one.pk: one for one in rows.filter(place__range=ground)[:MOST_READ]}
    if point is not None:
        held |= {one.pk: one for one in _around(rows, point)}
    learned, advice = sameness()
    found: list[tuple[Alike, str]] = []
    for matter in held.values():
        reports = matter.reports.all()
        likest, likeness = _likest(text, reports)
        apart = None if open_to_all or point is None or matter.point is None else metres_between(point, matter.point)
        hours = abs(at - matter.reported_at).total_seconds() / 3600
        pair = Pair(likeness, hours, apart, near(matter.place) == ground)
        share = learned.share(pair) if learned is not None else None
        if likeness >= ALIKE or (share is not None and is_hinted(share)):
            metres = None if apart is None else round(apart)
            found.append((Alike(matter, pair, len(reports), share, advice, metres), likest))
    found.sort(key=lambda held: (-held[0].confidence, -held[0].pair.likeness))
    if open_to_all:
        return [one for one, _words in found[:MOST_ALIKE]]
    return [replace(one, words=_common(text, likest)) for one, likest in found[:MOST_ALIKE]]


def _likest(text: str, reports: Iterable[Report]) -> tuple[str, float]:
    """The words most like a text, of those that nobody wished private, and how alike they are."""
    own = limits.pairs(text)
    likeness = {one.text: limits.share_of(own, limits.pairs(one.text)) for one in reports if not one.private}
    return max(likeness.items(), key=lambda one: one[1], default=("", 0.0))


def _common(text: str, other: str) -> tuple[str, ...]:
    """The longest parts of a text that stand in another one too."""
    parts = spans_of(text, limits.pairs(text) & limits.pairs(other))
    return tuple(sorted(parts, key=len, reverse=True)[:MOST_WORDS])


def _around(rows: QuerySet[Matter], point: Point) -> list[Matter]:
    """Those within 100 m of a point: a box by the index, then the circle in it."""
    box = box_around(point, NEAR)
    inside = rows.filter(
        latitude__gte=box.south, latitude__lte=box.north, longitude__gte=box.west, longitude__lte=box.east
    )
    # A point that everyone may see roughly: no wished-private one is found by trying points.
    shown = [one for one in inside[:MOST_READ] if one.public_point is not None]
    return [one for one in shown if one.point is not None and metres_between(point, one.point) <= NEAR]
