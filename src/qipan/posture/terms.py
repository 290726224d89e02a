"""Words of the posture room: postures and response levels."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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
