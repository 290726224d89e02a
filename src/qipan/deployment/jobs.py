"""Periodic work of the room: an empty shift is told before it begins (SCR-8), and asked for no more when it is over."""

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue

from .actions import end_helping, end_shifts, warn_empty_shifts


@queue.periodic_task(crontab(minute="*"))
def warn_of_empty_shifts() -> None:
    """This job will tell, every minute, whose shifts start within two hours with nobody on them, and end what is over:
    shifts, and the help of partners whose last team stood down.
    """
    watch, at = Actor.system("empty shifts", acts=["team.manage"], ranges=[range_of(settings.CITY)]), now()
    warn_empty_shifts(by=watch, at=at)
    end_shifts(by=watch, at=at)
    end_helping(by=watch, at=at)
