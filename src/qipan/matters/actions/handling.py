"""Done, verified, confirmed: the handler only reports, another looks, the reporter has the last word."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import TaskState, answer_task
from qipan.duties.api import Unit
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.rows import Reading, store_row
from qipan.kernel.text import in_city_language

from ..models import Matter, Photo, Report
from ..queries.joining import asked_in_vain, followed, following
from ..queries.patterns import agreed_open, check_reinspected
from ..rules import loop
from ..rules.figures import said_word, verified_word
from ..rules.loop import Loop
from ..rules.photos import MOST_PHOTOS, Picture, TooManyPhotos
from ..terms import Outcome, Part, StepKind, Way
from .dispatching import give_part, own_part
from .intake import office_for, tell, title_of
from .steps import ask, check_speaker, end_part, end_waiting, locked, loop_of, open_parts, settle
from .unsaying import take_back_verification, take_back_words


@act
def report_done(
    matter: Matter, *, kind: str, result: str, photos: Sequence[Picture] = (), by: Actor, at: datetime
) -> Matter:
    """This function will report a matter as done: solved, or explained why it cannot be. It closes nothing.

    The office that watches over it has the verification on its desk. Needs ``task.answer`` in the handler's
    unit. Raises ``NotAllowed``, ``NotFound``, ``NotNow``, ``NotTheHandler``, ``WrongKind``, ``ReasonNeeded``,
    ``PartsOpen`` (a cooperating part, or what a site meeting agreed on, is neither done nor waived).
    """
    held, now = locked(matter, by=by, act="task.answer")
    parts = open_parts(held)
    blocking = [one.unit.label for one in parts if one.part == Part.COOPERATING]
    blocking += [one.task.owner.label for one in agreed_open(held)]
    after = loop.report_done(
        now, unit=by.unit_id or 0, account=by.account_id, kind=kind, result=result, open_parts=blocking
    )
    if len(photos) > MOST_PHOTOS:
        raise TooManyPhotos
    part = own_part(held, by)
    part.result, part.done_by = result.strip()[:1000], by.account_id
    part.task = answer_task(part.task, state=TaskState.DONE, note=part.result, by=by, at=at, on_its_page=True)
    end_part(part, Outcome.DONE, note="", by=by, at=at)
    Photo.objects.bulk_create(
        Photo(matter=held, jpeg=one.image, width=one.width, height=one.height, at=at) for one in photos
    )
    _ask_to_verify(held, by=by, at=at)
    settle(held, after, StepKind.REPORTED_DONE, detail=kind, note=part.result, by=by, at=at)
    return held


def verifier_of(matter: Matter) -> Unit:
    """This function will return the unit that verifies: the office of the place; one level up where it handled itself."""
    office = office_for(matter.place)
    handled = loop_of(matter).handlers
    while office.pk in handled and office.parent_id is not None:
        office = Unit.objects.select_related("organ_type").get(pk=office.parent_id)
    return office


@in_city_language
def _ask_to_verify(held: Matter, *, by: Actor, at: datetime) -> None:
    office = verifier_of(held)
    held.waiting = ask(
        held,
        owner=office,
        asker=office,
        title=title_of(held, _now("To verify")),
        basis=_now("Catalogue, %(code)s: %(condition)s")
        % {"code": held.category.code, "condition": held.category.closing_label},
        limit=held.category.limit_verify,
        by=by,
        at=at,
    )


@act
@in_city_language
def verify_matter(matter: Matter, *, way: str = Way.GOVERNMENT, note: str = "", by: Actor, at: datetime) -> Matter:
    """This function will verify what was reported done, by another unit and another person; the reporters are asked.

    ``way`` says by which way it was solved (PAR-9). Needs ``matter.verify``. Raises ``NotAllowed``,
    ``NotFound``, ``NotNow``, ``HandlerVerifies``, ``WrongKind``, ``NotReinspected`` (a hazard).
    """
    held, now = locked(matter, by=by, act="matter.verify")
    after = loop.verify(now, unit=by.unit_id, account=by.account_id)
    if way not in Way.values:
        raise loop.WrongKind(field="way")
    check_reinspected(held)
    end_waiting(held, note=_now("Verified"), by=by, at=at)
    held.way, held.verified_at = way, at
    held.verifier_id, held.verified_by = by.unit_id, by.account_id
    settle(held, after, StepKind.VERIFIED, detail=verified_word(now.closing, way), note=note, by=by, at=at)
    tell(held, what="verified", by=by, at=at)
    return held


@act
@in_city_language
def send_back(matter: Matter, *, reason: str, by: Actor, at: datetime) -> Matter:
    """This function will send a matter back to the same handler: it is not as reported, or a reporter doubts it.

    Not a hop. Needs ``matter.verify``. Raises ``NotAllowed``, ``NotFound``, ``NotNow``, ``HandlerVerifies``,
    ``ReasonNeeded``.
    """
    held, now = locked(matter, by=by, act="matter.verify")
    after = loop.send_back(now, unit=by.unit_id, account=by.account_id, reason=reason)
    last = held.handlings.filter(part=Part.PRIMARY, unit=now.handler).select_related("unit__organ_type").latest("pk")
    end_waiting(held, note=_now("Sent back"), by=by, at=at)
    last.matter = held
    until = last.objects_until  # the same duty: what was not objected to is not in the end
    office = office_for(held.place)
    why = reason.strip()
    give_part(held, last.unit, part=Part.PRIMARY, asker=office, why=why, object_by=until, by=by, at=at)
    held.verified_at, held.way = None, ""
    settle(held, after, StepKind.SENT_BACK, note=reason, by=by, at=at)
    take_back_words(held, following(held.pk), unit=now.handler, by=by, at=at)
    return held


_OWN = Reading[Report](lambda pk: Report.objects.select_related("matter__root").filter(pk=pk))
_UNSAID = Reading[tuple[int]](lambda matter: following(matter).exclude(confirmed=True).values_list("pk")[:1])


def _own(report: Report, by: Actor, here: Iterable[Actor]) -> tuple[Report, Matter, Loop]:
    """A reporter's matter, locked; a report whose matter was joined follows the one where the joining ends.

    The report is read under the lock, so that of two words at once the second sees the first.
    """
    held, now = locked(followed(report), by=by, act=None)
    fresh = _OWN.one(report.pk)
    if fresh is None:
        raise NotFound
    if followed(fresh).pk != held.pk:  # joined or parted since it was read
        return _own(fresh, by, here)
    check_speaker(now, here)
    return fresh, held, now


class SpokenAlready(Refusal):
    """Each reporter counts once."""

    code = "spoken_already"
    sentence = _("You have said how it ended; it is kept. The others who reported it may still speak.")


@act
def confirm_matter(
    report: Report, *, satisfied: bool | None, here: Iterable[Actor] = (), by: Actor, at: datetime
) -> Matter:
    """This function will take a reporter's word that it is as verified; with the last reporter's word the matter closes.

    ``satisfied`` is asked beside it and may stay open. By the track code, whoever holds it, unless the device is signed
    in (``here``) for a unit that handled it. Raises ``NotFound``, ``HandlerSpeaks``, ``NotNow``, ``SpokenAlready``.
    """
    own, held, now = _own(report, by, here)
    if now.state != loop.S.VERIFIED:
        raise loop.NotNow(state=now.state)
    if own.confirmed:
        raise SpokenAlready
    own.confirmed, own.satisfied, own.said_at = True, satisfied, at
    store_row(own)
    settle(held, now, StepKind.CONFIRMED, detail=said_word(satisfied), by=by, at=at)
    if not _UNSAID(held.pk):
        _close(held, now, confirmed=True, by=by, at=at)
    return held


@act
@in_city_language
def doubt_matter(report: Report, *, reason: str, here: Iterable[Actor] = (), by: Actor, at: datetime) -> Matter:
    """This function will take a reporter's doubt: an office that did not handle it must look again.

    By the track code, as ``confirm_matter``. Raises ``NotFound``, ``HandlerSpeaks``, ``NotNow``, ``ReasonNeeded``.
    """
    own, held, now = _own(report, by, here)
    after = loop.doubt(now, reason=reason)
    take_back_verification(held, now, by=by, at=at)
    take_back_words(held, Report.objects.filter(pk=own.pk), unit=now.handler, by=by, at=at)
    own.confirmed, own.satisfied, own.said_at = False, None, at
    store_row(own)
    office = verifier_of(held)
    held.waiting = ask(
        held,
        owner=office,
        asker=office,
        title=title_of(held, _now("Doubted by a reporter, to look again")),
        basis=_now("The reporter has the last word"),
        limit=held.category.limit_verify,
        by=by,
        at=at,
    )
    return settle(held, after, StepKind.DOUBTED, note=reason, report=own.pk, by=by, at=at)


@act
@in_city_language
def let_stand(matter: Matter, *, reason: str, by: Actor, at: datetime) -> Matter:
    """This function will close a doubted matter as disputed, with a public reason: it does not count as solved.

    Needs ``matter.verify``. Raises ``NotAllowed``, ``NotFound``, ``NotNow``, ``HandlerVerifies``, ``ReasonNeeded``.
    """
    held, now = locked(matter, by=by, act="matter.verify")
    after = loop.let_stand(now, unit=by.unit_id, account=by.account_id, reason=reason, at=at)
    end_waiting(held, note=_now("Closed as disputed"), by=by, at=at)
    _closed(held, after, note=reason, by=by, at=at)
    return held


def _close(held: Matter, now: Loop, *, confirmed: bool, by: Actor, at: datetime) -> None:
    _closed(held, loop.close(now, confirmed=confirmed, at=at), note="", by=by, at=at)


def _closed(held: Matter, after: Loop, *, note: str, by: Actor, at: datetime) -> None:
    settle(held, after, StepKind.CLOSED, detail=f"{after.closing}:{after.confirmation}", note=note, by=by, at=at)
    tell(held, what="closed", by=by, at=at)


@act
def close_unanswered(matter: Matter, *, by: Actor, at: datetime) -> bool:
    """This function will close a matter whose reporters were asked in vain: confirmed where one of them spoke, else
    unconfirmed. For the job; needs ``matter.verify``. Raises ``NotAllowed``, ``NotFound``.
    """
    held, now = locked(matter, by=by, act="matter.verify")
    if not asked_in_vain(by.scope, at=at).filter(pk=held.pk).exists():
        return False
    _close(held, now, confirmed=following(held.pk).filter(confirmed=True).exists(), by=by, at=at)
    return True
