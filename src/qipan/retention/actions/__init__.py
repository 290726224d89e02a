"""The verbs of the room."""

from .holding import lift_hold, note_backup, place_hold
from .lots import refresh_lots
from .preparing import approve_run, prepare_run, refuse_run
from .resting import keep_purposes, rest_purpose
from .running import carry_out
from .wishes import ask, correct_own, decide_wish

__all__ = [
    "approve_run",
    "ask",
    "carry_out",
    "correct_own",
    "decide_wish",
    "keep_purposes",
    "lift_hold",
    "note_backup",
    "place_hold",
    "prepare_run",
    "refresh_lots",
    "refuse_run",
    "rest_purpose",
]
