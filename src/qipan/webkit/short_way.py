"""A short way past Django's request handling, for endpoints that thousands of devices call with a pass.

Such a call needs neither session nor cookie nor template; without them it costs a fifth. A room names
its handler with ``@short_way("GET", "/api/…")``; ``config/wsgi.py`` wraps the application once. A call
without a pass in the header, a host that is not ours and a request to be sent on to https go to Django;
so does a call whose handler failed, since all these acts may be repeated. Answers and headers are the same.
"""

import json
import logging
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.translation import get_language_from_request, override

from qipan.kernel.refusal import Refusal

from .middleware import ContentSecurityMiddleware, refusal_json

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Answer(NamedTuple):
    """What a handler answers; a body is JSON."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = {}


class Call:
    """A request that carries a pass in its header."""

    def __init__(self, environ: Environ) -> None:
        self.environ = environ
        self.token: str = environ["HTTP_AUTHORIZATION"][7:].strip()
        self.length = int(environ.get("CONTENT_LENGTH") or 0)

    @cached_property
    def body(self) -> bytes:
        return self.environ["wsgi.input"].read(self.length) if self.length else b""

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.environ.get("QUERY_STRING", "")))

    @cached_property
    def language(self) -> str:
        return _language(self.environ.get("HTTP_ACCEPT_LANGUAGE", ""), self.environ.get("HTTP_COOKIE", ""))


Handler = Callable[[Call], Answer]
_handlers: dict[tuple[str, str], Handler] = {}


def short_way(method: str, path: str) -> Callable[[Handler], Handler]:
    """This decorator will let a handler serve the calls of a method and path that carry a pass."""

    def add(handler: Handler) -> Handler:
        _handlers[method, path] = handler
        return handler

    return add


@lru_cache(maxsize=256)
def _language(accepted: str, cookie: str) -> str:
    environ = {
        "REQUEST_METHOD": "GET",
        "wsgi.input": BytesIO(),
        "HTTP_ACCEPT_LANGUAGE": accepted,
        "HTTP_COOKIE": cookie,
    }
    return get_language_from_request(WSGIRequest(environ))


@lru_cache(maxsize=64)
def _ours(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


@lru_cache(maxsize=2)
def _safety(https: bool) -> tuple[tuple[str, str], ...]:
    """The headers that the middleware adds to every other answer, taken from it once."""
    request = HttpRequest()
    request.META = {"HTTP_X_FORWARDED_PROTO": "https"} if https else {}
    chain: Callable[[HttpRequest], Any] = lambda _request: HttpResponse()  # noqa: E731
    for middleware in (XFrameOptionsMiddleware, ContentSecurityMiddleware, SecurityMiddleware):
        chain = middleware(chain)
    return tuple(pair for pair in chain(request).headers.items() if pair[0] != "Content-Type")


def _handler_of(environ: Environ) -> Handler | None:
    handler = _handlers.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
    if (
        handler is None
        or not environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer ")
        or not (environ.get("CONTENT_LENGTH") or ("0" if environ["REQUEST_METHOD"] == "GET" else "")).isdigit()
        or not _ours(environ.get("HTTP_HOST") or environ["SERVER_NAME"], tuple(settings.ALLOWED_HOSTS))
        or (settings.HTTPS and environ.get("HTTP_X_FORWARDED_PROTO") != "https")
    ):
        return None
    return handler


def refused(refusal: Refusal, **headers: str) -> Answer:
    """This function will answer a refusal as Django's side does, in the language that is active."""
    return Answer(json.dumps(refusal_json(refusal)).encode(), refusal.status, headers)


def with_short_ways(application: Application) -> Application:
    """This function will return the application with the short ways before it."""

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        handler = _handler_of(environ)
        if handler is None:
            return application(environ, start_response)
        call = Call(environ)
        try:
            with override(call.language):
                try:
                    answer = handler(call)
                except Refusal as refusal:
                    answer = refused(refusal)
        except Exception:
            log.exception("The short way to %s failed; taking the long one", environ["PATH_INFO"])
            close_old_connections()
            if "body" in call.__dict__:
                environ["wsgi.input"] = BytesIO(call.body)
            return application(environ, start_response)
        headers = [*_safety(settings.HTTPS), ("Content-Language", call.language), ("Vary", "Accept-Language")]
        if answer.status != HTTPStatus.NOT_MODIFIED:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(answer.body)))]
        headers += answer.headers.items()
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    return serve
