"""Every minute: rounds whose time is over are closed."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions import close_due_rounds


@queue.periodic_task(crontab(minute="*"))
def close_rounds() -> None:
    """This job will close the rounds that are over."""
    close_due_rounds(at=now())
