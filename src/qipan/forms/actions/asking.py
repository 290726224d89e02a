"""Which opening asks for a filled form: about which place, until when, for which emergency."""

from datetime import datetime, timedelta

from qipan.kernel.actor import Actor
from qipan.kernel.opened import emergency_ended
from qipan.kernel.place import Range

from ..models import Form, FormOpening, Submission
from ..queries.opened import asked_ground
from ..queries.partners import kept_from
from ..queries.submissions import keep_days, opening_at
from ..rules.submission import Answered
from ..terms import Subject
from .refusals import FormNotOpen, PlaceMissing

LATE = timedelta(days=8)  # a phone may be a week without a network, and a clock of which nothing is told a day wrong


def place_of(form: Form, said: Answered, *, by: Actor) -> int:
    """This function will return the door that the form names; one that asks for none is about the ground of who hands it in.

    Raises ``FormNotOpen``, ``PlaceMissing``.
    """
    if said.place is not None:
        if said.place not in asked_ground(by, form):
            raise FormNotOpen
        return said.place
    if form.subject == Subject.DOOR:
        raise PlaceMissing
    if not asked_ground(by).ranges:
        raise FormNotOpen
    return asked_ground(by, form).ranges[0].first


def ground_of(said: Answered, place: int, *, by: Actor) -> Range:
    """This function will return the ground that a filled form is about: its door, else that of who hands it in."""
    return Range(place, place) if said.place is not None else asked_ground(by).ranges[0]


def erase_at(form: Form, emergency: str, *, at: datetime) -> datetime | None:
    """This function will return when an answer that came at ``at`` is erased; None while its emergency lasts."""
    began = emergency_ended(emergency) if emergency else at
    return None if began is None else began + timedelta(days=keep_days(form))


def asked_for(
    form: Form, instance_id: str, said: Answered, ground: Range, *, known: frozenset[str], by: Actor, at: datetime
) -> FormOpening | Submission:
    """This function will return what a filled form belongs to: a drill, an emergency. What was taken while the form was open
    may be sent again after it closed. Raises ``FormNotOpen``.
    """
    opening = opening_at(form.code, ground, at=at) or _lapsed_since(form, ground, said, at=at)
    if opening is not None and not kept_from(by, [form]):
        return opening
    held = Submission.objects.within(by.scope).filter(instance_id=instance_id, digest__in=known).first()
    if held is None:
        raise FormNotOpen
    return held


def asking_of(form: Form, said: Answered, ground: Range, *, drill: bool, at: datetime) -> int | None:
    """This function will return the opening that asked for it: the one in which it was filled in, however late it was sent,
    else the one now.
    """
    filled_at = said.device_at if said.device_at is not None and at - LATE <= said.device_at else at
    found = (opening_at(form.code, ground, at=moment) for moment in (filled_at, at))
    return next((one.pk for one in found if one is not None and one.drill == drill), None)


def _lapsed_since(form: Form, ground: Range, said: Answered, *, at: datetime) -> FormOpening | None:
    """The opening in which it was filled in, where time alone has ended that since, and it is about no person.

    What somebody closed is wanted no more.
    """
    if said.device_at is None or said.device_at < at - LATE or form.subject == Subject.PERSON:
        return None
    opening = opening_at(form.code, ground, at=said.device_at)
    return opening if opening is not None and opening.closed_at is None else None
