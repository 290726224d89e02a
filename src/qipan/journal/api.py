"""The journal's front door."""

from .actions import (
    ENTRY_COLUMNS,
    GiveUp,
    Later,
    deliver_waiting,
    entry_values,
    publish,
    queue_message,
    record,
    register_channel,
    seal,
    subscribe,
    write_entries,
)
from .queries import Checksum, Verdict, checksum, entries_about, entries_of, register_audit, verify
from .rules import digest_of, entry_text

__all__ = [
    "ENTRY_COLUMNS",
    "Checksum",
    "GiveUp",
    "Later",
    "Verdict",
    "checksum",
    "deliver_waiting",
    "digest_of",
    "entries_about",
    "entries_of",
    "entry_text",
    "entry_values",
    "publish",
    "queue_message",
    "record",
    "register_audit",
    "register_channel",
    "seal",
    "subscribe",
    "verify",
    "write_entries",
]
