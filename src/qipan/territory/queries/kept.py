"""Look-ups that are kept as long as the territory stays the same."""

from typing import Any

from qipan.kernel.act import once
from qipan.kernel.sql import fetch

Mark = tuple[int, str]

MOST_KEPT = 20_000  # look-ups, of which a city of 3,000 communities and the compounds in use need fewer
_kept: dict[str, Any] = {}
_kept_mark: Mark | None = None


MARK = "SELECT COUNT(*), (SELECT id FROM territory_change ORDER BY id DESC LIMIT 1) FROM territory_change"


def territory_mark() -> Mark | None:
    """This function will return what stays the same as long as the territory does; None before its first change.

    Every act that changes the territory writes a ``Change``; their number and the newest id are the mark.
    """
    [(count, newest)] = fetch(MARK, ())
    return (count, str(newest)) if count else None


def fresh() -> dict[str, Any] | None:
    """This function will return the kept look-ups of the present state; None when nothing may be kept."""
    global _kept, _kept_mark
    mark = once(territory_mark)
    if mark is None:
        return None
    if mark != _kept_mark:
        _kept, _kept_mark = {}, mark
    return _kept
