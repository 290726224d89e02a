"""Which matters are blocked: something asked about them late for a day, with which the area's named leader is told (FRC-2)."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from qipan.desk.api import FAR_LEADER, Task, TaskKind, is_late
from qipan.kernel.actor import Scope
from qipan.kernel.place import Range

from ..models import Agreed, Called, Handling, Hazard, Matter

# What is asked about a matter, as tasks name it: parts and the office's own work, street calls with the ruling on a
# refusal, inspections of a hazard, and what a site meeting agreed on. A session's call is about no matter.
ABOUT = ("matter:", "call:", "hazard:", "agreed:")


def never_accepted(scope: Scope, *, at: datetime) -> QuerySet[Handling]:
    """This function will return the parts of units whose time to accept is over without a word, and of which the level
    above was not told yet: for the job. A clock that stands makes nothing late.
    """
    rows = Handling.objects.select_related("matter").filter(scope.q("matter__place"), task__suspended_at=None)
    return rows.filter(accept_by__lte=at, responded_at=None, ended_at=None, silent_at=None).order_by("accept_by", "pk")


def to_remind(scope: Scope, *, at: datetime) -> QuerySet[Handling]:
    """This function will return the parts of which a quarter of the time to accept is left without a word, and whose
    unit was not reminded yet: for the job. A clock that stands calls nobody.
    """
    rows = Handling.objects.select_related("matter").filter(scope.q("matter__place"), task__suspended_at=None)
    return rows.filter(remind_at__lte=at, accept_by__gt=at, responded_at=None, ended_at=None).order_by(
        "remind_at", "pk"
    )


def stuck_on(ranges: Iterable[Range], *, at: datetime) -> int:
    """This function will count the tasks about matters of a ground that have been late for a day, by the index of
    what is late.
    """
    about = Q()
    for prefix in ABOUT:
        about |= Q(source__startswith=prefix)
    rows = Task.objects.within(Scope(tuple(ranges))).filter(is_late(at - FAR_LEADER), about)
    return rows.filter(kind=TaskKind.MATTER, drill=False).count()


def stuck_among(matters: Iterable[Matter], *, at: datetime) -> set[int]:
    """This function will return which of these matters something has been late for a day at: a unit's part, a call,
    agreed work or the inspection of a hazard, also of what was joined to one. One statement.
    """
    keys, late = [one.pk for one in matters], is_late(at - FAR_LEADER, "task__")
    parts = Handling.objects.filter(late, matter__in=keys, ended_at=None).values_list("matter")
    looks = Hazard.objects.filter(is_late(at - FAR_LEADER, "look__"))
    called, agreed = Called.objects.filter(late), Agreed.objects.filter(late)
    found = parts.union(
        *(looks.filter(**{f"{matter}__in": keys}).values_list(matter) for matter in ("matter", "matter__root")),
        *(rows.filter(call__matter__in=keys).values_list("call__matter") for rows in (called, agreed)),
        *(rows.filter(call__matter__root__in=keys).values_list("call__matter__root") for rows in (called, agreed)),
    )
    return {key for (key,) in found}
