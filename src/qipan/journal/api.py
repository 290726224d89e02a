"""The journal's front door."""

from .actions import ENTRY_COLUMNS, entry_values, publish, queue_message, record, subscribe
from .rules import digest_of, entry_text

__all__ = ["ENTRY_COLUMNS", "digest_of", "entry_text", "entry_values", "publish", "queue_message", "record", "subscribe"]
