"""Closed lists of the room."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    PREPARED = "PREPARED", _("waits for the second person")
    APPROVED = "APPROVED", _("is being carried out")
    REFUSED = "REFUSED", _("refused")
    DONE = "DONE", _("destroyed, with a certificate")


class WishKind(models.TextChoices):
    """What a person asks about what is held of them."""

    DELETE = "DELETE", _("delete it")
    CORRECT = "CORRECT", _("correct it")


class WishState(models.TextChoices):
    ASKED = "ASKED", _("asked")
    GRANTED = "GRANTED", _("done as you asked")
    REFUSED = "REFUSED", _("refused, with the reason")
