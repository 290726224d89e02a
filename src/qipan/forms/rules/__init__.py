"""Pure decisions on forms: passports, and what a spreadsheet asks."""

from .passport import PASSPORT, may_open, missing_of, valid
from .xlsform import Converted, Definition, FormBroken, Media, Question, convert_xlsform

__all__ = [
    "PASSPORT",
    "Converted",
    "Definition",
    "FormBroken",
    "Media",
    "Question",
    "convert_xlsform",
    "may_open",
    "missing_of",
    "valid",
]
