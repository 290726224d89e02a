"""The journal's front door."""

from .actions import digest_of, publish, queue_message, record, subscribe

__all__ = ["digest_of", "publish", "queue_message", "record", "subscribe"]
