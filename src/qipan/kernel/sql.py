"""Statements on the driver's own cursor, for the few acts of which thousands come in seconds.

Django's cursors bind on the client and are never prepared; here the driver binds, and PostgreSQL plans once.
"""

import re
import sqlite3
from asyncio import _get_running_loop
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, count
from threading import local
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet

from .masking import refuse_tokens

MOST_PREPARED = 500  # statements that a connection keeps prepared
MOST_ROWS = 500  # that one statement inserts
MOST_VALUES = 30_000  # in one statement; PostgreSQL takes 65,535


class _Mine(local):
    connection: Any = None


_mine = _Mine()


def here() -> Any:
    """This function will return this thread's connection, which Django looks up anew for each of its attributes.

    In a thread with an event loop Django keeps one for each task, so there it is looked up here too.
    """
    if _get_running_loop() is not None:
        return connections[DEFAULT_DB_ALIAS]
    if _mine.connection is None:
        _mine.connection = connections[DEFAULT_DB_ALIAS]
    return _mine.connection


@lru_cache(maxsize=256)  # what is written by the ten thousand has one moment
def utc_text(value: datetime) -> str:
    """This function will return a moment with its zone as SQLite keeps it."""
    return str(value.astimezone(UTC).replace(tzinfo=None))


def adapted(value: datetime | None) -> datetime | str | None:
    """This function will return a moment with its zone as the driver takes it: SQLite keeps UTC as text."""
    return value if value is None or here().vendor != "sqlite" else utc_text(value)


@lru_cache(maxsize=1024)
def _for_sqlite(statement: str) -> str:
    return re.sub(r"%\((\w+)\)s", r":\1", statement).replace("%s", "?")


def fetch(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """This function will run a statement with ``%s`` (or ``%(name)s``) and return its rows, as the driver gives them.

    In the open transaction if there is one. On SQLite moments come without
    their zone (UTC), out of a function as text, and booleans as numbers or not.
    """
    refuse_tokens(parameters)
    mine = here()
    if mine.connection is None:
        mine.ensure_connection()
    raw = mine.connection
    with mine.wrap_database_errors:
        if mine.vendor == "sqlite":
            return raw.cursor(sqlite3.Cursor).execute(_for_sqlite(statement), parameters).fetchall()
        cursor = _postgres_cursor(mine)
        text, names = _for_postgres(statement)
        values = [parameters[name] for name in names] if isinstance(parameters, Mapping) else parameters
        cursor.execute(text, values, prepare=True)
        found = cursor.pgresult  # not ``description``, which makes an object of each column
        return cursor.fetchall() if found is not None and found.nfields else []


def _postgres_cursor(mine: Any) -> Any:
    """The connection's one cursor for statements with places by number: nothing is looked for in their text."""
    raw, cursor = mine.connection, getattr(mine, "kept_cursor", None)
    if cursor is None or cursor.connection is not raw:
        from psycopg import RawCursor
        from psycopg.types.datetime import TimestamptzLoader

        raw.prepare_threshold, raw.prepared_max = 2, MOST_PREPARED
        cursor = mine.kept_cursor = RawCursor(raw)
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)  # Django's is written in Python
    return cursor


@lru_cache(maxsize=2048)
def _for_postgres(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with its places by number, and the names that they had, in their order."""
    names: list[str] = []
    places = count(1)

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            return f"${next(places)}"
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"%(?:\((\w+)\)s|s|%)", place, statement).encode(), tuple(names)


Statement = tuple[str, Sequence[Any]]


def insertions(
    table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, marks: Sequence[str] = ()
) -> list[Statement]:
    """This function will return what inserts rows, some hundreds in a statement. ``marks`` stand in place of ``%s``."""
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - own names
    row, every = f"({', '.join(marks or ['%s'] * len(columns))})", list(rows)
    parts = [every[first : first + MOST_ROWS] for first in range(0, len(every), MOST_ROWS)]
    return [(insert + ", ".join([row] * len(some)), list(chain.from_iterable(some))) for some in parts]


def run_together(statements: Iterable[Statement]) -> None:
    """This function will run statements that write and return nothing, none of which reads what another writes.

    On PostgreSQL they are one statement, for one way there and back: the first one, with the others as its
    ``WITH``. In practice they run in the order in which they are given, which matters only to locks.
    """
    joined: list[Statement] = []
    for statement, values in statements:
        if here().vendor != "postgresql":
            fetch(statement, values)
            continue
        if sum(len(some) for _statement, some in joined) + len(values) > MOST_VALUES:
            _run_joined(joined)
            joined = []
        joined.append((statement, values))
    _run_joined(joined)


def _run_joined(statements: list[Statement]) -> None:
    if not statements:
        return
    (first, values), *others = statements
    others.reverse()  # PostgreSQL runs what was begun last first
    parts = ", ".join(f"w{n} AS ({statement})" for n, (statement, _values) in enumerate(others))
    every = [value for _statement, some in others for value in some]
    fetch(f"WITH {parts} {first}" if parts else first, [*every, *values])


def fetch_rows(rows: QuerySet[Any]) -> list[tuple[Any, ...]]:
    """This function will run the statement of a ``values_list`` queryset of plain numbers and return rows as ``fetch``.

    For sums over thousands of groups: Django's converters would take longer than the database. What can hold no row, as of
    a scope without any ground, gives none.
    """
    try:
        statement, params = rows.query.sql_with_params()
    except EmptyResultSet:  # Django raises it while it writes the statement; its own querysets swallow it
        return []
    return fetch(statement, params)


def take_keys(table: str, count: int) -> list[int]:
    """This function will take new keys of a table for rows that are written in bulk, in ascending order.

    On SQLite the caller's transaction must have written already: its lock keeps others from taking the same.
    """
    if connection.vendor == "postgresql":
        statement = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        return [key for (key,) in fetch(statement, (table, count))]
    held = fetch("SELECT seq FROM sqlite_sequence WHERE name = %s", (table,))
    last = held[0][0] if held else 0
    return list(range(last + 1, last + count + 1))


def moment_of(value: datetime | str | None) -> datetime | None:
    """This function will return a moment that ``fetch`` or a bare cursor gave, with its zone: SQLite keeps UTC without saying so."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
