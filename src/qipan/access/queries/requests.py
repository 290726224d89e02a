"""Who acts in a request, for views of every room."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotSignedIn
from qipan.webkit.acting import signed_in

from ..terms import ACTS
from .actors import actor_of_account, actor_of_token, seats_of

PASS_COOKIE = "qipan_pass"  # noqa: S105 - the name of a cookie
POST_KEY = "post"  # in the session: the post chosen of several

View = Callable[..., HttpResponse]


def actors_here(request: HttpRequest) -> list[Actor]:
    """This function will return everybody as whom this device is signed in: who acts, each post of the account whatever
    was chosen, and the pass it keeps. Nobody for a device of a resident.
    """
    acting, at = getattr(request, "actor", None), now()
    found = [acting] if acting is not None and acting.label else []
    if request.user.is_authenticated:
        own = [seat.actor for seat in seats_of(request.user.pk, at=at)]
        found += own or [actor_of_account(request.user, None, at=at)]
    if PASS_COOKIE in request.COOKIES:
        with suppress(NotSignedIn):
            found.append(actor_of_token(request.COOKIES[PASS_COOKIE], at=at))
    return found


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
