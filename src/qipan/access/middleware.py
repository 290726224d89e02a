"""Says who acts: a pass in the header, the post of the signed-in account, a pass in a cookie, or nobody."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotSignedIn

from .queries import PASS_COOKIE, POST_KEY, actor_of_account, actor_of_token, holds_still
from .rules import OtherHolder, RightEnded

NOBODY = Actor(label="")
HOLDER_HEADER = "Qipan-Holder"


class ActorMiddleware:
    """Sets ``request.actor``; with a bad pass to nobody, and ``request.actor_refusal`` to the reason.

    A header is never mixed with a session: who shows a bad token is nobody, whatever the cookies say. A page that keeps
    things for one pass or post names it with each request (``Qipan-Holder``); under another one it gets and gives nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor_refusal = None  # type: ignore[attr-defined]
        try:
            request.actor = self._named(request, self._actor(request))  # type: ignore[attr-defined]
        except NotSignedIn as refusal:
            request.actor = NOBODY  # type: ignore[attr-defined]
            request.actor_refusal = refusal  # type: ignore[attr-defined]
        response = self.get_response(request)
        # What one person is shown is kept by no cache, on the way or on a shared desk; a view may say otherwise.
        if request.actor.label and "Cache-Control" not in response.headers:  # type: ignore[attr-defined]
            response.headers["Cache-Control"] = "private, no-store"
        return response

    def _named(self, request: HttpRequest, actor: Actor) -> Actor:
        named = request.headers.get(HOLDER_HEADER, actor.holder)
        if actor.label and named != actor.holder:
            raise OtherHolder if holds_still(named, at=now()) else RightEnded
        return actor

    def _actor(self, request: HttpRequest) -> Actor:
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer":
                raise NotSignedIn
            return actor_of_token(token.strip(), at=now())
        if request.user.is_authenticated:
            return actor_of_account(request.user, request.session.get(POST_KEY), at=now())
        if PASS_COOKIE in request.COOKIES:
            return actor_of_token(request.COOKIES[PASS_COOKIE], at=now())
        return NOBODY
