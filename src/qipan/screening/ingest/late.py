"""What arrives when its round is closed is kept with its door and never counted: the figures of a closed round stand (ADR 27)."""

from uuid import UUID

from django.db import transaction

from qipan.journal.api import record
from qipan.kernel.place import compound_of
from qipan.territory.api import Door

from ..models import Assignment, Campaign, Coverage, LateVisit, Round, SealedCampaign
from ..rules import batch_digest, moment_of
from .decode import Batch, Code

ACT = "screening.keep_late"


@transaction.atomic
def keep_late(batch: Batch, codes: list[int]) -> list[int]:
    """This function will keep a batch's visits of closed rounds and return the codes with what became of them.

    Sent again they are late again. What was collected in a campaign that is being destroyed is not collected anew.
    """
    late = [n for n, code in enumerate(codes) if code == Code.ROUND_CLOSED]
    rounds = Round.objects.select_related("campaign").in_bulk({batch.rounds[n] for n in late})
    campaigns = {found.campaign_id for found in rounds.values()}
    # One upload of a campaign at a time, and none beside its destruction.
    list(Campaign.objects.select_for_update().filter(pk__in=campaigns).order_by("pk"))
    sealed = set(SealedCampaign.objects.filter(campaign__in=campaigns).values_list("campaign", flat=True))
    judge = _Judge(batch, late)
    rows = LateVisit.objects.everywhere("whether it is kept already")
    known = set(rows.filter(visit_id__in=[batch.ids[n] for n in late]).values_list("visit_id", "content"))
    told, fresh = list(codes), []
    for n in late:
        found = rounds[batch.rounds[n]]
        if found.campaign_id in sealed:
            continue
        told[n] = judge.code(found.pk, batch.places[n])
        key = (UUID(batch.ids[n]), batch.contents[n])
        if told[n] == Code.LATE and key not in known:
            known.add(key)
            fresh.append(
                LateVisit(
                    visit_id=key[0],
                    content=key[1],
                    round=found,
                    place=batch.places[n],
                    team_id=batch.team_id,
                    outcome=batch.outcomes[n],
                    happened_at=moment_of(batch.happened[n]),
                    received_at=batch.received_at,
                    batch=batch.id,
                )
            )
    if fresh:
        LateVisit.objects.everywhere("new rows").bulk_create(fresh)
        digest = batch_digest((one.visit_id.hex, one.content) for one in fresh)
        record(
            ACT,
            subject=f"screening.Batch:{batch.id}",
            by=batch.by,
            at=batch.received_at,
            data={"digest": digest, "shift": batch.shift_us, "kept": len(fresh)},
            drill=any(one.round.campaign.drill for one in fresh),
        )
    return told


class _Judge:
    """Whether a door is on the register, on a round's ground, and the actor's to visit, as for a round that is open."""

    def __init__(self, batch: Batch, late: list[int]) -> None:
        places = {batch.places[n] for n in late}
        ids = {batch.rounds[n] for n in late}
        self.doors = set(Door.objects.filter(pk__in=places).values_list("pk", flat=True))
        compounds = {compound_of(place) for place in places}
        covered = Coverage.objects.everywhere("doors that were visited").filter(round__in=ids, place__in=compounds)
        self.covered = set(covered.values_list("round", "place"))
        given: dict[int, list[tuple[int, int]]] = {round_id: [] for round_id in ids}
        if batch.team_id is not None:
            mine = Assignment.objects.filter(round__in=ids, team=batch.team_id)
            for round_id, first, last in mine.values_list("round", "first", "last"):
                given[round_id].append((first, last))
        self.grounds = {round_id: batch.taken_on(ranges) for round_id, ranges in given.items()}

    def code(self, round_id: int, place: int) -> Code:
        if place not in self.doors:
            return Code.UNKNOWN_DOOR
        if (round_id, compound_of(place)) not in self.covered:
            return Code.OUTSIDE_ROUND
        if not any(first <= place <= last for first, last in self.grounds[round_id]):
            return Code.OTHER_TEAM
        return Code.LATE
