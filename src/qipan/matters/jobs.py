"""What the clock does with matters: reviews, silence, ends of pauses; each night what must be erased."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from huey import crontab

from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.queue import queue, slow
from qipan.kernel.refusal import Refusal

from .actions.exclusions import follow_import
from .actions.filing import call_review
from .actions.handling import close_unanswered
from .actions.hazards import follow_matter
from .actions.importing import erase_drafts
from .actions.privacy import erase_contacts
from .actions.rechecks import ask_recheck, follow_close
from .actions.referring import erase_handover
from .actions.sessions import prepare_session
from .actions.silence import remind_to_accept, tell_not_accepted, tell_silence
from .actions.suggesting import RIGHT, train_suggestions
from .actions.times import resume_part
from .models import Handling, Matter
from .queries.blocked import never_accepted, to_remind
from .queries.exclusions import to_follow
from .queries.joining import asked_in_vain
from .queries.learned import is_on
from .queries.patterns import astray, unanswered
from .queries.rechecks import stale, to_ask
from .queries.referrals import to_erase
from .rules.learning import can_learn
from .terms import State

log = logging.getLogger(__name__)

MOST = 500  # in one look, so that no other writer waits long


def clock_actor() -> Actor:
    """This function will return the actor of these jobs, with what they need and no more."""
    return Actor.system(
        "matters clock", acts=["matter.dispatch", "matter.verify", "matter.arbitrate"], ranges=[range_of(settings.CITY)]
    )


def _each(rows: Iterable[Any], do: Callable[..., object], *, at: datetime) -> int:
    """Does what is due, each in a transaction of its own; returns how many. What is refused (a place without an office,
    say) is told to the log and holds up nothing else.
    """
    by, done = clock_actor(), 0
    for row in rows:
        try:
            done += bool(do(row, by=by, at=at))
        except Refusal as refusal:
            log.error("%s of %s %s is refused: %s", do.__name__, type(row).__name__, row.pk, refusal)
    return done


@queue.periodic_task(crontab(minute="*"))
def look_at_matters() -> None:
    """This job will do each minute what has become due."""
    look(at=now())
    follow_hazards(at=now())
    tell_silences(at=now())
    remind_unaccepted(at=now())
    tell_unaccepted(at=now())
    look_again(at=now())
    follow_imports(at=now())


@queue.periodic_task(crontab(minute="0", hour="7", day_of_week="1"))
def prepare_each_week() -> None:
    """This job will prepare the agenda of the week's review session."""
    prepare_session(by=clock_actor(), at=now())


def follow_hazards(*, at: datetime) -> int:
    """This function will let hazards follow what became of their matters; each is a transaction of its own."""
    return _each(astray(clock_actor().scope)[:MOST], follow_matter, at=at)


def tell_silences(*, at: datetime) -> int:
    """This function will tell the level above the caller of each called unit that did not answer in its time."""
    return _each(unanswered(clock_actor().scope, at=at)[:MOST], tell_silence, at=at)


def remind_unaccepted(*, at: datetime) -> int:
    """This function will remind each unit that has a quarter of its time left to accept its part of a matter."""
    return _each(to_remind(clock_actor().scope, at=at)[:MOST], remind_to_accept, at=at)


def tell_unaccepted(*, at: datetime) -> int:
    """This function will tell the level above each unit that did not accept its part of a matter in its time."""
    return _each(never_accepted(clock_actor().scope, at=at)[:MOST], tell_not_accepted, at=at)


def look_again(*, at: datetime) -> tuple[int, int]:
    """This function will ask for the sampled reviews whose day has come, and end those that nobody needs any more.

    Returns how many of each; each is a transaction of its own.
    """
    scope = clock_actor().scope
    ended = _each(stale(scope, at=at)[:MOST], follow_close, at=at)
    return _each(to_ask(scope, at=at)[:MOST], ask_recheck, at=at), ended


def follow_imports(*, at: datetime) -> int:
    """This function will ask for a decision on what imports brought as declined, and end that when none waits any more;
    each is a transaction of its own.
    """
    return _each(to_follow()[:MOST], follow_import, at=at)


@slow.periodic_task(crontab(minute="20", hour="3"))
def erase_each_night() -> None:
    """This job will erase contacts whose purpose is over."""
    while erase_contacts(by=clock_actor(), at=now()):
        pass


@slow.periodic_task(crontab(minute="50", hour="3"))
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
    erase_handovers(at=now())


def erase_handovers(*, at: datetime) -> int:
    """This function will erase what was handed over and is due; returns how many. What is refused is told to the log and
    stays due; the others go on.
    """
    return _each(list(to_erase(at)), erase_handover, at=at)


def look(*, at: datetime) -> tuple[int, int, int]:
    """This function will call reviews, close what nobody answered, and end pauses; each is a transaction of its own.

    Returns how many of each. A crash in between loses nothing: the rest is due at the next look.
    """
    matters = Matter.objects.within(clock_actor().scope)
    shelved = matters.filter(state=State.SHELVED, review_called=False, review_at__lte=at)[:MOST]
    silent = asked_in_vain(clock_actor().scope, at=at)[:MOST]
    paused = Handling.objects.select_related("matter").filter(wish="", wish_until__lte=at, ended_at=None)[:MOST]
    return (
        _each(shelved, call_review, at=at),
        _each(silent, close_unanswered, at=at),
        _each(paused, resume_part, at=at),
    )
