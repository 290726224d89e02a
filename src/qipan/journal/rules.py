"""What a digest is taken over, how the chain is linked, when a message is tried again. Pure functions."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from qipan.kernel.actor import Actor

FIRST_HASH = "0" * 64  # what the first entry is chained to
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
_quoted = json.encoder.encode_basestring


def canonical(fields: dict[str, Any]) -> str:
    """This function will write fields as canonical JSON: sorted keys, no spaces, no escapes beyond JSON's own."""
    return _CANONICAL.encode(fields)


def digest_of_text(text: str) -> str:
    """This function will return the SHA-256 of a text in UTF-8."""
    return sha256(text.encode()).hexdigest()


def digest_of(fields: dict[str, Any]) -> str:
    """This function will return the SHA-256 of the fields as canonical JSON."""
    return digest_of_text(canonical(fields))


def text_of(
    by: Sequence[Any], *, act: str, subject: str, at: datetime, place: int | None, data: str, drill: bool
) -> str:
    """This function will return the canonical text of an entry, of which its digest is taken; ``data`` is canonical.

    It is what ``canonical`` makes of all of it, put together by hand: entries are written by the ten thousand.
    """
    label, account, post, by_pass = by
    return (
        f'{_head(act, at, label, account, post, by_pass)},"data":{data},"drill":{"true" if drill else "false"},'
        f'"place":{_number(place)},"subject":{_quoted(subject)}}}'
    )


@lru_cache(maxsize=256)  # what is written by the ten thousand has one act, moment and actor
def _head(act: str, at: datetime, label: str, account: int | None, post: int | None, by_pass: str) -> str:
    microseconds = int(at.timestamp()) * 1_000_000 + at.microsecond
    by = f"{_quoted(label)},{_number(account)},{_number(post)},{_quoted(by_pass)}"
    return f'{{"act":{_quoted(act)},"at":{microseconds},"by":[{by}]'


def _number(value: int | None) -> str:
    return "null" if value is None else f"{value:d}"


def entry_text(*, act: str, subject: str, by: Actor, at: datetime, place: int | None, data: str, drill: bool) -> str:
    """This function will return the canonical text of the entry that these arguments lead to; ``data`` is canonical."""
    signed = (by.label, by.account_id, by.post_id, by.pass_id or "")
    return text_of(signed, act=act, subject=subject, at=at, place=place, data=data, drill=drill)


def link(previous: str, digest: str) -> str:
    """This function will return the hash of an entry: SHA-256 over the hash before it and its own digest."""
    return digest_of_text(previous + digest)


def next_try(attempts: int) -> timedelta | None:
    """This function will return how long to wait after that many failed attempts; None means give up."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None
