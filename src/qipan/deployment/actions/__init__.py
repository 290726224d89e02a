"""The verbs of deployment: teams, shifts, and the teams of partners."""

from .forces import (
    NobodyNamed,
    NoShiftLeft,
    ShiftFilled,
    ShiftHoursDisordered,
    ShiftOver,
    StandDownMissing,
    TeamSizeUnknown,
    close_shifts,
    end_shifts,
    fill_shift,
    form_teams,
    open_shifts,
    release_teams,
    warn_empty_shifts,
)
from .partners import end_helping, end_partner_team, form_partner_teams, give_passes
from .registering import FirstPasswordMissing, register_with_account

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
    "form_partner_teams",
    "form_teams",
    "give_passes",
    "open_shifts",
    "register_with_account",
    "release_teams",
    "warn_empty_shifts",
]
