"""Tables that people bring and take: the catalogue as CSV or XLSX."""

import csv
from collections.abc import Iterable
from io import BytesIO, StringIO
from zipfile import BadZipFile

from django.utils.translation import gettext as _
from openpyxl import Workbook, load_workbook

from qipan.kernel.refusal import BadInput
from qipan.webkit.sheets import cell

from ..actions.catalogue import COLUMNS, MOST_ROWS
from ..models import Category

MOST_BYTES = 5_000_000


def read_table(raw: bytes) -> list[dict[str, str]]:
    """This function will read CSV (UTF-8 or GB18030) or XLSX, by content and not by name; empty lines are left out.

    Raises ``BadInput`` when it is neither.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput([_("the file is larger than %(megabytes)s MB") % {"megabytes": MOST_BYTES // 1_000_000}])
    lines = _xlsx(raw) if raw[:2] == b"PK" else _csv(raw)
    if not lines:
        raise BadInput([_("the file is empty")])
    header = [name.strip() for name in lines[0]]
    return [
        {name: (line[n].strip() if n < len(line) else "") for n, name in enumerate(header) if name}
        for line in lines[1:]
        if any(one.strip() for one in line)
    ]


def _csv(raw: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return [[_plain(one) for one in line] for line in csv.reader(StringIO(raw.decode(encoding), newline=""))]
        except (UnicodeDecodeError, csv.Error):
            continue
    raise BadInput([_("neither CSV nor XLSX")])


def _plain(text: str) -> str:
    """A cell as we wrote it: the mark that keeps spreadsheets from running a formula is taken off again."""
    return text[1:] if text[:1] == "'" and cell(text[1:]) == text else text


def _xlsx(raw: bytes) -> list[list[str]]:
    try:
        book = load_workbook(BytesIO(raw), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 2, max_col=len(COLUMNS) + 5)
        return [["" if value is None else str(value) for value in row] for row in rows]
    except (BadZipFile, KeyError, ValueError, OSError, IndexError):
        raise BadInput([_("neither CSV nor XLSX")]) from None


def _rows(categories: Iterable[Category]) -> list[list[str]]:
    return [list(COLUMNS), *([cell(getattr(one, name)) for name in COLUMNS] for one in categories)]


def as_csv(categories: Iterable[Category]) -> bytes:
    """This function will write the catalogue as CSV that spreadsheet programs open in Chinese."""
    out = StringIO(newline="")
    csv.writer(out).writerows(_rows(categories))
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(categories: Iterable[Category]) -> bytes:
    """This function will write the catalogue as XLSX, every cell as text so that codes keep their zeros."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("catalogue")
    for row in _rows(categories):
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()
