"""The command room's front door."""

from .actions.activations import activate_playbook
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
from .actions.playbooks import PlaybookUnchanged, VersionTaken, publish_playbook, seed_playbooks
from .actions.release import hand_over, release
from .models import Activation, ActivationItem, Directive, Playbook
from .queries import (
    DirectiveReport,
    Left,
    activations_for,
    activations_under,
    count_recipients,
    current_playbooks,
    directive_report,
    directives_for,
    directives_under,
    get_activation,
    get_directive,
    get_playbook,
    grounds_of,
    left_open,
    lessons_of,
    said,
    source_of,
)
from .queries.scoring import Score, score_of
from .queries.wording import Wording
from .rules import merged

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
    "PlaybookUnchanged",
    "Score",
    "VersionTaken",
    "Wording",
    "activate_playbook",
    "activations_for",
    "activations_under",
    "count_recipients",
    "current_playbooks",
    "directive_report",
    "directives_for",
    "directives_under",
    "get_activation",
    "get_directive",
    "get_playbook",
    "grounds_of",
    "hand_over",
    "issue_directive",
    "left_open",
    "lessons_of",
    "merged",
    "publish_playbook",
    "recall_directive",
    "release",
    "revise_directive",
    "said",
    "score_of",
    "seed_playbooks",
    "source_of",
]
