"""What was requisitioned goes back: both sides record in which condition, and damage is compensated with the use."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from qipan.kernel.actor import Actor

from .. import rules
from ..models import Call, CallLine, CostLine
from ..terms import CostKind, CostState, return_source
from .calling import locked_call
from .costs import add_line, open_sheet
from .parties import answered, check_caller, firm_of, note
from .refusals import (
    ExerciseCostsNothing,
    NothingToReturn,
    NotYourCall,
    RateMissing,
    ReturnChanged,
    StillRunning,
    WordsMissing,
)


def _side(call: Call, *, by: Actor) -> None:
    """Refuses whoever is neither side: the firm that lent it, or the unit that took it and whoever stands above."""
    if by.unit_id == call.firm_id:
        firm_of(by)
    elif by.can("reserve.call"):
        check_caller(call, by=by)
    else:
        by.require("reserve.lend")
        raise NotYourCall(unit=call.firm)


def _taken(line: CallLine, *, by: Actor, at: datetime) -> tuple[Call, CallLine]:
    call = locked_call(line.call)
    _side(call, by=by)
    if call.drill:
        raise ExerciseCostsNothing
    fresh = CallLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
    if not fresh.to_return:
        raise NothingToReturn
    if call.ends_at > at:
        raise StillRunning
    return call, fresh


@transaction.atomic
def say_return(line: CallLine, *, condition: str, damage_fen: int | None, by: Actor, at: datetime) -> CallLine:
    """This function will record for one side that a thing went back, in which condition, and what the damage costs.

    It counts when the other side agrees; saying it otherwise instead asks the first one again. Needs ``reserve.lend``
    in the firm, or ``reserve.call`` in the calling unit or one above. Raises ``NotAllowed``, ``NotFound``,
    ``NotYourCall``, ``CallOfAnother``, ``ExerciseCostsNothing``, ``NothingToReturn``, ``StillRunning``,
    ``WordsMissing``, ``RateMissing``.
    """
    call, fresh = _taken(line, by=by, at=at)
    if not condition.strip():
        raise WordsMissing(field="condition")
    if damage_fen is None or not 0 <= damage_fen <= rules.MOST_FEN:
        raise RateMissing(field="damage")
    fresh.return_condition, fresh.damage_fen = condition.strip()[:200], damage_fen
    fresh.return_said_by_id = call.firm_id if by.unit_id == call.firm_id else call.caller_id
    fresh.return_said_at = at
    fresh.save(update_fields=["return_condition", "damage_fen", "return_said_by", "return_said_at"])
    data: dict[str, Any] = {"condition": fresh.return_condition, "damage": damage_fen}
    note("say_return", fresh, place=call.place, by=by, at=at, **data)
    return fresh


@transaction.atomic
def agree_return(line: CallLine, *, said_at: datetime | None, by: Actor, at: datetime) -> CallLine:
    """This function will agree for the other side to what was said of a return at ``said_at``.

    Damage becomes a line of the cost sheet that both have accepted. Needs what ``say_return`` needs. Raises what it
    raises, and ``ReturnChanged`` when nothing was said, other words stand there by now, or they are one's own.
    """
    call, fresh = _taken(line, by=by, at=at)
    own = call.firm_id if by.unit_id == call.firm_id else call.caller_id
    if fresh.return_said_at is None or fresh.return_said_at != said_at or fresh.return_said_by_id == own:
        raise ReturnChanged
    fresh.returned_at = at
    fresh.save(update_fields=["returned_at"])
    if fresh.damage_fen:
        add_line(
            open_sheet(call, at=at),
            CostLine(
                kind=CostKind.DAMAGE,
                called=fresh,
                day=localdate(at),
                rate=fresh.damage_fen,
                what=fresh.described,
                reason=fresh.return_condition,
                state=CostState.ACCEPTED,
                decided_at=at,
            ),
            accepted=True,
        )
    if not any(one.to_return for one in call.lines.all()):
        answered(return_source(call.pk), call.caller, by=by, at=at)
    note("agree_return", fresh, place=call.place, by=by, at=at, damage=fresh.damage_fen)
    return fresh
