"""The verbs of screening."""

from .campaigns import (
    BasisMissing,
    CampaignClosed,
    EmptyRound,
    EndMissing,
    GroundMissing,
    RoundClosed,
    RoundOpened,
    RoundsOpen,
    assign_doors,
    close_campaign,
    close_due_rounds,
    close_round,
    open_campaign,
    open_round,
)
from .conflicts import AlreadyDecided, RoundOver, UnknownDecision, decide_conflict
from .samples import sample_open_rounds
from .visits import store_visits

__all__ = [
    "AlreadyDecided",
    "BasisMissing",
    "CampaignClosed",
    "EmptyRound",
    "EndMissing",
    "GroundMissing",
    "RoundClosed",
    "RoundOpened",
    "RoundOver",
    "RoundsOpen",
    "UnknownDecision",
    "assign_doors",
    "close_campaign",
    "close_due_rounds",
    "close_round",
    "decide_conflict",
    "open_campaign",
    "open_round",
    "sample_open_rounds",
    "store_visits",
]
