"""The front door of posture: declarations, postures over grounds, measures."""

from .actions.declarations import change_level, declare, end_declaration, extend_declaration
from .actions.measures import extend_measure, impose_measure, lift_measure
from .actions.postures import end_posture, take_posture
from .models import CommandConflict, Declaration, DeclaredGround, Measure, Posture
from .queries import (
    PostureView,
    conflicts_of,
    declarations_on,
    get_declaration,
    measure_words,
    measures_in_force,
    measures_to_review,
    posture_over,
    postures_in_force,
    prevailing_posture,
)
from .terms import PostureKind, ResponseLevel

__all__ = [
    "CommandConflict",
    "Declaration",
    "DeclaredGround",
    "Measure",
    "Posture",
    "PostureKind",
    "PostureView",
    "ResponseLevel",
    "change_level",
    "conflicts_of",
    "declarations_on",
    "declare",
    "end_declaration",
    "end_posture",
    "extend_declaration",
    "extend_measure",
    "get_declaration",
    "impose_measure",
    "lift_measure",
    "measure_words",
    "measures_in_force",
    "measures_to_review",
    "posture_over",
    "postures_in_force",
    "prevailing_posture",
    "take_posture",
]
