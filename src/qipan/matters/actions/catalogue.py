"""The catalogue: read from a table, checked whole, put in force by date; the example list to begin with."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.dated import Renewed, put_in_force
from qipan.kernel.refusal import BadInput

from ..models import Category
from ..rules.limits import OBJECT, clock_of
from ..terms import Kind

COLUMNS = (
    "code", "kind", "group", "group_en", "name", "name_en", "item_code", "filing", "filing_en", "closing", "closing_en",
    "limit_file", "limit_accept", "limit_object", "limit_handle", "limit_verify",
)  # fmt: skip
LIMITS = tuple(name for name in COLUMNS if name.startswith("limit_"))
MAY_BE_EMPTY = ("group_en", "name_en", "filing_en", "closing_en")
LONGEST = {field.name: field.max_length or 0 for field in Category._meta.concrete_fields}
MOST_ROWS = 5000
SEED = Path(__file__).parents[1] / "data" / "catalogue.csv"


def _problems(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Every fault with its line; nothing is guessed."""
    found: list[str] = []
    seen: set[str] = set()
    for line, row in enumerate(rows, 2):
        if missing := [name for name in COLUMNS if name not in row]:
            return [_now("columns are missing: %(names)s") % {"names": ", ".join(missing)}]
        code = row["code"]
        wrong = [name for name in COLUMNS if not row[name] and name not in MAY_BE_EMPTY]
        wrong += [name for name in COLUMNS if len(row[name]) > LONGEST[name]]
        wrong += ["code"] * (not (code.isascii() and code.isdigit() and len(code) == 5) or code in seen)
        wrong += ["kind"] * (row["kind"] not in Kind.values)
        for name in LIMITS:
            try:
                clock_of(row[name])
            except ValueError:
                wrong.append(name)
        seen.add(code)
        found += [
            _now("line %(line)s: %(name)s is missing or wrong: %(value)s")
            % {"line": row.get("line", line), "name": name, "value": row[name][:40]}
            for name in dict.fromkeys(wrong)
        ]
    return found


@transaction.atomic
def import_catalogue(rows: Sequence[Mapping[str, str]], *, example: bool = False, by: Actor, at: datetime) -> Renewed:
    """This function will put a whole catalogue in force: new and changed categories begin today, others end.

    Matters keep the category they were filed under. One bad line, and nothing changes. Needs
    ``matter.catalogue``. Raises ``NotAllowed``, ``BadInput`` with every fault by line.
    """
    by.require("matter.catalogue")
    if not rows or len(rows) > MOST_ROWS:
        raise BadInput([_now("between 1 and %(most)s lines") % {"most": MOST_ROWS}])
    rows = [{"limit_object": OBJECT, **row} for row in rows]  # where a table has no such column, the usual one
    if problems := _problems(rows):
        raise BadInput(problems[:200])
    given = ({name: row[name] for name in COLUMNS} | {"example": example} for row in rows)
    done = put_in_force(Category, given, today=localdate(at))
    if done:
        record("matters.import_catalogue", subject="matters.Category", by=by, at=at, data=done.__dict__)
    return done


def seed_rows() -> list[dict[str, str]]:
    """This function will return the example catalogue as its file holds it."""
    with open(SEED, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seed_catalogue(*, by: Actor, at: datetime) -> int:
    """This function will put the example catalogue in force where there is none, marked as an example; returns
    how many categories. Needs ``matter.catalogue``. Raises ``NotAllowed``.
    """
    if Category.objects.filter(valid_to=None).exists():
        return 0
    return import_catalogue(seed_rows(), example=True, by=by, at=at).added
