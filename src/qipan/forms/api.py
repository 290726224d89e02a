"""The front door of forms: passports, and where a form is open."""

from .actions import PersonFormUnderStanding, close_forms, open_form, publish_form, seed_forms
from .models import Form, FormMedia, FormOpening
from .queries import get_form, open_forms, openings_on, register_posture
from .rules import Converted, Definition, FormBroken, Media, convert_xlsform, may_open
from .terms import Subject

__all__ = [
    "Converted",
    "Definition",
    "Form",
    "FormBroken",
    "FormMedia",
    "FormOpening",
    "Media",
    "PersonFormUnderStanding",
    "Subject",
    "close_forms",
    "convert_xlsform",
    "get_form",
    "may_open",
    "open_form",
    "open_forms",
    "openings_on",
    "publish_form",
    "register_posture",
    "seed_forms",
]
