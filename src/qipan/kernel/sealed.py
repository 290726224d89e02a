"""What the database holds sealed: answers of forms, addresses that are secrets, how to reach somebody.

Fernet (AES-128-CBC with HMAC-SHA256, the cryptography project) with a key made of the site's own. Whoever reads a copy
of the database without that key reads nothing. A key that was replaced still opens while it is named among the former
ones (``SECRET_KEY_FALLBACKS``); without it what it sealed is lost, and reads as empty.
"""

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

MARK = "sealed:"  # tells what was sealed from what was stored before
MARK_BYTES = MARK.encode()


def _keys() -> tuple[str, ...]:
    """The site's key, then those that it had before."""
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    digests = [hashlib.sha256(f"qipan.sealed.{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def seal_text(text: str) -> str:
    """This function will seal a text; an empty one stays empty."""
    return f"{MARK}{_fernet(_keys()).encrypt(text.encode()).decode()}" if text else ""


def open_text(held: str) -> str:
    """This function will open what was sealed; empty where another key sealed it or it was changed.

    What was stored before sealing began is returned as it is.
    """
    if not held.startswith(MARK):
        return held
    try:
        return _fernet(_keys()).decrypt(held.removeprefix(MARK).encode()).decode()
    except InvalidToken:
        return ""


def seal_bytes(content: bytes) -> bytes:
    """This function will seal a file; it grows by 80 bytes at most, not by the third that text would cost."""
    return MARK_BYTES + base64.urlsafe_b64decode(_fernet(_keys()).encrypt(content)) if content else b""


def open_bytes(held: bytes) -> bytes:
    """This function will open a sealed file; empty where another key sealed it. What was never sealed stays as it is."""
    if not held.startswith(MARK_BYTES):
        return held
    try:
        return _fernet(_keys()).decrypt(base64.urlsafe_b64encode(held.removeprefix(MARK_BYTES)))
    except InvalidToken:
        return b""


def keyed_digests(digest: str) -> tuple[str, ...]:
    """This function will return what a digest is stored as: with the site's key first, then with each that it had before.

    Where few answers are possible, somebody with a copy of the database could try them all against a bare digest.
    """
    own = (hashlib.sha256(f"qipan.sealed.digest.{key}".encode()).digest() for key in _keys())
    return tuple(hmac.new(key, digest.encode(), hashlib.sha256).hexdigest() for key in own)


def file_keys(name: str) -> tuple[str, ...]:
    """This function will return what stands for a file's name where it is compared: keyed, with each key as ``keyed_digests``."""
    return keyed_digests(f"file:{name}")


class SealedField(models.TextField):
    """A text column that is sealed when it is written and opened when it is read; nothing can be looked up by it."""

    def get_prep_value(self, value: Any) -> Any:
        """This method will seal what is written."""
        return None if value is None else seal_text(str(value))

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        """This method will open what is read."""
        return None if value is None else open_text(value)


class SealedJSONField(models.JSONField):
    """A JSON object that the database holds as one sealed text; what no key here opens reads as ``{}``."""

    def get_prep_value(self, value: Any) -> Any:
        """This method will seal what is written."""
        return None if value is None else seal_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """This method will open what is read."""
        held = super().from_db_value(value, expression, connection)
        return json.loads(open_text(held) or "{}") if isinstance(held, str) else held


class SealedBinaryField(models.BinaryField):
    """A file that the database holds sealed."""

    def get_prep_value(self, value: Any) -> Any:
        """This method will seal what is written."""
        return None if value is None else seal_bytes(bytes(value))

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Any:
        """This method will open what is read."""
        return None if value is None else open_bytes(bytes(value))
