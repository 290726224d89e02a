"""Each night: comparisons of phones whose time is over are erased."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions import erase_lists


@queue.periodic_task(crontab(hour="3", minute="20"))
def erase_old_lists() -> None:
    """This job will erase the lists that are older than a month."""
    erase_lists(at=now())
