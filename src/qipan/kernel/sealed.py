"""A text that the database holds sealed: addresses that are secrets, and how to reach somebody.

Fernet (AES-128-CBC with HMAC-SHA256, the cryptography project) with a key made of the site's own. Whoever reads a copy
of the database without that key reads nothing. A key that was replaced still opens while it is named among the former
ones (``SECRET_KEY_FALLBACKS``); without it the text is lost, and reads as empty.
"""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

MARK = "sealed:"  # tells what was sealed from what was stored before


def _fernet() -> MultiFernet:
    digests = [
        hashlib.sha256(f"qipan.sealed.{key}".encode()).digest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def seal_text(text: str) -> str:
    """This function will seal a text; an empty one stays empty."""
    return f"{MARK}{_fernet().encrypt(text.encode()).decode()}" if text else ""


def open_text(held: str) -> str:
    """This function will open what was sealed; empty where another key sealed it or it was changed.

    What was stored before sealing began is returned as it is.
    """
    if not held.startswith(MARK):
        return held
    try:
        return _fernet().decrypt(held.removeprefix(MARK).encode()).decode()
    except InvalidToken:
        return ""


class SealedField(models.TextField):
    """A text column that is sealed when it is written and opened when it is read; nothing can be looked up by it."""

    def get_prep_value(self, value: Any) -> Any:
        """This method will seal what is written."""
        return None if value is None else seal_text(str(value))

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        """This method will open what is read."""
        return None if value is None else open_text(value)
