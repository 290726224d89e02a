"""Reading forms: which version holds, what is open where."""

from .opened import forms_by_validity, get_form, open_forms, openings_on, posture_kind, register_posture, running

__all__ = [
    "forms_by_validity",
    "get_form",
    "open_forms",
    "openings_on",
    "posture_kind",
    "register_posture",
    "running",
]
