"""What the command room does when lower rooms report."""

from dataclasses import replace

from qipan.desk.api import Task, TasksAnswered, TaskState, receive
from qipan.forms.api import FormAnswered
from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from .models import ActivationItem


def close_what_was_handed_over(event: TasksAnswered) -> None:
    """This function will close an item of a released activation when its owner reports it done."""
    done = [pk for pk, source, state in event.moved if source.startswith("release:") and state == TaskState.DONE]
    if not done:
        return
    tasks = Task.objects.everywhere("tasks that were just answered").filter(pk__in=done)
    for pk, closed_at in tasks.values_list("pk", "closed_at"):
        ActivationItem.objects.filter(handed_over=pk, closed_at=None).update(closed_at=closed_at, still_open=None)


def close_what_was_filled_in(event: FormAnswered) -> None:
    """This function will report a unit's task done when its answer to the form is here: nobody ticks it off twice. Where
    it is asked several times, as each week, one answer closes the task that has waited longest.

    A team may hand it in whose pass reaches less far than its unit's desk. Where the unit has objected, the word of
    whoever asked is awaited first, and the task stays as it is.
    """
    tasks = Task.objects.everywhere("the answering unit's own desk").filter(
        owner=event.by.unit_id, source__in=event.sources, closed_at=None
    )
    for pk, place in tasks.order_by("pk").values_list("pk", "place")[:1]:
        by = replace(event.by, acts=event.by.acts | {"task.answer"}, scope=Scope((Range(place, place),)))
        receive([(pk, TaskState.DONE, event.at)], by=by, at=event.at)
