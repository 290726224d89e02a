"""Rows in bulk, the same on both databases: COPY on PostgreSQL, executemany on SQLite, in chunks."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from django.db import connection

CHUNK = 50_000
# What COPY's text format would read as its own signs.
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(ESCAPES) if isinstance(value, str) else str(value)


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
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    copy.write("".join(["\t".join(map(_text, row)) + "\n" for row in chunk]))
            else:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", chunk)  # noqa: S608 - own names
            done += len(chunk)
            if progress is not None:
                progress(done)
    return done
