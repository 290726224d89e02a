"""Text as people send it: what a word processor or a hostile client puts between the letters."""

import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.utils.translation import override

P = ParamSpec("P")
R = TypeVar("R")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # what XML 1.0 cannot hold, and DEL
_BREAK = str.maketrans("\x0b\x0c", "\n\n")  # line and page break within a paragraph


def plain_text(text: str) -> str:
    """This function will return a text without control characters; a break that was pasted is an end of line.

    Whatever is kept can then be written into XML 1.0 (2.2): feeds, warnings, spreadsheets.
    """
    return CONTROL.sub("", text.translate(_BREAK)) if CONTROL.search(text) else text


def in_city_language(verb: Callable[P, R]) -> Callable[P, R]:
    """This function will have a verb write in the language of the city, whatever whoever acts reads.

    For what lies on the desks of others then: a task, its basis and the note of its end are documents of the city. A
    refusal makes its sentence when it is read, so it keeps the language of whoever acted.
    """

    @wraps(verb)
    def written(*args: P.args, **kwargs: P.kwargs) -> R:
        # Not ``override`` as a decorator: one of those remembers one language for all threads.
        with override(settings.LANGUAGE_CODE):
            return verb(*args, **kwargs)

    return written
