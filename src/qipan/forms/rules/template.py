"""The blank XLSForm with its passport sheet: written for who designs a form, and read again from what they send."""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from .spreadsheets import Rows, make_xlsform

PASSPORT_SHEET = "passport"
# Names of the rows in the passport sheet, with what they mean to people.
PASSPORT_ROWS = (
    ("title", "表名", "Title in Chinese"),
    ("title_en", "表名（英文）", "Title in English"),
    ("subject", "调查对象：UNIT 单位，DOOR 户，PERSON 个人", "What it asks about: UNIT, DOOR or PERSON"),
    ("number", "表号", "Form number"),
    ("issuer", "制定机关（单位编码）", "Issuer (code of the unit)"),
    ("approval", "批准或者备案文号", "Approval or filing number"),
    ("basis", "依据", "Legal basis"),
    ("purpose", "目的", "Purpose"),
    ("valid_from", "有效期自（年-月-日）", "Valid from (YYYY-MM-DD)"),
    ("valid_to", "有效期至，含当日（年-月-日）", "Valid until and with this day (YYYY-MM-DD)"),
    ("reason", "为什么询问敏感信息（如有）", "Why sensitive facts are asked, if any are"),
)
SURVEY = (
    "type", "name", "label::中文 (zh)", "label::English (en)", "hint::中文 (zh)", "hint::English (en)", "required",
    "relevant", "constraint", "qipan_field",
)  # fmt: skip
CHOICES = ("list_name", "name", "label::中文 (zh)", "label::English (en)")


def blank_template(fields: Iterable[Sequence[str]]) -> bytes:
    """This function will write the blank XLSForm: survey, choices, settings, the passport, and the fields to choose.

    ``fields`` are lines of the dictionary: code, name, English name, sensitivity, source.
    """
    sheets: dict[str, Rows] = {
        "survey": [SURVEY],
        "choices": [CHOICES, ("yes_no", "yes", "是", "Yes"), ("yes_no", "no", "否", "No")],
        "settings": [("default_language",), ("中文 (zh)",)],
        PASSPORT_SHEET: [("name", "value", "说明", "meaning"), *((name, "", zh, en) for name, zh, en in PASSPORT_ROWS)],
        "fields": [("qipan_field", "字段", "field", "sensitivity", "source"), *fields],
    }
    return make_xlsform(sheets)


def read_passport(raw: bytes) -> dict[str, str]:
    """This function will read the passport sheet of an XLSX that was bounded and converted before; {} without one.

    Dates are returned as "YYYY-MM-DD"; what is no row of a passport is left out.
    """
    if not raw.startswith(b"PK"):
        return {}
    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    name = next((one for one in book.sheetnames if one.strip().lower() == PASSPORT_SHEET), None)
    if name is None:
        return {}
    known = {row[0] for row in PASSPORT_ROWS}
    rows = book[name].iter_rows(max_row=50, max_col=2, values_only=True)
    read = {str(row[0]).strip(): _plain(row[1]) for row in rows if len(row) > 1 and row[0] is not None}
    return {key: value for key, value in read.items() if key in known and value}


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value).strip()
