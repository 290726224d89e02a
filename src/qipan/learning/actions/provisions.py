"""What a community holds for an emergency: said whole, confirmed with one press, both journalled (EMG-14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound

from .. import rules
from ..models import Provision, ProvisionItem
from ..queries.provisions import is_community, provision_of, stored_of
from .refusals import (
    ChangedMeanwhile,
    CountsIncomplete,
    ItemIncomplete,
    ItemTwice,
    MoreHelpedThanThere,
    NothingSaid,
    TooManyItems,
)


@dataclass(frozen=True)
class Line:
    """One line of the list as it was typed; ``number`` is its place on the page."""

    number: int
    name: str
    measure: str
    amount: int | None
    per_day: int | None


@transaction.atomic
def say_provision(
    unit: Unit,
    *,
    lines: Sequence[Line],
    households: int | None,
    with_helper: int | None,
    seen: int | None,
    by: Actor,
    at: datetime,
    example: bool = False,
) -> Provision:
    """This function will keep what a community holds for an emergency, whole, in place of what it said before.

    The same figures once more confirm those that stand. ``seen`` is the key of the figures that whoever writes had
    before them, None where there were none. Needs ``provision.keep`` on the community's ground. Raises ``NotAllowed``,
    ``NotFound``, ``TooManyItems``, ``ItemIncomplete``, ``ItemTwice``, ``CountsIncomplete``, ``MoreHelpedThanThere``,
    ``NothingSaid``, ``ChangedMeanwhile``.
    """
    held = _held_by(unit, by=by)
    items = _items(lines)
    _check_counts(households, with_helper)
    if not items and households is None:
        raise NothingSaid
    if held is not None and (stored_of(held), held.households, held.with_helper) == (items, households, with_helper):
        return _confirm(held, by=by, at=at)
    if seen != (held.pk if held else None):
        raise ChangedMeanwhile
    if held is not None:
        held.replaced_at = at
        held.save(update_fields=["replaced_at"])
    provision = Provision.objects.create(
        unit=unit,
        place=unit.place,
        households=households,
        with_helper=with_helper,
        said_at=at,
        said_by=by.label[:120],
        confirmed_at=at,
        confirmed_by=by.label[:120],
        example=example,
    )
    ProvisionItem.objects.bulk_create(
        ProvisionItem(provision=provision, name=one.name, measure=one.measure, amount=one.amount, per_day=one.per_day)
        for one in items
    )
    first_out = rules.scarcest(items)
    data = {
        "items": len(items),
        "days": first_out.days if first_out else None,
        "households": households,
        "with_helper": with_helper,
    }
    record("learning.say_provision", subject=provision, by=by, at=at, place=unit.place, data=data)
    return provision


@transaction.atomic
def confirm_provision(unit: Unit, *, seen: int | None, by: Actor, at: datetime) -> Provision:
    """This function will keep that a community's figures were looked at and are still right.

    Needs ``provision.keep`` on the community's ground. Raises ``NotAllowed``, ``NotFound``, ``NothingSaid``,
    ``ChangedMeanwhile``.
    """
    held = _held_by(unit, by=by)
    if held is None:
        raise NothingSaid
    if seen != held.pk:
        raise ChangedMeanwhile
    return _confirm(held, by=by, at=at)


def _held_by(unit: Unit, *, by: Actor) -> Provision | None:
    """The figures that stand, after right and ground were checked; two who write at once do so one by one."""
    by.require("provision.keep")
    unit = Unit.objects.select_for_update(of=("self",)).select_related("organ_type").get(pk=unit.pk)
    if unit.place not in by.scope or not is_community(unit):
        raise NotFound
    return provision_of(unit)


def _confirm(held: Provision, *, by: Actor, at: datetime) -> Provision:
    held.confirmed_at, held.confirmed_by, held.example = at, by.label[:120], False
    held.save(update_fields=["confirmed_at", "confirmed_by", "example"])
    record("learning.confirm_provision", subject=held, by=by, at=at, place=held.place)
    return held


def _items(lines: Sequence[Line]) -> list[rules.Stored]:
    """The list as it is kept; raises for the first line that cannot be."""
    if len(lines) > rules.MOST_ITEMS:
        raise TooManyItems(most=rules.MOST_ITEMS)
    names: set[str] = set()
    items = []
    for line in lines:
        name, measure = line.name.strip()[:40], line.measure.strip()[:12]
        if not name:
            raise ItemIncomplete(field=f"name_{line.number}")
        if name.casefold() in names:
            raise ItemTwice(field=f"name_{line.number}")
        if not measure:
            raise ItemIncomplete(field=f"measure_{line.number}")
        if line.amount is None or not 0 <= line.amount <= rules.MOST_AMOUNT:
            raise ItemIncomplete(field=f"amount_{line.number}")
        if line.per_day is None or not 1 <= line.per_day <= rules.MOST_AMOUNT:
            raise ItemIncomplete(field=f"per_day_{line.number}")
        names.add(name.casefold())
        items.append(rules.Stored(name, measure, line.amount, line.per_day))
    return items


def _check_counts(households: int | None, with_helper: int | None) -> None:
    if (households is None) != (with_helper is None):
        raise CountsIncomplete(field="households" if households is None else "with_helper")
    if households is None or with_helper is None:
        return
    for field, count in (("households", households), ("with_helper", with_helper)):
        if not 0 <= count <= rules.MOST_HOUSEHOLDS:
            raise CountsIncomplete(field=field)
    if with_helper > households:
        raise MoreHelpedThanThere(field="with_helper")
