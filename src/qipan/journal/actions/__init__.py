"""The journal's verbs."""

from .chain import seal
from .outbox import GiveUp, Later, deliver_waiting, forget_messages, given_up, register_channel, try_again
from .recording import ENTRY_COLUMNS, entry_values, publish, queue_message, record, subscribe, write_entries

__all__ = [
    "ENTRY_COLUMNS",
    "GiveUp",
    "Later",
    "deliver_waiting",
    "entry_values",
    "forget_messages",
    "given_up",
    "publish",
    "queue_message",
    "record",
    "register_channel",
    "seal",
    "subscribe",
    "try_again",
    "write_entries",
]
