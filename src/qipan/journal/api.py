"""The journal's front door."""

from .actions import (
    ENTRY_COLUMNS,
    GiveUp,
    Later,
    deliver_waiting,
    entry_values,
    given_up,
    publish,
    queue_message,
    record,
    register_channel,
    seal,
    subscribe,
    try_again,
    write_entries,
)
from .models import Message
from .queries import Checksum, Verdict, checksum, entries_about, entries_of, last_recorded, register_audit, verify
from .rules import canonical, digest_of, entry_text

__all__ = [
    "ENTRY_COLUMNS",
    "Checksum",
    "GiveUp",
    "Later",
    "Message",
    "Verdict",
    "canonical",
    "checksum",
    "deliver_waiting",
    "digest_of",
    "entries_about",
    "entries_of",
    "entry_text",
    "entry_values",
    "given_up",
    "last_recorded",
    "publish",
    "queue_message",
    "record",
    "register_audit",
    "register_channel",
    "seal",
    "subscribe",
    "try_again",
    "verify",
    "write_entries",
]
