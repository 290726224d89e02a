"""What a post that does not see matters reaches all the same: the open part of its own unit, and of what was reported
only what the work needs (red line 6).
"""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from qipan.kernel.actor import Actor

from ..models import Agreed, Call, Called, Handling, Matter, Photo, Rating
from ..terms import Side
from .joining import shown_photos
from .patterns import get_call
from .reading import get_matter, reports_of


def own_part(pk: int, *, actor: Actor) -> Handling | None:
    """This function will return the open part of the actor's unit in a matter on its ground, for who answers its tasks."""
    if not actor.can("task.answer"):
        return None
    rows = Handling.objects.filter(actor.scope.q("matter__place"), matter__pk=pk, unit=actor.unit_id, ended_at=None)
    return rows.select_related("matter__category", "matter__handler", "unit", "task__asker").first()


def own_call(pk: int, *, actor: Actor) -> Called | None:
    """This function will return the part of the actor's unit in a call on its ground, for who answers its tasks: while the
    call runs, and afterwards as long as it has yet to do what it agreed to or to say its own word on the call.
    """
    if not actor.can("task.answer"):
        return None
    rated = Rating.objects.filter(called=OuterRef("pk"), side=Side.CALLED)
    agreed = Agreed.objects.filter(call__pk=pk, task__owner=actor.unit_id, task__closed_at=None)
    rows = Called.objects.filter(actor.scope.q("call__place"), call__pk=pk, unit=actor.unit_id).exclude(excused=True)
    rows = rows.filter(Q(call__ended_at=None) | Q(~Exists(rated), came=True) | Exists(agreed))
    return rows.select_related("call__caller", "call__matter__category", "unit", "task").first()


def reached(pk: int, *, actor: Actor) -> tuple[Matter, Handling | None]:
    """This function will return a matter; beside it, for a post that does not see matters, its unit's open part: that
    alone opens the matter to it, and no more of it than ``told_to_part``. Raises ``NotAllowed``, ``NotFound``.
    """
    part = None if actor.can("matter.view") else own_part(pk, actor=actor)
    if part is None:
        actor.require("matter.view")
        return get_matter(pk, actor=actor), None
    return part.matter, part


def reached_call(pk: int, *, actor: Actor) -> tuple[Call, Called | None]:
    """This function will return a call, and the part of a unit in it, as ``reached`` does a matter.

    Raises ``NotAllowed``, ``NotFound``.
    """
    mine = None if actor.can("matter.view") else own_call(pk, actor=actor)
    if mine is None:
        actor.require("matter.view")
        return get_call(pk, actor=actor), None
    return mine.call, mine


@dataclass(frozen=True)
class Told:
    """What was reported, as far as the work needs it: nobody's name, day or way, and nothing of who wished it private."""

    words: list[tuple[str, str]]  # what is wrong, and where exactly
    pictures: list[int]


def told_to_part(matter: Matter) -> Told:
    """This function will return what a unit is told that sees its own part alone."""
    said = dict.fromkeys((one.text, one.spot) for one in reports_of(matter) if one.text and not one.private)
    return Told(list(said), list(told_photos(matter).values_list("pk", flat=True)))


def told_photos(matter: Matter) -> QuerySet[Photo]:
    """This function will return the photographs of the place that go with what is told."""
    return shown_photos(matter.pk).filter(report__private=False)
