"""Says who acts: the post of the signed-in account, a pass, or nobody."""
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from qipan.kernel.actor import Actor


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = Actor(label="")  # type: ignore[attr-defined]
        return self.get_response(request)
