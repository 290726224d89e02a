"""The verbs of deployment: teams, shifts, and the teams of partners."""

from .forces import StandDownMissing, TeamSizeUnknown, form_teams, release_teams
from .partners import end_helping, end_partner_team, form_partner_teams, give_passes
from .registering import FirstPasswordMissing, register_with_account
from .shifts import (
    NobodyNamed,
    NoShiftLeft,
    ShiftFilled,
    ShiftHoursDisordered,
    ShiftOver,
    close_shifts,
    end_shifts,
    fill_shift,
    fill_shifts,
    open_shifts,
    warn_empty_shifts,
)

__all__ = [
    "FirstPasswordMissing",
    "NoShiftLeft",
    "NobodyNamed",
    "ShiftFilled",
    "ShiftHoursDisordered",
    "ShiftOver",
    "StandDownMissing",
    "TeamSizeUnknown",
    "close_shifts",
    "end_helping",
    "end_partner_team",
    "end_shifts",
    "fill_shift",
    "fill_shifts",
    "form_partner_teams",
    "form_teams",
    "give_passes",
    "open_shifts",
    "register_with_account",
    "release_teams",
    "warn_empty_shifts",
]
