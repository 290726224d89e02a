"""Pure decisions on forms: passports, what a spreadsheet asks, what may be asked."""

from .dictionary import (
    Entry,
    Fault,
    Overlap,
    Problem,
    asked,
    missing_translations,
    overlap,
    problems_of,
    red_words,
    sealed_words,
    sensitive_words,
)
from .notes import Shown, passport_note
from .passport import PASSPORT, may_open, missing_of, valid
from .spreadsheets import make_xlsform
from .workbooks import FIELD_COLUMN, FormBroken, Question
from .xform import demanded_pictures, words_of
from .xlsform import HELD_FILE, PLACE_FIELD, Converted, Definition, Media, choice_lists, convert_xlsform

__all__ = [
    "FIELD_COLUMN",
    "HELD_FILE",
    "PASSPORT",
    "PLACE_FIELD",
    "Converted",
    "Definition",
    "Entry",
    "Fault",
    "FormBroken",
    "Media",
    "Overlap",
    "Problem",
    "Question",
    "Shown",
    "asked",
    "choice_lists",
    "convert_xlsform",
    "demanded_pictures",
    "make_xlsform",
    "may_open",
    "missing_of",
    "missing_translations",
    "overlap",
    "passport_note",
    "problems_of",
    "red_words",
    "sealed_words",
    "sensitive_words",
    "valid",
    "words_of",
]
