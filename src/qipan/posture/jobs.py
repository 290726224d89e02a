"""Every minute: what is over is written down, and missed reviews are told. Each day: zones are asked again."""

from django.conf import settings
from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue, slow
from qipan.territory.api import parts_of

from . import rules
from .actions.declarations import end_lapsed
from .actions.ending import end_due, weigh_measures
from .actions.noting import clock_of_measures
from .actions.reviewing import tell_reviews


@queue.periodic_task(crontab(minute="*"))
def look_at_measures() -> None:
    """This job will look at the measures of the city of this deployment."""
    at, by = now(), clock_of_measures()
    end_due(by=by, at=at)
    tell_reviews(by=by, at=at)


@queue.periodic_task(crontab(minute="*"))
def end_what_nobody_extended() -> None:
    """This job will end responses whose expected duration has passed; beside the measures, which cannot hold it up."""
    end_lapsed(by=clock_of_measures(), at=now())


@slow.periodic_task(crontab(minute="2", hour="0"), retries=3, retry_delay=30)
def ask_the_zones() -> None:
    """This job will hold measures against the zones after each midnight: a rule set ends with a day, and asks nobody.

    District by district: each measure takes milliseconds, and thousands would be locked for a minute. Harmless to repeat.
    """
    at = now()
    for hazard in sorted({hazard for _kind, hazard in rules.grades()}):
        for ground in parts_of(settings.CITY):
            weigh_measures([ground], hazard=hazard, since=at, by=clock_of_measures(), at=at)
