"""Reporting: a report opens a matter or joins one that is open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec

from django.conf import settings
from django.db import IntegrityError, connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.journal.api import queue_message
from qipan.kernel.act import act, write_gathered
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, COMPOUND, DISTRICT, STREET, code_of, place_of
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.kernel.rows import Reading, insert_row, store_row
from qipan.kernel.text import in_city_language
from qipan.territory.api import path_to

from ..ingest import count_source, count_state, count_steps
from ..models import Category, Contact, Matter, MatterStep, Photo, Report
from ..queries.joining import following, wished_private
from ..queries.mapping import check_point
from ..queries.offices import office_for
from ..rules import limits, loop
from ..rules.joint import cell_at
from ..rules.photos import MOST_PHOTOS, Picture, TooManyPhotos
from ..rules.points import Point
from ..terms import Channel, State, StepKind
from .steps import ask, lock_chain, locked, log, note_step
from .unsaying import take_back_words

P = ParamSpec("P")
KEEP_CONTACT = timedelta(days=180)  # at the latest; a month after the end at the soonest
MOST_AN_HOUR = 10  # reports from one address


class PlaceUnknown(Refusal):
    code = "place_unknown"
    sentence = _("Choose a place in this city: a district, or nearer.")
    status = 400


class TextNeeded(Refusal):
    code = "text_needed"
    sentence = _("Say in a few words what is wrong, at most 2,000 characters.")
    status = 400


class TooManyReports(Refusal):
    """A burst from one address; the telephone and the counter are always open."""

    code = "too_many_reports"
    sentence = _("Many reports came from this address within an hour. Please wait, or call the hotline.")
    status = 429


class SameMatter(Refusal):
    code = "same_matter"
    sentence = _("A matter cannot be joined to itself or to one that was joined elsewhere.")


@dataclass(frozen=True)
class Words:
    """What a reporter says and leaves: the text, where exactly in own words, pictures, a way to be reached."""

    text: str
    spot: str = ""
    channel: str = Channel.WEB
    private: bool = False
    reach: str = ""
    photos: Sequence[Picture] = ()


@dataclass(frozen=True)
class Reported:
    """What a reporter gets: the matter, and the code to follow it by, which is told once and not kept."""

    matter: Matter
    report: Report
    code: str  # empty when the same form was sent again: the first answer held it


def hashed(code: str) -> str:
    """This function will return what is kept of a track code."""
    return limits.keyed_hash(limits.tidy_code(code), key=settings.SECRET_KEY, purpose="track")


def place_label(place: int) -> str:
    """This function will say a place in words: community and compound."""
    digits = f"{place:019d}"
    for length in (CODE_LENGTHS[level] for level in (COMPOUND, COMMUNITY, STREET, DISTRICT)):
        if digits[length - 3 : length].strip("0"):
            try:
                above, label = [area.label for area in path_to(digits[:length])[-2:]]
                return label if label.startswith(above) else f"{above} {label}"
            except NotFound:
                continue
    if not digits[CODE_LENGTHS[CITY] :].strip("0"):  # imported: their table says no more than the city
        try:
            return path_to(digits[: CODE_LENGTHS[CITY]])[-1].label
        except NotFound:
            pass
    raise PlaceUnknown(field="place")


def check_place(place: int, ground: Scope) -> None:
    """This function will pass for a place on a ground where something can be found: a district or nearer, as at Open311.

    Raises ``PlaceUnknown``.
    """
    if place not in ground or place == place_of(code_of(place, CITY)):
        raise PlaceUnknown(field="place")


def title_of(matter: Matter, what: str, where: str = "") -> str:
    """This function will write the title of a task about a matter, without any words of the reporter."""
    return f"{what}: {matter.category.label} · {where or place_label(matter.place)} ({matter.number})"


def _report(matter: Matter, words: Words, nonce: str, *, by: Actor, at: datetime) -> tuple[Report, str]:
    code = limits.new_code()
    report = Report(
        matter=matter,
        text=words.text.strip(),
        spot=words.spot.strip()[:120],
        channel=words.channel,
        private=words.private,
        code_hash=hashed(code),
        nonce=nonce,
        at=at,
        by_label=by.label[:120],
    )
    insert_row(report)
    if words.reach.strip():
        Contact.objects.create(
            report=report,
            reach=words.reach.strip()[:120],
            purpose=_now("Asking back about this matter and telling its end"),
            erase_at=at + KEEP_CONTACT,
        )
    Photo.objects.bulk_create(
        Photo(matter=matter, report=report, jpeg=one.image, width=one.width, height=one.height, at=at)
        for one in words.photos
    )
    return report, code


def _check(words: Words) -> None:
    if not 2 <= len(words.text.strip()) <= 2000:
        raise TextNeeded(field="text")
    if len(words.photos) > MOST_PHOTOS:
        raise TooManyPhotos


_SAME = Reading[Report](lambda nonce: Report.objects.select_related("matter__category").filter(nonce=nonce))
_REACHABLE = Reading[tuple[int]](
    lambda matter: following(matter).filter(contact__isnull=False).order_by("pk").values_list("pk")
)


def _again(nonce: str) -> Reported | None:
    """The same form sent twice is one report; the code was told the first time."""
    held = _SAME.one(nonce)
    return Reported(held.matter, held, "") if held is not None else None


def _once(verb: Callable[P, Reported]) -> Callable[P, Reported]:
    """A form that is sent twice at the same moment is one report too: the second finds what the first has written.

    Where the act is part of a larger one, that one begins again by itself.
    """

    @wraps(verb)
    def told(*args: P.args, **kwargs: P.kwargs) -> Reported:
        try:
            return verb(*args, **kwargs)
        except IntegrityError:
            held = None if connection.in_atomic_block else _again(str(kwargs["nonce"]))
            if held is None:
                raise
            return held

    return told


def _allowed(source: str, at: datetime) -> None:
    if source and count_source(source, at) > MOST_AN_HOUR:
        raise TooManyReports


@_once
@act
def report_matter(
    *,
    category: Category,
    place: int,
    point: Point | None = None,
    words: Words,
    nonce: str,
    source: str = "",
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Reported:
    """This function will take a report and open a matter, with a task on the desk of the street that files it.

    ``nonce`` is made where the form is made: the same one again returns what is there. ``source`` is the
    keyed hash of an address and is counted by the hour. ``point`` is where exactly the thing is (WGS 84).
    Needs ``matter.report``. Raises ``NotAllowed``, ``NotFound`` (no office, or outside the scope),
    ``PlaceUnknown``, ``PointElsewhere``, ``TextNeeded``, ``TooManyPhotos``, ``TooManyReports``.
    """
    by.require("matter.report")
    check_place(place, by.scope)
    label = in_city_language(place_label)(place)
    if point is not None:
        check_point(point, place)
    _check(words)
    if (held := _again(nonce)) is not None:
        return held
    _allowed(source, at)
    office = office_for(place)
    matter = Matter(
        place=place,
        longitude=point and point.longitude,
        latitude=point and point.latitude,
        cell=cell_at(place, point),
        category=category,
        channel=words.channel,
        private=words.private,
        reported_at=at,
        changed_at=at,
        drill=drill,
    )
    insert_row(matter)
    report, code = _report(matter, words, nonce, by=by, at=at)
    count_state(matter, was=None, now=State.REPORTED)
    note_step(matter, StepKind.REPORTED, by=by, at=at)
    ask_office(matter, office, label=label, by=by, at=at)
    log(matter, StepKind.REPORTED, was="", by=by, at=at)
    return Reported(matter, report, code)


@in_city_language
def to_file(matter: Matter, where: str) -> tuple[str, str]:
    """This function will write title and basis of the task to file a matter."""
    basis = _now("Catalogue, %(code)s: %(condition)s")
    said = {"code": matter.category.code, "condition": matter.category.filing_label}
    return title_of(matter, _now("To file and dispatch"), where), basis % said


@in_city_language
def ask_office(matter: Matter, office: Unit, *, label: str = "", by: Actor, at: datetime) -> None:
    """The office that files has the matter on its desk, in the time that the catalogue gives."""
    title, basis = to_file(matter, label)
    matter.waiting = ask(
        matter,
        owner=office,
        asker=office,
        title=title,
        basis=basis,
        limit=matter.category.limit_file,
        by=by,
        at=at,
    )
    store_row(matter)


@_once
@act
def join_matter(matter: Matter, *, words: Words, nonce: str, source: str = "", by: Actor, at: datetime) -> Reported:
    """This function will add a reporter to a matter that is open already: one matter, each told and asked at its end.

    Needs ``matter.report``. Raises as ``report_matter``, and ``NotNow`` when the matter has ended.
    """
    by.require("matter.report")
    held, now = locked(matter, by=by, act=None)
    if now.state in loop.ENDED:
        raise loop.NotNow(state=State(now.state))
    _check(words)
    if (again := _again(nonce)) is not None:
        return again
    _allowed(source, at)
    report, code = _report(held, words, nonce, by=by, at=at)
    note_step(held, StepKind.JOINED, by=by, at=at)
    log(held, StepKind.JOINED, was=held.state, by=by, at=at)
    return Reported(held, report, code)


@act
def part_report(report: Report, *, by: Actor, at: datetime) -> Matter:
    """This function will make a report that was joined a matter of its own; its reporter keeps the code.

    Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``, ``SameMatter`` (the only report of a matter).
    """
    lock_chain(report.matter_id)
    old, _loop = locked(report.matter, by=by, act="matter.dispatch")
    held = Report.objects.select_for_update(of=("self",)).filter(pk=report.pk, matter=old).first()
    if held is None:
        raise NotFound
    first, *others = old.reports.order_by("pk")
    if not others:
        raise SameMatter
    # The point is of who reported first: wished off the list, it is nowhere where only others are.
    wished = first.private and not all(one.private for one in others)
    matter = Matter(
        place=old.place,
        longitude=old.longitude,
        latitude=old.latitude,
        cell=old.cell,
        category=old.category,
        channel=held.channel,
        private=held.private,
        reported_at=held.at,
        changed_at=at,
        drill=old.drill,
    )
    if wished and (held == first or not held.private):
        bare = old if held == first else matter
        bare.longitude, bare.latitude, bare.cell = None, None, cell_at(old.place, None)
        store_row(old)
    insert_row(matter)
    # What was said is of the other matter.
    other = old.root or old
    take_back_words(other, Report.objects.filter(pk=held.pk), unit=other.handler_id, by=by, at=at)
    held.matter = matter
    held.save(update_fields=["matter"])
    Photo.objects.filter(report=held).update(matter=matter)
    for one in {old, other}:
        keep_off(one)
    count_state(matter, was=None, now=State.REPORTED)
    note_step(matter, StepKind.REPORTED, by=by, at=at)
    ask_office(matter, office_for(matter.place), by=by, at=at)
    note_step(old, StepKind.PARTED, note=matter.number, by=by, at=at)
    log(old, StepKind.PARTED, was=old.state, detail=matter.number, by=by, at=at)
    log(matter, StepKind.REPORTED, was="", by=by, at=at)
    tell(matter, by=by, at=at, what="parted")
    return matter


def keep_off(matter: Matter) -> None:
    """This function will take a matter off the public list where only those still follow it who wished so."""
    if not matter.private and wished_private(matter.pk):
        Matter.objects.everywhere("a matter that was gated, or the end of its chain").filter(pk=matter.pk).update(
            private=True
        )
        matter.private = True


def tell(matter: Matter, *, what: str, by: Actor, at: datetime) -> None:
    """This function will put a notice into the outbox for each reporter who left a way to be reached, also of what was
    joined to the matter.

    The message names the report; the address is read when it leaves, and may be erased by then.
    """
    for (pk,) in _REACHABLE(matter.pk):
        queue_message(
            "reporter",
            key=f"matter:{matter.pk}:{what}:{pk}:{int(at.timestamp())}",
            payload={"what": f"matter.{what}", "report": pk, "number": matter.number},
            at=at,
            drill=matter.drill,
        )


def recategorise(matter: Matter, category: Category) -> None:
    """This function will correct the category of a matter that was just locked: its steps move in the kept counts."""
    if category.pk == matter.category_id:
        return
    if category.valid_to is not None:
        raise BadInput([_now("this category is no longer in the catalogue")])
    write_gathered()
    steps = list(MatterStep.objects.filter(matter=matter))
    count_steps(matter, steps, by=-1)
    matter.category = category
    count_steps(matter, steps)
