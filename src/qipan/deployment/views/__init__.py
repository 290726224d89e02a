"""The pages of deployment: forces on a ground, the roster, the teams of partners, and property companies."""

from .companies import companies_page, register_page
from .forces import fill_shift_view, forces_page
from .partners import end_team, partners_page, team_passes
from .roster import roster_page

__all__ = [
    "companies_page",
    "end_team",
    "fill_shift_view",
    "forces_page",
    "partners_page",
    "register_page",
    "roster_page",
    "team_passes",
]
