"""What deployment holds of persons, for which purpose and how long; every column of every table of the room."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.kernel.monthly import Monthly
from qipan.kernel.place import Range, range_of
from qipan.kernel.retention import Destroy, PersonalData, Starts, Way, declare

from .models import Shift

KEEP = timedelta(days=90)


def _rows() -> QuerySet[Any]:
    rows = Shift.objects.everywhere("destroyed by month").exclude(filled_by="")
    return rows.annotate(ended_on=F("ends_at"), of_drill=F("drill"))


def _blank(keys: list[Any]) -> None:
    """That somebody stood there stays, who it was does not."""
    Shift.objects.everywhere("destroyed by month").filter(pk__in=keys).update(filled_by="")


def _city() -> tuple[Range, ...]:
    return (range_of(settings.CITY),)


HELD_SHIFTS = Monthly(
    model="deployment.Shift",
    title=_("Who stood at gates"),
    rows=_rows,
    period=KEEP,
    destroy=_blank,
    line="pk",
    grounds=_city,
    place="place",
    cleaned=("deployment_shift",),
)

declare(
    "deployment.Shift",
    PersonalData(
        "filled_by",
        purpose=_("who stands at a gate"),
        basis="pipl-2021-34",
        period=timedelta(days=90),
        starts_with=Starts.ENDED,
        destroy=Destroy.BLANKED,
        way=Way.RUN,
        holder=HELD_SHIFTS,
    ),
    plain="title source",
    keys="id unit place starts_at ends_at task filled_at warned_at released_at drill",
)
declare(
    "deployment.Team",
    plain="source",
    keys="id unit number place first last formed_at stands_down_at released_at drill",
)
