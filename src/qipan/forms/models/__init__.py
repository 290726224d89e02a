"""The tables of the room: passports and openings, what a form asks, drafts, the field dictionary."""

from .definitions import ColumnOrder, FormMedia, FormQuestion, label_of
from .drafts import DraftMedia, FormDraft
from .fields import FieldEntry, FieldValue, FieldValues
from .passports import Form, FormOpening
from .sources import DataSource
from .submissions import AnswerLook, Attachment, Submission

__all__ = [
    "AnswerLook",
    "Attachment",
    "ColumnOrder",
    "DataSource",
    "DraftMedia",
    "FieldEntry",
    "FieldValue",
    "FieldValues",
    "Form",
    "FormDraft",
    "FormMedia",
    "FormOpening",
    "FormQuestion",
    "Submission",
    "label_of",
]
