"""The transaction of an act, and what is written or asked once in it."""

from collections.abc import Callable, Iterable
from functools import wraps
from threading import local
from typing import Any, ParamSpec, TypeVar

from django.db import transaction

from .sql import Statement, here, run_together

P = ParamSpec("P")
R = TypeVar("R")
Row = TypeVar("Row")
Written = Callable[[list[Row]], list[Statement]]


class _Acting:
    """An act that runs: what it has gathered to write, and the answers that hold until its end."""

    def __init__(self) -> None:
        self.level = len(here().savepoint_ids)
        self.rows: dict[Written[Any], list[Any]] = {}
        self.answers: dict[Callable[[], Any], Any] = {}

    def write(self) -> None:
        rows, self.rows = self.rows, {}
        run_together(statement for written, some in rows.items() for statement in written(some))


_here = local()


def _acting() -> _Acting | None:
    """The act that runs; None outside of one, and behind a savepoint, which may be undone without it."""
    running: _Acting | None = getattr(_here, "acting", None)
    if running is None or any(here().savepoint_ids[running.level :]):
        return None
    return running


def act(verb: Callable[P, R]) -> Callable[P, R]:
    """This function will make a verb one transaction; a verb that another calls is part of it, without a savepoint.

    So a refusal inside ends the whole act: who wants to go on after one says so with a ``transaction.atomic`` block.
    """

    @wraps(verb)
    def whole(*args: P.args, **kwargs: P.kwargs) -> R:
        if getattr(_here, "acting", None) is not None:
            try:
                return verb(*args, **kwargs)
            except BaseException:
                transaction.set_rollback(True)
                raise
        with transaction.atomic():
            running = _here.acting = _Acting()
            try:
                result = verb(*args, **kwargs)
                running.write()
            finally:
                _here.acting = None
            return result

    return whole


def gather(written: Written[Row], rows: Iterable[Row]) -> None:
    """This function will have rows written at the end of the act, by the statements that ``written`` makes of all of them.

    For what an act only adds: its steps, counts and journal. They are written together, in the act's transaction,
    and hold their locks for the shortest time. Outside of an act they are written at once.
    """
    running = _acting()
    if running is None:
        run_together(written(list(rows)))
    else:
        running.rows.setdefault(written, []).extend(rows)


def write_gathered() -> None:
    """This function will write what the act has gathered so far, for whoever reads it before the act ends."""
    running = _acting()
    if running is not None:
        running.write()


def once(question: Callable[[], R]) -> R:
    """This function will ask a question and, in an act, give the same answer until the act ends or ``forget``."""
    running = _acting()
    if running is None:
        return question()
    if question not in running.answers:
        running.answers[question] = question()
    answer: R = running.answers[question]
    return answer


def forget(question: Callable[[], Any]) -> None:
    """This function will have a question of ``once`` asked again: the act itself has changed the answer."""
    running: _Acting | None = getattr(_here, "acting", None)
    if running is not None:
        running.answers.pop(question, None)
