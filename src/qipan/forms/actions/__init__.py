"""The acts of the room: publish with a passport, open on grounds for a time, close."""

from .fields import NotHeldHere, bring_values, import_fields, seed_fields
from .opening import (
    BeyondValidity,
    ClosesTooEarly,
    FormNotValid,
    PersonFormUnderStanding,
    close_forms,
    open_form,
)
from .publishing import (
    ApprovalMissing,
    MustReuse,
    NumberInUse,
    PassportIncomplete,
    QuestionsUnfit,
    ReasonMissing,
    SubjectUnknown,
    ValidityBackwards,
    publish_form,
    seed_forms,
)

__all__ = [
    "ApprovalMissing",
    "BeyondValidity",
    "ClosesTooEarly",
    "FormNotValid",
    "MustReuse",
    "NotHeldHere",
    "NumberInUse",
    "PassportIncomplete",
    "PersonFormUnderStanding",
    "QuestionsUnfit",
    "ReasonMissing",
    "SubjectUnknown",
    "ValidityBackwards",
    "bring_values",
    "close_forms",
    "import_fields",
    "open_form",
    "publish_form",
    "seed_fields",
    "seed_forms",
]
