"""The release of a whole emergency, from what is really open: in order, in one place, what is left with its owner (EMG-8)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal
from qipan.posture.api import Declaration, emergency_of

from ..models import Activation, ActivationItem, ReleasePlan
from ..queries import Left, found_open, in_order, left_open
from ..terms import StepKind
from .items import close_item, give_to_owners, take_in
from .release import begin_release, finish_activation


class ResponseRuns(Refusal):
    code = "response_runs"
    sentence = _("End the response first: the release closes what it opened.")


class ReleaseOfAnother(Refusal):
    """What a command above declared, the one below does not release (EMG-3)."""

    code = "release_of_another"
    sentence = _("%(unit)s declared this; it, or a command above it, releases it.")
    status = 403


class RunByAnother(Refusal):
    code = "run_by_another"
    sentence = _("%(who)s ran the release at %(when)s; this is what is left now.")


class PlanFinished(Refusal):
    code = "plan_finished"
    sentence = _("Nothing of this emergency is open any more.")


class PlanNotBegun(Refusal):
    code = "plan_not_begun"
    sentence = _("Run the release first: only what it could not close is handed over.")


@dataclass(frozen=True)
class PlanReport:
    """What a run of the plan did, and what is left with owner and reason; ``more`` says that the run was cut short."""

    plan: ReleasePlan
    closed: int
    handed_over: int
    left: list[Left]
    more: bool = False


def require_plan_charge(declaration: Declaration, *, by: Actor) -> list[Range]:
    """This function will return the ground, and refuse who is neither the issuer of the declaration nor a command above.

    Raises ``NotFound`` when the ground is not wholly the actor's, ``ReleaseOfAnother``.
    """
    grounds = list(emergency_of(declaration).grounds)
    if not all(by.scope.covers(ground) for ground in grounds):
        raise NotFound
    if by.unit_id not in (None, declaration.issuer_id) and declaration.issuer.place not in by.scope:
        raise ReleaseOfAnother(unit=declaration.issuer)
    return grounds


def run_plan(declaration: Declaration, *, seen: int, by: Actor, at: datetime, most: int | None = None) -> PlanReport:
    """This function will close what is open of an ended emergency, whoever opened it: last opened first, records last.

    Every room is asked anew what is open. Each item is closed in a transaction of its own, so a crash loses nothing and the
    next run goes on; what cannot be closed keeps its owner and reason. ``seen`` is how many runs the one who presses has
    seen: of two at once one runs, and the other is told. ``most`` ends a run after so many items. Needs ``release.run``.
    Raises ``NotAllowed``, ``NotFound``, ``ReleaseOfAnother``, ``ResponseRuns``, ``RunByAnother``, ``PlanFinished``.
    """
    by.require("release.run")
    grounds = require_plan_charge(declaration, by=by)
    plan = _begin_run(declaration, seen=seen, by=by, at=at)
    closed = tried = 0
    todo = in_order(plan.items.filter(closed_at=None).exclude(opened_at=None))
    for item in _turn(todo, run=plan.runs, most=most or len(todo)):
        closed += close_item(item.pk, grounds=grounds, by=by, at=at)
        tried += 1
    _finish(plan, by=by, at=at)
    return PlanReport(plan, closed, 0, left_open(plan), more=tried < len(todo))


def _turn(todo: list[ActivationItem], *, run: int, most: int) -> list[ActivationItem]:
    """The items of a run that is cut short: what no run has tried yet in its order, then in turn what could not be closed."""
    untried = [item for item in todo if not item.still_open]
    waiting = [item for item in todo if item.still_open]
    begin = run * most % len(waiting) if len(todo) > most and waiting else 0
    return [*untried, *waiting[begin:], *waiting[:begin]][:most]


@transaction.atomic
def _begin_run(declaration: Declaration, *, seen: int, by: Actor, at: datetime) -> ReleasePlan:
    """This function will note the run and take in what is open and stands in no list yet."""
    declaration = Declaration.objects.select_for_update(of=("self",)).select_related("issuer").get(pk=declaration.pk)
    if declaration.ended_at is None:
        raise ResponseRuns
    plan, _made = ReleasePlan.objects.get_or_create(
        declaration=declaration, defaults={"began_at": at, "run_at": at, "run_by": by.label[:120]}
    )
    if plan.finished_at is not None:
        raise PlanFinished
    if plan.runs != seen:
        raise RunByAnother(who=plan.run_by, when=f"{localtime(plan.run_at):%Y-%m-%d %H:%M}")
    plan.runs, plan.run_at, plan.run_by = plan.runs + 1, at, by.label[:120]
    plan.save(update_fields=["runs", "run_at", "run_by"])
    for activation in Activation.objects.filter(declaration=declaration, released_at=None).order_by("pk"):
        begin_release(activation, by=by, at=at)
    ActivationItem.objects.filter(activation__declaration=declaration, plan=None).update(plan=plan)
    found = take_in(found_open(declaration, at=at), plan=plan)
    record(
        "command.run_plan",
        subject=plan,
        by=by,
        at=at,
        place=declaration.issuer.place,
        data={"declaration": declaration.number, "run": plan.runs, "found": found},
        drill=declaration.drill,
    )
    return plan


@transaction.atomic
def _finish(plan: ReleasePlan, *, by: Actor, at: datetime) -> None:
    """This function will mark activations released, and the plan finished once nothing at all is open."""
    for activation in Activation.objects.filter(declaration=plan.declaration_id, released_at=None).order_by("pk"):
        finish_activation(activation, by=by, at=at)
    plan.refresh_from_db()
    if plan.finished_at is not None or plan.items.filter(closed_at=None, handed_over=None).exists():
        return
    plan.finished_at = at
    plan.save(update_fields=["finished_at"])
    record(
        "command.finish_plan",
        subject=plan,
        by=by,
        at=at,
        place=plan.declaration.issuer.place,
        data={"items": plan.items.count(), "handed_over": plan.items.exclude(handed_over=None).count()},
        drill=plan.declaration.drill,
    )


def hand_over_plan(declaration: Declaration, *, by: Actor, at: datetime) -> PlanReport:
    """This function will put each item that the plan left open as a task on its owner's desk, by name; then the posture ends.

    Needs ``release.run``. Raises ``NotAllowed``, ``NotFound``, ``ReleaseOfAnother``, ``PlanNotBegun``, ``PlanFinished``.
    """
    by.require("release.run")
    grounds = require_plan_charge(declaration, by=by)
    with transaction.atomic():
        plan = ReleasePlan.objects.select_for_update(of=("self",)).filter(declaration=declaration).first()
        if plan is None:
            raise PlanNotBegun
        if plan.finished_at is not None:
            raise PlanFinished
        last = Activation.objects.filter(declaration=declaration).exclude(admission=None).order_by("pk").last()
        issuer = declaration.issuer
        items = give_to_owners(
            plan.items.all(), asker=issuer, admission=last.admission if last is not None else None, by=by, at=at
        )
        record(
            "command.hand_over",
            subject=plan,
            by=by,
            at=at,
            place=issuer.place,
            data={
                "items": [[item.reference, item.owner.code, (item.still_open or {}).get("code", "")] for item in items]
            },
            drill=declaration.drill,
        )
    closed = 0
    for pk in plan.items.filter(closed_at=None, kind=StepKind.POSTURE).values_list("pk", flat=True):
        closed += close_item(pk, grounds=grounds, by=by, at=at)
    _finish(plan, by=by, at=at)
    return PlanReport(plan, closed, len(items), left_open(plan))
