"""What is open of an emergency in this room; and which emergencies others may name (``kernel.opened``)."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.place import Range
from qipan.kernel.scoped import overlapping

from ..models import Declaration, Measure, Posture
from .declared import declarations_on, grounds_of


def emergency_of(declaration: Declaration) -> Emergency:
    """This function will return a declaration as the other rooms are asked about it."""
    return Emergency(
        key=declaration.pk,
        number=declaration.number,
        issuer=declaration.issuer_id,
        grounds=tuple(grounds_of(declaration)),
        since=declaration.starts_at,
        drill=declaration.drill,
        hazard=declaration.hazard,
        follows=declaration.follows_id,
        ended=declaration.ended_at,
    )


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the measures that hold or are to come, and the postures of an emergency.

    Beside those under its declaration: those without one on its ground that were imposed against its hazard, or since it
    began and against none.
    """
    held = Measure.objects.filter(Q(lifted_at=None) | Q(lifted_at__gt=at), expires_at__gt=at)
    against = Q(hazard=emergency.hazard) | Q(hazard="", starts_at__gte=emergency.since)
    loose = held.filter(overlapping(emergency.grounds), against, declaration=None, drill=emergency.drill)
    lines = [
        OpenLine(
            "MEASURE",
            f"posture.Measure:{measure.pk}",
            measure.title,
            measure.issuer_id,
            measure.starts_at,
            detail={"measures": [measure.pk]},
            grounds=(Range(measure.first, measure.last),),
        )
        for measure in held.filter(declaration=emergency.key).order_by("pk")
    ]
    lines += [
        OpenLine(
            "MEASURE",
            f"posture.Measure:{measure.pk}",
            measure.title,
            measure.issuer_id,
            measure.starts_at,
            detail={"measures": [measure.pk]},
            by_ground=True,
        )
        for measure in loose.order_by("pk")
    ]
    postures = Posture.objects.filter(declaration=emergency.key, ended_at=None, until__gt=at).order_by("pk")
    lines += [
        OpenLine(
            "POSTURE",
            f"posture.Posture:{posture.pk}",
            posture.get_kind_display(),
            emergency.issuer,
            posture.since,
            detail={"postures": [posture.pk]},
        )
        for posture in postures
    ]
    return lines


def emergencies_in_force(ranges: Sequence[Range], at: datetime) -> list[tuple[str, str]]:
    """This function will return number and matter of each declaration in force on the ground, the newest first."""
    rows = declarations_on(ranges).filter(ended_at=None, starts_at__lte=at, expected_until__gt=at)
    return [(row.number, f"{row.number} {row.matter}") for row in rows]


def emergency_end(number: str) -> datetime | None:
    """This function will return when the declaration of this number ended."""
    return Declaration.objects.filter(number=number).values_list("ended_at", flat=True).first()
