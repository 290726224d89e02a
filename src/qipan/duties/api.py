"""The front door of duties: organs, units and the ground they work on."""

from .actions import Seeded, rename_organ_type, seed_organisation
from .models import OrganType, Stewardship, Unit
from .queries import command_for, get_unit, ground_of, lead_body, unit_above, units_on

__all__ = [
    "OrganType",
    "Seeded",
    "Stewardship",
    "Unit",
    "command_for",
    "get_unit",
    "ground_of",
    "lead_body",
    "rename_organ_type",
    "seed_organisation",
    "unit_above",
    "units_on",
]
