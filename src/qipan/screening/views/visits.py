"""``POST /api/visits``: a plain view, because on this path a request's own cost is the bound."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from qipan.access.api import actor_of_token, signed_in
from qipan.kernel.clock import now
from qipan.kernel.refusal import Refusal
from qipan.webkit.middleware import refusal_json
from qipan.webkit.short_way import Answer, Call, refused, short_way

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


def _extra(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, StoreUnavailable):
        return {"Retry-After": str(RETRY_AFTER_S)}
    return {"Allow": "POST"} if isinstance(refusal, PostOnly) else {}


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
        return JsonResponse(refusal_json(refusal), status=refusal.status, headers=_extra(refusal))
    return HttpResponse(body, content_type="application/json")


@short_way("POST", PATH)
def receive_by_pass(call: Call) -> Answer:
    """This handler will store an upload that carries a pass in its header, at the cost of storing ten visits."""
    at = now()
    try:
        actor = actor_of_token(call.token, at=at)
        if call.length > MAX_BYTES:
            raise BodyTooLarge
        return Answer(store_visits(call.body, by=actor, at=at).as_json())
    except StoreUnavailable as refusal:
        return refused(refusal, **_extra(refusal))
