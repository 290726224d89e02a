"""The front door of forms: passports, and where a form is open."""

from .actions import PersonFormUnderStanding, close_forms, open_form, publish_form, seed_forms
from .models import Form, FormOpening
from .queries import get_form, open_forms, openings_on, register_posture
from .rules import may_open
from .terms import Subject

__all__ = [
    "Form",
    "FormOpening",
    "PersonFormUnderStanding",
    "Subject",
    "close_forms",
    "get_form",
    "may_open",
    "open_form",
    "open_forms",
    "openings_on",
    "publish_form",
    "register_posture",
    "seed_forms",
]
