"""Doing things at the same moment, for tests of what happens then."""

import threading
from collections.abc import Callable

from django.db import connection

PATIENCE_S = 120


def at_once(*works: Callable[[], object]) -> list[Exception | None]:
    """This function will start all works at the same moment, each in a thread with a connection of its own.

    Returns what each raised, None where it went through. Fails when one does not come to an end.
    """
    raised: list[Exception | None] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:
            raised[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("one of the works goes on")
    return raised
