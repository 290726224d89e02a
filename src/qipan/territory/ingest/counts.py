"""Doors on the register as dated denominators of every area: one statement a level (ORG-16)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, DIGITS, Range

from ..models import Area, AreaRange, Denominator
from ..queries import GOVERNING, OFFICIAL, compounds_within, joined, moved_ranges, official_ranges
from ..terms import DenominatorKind

COUNT = """
INSERT INTO territory_denominator (hierarchy, code, kind, value, valid_from, definition, source, synthetic)
SELECT a.hierarchy, a.code, 'DOORS', c.doors, %s, %s, %s, c.synthetic
FROM (
    SELECT CAST(place / {unit} AS text) AS code, sum(doors) AS doors, {any_synthetic} AS synthetic
    FROM territory_compound WHERE place BETWEEN %s AND %s GROUP BY place / {unit}
) c
JOIN territory_area a ON a.code = c.code AND a.hierarchy = 'OFFICIAL' AND a.valid_to IS NULL
ON CONFLICT (hierarchy, code, kind, valid_from) DO UPDATE SET
    value = excluded.value, source = excluded.source, definition = excluded.definition, synthetic = excluded.synthetic
"""


def count_doors(ranges: Iterable[Range], *, on: date, source: str = "") -> None:
    """This function will count the doors of every area that holds some of this ground, as its figure from ``on``.

    Without a source (the map changed, not the register) the figure keeps the source it had, and holds
    from the day of the newest count where that is later.
    """
    definition = _("doors on the address register")
    any_synthetic = "bool_or(synthetic)" if connection.vendor == "postgresql" else "max(synthetic)"
    ground = joined(ranges)
    if not compounds_within(ground).exists():
        return
    known = None if source else Denominator.objects.filter(kind=DenominatorKind.DOORS).order_by("-valid_from").first()
    if known is not None:
        source, on = known.source, max(on, known.valid_from)
    source = source or definition
    for level in range(CITY, COMMUNITY + 1):
        unit = 10 ** (DIGITS - CODE_LENGTHS[level])
        # Whole areas of the level, so that a count of part of one never replaces its sum.
        wholes = joined(Range(part.first // unit * unit, part.last // unit * unit + unit - 1) for part in ground)
        sql = COUNT.format(unit=unit, any_synthetic=any_synthetic)
        with connection.cursor() as cursor:
            for whole in wholes:
                cursor.execute(sql, [on, definition, source[:200], *whole])
        _count_moved(level, on=on, definition=definition, source=source[:200])
    _count_governed(ground, on=on, definition=definition, source=source[:200])


def _count_moved(level: int, *, on: date, definition: str, source: str) -> None:
    """This function will correct the counts of areas whose ground differs from the range of their code."""
    moved = moved_ranges()[level]
    left = {f"{part.first:019d}"[: CODE_LENGTHS[level]] for parts in moved.values() for part in parts}
    areas = Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, code__in={*moved, *left})
    for area in areas:
        _count_one(area, official_ranges(area.code, moved), on=on, definition=definition, source=source)


def _count_governed(ground: Iterable[Range], *, on: date, definition: str, source: str) -> None:
    """This function will count the doors of the governing areas that hold some of this ground."""
    held: dict[str, list[Range]] = defaultdict(list)
    rows = AreaRange.objects.filter(hierarchy=GOVERNING, valid_to=None).order_by("first")
    for code, first, last in rows.values_list("code", "first", "last"):
        held[code].append(Range(first, last))
    for area in Area.objects.filter(hierarchy=GOVERNING, valid_to=None, code__in=held):
        ranges = held[area.code]
        if any(part.meets(other) for part in ranges for other in ground):
            _count_one(area, ranges, on=on, definition=definition, source=source)


def _count_one(area: Area, ranges: Iterable[Range], *, on: date, definition: str, source: str) -> None:
    """This function will count the doors on the ground of one area and keep the figure from ``on``."""
    compounds = compounds_within(ranges)
    value = compounds.aggregate(doors=Sum("doors"))["doors"] or 0
    Denominator.objects.update_or_create(
        hierarchy=area.hierarchy,
        code=area.code,
        kind=DenominatorKind.DOORS,
        valid_from=on,
        defaults={
            "value": value,
            "definition": definition,
            "source": source,
            "synthetic": area.synthetic or compounds.filter(synthetic=True).exists(),
        },
    )
