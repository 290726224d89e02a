"""Every minute: reminders and escalation."""

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue

from .actions.lateness import Escalated, escalate_late


@queue.periodic_task(crontab(minute="*"))
def look_at_the_clock() -> None:
    """This job will remind and escalate in the city of this deployment."""
    look()


def look() -> Escalated:
    """This function will remind and escalate once, now."""
    by = Actor.system("desk clock", ranges=[range_of(settings.CITY)])
    return escalate_late(at=now(), by=by)
