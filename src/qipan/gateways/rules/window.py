"""The 90 days of GeoReport v2: which requests a list covers when one end of the range is given, or none. Pure."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

LONGEST = timedelta(days=90)
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class WindowTooLong(Refusal):
    code = "window_too_long"
    sentence = _("A list covers at most %(days)s days; ask for the rest in further calls.")
    status = 400

    def __init__(self) -> None:
        super().__init__(days=LONGEST.days)


class WindowBackwards(Refusal):
    code = "window_backwards"
    sentence = _("The range ends before it begins.")
    status = 400


class Window(NamedTuple):
    """From and until, both included."""

    first: datetime
    last: datetime


def window(first: datetime | None, last: datetime | None, *, at: datetime) -> Window:
    """This function will complete a range to 90 days at most, the latest ones where nothing is given.

    Raises ``WindowBackwards``, ``WindowTooLong``.
    """
    if first is not None and last is not None:
        if last < first:
            raise WindowBackwards
        if last - first > LONGEST:
            raise WindowTooLong
        return Window(first, last)
    if first is not None:
        first = min(max(first, EARLIEST), LATEST)
        return Window(first, min(first + LONGEST, LATEST))
    last = min(max(last or at, EARLIEST + LONGEST), LATEST)
    return Window(last - LONGEST, last)
