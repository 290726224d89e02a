"""Which other machines may be called: those of the public internet by https, and those of networks named as one's own.

Pure: names are looked up where the call is made (``calling``).
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from .refusal import Refusal

LONGEST_URL = 500
NAT64 = ip_network("64:ff9b::/96")


class UrlNotAllowed(Refusal):
    code = "url_not_allowed"
    sentence = _("Give a full https address, without name and password and without #.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="url")


class PrivateAddress(Refusal):
    """The name leads into a private network that nobody named as one's own."""

    code = "private_address"
    sentence = _("%(host)s is not a public address of the internet; it is not called.")
    status = 400

    def __init__(self, *, host: str) -> None:
        super().__init__(field="url", host=host)


def _unwrapped(address: str) -> IPv4Address | IPv6Address | None:
    """The address itself, also one wrapped in IPv6; None where it is none."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(known, IPv6Address):
        inner = known.ipv4_mapped or known.sixtofour or (known.teredo[1] if known.teredo else None)
        if inner is not None:
            return inner
        if known in NAT64:
            return IPv4Address(int(known) & 0xFFFFFFFF)
    return known


def is_public(address: str) -> bool:
    """This function will say whether an IP address lies in the public internet, also one wrapped in IPv6."""
    known = _unwrapped(address)
    return known is not None and known.is_global and not known.is_multicast


def is_own(address: str, own: Sequence[str]) -> bool:
    """This function will say whether an IP address lies in one of the networks ``own`` ("10.20.0.0/16")."""
    known = _unwrapped(address)
    return known is not None and any(known in ip_network(network) for network in own)


def may_call(address: str, *, own: Sequence[str]) -> bool:
    """This function will say whether an IP address may be called."""
    return is_public(address) or is_own(address, own)


def checked_url(text: str, *, own: Sequence[str]) -> str:
    """This function will return an address that may be called; http only where networks are named as one's own.

    A name is looked up when it is called, and what it leads to is checked then. Raises ``UrlNotAllowed``,
    ``PrivateAddress`` (an IP address in it that may not be called).
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlNotAllowed from None
    plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text and len(text) <= LONGEST_URL
    scheme = parts.scheme == "https" or (bool(own) and parts.scheme == "http")
    if not (plain and scheme and host and port != 0) or parts.username is not None or "#" in text:
        raise UrlNotAllowed
    try:
        literal = str(ip_address(host))
    except ValueError:
        return text
    if not may_call(literal, own=own):
        raise PrivateAddress(host=host)
    return text
