"""Lists that are in force by date: a whole new list takes the place of the old one, and nothing is overwritten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models


@dataclass(frozen=True)
class Renewed:
    """What a new list did: rows that are new, changed, unchanged, and taken out of force."""

    added: int
    changed: int
    same: int
    ended: int

    def __bool__(self) -> bool:
        """Whether anything is otherwise than before."""
        return bool(self.added or self.changed or self.ended)


def put_in_force(model: type[models.Model], rows: Iterable[Mapping[str, Any]], *, today: date) -> Renewed:
    """This function will put a whole list in force, its rows known by ``code``: new and changed ones begin today,
    what stays the same stays, all others end. Inside an act; the model has ``code``, ``valid_from`` and ``valid_to``.
    """
    table: Any = model._default_manager
    held = {one.code: one for one in table.select_for_update().filter(valid_to=None)}
    added = changed = same = 0
    for row in rows:
        before = held.pop(row["code"], None)
        if before is not None and all(getattr(before, name) == value for name, value in row.items()):
            same += 1
            continue
        if before is not None:
            before.valid_to = today
            before.save(update_fields=["valid_to"])
            changed += 1
        else:
            added += 1
        table.create(**row, valid_from=today)
    ended = table.filter(pk__in=[one.pk for one in held.values()]).update(valid_to=today)
    return Renewed(added, changed, same, ended)
