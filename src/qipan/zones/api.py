"""The front door of zones: which level holds on a ground, how much of it reaches one, and what changed."""

from .actions.zones import ZoneChanged, ZoneConfirmed
from .models import RiskZone, RuleSet
from .queries import Share, ZoneView, level_over, share_meeting, zones_in_force
from .terms import ZoneLevel

__all__ = [
    "RiskZone",
    "RuleSet",
    "Share",
    "ZoneChanged",
    "ZoneConfirmed",
    "ZoneLevel",
    "ZoneView",
    "level_over",
    "share_meeting",
    "zones_in_force",
]
