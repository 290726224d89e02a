"""Who acts: actors from posts and tokens, the named leader of an area, and what each process remembers."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce

from qipan.duties.api import Unit, ground_of
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.ids import key_of
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotSignedIn

from ..models import Account, Pass, Post, PostQuerySet, Role
from ..rules import Claim, PassRevoked, claim_of, token_of
from ..terms import ACTS, PARTNER_ROLE

REMEMBER_S = 5.0  # how long a process may act on what it read of roles, posts and revocations
MOST_REMEMBERED = 20_000


@dataclass(frozen=True)
class Seat:
    """One post of an account with the actor it makes."""

    post_id: int
    actor: Actor


class _Memory:
    """What this process read lately; it saves queries and is never older than ``REMEMBER_S``."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.forget()

    def forget(self) -> None:
        self.seats: dict[int, tuple[float, list[Seat]]] = {}
        self.read_at = -REMEMBER_S
        self.acts: dict[str, frozenset[str]] = {}
        self.revoked: frozenset[str] = frozenset()
        self.revoked_rows = -1


_memory = _Memory()


def forget() -> None:
    """This function will make this process read roles, posts and revocations anew at the next request."""
    with _memory.lock:
        _memory.forget()


def valid(posts: PostQuerySet, *, at: datetime) -> PostQuerySet:
    """This function will keep the posts that are held at this moment."""
    return posts.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)


def actor_of_post(post: Post, *, at: datetime) -> Actor:
    """This function will return who acts when this post is at work.

    Raises ``NotSignedIn`` when the post has ended or not begun, or its account is closed.
    """
    if not post.account.is_active or post.valid_from > at or (post.valid_to is not None and post.valid_to <= at):
        raise NotSignedIn
    part = post.first is not None and post.last is not None
    return at_work(post, ground=(Range(post.first, post.last),) if part else ground_of(post.unit))  # type: ignore[arg-type]


def at_work(post: Post, *, ground: tuple[Range, ...]) -> Actor:
    """This function will return the actor of a post on a ground that is already known."""
    return Actor(
        label=f"{post.unit.name} {post.title or post.role.name}"[:120],
        label_en=f"{post.unit.name_en or post.unit.name} {post.title or post.role.name_en}"[:120],
        acts=frozenset(post.role.acts) & frozenset(ACTS),
        scope=Scope(ground),
        account_id=post.account_id,
        post_id=post.pk,
        unit_id=post.unit_id,
    )


def seats_of(account_id: int, *, at: datetime) -> list[Seat]:
    """This function will return the posts an account holds, oldest first; remembered for a few seconds."""
    remembered = _memory.seats.get(account_id)
    if remembered is not None and monotonic() - remembered[0] < REMEMBER_S:
        return remembered[1]
    posts = valid(Post.objects.filter(account_id=account_id), at=at).select_related("account", "unit", "role")
    seats = [
        Seat(post.pk, actor_of_post(post, at=at))
        for post in posts.everywhere("an account's own posts").order_by("valid_from", "pk")
        if post.account.is_active
    ]
    with _memory.lock:
        if len(_memory.seats) >= MOST_REMEMBERED:
            _memory.seats.clear()
        _memory.seats[account_id] = (monotonic(), seats)
    return seats


def actor_of_account(account: Account, post_id: int | None, *, at: datetime) -> Actor:
    """This function will return the actor of the chosen post, or of the first; without a post, one without rights."""
    seats = seats_of(account.pk, at=at)
    for seat in seats:
        if seat.post_id == post_id:
            return seat.actor
    if seats:
        return seats[0].actor
    return Actor(label=account.display_name or account.username, account_id=account.pk)


def _refresh() -> None:
    """Reads roles and revocations when they are older than ``REMEMBER_S``: two short queries, and the
    list of revoked serials only when their number changed."""
    if monotonic() - _memory.read_at < REMEMBER_S:
        return
    with _memory.lock:
        if monotonic() - _memory.read_at < REMEMBER_S:
            return
        acts = {role.code: frozenset(role.acts) & frozenset(ACTS) for role in Role.objects.filter(for_passes=True)}
        revoked = Pass.objects.filter(revoked_at__isnull=False).everywhere("revocations hold for everyone")
        rows = revoked.count()
        if rows != _memory.revoked_rows:
            _memory.revoked = frozenset(str(serial) for serial in revoked.values_list("serial", flat=True))
            _memory.revoked_rows = rows
        _memory.acts = acts
        _memory.read_at = monotonic()


def read_claim(token: str, *, at: datetime) -> Claim:
    """This function will read what a token says; raises ``NotAPass`` and ``PassExpired``, asks no database."""
    return claim_of(token, keys=[settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)], at=at)


def actor_of_token(token: str, *, at: datetime) -> Actor:
    """This function will return who acts with a pass. Signature and expiry need no query; revocations
    and roles are read at most every five seconds by each process.

    Raises ``NotSignedIn`` as ``NotAPass``, ``PassExpired`` or ``PassRevoked``.
    """
    claim = read_claim(token, at=at)
    _refresh()
    serial = str(claim.serial)
    if serial in _memory.revoked:
        raise PassRevoked
    return Actor(
        label=claim.label,
        acts=_memory.acts.get(claim.role, frozenset()),
        scope=Scope(claim.ranges),
        pass_id=serial,
        unit_id=claim.unit,
        team_id=claim.team,
        partner=claim.role == PARTNER_ROLE,
    )


def token_for(issued: Pass) -> str:
    """This function will write the token of a pass; the same pass always has the same token."""
    claim = Claim(
        serial=issued.serial,
        role=issued.role.code,
        unit=issued.unit_id,
        team=issued.team,
        ranges=(Range(issued.first, issued.last),),
        expires_at=issued.expires_at,
        label=issued.label,
    )
    return token_of(claim, key=settings.SECRET_KEY)


def right_ends(actor: Actor) -> datetime | None:
    """This function will return when the right that an actor works with ends; None when no end is set."""
    if actor.pass_id is not None:
        held = Pass.objects.everywhere("the actor's own").filter(serial=actor.pass_id).first()
        return held.expires_at if held is not None else None
    post = Post.objects.everywhere("the actor's own").filter(pk=actor.post_id or 0).first()
    return post.valid_to if post is not None else None


def holds_still(holder: str, *, at: datetime) -> bool:
    """This function will say whether a pass or post, as a device names it (``Actor.holder``), is in force, whoever has it."""
    if holder.startswith("post "):
        posts = Post.objects.filter(pk=key_of(holder.removeprefix("post ")) or 0, account__is_active=True)
        return valid(posts, at=at).everywhere("only whether it is held").exists()
    try:
        serial = UUID(holder)
    except ValueError:
        return False
    passes = Pass.objects.everywhere("only whether it holds")
    return passes.filter(serial=serial, revoked_at=None, expires_at__gt=at).exists()


def link_for(token: str) -> str:
    """This function will return the address behind a token, without the host."""
    return f"/p/{token}"


def named_leader(place: int, *, at: datetime | None = None) -> Post | None:
    """This function will return the post of the area's named leader over a place: of the smallest area
    that has one. Without ``at``, posts without an end count.
    """
    posts = Post.objects.filter(sponsors_area=True, account__is_active=True, unit__valid_to=None)
    posts = posts.filter(valid_to=None) if at is None else valid(posts, at=at)
    return (
        posts.annotate(low=Coalesce("first", "unit__first"), high=Coalesce("last", "unit__last"))
        .filter(low__lte=place, high__gte=place)
        .select_related("account", "unit", "role")
        .everywhere("escalation reaches above the asker's own area")
        .order_by("-low", "high", "pk")
        .first()
    )


def posts_of_unit(unit: Unit, *, at: datetime) -> PostQuerySet:
    """This function will return the posts that are held in a unit, to whom its messages go."""
    return valid(Post.objects.filter(unit=unit, account__is_active=True), at=at).everywhere("a unit's own posts")
