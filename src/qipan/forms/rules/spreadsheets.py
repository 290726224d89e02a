"""An XLSForm made from rows: samples, the blank template, and tests need no file in the repository."""

import io
from collections.abc import Mapping, Sequence

from openpyxl import Workbook

Rows = Sequence[Sequence[object]]


def make_xlsform(sheets: Mapping[str, Rows]) -> bytes:
    """This function will write sheets as an XLSX; the first row of each holds the names of the columns."""
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()
