"""What acts on measures share: the journal row, the lock on what still holds, and who acts when it happens by itself."""

from datetime import datetime

from django.conf import settings

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of

from ..models import Measure
from .refusals import MeasureOver


def clock_of_measures() -> Actor:
    """This function will return the actor of what happens to measures by itself."""
    return Actor.system("measures", ranges=[range_of(settings.CITY)])


def note(act: str, measure: Measure, *, by: Actor, at: datetime, **more: object) -> None:
    """This function will write the journal row of an act on a measure."""
    record(
        act,
        subject=measure,
        by=by,
        at=at,
        place=measure.first,
        data={
            "kind": measure.kind,
            "basis": measure.basis,
            "issuer": measure.issuer.code,
            "starts_at": measure.starts_at.isoformat(),
            "expires_at": measure.expires_at.isoformat(),
            "review_at": measure.review_at.isoformat(),
            **({"beyond": measure.over_reason} if measure.over_reason else {}),
            **more,
        },
        drill=measure.drill,
    )


def still_in_force(measure: Measure, *, at: datetime) -> Measure:
    """This function will return the measure, locked; refuses one that is over or about to be lifted."""
    fresh = Measure.objects.select_for_update(of=("self",)).select_related("issuer__organ_type").get(pk=measure.pk)
    if fresh.lifted_at is not None or fresh.expires_at <= at:
        raise MeasureOver
    return fresh
