"""Periodic work of the room: hours without anybody on duty in a command are told ahead (EMG-3)."""

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue

from .actions.roster import tell_roster_gaps


@queue.periodic_task(crontab(minute="*"))
def tell_gaps_of_rosters() -> None:
    """This job will tell commands, every minute, of the hours ahead in which nobody is on duty there."""
    watch = Actor.system("duty roster", acts=["team.manage"], ranges=[range_of(settings.CITY)])
    tell_roster_gaps(by=watch, at=now())
