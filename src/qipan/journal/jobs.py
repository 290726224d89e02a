"""Every few seconds: seal the journal, send what waits."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import every, slow

from .actions import deliver_waiting, forget_messages, seal


@every(5)
def seal_journal() -> None:
    """This job will chain what was recorded since."""
    seal(at=now())


@every(3)
def send_messages() -> None:
    """This job will send the messages that are due."""
    deliver_waiting(at=now())


@slow.periodic_task(crontab(hour="3", minute="5"))
def forget_each_night() -> None:
    """This job will blank what was said in messages that left a month ago."""
    forget_messages(at=now())
