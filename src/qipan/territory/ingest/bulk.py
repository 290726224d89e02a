"""Rows in bulk, the same on both databases: COPY on PostgreSQL, executemany on SQLite, in chunks."""

import csv
from collections.abc import Callable, Iterable
from io import StringIO
from itertools import islice
from typing import Any

from django.db import connection

CHUNK = 50_000


def write(
    table: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[Any, ...]],
    *,
    progress: Callable[[int], None] | None = None,
    before_chunk: Callable[[], None] | None = None,
) -> int:
    """This function will write rows into a table as they come and return how many; it holds one chunk at a time.

    ``before_chunk`` is called when a chunk has been read and is not yet written, ``progress`` with the
    number written so far.
    """
    rows = iter(rows)
    done = 0
    names = ", ".join(columns)
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        while chunk := list(islice(rows, CHUNK)):
            if before_chunk is not None:
                before_chunk()
            if connection.vendor == "postgresql":
                # An empty text is a text: no column of these tables is read as NULL.
                text = StringIO()
                csv.writer(text, lineterminator="\n").writerows(chunk)
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({names}))") as copy:
                    copy.write(text.getvalue())
            else:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", chunk)  # noqa: S608 - own names
            done += len(chunk)
            if progress is not None:
                progress(done)
    return done
