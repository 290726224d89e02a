"""How a register is read: by one GET to an address that may be called, within limits, and its lines checked."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpx
from django.conf import settings
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import ground_of
from qipan.kernel.actor import Scope
from qipan.kernel.addresses import PrivateAddress, UrlNotAllowed
from qipan.kernel.calling import calling
from qipan.kernel.refusal import BadInput, Refusal
from qipan.webkit.sheets import MOST_BYTES, read_table

from .actions.fields import MOST_VALUES, read_values
from .actions.sources import field_to_pull, note_failure, note_unchanged, take_delivery, take_source
from .models import DataSource
from .queries.sources import due_sources, known_of, unchanged
from .rules.sources import ColumnMissing, known_names, quoted, records_of, rows_of
from .terms import SourceKind

log = logging.getLogger(__name__)
SECONDS = 30.0  # for everything: names, connections, redirects, the whole answer
MOST_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
LONGEST_MARK = 200
SHOWN = 10  # lines of a dry run
SHOWN_PROBLEMS = 50


class NoAnswer(Refusal):
    code = "no_answer"
    sentence = _("No whole answer came within %(seconds)s s.")


class NotReached(Refusal):
    code = "not_reached"
    sentence = _("The address cannot be reached (%(why)s).")


class AnswerCut(Refusal):
    code = "answer_cut"
    sentence = _("The answer broke off in the middle.")


class AnswerRefused(Refusal):
    code = "answer_refused"
    sentence = _("The register answered with status %(status)s.")


class AnswerTooLarge(Refusal):
    code = "answer_too_large"
    sentence = _("The answer is larger than %(most)s MB.")


class LengthNotSaid(Refusal):
    code = "length_not_said"
    sentence = _("The answer does not say how long it is, so nobody could tell half of it from the whole.")


class AnswerPacked(Refusal):
    code = "answer_packed"
    sentence = _("The answer is packed (%(how)s), which was not asked for.")


class LeadsElsewhere(Refusal):
    code = "leads_elsewhere"
    sentence = _("The address leads on to %(host)s, which may not be called.")


class TooManyRedirects(Refusal):
    code = "too_many_redirects"
    sentence = _("The address leads on more than %(most)s times.")


class NotATable(Refusal):
    code = "not_a_table"
    sentence = _("The answer cannot be read as a table: %(why)s")


@dataclass(frozen=True)
class Fetched:
    """What an address answered: its bytes, and the moment of which they speak where it says one."""

    content: bytes
    of: datetime | None
    validators: Mapping[str, str] | None = None  # the register's own marks of this content
    not_modified: bool = False  # it is what was read before, and was not sent again

    @property
    def sha256(self) -> str:
        """The digest by which the same content is known again."""
        return hashlib.sha256(self.content).hexdigest()

    def as_of(self, at: datetime) -> date:
        """This method will return the day that the content speaks of: that of its last change, else the day of reading."""
        return localdate(min(self.of, at) if self.of else at)


def fetch(url: str, *, secret: str, known: Mapping[str, str] | None = None) -> Fetched:
    """This function will read an address; at most 5 MB and 30 seconds, at most three redirects, each checked.

    ``known`` are the marks of what is held: the register is then asked for changes only. The header Authorization is said to the machine of ``url`` alone. Raises a refusal that says why there is no answer.
    """
    try:
        return asyncio.run(asyncio.wait_for(_fetch(url, secret, known or {}), SECONDS))
    except TimeoutError:
        raise NoAnswer(seconds=f"{SECONDS:g}") from None
    except httpx.TimeoutException:
        raise NoAnswer(seconds=f"{SECONDS:g}") from None
    except (httpx.RemoteProtocolError, httpx.ReadError):
        raise AnswerCut from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        raise NotReached(why=type(error).__name__) from None  # its text may hold the address, and that a key


async def _fetch(url: str, secret: str, known: Mapping[str, str]) -> Fetched:
    asked = url
    own, own_ca = settings.OWN_NETWORKS, settings.OWN_CA
    for _hop in range(MOST_REDIRECTS + 1):
        headers = {"Accept-Encoding": "identity", "User-Agent": "Qipan"}
        if secret and _machine(asked) == _machine(url):
            headers["Authorization"] = secret
        asks = _condition(asked, known)
        try:
            async with calling(
                "GET", asked, headers={**headers, **asks}, seconds=SECONDS, own=own, own_ca=own_ca
            ) as response:
                if response.status_code == 304 and asks:
                    return Fetched(b"", None, not_modified=True)
                if response.status_code not in REDIRECTS:
                    return replace(await _read(response), validators=_validators(asked, response))
                asked = urljoin(asked, response.headers.get("location", ""))
        except (UrlNotAllowed, PrivateAddress):
            if asked == url:
                raise
            raise LeadsElsewhere(host=_host(asked)) from None
    raise TooManyRedirects(most=MOST_REDIRECTS)


def _condition(asked: str, known: Mapping[str, str]) -> dict[str, str]:
    """What asks for changes only. Marks are those of one address: another one may use the same for other content."""
    if known.get("of") != _name_of(asked):
        return {}
    found = {"If-None-Match": known.get("etag", ""), "If-Modified-Since": known.get("modified", "")}
    return {name: text for name, text in found.items() if text}


def _validators(asked: str, response: httpx.Response) -> dict[str, str] | None:
    """The marks by which the register tells this content from others; none where it says none that can be said back."""
    said = {"etag": response.headers.get("etag", ""), "modified": response.headers.get("last-modified", "")}
    found = {
        name: text
        for name, text in said.items()
        if 0 < len(text) <= LONGEST_MARK and text.isascii() and text.isprintable()
    }
    return {"of": _name_of(asked), **found} if found else None


def _name_of(url: str) -> str:
    """An address may hold a key: it is known by its digest."""
    return hashlib.sha256(url.encode()).hexdigest()


def _machine(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _host(url: str) -> str:
    try:
        return quoted(urlsplit(url).hostname or "", most=100)
    except ValueError:
        return ""


async def _read(response: httpx.Response) -> Fetched:
    """The whole of an answer, and never more of it than the limit."""
    if response.status_code != 200:
        raise AnswerRefused(status=response.status_code)
    headers = response.headers
    if (how := headers.get("content-encoding", "identity").lower()) != "identity":
        raise AnswerPacked(how=quoted(how))
    length = headers.get("content-length", "")
    if not length and "chunked" not in headers.get("transfer-encoding", "").lower():
        raise LengthNotSaid
    if length.isascii() and length.isdigit() and int(length[:20]) > MOST_BYTES:
        raise AnswerTooLarge(most=MOST_BYTES // 1_000_000)
    content = bytearray()
    async for part in response.aiter_raw():
        content += part
        if len(content) > MOST_BYTES:
            raise AnswerTooLarge(most=MOST_BYTES // 1_000_000)
    return Fetched(bytes(content), _moment(headers.get("last-modified", "")))


def _moment(said: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def lines_of(source: DataSource, content: bytes) -> list[dict[str, str]]:
    """This function will read lines of ``place`` and ``value`` out of what a source answered.

    Raises ``NotATable``, ``NotJson``, ``NoRecords``, ``ColumnMissing``.
    """
    if source.kind == SourceKind.JSON:
        records = records_of(content, path=source.records)
        return rows_of(records, place=source.place_name, value=source.value_name)
    try:
        table = read_table(content, most=MOST_VALUES)
    except BadInput as refusal:
        raise NotATable(why=quoted(" ".join(refusal.problems), most=200)) from None
    for field in ("place_name", "value_name"):
        name = getattr(source, field)
        if table and name not in table[0]:
            raise ColumnMissing(field=field, name=name, known=known_names(table[0]))
    return [
        {"place": row.get(source.place_name, ""), "value": row.get(source.value_name, ""), "line": row["line"]}
        for row in table
    ]


@dataclass(frozen=True)
class Trial:
    """What a dry run read: its first lines, what is wrong by line, and whether it would be taken over."""

    lines: tuple[Mapping[str, str], ...] = ()
    count: int = 0
    problems: tuple[str, ...] = ()
    more: int = 0  # problems that are not shown
    why: str = ""  # why nothing could be read at all
    as_of: date | None = None
    same: bool = False  # just this is held already

    @property
    def good(self) -> bool:
        """Whether every line would be taken over."""
        return not (self.why or self.problems)


def try_source(source: DataSource, *, at: datetime) -> Trial:
    """This function will read a source and check every line; nothing is written."""
    lines: list[dict[str, str]] = []
    try:
        field = field_to_pull(source.field_code)
        fetched = fetch(source.url, secret=source.secret)
        lines = lines_of(source, fetched.content)
        read_values(field, lines, ground=Scope.of(ground_of(field.owner)))
    except Refusal as refusal:
        found = getattr(refusal, "problems", [])
        return Trial(
            lines=tuple(lines[:SHOWN]),
            count=len(lines),
            problems=tuple(found[:SHOWN_PROBLEMS]),
            more=max(len(found) - SHOWN_PROBLEMS, 0),
            why="" if found else str(refusal),
        )
    return Trial(
        lines=tuple(lines[:SHOWN]),
        count=len(lines),
        as_of=fetched.as_of(at),
        same=unchanged(source, fetched.sha256),
    )


def pull_source(pk: int, *, at: datetime) -> bool:
    """This function will read one source that is due and take over what it holds; whether it brought something new."""
    source = take_source(pk, at=at)
    if source is None:
        return False
    try:
        fetched = fetch(source.url, secret=source.secret, known=known_of(source))
        if fetched.not_modified:
            note_unchanged(source, at=at)
            return False
        lines = lines_of(source, fetched.content)
        brought = take_delivery(
            source,
            lines,
            sha256=fetched.sha256,
            as_of=fetched.as_of(at),
            validators=fetched.validators,
            at=at,
        )
    except Refusal as refusal:
        note_failure(source, refusal, at=at)
        return False
    return brought is not None


def pull_due(*, at: datetime) -> int:
    """This function will read every source that is due, one after the other; returns how many brought something new."""
    brought = 0
    for pk in due_sources(at=at):
        try:
            brought += pull_source(pk, at=at)
        except Exception:  # a fault of ours at one source does not keep the others from being read
            log.exception("source %s", pk)
    return brought
