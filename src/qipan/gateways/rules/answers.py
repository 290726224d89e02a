"""What an answer to an attribute must look like, by its datatype. Pure."""

import math
from collections.abc import Callable, Sequence, Set
from datetime import datetime

LONGEST = {"string": 200, "text": 1000, "number": 40, "datetime": 40}


def read_answer(
    datatype: str, said: Sequence[str], *, keys: Set[str], moment: Callable[[str], datetime | None]
) -> list[str] | None:
    """This function will return the answer if it fits the datatype, else None; lists answer with keys of theirs."""
    if datatype in ("singlevaluelist", "multivaluelist"):
        one = datatype == "singlevaluelist"
        return list(dict.fromkeys(said)) if set(said) <= keys and (not one or len(said) == 1) else None
    if len(said) != 1 or len(said[0]) > LONGEST[datatype]:
        return None
    text = said[0]
    if datatype == "number":
        return [text] if _number(text) else None
    if datatype == "datetime":
        return [text] if _moment(text, moment) else None
    return [text] if datatype == "text" or "\n" not in text else None


def _number(text: str) -> bool:
    try:
        return text.isascii() and math.isfinite(float(text))
    except ValueError:
        return False


def _moment(text: str, moment: Callable[[str], datetime | None]) -> bool:
    try:
        read = moment(text)
    except ValueError:
        return False
    return read is not None and read.tzinfo is not None
