"""Every minute: measures that are over are written down, and missed reviews are told."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions.ending import end_due
from .actions.reviewing import tell_reviews
from .subscribers import clock_of_measures


@queue.periodic_task(crontab(minute="*"))
def look_at_measures() -> None:
    """This job will look at the measures of the city of this deployment."""
    at, by = now(), clock_of_measures()
    end_due(by=by, at=at)
    tell_reviews(by=by, at=at)
