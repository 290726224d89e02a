"""Masked values: typed tokens that say what is hidden and can never be written back (red lines 5 and 6).

Whatever is written passes here, from a page, an upload, an import, an endpoint or OpenRosa: Django's cursors through
``guard``, the driver's own and COPY by a call of ``refuse_tokens``. So no act has to think of it, and none can forget.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .refusal import Refusal

# The brackets may be lost on the way through another system, or stand as "\u27e6" in JSON; the rest says enough.
_TOKEN = re.compile(r"masked:[A-Z]+")
_BYTES = "⟦masked:".encode()
_PLAIN = frozenset({int, float, bool, type(None), datetime, UUID})


class MaskedValue(Refusal):
    """What came holds a token in place of a value."""

    code = "masked_value"
    sentence = _(
        "It holds a masked value. That stands for something which is not shown to you, so it cannot be saved in its "
        "place. Nothing was saved; leave the field as it was."
    )
    status = 400


def token(kind: str) -> str:
    """This function will return the token that stands for a value of this kind ("IDENTITY", "PERSON")."""
    return f"⟦masked:{kind}⟧"


def is_token(text: object) -> bool:
    """This function will say whether a text is or holds a masked value."""
    return isinstance(text, str) and "masked:" in text and _TOKEN.search(text) is not None


def holds_token(value: Any) -> bool:
    """This function will say whether a masked value is anywhere in what a statement is given: texts, files, lists, JSON."""
    if isinstance(value, str):
        return is_token(value)
    if isinstance(value, (list, tuple)):  # rows come by the ten thousand, so the common kinds are told apart here
        for one in value:
            kind = type(one)
            if kind is str:
                if "masked:" in one and is_token(one):
                    return True
            elif kind not in _PLAIN and holds_token(one):
                return True
        return False
    if isinstance(value, Mapping):
        return any(holds_token(one) for pair in value.items() for one in pair)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _BYTES in bytes(value)
    return holds_token(value.obj) if hasattr(value, "obj") else False  # JSON as psycopg wraps it


def refuse_tokens(parameters: Any) -> None:
    """This function will raise ``MaskedValue`` when what is to be written holds a masked value."""
    if parameters and holds_token(parameters):
        raise MaskedValue


def check_typed(text: str) -> None:
    """This validator will refuse a masked value in a field of a page, so that the page says so beside it."""
    if is_token(text):
        raise ValidationError(MaskedValue.sentence, code=MaskedValue.code)


def guard(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """This wrapper will let a statement through that holds no masked value (``connection.execute_wrappers``)."""
    refuse_tokens(params)
    return execute(sql, params, many, context)


def install(*, connection: Any, **_signal: Any) -> None:
    """This receiver will put the guard before every statement of a new connection (``connection_created``)."""
    if guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(guard)
