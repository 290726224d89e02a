"""Words of the posture room: postures, response levels, ends of measures, and how its tasks are named."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.desk.api import TaskKind

# What may be asked of whoever carries a measure out; each needs the order (FRC-6).
ORDER_TASKS = (TaskKind.GATE, TaskKind.SUPPLY, TaskKind.GUIDANCE)
# Kinds of units that carry measures out, and never impose them.
EXECUTING = ("property-company", "community")


def order_source(key: int, kind: str) -> str:
    """This function will name the source of tasks under a measure."""
    return f"measure:{key}:{kind.lower()}"


def decision_source(key: int) -> str:
    """This function will name the source of the task by which a measure is put to its issuer."""
    return f"measure:{key}:end"


def review_source(issuer: int, told_at: datetime, *, drill: bool) -> str:
    """This function will name the source of the tasks that tell of reviews: one for each issuer and time of telling."""
    return f"reviews:{issuer}:{int(told_at.timestamp())}{'d' if drill else ''}"


class PostureKind(models.TextChoices):
    """ROUTINE needs no row; STANDING is the low posture, EMERGENCY the one of a declared response."""

    STANDING = "STANDING", _("standing (low)")
    EMERGENCY = "EMERGENCY", _("emergency")


class ResponseLevel(models.IntegerChoices):
    """Levels of an emergency response, the gravest first."""

    I = 1, _("level I")  # noqa: E741
    II = 2, _("level II")
    III = 3, _("level III")
    IV = 4, _("level IV")


class StepKind(models.TextChoices):
    """What was done to a declaration."""

    DECLARED = "DECLARED", _("declared")
    LEVEL = "LEVEL", _("level changed")
    EXTENDED = "EXTENDED", _("extended")
    ENDED = "ENDED", _("ended")
    LAPSED = "LAPSED", _("ended by itself")


class EndKind(models.TextChoices):
    """Why a measure ended before its expiry."""

    LIFTED = "LIFTED", _("lifted")
    DROPPED = "DROPPED", _("risk zone dropped")


class CardState(models.TextChoices):
    """How a measure stands."""

    TO_COME = "TO_COME", _("not begun")
    IN_FORCE = "IN_FORCE", _("in force")
    ENDED = "ENDED", _("ended")
