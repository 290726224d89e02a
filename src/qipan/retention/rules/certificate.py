"""What a certificate says, how it is signed and how anyone checks it. Pure functions: keys and text come as arguments."""

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

FORMAT = "qipan-destruction-certificate/1"
MINIMUM_CELL = 10
ALGORITHM = "Ed25519"
LARGEST = 5_000_000  # bytes that are read


class CertificateBad(Refusal):
    """The file is not what was signed; ``why`` says in which way."""

    code = "certificate_bad"
    sentence = _("This is not a certificate as it was issued: %(why)s")
    status = 400

    def __init__(self, why: object) -> None:
        super().__init__(why=str(why))


def canonical(value: Any) -> str:
    """This function will write canonical JSON: sorted keys, no spaces, UTF-8 without escapes beyond JSON's own."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def key_id(public: bytes) -> str:
    """This function will return the short name of a public key: 16 hexadecimal digits of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def sign(body: dict[str, Any], *, key: Ed25519PrivateKey) -> str:
    """This function will return the certificate's whole text: what it says, and the signature over it."""
    said = canonical(body).encode()
    public = key.public_key().public_bytes_raw()
    signature = {
        "algorithm": ALGORITHM,
        "digest": sha256(said).hexdigest(),
        "key_id": key_id(public),
        "public_key": b64encode(public).decode(),
        "value": b64encode(key.sign(said)).decode(),
    }
    return canonical({"certificate": body, "signature": signature})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CertificateBad(_("a name stands twice in it"))
    return found


def read(text: str, *, trusted: bytes | None = None) -> dict[str, Any]:
    """This function will return what a certificate says, after every check. ``trusted`` is the published public key.

    Raises ``CertificateBad`` with the reason: unreadable, another format, changed after signing, signed by another key,
    or sums that do not add up.
    """
    if len(text.encode()) > LARGEST:
        raise CertificateBad(_("it is too large"))
    try:
        whole = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise CertificateBad(_("it is no JSON")) from None
    if not isinstance(whole, dict) or set(whole) != {"certificate", "signature"}:
        raise CertificateBad(_("it has not the two parts, certificate and signature"))
    body, signature = whole["certificate"], whole["signature"]
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise CertificateBad(_("its format is not known"))
    try:
        public, value = b64decode(signature["public_key"], validate=True), b64decode(signature["value"], validate=True)
        key = Ed25519PublicKey.from_public_bytes(public)
        named, digest, algorithm = signature["key_id"], signature["digest"], signature["algorithm"]
    except (KeyError, TypeError, ValueError):
        raise CertificateBad(_("its signature cannot be read")) from None
    if algorithm != ALGORITHM or named != key_id(public):
        raise CertificateBad(_("its signature names another key than it carries"))
    try:
        said = canonical(body).encode()
    except ValueError:  # a number that JSON does not have
        raise CertificateBad(_("it is no JSON")) from None
    if digest != sha256(said).hexdigest():
        raise CertificateBad(_("what it says was changed after it was signed"))
    try:
        key.verify(value, said)
    except InvalidSignature:
        raise CertificateBad(_("the signature does not belong to what it says")) from None
    if trusted is not None and public != trusted:
        raise CertificateBad(_("it was signed by another key than the published one"))
    _add_up(body)
    return body


def _add_up(body: dict[str, Any]) -> None:
    try:
        lots, totals = body["lots"], body["totals"]
        right = all(totals[name] == sum(lot[name] for lot in lots) for name in ("destroyed", "held"))
        same = body["prepared"]["person"] == body["approved"]["person"]
    except (KeyError, TypeError):
        raise CertificateBad(_("a part of it is missing")) from None
    if not right:
        raise CertificateBad(_("its sums do not add up"))
    if same:
        raise CertificateBad(_("one person prepared and approved it"))
