"""Pass tokens and limits: pure decisions, no database."""

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.utils.translation import gettext_lazy as _

from qipan.kernel.place import Range
from qipan.kernel.refusal import NotSignedIn

LONGEST_PASS = timedelta(days=60)
SEAL_BYTES = 16  # half of SHA-256's output, the shortest that RFC 2104 advises
PURPOSE = b"qipan.access.pass.1"


class Claim(NamedTuple):
    """What a pass says of itself: everything a request needs, so that none has to ask the database."""

    serial: UUID
    role: str
    unit: int
    team: int | None
    ranges: tuple[Range, ...]
    expires_at: datetime
    label: str


def _seal(body: bytes, key: str) -> bytes:
    own = hashlib.sha256(PURPOSE + key.encode()).digest()  # a key of its own for this purpose
    return hmac.new(own, body, hashlib.sha256).digest()[:SEAL_BYTES]


def token_of(claim: Claim, *, key: str) -> str:
    """This function will write a claim as a signed token: letters, digits, ``-`` and ``_`` only."""
    numbers = [number for ground in claim.ranges for number in ground]
    body = msgspec.msgpack.encode(
        (
            claim.serial.bytes,
            claim.role,
            claim.unit,
            claim.team,
            numbers,
            int(claim.expires_at.timestamp()),
            claim.label,
        )
    )
    return base64.urlsafe_b64encode(_seal(body, key) + body).decode().rstrip("=")


class NotAPass(NotSignedIn):
    """The token was not written here, or was changed."""

    code = "not_a_pass"
    sentence = _("This link or QR code is not valid. Please ask for a new one.")


class PassExpired(NotSignedIn):
    """The pass was good until its time ran out."""

    code = "pass_expired"
    sentence = _("This pass has expired. Please ask for a new one.")


class PassRevoked(NotSignedIn):
    """The pass was taken back before its time."""

    code = "pass_revoked"
    sentence = _("This pass was revoked. Please ask for a new one.")


class OtherHolder(NotSignedIn):
    """What a device keeps for one pass or post is neither sent nor asked for by another one."""

    code = "other_holder"
    sentence = _(
        "Another post works on this device now. What this page keeps stays here, sealed, until its own post signs in again."
    )


class RightEnded(NotSignedIn):
    """The pass or post that a device names works no more, whoever is signed in now."""

    code = "right_ended"
    sentence = _("The right that this page was opened by has ended.")


Body = tuple[bytes, str, int, int | None, list[int], int, str]


def claim_of(token: str, *, keys: Iterable[str], at: datetime) -> Claim:
    """This function will read a token that was signed with one of the keys and is in time.

    Raises ``NotAPass`` and ``PassExpired``.
    """
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise NotAPass from None
    seal, body = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
    if not body or not any(hmac.compare_digest(seal, _seal(body, key)) for key in keys):
        raise NotAPass
    serial, role, unit, team, numbers, expires, label = msgspec.msgpack.decode(body, type=Body)
    claim = Claim(
        UUID(bytes=serial),
        role,
        unit,
        team,
        tuple(Range(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)),
        datetime.fromtimestamp(expires, UTC),
        label,
    )
    if at >= claim.expires_at:
        raise PassExpired
    return claim


def collect_settings(url: str, *, name: str) -> str:
    """This function will write what ODK Collect reads from a QR code: JSON, packed with zlib, in base64.

    The phone then gets exactly the forms of ``url`` and sends what is filled in when it has a network
    (https://docs.getodk.org/collect-import-export/).
    """
    said = {
        "general": {"server_url": url, "form_update_mode": "match_exactly", "autosend": "wifi_and_cellular"},
        "admin": {},
        "project": {"name": name[:40], "icon": name[:1]},
    }
    return base64.b64encode(zlib.compress(json.dumps(said, ensure_ascii=False).encode(), 9)).decode()


CARD_PARTS = ("steps", "say", "not_ask", "call")
CARD_LINE = 120
FEWEST_COUNTED = 3  # of fewer holders no count is shown: it would speak of one person


def card_problems(text: object) -> list[str]:
    """This function will name everything that is wrong with a training card; an empty list means none."""
    if not isinstance(text, dict):
        return ["an object is needed"]
    problems = []
    for name in ("title", "title_en"):
        if not isinstance(text.get(name), str) or not 0 < len(text[name].strip()) <= CARD_LINE:
            problems.append(f"{name}: a text of at most {CARD_LINE} characters is needed")
    for part in CARD_PARTS:
        one, other = (text.get(name) for name in (part, f"{part}_en"))
        for name, lines in ((part, one), (f"{part}_en", other)):
            if not isinstance(lines, list) or not lines or not all(isinstance(x, str) and x.strip() for x in lines):
                problems.append(f"{name}: a list of texts is needed")
        if isinstance(one, list) and isinstance(other, list) and len(one) != len(other):
            problems.append(f"{part}: not as many lines in Chinese as in English")
    known = {"title", "title_en", *CARD_PARTS, *(f"{part}_en" for part in CARD_PARTS)}
    return problems + [f"{name}: not known" for name in text if name not in known]
