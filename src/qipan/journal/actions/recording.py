"""Recording acts, publishing events, queueing messages."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

from qipan.kernel.act import gather
from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.sql import Statement, here, insertions, utc_text

from ..models import Message
from ..rules import canonical, digest_of_text, entry_text

Event = TypeVar("Event")
_subscribers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def name_of(subject: Model | str) -> str:
    return subject if isinstance(subject, str) else f"{subject._meta.label}:{subject.pk}"


def record(
    act: str,
    *,
    subject: Model | str,
    by: Actor,
    at: datetime,
    place: int | None = None,
    data: dict[str, Any] | None = None,
    drill: bool = False,
) -> None:
    """This function will write the journal row of an act, in the act's own transaction.

    ``data`` holds what changed (old and new values, counts), never personal data. Raises
    ``RuntimeError`` outside a transaction: an act and its record stand or fall together.
    """
    # As it will be read again, so that its digest can be taken again.
    said = canonical(json.loads(canonical(data))) if data else "{}"
    entry = entry_values(act=act, subject=name_of(subject), by=by, at=at, place=place, data=said, drill=drill)
    write_entries([entry])


ENTRY_COLUMNS = (
    "at", "by_label", "by_account", "by_post", "by_pass", "act", "subject", "place", "data", "drill", "digest", "hash",
)  # fmt: skip
NULLABLE = frozenset({"by_account", "by_post", "place"})
MANY = 1_000  # entries at once that PostgreSQL takes by COPY


def entry_values(
    *, act: str, subject: str, by: Actor, at: datetime, place: int | None, data: str, drill: bool
) -> tuple[Any, ...]:
    """This function will return an unsealed entry as SQLite stores it, in the order of ``ENTRY_COLUMNS``.

    ``data`` is what ``canonical`` makes of a dictionary whose keys are texts.
    For acts that come by thousands and write many entries in a statement of their own, or with
    ``write_entries``; everybody else calls ``record``.
    """
    text = entry_text(act=act, subject=subject, by=by, at=at, place=place, data=data, drill=drill)
    when = utc_text(at)
    digest = digest_of_text(text)
    by_pass = by.pass_id or ""
    return (
        when, by.label, by.account_id, by.post_id, by_pass, act, subject, place, data, drill, digest, "",
    )  # fmt: skip


def write_entries(rows: Sequence[tuple[Any, ...]]) -> None:
    """This function will write entries that ``entry_values`` made, with all others of the act, in its own transaction."""
    if not here().in_atomic_block:
        raise RuntimeError("entries were recorded outside a transaction")
    if len(rows) >= MANY and here().vendor == "postgresql":  # its driver writes out twelve values a row much slower
        write("journal_entry", ENTRY_COLUMNS, ((f"{row[0]}+00", *row[1:]) for row in rows), nullable=NULLABLE)
    else:
        gather(_written, rows)


def _written(rows: list[tuple[Any, ...]]) -> list[Statement]:
    if here().vendor == "sqlite":
        return insertions("journal_entry", ENTRY_COLUMNS, rows)
    moment = "CAST(%s AS timestamp) AT TIME ZONE 'UTC'"
    return insertions("journal_entry", ENTRY_COLUMNS, rows, marks=[moment, *["%s"] * (len(ENTRY_COLUMNS) - 1)])


def subscribe(event: type[Event], handler: Callable[[Event], None]) -> None:
    """This function will call ``handler`` for each published event of the type, in the act's transaction."""
    if handler not in _subscribers[event]:
        _subscribers[event].append(handler)


def publish(event: object) -> None:
    """This function will hand an event (a frozen dataclass of the publishing room) to its subscribers."""
    for handler in _subscribers[type(event)]:
        handler(event)


def queue_message(
    channel: str, *, key: str, payload: dict[str, Any], at: datetime, not_before: datetime | None = None, drill: bool
) -> None:
    """This function will put a message into the outbox; the same ``key`` twice is one message.

    A drill's messages are kept but never leave (EMG-12).
    """
    Message.objects.bulk_create(
        [Message(channel=channel, key=key, payload=payload, created_at=at, not_before=not_before or at, drill=drill)],
        ignore_conflicts=True,
    )
