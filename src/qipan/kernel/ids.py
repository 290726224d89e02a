"""Time-ordered random ids (UUID version 7, RFC 9562): unique without a server, kind to indexes."""

import os
import time
import uuid

MOST = 2**63 - 1  # what a key can be


def key_of(text: str) -> int | None:
    """This function will return the key that a text from outside spells; None when it spells none.

    ``"²".isdigit()`` is true and ``int("²")`` fails; a number of 5,000 digits fails too.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST))):
        return None
    return key if (key := int(text)) <= MOST else None


def uuid7() -> uuid.UUID:
    """This function will return a UUID of version 7: 48 bits of milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)
