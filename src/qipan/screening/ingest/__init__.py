"""Storing visits: one act, one function, two dialects (ADR 0005). Speed is the purpose here.

``decode`` turns a body into a ``Batch`` of columns; ``postgres`` and ``sqlite`` store batches and return
one code per item; ``store`` chooses between them. The same tests prove both.
"""

import logging

from django.db import DatabaseError, IntegrityError, InterfaceError, connection

from qipan.kernel import writer

from . import postgres, sqlite
from .answers import BatchAnswer, StoreUnavailable, answer
from .decode import MAX_BYTES, Batch, BodyTooLarge, BodyUnreadable, Code, decode
from .late import keep_late
from .register import follow_register

__all__ = [
    "MAX_BYTES",
    "Batch",
    "BatchAnswer",
    "BodyTooLarge",
    "BodyUnreadable",
    "StoreUnavailable",
    "answer",
    "decode",
    "store",
]


log = logging.getLogger(__name__)


def store(batch: Batch) -> list[int]:
    """This function will store a batch and return a code of ``answers.Code`` for each of its good items.

    Inside a caller's transaction the batch is written with it; otherwise it is durable on return.
    Raises ``StoreUnavailable`` when the database cannot be written: then nothing of the batch was.
    """
    if not batch.ids:
        return []
    try:
        try:
            codes = _store(batch)
        except IntegrityError:
            # More doors were visited than the round counts: the register has grown since it was opened.
            if connection.in_atomic_block or not follow_register(batch.rounds, batch.places):
                raise
            codes = _store(batch)
        return keep_late(batch, codes) if Code.ROUND_CLOSED in codes else codes
    except (DatabaseError, InterfaceError) as error:
        log.exception("A batch of %s visits could not be stored", len(batch.ids))
        raise StoreUnavailable from error


def _store(batch: Batch) -> list[int]:
    if connection.vendor == "postgresql":
        return postgres.store(batch)
    if connection.in_atomic_block:
        return sqlite.store([batch])[0]
    return writer.submit(sqlite.store, batch, rows=len(batch.ids))
