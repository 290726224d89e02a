"""What tests of all rooms share: real data where they are at hand, and doing things at the same moment."""

import re
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import connection, transaction

from . import sql

PATIENCE_S = 120


def real_data(name: str) -> Path:
    """This function will return a file or folder of ``../shared/data``; where it is not at hand, the test is skipped.

    Real data are read in place and never committed: they belong to others. What the program must do with any data is
    tested on made ones beside, so a machine without them still tests it all.
    """
    path: Path = settings.ROOT.parent / "shared" / "data" / name
    if not path.exists():
        import pytest

        pytest.skip(f"shared/data/{name} is not on this machine")
    return path


def as_stored() -> Iterator[tuple[str, str]]:
    """This function will give every row of every table with the table's name: the values as the database holds them,
    not as a field reads them. Files stand as text, as far as they are one; escapes of JSON are undone.
    """
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the name is the database's own
            for row in cursor.fetchall():
                files = (bytes(one).decode(errors="replace") for one in row if isinstance(one, bytes | memoryview))
                text = " ".join((*(str(one) for one in row), *files))
                yield table, re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def at_once(*works: Callable[[], object]) -> list[Exception | None]:
    """This function will start all works at the same moment, each in a thread with a connection of its own.

    Returns what each raised, None where it went through. Fails when one does not come to an end.
    """
    raised: list[Exception | None] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:
            raised[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("one of the works goes on")
    return raised


class Crash(BaseException):
    """The process is gone: nobody catches this."""


@contextmanager
def broken_off(*, after: int) -> Iterator[None]:
    """This context will let so many statements through, on Django's cursors and on the driver's, and crash once before the next."""
    count = [0]
    real = sql.refuse_tokens

    def step() -> None:
        count[0] += 1
        if count[0] == after + 1:
            raise Crash

    def on_djangos(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
        if "SAVEPOINT" not in statement:  # a test's stand-in for COMMIT, which the database itself does wholly or not
            step()
        return execute(statement, values, many, context)

    def on_the_drivers(values: Any) -> None:
        step()
        real(values)

    with patch.object(sql, "refuse_tokens", on_the_drivers), connection.execute_wrapper(on_djangos):
        yield


def _held(tables: Collection[str] | None = None) -> list[tuple[str, str]]:
    return sorted(row for row in as_stored() if tables is None or row[0] in tables)


def whole_or_nothing(act: Callable[[], Any]) -> int:
    """This function will let an act crash before each of its statements in turn and look what is there of it, then do it.

    Returns how many statements it has.
    """
    before = _held()
    with transaction.atomic():
        act()
        written = {table for table, _row in set(_held()) - set(before)}
        transaction.set_rollback(True)
    assert written and _held() == before
    before = [row for row in before if row[0] in written]
    done, after = False, 0
    while not done:
        try:
            with broken_off(after=after):
                act()
            done = True
        except Crash:
            assert _held(written) == before, f"half an act after {after} statements"
            after += 1
    assert _held(written) != before
    return after
