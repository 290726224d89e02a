"""A volunteer says whether to stay with the group after an emergency; nobody else can, and silence is no yes."""

from datetime import datetime, timedelta

from django.db import transaction

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from ..models import Pass
from ..queries.staying import volunteer_of

STAY = timedelta(days=365)  # then it is over, and the name goes like the others'


@transaction.atomic
def say_stay(token: str, *, stays: bool, at: datetime) -> Pass:
    """This function will keep the word of a volunteer, by the own link: the group keeps the name for a year, or no longer.

    Who takes it back is destroyed with those who never answered. Raises ``NotAPass``, ``NotFound`` where nobody is invited.
    """
    invited = volunteer_of(token, at=at)
    if invited is None:
        raise NotFound
    held = (
        Pass.objects.select_for_update(of=("self",))
        .everywhere("the holder's own")
        .exclude(label="")
        .filter(pk=invited.pk)
        .first()
    )
    if held is None:
        raise NotFound
    held.stays_until = at + STAY if stays else None
    held.save(update_fields=["stays_until"])
    by = Actor.system("a volunteer, by the own link")
    record("access.say_stay", subject=held, by=by, at=at, place=held.first, data={"stays": stays})
    return held
