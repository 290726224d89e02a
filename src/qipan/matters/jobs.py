"""What the clock does with matters: reviews, silence, ends of pauses; each night what must be erased."""

from datetime import datetime

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue

from .actions.filing import call_review
from .actions.handling import close_unanswered
from .actions.hazards import follow_matter
from .actions.importing import erase_drafts
from .actions.privacy import erase_contacts
from .actions.rechecks import ask_recheck, follow_close
from .actions.referring import erase_handovers
from .actions.sessions import prepare_session
from .actions.silence import tell_silence
from .actions.suggesting import RIGHT, train_suggestions
from .actions.times import resume_part
from .models import Handling, Matter
from .queries.patterns import astray, unanswered
from .queries.rechecks import stale, to_ask
from .queries.suggesting import is_on
from .rules.learning import can_learn
from .rules.loop import CONFIRM_WITHIN
from .terms import State

MOST = 500  # in one look, so that no other writer waits long


def clock_actor() -> Actor:
    """This function will return the actor of these jobs, with what they need and no more."""
    return Actor.system(
        "matters clock", acts=["matter.dispatch", "matter.verify", "matter.arbitrate"], ranges=[range_of(settings.CITY)]
    )


@queue.periodic_task(crontab(minute="*"))
def look_at_matters() -> None:
    """This job will do each minute what has become due."""
    look(at=now())
    follow_hazards(at=now())
    tell_silences(at=now())
    look_again(at=now())


@queue.periodic_task(crontab(minute="0", hour="7", day_of_week="1"))
def prepare_each_week() -> None:
    """This job will prepare the agenda of the week's review session."""
    prepare_session(by=clock_actor(), at=now())


def follow_hazards(*, at: datetime) -> int:
    """This function will let hazards follow what became of their matters; each is a transaction of its own."""
    by = clock_actor()
    return sum(follow_matter(hazard, by=by, at=at) for hazard in astray(by.scope)[:MOST])


def tell_silences(*, at: datetime) -> int:
    """This function will tell the level above the caller of each called unit that did not answer in its time."""
    by = clock_actor()
    return sum(tell_silence(called, by=by, at=at) for called in unanswered(by.scope, at=at)[:MOST])


def look_again(*, at: datetime) -> tuple[int, int]:
    """This function will ask for the sampled reviews whose day has come, and end those that nobody needs any more.

    Returns how many of each; each is a transaction of its own.
    """
    by = clock_actor()
    ended = sum(follow_close(one, by=by, at=at) for one in stale(by.scope, at=at)[:MOST])
    return sum(ask_recheck(one, by=by, at=at) for one in to_ask(by.scope, at=at)[:MOST]), ended


@queue.periodic_task(crontab(minute="20", hour="3"))
def erase_each_night() -> None:
    """This job will erase contacts whose purpose is over."""
    while erase_contacts(by=clock_actor(), at=now()):
        pass


@queue.periodic_task(crontab(minute="50", hour="3"))
def learn_each_night() -> None:
    """This job will learn suggestions anew each night, after what must be erased is gone."""
    learn(at=now())


def learn(*, at: datetime) -> int:
    """This function will learn suggestions where they are on and the library is installed; returns how many targets."""
    if not is_on() or not can_learn():
        return 0
    return len(train_suggestions(by=Actor.system("matters clock", acts=[RIGHT]), at=at))


@queue.periodic_task(crontab(minute="40"))
def erase_each_hour() -> None:
    """This job will erase files that waited a day to be mapped, and what was handed over 30 days ago."""
    erase_drafts(at=now())
    while erase_handovers(by=clock_actor(), at=now()):
        pass


def look(*, at: datetime) -> tuple[int, int, int]:
    """This function will call reviews, close what nobody answered, and end pauses; each is a transaction of its own.

    Returns how many of each. A crash in between loses nothing: the rest is due at the next look.
    """
    by = clock_actor()
    matters = Matter.objects.within(by.scope)
    shelved = matters.filter(state=State.SHELVED, review_called=False, review_at__lte=at)[:MOST]
    silent = matters.filter(state=State.VERIFIED, verified_at__lte=at - CONFIRM_WITHIN)[:MOST]
    paused = Handling.objects.select_related("matter").filter(wish="", wish_until__lte=at, ended_at=None)[:MOST]
    return (
        sum(call_review(matter, by=by, at=at) for matter in shelved),
        sum(close_unanswered(matter, by=by, at=at) for matter in silent),
        sum(resume_part(part, by=by, at=at) for part in paused),
    )
