"""What the driver sent and what it was told: the side of the books that the server does not keep."""

import bisect
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

MOST_NAMED = 20


@dataclass
class Ledger:
    """Counts of one replay. Every figure of the report that is not read from the server comes from here."""

    sent: int = 0  # visits put on the line, resends included
    duplicates: int = 0  # visits sent again although they had been acknowledged
    acknowledged: int = 0  # distinct visits that the server said it holds
    batches: int = 0
    resent_unanswered: int = 0  # batches that went again because no answer came
    refused: Counter[str] = field(default_factory=Counter)  # as intended, by code
    conflicts: int = 0
    malformed: int = 0
    unexpected: list[str] = field(default_factory=list)
    ids: bytearray = field(default_factory=bytearray)  # of acknowledged visits, 16 bytes each
    _moments: list[float] = field(default_factory=list)
    _totals: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_sent(self, visits: int, *, duplicates: int = 0) -> None:
        """This method will count an upload."""
        with self._lock:
            self.batches += 1
            self.sent += visits
            self.duplicates += duplicates

    def note_unanswered(self) -> None:
        with self._lock:
            self.resent_unanswered += 1

    def note_acknowledged(self, ids: list[bytes]) -> None:
        """This method will count visits that are acknowledged for the first time."""
        if not ids:
            return
        with self._lock:
            self.ids += b"".join(ids)
            self.acknowledged += len(ids)
            self._moments.append(time.monotonic())
            self._totals.append(self.acknowledged)

    def note_refused(self, code: str) -> None:
        with self._lock:
            self.refused[code] += 1

    def note_conflict(self) -> None:
        with self._lock:
            self.conflicts += 1

    def note_malformed(self) -> None:
        with self._lock:
            self.malformed += 1

    def note_unexpected(self, what: str) -> None:
        """This method will keep an answer that no behaviour of the driver explains."""
        with self._lock:
            if len(self.unexpected) < MOST_NAMED:
                self.unexpected.append(what)

    def age_of(self, visits: int, asked: float) -> float:
        """This method will say how old a figure is that a board showed when asked at ``asked``.

        The age is the time since the first acknowledged visit that the figure lacks; nothing lacking is 0.
        """
        with self._lock:
            lacking = bisect.bisect_right(self._totals, visits)
            if lacking == len(self._totals) or self._moments[lacking] >= asked:
                return 0.0
            return asked - self._moments[lacking]
