"""Reading campaigns, rounds, coverage, what is left; one gate per noun."""

from .addresses import Address, addresses_of
from .audits import audit_batches, audit_coverage, audit_samples, figures_of, recount_coverage
from .campaigns import (
    campaigns_for,
    conflicts_for,
    current_round,
    get_campaign,
    get_conflict,
    get_round,
    ground_of_round,
    open_rounds,
    visits_held,
)
from .coverage import STATE_COLUMNS, CoverageRow, coverage_by_place, coverage_of, coverage_total
from .left import DoorLeft, DoorLine, Recheck, count_left, doors_of_team, left, rechecks, visits_of_team
from .recounts import (
    RecountResult,
    audit_recounts,
    get_recount_door,
    recount_doors,
    recount_result,
    recounts_on,
    waiting_doors,
)
from .trend import RoundTrend, Sample, coverage_trend, is_sampled

__all__ = [
    "STATE_COLUMNS",
    "Address",
    "CoverageRow",
    "DoorLeft",
    "DoorLine",
    "Recheck",
    "RecountResult",
    "RoundTrend",
    "Sample",
    "addresses_of",
    "audit_batches",
    "audit_coverage",
    "audit_recounts",
    "audit_samples",
    "campaigns_for",
    "conflicts_for",
    "count_left",
    "coverage_by_place",
    "coverage_of",
    "coverage_total",
    "coverage_trend",
    "current_round",
    "doors_of_team",
    "figures_of",
    "get_campaign",
    "get_conflict",
    "get_recount_door",
    "get_round",
    "ground_of_round",
    "is_sampled",
    "left",
    "open_rounds",
    "rechecks",
    "recount_coverage",
    "recount_doors",
    "recount_result",
    "recounts_on",
    "visits_held",
    "visits_of_team",
    "waiting_doors",
]
