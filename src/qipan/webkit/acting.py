"""Who acts in a request, as the middleware of ``access`` found it: also for rooms below that one."""

from django.http import HttpRequest

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotSignedIn


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
