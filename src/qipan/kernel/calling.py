"""Calling another machine: its name is looked up once, each address it leads to is checked, and just that is called."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache

import httpx

from .addresses import PrivateAddress, UrlNotAllowed, checked_url, is_own, may_call

Headers = Mapping[str, str]


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: each reading takes longer than many a call."""
    return httpx.create_ssl_context(trust_env=False)


@asynccontextmanager
async def calling(
    method: str, url: str, *, headers: Headers, seconds: float, own: Sequence[str], content: bytes = b""
) -> AsyncIterator[httpx.Response]:
    """This context will give the answer of an address, whose body is not read yet; no redirect is followed.

    ``own`` are networks named as one's own; only there http will do. ``seconds`` bound each step, the caller bounds
    the whole. Raises ``UrlNotAllowed``, ``PrivateAddress``, and what ``httpx`` and the look-up of names raise.
    """
    target = httpx.URL(checked_url(url, own=own))
    port = target.port or (443 if target.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    addresses = [str(address[4][0]) for address in found]
    if not all(may_call(address, own=own) for address in addresses):
        raise PrivateAddress(host=target.host)
    if target.scheme != "https" and not all(is_own(address, own) for address in addresses):
        raise UrlNotAllowed
    async with httpx.AsyncClient(verify=_trusted(), timeout=seconds, trust_env=False) as client:
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
