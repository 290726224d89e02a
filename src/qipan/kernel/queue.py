"""The one queue of background jobs: every room's ``jobs.py`` hangs its periodic work on it.

Work is only woken up here; what must not be lost stands in the database (the outbox, a task's due
time), so a queue that is thrown away loses nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from huey import Huey, PostgresHuey, SqliteHuey


def make_queue(address: str) -> Huey:
    """This function will open the queue at a file's path or a PostgreSQL address."""
    if address.startswith(("postgres://", "postgresql://")):
        return PostgresHuey("qipan", dsn=address, results=False)
    Path(address).parent.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("qipan", filename=address, results=False)


queue = make_queue(settings.HUEY_DATABASE)


@dataclass(frozen=True)
class Beat:
    """Work that is due more often than once a minute, or may last longer than other jobs should wait."""

    seconds: float
    run: Callable[[], object]


beats: list[Beat] = []


def every(seconds: float) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """This decorator will let ``qipan work`` call a function of ``jobs.py`` every few seconds, in a thread of its own.

    For less than a minute, or what may last for minutes; other rhythms are ``@queue.periodic_task(crontab(...))``.
    """

    def add(run: Callable[[], object]) -> Callable[[], object]:
        beats.append(Beat(seconds, run))
        return run

    return add
