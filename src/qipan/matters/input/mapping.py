"""Tables of other systems, and the form in which somebody says what their columns and words mean."""

import csv
import hashlib
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.timezone import get_default_timezone_name
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from openpyxl import load_workbook

from qipan.kernel.masking import refuse_tokens
from qipan.kernel.refusal import BadInput
from qipan.webkit.sheets import DAMAGED

from ..actions.importing import Checked
from ..rules.importing import CLOSED_WORDS, JOINED, REQUIRED, SEPARATOR, WORDED, Dates, Datum, Fault, Field, Rules
from .forms import ActForm

MOST_BYTES = 80_000_000
MOST_UNPACKED = 800_000_000
MOST_LINES = 200_000
MOST_COLUMNS = 200
MOST_WORDS = 1000
SHOWN = 20
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True)
class Table:
    """A file as it was read: its header, and its lines as a spreadsheet program numbers them (the header is 1)."""

    sha256: str
    encoding: str
    header: list[str]
    lines: list[tuple[int, list[str]]]

    @property
    def shown(self) -> list[tuple[int, list[str]]]:
        """The preview."""
        return self.lines[:SHOWN]

    def words_of(self, columns: Sequence[str], rules: Rules) -> Counter[str]:
        """This method will count what lines say in some columns together, by the mapping's marks for missing."""
        where = [self.header.index(name) for name in columns if name in self.header]
        missing = {"", *rules.missing}
        return Counter(
            SEPARATOR.join(part for n in where if (part := cells[n] if n < len(cells) else "") not in missing)
            for _number, cells in self.lines
        )


def read_file(raw: bytes) -> Table:
    """This function will read CSV (UTF-8 or GB18030; comma, tab or semicolon) or XLSX, by content and not by name.

    Raises ``BadInput``: too large, neither of both, empty, a column without or with a doubled name.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput([_now("the file is larger than %(megabytes)s MB") % {"megabytes": MOST_BYTES // 1_000_000}])
    encoding, rows = _xlsx(raw) if raw[:2] == b"PK" else _csv(raw)
    if not rows:
        raise BadInput([_now("the file is empty")])
    header = [name.strip() for name in rows[0]]
    while header and not header[-1]:
        header.pop()
    doubled = sorted(name for name, n in Counter(header).items() if n > 1 or not name)
    if not header or doubled:
        raise BadInput([_now("columns without a name, or with the same: %(names)s") % {"names": ", ".join(doubled)}])
    lines = [
        (number, stripped)
        for number, cells in enumerate(rows[1:], 2)
        if any(stripped := [cell.strip() for cell in cells])
    ]
    if len(header) > MOST_COLUMNS or len(lines) > MOST_LINES:
        most = {"lines": MOST_LINES, "columns": MOST_COLUMNS}
        raise BadInput([_now("more than %(lines)s lines or %(columns)s columns; please send it in parts") % most])
    refuse_tokens(rows)  # the file is kept compressed until its columns are named
    return Table(hashlib.sha256(raw).hexdigest(), encoding, header, lines)


def _csv(raw: bytes) -> tuple[str, list[list[str]]]:
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = text.partition("\n")[0]
        delimiter = max(DELIMITERS, key=first.count)
        try:
            return encoding, list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            break
    raise BadInput([_now("neither CSV nor XLSX")])


def _xlsx(raw: bytes) -> tuple[str, list[list[str]]]:
    try:
        if sum(entry.file_size for entry in ZipFile(BytesIO(raw)).infolist()) > MOST_UNPACKED:
            raise BadInput([_now("the file is larger than %(megabytes)s MB") % {"megabytes": MOST_UNPACKED // 10**6}])
        sheet = load_workbook(BytesIO(raw), read_only=True, data_only=True).worksheets[0]
        rows = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1)
        return "XLSX", [["" if value is None else str(value) for value in row] for row in rows]
    except DAMAGED:
        raise BadInput([_now("neither CSV nor XLSX")]) from None


def packed(raw: bytes) -> bytes:
    """This function will compress a file that waits to be mapped."""
    return zlib.compress(raw, 6)


def unpacked(content: bytes) -> bytes:
    """This function will return a file that waited."""
    return zlib.decompress(content)


def rules_from(stored: dict[str, Any]) -> Rules:
    """This function will read a stored mapping."""
    return Rules(**stored)


def read_words(text: str, name: str) -> tuple[dict[str, str], list[str]]:
    """This function will read a table of words, one a line: theirs, then ``=`` or a tab, then ours.

    A line without ours is a question that is not answered yet. Returns the table and what is wrong.
    """
    table: dict[str, str] = {}
    wrong: list[str] = []
    for line in text.splitlines():
        theirs, sep, ours = line.rpartition("\t") if "\t" in line else line.rpartition("=")
        theirs, ours = theirs.strip(), ours.strip()
        if not line.strip() or (sep and not ours):
            continue
        allowed = CLOSED_WORDS.get(Field(name))
        if not sep or not theirs or (allowed is not None and ours not in allowed) or table.get(theirs, ours) != ours:
            wrong.append(line.strip()[:80])
        else:
            table[theirs] = ours
    return table, wrong


class MappingForm(ActForm):
    """Which column tells what, what stands for all lines, what words mean: bound to the columns of one file."""

    name = forms.CharField(
        label=_("Name of the mapping"),
        max_length=60,
        help_text=_("What was imported by a mapping is recognised by it: the same number is taken over once."),
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    missing = forms.CharField(
        label=_("Marks for “missing”, beside the empty cell"),
        required=False,
        max_length=200,
        initial="- | N/A | NULL",
        help_text=_("Separated by |"),
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    dates = forms.ChoiceField(
        label=_("Order of dates"), choices=Dates.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    zone = forms.CharField(
        label=_("Time zone of dates without one"),
        initial=get_default_timezone_name,
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    datum = forms.ChoiceField(
        label=_("Datum of coordinates"),
        choices=Datum.choices,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    cut = forms.BooleanField(label=_("Cut texts longer than 2,000 characters"), required=False)
    private = forms.BooleanField(label=_("Keep these matters off the public list"), required=False)

    def __init__(self, *args: Any, header: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(column, column) for column in header]
        for name in Field:
            label = f"{name.label} *" if name in REQUIRED else str(name.label)
            if name in JOINED:
                self.fields[f"column-{name}"] = forms.MultipleChoiceField(
                    label=label,
                    choices=choices,
                    required=False,
                    widget=forms.SelectMultiple(attrs={"class": "form-select", "size": 4}),
                )
            else:
                self.fields[f"column-{name}"] = forms.ChoiceField(
                    label=label,
                    choices=[("", "—"), *choices],
                    required=False,
                    widget=forms.Select(attrs={"class": "form-select"}),
                )
            if name in WORDED:
                self.fields[f"constant-{name}"] = forms.CharField(
                    label=_("or the same for all lines"),
                    required=False,
                    max_length=60,
                    widget=forms.TextInput(attrs={"class": "form-control"}),
                )
                self.fields[f"words-{name}"] = forms.CharField(
                    label=_("their words = ours"),
                    required=False,
                    widget=forms.Textarea(attrs={"class": "form-control", "rows": 5, "spellcheck": "false"}),
                )

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"].strip()
        if zone not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone."))
        ZoneInfo(zone)
        return zone

    def clean(self) -> dict[str, Any]:
        """This method will read the words and see that everything that is needed is told by a column or for all."""
        data = super().clean() or {}
        for name in WORDED:
            table, wrong = read_words(data.get(f"words-{name}", ""), name)
            data[f"words-{name}"] = table
            if wrong:
                self.add_error(f"words-{name}", _now("Not understood: %(lines)s") % {"lines": "; ".join(wrong[:5])})
        for name in REQUIRED:
            if not data.get(f"column-{name}") and not data.get(f"constant-{name}"):
                self.add_error(f"column-{name}", _("Choose a column, or say what stands for all lines."))
        return data

    def rules(self) -> Rules:
        """This method will return the mapping as it was filled in."""
        data = self.cleaned_data
        columns = {
            str(name): tuple(data[f"column-{name}"]) if name in JOINED else (data[f"column-{name}"],)
            for name in Field
            if data[f"column-{name}"]
        }
        return Rules(
            columns=columns,
            constants={str(n): said for n in WORDED if (said := data[f"constant-{n}"].strip()) and n not in columns},
            words={str(n): data[f"words-{n}"] for n in WORDED if data[f"words-{n}"]},
            missing=tuple(mark for part in data["missing"].split("|") if (mark := part.strip())),
            dates=data["dates"],
            zone=data["zone"],
            datum=data["datum"] or Datum.WGS84,
            cut=data["cut"],
            private=data["private"],
        )


def initial_of(rules: Rules, header: Sequence[str]) -> dict[str, Any]:
    """This function will fill the form from a mapping, as far as the file has its columns."""
    given: dict[str, Any] = {
        "missing": " | ".join(rules.missing),
        "dates": str(rules.dates),
        "zone": rules.zone,
        "datum": str(rules.datum),
        "cut": rules.cut,
        "private": rules.private,
    }
    for name in Field:
        columns = [column for column in rules.columns.get(name, ()) if column in header]
        given[f"column-{name}"] = columns if name in JOINED else (columns[0] if columns else "")
        given[f"constant-{name}"] = rules.constants.get(name, "")
        given[f"words-{name}"] = written(rules.words.get(name, {}))
    return given


def with_open_words(rules: Rules, checked: Checked) -> Rules:
    """This function will add the words that nobody has explained yet to the tables, each waiting for its answer."""
    words = {name: dict(table) for name, table in rules.words.items()}
    for problem in checked.problems:
        if problem.fault in (Fault.UNKNOWN, Fault.SEVERAL) and problem.field in WORDED:
            table = words.setdefault(problem.field, {})
            if len(table) < MOST_WORDS and problem.field not in rules.constants:
                table.setdefault(problem.value, "")
    return replace(rules, words=words)


def written(words: Any) -> str:
    """This function will write a table of words, one a line; a word without ours waits for an answer."""
    return "\n".join(f"{theirs} = {ours}" for theirs, ours in words.items())
