"""The acts of the room: publish with a passport, open on grounds for a time, close."""

from .opening import (
    BeyondValidity,
    ClosesTooEarly,
    FormNotValid,
    PersonFormUnderStanding,
    close_forms,
    open_form,
)
from .publishing import (
    NumberInUse,
    PassportIncomplete,
    SubjectUnknown,
    ValidityBackwards,
    publish_form,
    seed_forms,
)

__all__ = [
    "BeyondValidity",
    "ClosesTooEarly",
    "FormNotValid",
    "NumberInUse",
    "PassportIncomplete",
    "PersonFormUnderStanding",
    "SubjectUnknown",
    "ValidityBackwards",
    "close_forms",
    "open_form",
    "publish_form",
    "seed_forms",
]
