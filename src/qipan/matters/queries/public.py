"""What everyone may read: is it known already, how does mine stand, what was asked and done here. No personal data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Scope
from qipan.kernel.place import (
    CODE_LENGTHS,
    COMMUNITY,
    COMPOUND,
    Range,
    code_of,
    place_text,
    range_of,
    short_code,
)
from qipan.kernel.refusal import NotFound, Refusal
from qipan.territory.api import AreaView, Compound, areas_within, get_area

from ..models import Category, Contact, Matter, MatterStep, Report
from ..rules import limits
from ..rules.loop import ENDED
from ..rules.points import NEAR, Point, box_around, metres_between
from ..terms import SHOWN, TOLD, State, StepKind
from .joining import followed
from .mapping import named_in
from .reading import MANY, first_of, newest, standing

ALIKE = 0.25  # share of common pairs of characters, beside the same category, place and week
MOST_ALIKE = 3
MOST_READ = 40
PUBLIC_PAGE = 30
FIRST_LETTERS = 2
# What everyone may choose; a matter that was joined to another is shown as that one.
PUBLIC_SHOWS: dict[str, tuple[State, ...]] = {
    "": tuple(state for state in State if state != State.DUPLICATE),
    "open": tuple(state for state in State if state not in ENDED),
    "shelved": (State.SHELVED,),
    "ended": (State.CLOSED, State.DECLINED),
}


class TrackExpired(Refusal):
    code = "track_expired"
    sentence = _("This matter ended more than 90 days ago; its code has expired.")
    status = 410


@dataclass(frozen=True)
class Alike:
    """An open matter that may be the same: without anybody's words."""

    matter: Matter
    likeness: float
    reports: int
    metres: int | None = None  # how far apart, where both have a point; for offices only


def near(place: int) -> Range:
    """This function will return the ground on which the same thing would be reported: the compound, else the community."""
    code = code_of(place, COMPOUND)
    return range_of(code if code[CODE_LENGTHS[COMMUNITY] :].strip("0") else code_of(place, COMMUNITY))


def similar(
    category: Category, place: int, text: str, *, at: datetime, point: Point | None = None, drill: bool = False
) -> list[Alike]:
    """This function will return open matters of the same category, near in place, time and words, the likest first.

    Near is the same compound, and within 100 m of ``point`` on whatever ground. Wished-private matters are never
    hinted at, and those of a drill only in a drill (red line 15).
    """
    ground = near(place)
    rows = (
        Matter.objects.everywhere("an open hint without personal data")
        .filter(category=category, reported_at__gte=at - limits.ALIKE_WITHIN, private=False, drill=drill)
        .exclude(state__in=[str(state) for state in ENDED])
        .select_related("category")
        .prefetch_related("reports")
        .order_by("-reported_at")
    )
    held = {one.pk: one for one in rows.filter(place__range=ground)[:MOST_READ]}
    if point is not None:
        held |= {one.pk: one for one in _around(rows, point)}
    found = []
    for matter in held.values():
        texts = [report.text for report in matter.reports.all()]
        best = max((limits.likeness(text, other) for other in texts), default=0.0)
        if best >= ALIKE:
            apart = None if point is None or matter.point is None else round(metres_between(point, matter.point))
            found.append(Alike(matter, best, len(texts), apart))
    return sorted(found, key=lambda one: -one.likeness)[:MOST_ALIKE]


def _around(rows: QuerySet[Matter], point: Point) -> list[Matter]:
    """Those within 100 m of a point: a box by the index, then the circle in it."""
    box = box_around(point, NEAR)
    inside = rows.filter(
        latitude__gte=box.south, latitude__lte=box.north, longitude__gte=box.west, longitude__lte=box.east
    )
    return [one for one in inside[:MOST_READ] if one.point is not None and metres_between(point, one.point) <= NEAR]


def report_by_code(code: str, *, at: datetime) -> Report:
    """This function will return the report that a track code opens. Raises ``NotFound``, ``TrackExpired``."""
    tidy = limits.tidy_code(code)
    if len(tidy) != limits.CODE_LENGTH:
        raise NotFound
    hashed = limits.keyed_hash(tidy, key=settings.SECRET_KEY, purpose="track")
    report = Report.objects.select_related("matter__category", "matter__root").filter(code_hash=hashed).first()
    if report is None:
        raise NotFound
    ended = followed(report).ended_at
    if ended is not None and at - ended > limits.TRACK_FOR:
        raise TrackExpired
    return report


def reach_for_telling(report: int) -> str:
    """This function will return how a reporter wishes to be told; empty where none was left, or it is erased."""
    held = Contact.objects.filter(report=report).first()
    return held.reach if held is not None else ""


@dataclass(frozen=True)
class Told:
    """A step as a reporter reads it: no officer's name, and notes only where they are meant for everyone."""

    kind: str
    label: str
    at: datetime
    unit: str
    note: str


def told(matter: Matter) -> list[Told]:
    """This function will return a matter's way for those who reported it."""
    rows: Iterable[MatterStep] = matter.steps.select_related("unit").filter(kind__in=SHOWN).order_by("pk")
    return [
        Told(
            step.kind,
            step.get_kind_display(),
            step.at,
            step.unit.label if step.unit else "",
            step.note if step.kind in TOLD and step.kind not in (StepKind.MERGED, StepKind.UNMERGED) else "",
        )
        for step in rows
    ]


def public_list(ranges: Iterable[Range], *, show: str = "", before: int | None = None) -> list[Matter]:
    """This function will return a page of matters for everyone: place to the community, no words, none wished private."""
    scope, states = Scope(tuple(ranges)), PUBLIC_SHOWS[show]
    held = standing(scope)
    rows = newest(scope, states, many=sum(held.get(state, 0) for state in states) > MANY)
    rows = rows.filter(private=False, drill=False)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return first_of(rows, PUBLIC_PAGE + 1)


def last_told(matters: Iterable[Matter]) -> dict[int, str]:
    """This function will return the public reason of each shelved or declined matter."""
    kinds = (StepKind.SHELVED, StepKind.REVIEWED, StepKind.DECLINED)
    rows = MatterStep.objects.filter(matter__in=list(matters), kind__in=kinds).order_by("pk")
    return dict(rows.values_list("matter", "note"))


def places_like(text: str, ranges: tuple[Range, ...], *, limit: int = 12) -> list[tuple[str, str, str]]:
    """This function will return (code, name, code above) of communities and compounds whose name or code matches.

    Where none does, the text is read as an address: the smallest place that its names lead to, from district to
    compound, in the register's own words.
    """
    text = text.strip()
    if len(text) < FIRST_LETTERS:
        return []
    scope = Scope(ranges)
    if text.isascii() and text.isdigit():
        if len(text) not in (CODE_LENGTHS[COMMUNITY], CODE_LENGTHS[COMPOUND]) or not scope.covers(range_of(text)):
            return []
        compounds = Compound.objects.filter(scope.q(), place__range=range_of(text))
    else:
        compounds = Compound.objects.filter(scope.q(), Q(name__contains=text) | Q(name_en__icontains=text))
    found = [
        (code_of(one.place, COMPOUND), one.label, code_of(one.place, COMMUNITY))
        for one in compounds.order_by("place")[:limit]
    ]
    if text.isdigit():
        return found
    if len(found) < limit:
        found += [
            (area.code, area.label, area.parent_code)
            for area in _communities(ranges)
            if text in area.name or text.lower() in area.name_en.lower()
        ][: limit - len(found)]
    if not found and (place := named_in(text, ranges)) is not None:
        area = get_area(short_code(place_text(place)))
        found = [(area.code, area.label, area.parent_code)]
    return found


def _communities(ranges: tuple[Range, ...]) -> list[AreaView]:
    return areas_within(ranges, COMMUNITY)
