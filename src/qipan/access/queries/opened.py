"""Which rights are open for an emergency (``kernel.opened``): posts given for it, passes given on its ground since."""

from datetime import datetime

from django.db.models import Count, Min

from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.scoped import overlapping

from ..models import Pass, PassQuerySet, Post


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the posts given for an emergency and, by list, the passes given out on its ground since.

    The passes of teams go with their teams and are not told twice. A line says office and unit, never who.
    """
    posts = Post.objects.filter(emergency=emergency.number).everywhere("the rights that an emergency opened")
    held = posts.filter(valid_from__lte=at).exclude(valid_to__lte=at).select_related("unit", "role").order_by("pk")
    lines = [
        OpenLine(
            "POST",
            f"access.Post:{post.pk}",
            f"{post.unit.label} · {post.title or post.role.label}",
            post.unit_id,
            post.valid_from,
            detail={"posts": [post.pk]},
        )
        for post in held
    ]
    lists = passes_since(emergency, at=at).values_list("batch", "unit").annotate(n=Count("pk"), since=Min("issued_at"))
    lines += [
        OpenLine(
            "PASSES",
            f"access.Pass:{batch}:{unit}",
            "",
            unit,
            since,
            count=n,
            detail={"batch": batch, "unit": unit},
            by_ground=True,
        )
        for batch, unit, n, since in lists.order_by("since", "batch", "unit")
    ]
    return lines


def passes_since(emergency: Emergency, *, at: datetime) -> PassQuerySet:
    """This function will return the passes in force that were given out on the ground since the emergency began."""
    rows = Pass.objects.filter(
        overlapping(emergency.grounds), team=None, revoked_at=None, issued_at__gte=emergency.since, expires_at__gt=at
    )
    return rows.everywhere("the rights that an emergency opened")
