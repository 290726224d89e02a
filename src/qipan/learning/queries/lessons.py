"""Reading lessons."""

from django.db.models import Q, QuerySet

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..models import Lesson

JOINED = ("unit", "declaration", "version")


def lessons_for(actor: Actor) -> "QuerySet[Lesson]":
    """This function will return the lessons that an actor reads: those that are in a playbook, those from its ground,
    and its own unit's; the newest first."""
    seen = actor.scope.q() | Q(version__isnull=False)
    if actor.unit_id:
        seen |= Q(unit=actor.unit_id)
    rows = Lesson.objects.everywhere("narrowed in the same statement").filter(seen)
    return rows.select_related(*JOINED).order_by("-proposed_at", "-pk")


def get_lesson(pk: int, *, actor: Actor) -> Lesson:
    """This function will return one lesson that the actor reads; raises ``NotFound``."""
    found = lessons_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
