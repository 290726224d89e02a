"""Acts on organs: seed the organisation of a city from data, rename a kind of organ."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.db import transaction
from django.db.models import CharField, ExpressionWrapper, F, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils.timezone import localdate

from qipan.journal.api import publish, record
from qipan.kernel.actor import Actor
from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, DISTRICT, STREET, Range, code_of, place_of, range_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import children

from ..ingest import (
    area_names,
    companies_needed,
    insert_area_units,
    insert_compound_units,
    insert_partner_units,
    insert_stewardships,
)
from ..models import OrganType, Unit
from .data import DATA, rows_of
from .lists import seed_lists

LEVELS = {"CITY": CITY, "DISTRICT": DISTRICT, "STREET": STREET, "COMMUNITY": COMMUNITY, "COMPOUND": COMPOUND}
COMPOUNDS_PER_COMPANY = 10
# Kinds that every area of their level has, from the top down, each with the kind above it.
AREA_KINDS = (
    ("city-command", ""),
    ("lead-body", ""),
    ("district-command", "city-command"),
    ("street-office", "district-command"),
    ("community", "street-office"),
)
PARTNER_KINDS = ("social-organisation", "volunteer-group")  # one of each below every office of their level


@dataclass(frozen=True)
class Seeded:
    """How many units of each kind, and how many stewardships, a seeding added."""

    units: dict[str, int]
    stewardships: int

    @property
    def total(self) -> int:
        """Units of all kinds together."""
        return sum(self.units.values())


@dataclass(frozen=True)
class UnitsMerged:
    """Event: the units of a merged area have ended, their heirs have what stood below them; ordered at ``at``."""

    code: str
    at: datetime


def seed_types(path: Path) -> dict[str, OrganType]:
    """This function will create the kinds of organ that are missing; those that exist keep their names."""
    known = {kind.code: kind for kind in OrganType.objects.all()}
    new = [
        OrganType(
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            unit_name=row["unit_name"],
            unit_name_en=row["unit_name_en"],
            level=LEVELS[row["level"]],
            is_command=row["is_command"] == "1",
            is_lead=row["is_lead"] == "1",
            executes_only=row["executes_only"] == "1",
            authority_rank=int(row["authority_rank"]),
        )
        for row in rows_of(path)
        if row["code"] not in known
    ]
    OrganType.objects.bulk_create(new)
    return {kind.code: kind for kind in OrganType.objects.all()} if new else known


@transaction.atomic
def seed_organisation(city_code: str, *, by: Actor, at: datetime, types: Path | None = None) -> Seeded:
    """This function will give a city its organs: commands, lead body, departments, street offices,
    communities, one unit per compound, property companies with what they look after, and, made up as well, a
    social organisation and a volunteer group for each subdistrict; and the example
    of who answers for what, where no list is in force yet.

    Areas and compounds must stand in the territory first. It may run again at any time and adds what
    is missing. ``types`` is a CSV of organ kinds with a city's own names (PRI-3); without it the data
    of the project holds. Needs ``register.edit``; raises ``NotAllowed``, ``NotFound``.
    """
    by.require("register.edit")
    ground = range_of(city_code)
    if not by.scope.covers(ground):
        raise NotFound
    names = area_names(city_code)
    if names is None:
        raise NotFound
    on = localdate(at)
    kinds = seed_types(types or DATA / "organ_types.csv")
    added = {}
    for code, parent in AREA_KINDS:
        added[code] = insert_area_units(kinds[code], parent=parent, ground=ground, on=on)
    command = Unit.objects.get(code=f"{city_code}:city-command")
    Unit.objects.filter(code=f"{city_code}:lead-body", parent=None).update(parent=command)
    added["department"] = _departments(kinds["department"], names, command, ground, on)
    added["compound"] = insert_compound_units(kinds["compound"], parent="community", ground=ground, on=on)
    added["property-company"] = _companies(kinds["property-company"], ground, on)
    for code in PARTNER_KINDS:
        if code in kinds:  # a city's own list may name other partners, or none
            added[code] = insert_partner_units(kinds[code], ground=ground, on=on)
    stewardships = insert_stewardships(
        kinds["property-company"], compounds_each=COMPOUNDS_PER_COMPANY, ground=ground, on=on
    )
    seeded = Seeded(added, stewardships)
    if seeded.total or stewardships:
        record(
            "duties.seed_organisation",
            subject=f"territory.Area:{city_code}",
            by=by,
            at=at,
            place=ground.first,
            data={"units": added, "stewardships": stewardships},
        )
    seed_lists(city_code, by=by, at=at)
    return seeded


def merge_units(code: str, *, into: str, on: date, at: datetime) -> None:
    """This function will end the units of a merged area and put those below them under the area that remains.

    For the subscriber: the territory has checked the right and recorded the act.
    """
    for kind, _parent in AREA_KINDS:
        ended = Unit.objects.filter(code=f"{code}:{kind}", valid_to=None).first()
        heir = Unit.objects.filter(code=f"{into}:{kind}", valid_to=None).first()
        if ended is not None and heir is not None:
            Unit.objects.filter(parent=ended).update(parent=heir)
            ended.valid_to = on
            ended.save(update_fields=["valid_to"])
    publish(UnitsMerged(code, at))


def split_units(code: str, *, new: str, on: date) -> None:
    """This function will give a new area its unit and put the units of its parts below it.

    For the subscriber: the territory has checked the right and recorded the act.
    """
    kinds = {kind.code: kind for kind in OrganType.objects.all()}
    parts = [place_of(part.code) for part in children(new)]
    for kind, parent in AREA_KINDS:
        before = Unit.objects.filter(code=f"{code}:{kind}").first()
        if before is None:
            continue
        insert_area_units(kinds[kind], parent=parent, ground=range_of(new), on=on)
        unit = Unit.objects.get(code=f"{new}:{kind}")
        Unit.objects.filter(parent=before, place__in=parts).update(parent=unit)


def _departments(kind: OrganType, names: tuple[str, str], command: Unit, ground: Range, on: date) -> int:
    city, city_en = names
    codes = {f"{command.code.split(':')[0]}:{row['code']}": row for row in rows_of(DATA / "departments.csv")}
    known = set(Unit.objects.filter(code__in=codes).values_list("code", flat=True))
    new = [
        Unit(
            code=code,
            organ_type=kind,
            name=kind.unit_name.format(area=city, department=row["name"]),
            name_en=kind.unit_name_en.format(area=city_en or city, department=row["name_en"]),
            place=ground.first,
            first=ground.first,
            last=ground.last,
            parent=command,
            valid_from=on,
            synthetic=True,
        )
        for code, row in codes.items()
        if code not in known
    ]
    Unit.objects.bulk_create(new)
    return len(new)


def _companies(kind: OrganType, ground: Range, on: date) -> int:
    words = list(rows_of(DATA / "property_names.csv"))
    needed = companies_needed(ground, compounds_each=COMPOUNDS_PER_COMPANY)
    known = set(Unit.objects.filter(organ_type=kind, place__range=ground).values_list("code", flat=True))
    communities = dict(
        Unit.objects.filter(organ_type__code="community", place__range=ground).values_list("first", "pk")
    )
    new = []
    for sequence, (district, number, place) in enumerate(needed):
        code = f"{district}:{kind.code}-{number}"
        if code in known:
            continue
        word, turn = words[sequence % len(words)], sequence // len(words) + 1
        new.append(
            Unit(
                code=code,
                organ_type=kind,
                name=kind.unit_name.format(company=f"{word['name']}{turn}号"),
                name_en=kind.unit_name_en.format(company=f"{word['name_en']} {turn}"),
                place=place,
                parent_id=communities.get(range_of(code_of(place, COMMUNITY)).first),
                valid_from=on,
                synthetic=True,
            )
        )
    Unit.objects.bulk_create(new, batch_size=500)
    return len(new)


@transaction.atomic
def rename_organ_type(
    kind: OrganType,
    *,
    name: str,
    name_en: str,
    by: Actor,
    at: datetime,
    unit_name: str | None = None,
    unit_name_en: str | None = None,
) -> int:
    """This function will give a kind of organ another name, and its units theirs; returns how many units.

    Rules ask for what a kind may do, never for its name, so no code changes (PRI-3). A unit whose name
    does not follow the old pattern keeps it. Needs ``register.edit``; raises ``NotAllowed``.
    """
    by.require("register.edit")
    before = [kind.name, kind.name_en, kind.unit_name, kind.unit_name_en]
    renamed = 0
    if unit_name is not None and unit_name != kind.unit_name:
        renamed = _rename_units(kind, "name", kind.unit_name, unit_name)
        kind.unit_name = unit_name
    if unit_name_en is not None and unit_name_en != kind.unit_name_en:
        renamed = max(renamed, _rename_units(kind, "name_en", kind.unit_name_en, unit_name_en))
        kind.unit_name_en = unit_name_en
    kind.name, kind.name_en = name, name_en
    kind.save()
    after = [kind.name, kind.name_en, kind.unit_name, kind.unit_name_en]
    record("duties.rename_organ_type", subject=kind, by=by, at=at, data={"old": before, "new": after})
    return renamed


def _rename_units(kind: OrganType, field: str, old: str, new: str) -> int:
    head, _, tail = old.partition("{area}")
    new_head, _, new_tail = new.partition("{area}")
    kept = ExpressionWrapper(Length(F(field)) - (len(head) + len(tail)), output_field=CharField())
    area = Substr(F(field), len(head) + 1, kept)
    units = Unit.objects.filter(organ_type=kind, **{f"{field}__startswith": head, f"{field}__endswith": tail})
    return units.update(**{field: Concat(Value(new_head), area, Value(new_tail))})
