"""The tick: one reading of the whole city in about a second, from which every board of every level is made.

Every part of a tick (coverage of a round, receipts of a directive ...) is read once and shared by all
boards, so levels agree with each other. While somebody looks, a thread reads the next tick ahead, so a
board is answered from memory and is never older than ``LIMIT`` seconds; when nobody looks nothing is read.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

PERIOD = 0.8  # seconds from one reading to the next while somebody looks, where reading is slow
CALM = 1.2  # the same where reading is quick
LIMIT = 1.8  # an older tick is never shown
LINGER = 6.0  # a part or a tick that nobody asked for so long is no longer read ahead

logger = logging.getLogger(__name__)
Loader = Callable[..., Any]
Key = tuple[Loader, tuple[Hashable, ...]]


class Tick:
    """What was read of the city at ``at``; parts are read when first asked for."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.read_at = time.monotonic()
        self.took = LIMIT  # seconds of the reading, once it is known
        self._parts: dict[Key, Any] = {}
        self._asked: dict[Key, float] = {}
        self._locks: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)

    def part(self, loader: Loader, *key: Hashable) -> Any:
        """This method will return ``loader(*key, at=self.at)``, read once in the life of the tick."""
        wanted = (loader, key)
        self._asked[wanted] = time.monotonic()
        if wanted not in self._parts:
            with self._locks[wanted]:
                if wanted not in self._parts:
                    self._parts[wanted] = loader(*key, at=self.at)
        return self._parts[wanted]

    def next(self, at: datetime) -> "Tick":
        """This method will read a new tick with the parts that somebody asked for lately."""
        fresh = Tick(at)
        limit = time.monotonic() - LINGER
        for (loader, key), asked in list(self._asked.items()):
            if asked > limit:
                fresh.part(loader, *key)
                fresh._asked[loader, key] = asked
        fresh.took = time.monotonic() - fresh.read_at
        return fresh

    @property
    def period(self) -> float:
        """The age at which the next one is read, so that it is there before ``LIMIT`` even if it takes three times as long."""
        return max(PERIOD, min(CALM, LIMIT - 3 * self.took))


class Ticker:
    """Holds the current tick of this process and reads the next one ahead."""

    def __init__(self) -> None:
        self._tick: Tick | None = None
        self._looked = 0.0
        self._reading = threading.Lock()
        self._thread: threading.Thread | None = None

    def current(self, clock: Callable[[], datetime]) -> Tick:
        """This method will return a tick that is at most ``LIMIT`` seconds old, from memory where possible."""
        arrived = self._looked = time.monotonic()
        if connection.in_atomic_block:
            return Tick(clock())  # what this transaction sees is nobody else's, and nobody else's is its own
        limit = LIMIT if settings.BOARD_AHEAD else PERIOD
        if settings.BOARD_AHEAD:
            self._wake(clock)
        tick = self._tick
        if tick is None or arrived - tick.read_at > limit:
            with self._reading:
                tick = self._tick
                # Who has waited takes what was read meanwhile: on a slow machine each look would else read again.
                if tick is None or arrived - tick.read_at > limit:
                    tick = self._tick = tick.next(clock()) if tick else Tick(clock())
        return tick

    def forget(self) -> None:
        """This method will drop what was read, for tests that change rows under the board."""
        self._tick = None

    def _wake(self, clock: Callable[[], datetime]) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._read_ahead, args=(clock,), name="board", daemon=True)
            self._thread.start()

    def _read_ahead(self, clock: Callable[[], datetime]) -> None:
        try:
            while time.monotonic() - self._looked < LINGER:
                tick = self._tick
                age = time.monotonic() - tick.read_at if tick else 0.0
                if tick and age >= tick.period:
                    with self._reading:
                        if self._tick is tick:
                            self._tick = tick.next(clock())
                    continue
                time.sleep(max(0.05, (tick.period if tick else PERIOD) - age))
        except Exception:
            # The next look reads for itself and shows what is wrong; it also starts a new thread.
            logger.exception("the board could not be read ahead")
        finally:
            connection.close()


ticker = Ticker()
