"""A unit's own desk as its device fetches it every few seconds: two indexed statements, no objects.

A property company's desk spans the compounds that it looks after and is read with ``desk_of``.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import get_language

from qipan.kernel.place import place_text
from qipan.kernel.sql import fetch

from .desks import OwnUnit

STAMP = """
SELECT count(*), max(id), max(changed_at), count(CASE WHEN state = 'SENT' THEN 1 END)
FROM desk_task WHERE owner_id = %s AND closed_at IS NULL
"""
MOMENTS = ("created_at", "due_at", "delivered_at", "read_at", "accepted_at", "closed_at", "suspended_at")
TASKS = """
SELECT t.id, t.kind, t.source, t.title, a.name, a.name_en, t.place, t.basis, t.state, t.clock, t.escalation, t.note,
    t.on_paper, t.drill, t.created_at, t.due_at, t.delivered_at, t.read_at, t.accepted_at, t.closed_at, t.suspended_at,
    t.changed_at
FROM desk_task t JOIN duties_unit a ON a.id = t.asker_id
WHERE t.owner_id = %s AND {which} ORDER BY t.changed_at, t.id LIMIT %s
"""


class Stamp(NamedTuple):
    """What changes whenever an open desk does, and how many of its tasks wait to be delivered."""

    open: int
    last: int
    changed: str
    waiting: int

    @property
    def etag(self) -> str:
        return f'"{self.open}-{self.last}-{self.changed}"'


def stamp_of(unit_id: int) -> Stamp:
    """This function will take the stamp of a unit's own desk."""
    [(count, last, changed, waiting)] = fetch(STAMP, (unit_id,))
    return Stamp(count, last or 0, _text(changed) or "", waiting)


def _text(moment: Any) -> str | None:
    """The ISO text of a moment as the driver gives it; SQLite leaves out that it is UTC."""
    if moment is None:
        return None
    if isinstance(moment, str):
        return f"{moment.replace(' ', 'T')}+00:00"
    return f"{moment.isoformat()}+00:00" if moment.tzinfo is None else moment.astimezone(UTC).isoformat()


def own_tasks(unit: OwnUnit, since: datetime | None, *, limit: int) -> tuple[list[dict[str, Any]], datetime | None]:
    """This function will write a unit's own tasks for its client, and say when the last of them changed.

    Without ``since`` the open ones; with it all that changed after it, closed ones too. In order of change.
    """
    if since is None:
        rows = fetch(TASKS.format(which="t.closed_at IS NULL"), (unit.pk, limit))
    else:
        moment = connection.ops.adapt_datetimefield_value(since)
        rows = fetch(TASKS.format(which="t.changed_at > %s"), (unit.pk, moment, limit))
    english = (get_language() or "").startswith("en")
    tasks = [_task(unit, english, *row) for row in rows]
    return tasks, datetime.fromisoformat(_text(rows[-1][-1]) or "") if rows else None


def _task(
    unit: OwnUnit, english: bool, pk: int, kind: str, source: str, title: str, name: str, name_en: str, place: int,
    basis: str, state: str, clock: str, escalation: int, note: str, on_paper: int, drill: int, *moments: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": pk,
        "kind": kind,
        "source": source,
        "title": title,
        "asker": name_en if english and name_en else name,
        "owner": unit.code,
        "place": place_text(place),
        "basis": basis,
        "state": state,
        "clock": clock,
        "escalation": escalation,
        "note": note,
        "on_paper": bool(on_paper),
        "drill": bool(drill),
        **dict(zip(MOMENTS, map(_text, moments), strict=False)),
    }
