"""Preparing a destruction, and the second person's word on it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.retention import holders

from ..models import DestructionRun, DueLot, RunLot
from ..queries import backups_of
from ..rules.chain import FIRST
from ..terms import RunState

MOST_LOTS = 200


class NothingChosen(Refusal):
    code = "nothing_chosen"
    sentence = _("Choose at least one line that is due, and at most 200.")
    status = 400


class NotDue(Refusal):
    code = "not_due"
    sentence = _("%(title)s is not due: its time is not over.")


class ReasonNeeded(Refusal):
    code = "reason_needed"
    sentence = _("Say why, in a sentence.")
    status = 400


class InAnotherRun(Refusal):
    code = "in_another_run"
    sentence = _("One of these lines is in another destruction already.")


class MixedWithDrill(Refusal):
    code = "mixed_with_drill"
    sentence = _("Data of a drill are destroyed apart from real ones.")
    status = 400


class NeedsAPerson(Refusal):
    code = "needs_a_person"
    sentence = _("A destruction is prepared and approved by persons with accounts, not by a pass or a program.")
    status = 403


class SamePerson(Refusal):
    code = "same_person"
    sentence = _("You prepared this destruction: another person approves it.")
    status = 403


class AlreadyDecided(Refusal):
    code = "already_decided"
    sentence = _("This destruction was decided already.")


class BackupsUnsaid(Refusal):
    code = "backups_unsaid"
    sentence = _("Say that every backup with these data is listed: the certificate names them.")
    status = 400


def _person(by: Actor) -> int:
    if by.account_id is None or by.pass_id:
        raise NeedsAPerson
    return by.account_id


def require_all(ground_lots: Sequence[DueLot | RunLot], *, by: Actor) -> None:
    """This function will raise ``NotFound`` unless the actor's scope covers the ground of every lot."""
    if any(not by.scope.covers(ground) for lot in ground_lots for ground in lot.ranges):
        raise NotFound


@transaction.atomic
def prepare_run(*, lots: Sequence[int], reason: str, backups_listed: bool, by: Actor, at: datetime) -> DestructionRun:
    """This function will prepare the destruction of lots that are due; nothing is destroyed before a second person agrees.

    What is due is asked of the rooms again, not of the kept list. Needs ``destruction.prepare``. Raises ``NotAllowed``,
    ``NotFound``, ``NeedsAPerson``, ``NothingChosen``, ``NotDue``, ``ReasonNeeded``, ``BackupsUnsaid``,
    ``MixedWithDrill``, ``InAnotherRun``.
    """
    by.require("destruction.prepare")
    person = _person(by)
    chosen = list(DueLot.objects.filter(pk__in=list(lots)[: MOST_LOTS + 1]).order_by("model", "due", "key"))
    if not chosen or len(chosen) > MOST_LOTS:
        raise NothingChosen(field="lots")
    require_all(chosen, by=by)
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    if not backups_listed:
        raise BackupsUnsaid(field="backups_listed")
    if len({lot.drill for lot in chosen}) > 1:
        raise MixedWithDrill(field="lots")
    # What the clock erases by itself has no holder, or is told as such: no run takes it.
    asked = [holder for model, holder in holders().items() if model in {one.model for one in chosen}]
    now = {(holder.model, lot.key): lot for holder in asked for lot in holder.lots(at=at)}
    run = DestructionRun.objects.create(
        reason=reason.strip()[:300],
        backups=backups_of(None, at=at),
        prepared_at=at,
        prepared_by=by.label[:120],
        prepared_account=person,
        drill=chosen[0].drill,
    )
    for order, kept in enumerate(chosen):
        lot = now.get((kept.model, kept.key))
        if lot is None or lot.by_clock or lot.began is None or lot.due is None or lot.due > at:
            raise NotDue(title=kept.title, field="lots")
        try:
            with transaction.atomic():
                RunLot.objects.create(
                    run=run,
                    order=order,
                    model=kept.model,
                    key=kept.key,
                    title=lot.title[:200],
                    rows=lot.rows,
                    grounds=[list(ground) for ground in lot.grounds],
                    began=lot.began,
                    due=lot.due,
                    chain=FIRST,
                    emergency=lot.emergency,
                )
        except IntegrityError:
            raise InAnotherRun(field="lots") from None
    data = {"lots": [f"{lot.model} {lot.key}" for lot in chosen], "rows": sum(lot.rows for lot in chosen)}
    record("retention.prepare_run", subject=run, by=by, at=at, data=data, drill=run.drill)
    return run


def _waiting(run: DestructionRun, *, by: Actor) -> DestructionRun:
    by.require("destruction.approve")
    held = DestructionRun.objects.select_for_update().filter(pk=run.pk).first()
    if held is None:
        raise NotFound
    require_all(list(held.lots.all()), by=by)
    if held.state != RunState.PREPARED:
        raise AlreadyDecided
    return held


@transaction.atomic
def approve_run(run: DestructionRun, *, by: Actor, at: datetime) -> DestructionRun:
    """This function will approve a destruction; the background job carries it out from the next minute on.

    Needs ``destruction.approve`` and another person than who prepared it. Raises ``NotAllowed``, ``NotFound``,
    ``NeedsAPerson``, ``SamePerson``, ``AlreadyDecided``.
    """
    held = _waiting(run, by=by)
    person = _person(by)
    if person == held.prepared_account:
        raise SamePerson
    held.state, held.decided_at, held.decided_by, held.decided_account = RunState.APPROVED, at, by.label[:120], person
    held.save(update_fields=["state", "decided_at", "decided_by", "decided_account"])
    record("retention.approve_run", subject=held, by=by, at=at, drill=held.drill)
    return held


@transaction.atomic
def refuse_run(run: DestructionRun, *, reason: str, by: Actor, at: datetime) -> DestructionRun:
    """This function will refuse a destruction, with a reason; its lots may be prepared anew.

    Needs ``destruction.approve``; who prepared it may take it back so. Raises ``NotAllowed``, ``NotFound``,
    ``NeedsAPerson``, ``ReasonNeeded``, ``AlreadyDecided``.
    """
    held = _waiting(run, by=by)
    person = _person(by)
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    held.state, held.decided_at, held.decided_by, held.decided_account = RunState.REFUSED, at, by.label[:120], person
    held.refusal = reason.strip()[:300]
    held.save(update_fields=["state", "decided_at", "decided_by", "decided_account", "refusal"])
    held.lots.update(open=False)
    record("retention.refuse_run", subject=held, by=by, at=at, data={"reason": held.refusal}, drill=held.drill)
    return held
