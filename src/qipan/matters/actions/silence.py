"""A whistle that stays unanswered: the level above the caller has it on its desk, and says so to who is silent."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, send_task
from qipan.duties.api import Unit, lead_body
from qipan.journal.api import queue_message
from qipan.kernel.actor import Actor

from ..models import Call, Called
from ..rules import joint, limits
from ..terms import StepKind, Urgency
from .calls import called_in, held_call, log_of, silence_of, step_of
from .intake import place_label


def _above(call: Call, silent: Unit) -> Unit:
    """The level above the caller that is not the silent unit itself; the lead organisation where nothing is above."""
    key = call.caller.parent_id
    while key is not None:
        unit = Unit.objects.select_related("organ_type").get(pk=key)
        if unit.pk != silent.pk:
            return unit
        key = unit.parent_id
    return lead_body()


@transaction.atomic
def tell_silence(called: Called, *, by: Actor, at: datetime) -> bool:
    """This function will put a called unit's silence on the desk of the level above the caller, once (MAT-2).

    For the job, which looks each minute; the answer or the end of the call takes it off again. Raises ``NotFound``.
    """
    held = held_call(called.call, by=by)
    fresh = called_in(held, called)
    if held.ended_at is not None or fresh.answered or fresh.silent_at is not None or held.respond_by > at:
        return False
    above = _above(held, fresh.unit)
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
