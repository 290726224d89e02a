"""What matters learn from the desk (a handler who accepted has responded, an heir has its parts), and what follows from
their own steps.
"""

from django.utils.translation import gettext

from qipan.desk.api import TasksAnswered, TasksInherited, TaskState
from qipan.kernel.actor import Actor
from qipan.kernel.place import DOOR, code_of, range_of
from qipan.kernel.rows import Reading, store_row

from .actions.dispatching import waive_part
from .actions.rechecks import draw_recheck, note_return
from .actions.steps import MatterMoved, no_longer_silent
from .ingest import Step, write_step
from .models import Exclusion, Handling, Matter, Referral
from .terms import Part, StepKind

SAID = frozenset({TaskState.ACCEPTED, TaskState.DONE, TaskState.OBJECTED})


_SILENT = Reading[Handling](
    lambda tasks: (
        Handling.objects.select_for_update(of=("self",))
        .filter(task__pk__in=tasks, responded_at=None)
        .select_related("matter")
        .order_by("pk")
    )
)


def note_responses(event: TasksAnswered) -> None:
    """This function will note the first word of a handler as the response to a matter, in time or late.

    It locks no matter: the desk already holds the task, and acts lock the matter first.
    """
    answered = [pk for pk, source, state in event.moved if source.startswith("matter:") and state in SAID]
    if not answered:
        return
    for part in _SILENT(answered):
        no_longer_silent(part, note=gettext("It has answered"), by=event.by, at=event.at)
        late = part.accept_by is not None and event.at > part.accept_by
        part.responded_at = event.at
        store_row(part)
        word, kind = "LATE" if late else "IN_TIME", StepKind.RESPONDED.value
        write_step(part.matter, Step(part.matter_id, kind, word, part.unit_id, event.at, event.by.label, ""))


def follow_heirs(event: TasksInherited) -> None:
    """This function will give an heir the parts, decisions and referrals of a merged unit whose tasks it has now, so that it
    can finish them. Of two parts of what is one unit now the cooperating one is waived.
    """
    parts = Handling.objects.filter(task__in=event.tasks, unit=event.unit, ended_at=None)
    own = Handling.objects.filter(unit=event.heir, ended_at=None, matter__in=parts.values("matter"))
    for twin in list(own.select_related("matter").order_by("pk")):
        other = parts.select_related("matter").get(matter=twin.matter_id)
        by = Actor.system("merged unit", acts=["matter.dispatch"], ranges=[range_of(code_of(twin.matter.place, DOOR))])
        reason = gettext("Both units are one since a merger")
        waive_part(other if other.part == Part.COOPERATING else twin, reason=reason, by=by, at=event.at)
    if keys := dict(parts.values_list("pk", "matter")):
        matters = Matter.objects.everywhere("of tasks that were handed over").filter(pk__in=keys.values())
        matters.filter(handler=event.unit).update(handler=event.heir)
        Handling.objects.filter(pk__in=keys).update(unit=event.heir)
    decides = Exclusion.objects.everywhere("of tasks that were handed over").filter(task__in=event.tasks)
    decides.filter(judge=event.unit).update(judge=event.heir)
    referrals = Referral.objects.everywhere("of tasks that were handed over")
    referrals.filter(task__in=event.tasks, receiver=event.unit).update(receiver=event.heir)
    referrals.filter(back__in=event.tasks, sender=event.unit).update(sender=event.heir)


WATCH = Actor.system("90-day watch")


def watch_closes(event: MatterMoved) -> None:
    """This function will draw the lot of what was closed, and note what came back when it is first dispatched (MAT-5).

    In the step's own transaction, which holds the matter locked. Drills are neither looked at nor watched.
    """
    if event.drill or event.step not in (StepKind.CLOSED, StepKind.DISPATCHED):
        return
    if event.step == StepKind.CLOSED:
        draw_recheck(event.row)
    else:
        note_return(event.row, by=WATCH, at=event.row.changed_at)
