"""A reporter's word on how it ended that holds no more: what it was said of is not as it was, so each is asked anew.

The kept counts lose the word in the month in which it was said, so that each reporter counts once, by the last word.
"""

from datetime import datetime

from django.db.models import QuerySet

from qipan.kernel.actor import Actor

from ..models import Matter, Report
from ..rules.figures import unsaid_word
from ..rules.limits import month_of
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
