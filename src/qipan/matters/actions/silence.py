"""What stays without a word in its time: a whistle, and a handler's part. The level above has it on its desk, and says so
to who is silent.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, remind_of, send_task
from qipan.journal.api import queue_message
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.text import in_city_language

from ..models import Called, Handling, Matter
from ..queries.offices import level_above
from ..rules import joint, limits
from ..terms import StepKind, Urgency
from . import steps
from .calls import called_in, held_call, log_of, silence_of, step_of
from .intake import place_label, title_of


@transaction.atomic
@in_city_language
def tell_silence(called: Called, *, by: Actor, at: datetime) -> bool:
    """This function will put a called unit's silence on the desk of the level above the caller, once (MAT-2).

    For the job, which looks each minute; the answer or the end of the call takes it off again. Raises ``NotFound``.
    """
    held = held_call(called.call, by=by)
    fresh = called_in(held, called)
    if held.ended_at is not None or fresh.answered or fresh.silent_at is not None or fresh.due_by > at:
        return False
    above = level_above(held.caller, but=fresh.unit)
    fresh.silent_at = at
    fresh.save(update_fields=["silent_at"])
    send_task(
        kind=TaskKind.MATTER,
        source=silence_of(fresh),
        title=(
            _now("No answer to a call: %(unit)s · %(place)s")
            % {"unit": fresh.unit.label, "place": place_label(held.place)}
        )[:200],
        asker=above,
        owner=above,
        place=held.place,
        basis=_now("Called by %(unit)s: %(what)s") % {"unit": held.caller.label, "what": held.what[:200]},
        due_at=limits.due(joint.ANSWER[Urgency(held.urgency)], at),
        by=by,
        at=at,
        drill=held.drill,
    )
    payload = {"what": "call.silent", "unit": above.code, "call": held.pk, "silent": fresh.unit.code}
    queue_message("notice", key=silence_of(fresh), payload=payload | {"at": at.isoformat()}, at=at, drill=held.drill)
    step_of(held, StepKind.SILENT, unit=fresh.unit, note=above.label, by=by, at=at)
    log_of(held, StepKind.SILENT, detail=fresh.unit.code[:30], by=by, at=at)
    return True


def _unanswered(part: Handling, *, by: Actor) -> tuple[Matter, Handling | None]:
    """The matter and the part, both locked; no part where its unit has answered, it is over, or its clock stands.

    Raises ``NotAllowed``, ``NotFound``.
    """
    held, _loop = steps.locked(part.matter, by=by, act="matter.dispatch")
    # Locked too: whoever accepts at this moment locks no matter.
    rows = Handling.objects.select_for_update(of=("self",)).select_related("unit", "task")
    fresh = rows.filter(pk=part.pk, matter=held).first()
    if fresh is None:
        raise NotFound
    over = fresh.responded_at is not None or fresh.ended_at is not None or fresh.silent_at is not None
    return held, None if over or fresh.task.suspended_at is not None else fresh


@act
def remind_to_accept(part: Handling, *, by: Actor, at: datetime) -> bool:
    """This function will remind a unit once that it has not accepted its part of a matter, while there is time for it.

    For the job, which looks each minute; needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``.
    """
    _held, fresh = _unanswered(part, by=by)
    if (
        fresh is None
        or fresh.remind_at is None
        or fresh.accept_by is None
        or not fresh.remind_at <= at < fresh.accept_by
    ):
        return False
    fresh.remind_at = None
    fresh.save(update_fields=["remind_at"])
    remind_of(fresh.task, by=by, at=at)
    return True


@act
@in_city_language
def tell_not_accepted(part: Handling, *, by: Actor, at: datetime) -> bool:
    """This function will put on the desk of the level above a unit that it has not accepted its part of a matter in the
    catalogue's time, once; the unit is told too. Its word, or the end of its part, takes it off again.

    For the job, which looks each minute; needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``.
    """
    held, fresh = _unanswered(part, by=by)
    if fresh is None or fresh.accept_by is None or fresh.accept_by > at:
        return False
    fresh.silent_at, fresh.remind_at = at, None
    fresh.save(update_fields=["silent_at", "remind_at"])
    above, source = level_above(fresh.unit), steps.silence_of(fresh)
    limit = held.category.limit_accept
    send_task(
        kind=TaskKind.MATTER,
        source=source,
        title=title_of(held, _now("Not accepted in time by %(unit)s") % {"unit": fresh.unit.label})[:200],
        asker=above,
        owner=above,
        place=held.place,
        basis=_now("Catalogue, %(code)s: a handler accepts within its time") % {"code": held.category.code},
        due_at=limits.due(limit, at),
        clock=str(limits.clock_of(limit)),
        by=by,
        at=at,
        drill=held.drill,
    )
    for unit in (fresh.unit, above):
        payload = {"what": "matter.unaccepted", "unit": unit.code, "number": held.number, "silent": fresh.unit.code}
        key = f"{source}:{unit.pk}"
        queue_message("notice", key=key, payload=payload | {"at": at.isoformat()}, at=at, drill=held.drill)
    steps.note_step(held, StepKind.UNACCEPTED, unit=fresh.unit_id, note=above.label, by=by, at=at)
    steps.log(held, StepKind.UNACCEPTED, was=held.state, detail=fresh.unit.code[:30], by=by, at=at)
    return True
