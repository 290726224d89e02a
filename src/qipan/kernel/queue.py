"""The queues of background jobs: every room's ``jobs.py`` hangs its periodic work on one of them.

Work is only woken up here; what must not be lost stands in the database (the outbox, a task's due
time), so a queue that is thrown away loses nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections
from huey import Huey, PostgresHuey, SqliteHuey


def make_queue(address: str, name: str = "qipan") -> Huey:
    """This function will open the queue of a name at a file's path or a PostgreSQL address; its hours are the city's.

    Each job finds the database again where the connection was lost since the one before.
    """
    if address.startswith(("postgres://", "postgresql://")):
        opened = PostgresHuey(name, dsn=address, results=False, utc=False)
    else:
        Path(address).parent.mkdir(parents=True, exist_ok=True)
        opened = SqliteHuey(name, filename=address, results=False, utc=False)
    opened.pre_execute("connections")(lambda _task: close_old_connections())
    return opened


queue = make_queue(settings.HUEY_DATABASE)
slow = make_queue(settings.HUEY_DATABASE, "qipan-slow")  # for what may last for minutes: nothing due each minute waits


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
