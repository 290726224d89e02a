"""Pure decisions on sources that are pulled: which places a field wants, rows out of a document, when it is tried again."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from qipan.kernel.masking import is_token
from qipan.kernel.refusal import Refusal

from ..terms import Rhythm, Subject

EVERY = {Rhythm.HOURLY: timedelta(hours=1), Rhythm.DAILY: timedelta(days=1), Rhythm.WEEKLY: timedelta(days=7)}
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
TOLD_AFTER = 3  # failures in a row, then the owner is told once
# Digits of the place numbers of which a form of each kind is filled in (``queries.held``): a door takes its own value,
# that of its compound or that of its community; a unit stands at an area or at a compound.
PLACES = {Subject.DOOR: (12, 15, 19), Subject.UNIT: (4, 6, 9, 12, 15)}
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")  # what no database or page can carry
DEEPEST = 20  # members below each other on the way to a list or a value


class NotJson(Refusal):
    code = "not_json"
    sentence = _("The answer cannot be read as JSON in UTF-8.")
    status = 400


class NoRecords(Refusal):
    code = "no_records"
    sentence = _("The document has no list of records at “%(path)s”.")
    status = 400

    def __init__(self, *, path: str) -> None:
        super().__init__(field="records", path=path)


class ColumnMissing(Refusal):
    code = "column_missing"
    sentence = _("No record has the column or member “%(name)s”. There are: %(known)s.")
    status = 400

    def __init__(self, *, field: str, name: str, known: str) -> None:
        super().__init__(field=field, name=name, known=known)


def next_due(every: str, *, failures: int, at: datetime) -> datetime:
    """This function will say when a source is read next: by its rhythm, after failures sooner, and less and less soon."""
    rhythm = EVERY[Rhythm(every)]
    if not failures:
        return at + rhythm
    return at + min(FIRST_WAIT * 2 ** min(failures - 1, 10), LONGEST_WAIT, rhythm)


def digits_of(subject: str) -> tuple[int, ...]:
    """This function will return how many digits a place number of a field about this has; none about persons."""
    return PLACES.get(Subject(subject), ())


def _constant(name: str) -> Any:
    raise ValueError(name)  # NaN and the like are not JSON


def _member(record: Any, path: str) -> Any:
    """What stands at a path ("properties.code") in a record; None where nothing does. A name with dots is tried first."""
    if isinstance(record, dict) and path in record:
        return record[path]
    for part in path.split(".")[:DEEPEST]:
        if not isinstance(record, dict) or part not in record:
            return None
        record = record[part]
    return record


def _text(value: Any) -> str:
    """A plain value as it is written; nothing of a list, of members, of null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int) else ""


def records_of(raw: bytes, *, path: str) -> list[Any]:
    """This function will read the list of records of a JSON document; with an empty ``path`` the document is the list.

    Raises ``NotJson``, ``NoRecords``.
    """
    try:
        # Decimals stay as they are written: no place number is rounded on its way through a float.
        document = json.loads(raw.decode("utf-8-sig"), parse_float=str, parse_constant=_constant)
    except (ValueError, RecursionError):  # UnicodeDecodeError, JSONDecodeError, a number of five thousand digits
        raise NotJson from None
    found = _member(document, path) if path else document
    if not isinstance(found, list):
        raise NoRecords(path=path or "/")
    return found


def rows_of(records: Sequence[Any], *, place: str, value: str) -> list[dict[str, str]]:
    """This function will turn records into lines of place and value, each with its number as ``line``.

    Raises ``ColumnMissing`` where no record at all has one of the members: then the mapping is wrong, not a line.
    """
    for field, name in (("place_name", place), ("value_name", value)):
        if records and all(_member(one, name) is None for one in records):
            first = next((one for one in records if isinstance(one, dict)), {})
            raise ColumnMissing(field=field, name=name, known=known_names(first))
    return [
        {"place": _text(_member(one, place)), "value": _text(_member(one, value)), "line": str(n)}
        for n, one in enumerate(records, 1)
    ]


def quoted(text: str, *, most: int = 40) -> str:
    """This function will return the beginning of another machine's words, fit to be kept and shown with a refusal."""
    text = re.sub(r"\s+", " ", UNFIT.sub("?", text[:most]))
    return "…" if is_token(text) else text


def known_names(record: Mapping[str, object]) -> str:
    """This function will say which columns there are, for whoever wrote another one; at most ten."""
    names = [quoted(str(name), most=30) for name in list(record)[:10] if name != "line"]
    return ", ".join(names) or "–"
