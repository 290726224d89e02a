"""Workbooks that are none: damaged in transport, cut off, locked with a password."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from qipan.kernel.refusal import BadInput

from ..input.mapping import read_file


def test_a_damaged_or_locked_workbook_is_refused_and_nothing_else():
    book, kept = Workbook(), io.BytesIO()
    book.active.append(["编号", "内容"])
    book.save(kept)
    raw = kept.getvalue()
    parts = zipfile.ZipFile(io.BytesIO(raw))
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as new:
        for one in parts.infolist():
            new.writestr(one.filename, b"<broken" if one.filename == "xl/worksheets/sheet1.xml" else parts.read(one))
    sheet = parts.getinfo("xl/worksheets/sheet1.xml")
    begins = sheet.header_offset + 30 + len(sheet.filename)
    stream = raw[:begins] + bytes(60) + raw[begins + 60 :]
    locked = bytearray(raw)
    locked[raw.rindex(b"PK\x01\x02") + 8] |= 1  # the last entry says that it is encrypted
    for bad in (broken.getvalue(), stream, bytes(locked), raw[: len(raw) // 2]):
        with pytest.raises(BadInput):
            read_file(bad)
