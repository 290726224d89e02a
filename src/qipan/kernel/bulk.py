"""Rows in bulk, the same on both databases: COPY on PostgreSQL, executemany on SQLite, in chunks."""

import csv
from collections.abc import Callable, Collection, Iterable
from io import StringIO
from itertools import islice
from typing import Any

from django.db import connection, transaction

from .masking import refuse_tokens

CHUNK = 50_000
PIECE = 1_000


def write(
    table: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[Any, ...]],
    *,
    nullable: Collection[str] = (),
    progress: Callable[[int], None] | None = None,
    before_chunk: Callable[[], None] | None = None,
) -> int:
    """This function will write rows into a table as they come and return how many; it holds one chunk at a time.

    ``None`` may stand only in ``nullable`` columns, where an empty text is ``None`` too. Moments are given as
    ``adapt_datetimefield_value`` writes them. ``before_chunk`` is called when a chunk has been read and is not
    yet written, ``progress`` with the number written so far.
    """
    rows = iter(rows)
    done = 0
    names = ", ".join(columns)
    texts = ", ".join(name for name in columns if name not in nullable)
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        while chunk := list(islice(rows, CHUNK)):
            if before_chunk is not None:
                before_chunk()
            # A chunk is there or not; row by row SQLite would flush its log for each, a hundred times as long.
            with transaction.atomic(savepoint=False):
                if connection.vendor == "postgresql":
                    # An empty text is a text, and not NULL, but in the columns that hold no texts.
                    with cursor.copy(
                        f"COPY {table} ({names}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({texts}))"
                    ) as copy:
                        for start in range(0, len(chunk), PIECE):  # the database stores one while the next is written
                            text = StringIO()
                            csv.writer(text, lineterminator="\n").writerows(chunk[start : start + PIECE])
                            refuse_tokens((text.getvalue(),))
                            copy.write(text.getvalue())
                else:
                    cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", chunk)  # noqa: S608 - own names
            done += len(chunk)
            if progress is not None:
                progress(done)
    return done


def add_up(table: str, key: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> int:
    """This function will add to the counts ``n`` that a table holds by a unique key, and return how many it was given.

    Rows are the key and what is added, each key once; a count that was not there begins. They are locked in the
    order in which they come, so that callers with one order never wait for each other in a circle.
    """
    names = ", ".join(key)
    known = f"ON CONFLICT ({names}) DO UPDATE SET n = {table}.n + excluded.n"
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            rows = list(rows)
            marks = ", ".join(["%s"] * (len(key) + 1))
            cursor.executemany(f"INSERT INTO {table} ({names}, n) VALUES ({marks}) {known}", rows)  # noqa: S608 - own names
            return len(rows)
        # A temporary table is read in the order in which it was written.
        cursor.execute(f"CREATE TEMPORARY TABLE adding AS SELECT {names}, n FROM {table} WITH NO DATA")  # noqa: S608 - own names
        done = write("adding", (*key, "n"), rows)
        cursor.execute(f"INSERT INTO {table} ({names}, n) SELECT {names}, n FROM adding {known}")  # noqa: S608 - own names
        cursor.execute("DROP TABLE adding")
    return done
