"""How coverage went, round by round: what was sampled, summed over a ground."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, Sum

from qipan.kernel.place import Range
from qipan.kernel.sql import moment_of

from ..models import CoverageSample, Round
from ..terms import SAMPLED_PLACES


@dataclass(frozen=True)
class Sample:
    """Doors on the register, those that are settled, and the visits so far, at one moment."""

    at: datetime
    doors: int
    settled: int
    visits: int


@dataclass(frozen=True)
class RoundTrend:
    """A round and its samples on a ground, the oldest first."""

    round: Round
    samples: list[Sample]


def is_sampled(ranges: Iterable[Range]) -> bool:
    """This function will say whether a ground is whole districts, for which samples are kept."""
    return all(part.first % SAMPLED_PLACES == 0 and (part.last + 1) % SAMPLED_PLACES == 0 for part in ranges)


def coverage_trend(campaign_id: int, ranges: Iterable[Range], *, rounds: int = 3) -> list[RoundTrend]:
    """This function will return how coverage went on a ground in the last ``rounds`` rounds of a campaign, in their order.

    Rounds without a sample there are left out; so is everything where the ground is finer than districts.
    """
    ground = tuple(ranges)
    if not is_sampled(ground):
        return []
    where = Q(pk__in=[])
    for part in ground:
        where |= Q(place__range=part)
    newest = list(Round.objects.filter(campaign=campaign_id).order_by("-number")[:rounds])
    rows = (
        CoverageSample.objects.everywhere("the caller has checked the ground")
        .filter(where, round__in=newest)
        .order_by("slot")
        .values_list("round", "slot")
        .annotate(Max("at"), Sum("doors"), Sum("settled"), Sum("visits"))
    )
    found: dict[int, list[Sample]] = {}
    for pk, _slot, at, doors, settled, visits in rows:
        moment = moment_of(at)
        assert moment is not None
        found.setdefault(pk, []).append(Sample(moment, doors, settled, visits))
    return [RoundTrend(opened, found[opened.pk]) for opened in reversed(newest) if opened.pk in found]
