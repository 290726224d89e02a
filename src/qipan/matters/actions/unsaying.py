"""What was said and counted of a matter and holds no more: a reporter's word on how it ended, a verification, a filing.

The kept counts lose it in the month in which it was said, so that each reporter counts once, by the last word, and each
matter once, by the last filing and the last verification that stands.
"""

from datetime import datetime

from django.db.models import QuerySet

from qipan.kernel.actor import Actor

from ..models import Matter, MatterStep, Report
from ..rules.figures import uncounted_word, unsaid_word, verified_word
from ..rules.limits import month_of
from ..rules.loop import Loop, stands_verified
from ..terms import StepKind
from .steps import note_step

UNSAID = {"confirmed": None, "satisfied": None, "said_at": None}  # a reporter has yet to speak of how it ended


def take_back_words(matter: Matter, reports: QuerySet[Report], *, unit: int | None, by: Actor, at: datetime) -> None:
    """This function will take back what reporters said of a matter: they have yet to speak.

    ``unit`` is whose account their words were counted on: the matter's handler at that time.
    """
    for satisfied, when in reports.filter(confirmed=True).order_by("pk").values_list("satisfied", "said_at"):
        if satisfied is not None and when is not None:
            detail = unsaid_word(satisfied, month_of(when))
            note_step(matter, StepKind.UNSAID, unit=unit, detail=detail, by=by, at=at)
    reports.update(**UNSAID)


def take_back_verification(matter: Matter, was: Loop, *, by: Actor, at: datetime) -> None:
    """This function will take back that a matter was verified, where that still stood: it was so ``was``, and is no more.

    What another system had closed was never counted as verified here.
    """
    if stands_verified(was) and matter.way and matter.verified_at is not None:
        detail = uncounted_word(verified_word(was.closing, matter.way), month_of(matter.verified_at))
        note_step(matter, StepKind.UNCOUNTED, unit=was.handler, detail=detail, by=by, at=at)


def take_back_filing(matter: Matter, *, by: Actor, at: datetime) -> None:
    """This function will take back that a matter was filed, where that still stands: it waits to be filed again."""
    if (last := _filing(matter)) is not None:
        detail = uncounted_word(StepKind.FILED, month_of(last.at))
        note_step(matter, StepKind.UNCOUNTED, unit=last.unit_id, detail=detail, by=by, at=at)


def count_filing(matter: Matter, *, by: Actor, at: datetime) -> None:
    """This function will count a matter as filed that is filed by being reopened, where no filing of it stands: it was
    declined before, or another system had filed it.
    """
    if _filing(matter) is None:
        note_step(matter, StepKind.FILED, by=by, at=at)


def _filing(matter: Matter) -> MatterStep | None:
    """The filing that stands: the last one, unless as many were taken back."""
    kinds = (StepKind.FILED, StepKind.UNCOUNTED)
    steps = list(MatterStep.objects.filter(matter=matter, kind__in=kinds).order_by("pk"))
    filed = [one for one in steps if one.kind == StepKind.FILED]
    back = sum(one.kind == StepKind.UNCOUNTED and one.detail.startswith(f"{StepKind.FILED}:") for one in steps)
    return filed[-1] if len(filed) > back else None
