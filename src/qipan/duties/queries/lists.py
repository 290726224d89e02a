"""Who answers for what, on a day: proposals at a place, the check of a target, the map of duties and its faults."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.place import CITY, COMMUNITY, COMPOUND, DISTRICT, Range, code_of, compound_of
from qipan.kernel.refusal import Refusal
from qipan.kernel.rows import Reading, instance_of
from qipan.kernel.sql import fetch
from qipan.territory.api import areas_within

from ..models import OrganType, Responsibility, ResponsibilityItem, Unit
from ..rules import Fault, Holder, faults_of, order_of
from ..terms import FaultKind, Role


class NotOnList(Refusal):
    """A unit is not made primary for what its own list does not name (ORG-3)."""

    code = "not_on_list"
    sentence = _("%(unit)s cannot be made primary for “%(item)s”: %(rule)s (%(basis)s)")


@dataclass(frozen=True)
class Proposal:
    """A unit that may handle an item at a place, and why."""

    unit: Unit
    role: str
    basis: str
    why: str
    backstop: bool = False


def in_force(on: date) -> Q:
    """This function will return the filter for what is in force on a day."""
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gt=on))


_LINES = Reading[Responsibility](
    lambda item, unit, kind, on: Responsibility.objects.filter(
        in_force(on), Q(unit=unit) | Q(organ_type=kind), item_code=item
    )
)


# One statement. "held": the codes of the areas (and the compound) that hold the place that day: what its digits say,
# unless a merger or a split gave the place to another. "kind": the kinds of units that the item's lines name, and the
# backstop. A unit's own line stands in place of its kind's. (Sets of keys, and no joins: each database would go through all
# units for a filter of what it joins, PostgreSQL also for a set of which it cannot guess how small it is, so it gets a list.)
UNIT_FIELDS, TYPE_FIELDS = (
    [str(field.attname) for field in model._meta.local_concrete_fields] for model in (Unit, OrganType)
)
UNIT_COLUMNS, TYPE_COLUMNS = (
    ", ".join(f"{short}.{field.column}" for field in model._meta.local_concrete_fields)
    for short, model in (("u", Unit), ("t", OrganType))
)
LINE_FIELDS = ("role", "basis", "basis_en")
AMONG = {"sqlite": "IN ({})", "postgresql": "= ANY(ARRAY({}))"}
PROPOSED = f"""
WITH line AS (
    SELECT organ_type_id, unit_id, role, basis, basis_en, version FROM duties_responsibility
    WHERE item_code = %(item)s AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
), moved AS (
    SELECT code FROM territory_arearange WHERE hierarchy = 'OFFICIAL' AND %(place)s BETWEEN first AND last
        AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
), held AS (
    SELECT code FROM moved
    UNION SELECT digits.code FROM (
        SELECT %(city)s AS code UNION ALL SELECT %(district)s UNION ALL SELECT %(street)s
        UNION ALL SELECT %(community)s UNION ALL SELECT %(compound)s
    ) AS digits WHERE NOT EXISTS (SELECT 1 FROM moved WHERE length(moved.code) = length(digits.code))
), kind AS (
    SELECT code FROM duties_organtype WHERE id IN (SELECT organ_type_id FROM line) OR (is_command AND level = {DISTRICT})
), candidate AS (
    SELECT id FROM duties_unit WHERE code {{of_kinds}}
    UNION SELECT unit_id FROM duties_stewardship
        WHERE place = %(compound_place)s AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)
    UNION SELECT u.id FROM duties_unit u CROSS JOIN held
        WHERE u.id IN (SELECT unit_id FROM line) AND u.code LIKE held.code || ':%%' AND u.first IS NOT NULL
)
SELECT {UNIT_COLUMNS}, {TYPE_COLUMNS},
    coalesce(own.role, shared.role) AS role, coalesce(own.basis, shared.basis) AS basis,
    coalesce(own.basis_en, shared.basis_en) AS basis_en, coalesce(own.version, shared.version) AS version
FROM duties_unit u
JOIN duties_organtype t ON t.id = u.organ_type_id
LEFT JOIN line own ON own.unit_id = u.id
LEFT JOIN line shared ON shared.organ_type_id = t.id
WHERE u.id {{candidates}} AND u.valid_from <= %(on)s AND (u.valid_to IS NULL OR u.valid_to > %(on)s)
"""  # noqa: S608 - names of columns only
PROPOSED_ON = {
    vendor: PROPOSED.format(
        of_kinds=among.format("SELECT held.code || ':' || kind.code FROM held, kind"),
        candidates=among.format("SELECT id FROM candidate"),
    )
    for vendor, among in AMONG.items()
}


def proposals(item_code: str, place: int, *, on: date) -> list[Proposal]:
    """This function will propose who handles an item at a place, with the line of the list that says so.

    Primary first, then cooperating; among equals the unit of the smallest area that holds the place. Last comes
    the district, the backstop for what no list names; a community only where its own list names the item.
    """
    digits = dict(zip(("city", "district", "street", "community", "compound"), _codes(place), strict=True))
    day = connection.ops.adapt_datefield_value(on)
    given = {"item": item_code, "place": place, "on": day, "compound_place": compound_of(place), **digits}
    rows = fetch(PROPOSED_ON[connection.vendor], given)
    ends = len(UNIT_FIELDS), len(UNIT_FIELDS) + len(TYPE_FIELDS)
    found: list[Proposal] = []
    backstop: Proposal | None = None
    for row in rows:
        unit = instance_of(Unit, UNIT_FIELDS, row[: ends[0]])
        unit.organ_type = instance_of(OrganType, TYPE_FIELDS, row[ends[0] : ends[1]])
        role, basis, basis_en, version = row[ends[1] :]
        line = instance_of(Responsibility, LINE_FIELDS, (role or "", basis or "", basis_en or ""))
        if role in (Role.PRIMARY, Role.COOPERATING):
            found.append(Proposal(unit, role, line.basis_label, _why(role, version)))
        elif role is None and is_backstop(unit):
            why = _now("the district is the backstop for what no list names")
            backstop = Proposal(unit, Role.PRIMARY, str(BACKSTOP_BASIS), why, backstop=True)
    found.sort(key=lambda one: (*order_of(one.role, one.unit.organ_type.level), one.unit.code))
    return [*found, *([backstop] if backstop else [])]


# An example of such a rule, which a city replaces by its own in its translation of this sentence.
BACKSTOP_BASIS = _("Beijing's Regulation on Responding to Requests, art. 12 and 17")


def _codes(place: int) -> list[str]:
    return [code_of(place, level) for level in range(CITY, COMPOUND + 1)]


def _why(role: str, version: str) -> str:
    if role == Role.PRIMARY:
        return _now("primary on the list “%(version)s”") % {"version": version}
    return _now("cooperating on the list “%(version)s”") % {"version": version}


def is_backstop(unit: Unit) -> bool:
    """This function will say whether a unit is the district that takes what no list names."""
    return unit.organ_type.is_command and unit.organ_type.level == DISTRICT


def named_primary(found: Iterable[Proposal], *, returned: Collection[int] = ()) -> Proposal | None:
    """This function will return the first proposal of a unit whose list names the item as primary, and which has not
    ``returned`` it; None where the district is the backstop.
    """
    held = (one for one in found if one.role == Role.PRIMARY and not one.backstop)
    return next((one for one in held if one.unit.pk not in returned), None)


def check_primary(unit: Unit, item_code: str, place: int, *, on: date, returned: Collection[int] = ()) -> None:
    """This function will pass when a unit's own list has an item as primary; the district also as the backstop: where
    no list of a unit at the place names it, or each that is named has ``returned`` it.

    Raises ``NotOnList`` with the rule's text and its basis.
    """
    named = None
    if is_backstop(unit):
        found = proposals(item_code, place, on=on)
        named = named_primary(found, returned=returned)
        if named is None and any(one.backstop and one.unit.pk == unit.pk for one in found):
            return
    lines = _LINES(item_code, unit.pk, unit.organ_type_id, on)
    line = max(lines, key=lambda one: one.unit_id or 0, default=None)
    if line is not None and line.role == Role.PRIMARY:
        return
    if line is None and named is not None:
        rule = _now("the list of %(unit)s names it; the district is the backstop for what no list names")
        rule, basis = rule % {"unit": named.unit.label}, named.basis
    elif line is None:
        rule, basis = _now("what stands on no list of a unit is not given to it; the district is the backstop"), ""
    elif line.role == Role.WITHDRAWN:
        rule, basis = _now("the item was withdrawn from it"), line.basis_label
    else:
        rule, basis = _now("it only cooperates there, and is not given it as primary"), line.basis_label
    item = ResponsibilityItem.objects.filter(in_force(on), code=item_code).first()
    raise NotOnList(unit=unit, item=item or item_code, rule=rule, basis=basis or str(BACKSTOP_BASIS))


def items_on(on: date) -> QuerySet[ResponsibilityItem]:
    """This function will return the items of a day, in the order of their kind and code."""
    return ResponsibilityItem.objects.filter(in_force(on)).order_by("kind", "code")


def lines_on(on: date) -> QuerySet[Responsibility]:
    """This function will return the lines of a day with their organs."""
    return (
        Responsibility.objects.filter(in_force(on))
        .select_related("organ_type", "unit__organ_type")
        .order_by("item_code", "organ_type__level", "organ_type__code", "unit__code")
    )


@dataclass
class Entry:
    """An item of a day with its lines by organ, and what is wrong with it."""

    item: ResponsibilityItem
    lines: list[Responsibility] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def of(self, role: str) -> list[Responsibility]:
        """This method will return the lines with a role."""
        return [line for line in self.lines if line.role == role]


def _grounds(lines: Iterable[Responsibility]) -> dict[str, tuple[Range, ...]]:
    """The ground of each unit that has a line of its own, as it is today; in a query or two for each level."""
    units = {line.unit.code: line.unit for line in lines if line.unit}
    found: dict[str, tuple[Range, ...]] = {}
    levels: dict[int, list[Unit]] = defaultdict(list)
    for unit in units.values():
        if unit.first is not None and unit.last is not None:
            found[unit.code] = (Range(unit.first, unit.last),)
            levels[unit.organ_type.level].append(unit)
        else:  # stewards one compound at a time: it meets no other of its kind
            found[unit.code] = ()
    for level, some in levels.items():
        if DISTRICT <= level <= COMMUNITY:
            ground = [part for unit in some for part in found[unit.code]]
            areas = {area.code: area.ranges for area in areas_within(ground, level)}
            found |= {u.code: areas[c] for u in some if (c := u.code.partition(":")[0]) in areas}
    return found


def duty_map(on: date) -> list[Entry]:
    """This function will return every item of a day with its organs, gaps and overlaps (ORG-4)."""
    entries = {item.code: Entry(item) for item in items_on(on)}
    if not entries:
        return []
    lines = [line for line in lines_on(on) if line.item_code in entries]
    grounds = _grounds(line for line in lines if line.role == Role.PRIMARY)
    city = (
        Unit.objects.filter(organ_type__is_command=True, organ_type__level=CITY, valid_to=None).order_by("pk").first()
    )
    whole = (Range(city.first, city.last),) if city and city.first is not None and city.last is not None else ()
    for line in lines:
        entries[line.item_code].lines.append(line)
    for entry in entries.values():
        entry.faults = faults_of(
            [
                Holder(
                    line.organ.label,
                    (line.unit.organ_type if line.unit else line.organ).code,
                    grounds[line.unit.code] if line.unit else None,
                )
                for line in entry.of(Role.PRIMARY)
            ],
            whole,
        )
    return list(entries.values())


def overlaps_on(on: date) -> dict[str, Fault]:
    """This function will return, by item, where several organs are primary on the same ground."""
    return {
        entry.item.code: fault for entry in duty_map(on) for fault in entry.faults if fault.kind == FaultKind.OVERLAP
    }


def organs_of(entries: Sequence[Entry]) -> list[OrganType | Unit]:
    """This function will return the organs that have a line, from the city down, as columns of the map."""
    organs = {line.organ_key: line.organ for entry in entries for line in entry.lines}
    levels = {key: one.organ_type.level if isinstance(one, Unit) else one.level for key, one in organs.items()}
    return sorted(organs.values(), key=lambda one: (levels[one.code], isinstance(one, Unit), one.code))


def history_of(item_code: str) -> list[Responsibility]:
    """This function will return every line that an item ever had, the newest first."""
    lines = Responsibility.objects.filter(item_code=item_code).select_related("organ_type", "unit__organ_type")
    return list(lines.order_by("-valid_from", "-pk")[:500])
