"""Every few seconds: seal the journal, send what waits."""

from qipan.kernel.clock import now
from qipan.kernel.queue import every

from .actions import deliver_waiting, seal


@every(5)
def seal_journal() -> None:
    """This job will chain what was recorded since."""
    seal(at=now())


@every(3)
def send_messages() -> None:
    """This job will send the messages that are due."""
    deliver_waiting(at=now())
