"""What offices store: the lists that a post may see, and what a release asks of them (EMG-8, EMG-14)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.opened import Emergency, OpenLine
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, Refusal

from .. import rules
from ..models import Handout, Store

OUT = Q(back_at=None, back_by__isnull=False)


class StoresOut(Refusal):
    code = "stores_out"
    sentence = _("Handed out for this emergency and not back yet: %(count)s. The office takes it back.")


class StoresNotCounted(Refusal):
    code = "stores_not_counted"
    sentence = _("Not counted since the end: %(count)s. The office counts what is left.")


class StoreOver(Refusal):
    code = "store_over"
    sentence = _("%(what)s could be used until %(day)s: the office replaces it.")


class StoreShort(Refusal):
    code = "store_short"
    sentence = ngettext_lazy(
        "%(what)s lasts %(days)s day, less than %(least)s: the office fills it up and counts.",
        "%(what)s lasts %(days)s days, less than %(least)s: the office fills it up and counts.",
        "days",
    )


def stores_of(actor: Actor) -> QuerySet[Store]:
    """This function will return what the actor's own office and the offices on the actor's ground store."""
    rows = Store.objects.everywhere("the office's own, or narrowed to the scope").filter(ended_at=None)
    mine = Q(unit=actor.unit_id or 0) | actor.scope.q("place")
    return rows.filter(mine).select_related("unit").order_by("unit__place", "unit__code", "name", "kept_at", "pk")


def get_store(pk: int, *, actor: Actor) -> Store:
    """This function will return one thing of ``stores_of``; raises ``NotFound``."""
    found = stores_of(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def get_handout(pk: int, *, actor: Actor) -> Handout:
    """This function will return what was handed out of one of ``stores_of``; raises ``NotFound``."""
    found = Handout.objects.filter(pk=pk, store__in=stores_of(actor)).select_related("store").first()
    if found is None:
        raise NotFound
    return found


def handouts_of(store: Store) -> QuerySet[Handout]:
    """This function will return what was handed out of a store, the newest first."""
    return store.handouts.select_related("to", "declaration").order_by("-handed_at", "-pk")


def out_of(stores: Iterable[Store]) -> dict[int, int]:
    """This function will return how much of each store is out and comes back, by its key; 0 is left out."""
    found: Counter[int] = Counter()
    for store, quantity in Handout.objects.filter(OUT, store__in=list(stores)).values_list("store", "quantity"):
        found[store] += quantity
    return dict(found)


def stores_open(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the offices whose stores are open for an emergency, wherever they are: what was handed out
    for it is not back, and on its ground also what was not counted since its end, is over, or is short.

    An exercise uses nothing up.
    """
    if emergency.drill:
        return []
    out = _out_under(emergency.key)
    stores = _held(Q(unit__in=out) | Scope(emergency.grounds).q("place"))
    grounds = Scope(emergency.grounds)
    lines = []
    for unit, held in stores.items():
        inside = held if held[0].place in grounds else []
        if _why(inside, out.get(unit, 0), ended=emergency.ended, at=at) is not None:
            lines.append(
                OpenLine(
                    "STORE",
                    f"reserves.Store:{unit}",
                    "",
                    unit,
                    min(one.counted_at for one in held),
                    count=len(held),
                    detail={"stores_of": unit, "address": f"/stores?unit={held[0].unit.code}"},
                )
            )
    return lines


def why_stores_open(
    unit: int, grounds: Iterable[Range], declaration: int, *, ended: datetime | None, at: datetime
) -> Refusal | None:
    """This function will say why the stores of an office are a line of a release yet; None where they are none any more."""
    held = _held(Q(unit=unit)).get(unit, [])
    inside = held if held and held[0].place in Scope(tuple(grounds)) else []
    return _why(inside, _out_under(declaration).get(unit, 0), ended=ended, at=at)


def _out_under(declaration: int) -> dict[int, int]:
    """How many handouts under an emergency are to come back and have not, by the office that handed them out."""
    rows = Handout.objects.filter(OUT, declaration=declaration).values_list("store__unit", flat=True)
    return dict(Counter(rows))


def _held(which: Q) -> dict[int, list[Store]]:
    rows = Store.objects.everywhere("asked by the release, on its own ground").filter(which, ended_at=None)
    found: dict[int, list[Store]] = defaultdict(list)
    for one in rows.select_related("unit").order_by("unit__place", "unit", "pk"):
        found[one.unit_id].append(one)
    return dict(found)


def _why(stores: list[Store], out: int, *, ended: datetime | None, at: datetime) -> Refusal | None:
    if out:
        return StoresOut(count=out)
    stale = sum(one.counted_at < (ended or at) for one in stores)
    if stale:
        return StoresNotCounted(count=stale)
    over = next((one for one in stores if one.use_by is not None and one.use_by < localdate(at)), None)
    if over is not None:
        return StoreOver(what=over.name, day=f"{over.use_by:%F}")
    lasting = [(one.days, one.name) for one in stores if one.days is not None]
    days, name = min(lasting, default=(rules.least_days(), ""))
    return StoreShort(what=name, days=days, least=rules.least_days()) if days < rules.least_days() else None
