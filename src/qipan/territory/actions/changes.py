"""The note of each change, and what all acts of this room check first."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.act import forget
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from ..models import Change
from ..queries.kept import territory_mark
from ..terms import ChangeKind


class DayNotReached(Refusal):
    """The change would hold from a day that has not come."""

    code = "day_not_reached"
    sentence = _("A change of the map is entered from its day on, not before (%(day)s).")


class HeldIsNewer(Refusal):
    """Versions that begin after the day of the change are already held."""

    code = "held_is_newer"
    sentence = _("The map already holds changes made after %(day)s; an older one cannot be put beneath them.")


def check_day(day: date, at: datetime) -> None:
    """This function will raise ``DayNotReached`` for a day that lies after ``at``."""
    if day > timezone.localdate(at):
        raise DayNotReached(day=day.isoformat())


def check_ground(by: Actor, ranges: Iterable[Range]) -> None:
    """This function will raise ``NotFound`` unless all of the ground lies in the actor's scope."""
    if not all(by.scope.covers(part) for part in ranges):
        raise NotFound


def note(
    act: str,
    kind: ChangeKind,
    *,
    subject: str,
    source: str,
    valid_from: date,
    synthetic: bool,
    place: int | None,
    data: dict[str, Any],
    by: Actor,
    at: datetime,
) -> None:
    """This function will write the journal row of an act and the mark by which look-ups are kept fresh."""
    record(
        f"territory.{act}",
        subject=subject,
        place=place,
        data={**data, "source": source, "valid_from": valid_from.isoformat()},
        by=by,
        at=at,
    )
    Change.objects.create(id=uuid7(), kind=kind, source=source[:200], valid_from=valid_from, at=at, synthetic=synthetic)
    forget(territory_mark)
