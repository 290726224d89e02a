"""``POST /api/visits``: a plain view, because on this path a request's own cost is the bound."""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from qipan.access.api import actor_of_token, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.webkit.middleware import refusal_json

from ..actions import store_visits
from ..ingest import MAX_BYTES, BodyTooLarge, StoreUnavailable

PATH = "/api/visits"
RETRY_AFTER_S = 5


class CsrfMissing(Refusal):
    """A cookie travels by itself, so it needs a token that does not."""

    code = "csrf_missing"
    sentence = _("The request came with a cookie and without its CSRF token; reload the page.")
    status = 403


class PostOnly(Refusal):
    code = "post_only"
    sentence = _("Visits are sent with POST.")
    status = 405


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _not_exempt(request: HttpRequest) -> HttpResponse:
    """The check looks at the view it guards, and this room's is exempt for uploads with a pass."""
    return HttpResponse()


_check = _Check(_not_exempt)


def _require_token(request: HttpRequest) -> None:
    _check.process_request(request)
    if _check.process_view(request, _not_exempt, (), {}) is not None:
        raise CsrfMissing


def _said(refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json"}
    if isinstance(refusal, StoreUnavailable):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(refusal, PostOnly):
        headers["Allow"] = "POST"
    return refusal.status, headers, json.dumps(refusal_json(refusal)).encode()


@csrf_exempt
def receive_visits(request: HttpRequest) -> HttpResponse:
    """This view will store an upload and answer each item; README.md has the format.

    200 when the body could be read, also when some items were refused: each has its own answer.
    """
    at = now()
    try:
        actor = signed_in(request)
        if request.method != "POST":
            raise PostOnly
        if "Authorization" not in request.headers:
            _require_token(request)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
            raise BodyTooLarge
        body = store_visits(request.body, by=actor, at=at).as_json()
    except Refusal as refusal:
        status, headers, body = _said(refusal)
        return HttpResponse(body, status=status, headers=headers)
    return HttpResponse(body, content_type="application/json")


Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def short_way(application: Application) -> Application:
    """This function will let uploads that carry a pass in the header reach the act without Django's request handling.

    It needs neither session nor cookie nor template, and costs as much as storing ten visits. All else,
    and a request to be sent on to https, goes to ``application``. The answers are the same.
    """

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        token = environ.get("HTTP_AUTHORIZATION", "")
        if (
            environ["PATH_INFO"] != PATH
            or environ["REQUEST_METHOD"] != "POST"
            or not token.startswith("Bearer ")
            or not environ.get("CONTENT_LENGTH", "").isdigit()
            or (settings.HTTPS and environ.get("HTTP_X_FORWARDED_PROTO") != "https")
        ):
            return application(environ, start_response)
        at = now()
        status, headers = 200, {"Content-Type": "application/json"}
        try:
            actor = actor_of_token(token[7:].strip(), at=at)
            length = int(environ["CONTENT_LENGTH"])
            if length > MAX_BYTES:
                raise BodyTooLarge
            answer = store_visits(environ["wsgi.input"].read(length), by=actor, at=at)
            if answer.plain:
                body = answer.as_json()
            else:
                with override(get_language_from_request(WSGIRequest(environ))):
                    body = answer.as_json()
        except Refusal as refusal:
            with override(get_language_from_request(WSGIRequest(environ))):
                status, headers, body = _said(refusal)
        headers["Content-Length"] = str(len(body))
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
        return [body]

    return serve
