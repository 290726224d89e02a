"""Refusals become answers; every page carries a content security policy."""

import logging
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from qipan.kernel.refusal import BadInput, NotSignedIn, Refusal

log = logging.getLogger(__name__)
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def refusal_json(refusal: Refusal) -> dict[str, object]:
    """This function will return what a client reads of a refusal: code, sentence, data, problems."""
    body: dict[str, object] = {"code": refusal.code, "sentence": str(refusal), "data": refusal.spoken}
    if isinstance(refusal, BadInput):
        body["problems"] = refusal.problems
    return body


class RefusalMiddleware:
    """Turns a ``Refusal`` into JSON under /api/ and into a page elsewhere, with its own status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError):
            # What no column can hold, as NUL in a text on PostgreSQL: the caller's mistake, and nothing was written.
            log.warning("The database cannot hold what %s %s gave", request.method, request.path, exc_info=exception)
            exception = BadInput()
        if not isinstance(exception, Refusal):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse(refusal_json(exception), status=exception.status)
        # A pass that is not good any more says so itself: its holder has no password to log in with.
        if type(exception) is NotSignedIn and request.method == "GET":
            from django.contrib.auth.views import redirect_to_login

            return redirect_to_login(request.get_full_path())
        return render(request, "webkit/refusal.html", {"refusal": exception}, status=exception.status)


class ContentSecurityMiddleware:
    """Adds the content security policy: no script from elsewhere, no inline script."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")
        return response
