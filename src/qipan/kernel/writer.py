"""SQLite has one writer at a time, so there is one: a thread that commits what has queued up in one go.

A commit costs a flush of the disk. While one runs, what is to be written next gathers; then it shares the
next. Acts that many clients call at once hand their work to ``submit``; PostgreSQL does this by itself.
"""

import atexit
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, connection, transaction

MOST_JOBS = 64
MOST_ROWS = 2_000  # so that large uploads are read while others are being committed
WAIT_S = 30

Item = TypeVar("Item")
Result = TypeVar("Result")


class Job(NamedTuple):
    """An item, the function that stores such items in the open transaction, and who waits for the result."""

    store: Callable[[list[Any]], list[Any]]
    item: Any
    rows: int
    future: "Future[Any]"


class Writer:
    """The queue and the thread of one process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def put(self, job: Job) -> None:
        """This method will queue a job; its future holds the result once that is durable."""
        self._queue.put(job)

    def stop(self) -> None:
        """This method will let the thread finish what is queued and end it."""
        self._queue.put(None)
        self._thread.join(timeout=WAIT_S)

    def _run(self) -> None:
        ending = False
        while not ending:
            group: list[Job] = []
            rows = 0
            try:
                job = self._queue.get()
                while job is not None:
                    group.append(job)
                    rows += job.rows
                    if len(group) >= MOST_JOBS or rows >= MOST_ROWS:
                        break
                    job = self._queue.get_nowait()
                ending = job is None
            except Empty:
                pass
            if group:
                _commit(group)
        connection.close()


def _commit(group: list[Job]) -> None:
    """This function will store a group in one transaction; when that fails, each of its jobs alone."""
    kinds: dict[Callable[[list[Any]], list[Any]], list[Job]] = defaultdict(list)
    for job in group:
        kinds[job.store].append(job)
    try:
        with transaction.atomic():
            stored = [
                pair
                for store, jobs in kinds.items()
                for pair in zip(jobs, store([job.item for job in jobs]), strict=True)
            ]
    except Exception as error:
        # Whatever the reason (full, locked, a defect met by one job), nothing of the group is stored.
        if isinstance(error, OperationalError) or len(group) == 1:
            connection.close()
            for job in group:
                job.future.set_exception(error)
            return
        for job in group:
            _commit([job])
        return
    for job, result in stored:
        job.future.set_result(result)


_lock = threading.Lock()
_writer: Writer | None = None


def submit(store: Callable[[list[Item]], list[Result]], item: Item, *, rows: int = 1) -> Result:
    """This function will have ``store`` called with the item, perhaps among others, and return its result when it is durable.

    ``store`` is called in an open transaction and returns one result for each item, in order; ``rows``
    says how large the item is. Raises what ``store`` raised for the item, or ``OperationalError`` when
    the writer does not answer in time.
    """
    global _writer
    if _writer is None or _writer.pid != os.getpid():
        with _lock:
            if _writer is None or _writer.pid != os.getpid():
                _writer = Writer()
    future: Future[Result] = Future()
    _writer.put(Job(store, item, rows, future))
    try:
        return future.result(WAIT_S)
    except TimeoutError as error:
        raise OperationalError("the writer did not answer in time") from error


def stop() -> None:
    """This function will end this process's writer; the next job starts another."""
    global _writer
    if _writer is not None:
        _writer.stop()
        _writer = None
