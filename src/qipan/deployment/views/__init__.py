"""The pages of deployment: forces on a ground, and the teams of partners."""

from .forces import fill_shift_view, forces_page
from .partners import end_team, partners_page, team_passes

__all__ = ["end_team", "fill_shift_view", "forces_page", "partners_page", "team_passes"]
