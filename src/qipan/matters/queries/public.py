"""What everyone may read: is it known already, how does mine stand, what was asked and done here. No personal data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
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

from ..models import Contact, Matter, MatterStep, Report
from ..rules import limits
from ..rules.loop import ENDED
from ..terms import SHOWN, TOLD, State, StepKind
from .joining import followed, know_wishes
from .mapping import named_in
from .reading import MANY, first_of, newest, standing

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
    found = first_of(rows, PUBLIC_PAGE + 1)
    know_wishes(found)
    return found


def last_told(matters: Iterable[Matter]) -> dict[int, str]:
    """This function will return the public reason of each matter that is shelved or declined now; of the others none."""
    kinds = (StepKind.SHELVED, StepKind.REVIEWED, StepKind.DECLINED)
    held = [one.pk for one in matters if one.state in (State.SHELVED, State.DECLINED)]
    rows = MatterStep.objects.filter(matter__in=held, kind__in=kinds).order_by("pk")
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
