"""The command room's front door."""

from .actions.directives import (
    AlreadyRecalled,
    AlreadyReplaced,
    BasisMissing,
    DirectiveIssued,
    DirectiveRecalled,
    EmptyTarget,
    issue_directive,
    recall_directive,
    revise_directive,
)
from .actions.playbooks import publish_playbook, seed_playbooks
from .models import Activation, ActivationItem, Directive, Playbook
from .queries import (
    DirectiveReport,
    Left,
    activations_for,
    count_recipients,
    directive_report,
    directives_for,
    get_activation,
    get_directive,
    get_playbook,
    left_open,
)

__all__ = [
    "Activation",
    "ActivationItem",
    "AlreadyRecalled",
    "AlreadyReplaced",
    "BasisMissing",
    "Directive",
    "DirectiveIssued",
    "DirectiveRecalled",
    "DirectiveReport",
    "EmptyTarget",
    "Left",
    "Playbook",
    "activations_for",
    "count_recipients",
    "directive_report",
    "directives_for",
    "get_activation",
    "get_directive",
    "get_playbook",
    "issue_directive",
    "left_open",
    "publish_playbook",
    "recall_directive",
    "revise_directive",
    "seed_playbooks",
]
