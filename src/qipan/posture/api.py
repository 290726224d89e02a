"""The front door of posture: declarations, postures over grounds, measures."""

from .actions.declarations import (
    DeclarationEnded,
    change_level,
    declare,
    end_declaration,
    end_lapsed,
    extend_declaration,
)
from .actions.ending import MeasuresEnded, lift_measure, weigh_measures
from .actions.measures import extend_measure, impose_measure
from .actions.orders import send_order_tasks
from .actions.postures import end_posture, take_posture
from .models import CommandConflict, Declaration, DeclaredGround, Measure, Posture
from .queries.cards import OrderCard, cards_on, order_title, register_numbers
from .queries.declared import (
    PostureView,
    conflicts_of,
    contradictions_of,
    declarations_in_force,
    declarations_on,
    declared_areas,
    declared_over,
    drill_in_force,
    get_declaration,
    posture_over,
    postures_in_force,
    prevailing_posture,
)
from .queries.measures import measure_words, measures_in_force, measures_to_review
from .queries.opened import emergency_of, open_lines
from .queries.zoning import carried_by_zone
from .rules import review_days
from .terms import PostureKind, ResponseLevel, StepKind

__all__ = [
    "CommandConflict",
    "Declaration",
    "DeclarationEnded",
    "DeclaredGround",
    "Measure",
    "MeasuresEnded",
    "OrderCard",
    "Posture",
    "PostureKind",
    "PostureView",
    "ResponseLevel",
    "StepKind",
    "cards_on",
    "carried_by_zone",
    "change_level",
    "conflicts_of",
    "contradictions_of",
    "declarations_in_force",
    "declarations_on",
    "declare",
    "declared_areas",
    "declared_over",
    "drill_in_force",
    "emergency_of",
    "end_declaration",
    "end_lapsed",
    "end_posture",
    "extend_declaration",
    "extend_measure",
    "get_declaration",
    "impose_measure",
    "lift_measure",
    "measure_words",
    "measures_in_force",
    "measures_to_review",
    "open_lines",
    "order_title",
    "posture_over",
    "postures_in_force",
    "prevailing_posture",
    "register_numbers",
    "review_days",
    "send_order_tasks",
    "take_posture",
    "weigh_measures",
]
