"""The clock of the story: eleven days on the shown clock, as fast as the machine carries them."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qipan.kernel.clock import set_clock

DAY = timedelta(days=1)
MORNING = timedelta(hours=8)
WORKDAY = timedelta(hours=12)
SLOW = 12.0  # while directives run: a minute in five seconds, so that lead times read like minutes


@dataclass
class Story:
    """Shows the time of the story and sets the clock file that the server reads."""

    file: Path
    midnight: datetime  # of the first day, civil time of the city
    speed: float = SLOW
    _real: float = field(default=0.0, repr=False)
    _shown: datetime = field(default=datetime(2000, 1, 1, tzinfo=UTC), repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def now(self) -> datetime:
        """This method will return the moment that the server shows too."""
        with self._lock:
            return self._shown + timedelta(seconds=(time.time() - self._real) * self.speed)

    def go_on(self, *, speed: float, at: datetime | None = None) -> None:
        """This method will change the pace, and jump forward to ``at`` where it lies ahead; never back."""
        shown = self.now() if self._real else self.midnight
        shown = max(shown, at) if at else shown
        with self._lock:
            set_clock(str(self.file), shown=shown, speed=speed)
            self._real, self._shown, self.speed = time.time(), shown.astimezone(UTC), speed

    def morning(self, day: int) -> datetime:
        """This method will return 8:00 on a day of the story; days count from 1."""
        return self.midnight + (day - 1) * DAY + MORNING

    def evening(self, day: int) -> datetime:
        """This method will return 20:00 on a day of the story."""
        return self.morning(day) + WORKDAY


def rounds_over(days: int, rounds: int) -> list[list[int]]:
    """This function will share the days out among the rounds; the earlier rounds get the days that are over."""
    if rounds < 1 or days < rounds:
        raise ValueError("each round needs a day at least")
    share, over = divmod(days, rounds)
    plan: list[list[int]] = []
    day = 1
    for number in range(rounds):
        length = share + (number < over)
        plan.append(list(range(day, day + length)))
        day += length
    return plan
