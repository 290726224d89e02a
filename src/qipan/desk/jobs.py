"""Every minute: reminders and escalation, and what still lies on the desks of merged units goes to their heirs."""

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue
from qipan.territory.api import parts_of

from .actions.inheriting import hand_over_desks
from .actions.lateness import Escalated, escalate_late


@queue.periodic_task(crontab(minute="*"))
def look_at_the_clock() -> None:
    """This job will remind and escalate in the city of this deployment."""
    look()


def look() -> Escalated:
    """This function will remind and escalate once, now: district by district, so that no lock is held for long."""
    at = now()
    hand_over_desks(by=Actor.system("desk clock", ranges=[range_of(settings.CITY)]), at=at)
    total = Escalated(0, 0, 0)
    for ground in parts_of(settings.CITY):
        done = escalate_late(at=at, by=Actor.system("desk clock", ranges=[ground]))
        total = Escalated(total.reminded + done.reminded, total.raised + done.raised, total.named + done.named)
    return total
