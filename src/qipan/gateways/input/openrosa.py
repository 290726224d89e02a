"""Reading what clients of OpenRosa send: who they are, the XML of a filled form, the files beside it."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.http import parse_http_date_safe
from django.utils.translation import gettext_lazy as _

from qipan.forms.api import Sent
from qipan.kernel.refusal import NotSignedIn, Refusal
from qipan.matters.api import clean_photo

from ..rules.openrosa import MOST_BYTES

XML_PART = "xml_submission_file"
PARTIAL = "*isIncomplete*"
SENT_AT = "Qipan-Sent-At"


class NotMultipart(Refusal):
    """Other bodies are not opened at all."""

    code = "not_multipart"
    sentence = _("A filled form is sent as multipart/form-data, its XML as xml_submission_file.")
    status = 415


class XmlMissing(Refusal):
    code = "xml_missing"
    sentence = _("The post has no part named xml_submission_file.")
    status = 400


class LengthNeeded(Refusal):
    code = "length_needed"
    sentence = _("The request does not say how long it is.")
    status = 411


class PostTooLarge(Refusal):
    code = "post_too_large"
    sentence = _("One post is at most %(most)s MB; send larger files in several.")
    status = 413

    def __init__(self) -> None:
        super().__init__(most=MOST_BYTES // 1_000_000)


class CutShort(Refusal):
    """The connection broke: a file would be half, and the next try would look like another one."""

    code = "cut_short"
    sentence = _("The request ended before its end; nothing was kept. Please send it again.")
    status = 400


@dataclass(frozen=True)
class Post:
    """A filled form with the files of this post; ``partial`` says that the client means to send more."""

    xml: bytes
    files: tuple[Sent, ...]
    partial: bool
    sent_at: datetime | None  # by the device's clock


def token_in(request: HttpRequest) -> str:
    """This function will return the pass in the header: as a bearer's token or as the password of Basic.

    A pass is a signed key of its own, so Basic gives away no password; the name before it is not read.
    Raises ``NotSignedIn``.
    """
    scheme, _space, said = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() != "basic":
        raise NotSignedIn
    try:
        name, _mark, password = base64.b64decode(said.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise NotSignedIn from None
    return password or name


def read_post(request: HttpRequest) -> Post:
    """This function will read a post whole before anything is done with it.

    Raises ``NotMultipart``, ``XmlMissing``, ``LengthNeeded``, ``PostTooLarge``, ``CutShort``, ``NotAPhoto``, ``PhotoTooLarge``.
    """
    if request.content_type != "multipart/form-data":
        raise NotMultipart
    said = request.META.get("CONTENT_LENGTH") or ""
    if not said.isdigit():
        raise LengthNeeded
    length = int(said)
    if length > MOST_BYTES:
        raise PostTooLarge
    try:
        body = request.read(length)
    except (UnreadablePostError, OSError):
        raise CutShort from None
    boundary = (request.content_params or {}).get("boundary", "")
    if len(body) != length or not boundary or not body.rstrip(b"\r\n").endswith(f"--{boundary}--".encode("latin-1", "replace")):  # fmt: skip
        raise CutShort
    try:
        fields, files = MultiPartParser(request.META, BytesIO(body), request.upload_handlers, "utf-8").parse()
    except MultiPartParserError:
        raise CutShort from None
    xml = files.get(XML_PART)
    if xml is None:
        raise XmlMissing
    kept = [_sent(file) for name in files for file in files.getlist(name) if name != XML_PART]
    return Post(xml.read(), tuple(kept), PARTIAL in fields, _sent_at(request))


def _sent_at(request: HttpRequest) -> datetime | None:
    """What the device's clock showed: OpenRosa's clients say it in ``Date``, which a browser lets no page do."""
    try:
        told = datetime.fromisoformat(request.headers.get(SENT_AT, ""))
        return told if told.tzinfo else None
    except ValueError:
        moment = parse_http_date_safe(request.headers.get("Date", ""))
        return None if moment is None else datetime.fromtimestamp(moment, UTC)


def _sent(file: UploadedFile) -> Sent:
    """A photograph is written anew, without where and by which camera; what calls itself one has to be one."""
    raw, kind = file.read(), (file.content_type or "application/octet-stream").lower()
    kept = clean_photo(raw).image if kind.startswith("image/") else None
    return Sent.of(file.name or "", "image/jpeg" if kept is not None else kind, raw, kept=kept)
