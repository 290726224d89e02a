"""Saying that a form or a kind of work is a nuisance: counted by unit, form and demander, never by person (SVC-13)."""

from datetime import datetime

from django.db import transaction

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..models import Nuisance, Task
from ..queries.desks import unit_of
from ..queries.nuisances import what_of
from ..rules import week_of
from ..terms import Activity

ACTS = ("visit.submit", "desk.view")


@transaction.atomic
def say_nuisance(
    *, demander: Unit, form_code: str = "", activity: str = Activity.FORM, by: Actor, at: datetime
) -> bool:
    """This function will note that ``by``'s unit calls a form or a kind of work a nuisance; says whether it was new.

    The journal names the unit alone: who of it said so stands nowhere. Needs ``visit.submit`` or ``desk.view``.
    Raises ``NotAllowed``, and ``NotFound`` for whoever belongs to no unit.
    """
    by.require(*ACTS)
    unit = unit_of(by)
    if unit is None:
        raise NotFound
    row, new = Nuisance.objects.everywhere("the unit's own word").get_or_create(
        week=week_of(at),
        owner=unit,
        demander=demander,
        activity=activity,
        form_code=form_code,
        defaults={"place": unit.place},
    )
    if new:
        nobody = Actor(label=unit.label, acts=by.acts, scope=by.scope)
        data = {"demander": demander.code, "activity": activity, "form": form_code}
        record("desk.say_nuisance", subject=row, by=nobody, at=at, place=unit.place, data=data)
    return new


def say_task_nuisance(task: Task, *, by: Actor, at: datetime) -> bool:
    """This function will note that what a task asks is a nuisance, said by the unit on whose desk it lies.

    Raises ``NotFound`` for anybody else's task, one's own and a drill's, and what ``say_nuisance`` raises.
    """
    what = what_of(task)
    if what is None or task.owner_id != by.unit_id:
        raise NotFound
    demander, activity, form_code = what
    return say_nuisance(demander=demander, activity=activity, form_code=form_code, by=by, at=at)
