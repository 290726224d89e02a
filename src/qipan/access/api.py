"""The front door of access: actors, posts, passes, and the checks that views use."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotSignedIn

from .actions import (
    Enrolled,
    WorkerRow,
    close_account,
    end_post,
    enrol_workers,
    give_post,
    issue_pass,
    open_account,
    rename_role,
    revoke_passes,
    seed_demo_accounts,
    seed_roles,
)
from .models import Account, Pass, Post, Role
from .queries import (
    actor_of_post,
    actor_of_token,
    forget,
    link_for,
    named_leader,
    posts_of_unit,
    seats_of,
    token_for,
)
from .terms import ACTS

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


__all__ = [
    "ACTS",
    "Account",
    "Enrolled",
    "Pass",
    "Post",
    "Role",
    "WorkerRow",
    "actor_of_post",
    "actor_of_token",
    "close_account",
    "end_post",
    "enrol_workers",
    "forget",
    "give_post",
    "issue_pass",
    "link_for",
    "named_leader",
    "needs",
    "open_account",
    "posts_of_unit",
    "rename_role",
    "revoke_passes",
    "seats_of",
    "seed_demo_accounts",
    "seed_roles",
    "signed_in",
    "token_for",
]
