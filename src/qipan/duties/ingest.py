# ruff: noqa: S608 - constants only
"""Set-based SQL that gives every area and every compound its unit. The same on both databases.

An area's place, first and last number come from its code, padded to 19 digits (ADR 0001).
"""

from datetime import date

from django.db import connection

from qipan.kernel.place import Range

from .models import OrganType

# The pattern's {area} is replaced by the area's name; an area without an English name leaves it empty.
AREA_UNITS = """
INSERT INTO duties_unit (code, organ_type_id, name, name_en, place, first, last, parent_id, valid_from, valid_to, synthetic)
SELECT a.code || ':' || t.code, t.id, replace(t.unit_name, '{area}', a.name),
    CASE WHEN a.name_en = '' THEN '' ELSE replace(t.unit_name_en, '{area}', a.name_en) END,
    CAST(substr(a.code || '0000000000000000000', 1, 19) AS bigint),
    CAST(substr(a.code || '0000000000000000000', 1, 19) AS bigint),
    CAST(substr(a.code || '9999999999999999999', 1, 19) AS bigint),
    p.id, %s, NULL, a.synthetic
FROM territory_area a
JOIN duties_organtype t ON t.id = %s
LEFT JOIN duties_unit p ON p.code = a.parent_code || ':' || %s
WHERE a.hierarchy = 'OFFICIAL' AND a.level = t.level AND a.valid_to IS NULL
    AND CAST(substr(a.code || '0000000000000000000', 1, 19) AS bigint) BETWEEN %s AND %s
ON CONFLICT (code) DO NOTHING
"""

COMPOUND_UNITS = """
INSERT INTO duties_unit (code, organ_type_id, name, name_en, place, first, last, parent_id, valid_from, valid_to, synthetic)
SELECT CAST(c.place / 10000 AS text) || ':' || t.code, t.id, replace(t.unit_name, '{area}', c.name),
    CASE WHEN c.name_en = '' THEN '' ELSE replace(t.unit_name_en, '{area}', c.name_en) END,
    c.place, c.place, c.place + 9999, p.id, %s, NULL, c.synthetic
FROM territory_compound c
JOIN duties_organtype t ON t.id = %s
LEFT JOIN duties_unit p ON p.code = CAST(c.place / 10000000 AS text) || ':' || %s
WHERE c.place BETWEEN %s AND %s
ON CONFLICT (code) DO NOTHING
"""

# Social organisations and volunteers: a desk in their area, below its office, and no ground of their own.
PARTNER_UNITS = """
INSERT INTO duties_unit (code, organ_type_id, name, name_en, place, first, last, parent_id, valid_from, valid_to, synthetic)
SELECT a.code || ':' || t.code, t.id, replace(t.unit_name, '{area}', a.name),
    CASE WHEN a.name_en = '' THEN '' ELSE replace(t.unit_name_en, '{area}', a.name_en) END,
    CAST(substr(a.code || '0000000000000000000', 1, 19) AS bigint), NULL, NULL, p.id, %s, NULL, %s
FROM territory_area a
JOIN duties_organtype t ON t.id = %s
JOIN duties_unit p ON p.code = a.code || ':street-office'
WHERE a.hierarchy = 'OFFICIAL' AND a.level = t.level AND a.valid_to IS NULL
    AND CAST(substr(a.code || '0000000000000000000', 1, 19) AS bigint) BETWEEN %s AND %s
ON CONFLICT (code) DO NOTHING
"""

# Ten neighbouring compounds of one district to a company, numbered along the place numbers.
STEWARDED = """
SELECT place, CAST(place / 10000000000000 AS text) AS district,
    (row_number() OVER (PARTITION BY place / 10000000000000 ORDER BY place) - 1) / %s + 1 AS number
FROM territory_compound WHERE place BETWEEN %s AND %s
"""

COMPANIES = f"""
SELECT district, number, min(place) FROM ({STEWARDED}) AS numbered GROUP BY district, number ORDER BY district, number
"""

STEWARDSHIPS = f"""
INSERT INTO duties_stewardship (unit_id, place, helps, valid_from, valid_to)
SELECT u.id, numbered.place, %s, %s, NULL FROM ({STEWARDED}) AS numbered
JOIN duties_unit u ON u.code = numbered.district || ':' || %s || '-' || CAST(numbered.number AS text)
WHERE NOT EXISTS (SELECT 1 FROM duties_stewardship s WHERE s.place = numbered.place AND s.valid_to IS NULL AND NOT s.helps)
"""


def area_names(code: str) -> tuple[str, str] | None:
    """This function will return the name and the English name of a current official area; None if missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, name_en FROM territory_area WHERE hierarchy = 'OFFICIAL' AND code = %s AND valid_to IS NULL",
            [code],
        )
        row: tuple[str, str] | None = cursor.fetchone()
        return row


def insert_area_units(kind: OrganType, *, parent: str, ground: Range, on: date) -> int:
    """This function will give each official area at the kind's level its unit; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.execute(AREA_UNITS, [on, kind.pk, parent, ground.first, ground.last])
        return max(cursor.rowcount, 0)


def insert_compound_units(kind: OrganType, *, parent: str, ground: Range, on: date) -> int:
    """This function will give each compound its unit; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.execute(COMPOUND_UNITS, [on, kind.pk, parent, ground.first, ground.last])
        return max(cursor.rowcount, 0)


def insert_partner_units(kind: OrganType, *, ground: Range, on: date) -> int:
    """This function will give each area at the kind's level a partner of this kind, made up; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.execute(PARTNER_UNITS, [on, True, kind.pk, ground.first, ground.last])
        return max(cursor.rowcount, 0)


def companies_needed(ground: Range, *, compounds_each: int) -> list[tuple[str, int, int]]:
    """This function will return (district, number, first compound) of each company the compounds need."""
    with connection.cursor() as cursor:
        cursor.execute(COMPANIES, [compounds_each, ground.first, ground.last])
        return cursor.fetchall()


def insert_stewardships(kind: OrganType, *, compounds_each: int, ground: Range, on: date) -> int:
    """This function will give each compound without one its steward; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(STEWARDSHIPS, [False, on, compounds_each, ground.first, ground.last, kind.code])
        return max(cursor.rowcount, 0)
