"""The meter of the burden that each asker causes: counted when tasks are sent (SVC-13)."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from qipan.duties.api import Unit
from qipan.kernel.act import act
from qipan.kernel.place import COMMUNITY

from ..models import Admission, Task, WorkAsked
from ..rules import week_of
from ..terms import Activity

# In the transaction that sends; in the order of the units, so that two that send at once never wait in a circle.
KEEP = """
INSERT INTO desk_burdenindex (week, demander_id, owner_id, place, activity, tasks, minutes)
SELECT %s, %s, u.id, u.place, %s, 1, %s
FROM desk_task t JOIN duties_unit u ON u.id = t.owner_id JOIN duties_organtype k ON k.id = u.organ_type_id
WHERE t.source = %s AND t.id > %s AND t.id <= %s AND k.executes_only AND k.level = %s AND u.first IS NOT NULL
ORDER BY u.id
"""
ASK = """
INSERT INTO desk_burdenindex (week, demander_id, owner_id, place, activity, tasks, minutes)
SELECT week, demander_id, owner_id, place, activity, 1, minutes FROM desk_workasked WHERE source = %s ORDER BY owner_id
"""
ADD = """
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
            KEEP + ADD,
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


@act
def ask_work(
    source: str, minutes: Mapping[Unit, int], *, demander: Unit, activity: str = Activity.OTHER, at: datetime
) -> None:
    """This function will put work on the meter that communities are asked for without a task: minutes for each.

    Whoever asks has checked the admission or the declaration on which it rests, and leaves out drills. A ``source`` asks once.
    """
    week = week_of(at)
    WorkAsked.objects.bulk_create(
        WorkAsked(
            source=source, week=week, demander=demander, owner=one, place=one.place, activity=activity, minutes=cost
        )
        for one, cost in minutes.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(ASK + ADD, [source])
