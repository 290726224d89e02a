"""Reading campaigns, rounds, coverage, what is left; one gate per noun."""

from .audits import audit_batches, audit_coverage
from .campaigns import (
    campaigns_for,
    conflicts_for,
    current_round,
    get_campaign,
    get_conflict,
    get_round,
    ground_of_round,
    open_rounds,
)
from .coverage import STATE_COLUMNS, CoverageRow, coverage_by_place, coverage_of, coverage_total
from .left import DoorLeft, DoorLine, Recheck, count_left, doors_of_team, left, rechecks

__all__ = [
    "STATE_COLUMNS",
    "CoverageRow",
    "DoorLeft",
    "DoorLine",
    "Recheck",
    "audit_batches",
    "audit_coverage",
    "campaigns_for",
    "conflicts_for",
    "count_left",
    "coverage_by_place",
    "coverage_of",
    "coverage_total",
    "current_round",
    "doors_of_team",
    "get_campaign",
    "get_conflict",
    "get_round",
    "ground_of_round",
    "left",
    "open_rounds",
    "rechecks",
]
