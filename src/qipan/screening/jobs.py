"""Every minute: rounds whose time is over are closed. All the time: how coverage goes is sampled."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import every, queue

from .actions import close_due_rounds, sample_open_rounds


@queue.periodic_task(crontab(minute="*"))
def close_rounds() -> None:
    """This job will close the rounds that are over."""
    close_due_rounds(at=now())


@every(2)
def sample_coverage() -> None:
    """This job will keep how far each open round has come, once in each slot of the city's clock.

    It asks so often because a drill's clock may run a day in half a minute; on the real clock it
    finds its slot taken and leaves.
    """
    sample_open_rounds(at=now())
