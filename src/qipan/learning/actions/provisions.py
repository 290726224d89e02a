"""What a community holds for an emergency: said whole, confirmed with one press, both journalled (EMG-14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from qipan.duties.api import Unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of
from qipan.kernel.refusal import NotFound

from .. import rules
from ..models import Provision, ProvisionItem
from ..queries.provisions import community_of, is_community, provision_of, stored_of
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
    items = _items(lines, most=max(rules.MOST_ITEMS, len(stored_of(held)) if held else 0))
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
    data = _store(provision, items)
    record("learning.say_provision", subject=provision, by=by, at=at, place=unit.place, data=data)
    return provision


def _store(provision: Provision, items: Sequence[rules.Stored]) -> dict[str, object]:
    """Writes the list of new figures; returns what the journal says of them."""
    ProvisionItem.objects.bulk_create(
        ProvisionItem(provision=provision, name=one.name, measure=one.measure, amount=one.amount, per_day=one.per_day)
        for one in items
    )
    first_out = rules.scarcest(items)
    return {
        "items": len(items),
        "days": first_out.days if first_out else None,
        "households": provision.households,
        "with_helper": provision.with_helper,
    }


@transaction.atomic
def carry_provision(code: str, *, into: str, by: Actor, at: datetime) -> Provision | None:
    """This function will carry the figures of a community that was merged into the one that remains, added to its own;
    None where the merged one had none.

    They say whose they were and count as confirmed when the older of the two was, until somebody looks at them. A count
    that one of the two never made is not known of both. Made-up figures of a demo never mix with what was said.
    For the subscriber: the territory has checked the right and recorded the act.
    """
    ended = _standing_at(code)
    if ended is None:
        return None
    ended.replaced_at = at
    ended.save(update_fields=["replaced_at"])
    heir = community_of(into)
    if heir is None:
        return None
    held = provision_of(Unit.objects.select_for_update(of=("self",)).get(pk=heir.pk))
    if held is not None and ended.example and not held.example:
        return held
    own = held if held is not None and held.example == ended.example else None
    if held is not None:
        held.replaced_at = at
        held.save(update_fields=["replaced_at"])
    older = min((one for one in (ended, own) if one is not None), key=lambda one: one.confirmed_at)
    provision = Provision.objects.create(
        unit=heir,
        place=heir.place,
        households=rules.joined_count(ended.households, own.households) if own else ended.households,
        with_helper=rules.joined_count(ended.with_helper, own.with_helper) if own else ended.with_helper,
        said_at=at,
        said_by=by.label[:120],
        confirmed_at=older.confirmed_at,
        confirmed_by=older.confirmed_by,
        example=ended.example,
        carried_from=ended.unit,
    )
    data = _store(provision, rules.joined(stored_of(own) if own else [], stored_of(ended)))
    data["from"] = code
    record("learning.carry_provision", subject=provision, by=by, at=at, place=heir.place, data=data)
    return provision


def _standing_at(code: str) -> Provision | None:
    """The figures that stand of the community with this code, whose unit may have ended by now."""
    rows = Provision.objects.everywhere("of a community that the territory has merged").select_related("unit")
    return rows.filter(place=place_of(code), replaced_at=None).prefetch_related("items").first()


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


def _items(lines: Sequence[Line], *, most: int) -> list[rules.Stored]:
    """The list as it is kept; raises for the first line that cannot be. One that a merge made longer may stay as long."""
    if len(lines) > most:
        raise TooManyItems(most=most)
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
