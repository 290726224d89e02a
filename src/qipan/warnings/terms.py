"""Words of the warnings room: colours, and what CAP says of time, likelihood and kind of message."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Colour(models.IntegerChoices):
    """Levels of a warning, the gravest first (Emergency Response Law 2024, art. 63)."""

    RED = 1, _("red warning")
    ORANGE = 2, _("orange warning")
    YELLOW = 3, _("yellow warning")
    BLUE = 4, _("blue warning")


class Urgency(models.TextChoices):
    """How soon one must act (CAP 1.2, 3.2.2)."""

    IMMEDIATE = "Immediate", _("act at once")
    EXPECTED = "Expected", _("act within the hour")
    FUTURE = "Future", _("act in the near future")


class Certainty(models.TextChoices):
    """How sure it is (CAP 1.2, 3.2.2)."""

    OBSERVED = "Observed", _("observed")
    LIKELY = "Likely", _("likely (more than half)")
    POSSIBLE = "Possible", _("possible (at most half)")


class MessageKind(models.TextChoices):
    """What a message does to the one before it (CAP 1.2, 3.2.1)."""

    ALERT = "Alert", _("warning")
    UPDATE = "Update", _("update")
    CANCEL = "Cancel", _("cancellation")


class ReceivedState(models.TextChoices):
    """What an official did with an alert from outside."""

    WAITING = "WAITING", _("waits for a decision")
    RELAYED = "RELAYED", _("issued here")
    SET_ASIDE = "SET_ASIDE", _("set aside")
