"""The transaction of an act."""

from collections.abc import Callable
from functools import wraps
from threading import local
from typing import ParamSpec, TypeVar

from django.db import transaction

P = ParamSpec("P")
R = TypeVar("R")

_here = local()


def act(verb: Callable[P, R]) -> Callable[P, R]:
    """This function will make a verb one transaction; a verb that another calls is part of it, without a savepoint.

    So a refusal inside ends the whole act: who wants to go on after one says so with a ``transaction.atomic`` block.
    """

    @wraps(verb)
    def whole(*args: P.args, **kwargs: P.kwargs) -> R:
        inside = getattr(_here, "acting", False)
        _here.acting = True
        try:
            with transaction.atomic(savepoint=not inside):
                return verb(*args, **kwargs)
        finally:
            _here.acting = inside

    return whole
