"""Reading weaknesses: what is open, what was open when a year ended, and who may be asked to mend."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.timezone import get_default_timezone

from qipan.command.api import Activation, activations_for
from qipan.duties.api import Unit
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.scoped import overlapping

from ..models import Weakness

JOINED = ("owner", "noted_by", "review__declaration", "activation__playbook")


def weaknesses_for(actor: Actor) -> "QuerySet[Weakness]":
    """This function will return the weaknesses on the actor's ground and those that its own unit mends or noted."""
    own = Q(owner=actor.unit_id) | Q(noted_by=actor.unit_id) if actor.unit_id else Q(pk__in=[])
    rows = Weakness.objects.everywhere("narrowed in the same statement").filter(actor.scope.q() | own)
    return rows.select_related(*JOINED)


def open_weaknesses(actor: Actor) -> "QuerySet[Weakness]":
    """This function will return what is open, what is due first."""
    return weaknesses_for(actor).filter(closed_at=None).order_by("due_at", "pk")


def year_end(year: int) -> datetime:
    """This function will return the midnight that ends a year where the city lives."""
    return datetime(year + 1, 1, 1, tzinfo=get_default_timezone())


def _open_when(end: datetime) -> Q:
    """The filter of ``rules.open_at_end``."""
    return Q(opened_at__lt=end) & (Q(closed_at=None) | Q(closed_at__gte=end))


def open_at_end_of(year: int) -> "QuerySet[Weakness]":
    """This function will return what was open when a year ended, in the whole city."""
    return Weakness.objects.everywhere("the city's list").filter(_open_when(year_end(year)))


def open_then(actor: Actor, year: int) -> "QuerySet[Weakness]":
    """This function will return what of the actor's list was open when a year ended, whatever became of it later."""
    return weaknesses_for(actor).filter(_open_when(year_end(year))).order_by("due_at", "pk")


def get_weakness(pk: int, *, actor: Actor) -> Weakness:
    """This function will return one weakness of the actor's list; raises ``NotFound``."""
    found = weaknesses_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def owners_for(actor: Actor) -> "QuerySet[Unit]":
    """This function will return the organs that may be asked: over or on the actor's ground, and not only executing.

    What only executes is asked through work admission, for all alike.
    """
    rows = Unit.objects.filter(
        overlapping(actor.scope.ranges), valid_to=None, first__isnull=False, organ_type__executes_only=False
    )
    return rows.select_related("organ_type").order_by("organ_type__level", "code")


def drills_for(actor: Actor) -> Iterable[Activation]:
    """This function will return the drills on the actor's ground that can name a weakness: their release has begun."""
    rows = activations_for(actor).filter(drill=True, release_started_at__isnull=False)
    return rows.order_by("-activated_at")[:50]
