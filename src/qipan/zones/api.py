"""The front door of zones: which level holds on a ground, how much of it reaches one, and what changed."""

from .actions.counts import Given, report_counts
from .actions.moving import ZoneChanged, ZoneLost
from .actions.rule_sets import RuleSetEnded, end_rule_set, publish_rule_set
from .actions.seeds import seed_zones
from .actions.zones import Line, ZoneConfirmed, confirm_zones
from .models import RiskZone, RuleSet
from .queries import Share, ZoneView, changes_ahead, level_over, share_meeting, zones_in_force
from .queries.opened import Held, held_level, open_lines
from .queries.proposals import proposals
from .terms import ZoneLevel

__all__ = [
    "Given",
    "Held",
    "Line",
    "RiskZone",
    "RuleSet",
    "RuleSetEnded",
    "Share",
    "ZoneChanged",
    "ZoneConfirmed",
    "ZoneLevel",
    "ZoneLost",
    "ZoneView",
    "changes_ahead",
    "confirm_zones",
    "end_rule_set",
    "held_level",
    "level_over",
    "open_lines",
    "proposals",
    "publish_rule_set",
    "report_counts",
    "seed_zones",
    "share_meeting",
    "zones_in_force",
]
