"""The front door of duties: organs, units, the ground they work on, and who answers for what."""

from .actions.contacts import LinePersonal, LineUnreadable, check_line, keep_contact
from .actions.firms import register_firm
from .actions.helping import LooksAfterOthers, end_help, help_in
from .actions.lists import ListsChanged, ListsRead, import_lists, seed_lists, set_duty
from .actions.organs import Seeded, UnitsMerged, rename_organ_type, seed_organisation
from .models import CompanyContact, OrganType, Responsibility, ResponsibilityItem, Stewardship, Unit
from .queries.contacts import contact_of, contacts_of, looked_after
from .queries.lists import NotOnList, Proposal, check_primary, duty_map, items_on, named_primary, proposals
from .queries.units import (
    GroundClosed,
    areas_of,
    areas_to_begin_on,
    command_for,
    get_unit,
    ground_of,
    heir_of,
    is_partner,
    lead_body,
    partners_for,
    signing_unit,
    unit_above,
    units_on,
)
from .terms import PROPERTY_COMPANY, STANDING_FIRMS, FaultKind, ItemKind, Role

__all__ = [
    "PROPERTY_COMPANY",
    "STANDING_FIRMS",
    "CompanyContact",
    "FaultKind",
    "GroundClosed",
    "ItemKind",
    "LinePersonal",
    "LineUnreadable",
    "ListsChanged",
    "ListsRead",
    "LooksAfterOthers",
    "NotOnList",
    "OrganType",
    "Proposal",
    "Responsibility",
    "ResponsibilityItem",
    "Role",
    "Seeded",
    "Stewardship",
    "Unit",
    "UnitsMerged",
    "areas_of",
    "areas_to_begin_on",
    "check_line",
    "check_primary",
    "command_for",
    "contact_of",
    "contacts_of",
    "duty_map",
    "end_help",
    "get_unit",
    "ground_of",
    "heir_of",
    "help_in",
    "import_lists",
    "is_partner",
    "items_on",
    "keep_contact",
    "lead_body",
    "looked_after",
    "named_primary",
    "partners_for",
    "proposals",
    "register_firm",
    "rename_organ_type",
    "seed_lists",
    "seed_organisation",
    "set_duty",
    "signing_unit",
    "unit_above",
    "units_on",
]
