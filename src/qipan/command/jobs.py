"""Periodic work of the room: gaps of rosters are told ahead (EMG-3), each next round of a form is asked (SVC-9)."""

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue

from .actions.roster import tell_roster_gaps
from .actions.rounds import open_rounds


@queue.periodic_task(crontab(minute="*"))
def tell_gaps_of_rosters() -> None:
    """This job will tell commands, every minute, of the hours ahead in which nobody is on duty there."""
    watch = Actor.system("duty roster", acts=["team.manage"], ranges=[range_of(settings.CITY)])
    tell_roster_gaps(by=watch, at=now())


@queue.periodic_task(crontab(minute="*"))
def ask_next_rounds() -> None:
    """This job will open, every minute, the rounds of directives that ask each week or month."""
    clock = Actor.system("rounds of directives", acts=["directive.issue"], ranges=[range_of(settings.CITY)])
    open_rounds(by=clock, at=now())
