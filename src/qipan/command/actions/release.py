"""Orderly release: the activation played back in the reverse order, and what is left named with its owner (EMG-8)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import Refusal

from ..models import Activation
from ..queries import Left, found_open, grounds_of, left_open
from ..terms import StepKind
from .activations import require_charge
from .items import close_item, give_to_owners, take_in


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


def release(activation: Activation, *, by: Actor, at: datetime) -> ReleaseReport:
    """This function will close what an activation opened, last opened first.

    Each item is closed in a transaction of its own; one that cannot be closed yet keeps its reason and
    its owner, and the others go on. Running it again continues. Measures that others imposed under the
    same declaration on this ground, and forms opened for it, are taken into the list, so that none is forgotten. Raises
    ``NotAllowed``, ``NotFound``, ``ActivationOfAnother``, ``AlreadyReleased``.
    """
    by.require("release.run")
    grounds = begin_release(activation, by=by, at=at)
    closed = 0
    for pk in activation.items.filter(closed_at=None).order_by("-order").values_list("pk", flat=True):
        closed += close_item(pk, grounds=grounds, by=by, at=at)
    finish_activation(activation, by=by, at=at)
    return ReleaseReport(activation=activation, closed=closed, handed_over=0, left=left_open(activation))


@transaction.atomic
def begin_release(activation: Activation, *, by: Actor, at: datetime) -> list[Range]:
    """This function will mark the release as begun and take in what others opened on the ground for it."""
    require_charge(activation, by=by)
    grounds = grounds_of(activation)
    locked = Activation.objects.select_for_update(of=("self",)).select_related("declaration").get(pk=activation.pk)
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
    if locked.declaration is not None:
        found = [
            line
            for line in found_open(locked.declaration, at=at)
            if line.grounds and any(part.meets(ground) for part in line.grounds for ground in grounds)
        ]
        take_in(found, activation=locked)
    return grounds


@transaction.atomic
def finish_activation(activation: Activation, *, by: Actor, at: datetime) -> None:
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
        items = give_to_owners(locked.items.all(), asker=locked.unit, admission=locked.admission, by=by, at=at)
        record(
            "command.hand_over",
            subject=locked,
            by=by,
            at=at,
            place=locked.unit.place,
            data={
                "items": [[item.reference, item.owner.code, (item.still_open or {}).get("code", "")] for item in items]
            },
            drill=locked.drill,
        )
    # What kept the posture is now somebody's by name, so the posture ends.
    closed = 0
    for pk in activation.items.filter(closed_at=None, kind=StepKind.POSTURE).values_list("pk", flat=True):
        closed += close_item(pk, grounds=grounds_of(activation), by=by, at=at)
    finish_activation(activation, by=by, at=at)
    return ReleaseReport(activation=activation, closed=closed, handed_over=len(items), left=left_open(activation))
