"""Calling another machine: its name is looked up once, each address it leads to is checked, and just that is called."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
from cryptography import x509

from .addresses import PrivateAddress, UrlNotAllowed, checked_url, is_own, may_call

Headers = Mapping[str, str]


@cache
def _trusted(own_ca: str) -> ssl.SSLContext:
    """The certificates that are trusted, read once: each reading takes longer than many a call."""
    context = httpx.create_ssl_context(trust_env=False)
    if own_ca:
        context.load_verify_locations(cafile=own_ca)
    return context


def own_ca_fault(path: str) -> str:
    """This function will say why a file of certificates cannot be used; empty where it can, and where none is named."""
    if not path:
        return ""
    try:
        found = x509.load_pem_x509_certificates(Path(path).read_bytes())
        ssl.create_default_context().load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    over = [one.subject.rfc4514_string() for one in found if one.not_valid_after_utc <= datetime.now(UTC)]
    return f"expired: {'; '.join(over)}" if over else ""


@asynccontextmanager
async def calling(
    method: str,
    url: str,
    *,
    headers: Headers,
    seconds: float,
    own: Sequence[str],
    own_ca: str = "",
    content: bytes = b"",
) -> AsyncIterator[httpx.Response]:
    """This context will give the answer of an address, whose body is not read yet; no redirect is followed.

    ``own`` are networks named as one's own; only there http will do, and only there the authorities in the file ``own_ca``
    are trusted beside the public ones. ``seconds`` bound each step, the caller bounds the whole. Raises ``UrlNotAllowed``, ``PrivateAddress``, and what ``httpx`` and the look-up of names raise.
    """
    target = httpx.URL(checked_url(url, own=own))
    port = target.port or (443 if target.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    addresses = [str(address[4][0]) for address in found]
    if not all(may_call(address, own=own) for address in addresses):
        raise PrivateAddress(host=target.host)
    at_home = all(is_own(address, own) for address in addresses)
    if target.scheme != "https" and not at_home:
        raise UrlNotAllowed
    async with httpx.AsyncClient(
        verify=_trusted(own_ca if at_home else ""), timeout=seconds, trust_env=False
    ) as client:
        request = client.build_request(
            method,
            target.copy_with(host=addresses[0]),
            headers={**headers, "Host": target.netloc.decode()},
            content=content,
            extensions={"sni_hostname": target.host},
        )
        response = await client.send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()
