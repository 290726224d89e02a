"""From a spreadsheet to a form: an XLSForm becomes an XForm, or is refused with sheet and row.

``pyxform`` does the work (https://xlsform.org, https://getodk.github.io/xforms-spec). What it is given is bounded
first: bytes, what they unpack to, rows.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext_lazy as _
from pyxform.builder import create_survey_element_from_dict
from pyxform.errors import PyXFormError
from pyxform.utils import external_choices_to_csv, has_external_choices
from pyxform.xls2json import workbook_to_json
from pyxform.xls2json_backends import DefinitionData, get_xlsform

from qipan.kernel.refusal import BadInput
from qipan.webkit.sheets import unpacks_to

MOST_BYTES = 5_000_000
MOST_UNPACKED = 50_000_000  # the list of 11,800 wards unpacks to less than 2 MB
MOST_ROWS = {"survey": 2_000, "choices": 100_000, "external_choices": 100_000}
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
class Media:
    """A file that a form needs beside its XForm."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Definition:
    """A form as its author made it: the spreadsheet, and the files that it names."""

    source: bytes
    media: tuple[Media, ...] = ()


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


@dataclass(frozen=True)
class Converted:
    """What a spreadsheet became."""

    xform: str
    media: tuple[Media, ...]
    warnings: tuple[str, ...]
    questions: tuple[Question, ...]
    languages: tuple[str, ...] = field(default=())


def convert_xlsform(raw: bytes, *, code: str, version: int, title: str = "", media: Sequence[Media] = ()) -> Converted:
    """This function will convert an XLSForm (XLSX, XLS, CSV or a Markdown table) to an XForm.

    ``code`` becomes the id and ``version`` the version of the XForm. Raises ``FormBroken`` with each problem, with
    sheet and row where they are known.
    """
    book = _read(raw)
    warnings = _settle(book, code=code, version=version, title=title)
    try:
        tree = workbook_to_json(workbook_dict=book, form_name=ROOT, warnings=warnings)
        made = list(media)
        if has_external_choices(tree) and (listed := external_choices_to_csv(book)) is not None:
            made.append(Media("itemsets.csv", listed.encode()))
        xform = create_survey_element_from_dict(tree).to_xml(validate=False, pretty_print=False, warnings=warnings)
    except PyXFormError as error:
        raise FormBroken([str(error)]) from None
    except RecursionError:
        raise FormBroken([str(_("groups stand too deep inside each other"))]) from None
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise FormBroken([str(_("the converter stopped: %(why)s") % {"why": str(error)[:200]})]) from None
    return Converted(
        xform=xform,
        media=tuple(made),
        warnings=tuple(warnings),
        questions=tuple(_questions(book.survey or [])),
        languages=_languages(book),
    )


def _read(raw: bytes) -> DefinitionData:
    """The sheets of a file, told apart by content, bounded before they are opened."""
    if len(raw) > MOST_BYTES:
        raise FormBroken([str(_("the file is larger than %(most)s MB") % {"most": MOST_BYTES // 1_000_000})])
    try:
        if raw.startswith(b"PK"):
            if unpacks_to(raw) > MOST_UNPACKED:
                raise FormBroken(
                    [str(_("the file unpacks to more than %(most)s MB") % {"most": MOST_UNPACKED // 1_000_000})]
                )
            book = get_xlsform(io.BytesIO(raw), file_type=".xlsx")
        elif raw.startswith(b"\xd0\xcf\x11\xe0"):
            book = get_xlsform(io.BytesIO(raw), file_type=".xls")
        else:
            text = _text(raw)
            kind = ".md" if re.match(r"\s*\|", text) else ".csv"
            book = get_xlsform(io.BytesIO(text.encode()), file_type=kind)
    except PyXFormError as error:
        raise FormBroken([str(error)]) from None
    except DefusedXmlException:
        raise FormBroken([str(_("the file defines entities, which no spreadsheet needs"))]) from None
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        SyntaxError,
        TypeError,
        ValueError,
        OSError,
    ) as error:
        raise FormBroken([str(_("the file cannot be read: %(why)s") % {"why": str(error)[:200]})]) from None
    for sheet, most in MOST_ROWS.items():
        if len(getattr(book, sheet) or ()) > most:
            raise FormBroken([str(_("sheet %(sheet)s has more than %(most)s rows") % {"sheet": sheet, "most": most})])
    return book


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FormBroken([str(_("the file is neither a spreadsheet nor text"))])


def _settle(book: DefinitionData, *, code: str, version: int, title: str) -> list[str]:
    """Id, version and title are the passport's; returns what of the sheet was left out, as warnings."""
    said = dict((book.settings or [{}])[0]) if book.settings else {}
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


def _questions(rows: Sequence[Mapping[str, str]]) -> list[Question]:
    """The questions of the survey sheet in their order; groups and repeats make the path."""
    found: list[Question] = []
    groups: list[str] = []
    for number, raw in enumerate(rows, 2):
        row = {key.strip().lower(): value for key, value in raw.items()}
        kind = " ".join((row.get("type") or row.get("command") or "").split())
        name = (row.get("name") or row.get("value") or row.get("tag") or "").strip()
        plain = kind.lower().replace("_", " ")
        if plain.startswith("begin "):
            groups.append(name)
        elif plain.startswith("end ") and groups:
            groups.pop()
        elif kind and name:
            found.append(
                Question(
                    path="/".join(["", ROOT, *filter(None, groups), name]),
                    name=name,
                    kind=kind,
                    labels={lang: row[key] for key, lang in labelled(raw).items() if row.get(key)},
                    row=number,
                    field=(row.get(FIELD_COLUMN) or "").strip(),
                    required=(row.get("required") or "").strip().lower() in {"yes", "true", "true()"},
                )
            )
    return found


def labelled(columns: Mapping[str, Any]) -> dict[str, str]:
    """This function will return the columns that hold a label, in lower case, with their languages."""
    found = {}
    for column in columns:
        head, _mark, lang = column.partition("::" if "::" in column else ":")
        if head.strip().lower() in {"label", "caption"}:
            found[column.strip().lower()] = lang.strip() or "default"
    return found


def _languages(book: DefinitionData) -> tuple[str, ...]:
    header = (book.survey_header or [{}])[0]
    return tuple(dict.fromkeys(labelled(header).values()))
