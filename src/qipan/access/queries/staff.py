"""How many posts and passes units have at work: counts by unit, without a name."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from ..models import Pass, Post


def posts_by_unit(units: Iterable[int], *, at: datetime) -> dict[int, int]:
    """This function will count the posts that are held in units at a moment; units without one are left out."""
    held = Post.objects.everywhere("a count by unit, without names").filter(
        Q(valid_to=None) | Q(valid_to__gt=at), unit__in=units, valid_from__lte=at, account__is_active=True
    )
    return dict(held.order_by().values_list("unit").annotate(n=Count("account", distinct=True)))


def passes_by_unit(units: Iterable[int], *, ranges: Iterable[Range], at: datetime) -> dict[int, int]:
    """This function will count the passes of units that are in force on a ground; units without one are left out."""
    held = Pass.objects.within(Scope(tuple(ranges))).filter(unit__in=units, revoked_at=None, expires_at__gt=at)
    return dict(held.order_by().values_list("unit").annotate(n=Count("pk")))
