"""The front door of deployment: teams on their ground, duty shifts, who is on duty."""

from .actions import (
    close_shifts,
    end_shifts,
    fill_shift,
    form_partner_teams,
    form_teams,
    open_shifts,
    release_teams,
    warn_empty_shifts,
)
from .models import Shift, Team
from .queries import (
    Forces,
    OrganForces,
    forces,
    forces_by_place,
    get_shift,
    open_lines,
    shifts_between,
    shifts_now,
    standing_teams,
    teams_of,
)
from .rules import shift_hours

__all__ = [
    "Forces",
    "OrganForces",
    "Shift",
    "Team",
    "close_shifts",
    "end_shifts",
    "fill_shift",
    "forces",
    "forces_by_place",
    "form_partner_teams",
    "form_teams",
    "get_shift",
    "open_lines",
    "open_shifts",
    "release_teams",
    "shift_hours",
    "shifts_between",
    "shifts_now",
    "standing_teams",
    "teams_of",
    "warn_empty_shifts",
]
