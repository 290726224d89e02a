"""Doors on the register as dated denominators of every area: one statement a level (ORG-16)."""

from collections.abc import Iterable
from datetime import date

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, DIGITS, Range

from ..models import Area, Denominator
from ..queries import OFFICIAL, compounds_within, denominator, joined, moved_ranges, official_ranges
from ..terms import DenominatorKind

COUNT = """
INSERT INTO territory_denominator (code, kind, value, valid_from, definition, source, synthetic)
SELECT a.code, 'DOORS', c.doors, %s, %s, %s, c.synthetic
FROM (
    SELECT CAST(place / {unit} AS text) AS code, sum(doors) AS doors, {any_synthetic} AS synthetic
    FROM territory_compound WHERE place BETWEEN %s AND %s GROUP BY place / {unit}
) c
JOIN territory_area a ON a.code = c.code AND a.hierarchy = 'OFFICIAL' AND a.valid_to IS NULL
ON CONFLICT (code, kind, valid_from) DO UPDATE SET
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


def _count_moved(level: int, *, on: date, definition: str, source: str) -> None:
    """This function will correct the counts of areas whose ground differs from the range of their code."""
    moved = moved_ranges()[level]
    left = {f"{part.first:019d}"[: CODE_LENGTHS[level]] for parts in moved.values() for part in parts}
    areas = Area.objects.filter(hierarchy=OFFICIAL, valid_to=None, code__in={*moved, *left})
    for code, synthetic in areas.values_list("code", "synthetic"):
        value = compounds_within(official_ranges(code, moved)).aggregate(doors=Sum("doors"))["doors"] or 0
        before = denominator(code, DenominatorKind.DOORS, on=on)
        if before is None or before.value != value or before.valid_from != on:
            Denominator.objects.update_or_create(
                code=code,
                kind=DenominatorKind.DOORS,
                valid_from=on,
                defaults={"value": value, "definition": definition, "source": source, "synthetic": synthetic},
            )
