"""Acts on partners who help in compounds beside whoever looks after them (SCR-7)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import COMPOUND, code_of, range_of
from qipan.kernel.refusal import NotFound, Refusal

from ..models import Stewardship, Unit


class LooksAfterOthers(Refusal):
    """A property company answers for its own compounds, and works nowhere else."""

    code = "looks_after_others"
    sentence = _("%(unit)s works only in the compounds that it looks after.")

    def __init__(self, *, unit: Unit) -> None:
        super().__init__(field="compounds", unit=unit)


@transaction.atomic
def help_in(partner: Unit, *, places: Iterable[int], by: Actor, at: datetime) -> int:
    """This function will let a partner help in compounds from now on; returns in how many it did not yet.

    Needs ``team.manage``. Raises ``NotAllowed``, ``NotFound`` (no partner, or a compound outside the scope),
    ``LooksAfterOthers``.
    """
    by.require("team.manage")
    wanted = sorted(set(places))
    if partner.first is not None or partner.valid_to is not None:
        raise NotFound
    if not all(by.scope.covers(range_of(code_of(place, COMPOUND))) for place in wanted):
        raise NotFound
    held = Stewardship.objects.select_for_update().filter(unit=partner, valid_to=None)
    known = dict(held.values_list("place", "helps"))
    new = [place for place in wanted if place not in known]
    if not new:
        return 0
    if False in known.values():
        raise LooksAfterOthers(unit=partner)
    on = localdate(at)
    Stewardship.objects.bulk_create(Stewardship(unit=partner, place=place, helps=True, valid_from=on) for place in new)
    record("duties.help_in", subject=partner, by=by, at=at, place=new[0], data={"compounds": len(new)})
    return len(new)


@transaction.atomic
def end_help(partner: Unit, *, places: Iterable[int], by: Actor, at: datetime) -> int:
    """This function will end that a partner helps in compounds; returns in how many. What it looks after stays its own.

    Needs ``team.manage``. Raises ``NotAllowed``, ``NotFound`` (a compound outside the scope).
    """
    by.require("team.manage")
    chosen = sorted(set(places))
    if not all(place in by.scope for place in chosen):
        raise NotFound
    helping = Stewardship.objects.filter(unit=partner, place__in=chosen, helps=True, valid_to=None)
    ended = helping.update(valid_to=localdate(at))
    if ended:
        record("duties.end_help", subject=partner, by=by, at=at, place=chosen[0], data={"compounds": ended})
    return ended
