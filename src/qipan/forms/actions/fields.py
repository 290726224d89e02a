"""The field dictionary: read from a table, checked whole, put in force by date; values that other registers bring."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.dated import Renewed, put_in_force
from qipan.kernel.masking import is_token
from qipan.kernel.place import place_of
from qipan.kernel.refusal import BadInput, NotFound, Refusal

from .. import rules
from ..models import DataSource, FieldEntry, FieldValue, FieldValues
from ..queries.sources import active_source
from ..rules.sources import UNFIT, digits_of, quoted
from ..terms import FieldKind, Held, Sensitivity, Subject

COLUMNS = (
    "code", "name", "name_en", "kind", "about", "source", "source_en", "owner", "held", "retention_days", "sensitivity",
)  # fmt: skip
LONGEST = {field.name: field.max_length for field in FieldEntry._meta.concrete_fields if field.max_length}
CHOICES = {"kind": FieldKind, "about": Subject, "sensitivity": Sensitivity}
CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
MOST_ROWS = 5_000
MOST_VALUES = 100_000
MOST_DAYS = 36_500
SEED = Path(__file__).parents[1] / "data" / "fields.csv"


class NotHeldHere(Refusal):
    """Values are brought only of fields that a register holds by place, never of persons."""

    code = "not_held_here"
    sentence = _(
        "Values of this field are not brought here: only of fields about places and units, not sensitive, whose "
        "dictionary line says that another register holds them."
    )


class FieldIsPulled(Refusal):
    """Each field has one source at a time."""

    code = "field_is_pulled"
    sentence = _("This field is pulled from “%(title)s”; switch that source off before a file is brought.")


class LinesOutOfRange(BadInput):
    code = "lines_out_of_range"
    sentence = _("between 1 and %(most)s lines")


class ValuesWrong(BadInput):
    code = "values_wrong"
    sentence = ngettext_lazy(
        "%(n)s line is wrong: line %(line)s, %(name)s: %(value)s",
        "%(n)s lines are wrong; the first is line %(line)s, %(name)s: %(value)s",
        "n",
    )


def _wrong(row: Mapping[str, str], units: Mapping[str, Unit]) -> list[str]:
    """The columns of a line that are missing or wrong."""
    wrong = [name for name in COLUMNS if not row[name] and name != "held"]
    wrong += [name for name in COLUMNS if len(row[name]) > (LONGEST.get(name) or 60)]
    wrong += [name for name, allowed in CHOICES.items() if row[name] and row[name] not in allowed.values]
    if row["code"] and not CODE.fullmatch(row["code"]):
        wrong.append("code")
    if row["owner"] and row["owner"] not in units:
        wrong.append("owner")
    if row["held"] and (
        row["held"] not in Held.values or row["about"] == Subject.PERSON or row["sensitivity"] != "NONE"
    ):
        wrong.append("held")
    days = row["retention_days"]
    if days and not (days.isascii() and days.isdigit() and len(days) <= 5 and int(days) <= MOST_DAYS):
        wrong.append("retention_days")
    return list(dict.fromkeys(wrong))


def _problems(rows: Sequence[Mapping[str, str]], units: Mapping[str, Unit]) -> list[str]:
    """Every fault with its line; nothing is guessed."""
    found: list[str] = []
    seen: set[str] = set()
    for line, row in enumerate(rows, 2):
        if missing := [name for name in COLUMNS if name not in row]:
            return [_now("columns are missing: %(names)s") % {"names": ", ".join(missing)}]
        at = row.get("line", line)
        found += [
            _now("line %(line)s: %(name)s is missing or wrong: %(value)s")
            % {"line": at, "name": name, "value": row[name][:40]}
            for name in _wrong(row, units)
        ]
        asks = rules.Question(
            path="", name=row["code"], kind="text", labels={"": row["name"], "en": row["name_en"]}, row=0
        )
        if word := rules.red_words(asks.words):
            found.append(
                _now("line %(line)s: “%(word)s” is not in the field library: ethnicity and religion are not asked")
                % {"line": at, "word": word}
            )
        elif word := rules.sealed_words(asks.words):
            found.append(
                _now("line %(line)s: “%(word)s” is not in the field library: nobody is asked how they are in mind")
                % {"line": at, "word": word}
            )
        elif row["sensitivity"] == Sensitivity.NONE and (words := rules.sensitive_words(asks)):
            found.append(
                _now("line %(line)s: “%(word)s” is sensitive; say of which kind")
                % {"line": at, "word": next(iter(words.values()))}
            )
        if row["code"] in seen:
            found.append(_now("line %(line)s: the field %(code)s stands twice") % {"line": at, "code": row["code"]})
        seen.add(row["code"])
    return found


@transaction.atomic
def import_fields(rows: Sequence[Mapping[str, str]], *, example: bool = False, by: Actor, at: datetime) -> Renewed:
    """This function will put a whole dictionary in force: new and changed fields begin today, others end.

    Published forms keep the fields they were published with. One bad line, and nothing changes. Needs
    ``field.edit``. Raises ``NotAllowed``, ``BadInput`` with every fault by line.
    """
    by.require("field.edit")
    if not rows or len(rows) > MOST_ROWS:
        raise BadInput([_now("between 1 and %(most)s lines") % {"most": MOST_ROWS}])
    units = {
        one.code: one for one in Unit.objects.filter(code__in={row.get("owner", "") for row in rows}, valid_to=None)
    }
    if problems := _problems(rows, units):
        raise BadInput(problems[:200])
    kept = [name for name in COLUMNS if name not in ("owner", "retention_days")]
    given = (
        {name: row[name] for name in kept}
        | {"owner_id": units[row["owner"]].pk, "retention_days": int(row["retention_days"]), "example": example}
        for row in rows
    )
    done = put_in_force(FieldEntry, given, today=localdate(at))
    if done:
        record("forms.import_fields", subject="forms.FieldEntry", by=by, at=at, data=done.__dict__)
    return done


def seed_rows(city: str, *, owner: str) -> list[dict[str, str]]:
    """This function will return the example dictionary for a city ("5101"): owners are its departments.

    A department that the city does not have is replaced by the unit with the code ``owner``.
    """
    with open(SEED, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = {f"{city}:{row['owner']}" for row in rows}
    known = set(Unit.objects.filter(code__in=wanted, valid_to=None).values_list("code", flat=True))
    return [row | {"owner": code if (code := f"{city}:{row['owner']}") in known else owner} for row in rows]


def seed_fields(owner: Unit, *, by: Actor, at: datetime) -> int:
    """This function will put the example dictionary in force where there is none, marked as an example; returns how
    many fields. Raises nothing else than ``import_fields``.
    """
    if FieldEntry.objects.filter(valid_to=None).exists():
        return 0
    keeper = replace(by, acts=by.acts | {"field.edit"})  # whoever may publish the samples may publish their fields
    return import_fields(
        seed_rows(owner.code.partition(":")[0], owner=owner.code), example=True, by=keeper, at=at
    ).added


def read_values(field: FieldEntry, rows: Sequence[Mapping[str, str]], *, ground: Scope) -> dict[int, str]:
    """This function will return the values of a delivery by place; nothing is guessed and nothing left out.

    Rows have ``place`` (as many digits as places of the field's kind have, on the ground), ``value`` and their
    ``line``. Raises ``LinesOutOfRange``, ``ValuesWrong`` with every fault by line.
    """
    if not rows or len(rows) > MOST_VALUES:
        raise LinesOutOfRange(most=MOST_VALUES)
    values: dict[int, str] = {}
    wrong: list[dict[str, object]] = []
    longest, digits = FieldValue._meta.get_field("value").max_length or 0, digits_of(field.about)
    for line, row in enumerate(rows, 2):
        at, code, value = row.get("line", line), row.get("place", ""), row.get("value", "")
        place = _place(code) if len(code) in digits else None
        if place is None or place in values or place not in ground:
            wrong.append({"line": at, "name": "place", "value": quoted(code)})
        elif not value or len(value) > longest or is_token(value) or UNFIT.search(value):
            wrong.append({"line": at, "name": "value", "value": quoted(value)})
        else:
            values[place] = value
    if wrong:
        said = [_now("line %(line)s: %(name)s is missing or wrong: %(value)s") % one for one in wrong[:200]]
        raise ValuesWrong(said, n=len(wrong), **wrong[0])
    return values


def _place(code: str) -> int | None:
    try:
        return place_of(code) if code.isascii() and code.isdigit() else None
    except ValueError:
        return None


@transaction.atomic
def bring_values(
    field_code: str,
    rows: Sequence[Mapping[str, str]],
    *,
    name: str,
    sha256: str,
    as_of: date,
    source: DataSource | None = None,
    by: Actor,
    at: datetime,
) -> FieldValues:
    """This function will take over what another register holds of a field, by place (columns ``place``, ``value``).

    A delivery is the whole of it on the actor's ground: what was held there before goes. ``name`` and ``sha256`` are
    the file's, ``as_of`` the day it speaks of: they stay as the lineage of each value. Needs ``field.edit``, or a
    post of the unit that owns the field. ``source`` is the register that was pulled: while one is switched on, no file
    is brought beside it. Raises ``NotFound``, ``NotAllowed``, ``NotHeldHere``, ``FieldIsPulled``, and what
    ``read_values`` raises.
    """
    field = FieldEntry.objects.filter(code=field_code, valid_to=None).first()
    if field is None:
        raise NotFound
    if by.unit_id != field.owner_id:
        by.require("field.edit")
    if field.held != Held.VALUES:
        raise NotHeldHere
    pulled = active_source(field_code)
    if source is None and pulled is not None:
        raise FieldIsPulled(title=pulled.title)
    values = read_values(field, rows, ground=by.scope)
    FieldValue.objects.filter(by.scope.q(), field_code=field_code).delete()
    delivery = FieldValues.objects.create(
        field_code=field_code,
        name=name[:120],
        sha256=sha256,
        rows=len(values),
        as_of=as_of,
        at=at,
        by_label=by.label,
        source=source,
    )
    FieldValue.objects.bulk_create(
        [
            FieldValue(delivery=delivery, field_code=field_code, place=place, value=value)
            for place, value in values.items()
        ],
        batch_size=5_000,
    )
    record(
        "forms.bring_values",
        subject=delivery,
        by=by,
        at=at,
        data={"field": field_code, "rows": len(values), "sha256": sha256, "as_of": as_of.isoformat()}
        | ({"source": source.pk} if source else {}),
    )
    return delivery
