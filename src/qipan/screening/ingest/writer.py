"""SQLite has one writer at a time, so there is one: a thread that commits what has queued up in one go.

A commit costs a flush of the disk. While one runs, the next uploads gather; then they share the next.
"""

import atexit
import os
import threading
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from django.db import OperationalError, connection, transaction

from . import sqlite
from .decode import Batch

MOST_BATCHES = 64
MOST_VISITS = 2_000  # so that large uploads are read while others are being committed
WAIT_S = 30

Job = tuple[Batch, "Future[list[int]]"]


class Writer:
    """The queue and the thread of one process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="visit-writer", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def submit(self, batch: Batch) -> "Future[list[int]]":
        """This method will queue a batch; the future holds its codes once they are durable."""
        future: Future[list[int]] = Future()
        self._queue.put((batch, future))
        return future

    def stop(self) -> None:
        """This method will let the thread finish what is queued and end it."""
        self._queue.put(None)
        self._thread.join(timeout=WAIT_S)

    def _run(self) -> None:
        ending = False
        while not ending:
            group: list[Job] = []
            visits = 0
            try:
                job = self._queue.get()
                while job is not None:
                    group.append(job)
                    visits += len(job[0].ids)
                    if len(group) >= MOST_BATCHES or visits >= MOST_VISITS:
                        break
                    job = self._queue.get_nowait()
                ending = job is None
            except Empty:
                pass
            if group:
                _commit(group)
        connection.close()


def _commit(group: list[Job]) -> None:
    """This function will store a group in one transaction; when that fails, each of its batches alone."""
    try:
        with transaction.atomic():
            stored = sqlite.store([batch for batch, _future in group])
    except Exception as error:
        # Whatever the reason (full, locked, a defect met by one batch), nothing of the group is stored.
        if isinstance(error, OperationalError) or len(group) == 1:
            connection.close()
            for _batch, future in group:
                future.set_exception(error)
            return
        for job in group:
            _commit([job])
        return
    for (_batch, future), codes in zip(group, stored, strict=True):
        future.set_result(codes)


_lock = threading.Lock()
_writer: Writer | None = None


def submit(batch: Batch) -> list[int]:
    """This function will store a batch through this process's writer and return its codes when they are durable.

    Raises the writer's database error, or ``OperationalError`` when it does not answer in time.
    """
    global _writer
    if _writer is None or _writer.pid != os.getpid():
        with _lock:
            if _writer is None or _writer.pid != os.getpid():
                _writer = Writer()
    try:
        return _writer.submit(batch).result(WAIT_S)
    except TimeoutError as error:
        raise OperationalError("the writer did not answer in time") from error


def stop() -> None:
    """This function will end this process's writer; the next batch starts another."""
    global _writer
    if _writer is not None:
        _writer.stop()
        _writer = None
