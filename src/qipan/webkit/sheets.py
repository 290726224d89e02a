"""Tables in and out, as people open them in a spreadsheet program: CSV and XLSX, with every line's number."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import ParseError

from django.http import HttpResponse
from django.utils.translation import gettext
from openpyxl import Workbook, load_workbook

from qipan.kernel.refusal import BadInput
from qipan.kernel.text import plain_text

FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What a damaged, disguised or locked XLSX makes zipfile, zlib and openpyxl raise; the latter names none of it.
DAMAGED = (ArithmeticError, AttributeError, EOFError, LookupError, OSError, ParseError, RuntimeError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)  # fmt: skip
MOST_BYTES = 5_000_000
MOST_COLUMNS = 200
MOST_UNPACKED = 100_000_000  # a small file may unpack to one that fills the memory


def cell(text: object) -> str:
    """This function will write a cell so that no spreadsheet program takes a name for a formula and runs it.

    Without control characters, which no XLSX can hold.
    """
    written = plain_text(str(text))
    return f"'{written}" if written.startswith(FORMULA) else written


def read_table(raw: bytes, *, most: int = 100_000) -> list[dict[str, str]]:
    """This function will read a table with a header line from CSV (UTF-8 or GB18030) or XLSX, told apart by content.

    Each row carries the number of its line as ``line``. Empty lines are left out. Raises ``BadInput``.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput([gettext("the file is larger than 5 MB")])
    cells = _xlsx_lines(raw) if raw.startswith(b"PK") else _csv_lines(raw)
    try:
        return _rows(cells, most)
    except (csv.Error, *DAMAGED) as error:
        raise BadInput([gettext("the file cannot be read as a table: %(why)s") % {"why": str(error)[:200]}]) from None


def _rows(cells: Iterator[tuple[int, list[str]]], most: int) -> list[dict[str, str]]:
    _line, header = next(cells, (1, []))
    names = [name.strip() for name in header]
    if not any(names) or len(set(filter(None, names))) < len([name for name in names if name]):
        raise BadInput([gettext("line 1: the names of the columns are missing or double")])
    rows: list[dict[str, str]] = []
    for line, values in cells:
        texts = [value.strip() for value in values]
        if not any(texts):
            continue
        if len(rows) >= most:
            raise BadInput([gettext("the file has more than %(most)s lines") % {"most": most}])
        texts += [""] * (len(names) - len(texts))
        row = {name: _plain(text) for name, text in zip(names, texts, strict=False) if name}
        rows.append(row | {"line": str(line)})
    return rows


def _plain(text: str) -> str:
    """A cell without the mark that ``cell`` put before what looks like a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _csv_lines(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")  # what spreadsheet programs in China write
        except UnicodeDecodeError:
            raise BadInput([gettext("the file is neither UTF-8 nor GB18030 text")]) from None
    if "\0" in text:
        raise BadInput([gettext("the file is neither UTF-8 nor GB18030 text")])
    reader = csv.reader(io.StringIO(text, newline=""))
    for values in reader:
        yield reader.line_num, values


def _xlsx_lines(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    if unpacks_to(raw) > MOST_UNPACKED:
        raise BadInput([gettext("the file is larger than 5 MB")])
    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    for line, values in enumerate(book.worksheets[0].iter_rows(values_only=True, max_col=MOST_COLUMNS), 1):
        yield line, ["" if value is None else str(value) for value in values]


def unpacks_to(raw: bytes) -> int:
    """This function will return how many bytes an XLSX file says that it unpacks to; raises ``zipfile.BadZipFile``.

    Python's ``zipfile`` reads no more of a part than its entry says, so a false entry does not help an attacker.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return sum(part.file_size for part in packed.infolist())


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """This function will answer with a CSV file that spreadsheet programs open as UTF-8."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return response


def xlsx_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """This function will answer with an XLSX file; every cell is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    sheet.append(list(header))
    for row in rows:
        sheet.append([cell(value) for value in row])
    kept = io.BytesIO()
    book.save(kept)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    response = HttpResponse(kept.getvalue(), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response
