"""Every hour the figures of emergencies are kept; after a year's end, what is still weak is told."""

from datetime import timedelta

from django.utils.timezone import localtime
from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions.days import keep_days
from .actions.weaknesses import tell_year_end
from .subscribers import clock_of_learning


@queue.periodic_task(crontab(minute="55"))
def keep_days_of_emergencies() -> None:
    """This job will keep the figures of today; the last ones of a day stand five minutes before midnight."""
    keep_days(by=clock_of_learning(), at=now())


@queue.periodic_task(crontab(minute="10"))
def tell_what_a_year_leaves() -> None:
    """This job will, on 1 January, put the weaknesses that are still open on the lead body's desk; once."""
    at = now()
    today = localtime(at)
    if (today.month, today.day) == (1, 1):
        tell_year_end((today - timedelta(days=1)).year, by=clock_of_learning(), at=at)
