"""What access knows: actors of posts and passes, and who acts in a request."""

from .actors import (
    actor_of_account,
    actor_of_post,
    actor_of_token,
    at_work,
    forget,
    holds_still,
    link_for,
    named_leader,
    posts_of_unit,
    read_claim,
    right_ends,
    seats_of,
    token_for,
    valid,
)
from .cards import CardCount, card_counts, card_of, reading_key
from .requests import PASS_COOKIE, POST_KEY, actors_here, needs, signed_in

__all__ = [
    "PASS_COOKIE",
    "POST_KEY",
    "CardCount",
    "actor_of_account",
    "actor_of_post",
    "actor_of_token",
    "actors_here",
    "at_work",
    "card_counts",
    "card_of",
    "forget",
    "holds_still",
    "link_for",
    "named_leader",
    "needs",
    "posts_of_unit",
    "read_claim",
    "reading_key",
    "right_ends",
    "seats_of",
    "signed_in",
    "token_for",
    "valid",
]
