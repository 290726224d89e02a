"""Reading published series of counts: columns by name, areas by official code or by name, lines of one day added up."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from qipan.kernel.place import DISTRICT, STREET, range_of, short_code
from qipan.kernel.refusal import BadInput
from qipan.territory.api import areas_within


@dataclass(frozen=True)
class Columns:
    """Which column of a file says what; ``area`` holds codes, or else ``area_name`` (and ``district``) names."""

    day: str
    number: str
    area: str = ""
    area_name: str = ""
    district: str = ""
    where: Mapping[str, str] = field(default_factory=dict)  # only lines that say so
    add_up: bool = False  # several lines of one area and day are parts of one count


@dataclass
class Series:
    """Lines as ``actions.counts.read_rows`` takes them, and how many were left out because they lie elsewhere."""

    rows: list[dict[str, str]]
    elsewhere: int


def read_series(path: Path, columns: Columns, *, name: str, within: str, totals: bool) -> Series:
    """This function will read a CSV file (UTF-8) of counts for an input, keeping what lies in one area.

    Raises ``BadInput`` for a file that cannot be read, missing columns, and names that the map does not know.
    """
    number = "total" if totals else "n"
    ground = range_of(within)
    known = _names(within) if columns.area_name else {}
    found: dict[tuple[str, str], dict[str, str]] = {}
    rows, elsewhere, unknown = [], 0, dict[str, int]()
    for line, row in _lines(path, columns):
        if any(row[column] != wanted for column, wanted in columns.where.items()):
            continue
        if columns.area:
            code = _short(row[columns.area])
        else:
            code = known.get((row.get(columns.district, ""), row[columns.area_name]), "")
            if not code:
                unknown.setdefault(f"{row.get(columns.district, '')} {row[columns.area_name]}".strip(), line)
                continue
        if not code or not ground.covers(range_of(code)):
            elsewhere += 1
            continue
        one = {"area": code, "day": row[columns.day], "input": name, number: row[columns.number], "line": str(line)}
        before = found.get((code, row[columns.day]))
        if before is not None and columns.add_up and before[number].isdecimal() and one[number].isdecimal():
            before[number] = str(int(before[number]) + int(one[number]))
            continue
        found[code, row[columns.day]] = one
        rows.append(one)
    if unknown:
        raise BadInput(
            [
                _("line %(line)s: %(why)s") % {"line": line, "why": _("the map has no “%(name)s”") % {"name": text}}
                for text, line in list(unknown.items())[:200]
            ]
        )
    return Series(rows, elsewhere)


def _lines(path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, str]]]:
    wanted = [columns.day, columns.number, columns.area or columns.area_name, columns.district, *columns.where]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in wanted if name and name not in (reader.fieldnames or ())]
            if missing:
                raise BadInput([_("columns are missing: %(names)s") % {"names": ", ".join(missing)}])
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput([_("the file cannot be read as a table: %(why)s") % {"why": str(error)[:200]}]) from error


def _short(code: str) -> str:
    try:
        return short_code(code.strip()) if code.strip() else ""
    except ValueError:
        return ""


def _names(within: str) -> dict[tuple[str, str], str]:
    """Codes of the districts and streets of an area by name; a street's also together with its district's name."""
    ground = [range_of(within)]
    districts = {area.code: area.name for area in areas_within(ground, DISTRICT)}
    names = {("", name): code for code, name in districts.items()}
    twice: set[str] = set()
    for street in areas_within(ground, STREET):
        names[districts.get(street.parent_code, ""), street.name] = street.code
        if ("", street.name) in names:
            twice.add(street.name)
        names["", street.name] = street.code
    return {key: code for key, code in names.items() if not (key[0] == "" and key[1] in twice)}
