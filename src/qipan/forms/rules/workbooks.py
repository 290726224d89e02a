"""The sheets of an XLSForm: read within bounds, its rows walked, its settings narrowed to what an author may say."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext_lazy as _
from pyxform.errors import PyXFormError
from pyxform.xls2json_backends import DefinitionData, get_xlsform

from qipan.kernel.refusal import BadInput
from qipan.webkit.sheets import unpacks_to

from .complaints import explained

MOST_BYTES = 5_000_000
MOST_UNPACKED = 50_000_000  # the list of 11,800 wards unpacks to less than 2 MB
MOST_ROWS = {"survey": 2_000, "choices": 100_000, "external_choices": 100_000}
MOST_DEPTH = 20
# What the settings sheet may say. Id, version and title come from the passport; an address to send answers to, a key
# to hide them from us, and answers sent or erased unasked are not taken over.
SETTINGS = {"default_language", "style", "instance_name", "allow_choice_duplicates", "clean_text_values"}
ROOT = "data"
FIELD_COLUMN = "qipan_field"


class FormBroken(BadInput):
    """The spreadsheet is no XLSForm that can be converted; ``problems`` names each place and reason."""

    code = "form_broken"
    sentence = _("The form cannot be converted; nothing was saved.")


@dataclass(frozen=True)
class Question:
    """One question: where its answer stands in a submission, its type, its labels by language, its row."""

    path: str  # as in a submission, from the root: "/data/household/size"
    name: str
    kind: str
    labels: Mapping[str, str]
    row: int
    field: str = ""
    required: bool = False
    hints: Mapping[str, str] = attribute(default_factory=dict)
    choices: tuple[str, ...] = ()  # what the author offers, in every language
    repeated: bool = False  # stands in a repeat, so a submission may hold it many times
    around: tuple[str, ...] = ()  # names, labels and hints of the groups in which it stands, which are read with it

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that whoever is asked reads, and the name under which the answer is kept."""
        return (self.name, *self.labels.values(), *self.hints.values(), *self.choices, *self.around)


def broken(sentence: Any, **named: object) -> FormBroken:
    """This function will make the refusal that holds one sentence."""
    return FormBroken([str(sentence % named if named else sentence)])


def read_workbook(raw: bytes) -> DefinitionData:
    """This function will read the sheets of a file, told apart by content and bounded first; raises ``FormBroken``."""
    if len(raw) > MOST_BYTES:
        raise broken(_("the file is larger than %(most)s MB"), most=MOST_BYTES // 1_000_000)
    try:
        if raw.startswith(b"PK"):
            if unpacks_to(raw) > MOST_UNPACKED:
                raise broken(_("the file unpacks to more than %(most)s MB"), most=MOST_UNPACKED // 1_000_000)
            book = get_xlsform(io.BytesIO(raw), file_type=".xlsx")
        elif raw.startswith(b"\xd0\xcf\x11\xe0"):
            book = get_xlsform(io.BytesIO(raw), file_type=".xls")
        else:
            text = _text(raw)
            kind = ".md" if re.match(r"\s*\|", text) else ".csv"
            book = get_xlsform(io.BytesIO(text.encode()), file_type=kind)
    except PyXFormError as error:
        raise FormBroken([explained(str(error))]) from None
    except DefusedXmlException:
        raise broken(_("the file defines entities, which no spreadsheet needs")) from None
    except FormBroken:
        raise
    except Exception as error:  # readers of foreign formats raise anything on what is none
        if isinstance(error.__context__, DefusedXmlException):
            raise broken(_("the file defines entities, which no spreadsheet needs")) from None
        raise broken(_("the file cannot be read: %(why)s"), why=explained(str(error))) from None
    for sheet, most in MOST_ROWS.items():
        if len(getattr(book, sheet) or ()) > most:
            raise broken(_("sheet %(sheet)s has more than %(most)s rows"), sheet=sheet, most=most)
    if not book.survey and not book.survey_header:
        raise broken(_("the sheet survey is missing"))
    book.survey = list(book.survey or [])
    return book


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise broken(_("the file is neither a spreadsheet nor text"))


def settle(book: DefinitionData, *, code: str, version: int, title: str) -> list[str]:
    """This function will put the passport's id, version and title into the settings sheet, and keep of the author's
    what is harmless; returns what was left out, as warnings.
    """
    said = dict(book.settings[0]) if book.settings else {}
    warnings: list[str] = []
    kept: dict[str, Any] = {}
    for name, value in said.items():
        plain = name.strip().lower().replace(" ", "_")
        if plain in SETTINGS:
            kept[plain] = value
        elif plain in {"form_title", "title", "set_form_title"}:
            kept["form_title"] = value
        elif plain not in {"form_id", "id_string", "set_form_id", "version", "name"}:
            warnings.append(str(_("sheet settings: %(name)s is not taken over") % {"name": name}))
    kept |= {"form_id": code, "version": str(version)}
    if title or not kept.get("form_title"):
        kept["form_title"] = title or code
    book.settings = [kept]
    book.settings_header = [dict.fromkeys(kept)]
    book.fallback_form_name = code
    return warnings


@dataclass(frozen=True)
class Row:
    """One row of the survey sheet with its columns in lower case."""

    number: int  # as a spreadsheet program counts, the header is 1
    cells: Mapping[str, str]
    kind: str
    name: str
    path: str
    repeated: bool
    within: tuple[Mapping[str, str], ...] = ()  # the cells of the groups and repeats around it, the outermost first


def walk(rows: Sequence[Mapping[str, str]]) -> Iterator[Row]:
    """This function will give the questions of a survey sheet in their order; groups and repeats make the path.

    Raises ``FormBroken`` where groups stand too deep inside each other.
    """
    groups: list[str] = []
    repeats: list[bool] = []
    around: list[Mapping[str, str]] = []
    for number, raw in enumerate(rows, 2):
        cells = {key.strip().lower(): value for key, value in raw.items()}
        kind = " ".join((cells.get("type") or cells.get("command") or "").split())
        name = (cells.get("name") or cells.get("value") or cells.get("tag") or "").strip()
        if kind.lower() == "audit":
            name = "audit"  # the one type that the standard names itself
        plain = kind.lower().replace("_", " ")
        if plain.startswith("begin "):
            groups.append(name)
            around.append(cells)
            repeats.append(not plain.startswith("begin group"))
            if len(groups) > MOST_DEPTH:
                raise broken(_("groups stand more than %(most)s deep inside each other"), most=MOST_DEPTH)
        elif plain.startswith("end ") and groups:
            groups.pop()
            around.pop()
            repeats.pop()
        elif kind and name:
            path = "/".join(["", ROOT, *filter(None, groups), name])
            yield Row(number, cells, kind, name, path, any(repeats), tuple(around))


def columns_of(header: Mapping[str, Any], *names: str) -> dict[str, str]:
    """This function will return the columns of these kinds (``label``, ``hint``), as the sheet spells them, with
    their languages; a column without one has the language "default".
    """
    found = {}
    for column in header:
        head, _mark, language = column.partition("::" if "::" in column else ":")
        if head.strip().lower() in names:
            found[column] = language.strip() or "default"
    return found


def said(cells: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, str]:
    """This function will return what a row says in these columns, by language."""
    return {
        language: text for column, language in columns.items() if (text := (cells.get(column.strip().lower()) or ""))
    }


def choice_words(book: DefinitionData) -> dict[str, tuple[str, ...]]:
    """This function will return names and labels of each list of choices."""
    lists: dict[str, list[str]] = {}
    for sheet in (book.choices, book.external_choices):
        for row in sheet or ():
            cells = {key.strip().lower().replace(" ", "_"): value for key, value in row.items()}
            name = (cells.get("list_name") or "").strip()
            lists.setdefault(name, []).extend(
                str(text)
                for key, text in cells.items()
                if text and key.partition(":")[0] in {"name", "value", "label", "caption"}
            )
    return {name: tuple(texts) for name, texts in lists.items()}


def questions_of(book: DefinitionData) -> list[Question]:
    """This function will return the questions of an XLSForm in their order, with what whoever is asked reads."""
    header = (book.survey_header or [{}])[0]
    labels, hints = columns_of(header, "label", "caption"), columns_of(header, "hint", "guidance_hint")
    lists = choice_words(book)
    return [
        Question(
            path=row.path,
            name=row.name,
            kind=row.kind,
            labels=said(row.cells, labels),
            row=row.number,
            field=(row.cells.get(FIELD_COLUMN) or "").strip(),
            required=(row.cells.get("required") or "").strip().lower() in {"yes", "true", "true()"},
            hints=said(row.cells, hints),
            choices=next((lists[word] for word in row.kind.split()[1:] if word in lists), ()),
            repeated=row.repeated,
            around=tuple(
                text
                for one in row.within
                for text in ((one.get("name") or ""), *said(one, labels).values(), *said(one, hints).values())
            ),
        )
        for row in walk(book.survey or [])
    ]


def languages_of(book: DefinitionData) -> tuple[str, ...]:
    """This function will return the languages in which the questions are labelled, in the sheet's order."""
    return tuple(dict.fromkeys(columns_of((book.survey_header or [{}])[0], "label", "caption").values()))
