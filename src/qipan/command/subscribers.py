"""What the command room does when lower rooms report."""

from qipan.desk.api import Task, TasksAnswered, TaskState

from .models import ActivationItem


def close_what_was_handed_over(event: TasksAnswered) -> None:
    """This function will close an item of a released activation when its owner reports it done."""
    done = [pk for pk, source, state in event.moved if source.startswith("release:") and state == TaskState.DONE]
    if not done:
        return
    tasks = Task.objects.everywhere("tasks that were just answered").filter(pk__in=done)
    for pk, closed_at in tasks.values_list("pk", "closed_at"):
        ActivationItem.objects.filter(handed_over=pk, closed_at=None).update(closed_at=closed_at, still_open=None)
