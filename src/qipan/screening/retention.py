"""What screening holds of persons, for which purpose and how long; every column of every table of the room."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max, Min, Sum
from django.utils.translation import gettext_lazy as _

from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.retention import (
    Destroy,
    FiguresDiffer,
    Lot,
    PersonalData,
    Sealed,
    Starts,
    Taken,
    Way,
    declare,
    who_acted,
)

from .actions.destroying import seal_figures, take_rows
from .models import Campaign, Coverage, Round, SealedCampaign
from .queries import audit_parts, late_by_campaign, recount_coverage

KEEP = timedelta(days=30)  # for complaints and the review; then it is destroyed (Emergency Response Law, art. 85)


class Campaigns:
    """Holds what a campaign collected at doors: one lot for each campaign (``kernel.retention.Holder``)."""

    model = "screening.Visit"

    def lots(self, *, at: datetime) -> list[Lot]:
        """This method will return the campaigns whose visits are held; their numbers are the kept counters'."""
        rows = Coverage.objects.everywhere("how much is held").values("round__campaign").order_by()
        sums = {
            row["round__campaign"]: row for row in rows.annotate(n=Sum("visits"), first=Min("place"), last=Max("place"))
        }
        late = late_by_campaign()
        gone = dict(SealedCampaign.objects.values_list("campaign", "visits"))
        running = set(Round.objects.filter(closed_at=None).values_list("campaign", flat=True))
        found = []
        for campaign in Campaign.objects.filter(pk__in=sums).select_related("declaration").order_by("pk"):
            held = sums[campaign.pk]["n"] - gone.get(campaign.pk, 0) + late.get(campaign.pk, 0)
            if not held:
                continue
            ends = [campaign.closed_at, *([campaign.declaration.ended_at] if campaign.declaration else [])]
            over = all(ends) and campaign.pk not in running
            began = max(end for end in ends if end is not None) if over else None
            found.append(
                Lot(
                    key=f"screening.Campaign:{campaign.pk}",
                    title=campaign.title,
                    rows=held,
                    grounds=(Range(sums[campaign.pk]["first"], sums[campaign.pk]["last"] + 9_999),),
                    began=began,
                    due=began + KEEP if began is not None else None,
                    drill=campaign.drill,
                    emergency=campaign.declaration.number if campaign.declaration else "",
                )
            )
        return found

    def prove(self, key: str) -> None:
        """This method will recount the counters from the visits, once: what is sealed is proven already."""
        campaign = _campaign(key)
        if SealedCampaign.objects.filter(campaign=campaign).exists():
            return
        for round_id in Round.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True):
            for ground in audit_parts(round_id):
                differences = recount_coverage([round_id], within=ground)
                if differences:
                    raise FiguresDiffer(first=differences[0])

    def seal(self, key: str, *, by: Actor, at: datetime) -> Sealed | None:
        """This method will seal the counters."""
        return seal_figures(_campaign(key), by=by, at=at)

    def take(self, key: str, *, after: str, most: int, held: Sequence[Range]) -> Taken:
        """This method will destroy the next visits, then doors of recounts, what was decided about visits, late visits."""
        return take_rows(_campaign(key), after=after, most=most, held=held)

    def tables(self) -> tuple[str, ...]:
        """This method will return the tables that give up their freed pages."""
        return "screening_visit", "screening_recountdoor", "screening_visitconflict", "screening_latevisit"


def _campaign(key: str) -> int:
    return int(key.partition(":")[2])


HELD_VISITS = Campaigns()

declare(
    "screening.Assignment",
    keys="id round team first last",
)
declare(
    "screening.Campaign",
    plain="title basis",
    keys="id unit form declaration admission opened_at closed_at drill",
)
declare(
    "screening.Coverage",
    keys="id round place doors not_home vacant_unknown vacant_known appointment language_help refused by_proxy by_phone answered demolished presumed_vacant visits changed_at",
)
declare(
    "screening.CoverageSample",
    keys="id round place slot at doors settled visits",
)
declare(
    "screening.LateVisit",
    PersonalData(
        "visit_id place team outcome happened_at",
        purpose=_("to screen every door in an emergency"),
        basis="erl-2024-84 erl-2024-85",
        period=KEEP,
        starts_with=Starts.EMERGENCY,
        destroy=Destroy.ROWS,
        way=Way.RUN,
        holder=HELD_VISITS,
    ),
    keys="id round received_at batch content",
)
declare(
    "screening.Recount",
    plain="seed",
    keys="id round first last permille claimed drawn drawn_at closes_at",
)
declare(
    "screening.RecountDoor",
    PersonalData(
        "place claimed found came verdict team",
        purpose=_("to check a round at doors drawn by lot"),
        basis="erl-2024-84 erl-2024-85",
        period=KEEP,
        starts_with=Starts.EMERGENCY,
        destroy=Destroy.STATISTICS,
        way=Way.RUN,
        holder=HELD_VISITS,
    ),
    keys="id recount at",
)
declare(
    "screening.RecountTally",
    keys="id recount place drawn same different unclear",
)
declare(
    "screening.Round",
    keys="id campaign number opened_at closes_at closed_at minutes_per_visit",
)
declare(
    "screening.SealedCampaign",
    plain="digest",
    keys="id campaign cells folded sealed_at visits displaced late",
)
declare(
    "screening.Visit",
    PersonalData(
        "place team outcome happened_at",
        purpose=_("to screen every door in an emergency"),
        basis="erl-2024-84 erl-2024-85",
        period=KEEP,
        starts_with=Starts.EMERGENCY,
        destroy=Destroy.STATISTICS,
        way=Way.RUN,
        holder=HELD_VISITS,
    ),
    keys="id round received_at batch content",
)
declare(
    "screening.VisitConflict",
    PersonalData(
        "visit_id place team payload replaced",
        purpose=_("to decide between two reports of one visit"),
        basis="erl-2024-84 erl-2024-85",
        period=KEEP,
        starts_with=Starts.EMERGENCY,
        destroy=Destroy.ROWS,
        way=Way.RUN,
        holder=HELD_VISITS,
    ),
    who_acted("decided_by"),
    plain="decision",
    keys="id content received_at decided_at",
)
