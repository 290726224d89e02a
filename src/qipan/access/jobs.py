"""Each night: sessions that are over are erased."""

from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions.sessions import erase_sessions


@queue.periodic_task(crontab(minute="20", hour="3"))
def erase_each_night() -> None:
    """This job will erase what the nightly pass of this room erases."""
    erase_sessions(by=Actor.system("sessions", acts=["account.manage"]), at=now())
