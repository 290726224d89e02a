"""Who acts in a request, for views of every room."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotSignedIn

from ..terms import ACTS

PASS_COOKIE = "qipan_pass"  # noqa: S105 - the name of a cookie
POST_KEY = "post"  # in the session: the post chosen of several

View = Callable[..., HttpResponse]


def signed_in(request: HttpRequest) -> Actor:
    """This function will return who acts in this request.

    Raises ``NotSignedIn``, with the reason where a pass was shown that is not good (any more).
    """
    refusal: NotSignedIn | None = getattr(request, "actor_refusal", None)
    if refusal is not None:
        raise refusal
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or not actor.label:
        raise NotSignedIn
    return actor


def needs(act: str) -> Callable[[View], View]:
    """This decorator will let a request through to the view only when the post at work gives ``act``.

    Raises ``NotSignedIn`` (401, or the log-in page) and ``NotAllowed`` (403). It checks no ground.
    """
    if act not in ACTS:
        raise ValueError(f"there is no act {act!r}")

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            signed_in(request).require(act)
            return view(request, *args, **kwargs)

        return guarded

    return wrap
