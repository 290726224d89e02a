"""From a spreadsheet to a form: an XLSForm becomes an XForm, or is refused with sheet and row.

``pyxform`` does the work (https://xlsform.org, https://getodk.github.io/xforms-spec). The passport is put before the
first question, and a question whose field a register holds becomes a read-only value (ADR 0011).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _
from pyxform.builder import create_survey_element_from_dict
from pyxform.errors import PyXFormError
from pyxform.utils import external_choices_to_csv, has_external_choices
from pyxform.xls2json import workbook_to_json
from pyxform.xls2json_backends import DefinitionData

from qipan.kernel.masking import refuse_tokens

from .complaints import explained, located
from .notes import Shown, end_rows, note_rows, own_code_rows
from .workbooks import (
    ROOT,
    FormBroken,
    Question,
    broken,
    columns_of,
    languages_of,
    questions_of,
    read_workbook,
    settle,
    walk,
)
from .xform import PLACE, demanded_pictures

HELD_FILE = "qipan_held.csv"
PLACE_FIELD = "place"  # the field of the dictionary that says which door or unit an answer is about


@dataclass(frozen=True)
class Media:
    """A file that a form needs beside its XForm."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Definition:
    """A form as its author made it: the spreadsheet, the files that it names, and what stands in no sheet."""

    source: bytes
    media: tuple[Media, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)  # path to field, over what the sheet says
    reuse: bool = False  # what a register holds is filled in, not asked
    reason: str = ""  # why sensitive fields are asked
    approved_by: str = ""
    approved_digest: str = ""

    def digest_for(self, *, subject: str, purpose: str, sensitive: Mapping[str, str]) -> str:
        """This method will return the sum over everything that an approval covers, so that any change ends it: the form as
        it was made, what it is about, why it asks, and each sensitive field with its kind.
        """
        sum_ = hashlib.sha256(self.source)
        for one in sorted(self.media, key=lambda media: media.name):
            sum_.update(one.name.encode() + b"\0" + hashlib.sha256(one.content).digest())
        said = [subject, purpose, sorted(sensitive.items()), sorted(self.fields.items()), self.reuse, self.reason]
        sum_.update(json.dumps(said).encode())
        return sum_.hexdigest()


@dataclass(frozen=True)
class Converted:
    """What a spreadsheet became."""

    xform: str
    media: tuple[Media, ...]
    warnings: tuple[str, ...]
    questions: tuple[Question, ...]
    languages: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()  # paths of photographs and films that could not be left out


def convert_xlsform(
    raw: bytes,
    *,
    code: str,
    version: int,
    title: str = "",
    media: Sequence[Media] = (),
    shown: Shown | None = None,
    held: Mapping[str, str] | None = None,
    asks_place: bool = False,
    own_code: bool = False,
) -> Converted:
    """This function will convert an XLSForm (XLSX, XLS, CSV or a Markdown table) to an XForm.

    ``code`` becomes the id and ``version`` the version of the XForm. ``shown`` is the passport for its top. ``held``
    are paths of questions with the field that a register holds: each becomes a read-only value of the chosen place.
    ``asks_place``: the place is asked even where nothing is held, since the answers are about one. ``own_code``: it ends
    with a code for the person whom it is about. Every form says when it was finished.
    Raises ``FormBroken`` with each problem, with sheet and row where they are known.
    """
    book = read_workbook(raw)
    warnings = settle(book, code=code, version=version, title=title)
    questions, languages = tuple(questions_of(book)), languages_of(book)
    inserted = _put_in(book, shown=shown, held=held or {}, asks_place=asks_place, own_code=own_code)
    complaints: list[str] = []
    try:
        tree = workbook_to_json(workbook_dict=book, form_name=ROOT, warnings=complaints)
        made = list(media)
        if has_external_choices(tree) and (listed := external_choices_to_csv(book)) is not None:
            made.append(Media("itemsets.csv", listed.encode()))
        xform = create_survey_element_from_dict(tree).to_xml(validate=False, pretty_print=False, warnings=complaints)
    except PyXFormError as error:
        rows = {word: one.row + inserted for one in questions for word in (one.kind, one.kind.split()[0], one.name)}
        raise FormBroken([explained(located(str(error), rows), inserted=inserted)]) from None
    except RecursionError:
        raise broken(_("groups stand too deep inside each other")) from None
    except Exception as error:  # the converter expects well-meant sheets
        raise broken(_("the converter stopped: %(why)s"), why=str(error)[:200]) from None
    refuse_tokens((xform, *(one.content for one in made)))  # the sheet itself is kept packed
    warnings += [explained(complaint, inserted=inserted) for complaint in complaints]
    return Converted(xform, tuple(made), tuple(dict.fromkeys(warnings)), questions, languages, demanded_pictures(xform))


def _put_in(
    book: DefinitionData, *, shown: Shown | None, held: Mapping[str, str], asks_place: bool, own_code: bool
) -> int:
    """Put the passport and the place before the first question, make held questions read-only values, and end with the
    person's own code where it is about one and with when it was finished; returns how many rows now stand before the
    author's first one.
    """
    rows: list[dict[str, Any]] = list(book.survey or [])
    header = dict((book.survey_header or [{}])[0])
    labels = list(columns_of(header, "label", "caption"))
    before = note_rows(shown, labels) if shown else []
    before = [_spelled(row, header) for row in before]
    if held or asks_place:
        place = next((row for row in walk(rows) if held.get(row.path) == PLACE_FIELD), None)
        if place is None:
            asks = {"type": f"select_one_from_file {HELD_FILE}", "name": PLACE, "required": "yes"}
            asks |= dict.fromkeys(labels or ["label"], "哪一处 Which place")
            before.append(_spelled(asks, header))
        ref = place.name if place else PLACE
        for row in list(walk(rows)):
            if row.path in held:
                rows[row.number - 2] = _value_row(rows[row.number - 2], held[row.path], ref=ref, header=header)
    after = own_code_rows(labels) if own_code else []
    after += end_rows(row.kind for row in walk(rows))
    book.survey = [*before, *rows, *(_spelled(row, header) for row in after)]
    book.survey_header = [header]
    return len(before)


# Other names under which a sheet may hold the same column: two names for one column are refused by the converter.
_ALIASES = {
    "type": ("type", "command"),
    "name": ("name", "value", "tag"),
    "label": ("label", "caption"),
    "relevant": ("relevant", "relevance", "bind::relevant", "bind:relevant"),
    "required": ("required", "bind::required", "bind:required"),
    "calculation": ("calculation", "calculate", "bind::calculate", "bind:calculate"),
    "readonly": ("readonly", "read_only", "bind::readonly", "bind:readonly"),
}


def _spelled(row: Mapping[str, Any], header: dict[str, Any]) -> dict[str, Any]:
    """A row in the columns of the sheet, which gains those that it lacks."""
    spelled = {}
    for name, value in row.items():
        aliases = _ALIASES.get(name, (name,))
        column = next((known for known in header if known.strip().lower() in aliases or known == name), name)
        header.setdefault(column, None)
        spelled[column] = value
    return spelled


_KEPT = {"label", "caption", "hint", "relevant", "relevance", "bind::relevant", "bind:relevant", "name", "value", "tag"}


def _value_row(row: Mapping[str, Any], code: str, *, ref: str, header: dict[str, Any]) -> dict[str, Any]:
    """A question as a value that is shown and not asked; the place itself is chosen from what is held."""
    kept = {
        column: value
        for column, value in row.items()
        if column.strip().lower().partition(":")[0] in {"label", "caption", "hint"} or column.strip().lower() in _KEPT
    }
    if code == PLACE_FIELD:
        return kept | _spelled({"type": f"select_one_from_file {HELD_FILE}", "required": "yes"}, header)
    value = f"instance('{HELD_FILE.partition('.')[0]}')/root/item[name=${{{ref}}}]/{code}"
    return kept | _spelled({"type": "text", "readonly": "yes", "calculation": value}, header)


def choice_lists(questions: Iterable[Question]) -> set[str]:
    """This function will return the names of the files that questions take their choices from."""
    return {
        word
        for one in questions
        for word in one.kind.split()[1:]
        if "from_file" in one.kind.split()[0] or "from file" in one.kind
        if "." in word and word != HELD_FILE
    }
