"""Reading forms: which version holds, what is open where."""

from .fields import asked_elsewhere, entries, fields_on
from .held import GroundTooWide, HeldFile, held_codes, held_file
from .opened import (
    asked_ground,
    forms_by_validity,
    get_form,
    open_forms,
    openings_on,
    posture_kind,
    register_posture,
    register_teams,
    running,
)

__all__ = [
    "GroundTooWide",
    "HeldFile",
    "asked_elsewhere",
    "asked_ground",
    "entries",
    "fields_on",
    "forms_by_validity",
    "get_form",
    "held_codes",
    "held_file",
    "open_forms",
    "openings_on",
    "posture_kind",
    "register_posture",
    "register_teams",
    "running",
]
