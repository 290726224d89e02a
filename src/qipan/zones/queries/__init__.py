"""Reading zones: what is in force over a ground, exact to the second and without any job."""

from .zones import Share, ZoneView, changes_ahead, level_over, share_meeting, zones_in_force

__all__ = ["Share", "ZoneView", "changes_ahead", "level_over", "share_meeting", "zones_in_force"]
