"""Both sides' word on joint work that is over."""

from datetime import datetime

from django.db import transaction

from qipan.kernel.actor import Actor

from ..models import Called, Rating
from ..rules import joint
from ..terms import Side, StepKind
from .calls import called_in, calls_for, held_call, log_of, may_call, step_of


@transaction.atomic
def rate_call(called: Called, *, first: int, second: int, words: str, by: Actor, at: datetime) -> Rating:
    """This function will take one side's word on joint work that is over: two scales and one sentence.

    The caller rates the part that the unit took and its result; the unit rates whether it was needed there and how
    well it was prepared. Raises ``NotAllowed``, ``NotFound``, ``CallNotOver``, ``NotCalled``, ``RatedOnce``,
    ``ScaleWrong``.
    """
    held = held_call(called.call, by=by)
    fresh = called_in(held, called)
    if calls_for(held, by):
        may_call(by)
        side = Side.CALLER
    elif by.unit_id == fresh.unit_id:
        by.require("task.answer")
        side = Side.CALLED
    else:
        raise joint.NotCalled
    if held.ended_at is None or not fresh.came:
        raise joint.CallNotOver
    words = joint.rated(first, second, words)
    if fresh.ratings.filter(side=side).exists():
        raise joint.RatedOnce
    rating = Rating.objects.create(called=fresh, side=side, first=first, second=second, words=words, at=at)
    if side == Side.CALLED:
        detail = "NEEDLESS" if first <= joint.NEEDLESS else "NEEDED"
        step_of(held, StepKind.RATED, unit=None, detail=detail, by=by, at=at)  # of the caller: his call was rated
    else:
        step_of(held, StepKind.RATED, unit=fresh.unit, detail=f"PART_{first}", by=by, at=at)
    log_of(held, StepKind.RATED, detail=side.value, by=by, at=at)
    return rating
