"""A plain question that keeps machines at bay without a third party, and the key of an address that is not kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal

SALT = "qipan.webkit.challenge"
GOOD_FOR_S = 2 * 3600
TRIES = 40  # from one address in ten minutes, in each process
TRIES_S = 600


class ChallengeFailed(Refusal):
    code = "challenge_failed"
    sentence = _("The answer to the question is not right, or the page was open too long. Here is a new question.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="answer")


class TooManyTries(Refusal):
    code = "too_many_tries"
    sentence = _("Many requests came from this address. Please wait a few minutes, or call the hotline.")
    status = 429


@dataclass(frozen=True)
class Challenge:
    """A question, and the signed token that knows its answer and is good for one use."""

    question: str
    token: str


def new_challenge() -> Challenge:
    """This function will ask for the sum of two small numbers."""
    first, second = secrets.randbelow(9) + 1, secrets.randbelow(9) + 1
    token = signing.dumps({"sum": first + second, "nonce": secrets.token_hex(16)}, salt=SALT)
    return Challenge(_now("How much is %(first)s plus %(second)s?") % {"first": first, "second": second}, token)


def nonce_of(token: str, answer: str) -> str:
    """This function will return the nonce of a token whose question was answered right. Raises ``ChallengeFailed``."""
    try:
        held = signing.loads(token, salt=SALT, max_age=GOOD_FOR_S)
    except signing.BadSignature:
        raise ChallengeFailed from None
    if answer.strip() != str(held["sum"]):
        raise ChallengeFailed
    return str(held["nonce"])


def source_of(request: HttpRequest) -> str:
    """This function will return a keyed hash of the address a request comes from, another one each day."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.HTTPS:  # behind the proxy, which adds the address that it saw as the last
        address = request.headers.get("X-Forwarded-For", address).rpartition(",")[2].strip()
    try:
        known = ip_address(address)
        if isinstance(known, IPv6Address):
            address = str(ip_network(f"{known}/64", strict=False))
    except ValueError:
        address = "unknown"
    key = f"qipan.address.{settings.SECRET_KEY}".encode()
    return hmac.new(key, f"{address} {localdate(now())}".encode(), hashlib.sha256).hexdigest()


def count_try(request: HttpRequest, what: str = "matters", *, most: int = TRIES) -> None:
    """This function will count one more try of an address at something. Raises ``TooManyTries``."""
    count_tries(f"{what}-{source_of(request)}", most=most)


def count_tries(who: str, *, most: int) -> None:
    """This function will count one more try of whoever that is in ten minutes, in this process. Raises ``TooManyTries``."""
    key = f"try-{who}"
    cache.add(key, 0, TRIES_S)
    try:
        tries = cache.incr(key)
    except ValueError:  # ran out between the two
        tries = 1
    if tries > most:
        raise TooManyTries
