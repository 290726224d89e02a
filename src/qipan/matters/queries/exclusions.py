"""What was declined and is proposed, or confirmed, to be left out of the rates."""

from collections.abc import Iterable

from django.db.models import QuerySet

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range

from ..models import Exclusion, Matter
from ..terms import Leaving, State

DECIDED = (Leaving.EXCLUDED, Leaving.KEPT_IN)


def exclusions_of(matters: Iterable[Matter]) -> dict[int, Exclusion]:
    """This function will return by matter how the declined ones among these stand to the rates; nothing for the others."""
    declined = [one.pk for one in matters if one.state == State.DECLINED]
    if not declined:
        return {}
    rows = Exclusion.objects.everywhere("of matters that were gated").select_related("judge", "task", "unit")
    return {one.matter_id: one for one in rows.filter(matter__in=declined, dropped_at=None)}


def may_decide(held: Exclusion, *, actor: Actor) -> bool:
    """This function will say whether a post is asked whether this is left out of the rates."""
    if held.verdict != Leaving.PROPOSED or held.dropped_at is not None or actor.account_id in (None, held.account):
        return False
    return actor.can("matter.arbitrate") or (actor.can("matter.verify") and actor.unit_id == held.judge_id)


def undecided(ranges: Iterable[Range]) -> QuerySet[Exclusion]:
    """This function will return what waits for a decision on a ground, the first declined first."""
    rows = Exclusion.objects.within(Scope(tuple(ranges))).filter(verdict=Leaving.PROPOSED, dropped_at=None)
    return rows.select_related("matter__category", "judge", "task").order_by("ended_at", "pk")


def decided(ranges: Iterable[Range]) -> QuerySet[Exclusion]:
    """This function will return what was decided on a ground, the latest first."""
    rows = Exclusion.objects.within(Scope(tuple(ranges))).filter(verdict__in=DECIDED, dropped_at=None)
    return rows.select_related("matter__category", "unit").order_by("-at", "-pk")
