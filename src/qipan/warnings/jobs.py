"""Every minute: what an expired warning started is taken back."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions.prealert import note_lapsed


@queue.periodic_task(crontab(minute="*"))
def look_at_warnings() -> None:
    """This job will end the pre-alert of warnings that have expired."""
    note_lapsed(at=now())
