"""PostgreSQL: the whole batch in one call of ``screening_store_visits`` (``data/store_visits.sql``)."""

from pathlib import Path
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection, connections

from qipan.journal.api import canonical, entry_text

from .decode import Batch

CALL = (
    "SELECT screening_store_visits(%s::uuid[], %s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[],"
    " %s::bigint, %s::bigint[], %s::bigint[], %s::uuid, %s::timestamptz, %s::bigint,"
    " %s::text, %s::bigint, %s::bigint, %s::text, %s::text, %s::text[])"
)
ACT = "screening.store_visits"
SQL = Path(__file__).resolve().parent.parent / "data" / "store_visits.sql"


def lay_down(using: str, **_signal: Any) -> None:
    """This function will lay the function down in a database that was just migrated, as it stands in its file."""
    if connections[using].vendor != "postgresql":
        return
    with connections[using].cursor() as cursor:
        cursor.execute(SQL.read_text(encoding="utf-8").replace("%", "%%"), [])
        # One counter row changes with each upload: half-empty pages keep its versions on one page, off the indexes.
        cursor.execute("ALTER TABLE screening_coverage SET (fillfactor = 50)")


def _array(values: list[int] | list[str]) -> str:
    """This function will write an array as PostgreSQL reads it: one string binds faster than its items."""
    return "{" + ",".join(map(str, values)) + "}"


def subject_of(batch: Batch) -> str:
    return f"screening.Batch:{batch.id}"


def _entry(batch: Batch) -> list[str]:
    """This function will return the canonical text of the journal's entry around what only the database knows."""
    text = entry_text(
        act=ACT,
        subject=subject_of(batch),
        by=batch.by,
        at=batch.received_at,
        place=None,
        data=canonical({"digest": "?1", "shift": batch.shift_us, "stored": "?2"}),
        drill=False,
    )
    # The gaps are sought from the right: only the label, to their left, is free text.
    head, _gap, rest = text.rpartition('"?1"')
    middle, _gap, end = rest.rpartition('"?2"')
    before, _gap, after = end.rpartition('"drill":false')
    return [f'{head}"', f'"{middle}', f'{before}"drill":', after]


def _parameters(batch: Batch) -> tuple[object, ...]:
    by, ground = batch.by, batch.ground
    return (
        _array(batch.ids),
        _array(batch.rounds),
        _array(batch.places),
        _array(batch.outcomes),
        _array(batch.happened),
        _array(batch.contents),
        batch.team_id,
        None if ground is None else _array([part.first for part in ground.ranges]),
        None if ground is None else _array([part.last for part in ground.ranges]),
        str(batch.id),
        batch.received_at,
        batch.shift_us,
        by.label,
        by.account_id,
        by.post_id,
        by.pass_id or "",
        subject_of(batch),
        _entry(batch),
    )


def store(batch: Batch) -> list[int]:
    """This function will store one batch; see ``ingest.store``.

    A lost connection, a deadlock or an ended server is tried once more: the same visits twice are
    one, so nothing is asked of the database beforehand.
    """
    parameters = _parameters(batch)
    if connection.in_atomic_block:
        return _call(parameters)
    try:
        return _call(parameters)
    except (OperationalError, InterfaceError) as error:
        if connection.is_usable() and not _worth_a_second_try(error):
            raise
        connection.close_if_unusable_or_obsolete() if connection.is_usable() else connection.close()
        return _call(parameters)


def _worth_a_second_try(error: Exception) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in ("40P01", "40001")  # deadlock, serialisation


def _call(parameters: tuple[object, ...]) -> list[int]:
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 2  # Django's own cursors bind on the client and are never prepared
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        (codes,) = cursor.execute(CALL, parameters, prepare=True).fetchall()[0]
    return list(codes)
