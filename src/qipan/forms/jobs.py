"""What the clock does with forms: sources that are due are read; each night filled forms whose time is over are erased."""

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.queue import every, slow

from .actions.erasing import erase_submissions, forget_points
from .adapter import pull_due


@slow.periodic_task(crontab(minute="50", hour="3"))
def erase_each_night() -> None:
    """This job will erase what is kept long enough, and forget points, a thousand at a time."""
    by = Actor.system("forms clock", acts=["form.erase"])
    for act in (erase_submissions, forget_points):
        while act(by=by, at=now()):
            pass


@every(30)
def pull_sources() -> None:
    """This job will read the sources that are due; in a thread of its own, since a register may take half a minute."""
    if not settings.CLOCK_FILE:  # a drill's or replay's clock runs ahead, and real registers are not asked by it
        pull_due(at=now())
