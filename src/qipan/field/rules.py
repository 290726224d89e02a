"""Pure decisions of the phone page: how the list of what a phone finished is chained."""

import hashlib
from collections.abc import Iterable


def head_of(before: str, lines: Iterable[tuple[str, str]]) -> str:
    """This function will return the hash of a list that goes on from ``before`` with lines of id and place.

    Each line's SHA-256 covers the hash before it, so a line that is left out, added or moved changes the head.
    """
    for line_id, place in lines:
        before = hashlib.sha256(f"{before}|{line_id}|{place}".encode()).hexdigest()
    return before
