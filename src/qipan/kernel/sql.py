"""Statements on the driver's own cursor, for the few acts of which thousands come in seconds.

Django's cursors bind on the client and are never prepared; here the driver binds, and PostgreSQL plans once.
"""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from .masking import refuse_tokens

MOST_PREPARED = 500  # statements that a connection keeps prepared


@lru_cache(maxsize=1024)
def _for_sqlite(statement: str) -> str:
    return re.sub(r"%\((\w+)\)s", r":\1", statement).replace("%s", "?")


def fetch(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """This function will run a statement with ``%s`` (or ``%(name)s``) and return its rows, as the driver gives them.

    In the open transaction if there is one. On SQLite moments come without
    their zone (UTC), out of a function as text, and booleans as numbers or not.
    """
    refuse_tokens(parameters)
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors:
        if connection.vendor == "sqlite":
            return raw.cursor(sqlite3.Cursor).execute(_for_sqlite(statement), parameters).fetchall()
        from psycopg import Cursor

        if raw.prepared_max != MOST_PREPARED:
            raw.prepare_threshold, raw.prepared_max = 2, MOST_PREPARED
        with Cursor(raw) as cursor:
            cursor.execute(statement, parameters, prepare=True)
            return cursor.fetchall() if cursor.description else []


def fetch_rows(rows: QuerySet[Any]) -> list[tuple[Any, ...]]:
    """This function will run the statement of a ``values_list`` queryset of plain numbers and return rows as ``fetch``.

    For sums over thousands of groups: Django's converters would take longer than the database.
    """
    return fetch(*rows.query.sql_with_params())


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
