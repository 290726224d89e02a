"""Orderly release: the activation played back in the reverse order, and what is left named with its owner (EMG-8)."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import TaskKind, send_task
from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal
from qipan.posture.api import measures_in_force

from ..models import Activation, ActivationItem
from ..queries import Left, grounds_of, left_open, step_of
from ..terms import StepKind
from .activations import require_charge
from .closing import CLOSERS, Closing


class AlreadyReleased(Refusal):
    code = "already_released"
    sentence = _("This activation was released already; nothing of it is open.")


class ReleaseNotBegun(Refusal):
    code = "release_not_begun"
    sentence = _("Run the release first: only what it could not close is handed over.")


@dataclass(frozen=True)
class ActivationReleased:
    """Nothing of an activation is open any more, or what is left was handed over by name."""

    activation_id: int
    drill: bool


@dataclass(frozen=True)
class ReleaseReport:
    """What a run of the release did and what is left, with owner and reason."""

    activation: Activation
    closed: int
    handed_over: int
    left: list[Left]


# What the right to run a release includes for the things that the activation opened.
CLOSING_ACTS = frozenset(
    {
        "admission.apply",
        "campaign.open",
        "declaration.issue",
        "directive.recall",
        "form.open",
        "measure.impose",
        "pass.issue",
        "team.manage",
    }
)


def release(activation: Activation, *, by: Actor, at: datetime) -> ReleaseReport:
    """This function will close what an activation opened, last opened first.

    Each item is closed in a transaction of its own; one that cannot be closed yet keeps its reason and
    its owner, and the others go on. Running it again continues. Measures that others imposed under the
    same declaration on this ground are taken into the list, so that none is forgotten. Raises
    ``NotAllowed``, ``NotFound``, ``ActivationOfAnother``, ``AlreadyReleased``.
    """
    by.require("release.run")
    grounds = _begin(activation, by=by, at=at)
    acting = replace(by, acts=by.acts | CLOSING_ACTS, unit_id=activation.unit_id)
    closed = 0
    for pk in activation.items.filter(closed_at=None).order_by("-order").values_list("pk", flat=True):
        closed += _close_item(pk, grounds=grounds, by=acting, at=at)
    _finish(activation, by=by, at=at)
    return ReleaseReport(activation=activation, closed=closed, handed_over=0, left=left_open(activation))


@transaction.atomic
def _begin(activation: Activation, *, by: Actor, at: datetime) -> list[Range]:
    """This function will mark the release as begun and adopt measures that others imposed on the ground."""
    require_charge(activation, by=by)
    grounds = grounds_of(activation)
    locked = Activation.objects.select_for_update(of=("self",)).get(pk=activation.pk)
    if locked.released_at is not None:
        raise AlreadyReleased
    if locked.release_started_at is None:
        # What never opened needs no closing.
        locked.items.filter(opened_at=None).update(closed_at=at)
        locked.release_started_at = at
        locked.save(update_fields=["release_started_at"])
        record(
            "command.begin_release",
            subject=locked,
            by=by,
            at=at,
            place=activation.unit.place,
            data={"grounds": locked.grounds, "open": locked.items.filter(closed_at=None).count()},
            drill=locked.drill,
        )
    _adopt_measures(locked, grounds=grounds, at=at)
    return grounds


def _adopt_measures(activation: Activation, *, grounds: list[Range], at: datetime) -> None:
    if activation.declaration_id is None:
        return
    items = activation.items.filter(kind=StepKind.MEASURE)
    known = {pk for detail in items.values_list("detail", flat=True) for pk in detail.get("measures", [])}
    order = activation.items.order_by("-order").values_list("order", flat=True)[0]
    found = measures_in_force(grounds, at=at).filter(declaration=activation.declaration_id).exclude(pk__in=known)
    for measure in found.order_by("pk"):
        order += 1
        ActivationItem.objects.create(
            activation=activation,
            order=order,
            key=f"measure-{measure.pk}",
            kind=StepKind.MEASURE,
            reference=f"posture.Measure:{measure.pk}",
            title=measure.title,
            owner=measure.issuer,
            count=1,
            detail={"measures": [measure.pk]},
            opened_at=measure.starts_at,
        )


def _close_item(pk: int, *, grounds: list[Range], by: Actor, at: datetime) -> bool:
    try:
        with transaction.atomic():
            item = ActivationItem.objects.select_for_update(of=("self",)).get(pk=pk)
            if item.closed_at is not None:
                return False
            item.activation = Activation.objects.select_related("playbook", "declaration", "unit").get(
                pk=item.activation_id
            )
            reason = CLOSERS[item.kind](
                Closing(
                    activation=item.activation,
                    item=item,
                    step=step_of(item),
                    grounds=grounds,
                    by=by,
                    at=at,
                    others_open=item.activation.items.filter(closed_at=None, handed_over=None).exclude(pk=pk).count(),
                )
            )
            item.still_open = reason[:300]
            item.closed_at = None if reason else at
            item.save(update_fields=["still_open", "closed_at"])
            record(
                "command.close_item" if not reason else "command.keep_item",
                subject=item,
                by=by,
                at=at,
                data={"kind": item.kind, "reference": item.reference, "reason": item.still_open},
                drill=item.activation.drill,
            )
            return not reason
    except Refusal as refusal:
        ActivationItem.objects.filter(pk=pk, closed_at=None).update(still_open=str(refusal)[:300])
        return False


@transaction.atomic
def _finish(activation: Activation, *, by: Actor, at: datetime) -> None:
    """This function will mark the activation released when nothing is left, or all that is left is handed over."""
    left = activation.items.filter(closed_at=None, handed_over=None).exists()
    activation.refresh_from_db()
    if left or activation.released_at is not None:
        return
    activation.released_at = at
    activation.save(update_fields=["released_at"])
    record(
        "command.release",
        subject=activation,
        by=by,
        at=at,
        place=activation.unit.place,
        data={"handed_over": activation.items.exclude(handed_over=None).count()},
        drill=activation.drill,
    )
    publish(ActivationReleased(activation_id=activation.pk, drill=activation.drill))


def hand_over(activation: Activation, *, by: Actor, at: datetime) -> ReleaseReport:
    """This function will put each item that the release left open as a task on its owner's desk, by name.

    Then the activation counts as released. Raises ``NotAllowed``, ``NotFound``, ``ActivationOfAnother``,
    ``ReleaseNotBegun``, ``AlreadyReleased``.
    """
    by.require("release.run")
    with transaction.atomic():
        require_charge(activation, by=by)
        locked = Activation.objects.select_for_update(of=("self",)).select_related("unit").get(pk=activation.pk)
        if locked.released_at is not None:
            raise AlreadyReleased
        if locked.release_started_at is None:
            raise ReleaseNotBegun
        items = list(
            locked.items.filter(closed_at=None, handed_over=None)
            .exclude(kind=StepKind.POSTURE)
            .select_related("owner__organ_type")
            .order_by("-order")
        )
        for item in items:
            item.handed_over = send_task(
                kind=TaskKind.RELEASE,
                source=f"release:{item.pk}",
                title=gettext("Close: %(title)s") % {"title": item.title[:180]},
                asker=locked.unit,
                owner=item.owner,
                place=item.owner.place,
                basis=item.still_open or str(locked.playbook),
                admission=locked.admission,
                by=by,
                at=at,
                drill=locked.drill,
            )
            item.save(update_fields=["handed_over"])
        record(
            "command.hand_over",
            subject=locked,
            by=by,
            at=at,
            place=locked.unit.place,
            data={"items": [[item.reference, item.owner.code, item.still_open] for item in items]},
            drill=locked.drill,
        )
    # What kept the posture is now somebody's by name, so the posture ends.
    acting = replace(by, acts=by.acts | CLOSING_ACTS, unit_id=activation.unit_id)
    closed = 0
    for pk in activation.items.filter(closed_at=None, kind=StepKind.POSTURE).values_list("pk", flat=True):
        closed += _close_item(pk, grounds=grounds_of(activation), by=acting, at=at)
    _finish(activation, by=by, at=at)
    return ReleaseReport(activation=activation, closed=closed, handed_over=len(items), left=left_open(activation))
