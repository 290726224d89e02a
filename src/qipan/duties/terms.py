"""The words of responsibility lists."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# Kinds of units that are registered one by one and stand at one place (``register_firm``); they only execute.
STANDING_FIRMS = ("hotel", "carrier", "supplier", "firm")
PROPERTY_COMPANY = "property-company"  # looks after compounds, where the others stand at one place


class Role(models.TextChoices):
    """What an organ is to an item: it answers for it, it helps, or it was taken from it and may not be asked."""

    PRIMARY = "PRIMARY", _("primary")
    COOPERATING = "COOPERATING", _("cooperating")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")


class ItemKind(models.TextChoices):
    ENFORCEMENT = "ENFORCEMENT", _("law enforcement")
    SAFETY = "SAFETY", _("safety supervision")
    UPKEEP = "UPKEEP", _("upkeep of facilities")
    SERVICE = "SERVICE", _("public service")
    SELF_RUN = "SELF_RUN", _("self-government and mutual help")


class FaultKind(models.TextChoices):
    GAP = "GAP", _("nobody is primary")
    PART_GAP = "PART_GAP", _("nobody is primary on a part of the ground")
    OVERLAP = "OVERLAP", _("several are primary on the same ground")


# Each with a sign, so that nothing depends on colour.
ROLE_SIGNS = {Role.PRIMARY: "●", Role.COOPERATING: "○", Role.WITHDRAWN: "×"}
