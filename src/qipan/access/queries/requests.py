"""Who acts in a request, for views of every room."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from qipan.webkit.acting import signed_in

from ..terms import ACTS

PASS_COOKIE = "qipan_pass"  # noqa: S105 - the name of a cookie
POST_KEY = "post"  # in the session: the post chosen of several

View = Callable[..., HttpResponse]


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
