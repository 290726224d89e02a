"""What ``qipan verify`` counts again of the desk: nothing dangles, and a state and its moments agree."""

from django.db.models import Exists, OuterRef, Q

from qipan.duties.api import Unit

from ..models import Admission, Task, TaskStep
from ..terms import TaskState

MOST = 20  # differences named; the first is enough to fail


def audit_tasks() -> list[str]:
    """This function will name tasks whose units or admission are missing, or whose state and moments disagree."""
    tasks = Task.objects.everywhere("an audit reads all tasks")
    wrong = {
        "has no owner": ~Exists(Unit.objects.filter(pk=OuterRef("owner_id"))),
        "has no asker": ~Exists(Unit.objects.filter(pk=OuterRef("asker_id"))),
        "has no admission": Q(admission_id__isnull=False)
        & ~Exists(Admission.objects.filter(pk=OuterRef("admission_id"))),
        "is done and not closed": Q(state__in=(TaskState.DONE, TaskState.RECALLED), closed_at=None),
        "is closed and open": Q(closed_at__isnull=False)
        & ~Q(state__in=(TaskState.DONE, TaskState.RECALLED, TaskState.OBJECTED)),
        "is further than its moments": Q(state=TaskState.DELIVERED, delivered_at=None)
        | Q(state__in=(TaskState.READ, TaskState.OBJECTED), read_at=None)
        | Q(state__in=(TaskState.ACCEPTED, TaskState.DONE), accepted_at=None),
        "moved without a step": ~Q(state=TaskState.SENT) & ~Exists(TaskStep.objects.filter(task=OuterRef("pk"))),
    }
    return [
        f"task {pk} {what}"
        for what, condition in wrong.items()
        for pk in tasks.filter(condition).order_by("pk").values_list("pk", flat=True)[:MOST]
    ]
