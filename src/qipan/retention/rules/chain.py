"""The chain of digests of what is gone, and the smallest cell that may stay. Pure functions."""

from hashlib import sha256

from qipan.kernel.place import Range

FIRST = "0" * 64
STEP = 5_000  # rows that one transaction destroys on PostgreSQL
STEP_SQLITE = 2_000  # there is one writer: others wait at most for so many
PACE = 18_000  # rows that a run destroys in a second: what 8.75 million doors said in eight minutes
SHARE = 0.5  # of its time that a run is at work at most, where the database is too slow for that pace
WISH_DAYS = 15  # within which a wish about own data is answered


def link(chain: str, digest: str) -> str:
    """This function will return the chain after one more step: SHA-256 over the chain before it and its digest."""
    return sha256((chain + digest).encode()).hexdigest()


def inside(ground: Range, held: list[Range]) -> bool:
    """This function will say whether all of a ground lies under holds."""
    return not ground.without(held)


def rest_after(took: float, rows: int) -> float:
    """This function will return how many seconds a run rests after so many that it was at work, and destroyed so many rows."""
    return max(rows / PACE - took, took * (1 - SHARE) / SHARE)
