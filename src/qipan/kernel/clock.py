"""The one place that reads the clock. Acts take ``at`` as an argument; only the edge calls ``now``.

A drill or a replay may run on a clock of its own (days in minutes). The file named by
``settings.CLOCK_FILE`` then holds ``{"real": s, "shown": s, "speed": x}``: at real time ``real``
(seconds since 1970) the clock showed ``shown`` and has run ``speed`` times as fast since. Every
page says so while it is in force.
"""

import json
import os
import time
from datetime import UTC, datetime

from django.conf import settings

FIRST_YEAR, LAST_YEAR = 1900, 2199  # a moment near the ends of what a computer counts cannot be told in every zone

_cached: tuple[int, dict[str, float]] = (0, {})


def _shifted(path: str) -> dict[str, float]:
    global _cached
    try:
        stamp = os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return {}
    if stamp != _cached[0]:
        with open(path, encoding="utf-8") as file:
            _cached = (stamp, json.load(file))
    return _cached[1]


def now() -> datetime:
    """This function will return the present moment in UTC, on the replay's clock where one is set."""
    real = time.time()
    path = settings.CLOCK_FILE
    shift = _shifted(path) if path else {}
    if shift:
        real = shift["shown"] + (real - shift["real"]) * shift["speed"]
    return datetime.fromtimestamp(real, UTC)


def speed() -> float | None:
    """This function will say how fast a replay's clock runs; None means that the real time is shown."""
    shift = _shifted(settings.CLOCK_FILE) if settings.CLOCK_FILE else {}
    return shift["speed"] if shift else None


def set_clock(path: str, *, shown: datetime, speed: float) -> None:
    """This function will make the clock file at ``path`` show ``shown`` from now on, at ``speed``."""
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump({"real": time.time(), "shown": shown.timestamp(), "speed": speed}, file)
    os.replace(temporary, path)
