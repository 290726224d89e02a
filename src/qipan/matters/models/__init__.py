"""The tables of the room: the loop, and joint work."""

from .counts import Allowance, Standing, StreetTally, Tally
from .exclusions import Exclusion
from .importing import Import, ImportDraft, ImportLine, ImportMapping
from .joint import AgendaItem, Agreed, Call, Called, Conclusion, Hazard, Rating, ReviewSession
from .loop import (
    Category,
    Contact,
    ContactLook,
    Handling,
    Matter,
    MatterStep,
    Photo,
    Report,
)
from .rechecks import Recheck, Sampling
from .referral import Handover, HandoverLook, Referral, ReferralStep
from .suggestions import Learned, SuggestionSwitch, SuggestionTally

__all__ = [
    "AgendaItem",
    "Agreed",
    "Allowance",
    "Call",
    "Called",
    "Category",
    "Conclusion",
    "Contact",
    "ContactLook",
    "Exclusion",
    "Handling",
    "Handover",
    "HandoverLook",
    "Hazard",
    "Import",
    "ImportDraft",
    "ImportLine",
    "ImportMapping",
    "Learned",
    "Matter",
    "MatterStep",
    "Photo",
    "Rating",
    "Recheck",
    "Referral",
    "ReferralStep",
    "Report",
    "ReviewSession",
    "Sampling",
    "Standing",
    "StreetTally",
    "SuggestionSwitch",
    "SuggestionTally",
    "Tally",
]
