"""Referrals: handed over with the minimum, taken, handed on, given back with what to do, taken back, closed, erased."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now

from qipan.desk.api import Task, TaskKind, TaskState, answer_task, extend_task, recall_tasks, send_task
from qipan.duties.api import Unit, heir_of, proposals
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.text import in_city_language

from ..models import Handover, HandoverLook, Referral, ReferralStep
from ..queries.kept import is_kept
from ..queries.referrals import door_at, handover_of
from ..queries.units import unit_of
from ..rules import limits, referral
from ..rules.referral import CARRIED, S
from ..terms import Ground, NotTaken, Purpose, ReferralStepKind, Result
from .privacy import KeptByHold
from .steps import as_asker

K = ReferralStepKind
TO_DO_CLOCK = "1wd"  # who gets somebody back sees to it within a working day


@dataclass(frozen=True)
class Handed:
    """A referral that was made; the code is shown once, for the person's slip, and kept only as a keyed hash."""

    referral: Referral
    code: str  # empty when the same form came again


def _source(held: Referral, n: int | str) -> str:
    return f"referral:{held.pk}:{n}"


@in_city_language
def _title(held: Referral) -> str:
    """Neutral: whoever may read a desk learns neither for what nor which door."""
    return _now("Referral no. %(n)s") % {"n": held.pk}


def _step(held: Referral, kind: ReferralStepKind, *, unit: int | None, by: Actor, at: datetime) -> None:
    ReferralStep.objects.create(referral=held, kind=kind, unit_id=unit, at=at, by_label=by.label[:120])
    record(
        f"matters.referral_{kind.value.lower()}",
        subject=held,
        by=by,
        at=at,
        place=held.place,
        data={"sender": held.sender_id, "receiver": held.receiver_id},
        drill=held.drill,
    )


def _check_receiver(purpose: str, door: int, receiver: Unit, *, at: datetime) -> None:
    named = proposals(CARRIED[Purpose(purpose)].item, door, on=localdate(at))
    if receiver.pk not in {one.unit.pk for one in named}:
        raise referral.NotAReceiver(field="receiver", unit=receiver)


@in_city_language
def _ask(held: Referral, receiver: Unit, *, by: Actor, at: datetime) -> Task:
    """The receiver's task: to take it, in the time of its purpose. What it is about stands on its page only."""
    sender = held.sender
    return send_task(
        kind=TaskKind.REQUEST,
        source=_source(held, held.hops),
        title=_title(held),
        asker=sender,
        owner=receiver,
        place=held.place,
        basis=_now("Referral with the minimum of data; it opens on its own page"),
        due_at=held.accept_by,
        clock=str(limits.clock_of(CARRIED[Purpose(held.purpose)].accept)),
        listed=True,  # checked: its responsibility list names the purpose
        urgent=True,  # somebody is in need; a purpose that can wait has working days
        by=by,
        at=at,
        drill=held.drill,
    )


@transaction.atomic
def hand_over(
    *,
    purpose: str,
    receiver: Unit,
    door: int,
    need: str = "",
    reach: str = "",
    hours: str = "",
    ground: str,
    nonce: str,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> Handed:
    """This function will hand somebody in need to another unit, with what the purpose needs and nothing more (EMG-9).

    The receiver is one whom the responsibility lists name for the purpose at that place. The same form again
    (``nonce``) is the referral that is there. Needs ``referral.make``. Raises ``NotAllowed``, ``NotFound`` (no
    post), ``DoorNeeded``, ``FieldNeeded``, ``ReachWrong``, ``NotCarried``, ``GroundNeeded``, ``NotAReceiver``.
    """
    by.require("referral.make")
    sender = unit_of(by)
    known = Referral.objects.everywhere("the sender's own form, sent again").filter(nonce=nonce, sender=sender).first()
    if known is not None:
        return Handed(known, "")
    carried = referral.minimum(purpose, need=need, reach=reach, hours=hours, ground=ground)
    if door not in by.scope or door_at(door) is None:
        raise referral.DoorNeeded(field="door")
    if receiver.pk == sender.pk:
        raise referral.NotAReceiver(field="receiver", unit=receiver)
    _check_receiver(purpose, door, receiver, at=at)
    code = limits.new_code()
    held = Referral.objects.create(
        purpose=purpose,
        ground=ground,
        place=limits.community_of(door),
        sender=sender,
        receiver=receiver,
        code_hash=limits.keyed_hash(code, key=settings.SECRET_KEY, purpose="referral"),
        nonce=nonce[:64],
        handed_at=at,
        accept_by=limits.due(CARRIED[Purpose(purpose)].accept, at),
        erase_at=referral.erase_by(at),
        drill=drill,
    )
    Handover.objects.create(referral=held, door=door, **carried)
    held.task = _ask(held, receiver, by=by, at=at)
    held.save(update_fields=["task"])
    _step(held, K.HANDED, unit=receiver.pk, by=by, at=at)
    return Handed(held, code)


def _locked(held: Referral) -> Referral:
    rows = Referral.objects.everywhere("each act checks whose it is").select_for_update(no_key=True, of=("self",))
    fresh = rows.select_related("sender", "receiver", "task", "back").filter(pk=held.pk).first()
    if fresh is None:
        raise NotFound
    return fresh


def _as(held: Referral, *, by: Actor, receiver: bool) -> Referral:
    """A referral, locked, for the one of its two units that may act. Raises ``NotAllowed``, ``NotFound``."""
    by.require("referral.make")
    fresh = _locked(held)
    if by.unit_id is None or by.unit_id not in (fresh.sender_id, fresh.receiver_id):
        raise NotFound
    if receiver and by.unit_id != fresh.receiver_id:
        raise referral.NotTheReceiver
    if not receiver and by.unit_id != fresh.sender_id:
        raise referral.NotTheSender
    return fresh


def _answered(held: Referral, *, by: Actor, at: datetime) -> None:
    """The receiver's task is done with its word."""
    if held.task is not None and held.task.closed_at is None:
        answer_task(held.task, state=TaskState.DONE, note="", by=_owner(by), at=at, on_its_page=True)


def _owner(by: Actor) -> Actor:
    """The receiver's post: its right to answer its own desk comes with the referral."""
    return replace(by, acts=by.acts | {"task.answer"})


@in_city_language
def _recall(held: Referral, *, by: Actor, at: datetime) -> None:
    for n in range(1, held.hops + 1):
        recall_tasks(_source(held, n), note=_now("The referral has ended"), by=by, at=at)
    recall_tasks(_source(held, "back"), note=_now("The referral has ended"), by=by, at=at)


def _erase(held: Referral, *, by: Actor, at: datetime) -> None:
    """What was handed over goes, unless a written assessment keeps it: then the clock comes back when that ends."""
    if is_kept(held, at=at):
        _step(held, K.KEPT, unit=None, by=by, at=at)
        return
    Handover.objects.filter(referral=held).delete()
    held.erased_at = at
    _step(held, K.ERASED, unit=None, by=by, at=at)


@transaction.atomic
@in_city_language
def accept_referral(held: Referral, *, by: Actor, at: datetime) -> Referral:
    """This function will take a referral: the time to answer begins, and what was handed over can be opened.

    For the receiver; needs ``referral.make``. Raises ``NotAllowed``, ``NotFound``, ``NotTheReceiver``,
    ``NotNowReferral``.
    """
    fresh = _as(held, by=by, receiver=True)
    fresh.state = referral.moved(fresh.state, "accept")
    carried = CARRIED[Purpose(fresh.purpose)]
    fresh.accepted_at, fresh.answer_by = at, limits.due(carried.answer, at)
    assert fresh.task is not None
    answer_task(fresh.task, state=TaskState.ACCEPTED, note="", by=_owner(by), at=at, on_its_page=True)
    asker = as_asker(fresh.task, by)
    extend_task(fresh.task, due_at=fresh.answer_by, reason=_now("It is taken; now the answer is due"), by=asker, at=at)
    fresh.save()
    _step(fresh, K.ACCEPTED, unit=fresh.receiver_id, by=by, at=at)
    return fresh


@transaction.atomic
def decline_referral(held: Referral, *, reason: str, by: Actor, at: datetime) -> Referral:
    """This function will not take a referral, with one of the reasons offered; it comes back to the sender's desk.

    For the receiver; needs ``referral.make``. Raises ``NotAllowed``, ``NotFound``, ``NotTheReceiver``,
    ``NotNowReferral``, ``FieldNeeded``.
    """
    fresh = _as(held, by=by, receiver=True)
    fresh.state = referral.moved(fresh.state, "decline")
    if reason not in NotTaken.values:
        raise referral.FieldNeeded(field="reason")
    fresh.not_taken = reason
    return _back(fresh, K.DECLINED, by=by, at=at)


@transaction.atomic
def give_back(
    held: Referral, *, result: str, to_do: str, to_do_by: date | None = None, by: Actor, at: datetime
) -> Referral:
    """This function will return the result: how it stands and what the sender does now; never what was diagnosed.

    For the receiver; needs ``referral.make``. Raises ``NotAllowed``, ``NotFound``, ``NotTheReceiver``,
    ``NotNowReferral``, ``FieldNeeded``, ``DayWrong``.
    """
    fresh = _as(held, by=by, receiver=True)
    fresh.state = referral.moved(fresh.state, "give_back")
    if result not in Result.values:
        raise referral.FieldNeeded(field="result")
    referral.check_to_do(to_do, to_do_by, today=localdate(at))
    fresh.result, fresh.to_do, fresh.to_do_by = result, to_do, to_do_by
    return _back(fresh, K.RETURNED, by=by, at=at)


@in_city_language
def _back(held: Referral, kind: ReferralStepKind, *, by: Actor, at: datetime) -> Referral:
    """The sender's own referral is on its desk again: nothing new is asked of it."""
    _answered(held, by=by, at=at)
    held.sender = heir_of(held.sender)
    held.back = send_task(
        kind=TaskKind.REQUEST,
        source=_source(held, "back"),
        title=_title(held),
        asker=held.sender,
        owner=held.sender,
        place=held.place,
        basis=_now("Our own referral came back; what to do stands on its page"),
        due_at=limits.due(TO_DO_CLOCK, at),
        clock=str(limits.clock_of(TO_DO_CLOCK)),
        by=by,
        at=at,
        drill=held.drill,
    )
    held.save()
    _step(held, kind, unit=held.receiver_id, by=by, at=at)
    return held


@transaction.atomic
def hand_on(held: Referral, *, receiver: Unit, by: Actor, at: datetime) -> Referral:
    """This function will hand a referral on to another unit that the lists name for its purpose, once.

    Who hands it on sees nothing of it any more. For the receiver; needs ``referral.make``. Raises ``NotAllowed``,
    ``NotFound``, ``NotTheReceiver``, ``NotNowReferral``, ``TooManyHops``, ``NotAReceiver``.
    """
    fresh = _as(held, by=by, receiver=True)
    fresh.state = referral.moved(fresh.state, "hand_on")
    if fresh.hops >= referral.MOST_HOPS:
        raise referral.TooManyHops
    handed = handover_of(fresh)
    if handed is None or receiver.pk in (fresh.receiver_id, fresh.sender_id):
        raise referral.NotAReceiver(field="receiver", unit=receiver)
    _check_receiver(fresh.purpose, handed.door, receiver, at=at)
    _answered(fresh, by=by, at=at)
    fresh.receiver, fresh.hops = receiver, fresh.hops + 1
    fresh.accepted_at = fresh.answer_by = None
    fresh.accept_by = limits.due(CARRIED[Purpose(fresh.purpose)].accept, at)
    fresh.task = _ask(fresh, receiver, by=by, at=at)
    fresh.save()
    _step(fresh, K.HANDED_ON, unit=receiver.pk, by=by, at=at)
    return fresh


@transaction.atomic
def look_at_handover(held: Referral, *, by: Actor, at: datetime) -> Handover:
    """This function will open what was handed over, and write down which post looked; the person reads it.

    To the receiver from taking it to returning it, to the sender until it is erased; with an account, never by a
    pass. Needs ``referral.make``. Raises ``NotAllowed``, ``NotFound``, ``LookClosed``.
    """
    by.require("referral.make")
    fresh = _locked(held)
    sender, receiver = by.unit_id == fresh.sender_id, by.unit_id == fresh.receiver_id
    if by.unit_id is None or not (sender or receiver):
        raise NotFound
    found = handover_of(fresh)
    allowed = referral.may_look(fresh.state, sender=sender, receiver=receiver, erased=found is None)
    if found is None or not allowed or by.account_id is None:
        raise referral.LookClosed
    HandoverLook.objects.create(referral=fresh, unit_id=by.unit_id, at=at, by_label=by.label[:120])
    record("matters.look_at_handover", subject=fresh, by=by, at=at, place=fresh.place, data={}, drill=fresh.drill)
    return found


def _end(held: Referral, kind: ReferralStepKind, *, by: Actor, at: datetime) -> Referral:
    """Nothing is asked of anybody any more, and what was handed over is gone in the same transaction."""
    held.ended_at = at
    _recall(held, by=by, at=at)
    _step(held, kind, unit=held.sender_id, by=by, at=at)
    _erase(held, by=by, at=at)
    held.save()
    return held


@transaction.atomic
def withdraw_referral(held: Referral, *, by: Actor, at: datetime) -> Referral:
    """This function will take a referral back before its result; what was handed over is erased at once.

    For the sender; needs ``referral.make``. Raises ``NotAllowed``, ``NotFound``, ``NotTheSender``,
    ``NotNowReferral``.
    """
    fresh = _as(held, by=by, receiver=False)
    fresh.state = referral.moved(fresh.state, "withdraw")
    return _end(fresh, K.WITHDRAWN, by=by, at=at)


@transaction.atomic
def withdraw_own(held: Referral, *, by: Actor, at: datetime) -> Referral:
    """This function will take a referral back in the person's own word, by the code on the slip (PIPL, art. 15).

    The page has opened it by the code. Raises ``NotFound``, ``ByLaw``, ``NotNowReferral``.
    """
    fresh = _locked(held)
    if fresh.ground != Ground.AGREED:
        raise referral.ByLaw
    fresh.state = referral.moved(fresh.state, "withdraw")
    return _end(fresh, K.WITHDRAWN, by=by, at=at)


@transaction.atomic
def erase_own_handover(held: Referral, *, by: Actor, at: datetime) -> None:
    """This function will erase what was handed over, by the person's own wish; erased already, it changes nothing.

    The office that handed it over has granted the wish. Raises ``ByLaw``, ``KeptByHold``.
    """
    fresh = _locked(held)
    if fresh.erased_at is not None:
        return
    if is_kept(fresh, at=at):
        raise KeptByHold
    if fresh.ground != Ground.AGREED:
        raise referral.ByLaw
    if fresh.state in (S.SENT, S.ACCEPTED):
        withdraw_own(fresh, by=by, at=at)
    else:
        _erase(fresh, by=by, at=at)
        fresh.save()


@transaction.atomic
def close_referral(held: Referral, *, by: Actor, at: datetime) -> Referral:
    """This function will close a referral that came back: what was to do is done; what was handed over is erased.

    For the sender; needs ``referral.make``. Raises ``NotAllowed``, ``NotFound``, ``NotTheSender``,
    ``NotNowReferral``.
    """
    fresh = _as(held, by=by, receiver=False)
    fresh.state = referral.moved(fresh.state, "close")
    if fresh.back is not None and fresh.back.closed_at is None:
        answer_task(fresh.back, state=TaskState.DONE, note="", by=_owner(by), at=at, on_its_page=True)
    return _end(fresh, K.CLOSED, by=by, at=at)


@transaction.atomic
def erase_handover(held: Referral, *, by: Actor, at: datetime) -> bool:
    """This function will erase what was handed over and kept for 30 days, ending what nobody answered.

    Says whether something was erased now; what a written assessment keeps ends, and stays. Raises ``NotNowReferral``.
    """
    fresh = _locked(held)
    if fresh.erased_at is not None:
        return False
    if fresh.ended_at is None:
        fresh.state = referral.moved(fresh.state, "lapse")
        _end(fresh, K.LAPSED, by=by, at=at)
    else:
        _erase(fresh, by=by, at=at)
        fresh.save()
    return fresh.erased_at is not None
