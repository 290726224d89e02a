"""What is read of the territory is kept in memory until the territory changes: areas change by the day, boards by the second."""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from time import monotonic
from typing import TypeVar

from django.db import connection

from qipan.territory.api import Mark, territory_mark

R = TypeVar("R")

LEARNS_S = 1  # so soon a board learns that an area changed


@lru_cache(maxsize=1)
def _mark(bucket: int) -> Mark | None:
    return territory_mark()


def kept(most: int) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """This function will keep the ``most`` last results of a reading of the territory, for as long as that is the same.

    The reading takes hashable positional arguments. Inside a transaction nothing is kept: what it sees is its own.
    """

    def keep(read: Callable[..., R]) -> Callable[..., R]:
        @lru_cache(maxsize=most)
        def known(mark: Mark, *key: Hashable) -> R:
            return read(*key)

        @wraps(read)
        def look(*key: Hashable) -> R:
            mark = None if connection.in_atomic_block else _mark(int(monotonic() / LEARNS_S))
            return known(mark, *key) if mark else read(*key)

        return look

    return keep
