"""Training cards: the one that a holder must read, and how many of a team have read theirs (SCR-3)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import get_language

from qipan.kernel.actor import Actor

from ..models import CardReading, Pass, Post, TrainingCard
from ..rules import CARD_PARTS, FEWEST_COUNTED

AT_ONCE = 500  # keys in one question


@dataclass(frozen=True)
class CardView:
    """A card in the reader's language, and whether this holder has confirmed it."""

    id: int
    title: str
    steps: list[str]
    say: list[str]
    not_ask: list[str]
    call: list[str]
    read: bool


@dataclass(frozen=True)
class CardCount:
    """How many holders of a team's passes there are and how many have read their card."""

    holders: int
    read: int

    @property
    def shown(self) -> bool:
        """Whether the count may be shown: of fewer than three holders it would speak of one person."""
        return self.holders >= FEWEST_COUNTED


def reading_key(card_id: int, holder: str) -> str:
    """This function will return the key under which a holder's reading counts; it leads back to nobody."""
    digest = hashlib.blake2b(f"{card_id} {holder}".encode(), key=settings.SECRET_KEY.encode()[:64], digest_size=16)
    return digest.hexdigest()


def holder_of(actor: Actor) -> str:
    """What stands for an actor in a key: the pass or the post that he or she works under."""
    return f"pass {actor.pass_id}" if actor.pass_id else f"post {actor.post_id}"


def newest_cards(role_ids: Iterable[int]) -> dict[int, TrainingCard]:
    """This function will return the newest card of each role that has one."""
    return {card.role_id: card for card in TrainingCard.objects.filter(role__in=set(role_ids)).order_by("version")}


def role_id_of(actor: Actor) -> int | None:
    """This function will return the role under which an actor works."""
    if actor.pass_id:
        passes = Pass.objects.everywhere("the holder's own pass").filter(serial=actor.pass_id)
        return passes.values_list("role_id", flat=True).first()
    posts = Post.objects.everywhere("the holder's own post").filter(pk=actor.post_id or 0)
    return posts.values_list("role_id", flat=True).first()


def card_of(actor: Actor) -> CardView | None:
    """This function will return the newest card of an actor's role; None where the role has none."""
    role_id = role_id_of(actor)
    card = newest_cards([role_id]).get(role_id) if role_id is not None else None
    if card is None:
        return None
    ending = "" if (get_language() or "").startswith("zh") else "_en"
    return CardView(
        id=card.pk,
        title=card.text[f"title{ending}"],
        **{part: list(card.text[f"{part}{ending}"]) for part in CARD_PARTS},
        read=CardReading.objects.filter(key=reading_key(card.pk, holder_of(actor))).exists(),
    )


def card_counts(team_ids: Iterable[int], *, at: datetime) -> dict[int, CardCount]:
    """This function will count, team by team, the passes in force whose role has a card, and those that have read it.

    A number per team and nothing else: which pass it was is neither kept nor returned.
    """
    passes = Pass.objects.everywhere("a count without names").filter(
        team__in=list(team_ids), revoked_at=None, expires_at__gt=at
    )
    rows = list(passes.values_list("team", "role_id", "serial"))
    cards = newest_cards(role_id for _team, role_id, _serial in rows)
    keys: dict[str, int] = {}
    holders: dict[int, int] = {}
    for team, role_id, serial in rows:
        if team is not None and role_id in cards:
            holders[team] = holders.get(team, 0) + 1
            keys[reading_key(cards[role_id].pk, f"pass {serial}")] = team
    read = dict.fromkeys(holders, 0)
    asked = list(keys)
    for start in range(0, len(asked), AT_ONCE):
        found = CardReading.objects.filter(key__in=asked[start : start + AT_ONCE])
        for key in found.values_list("key", flat=True):
            read[keys[key]] += 1
    return {team: CardCount(count, read[team]) for team, count in holders.items()}
