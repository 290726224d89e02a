"""Set-based SQL of the desk, the same statements on both databases.

Tasks and steps come by ``INSERT ... SELECT`` from a compiled queryset (34,000 rows in one statement,
nothing passes through Python); receipts go in by one ``UPDATE ... FROM`` over the batch.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Case, F, QuerySet, Value, When
from django.db.models.expressions import Combinable

from qipan.duties.api import Unit
from qipan.kernel.act import gather
from qipan.kernel.rows import few_shapes
from qipan.kernel.sql import Statement, adapted, fetch, here, insertions

from .models import Task, TaskStep


def _insert_select(table: str, rows: QuerySet[Any], columns: dict[str, Combinable], *, once: str = "") -> int:
    """Inserts one row for each row of ``rows``; ``columns`` says what each column is made from."""
    names = list(columns)
    aliases = [f"new_{name}" for name in names]
    selected = rows.order_by().annotate(**dict(zip(aliases, columns.values(), strict=True))).values_list(*aliases)
    select, params = selected.query.sql_with_params()
    conflict = f" ON CONFLICT ({once}) DO NOTHING" if once else ""
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({quoted}) {select}{conflict}", params)
        return max(cursor.rowcount, 0)


def _values(model: type[Task] | type[TaskStep], given: dict[str, object]) -> dict[str, Combinable]:
    """Constants for columns, each in the type of its field (a bare NULL would have none on PostgreSQL)."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return {
        name: Value(value, output_field=getattr(fields[name], "target_field", fields[name]))
        for name, value in given.items()
    }


def insert_tasks(units: QuerySet[Unit], given: dict[str, object], *, paper_places: Iterable[int] | None = None) -> int:
    """This function will put one task on the desk of each unit; returns how many are new.

    ``given`` holds the columns that are the same for all. A unit that holds the source already
    for its place keeps what it has. Compounds among ``paper_places`` are marked as reached on paper.
    """
    columns = _values(Task, given) | {"owner_id": F("pk"), "place": F("place")}
    if paper_places is None:
        columns["on_paper"] = Value(False, output_field=BooleanField())
    else:
        columns["on_paper"] = Case(
            When(place__in=paper_places, first__isnull=False, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
    return _insert_select("desk_task", units, columns, once="owner_id, source, place")


def insert_steps(tasks: QuerySet[Task], *, state: str, at: datetime, by_label: str, note: str = "") -> int:
    """This function will add the same step to each of ``tasks``; returns how many."""
    columns = {"task_id": F("pk")} | _values(
        TaskStep, {"state": state, "at": at, "by_label": by_label[:120], "note": note[:300]}
    )
    return _insert_select("desk_taskstep", tasks, columns)


# PostgreSQL locks in the order of the ids, as receipts do, so that no two wait for each other; SQLite has one writer. Sources
# stand one by one, and not as one value: PostgreSQL would plan anew at each run for how many it holds.
RECALL_POSTGRES = """
WITH open AS (
    SELECT id, source, drill FROM desk_task WHERE closed_at IS NULL AND source IN ({sources})
    ORDER BY id FOR NO KEY UPDATE
), closed AS (
    UPDATE desk_task t SET state = 'RECALLED', closed_at = %(at)s, changed_at = %(at)s, note = %(note)s, suspended_at = NULL
    FROM open WHERE t.id = open.id
), step AS (
    INSERT INTO desk_taskstep (task_id, state, at, by_label, note)
    SELECT id, 'RECALLED', %(at)s, %(by_label)s, %(note)s FROM open
)
SELECT id, source, drill FROM open
"""
RECALL_SQLITE = """
UPDATE desk_task SET state = 'RECALLED', closed_at = %(at)s, changed_at = %(at)s, note = %(note)s, suspended_at = NULL
WHERE closed_at IS NULL AND source IN ({sources}) RETURNING id, source, drill
"""


def recall_open(sources: Sequence[str], *, note: str, by_label: str, at: datetime) -> list[tuple[int, str, bool]]:
    """This function will close the open tasks of some sources as recalled, each with its step; returns (id, source, drill)
    of each, in the order of the ids.
    """
    if not sources:
        return []
    said, names = note[:300], few_shapes(sources)
    given = {f"source_{n}": name for n, name in enumerate(names)} | {"at": adapted(at), "note": said}
    marks = ", ".join(f"%(source_{n})s" for n in range(len(names)))
    if here().vendor == "postgresql":
        rows = fetch(RECALL_POSTGRES.format(sources=marks), given | {"by_label": by_label[:120]})
        return sorted((pk, source, drill) for pk, source, drill in rows)
    rows = fetch(RECALL_SQLITE.format(sources=marks), given)
    found = sorted((pk, source, bool(drill)) for pk, source, drill in rows)
    write_steps([(pk, "RECALLED", at, by_label, said) for pk, _source, _drill in found])
    return found


STEP_COLUMNS = ("task_id", "state", "at", "by_label", "note")


def write_steps(rows: Sequence[tuple[int, str, datetime, str, str]]) -> None:
    """This function will add steps, rows of ``STEP_COLUMNS``, with all others of the act."""
    gather(_written, rows)


def _written(rows: list[tuple[int, str, datetime, str, str]]) -> list[Statement]:
    steps = ((pk, state, adapted(at), label[:120], note[:300]) for pk, state, at, label, note in rows)
    return insertions("desk_taskstep", STEP_COLUMNS, steps)


# PostgreSQL locks in the order of the ids, as receipts do; SQLite has one writer.
DELIVER_POSTGRES = """
WITH waiting AS (
    SELECT id FROM desk_task WHERE owner_id = %s AND closed_at IS NULL AND state = 'SENT' ORDER BY id FOR NO KEY UPDATE
)
UPDATE desk_task t SET state = 'DELIVERED', delivered_at = %s, changed_at = %s
FROM waiting WHERE t.id = waiting.id RETURNING t.owner_id, t.id, t.source, t.drill
"""
DELIVER_SQLITE = """
UPDATE desk_task SET state = 'DELIVERED', delivered_at = j.value ->> 1, changed_at = j.value ->> 1
FROM json_each(?) j WHERE owner_id = CAST(j.value ->> 0 AS INTEGER) AND closed_at IS NULL AND state = 'SENT'
RETURNING owner_id, id, source, drill
"""


def deliver_waiting(desks: Sequence[tuple[int, datetime]]) -> dict[int, list[tuple[int, str, bool]]]:
    """This function will mark what was sent to some units as delivered, each at its moment.

    Returns (id, source, drill) of each task by unit, in the order of the ids.
    """
    moment = connection.ops.adapt_datetimefield_value
    if connection.vendor == "sqlite":  # one statement: at each, the driver gives way to the other threads
        rows = fetch(DELIVER_SQLITE, (json.dumps([(unit, moment(at)) for unit, at in dict(desks).items()]),))
    else:
        rows = [row for unit, at in desks for row in fetch(DELIVER_POSTGRES, (unit, moment(at), moment(at)))]
    moved: dict[int, list[tuple[int, str, bool]]] = {}
    for unit, pk, source, drill in sorted(rows):
        moved.setdefault(unit, []).append((pk, source, bool(drill)))
    return moved


MOMENTS = ("delivered_at", "read_at", "accepted_at", "closed_at")
COLUMNS = ("id", "was", "state", *MOMENTS, "note")
RECEIPTS = """
WITH said (id, was, state, delivered_at, read_at, accepted_at, closed_at, note) AS (VALUES {rows})
UPDATE desk_task SET
    state = said.state,
    delivered_at = COALESCE(desk_task.delivered_at, {moment[0]}),
    read_at = COALESCE(desk_task.read_at, {moment[1]}),
    accepted_at = COALESCE(desk_task.accepted_at, {moment[2]}),
    closed_at = COALESCE(desk_task.closed_at, {moment[3]}),
    changed_at = %s,
    note = CASE WHEN said.note = '' THEN desk_task.note ELSE said.note END
FROM said WHERE desk_task.id = said.id AND desk_task.state = said.was
RETURNING desk_task.id
"""


def store_receipts(rows: Sequence[tuple[Any, ...]], *, at: datetime) -> set[int]:
    """This function will move tasks forward, each only if it still is in the state it was judged in.

    ``rows`` follow ``COLUMNS``. Returns the ids that moved.
    """
    if not rows:
        return set()
    adapt = connection.ops.adapt_datetimefield_value
    cast = "CAST(said.{} AS timestamptz)" if connection.vendor == "postgresql" else "said.{}"
    sql = RECEIPTS.format(
        rows=", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * len(rows)),
        moment=[cast.format(name) for name in MOMENTS],
    )
    params: list[Any] = []
    for pk, was, state, *moments, note in rows:
        params += [pk, was, state, *(moment and adapt(moment) for moment in moments), note]
    return {pk for (pk,) in fetch(sql, [*params, adapt(at)])}
