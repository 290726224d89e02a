"""Ending what the release finds open, by its reference."""

from datetime import datetime

from qipan.kernel.actor import Actor
from qipan.kernel.ids import key_of
from qipan.kernel.refusal import NotFound

from ..models import Call
from .calling import end_call


def close_line(reference: str, *, reason: str, by: Actor, at: datetime) -> bool:
    """This function will end the call behind a reference ("reserves.Call:3"); says whether it still ran.

    Giving back and paying stay with their owners. Raises ``NotFound`` and what ``end_call`` raises.
    """
    label, _colon, rest = reference.partition(":")
    key = key_of(rest)
    rows = Call.objects.everywhere("the act checks its sides")
    call = rows.filter(pk=key).first() if label == "reserves.Call" and key is not None else None
    if call is None:
        raise NotFound
    return end_call(call, reason=reason, by=by, at=at)
