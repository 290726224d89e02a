"""Periodic work of the room: the property manager learns of an empty shift before it begins (SCR-8)."""

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue

from .actions import warn_empty_shifts


@queue.periodic_task(crontab(minute="*"))
def warn_of_empty_shifts() -> None:
    """This job will tell, every minute, whose shifts start within two hours with nobody on them."""
    watch = Actor.system("empty shifts", acts=["team.manage"], ranges=[range_of(settings.CITY)])
    warn_empty_shifts(by=watch, at=now())
