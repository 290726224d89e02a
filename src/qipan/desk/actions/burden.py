"""The meter of the burden that each asker causes: counted when tasks are sent (SVC-13)."""

from datetime import datetime

from django.db import connection

from qipan.kernel.place import COMMUNITY

from ..models import Admission, Task
from ..rules import week_of

# In the transaction that sends; in the order of the units, so that two that send at once never wait in a circle.
KEEP = """
INSERT INTO desk_burdenindex (week, demander_id, owner_id, place, activity, tasks, minutes)
SELECT %s, %s, u.id, u.place, %s, 1, %s
FROM desk_task t JOIN duties_unit u ON u.id = t.owner_id JOIN duties_organtype k ON k.id = u.organ_type_id
WHERE t.source = %s AND t.id > %s AND t.id <= %s AND k.executes_only AND k.level = %s AND u.first IS NOT NULL
ORDER BY u.id
ON CONFLICT (week, owner_id, demander_id, activity)
DO UPDATE SET tasks = desk_burdenindex.tasks + 1, minutes = desk_burdenindex.minutes + excluded.minutes
"""
LAST = 2**63 - 1


def last_of(source: str) -> int:
    """This function will return the key of the last task that a source has, 0 when it has none."""
    newest = Task.objects.everywhere("the sender's own source").filter(source=source).order_by("-pk")
    return newest.values_list("pk", flat=True).first() or 0


def keep_burden(
    source: str, *, after: int, until: int = LAST, admission: Admission | None, at: datetime, drill: bool
) -> None:
    """This function will add the tasks of a source with keys in (after, until] to the meter of whoever applied for them.

    Only communities count; what is sent without an admission is on the owner's own list, and a drill costs on another day.
    """
    if admission is None or drill:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP,
            [
                week_of(at).isoformat(),
                admission.demander_id,
                admission.activity,
                admission.minutes_per_unit,
                source,
                after,
                until,
                COMMUNITY,
            ],
        )
