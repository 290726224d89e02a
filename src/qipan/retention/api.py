"""The front door of retention: what is due, destruction by two people, holds, certificates, own data."""

from .actions import (
    approve_run,
    ask,
    carry_out,
    correct_own,
    decide_wish,
    lift_hold,
    note_backup,
    place_hold,
    prepare_run,
    refresh_lots,
    refuse_run,
)
from .actions.certifying import public_pem, signing_key
from .actions.preparing import AlreadyDecided, InAnotherRun, NeedsAPerson, NotDue, SamePerson
from .actions.running import carry_out_approved, clock_actor
from .models import Backup, Certificate, DestructionRun, DueLot, Hold, RunLot, Wish
from .queries import (
    LotState,
    certificates,
    destroyed_of,
    due_lots,
    get_run,
    lot_state,
    open_lines,
    own_by_code,
    wishes_of,
)
from .rules.certificate import CertificateBad, read
from .terms import RunState, WishKind, WishState

__all__ = [
    "AlreadyDecided",
    "Backup",
    "Certificate",
    "CertificateBad",
    "DestructionRun",
    "DueLot",
    "Hold",
    "InAnotherRun",
    "LotState",
    "NeedsAPerson",
    "NotDue",
    "RunLot",
    "RunState",
    "SamePerson",
    "Wish",
    "WishKind",
    "WishState",
    "approve_run",
    "ask",
    "carry_out",
    "carry_out_approved",
    "certificates",
    "clock_actor",
    "correct_own",
    "decide_wish",
    "destroyed_of",
    "due_lots",
    "get_run",
    "lift_hold",
    "lot_state",
    "note_backup",
    "open_lines",
    "own_by_code",
    "place_hold",
    "prepare_run",
    "public_pem",
    "read",
    "refresh_lots",
    "refuse_run",
    "signing_key",
    "wishes_of",
]
