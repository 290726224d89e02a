"""Referrals as the two units of each see them, and as the person does by the code on the slip."""

from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import localdate

from qipan.duties.api import Proposal, proposals
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMPOUND, DOOR, code_of, range_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import Door, doors_within

from ..models import Handover, Referral, ReferralStep
from ..rules import limits
from ..rules.referral import CARRIED, OVER, S
from ..terms import Purpose, ReferralStepKind
from .kept import under_hold

MOST_DOORS = 2_000
MOST = 20


def get_referral(pk: int, *, actor: Actor) -> Referral:
    """This function will return a referral of the actor's unit, sent or received; any other looks missing (``NotFound``).

    A receiver who handed it on, and every office above, is anybody else.
    """
    own = Q(sender=actor.unit_id) | Q(receiver=actor.unit_id)
    found = None
    if actor.unit_id is not None:
        rows = Referral.objects.everywhere("narrowed to the actor's own unit").filter(own, pk=pk)
        found = rows.select_related("sender", "receiver", "task", "back").first()
    if found is None:
        raise NotFound
    return found


def referrals_of(actor: Actor, *, over: bool) -> QuerySet[Referral]:
    """This function will return the referrals that the actor's unit sent or received, the newest first."""
    rows = Referral.objects.everywhere("narrowed to the actor's own unit")
    own = Q(sender=actor.unit_id) | Q(receiver=actor.unit_id)
    mine = rows.filter(own, ended_at__isnull=not over) if actor.unit_id is not None else rows.none()
    return mine.select_related("sender", "receiver").order_by("-pk")


def referral_by_code(code: str) -> Referral:
    """This function will return the referral that the code on a slip opens; raises ``NotFound``."""
    tidy = limits.tidy_code(code)
    if len(tidy) != limits.CODE_LENGTH:
        raise NotFound
    hashed = limits.keyed_hash(tidy, key=settings.SECRET_KEY, purpose="referral")
    rows = Referral.objects.everywhere("opened by its own code").select_related("sender", "receiver")
    found = rows.filter(code_hash=hashed).first()
    if found is None:
        raise NotFound
    return found


def receivers(purpose: str, place: int, *, actor: Actor, at: datetime) -> list[Proposal]:
    """This function will return who may receive somebody for a purpose: whom the responsibility lists name there."""
    found = proposals(CARRIED[Purpose(purpose)].item, place, on=localdate(at))
    return [one for one in found if one.unit.pk != actor.unit_id]


def doors_of(compound: int) -> list[Door]:
    """This function will return the doors of a compound, in order."""
    rows = doors_within([range_of(code_of(compound, COMPOUND))])
    return list(rows.order_by("place")[:MOST_DOORS])


def door_at(place: int) -> Door | None:
    """This function will return the door at a place, None where the register has none."""
    return doors_within([range_of(code_of(place, DOOR))]).first()


def handover_of(held: Referral) -> Handover | None:
    """This function will return what was handed over, None when it is erased. The act that shows it has checked."""
    return Handover.objects.filter(referral=held).first()


def to_erase(at: datetime) -> QuerySet[Referral]:
    """This function will return the referrals whose time to keep what was handed over is over, or whose hold is."""
    rows = Referral.objects.everywhere("for the job that erases").filter(erased_at=None)
    due, over = Q(ended_at=None, erase_at__lte=at), Q(ended_at__isnull=False) & ~under_hold(at=at)
    return rows.filter(due | over).order_by("erase_at", "pk")


def audit_referrals() -> list[str]:
    """This function will name referrals whose state, handover and tasks do not agree."""
    rows = Referral.objects.everywhere("an audit reads all")
    kept = Exists(Handover.objects.filter(referral=OuterRef("pk")))
    by_hold = Exists(ReferralStep.objects.filter(referral=OuterRef("pk"), kind=ReferralStepKind.KEPT))
    wrong = {
        "is erased and something is kept": Q(erased_at__isnull=False) & kept,
        "is not erased and nothing is kept": Q(erased_at=None) & ~kept,
        "is over and something is kept": Q(state__in=OVER) & kept & ~by_hold,
        "is over without an end": Q(state__in=OVER, ended_at=None),
        "waits for a receiver without a task": Q(state__in=(S.SENT, S.ACCEPTED)) & (Q(task=None) | Q(task__closed_at__isnull=False)),
        "is over and its task is open": Q(state__in=OVER, task__isnull=False, task__closed_at=None),
    }  # fmt: skip
    return [
        f"referral {pk} {what}"
        for what, condition in wrong.items()
        for pk in rows.filter(condition).order_by("pk").values_list("pk", flat=True)[:MOST]
    ]
