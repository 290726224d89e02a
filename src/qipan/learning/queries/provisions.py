"""What communities hold for an emergency, as they said it: one community's, and a whole ground's in two statements."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.timezone import localdate

from qipan.duties.api import Unit, units_on
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import COMMUNITY, Range, place_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import AreaView, get_area

from .. import rules
from ..models import Provision, ProvisionItem

EARLIER = 8  # versions that a page shows


def is_community(unit: Unit) -> bool:
    """This function will say whether a unit is a community that exists, whatever this city calls its kind."""
    kind = unit.organ_type
    return kind.level == COMMUNITY and kind.executes_only and unit.valid_to is None


def communities_on(ranges: Iterable[Range]) -> QuerySet[Unit]:
    """This function will return the units of the communities on a ground."""
    return units_on(ranges).filter(organ_type__level=COMMUNITY, organ_type__executes_only=True)


def community_for(code: str, *, actor: Actor) -> tuple[AreaView, Unit]:
    """This function will return a community that lies in the actor's scope, and its unit; raises ``NotFound``."""
    area = get_area(code)
    if area.level != COMMUNITY or not all(actor.scope.covers(part) for part in area.ranges):
        raise NotFound
    unit = communities_on(area.ranges).select_related("organ_type").filter(place=area.place).first()
    if unit is None:
        raise NotFound
    return area, unit


def community_of(code: str) -> Unit | None:
    """This function will return the unit of the community with this code; None where there is none."""
    place = place_of(code)
    return communities_on([Range(place, place)]).filter(place=place).first()


def _of(unit: Unit) -> QuerySet[Provision]:
    return Provision.objects.everywhere("a unit's own, checked by the caller").filter(unit=unit)


def provision_of(unit: Unit) -> Provision | None:
    """This function will return the figures of a community that stand; None where it said none yet."""
    return _of(unit).filter(replaced_at=None).select_related("carried_from").prefetch_related("items").first()


def earlier_of(unit: Unit) -> list[Provision]:
    """This function will return the last figures of a community that others replaced, the newest first."""
    rows = _of(unit).filter(replaced_at__isnull=False).prefetch_related("items")
    return list(rows.order_by("-replaced_at", "-pk")[:EARLIER])


def stored_of(provision: Provision) -> list[rules.Stored]:
    """This function will return the list of what is stored, in the order in which it was entered."""
    return [
        rules.Stored(one.name, one.measure, one.amount, one.per_day)
        for one in sorted(provision.items.all(), key=lambda one: one.pk)
    ]


def provided_on(ground: Iterable[Range]) -> dict[int, rules.Provided]:
    """This function will return what the communities of a ground said last, by unit: two statements for all of them."""
    standing = Provision.objects.within(Scope(tuple(ground))).filter(replaced_at=None).order_by()
    items = ProvisionItem.objects.filter(provision__in=standing).order_by("pk")
    stored: dict[int, list[rules.Stored]] = defaultdict(list)
    for provision, name, measure, amount, per_day in items.values_list(
        "provision", "name", "measure", "amount", "per_day"
    ):
        stored[provision].append(rules.Stored(name, measure, amount, per_day))
    return {
        unit: rules.Provided(localdate(confirmed_at), rules.scarcest(stored[pk]), households, with_helper)
        for pk, unit, confirmed_at, households, with_helper in standing.values_list(
            "pk", "unit", "confirmed_at", "households", "with_helper"
        )
    }


def said_by(provision: Provision) -> rules.Provided:
    """This function will return what one version of a community's figures says, as the rules read it."""
    return rules.Provided(
        localdate(provision.confirmed_at),
        rules.scarcest(stored_of(provision)),
        provision.households,
        provision.with_helper,
    )
