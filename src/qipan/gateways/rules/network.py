"""Which addresses a message may be sent to. Pure: names are looked up elsewhere."""

from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from qipan.kernel.refusal import Refusal

LONGEST_URL = 500
NAT64 = ip_network("64:ff9b::/96")


class UrlNotAllowed(Refusal):
    code = "url_not_allowed"
    sentence = _("Give a full https address of the partner's, without name and password and without #.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="url")


class PrivateAddress(Refusal):
    """The name leads into a private network, where nothing of a partner's is."""

    code = "private_address"
    sentence = _("%(host)s is not a public address of the internet; nothing is sent there.")
    status = 400

    def __init__(self, *, host: str) -> None:
        super().__init__(field="url", host=host)


def is_public(address: str) -> bool:
    """This function will say whether an IP address lies in the public internet, also one wrapped in IPv6."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(known, IPv6Address):
        inner = known.ipv4_mapped or known.sixtofour or (known.teredo[1] if known.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if known in NAT64:
            return is_public(str(ip_address(int(known) & 0xFFFFFFFF)))
    return known.is_global and not known.is_multicast


def checked_url(text: str, *, private: bool) -> str:
    """This function will return an address that a partner may be told at; ``private`` also allows http and any host.

    Raises ``UrlNotAllowed``, ``PrivateAddress`` (an IP address in it that is not public).
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlNotAllowed from None
    plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text and len(text) <= LONGEST_URL
    scheme = parts.scheme == "https" or (private and parts.scheme == "http")
    if not (plain and scheme and host and port != 0) or parts.username is not None or "#" in text:
        raise UrlNotAllowed
    if not private:
        try:
            literal = str(ip_address(host))
        except ValueError:
            return text
        if not is_public(literal):
            raise PrivateAddress(host=host)
    return text
