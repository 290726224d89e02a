"""Reading what clients of Open311 send: query, form fields, photographs. Nothing is read as XML."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ids import key_of
from qipan.kernel.refusal import BadInput, Refusal
from qipan.kernel.text import CONTROL
from qipan.matters.api import MOST_PHOTOS, Picture, TooManyPhotos, clean_photo

from ..actions.taking import Asked
from ..queries.requests import CLOSED, DEEPEST, MOST, OPEN, USUAL, Filters
from ..rules.window import Window, window

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_CODES = 200  # of a list in one parameter
ATTRIBUTE = re.compile(r"attribute\[([\w-]{1,40})\](?:\[\])?")
LONGEST = 4000  # GeoReport v2: description


class NotAForm(Refusal):
    """Other bodies, XML among them, are not opened at all."""

    code = "not_a_form"
    sentence = _("A request is sent as a form: application/x-www-form-urlencoded or multipart/form-data.")
    status = 415


def _text(given: Mapping[str, str], name: str, problems: list[str], *, most: int = 200) -> str:
    text = given.get(name, "").strip()
    if len(text) > most:
        problems.append(_now("%(name)s is longer than %(most)s characters") % {"name": name, "most": most})
    if CONTROL.search(text):
        problems.append(_now("%(name)s has characters that are no text") % {"name": name})
    return text


def read_request(request: HttpRequest) -> Asked:
    """This function will read a service request to be opened. Raises ``NotAForm``, ``BadInput``, what photographs raise.

    Names, device and account of who reports are not kept, whatever the client sends; a way to be reached is.
    """
    if request.content_type not in FORMS:
        raise NotAForm
    given = request.POST
    problems: list[str] = []
    attributes: dict[str, list[str]] = {}
    for name in list(given)[:MOST_CODES]:
        if found := ATTRIBUTE.fullmatch(name):
            values = [_text({name: value}, name, problems, most=1000) for value in given.getlist(name)[:MOST_CODES]]
            attributes.setdefault(found[1], []).extend(values)
    asked = Asked(
        service_code=_text(given, "service_code", problems, most=40),
        description=_text(given, "description", problems, most=LONGEST),
        address_id=_text(given, "address_id", problems, most=40),
        latitude=_text(given, "lat", problems, most=40),
        longitude=_text(given, "long", problems, most=40),
        address=_text(given, "address_string", problems),
        reach=_text(given, "email", problems, most=120) or _text(given, "phone", problems, most=120),
        attributes=attributes,
        photos=(),
        once=_text({"Idempotency-Key": request.headers.get("Idempotency-Key", "")}, "Idempotency-Key", problems),
    )
    if problems:
        raise BadInput(problems)
    return Asked(**{**vars(asked), "photos": _photos(request)})


def _photos(request: HttpRequest) -> list[Picture]:
    files: list[UploadedFile] = [file for name in ("media", "media[]") for file in request.FILES.getlist(name)]
    if len(files) > MOST_PHOTOS:
        raise TooManyPhotos
    return [clean_photo(file.read()) for file in files]


def read_filters(query: QueryDict, *, at: datetime) -> Filters:
    """This function will read what a list is asked for. Raises ``BadInput``, ``WindowBackwards``, ``WindowTooLong``.

    ``updated_after`` and ``updated_before`` are what most servers of the standard offer beside it, as are
    ``page`` and ``per_page`` (``page_size``).
    """
    problems: list[str] = []
    moments = {
        name: _moment(query, name, problems) for name in ("start_date", "end_date", "updated_after", "updated_before")
    }
    codes, statuses = _list(query, "service_code"), _list(query, "status")
    if not set(statuses) <= {OPEN, CLOSED}:
        problems.append(_now("status is open or closed"))
    page = _number(query, "page", 1, problems)
    per_page = _number(query, "per_page", _number(query, "page_size", USUAL, problems), problems)
    if not problems and (per_page > MOST or page * per_page > DEEPEST + per_page):
        problems.append(_now("per_page is at most %(most)s, and a list has at most %(deepest)s entries; narrow the dates") % {"most": MOST, "deepest": DEEPEST})  # fmt: skip
    if problems:
        raise BadInput(problems)
    changed = _window(moments["updated_after"], moments["updated_before"], at=at)
    asked = _window(moments["start_date"], moments["end_date"], at=at)
    if asked is None and changed is None:
        asked = window(None, None, at=at)
    return Filters(asked, changed, tuple(codes), tuple(statuses), page, per_page)


def _window(first: datetime | None, last: datetime | None, *, at: datetime) -> Window | None:
    return window(first, last, at=at) if first is not None or last is not None else None


def read_ids(query: QueryDict) -> list[str]:
    """This function will return the service_request_ids that a list is asked for; they override all else."""
    return _list(query, "service_request_id")


def _list(query: QueryDict, name: str) -> list[str]:
    parts = [part.strip() for text in query.getlist(name) for part in text[:8000].split(",")]
    return [part for part in parts if part][:MOST_CODES]


def _number(query: QueryDict, name: str, default: int, problems: list[str]) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    number = key_of(text)
    if not number:
        problems.append(_now("%(name)s is a number from 1 up") % {"name": name})
        return default
    return number


def _moment(query: QueryDict, name: str, problems: list[str]) -> datetime | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        read = parse_datetime(text.replace(" ", "+", 1) if text.count(" ") == 1 and "T" in text else text)
        if read is None or read.tzinfo is None:
            raise ValueError
        if not datetime(1970, 1, 2, tzinfo=UTC) - timedelta(days=1) <= read <= datetime(9999, 1, 1, tzinfo=UTC):
            raise ValueError
    except (ValueError, OverflowError):
        problems.append(_now("%(name)s is a moment with its zone, as 2026-01-31T08:00:00Z") % {"name": name})
        return None
    return read
