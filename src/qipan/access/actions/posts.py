"""Accounts and posts: who works where. Nobody gives a post to himself."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit, ground_of
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import BadInput, NotFound, Refusal

from ..models import Account, Post, Role
from ..queries import forget, valid


class NotForYourself(Refusal):
    """Rights are given by another person."""

    code = "not_for_yourself"
    sentence = _("Nobody can give a post to his or her own account.")
    status = 403


class AlreadyHeld(Refusal):
    """The account holds this post already."""

    code = "post_already_held"
    sentence = _("This account already holds this post.")


class UsernameTaken(Refusal):
    """User names are unique."""

    code = "username_taken"
    sentence = _("The user name %(username)s is taken.")


class PartOutsideUnit(Refusal):
    """A post covers its unit's ground or a part of it."""

    code = "post_outside_unit"
    sentence = _("The area of a post must lie inside the area of its unit.")


def _require_ground(unit: Unit, by: Actor) -> None:
    by.require("account.manage")
    if unit.place not in by.scope or not all(by.scope.covers(ground) for ground in ground_of(unit)):
        raise NotFound


@transaction.atomic
def open_account(*, username: str, display_name: str, password: str | None, by: Actor, at: datetime) -> Account:
    """This function will open an account; it gives no right before a post is given.

    Without a password nobody can log in with it. Needs ``account.manage``; raises ``NotAllowed``,
    ``UsernameTaken``, ``BadInput`` for a weak password.
    """
    by.require("account.manage")
    if not username or Account.objects.filter(username=username).exists():
        raise UsernameTaken(username=username, field="username")
    account = Account(username=username, display_name=display_name)
    if password is not None:
        try:
            validate_password(password, account)
        except ValidationError as error:
            raise BadInput(error.messages, field="password") from None
    account.set_password(password)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError:
        raise UsernameTaken(username=username, field="username") from None
    record("access.open_account", subject=account, by=by, at=at)
    return account


@transaction.atomic
def close_account(account: Account, *, by: Actor, at: datetime) -> None:
    """This function will close an account for good and end its posts.

    Needs ``account.manage`` on the ground of each post it holds; raises ``NotAllowed``, ``NotFound``.
    """
    by.require("account.manage")
    posts = valid(Post.objects.filter(account=account), at=at).everywhere("each is checked below")
    for post in posts.select_related("unit"):
        _require_ground(post.unit, by)
    posts.update(valid_to=at)
    account.is_active = False
    account.save(update_fields=["is_active"])
    record("access.close_account", subject=account, by=by, at=at)
    transaction.on_commit(forget)


@transaction.atomic
def give_post(
    account: Account,
    *,
    unit: Unit,
    role: Role,
    title: str = "",
    part: Range | None = None,
    sponsors_area: bool = False,
    published_name: str = "",
    valid_to: datetime | None = None,
    emergency: str = "",
    by: Actor,
    at: datetime,
) -> Post:
    """This function will let an account hold a role in a unit, on its ground or on a part of it.

    ``published_name``: the name of an area's named leader as an official list publishes it; residents read it.
    It is kept for named leaders only. ``emergency`` is the number of the declaration for which the post is given: the
    release ends it. Needs ``account.manage``; raises ``NotAllowed``, ``NotFound``, ``NotForYourself``, ``AlreadyHeld``,
    ``PartOutsideUnit``.
    """
    _require_ground(unit, by)
    if by.account_id == account.pk:
        raise NotForYourself
    if part is not None and not any(ground.covers(part) for ground in ground_of(unit)):
        raise PartOutsideUnit
    held = valid(Post.objects.filter(account=account, unit=unit, role=role), at=at)
    if held.everywhere("the unit was checked").exists():
        raise AlreadyHeld
    post = Post(
        account=account,
        unit=unit,
        role=role,
        title=title,
        first=part.first if part else None,
        last=part.last if part else None,
        sponsors_area=sponsors_area,
        published_name=published_name.strip()[:40] if sponsors_area else "",
        valid_from=at,
        valid_to=valid_to,
        emergency=emergency,
    )
    try:
        with transaction.atomic():
            post.save(force_insert=True)
    except IntegrityError:
        raise AlreadyHeld from None
    record(
        "access.give_post",
        subject=post,
        by=by,
        at=at,
        place=unit.place,
        data={"account": account.pk, "unit": unit.code, "role": role.code},
    )
    transaction.on_commit(forget)
    return post


@transaction.atomic
def end_post(post: Post, *, by: Actor, at: datetime) -> None:
    """This function will end a post now. Needs ``account.manage``; raises ``NotAllowed``, ``NotFound``."""
    _require_ground(post.unit, by)
    post.valid_to = at
    post.save(update_fields=["valid_to"])
    record("access.end_post", subject=post, by=by, at=at, place=post.unit.place)
    transaction.on_commit(forget)


@transaction.atomic
def rename_role(role: Role, *, name: str, name_en: str, by: Actor, at: datetime) -> None:
    """This function will give a role another name; its rights stay (PRI-3).

    Needs ``account.manage``; raises ``NotAllowed``.
    """
    by.require("account.manage")
    before = [role.name, role.name_en]
    role.name, role.name_en = name, name_en
    role.save(update_fields=["name", "name_en"])
    record("access.rename_role", subject=role, by=by, at=at, data={"old": before, "new": [name, name_en]})
    transaction.on_commit(forget)
