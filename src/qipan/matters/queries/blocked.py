"""Which matters are blocked: a unit's part late for a day, with which the area's named leader is told (FRC-2)."""

from collections.abc import Iterable
from datetime import datetime

from qipan.desk.api import FAR_LEADER, Task, is_late
from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from ..models import Handling, Matter


def stuck_on(ranges: Iterable[Range], *, at: datetime) -> int:
    """This function will count the tasks about matters of a ground that have been late for a day, by the index of
    what is late.
    """
    rows = Task.objects.within(Scope(tuple(ranges))).filter(is_late(at - FAR_LEADER), drill=False)
    return rows.filter(source__startswith="matter:").count()


def stuck_among(matters: Iterable[Matter], *, at: datetime) -> set[int]:
    """This function will return which of these matters have a unit's part that has been late for a day."""
    rows = Handling.objects.filter(
        matter__in=list(matters), ended_at=None, task__closed_at=None, task__suspended_at=None,
        task__due_at__lt=at - FAR_LEADER,
    )  # fmt: skip
    return set(rows.values_list("matter", flat=True))
