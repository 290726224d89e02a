"""Words of the forms room: what a form asks about."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Subject(models.TextChoices):
    """What one filled form is about; only PERSON holds personal data."""

    UNIT = "UNIT", _("unit")
    DOOR = "DOOR", _("door")
    PERSON = "PERSON", _("person")
