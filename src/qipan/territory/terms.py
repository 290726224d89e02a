from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel import place


class Level(models.IntegerChoices):
    """Levels of the tree; the values are those of ``kernel.place``."""

    PROVINCE = place.PROVINCE, _("province")
    CITY = place.CITY, _("city")
    DISTRICT = place.DISTRICT, _("district")
    STREET = place.STREET, _("subdistrict (street)")
    COMMUNITY = place.COMMUNITY, _("community")
    COMPOUND = place.COMPOUND, _("compound")
    DOOR = place.DOOR, _("door")


class Hierarchy(models.TextChoices):
    OFFICIAL = "OFFICIAL", _("official divisions")
    GOVERNING = "GOVERNING", _("governing areas")


class CompoundKind(models.TextChoices):
    ESTATE = "ESTATE", _("residential estate")
    COURTYARD = "COURTYARD", _("courtyard")
    VILLAGE = "VILLAGE", _("village group")
    DEDICATED = "DEDICATED", _("dedicated grid")


class DenominatorKind(models.TextChoices):
    RESIDENT = "RESIDENT", _("resident population")
    SERVICE = "SERVICE", _("service population")
    DOORS = "DOORS", _("doors on the register")


class ChangeKind(models.TextChoices):
    """What an act changed."""

    DIVISIONS = "DIVISIONS", _("divisions")
    GOVERNING = "GOVERNING", _("governing areas")
    RESTRUCTURE = "RESTRUCTURE", _("mergers and splits")
    OUTLINES = "OUTLINES", _("outlines")
    REGISTER = "REGISTER", _("address register")
    DENOMINATOR = "DENOMINATOR", _("denominators")
