"""Tables in and out: damaged files are refused and nothing else, whatever is written can be read again."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from qipan.kernel.refusal import BadInput
from qipan.webkit.sheets import read_table, xlsx_file


def workbook() -> bytes:
    """This function will write a small XLSX."""
    book = Workbook()
    book.active.append(["名称", "place"])
    for n in range(5):
        book.active.append([f"第{n}行", str(n)])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


WHOLE = workbook()


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8), st.data())
def test_a_damaged_workbook_is_refused_or_read_and_nothing_else(changes, data):
    raw = bytearray(WHOLE)
    for at, byte in changes:
        raw[at] = byte
    raw = bytes(raw[: data.draw(st.integers(2, len(raw)))]) if data.draw(st.booleans()) else bytes(raw)
    with contextlib.suppress(BadInput):
        read_table(raw)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_a_workbook_with_a_broken_part_is_refused(part):
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as old, zipfile.ZipFile(kept, "w") as new:
        for one in old.infolist():
            new.writestr(one, b"<broken" if one.filename == part else old.read(one.filename))
    with pytest.raises(BadInput):
        read_table(kept.getvalue())


def test_no_control_character_breaks_a_workbook():
    answer = xlsx_file("x", ["a"], [["大雨\x0b山洪\x07"], ["=1+1"]])
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["大雨\n山洪", "'=1+1"]
