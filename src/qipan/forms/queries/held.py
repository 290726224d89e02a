"""What registers hold of places, as a form fills it in (ORG-12): one file of values for each asker's ground.

Sources are the registers themselves: doors and compounds (territory), units (duties), and values that other registers
brought. Nothing of a person is among them.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from django.conf import settings
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.duties.api import Stewardship, units_on
from qipan.kernel.actor import Scope
from qipan.kernel.place import (
    COMMUNITY,
    COMPOUND,
    DISTRICT,
    STREET,
    Range,
    code_of,
    compound_of,
    place_of,
    place_text,
)
from qipan.kernel.refusal import Refusal
from qipan.kernel.rows import Reading
from qipan.territory.api import area_at, compounds_within, doors_within

from .. import rules
from ..models import FieldEntry, FieldValue, Form, FormQuestion
from ..rules.versions import flat
from ..terms import Held, Subject

MOST_PLACES = 20_000  # a community has 3,000 doors; whoever answers for more chooses a smaller ground first


class GroundTooWide(Refusal):
    """The ground holds more places than a phone is given at once."""

    code = "ground_too_wide"
    sentence = _("The ground holds more than %(most)s places; choose a smaller one.")


@dataclass(frozen=True)
class HeldFile:
    """The file of held values that a form asks for."""

    name: str
    content: bytes


def held_codes(form: Form) -> list[str]:
    """This function will return the fields that a form fills in from registers, in the order of its questions."""
    return list(form.questions.filter(held=True).order_by("order").values_list("field_code", flat=True))


def held_file(form: Form, ranges: Iterable[Range], *, at: datetime) -> HeldFile | None:
    """This function will return the held values of a form's places on the ground; None where it
    neither fills in anything nor asks for the place.

    One line for each door, or unit for a form about units: ``name`` (place number of 19 digits, or the unit's code),
    ``label``, and a column for each held field. Raises ``GroundTooWide``.
    """
    if rules.HELD_FILE not in form.xform:
        return None
    fields, rows = _held(form, ranges, at=at)
    written = StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["name", "label", *(one.code for one in fields)])
    writer.writerows(rows)
    return HeldFile(rules.HELD_FILE, written.getvalue().encode())


def held_values(form: Form, ranges: Iterable[Range], *, at: datetime) -> dict[str, dict[str, str]]:
    """This function will return what is held for a form by place number, or unit's code, and field. Raises ``GroundTooWide``."""
    fields, rows = _held(form, ranges, at=at)
    return {name: dict(zip((one.code for one in fields), values, strict=True)) for name, _label, *values in rows}


def _held(form: Form, ranges: Iterable[Range], *, at: datetime) -> tuple[list[FieldEntry], list[list[str]]]:
    ground = sorted(Range(*one) for one in ranges)
    fields = _fields(held_codes(form))
    with override(settings.LANGUAGE_CODE):  # values are the city's words, whoever asks
        return fields, _units(ground, fields, at=at) if form.subject == Subject.UNIT else _doors(ground, fields, at=at)


def _fields(codes: Iterable[str]) -> list[FieldEntry]:
    entries = FieldEntry.objects.filter(valid_to=None, code__in=list(codes))
    return [one for one in entries if one.code != rules.PLACE_FIELD]


_FILLED_IN = Reading[tuple[str, str]](
    lambda form: FormQuestion.objects.filter(form=form, held=True).values_list("path", "field_code")
)


def otherwise_held(
    form: Form, answers: Mapping[str, Any], *, place: int, asks_place: str, ranges: Iterable[Range], at: datetime
) -> dict[str, Any]:
    """This function will compare what a filled form says of its place with what registers hold of it: for each question
    that a client fills in and nobody answers, by path ("inside/compound"), what is held, where the form says otherwise.

    ``asks_place`` is the name of the question that says which door or unit it is about. What was not filled in, as by a
    client that has not fetched the values, says nothing.
    """
    asked = {path.removeprefix("/data/"): code for path, code in _FILLED_IN(form.pk)}
    said = dict(flat(answers))
    filled = {path: code for path, code in asked.items() if code != rules.PLACE_FIELD and said.get(path)}
    fields = _fields(filled.values()) if filled else []
    if not fields:
        return {}
    with override(settings.LANGUAGE_CODE):
        if form.subject == Subject.UNIT:
            key = next((str(value) for path, value in said.items() if path.rpartition("/")[2] == asks_place), "")
            rows = _units(sorted(Range(*one) for one in ranges), fields, at=at, code=key)
        else:
            rows = _doors([Range(place, place)], fields, at=at)
    values = dict(zip((one.code for one in fields), rows[0][2:], strict=True)) if rows else {}
    codes = {one.code for one in fields}
    return {
        path: values.get(code) or None
        for path, code in filled.items()
        if code in codes and str(said[path]).strip() != values.get(code, "").strip()
    }


def _doors(ground: Sequence[Range], fields: Sequence[FieldEntry], *, at: datetime) -> list[list[str]]:
    doors = list(doors_within(ground).order_by("place")[: MOST_PLACES + 1])
    if len(doors) > MOST_PLACES:
        raise GroundTooWide(most=MOST_PLACES)
    around = [Range(compound_of(one.first), one.last) for one in ground]  # the compound of a single door
    compounds = {one.place: one for one in compounds_within(around)}
    stewards = {}
    if any(one.held == Held.STEWARD for one in fields):
        held = Stewardship.objects.filter(Scope(tuple(around)).q(), valid_to=None, helps=False).select_related("unit")
        stewards = {one.place: one.unit.name for one in held}
    names = _Names(at)
    values = _values(fields, ground)
    rows = []
    for door in doors:
        compound_place = place_of(code_of(door.place, COMPOUND))
        compound = compounds.get(compound_place)
        known = {
            Held.PLACE: place_text(door.place),
            Held.BUILDING: door.building,
            Held.ENTRANCE: door.entrance,
            Held.LABEL: door.label,
            Held.COMPOUND: compound.name if compound else "",
            Held.COMPOUND_KIND: compound.get_kind_display() if compound else "",
            Held.COMPOUND_DOORS: str(compound.doors) if compound else "",
            Held.STEWARD: stewards.get(compound_place, ""),
            **names(door.place),
        }
        label = " ".join(filter(None, (known[Held.COMPOUND], f"{door.building}-{door.entrance}-{door.label}")))
        places = (door.place, compound_place, place_of(code_of(door.place, COMMUNITY)))
        rows.append([place_text(door.place), label, *(_one(field, known, values, places) for field in fields)])
    return rows


def _units(
    ground: Sequence[Range], fields: Sequence[FieldEntry], *, at: datetime, code: str | None = None
) -> list[list[str]]:
    """Of the units on a ground, or of the one with this code."""
    found = units_on(ground).select_related("organ_type", "parent").order_by("place", "code")
    units = list((found if code is None else found.filter(code=code))[: MOST_PLACES + 1])
    if len(units) > MOST_PLACES:
        raise GroundTooWide(most=MOST_PLACES)
    names, values = _Names(at), _values(fields, ground)
    rows = []
    for unit in units:
        known = {
            Held.UNIT_CODE: unit.code,
            Held.UNIT_NAME: unit.name,
            Held.UNIT_KIND: unit.organ_type.name,
            Held.UNIT_ABOVE: unit.parent.name if unit.parent else "",
            Held.PLACE: place_text(unit.place),
            **names(unit.place),
        }
        rows.append([unit.code, unit.name, *(_one(field, known, values, (unit.place,)) for field in fields)])
    return rows


_LEVELS = {Held.COMMUNITY: COMMUNITY, Held.STREET: STREET, Held.DISTRICT: DISTRICT}


class _Names:
    """Names of the areas in which places lie, each looked up once."""

    def __init__(self, at: datetime) -> None:
        self._on = localdate(at)
        self._found: dict[tuple[str, int], str] = {}

    def __call__(self, place: int) -> dict[Held, str]:
        return {held: self._name(code_of(place, level), level) for held, level in _LEVELS.items()}

    def _name(self, code: str, level: int) -> str:
        if (code, level) not in self._found:
            area = area_at(place_of(code), level, on=self._on)
            self._found[code, level] = area.name if area else ""
        return self._found[code, level]


def _values(fields: Sequence[FieldEntry], ground: Sequence[Range]) -> dict[tuple[str, int], str]:
    """What other registers brought, by field and place."""
    codes = [one.code for one in fields if one.held == Held.VALUES]
    if not codes:
        return {}
    scope = Scope(tuple(Range(place_of(code_of(one.first, COMMUNITY)), one.last) for one in ground))
    return {
        (one.field_code, one.place): one.value for one in FieldValue.objects.filter(scope.q(), field_code__in=codes)
    }


def _one(field: FieldEntry, known: dict[Held, str], values: dict[tuple[str, int], str], places: Sequence[int]) -> str:
    """A value of a place: its own, else that of its compound or community."""
    if field.held == Held.VALUES:
        return next((values[field.code, place] for place in places if (field.code, place) in values), "")
    return known.get(Held(field.held), "") if field.held else ""
