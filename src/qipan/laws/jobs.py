"""Every minute: what cited an article and has ended as was foreseen cites it no longer."""

from huey import crontab

from qipan.kernel.clock import now
from qipan.kernel.queue import queue

from .actions.citing import end_due_citations


@queue.periodic_task(crontab(minute="*"))
def end_citations_that_are_due() -> None:
    """This job will end the citations of what has ended by now."""
    end_due_citations(at=now())
