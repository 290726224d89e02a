"""Masked values: typed tokens that say what is hidden and can never be written back (red line 5)."""

import re

_TOKEN = re.compile(r"⟦masked:[A-Z]+⟧")


def token(kind: str) -> str:
    """This function will return the token that stands for a value of this kind ("IDENTITY", "PERSON")."""
    return f"⟦masked:{kind}⟧"


def is_token(text: object) -> bool:
    """This function will say whether a text is or holds a masked value, so that no act writes it back."""
    return isinstance(text, str) and _TOKEN.search(text) is not None
