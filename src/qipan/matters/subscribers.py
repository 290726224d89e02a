"""What matters learn from the desk (a handler who accepted has responded), and what follows from their own steps."""

from django.utils.translation import gettext

from qipan.desk.api import TasksAnswered, TaskState
from qipan.kernel.actor import Actor
from qipan.kernel.rows import Reading, store_row

from .actions.rechecks import draw_recheck, note_return
from .actions.steps import MatterMoved, no_longer_silent
from .ingest import Step, write_step
from .models import Handling
from .terms import StepKind

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
