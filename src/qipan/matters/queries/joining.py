"""What was joined: which matter a report follows, and which reports follow a matter."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects

from qipan.kernel.actor import Scope

from ..models import Matter, MatterStep, Photo, Report
from ..rules.loop import CONFIRM_WITHIN
from ..terms import State, StepKind


def followed(report: Report) -> Matter:
    """This function will return the matter that a report follows: where the joining of its own ends, if it was joined."""
    return report.matter.root or report.matter


def following(matter: int) -> QuerySet[Report]:
    """This function will return the reports that follow a matter, by its key: its own and those of all joined to it.

    Of a matter that is joined itself only its own: the others follow where the joining ends.
    """
    return Report.objects.filter(matter__in=ending_at(matter))


def asked_in_vain(scope: Scope, *, at: datetime) -> QuerySet[Matter]:
    """This function will return the verified matters of a ground whose reporters each had a week to speak, also those who
    joined since, or whose matter was joined, and that still wait for somebody's word.
    """
    since = at - CONFIRM_WITHIN
    joined = MatterStep.objects.filter(matter=OuterRef("pk"), kind=StepKind.JOINED, at__gt=since)
    rows = Matter.objects.within(scope).filter(state=State.VERIFIED, verified_at__lte=since)
    return rows.exclude(Exists(joined))


def wished_private(matter: int) -> bool:
    """This function will say whether all reports that follow a matter, by its key, wished it kept off the public list."""
    return not following(matter).filter(private=False).exists()


def know_wishes(matters: Iterable[Matter]) -> None:
    """This function will read what those who reported these matters wished, in one statement, for their public points."""
    pointed = [one for one in matters if one.point is not None]
    prefetch_related_objects(pointed, Prefetch("reports", Report.objects.only("matter", "private")))


def shown_photos(matter: int) -> QuerySet[Photo]:
    """This function will return the photographs of a matter, by its key, and those of the reports that follow it."""
    own_or_reported = Q(matter=matter) | Q(report__isnull=False)  # what was done about what was joined stays with that
    return Photo.objects.filter(own_or_reported, matter__in=ending_at(matter)).order_by("pk")


def ending_at(matter: int) -> QuerySet[Matter, Any]:
    """This function will return the keys of a matter and of all that are joined to it, for a filter of their rows."""
    # Which matters first, each by its index: an OR over both tables reads every report there is.
    every: QuerySet[Matter] = Matter.objects.everywhere("whose reports follow a matter that was gated")
    return every.filter(Q(pk=matter) | Q(root=matter)).values("pk")
