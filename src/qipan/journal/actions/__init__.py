"""The journal's verbs."""

from .chain import seal
from .outbox import GiveUp, Later, deliver_waiting, forget_messages, register_channel
from .recording import ENTRY_COLUMNS, entry_values, publish, queue_message, record, subscribe, write_entries

__all__ = [
    "ENTRY_COLUMNS",
    "GiveUp",
    "Later",
    "deliver_waiting",
    "entry_values",
    "forget_messages",
    "publish",
    "queue_message",
    "record",
    "register_channel",
    "seal",
    "subscribe",
    "write_entries",
]
