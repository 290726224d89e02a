"""Keeping the figures of emergencies, day by day."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from qipan.kernel.actor import Actor
from qipan.posture.api import Declaration

from ..models import DayFigure
from ..queries.days import figures_at


def keep_days(*, by: Actor, at: datetime) -> int:
    """This function will keep today's figures of every emergency that runs or whose review is open; returns how many.

    The last figures of a day stay as that day's. For the hourly job: derived from rows, so it writes no journal.
    """
    followed = Declaration.objects.filter(
        Q(ended_at=None, expected_until__gt=at) | Q(review__closed_at=None, review__isnull=False), starts_at__lte=at
    )
    day = localdate(at)
    kept = 0
    for declaration in followed.order_by("pk"):
        with transaction.atomic():
            DayFigure.objects.update_or_create(
                declaration=declaration, day=day, defaults={"at": at, **figures_at(declaration, at=at)}
            )
        kept += 1
    return kept
