"""Every minute: calls that are over are written down, and payments that are overdue are told."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions.calling import end_due
from .actions.costs import tell_overdue
from .actions.parties import clock_of_reserves


@queue.periodic_task(crontab(minute="*"))
def look_at_reserves() -> None:
    """This job will look at the calls and cost sheets of the city of this deployment."""
    at, by = now(), clock_of_reserves()
    end_due(by=by, at=at)
    tell_overdue(by=by, at=at)
