"""Words of the zones room."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ZoneLevel(models.IntegerChoices):
    """Risk levels of an area, the lowest first, so that a higher number is the graver one."""

    LOW = 1, _("low risk")
    MEDIUM = 2, _("medium risk")
    HIGH = 3, _("high risk")


class ZoneUnit(models.IntegerChoices):
    """Sizes of areas that may be counted and judged by; the values are those of ``kernel.place``."""

    CITY = 1, _("city")
    DISTRICT = 2, _("district")
    STREET = 3, _("subdistrict (street)")
    COMMUNITY = 4, _("community")
