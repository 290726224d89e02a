"""Reading recounts: what was drawn and what it says beside the claimed coverage, which doors a team sees again."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from qipan.deployment.api import Team
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import NotFound

from ..models import Recount, RecountDoor, RecountTally
from ..terms import Verdict


@dataclass(frozen=True)
class RecountResult:
    """What the recounts of a round say on a ground: drawn, judged, and the share that is not borne out."""

    drawn: int
    same: int
    different: int
    unclear: int

    @property
    def entered(self) -> int:
        """Doors that were seen again."""
        return self.same + self.different + self.unclear

    @property
    def difference(self) -> Rate:
        """The share that is not borne out, of the doors that could be told."""
        return Rate(self.different, self.same + self.different)

    def corrected(self, settled: int, doors: int) -> tuple[float, float, float] | None:
        """This method will return the coverage in percent that the recount leaves of a claim, and its interval (95 %).

        None while no door could be told.
        """
        if not self.difference.whole or not doors:
            return None
        low, high = self.difference.bounds
        claim = 100 * settled / doors
        share = self.difference.part / self.difference.whole
        return claim * (1 - share), claim * (1 - high), claim * (1 - low)


def recount_result(round_id: int, ranges: Iterable[Range]) -> RecountResult | None:
    """This function will sum the kept counts of a round's recounts over a ground; None where no door was drawn."""
    rows = RecountTally.objects.within(Scope(tuple(ranges))).filter(recount__round=round_id)
    sums = rows.aggregate(**{name: Sum(name) for name in ("drawn", "same", "different", "unclear")})
    return RecountResult(**sums) if sums["drawn"] else None


def recounts_on(round_id: int, ranges: Iterable[Range]) -> QuerySet[Recount]:
    """This function will return the recounts of a round that meet a ground."""
    meets = Q(pk__in=[])
    for part in ranges:
        meets |= Q(first__lte=part.last, last__gte=part.first)
    return Recount.objects.filter(meets, round=round_id).select_related("round__campaign").order_by("pk")


def teams_again(round_id: int, ranges: Iterable[Range], *, limit: int) -> list[Team]:
    """This function will return the teams that see the drawn doors of a ground again, wherever they stand; ``limit`` at most."""
    doors = RecountDoor.objects.within(Scope(tuple(ranges))).filter(recount__round=round_id, team=OuterRef("pk"))
    rows = Team.objects.everywhere("they see doors of this ground").filter(Exists(doors)).select_related("unit")
    return list(rows.order_by("first", "pk")[:limit])


def recount_doors(actor: Actor) -> QuerySet[RecountDoor]:
    """This function will return the drawn doors that an actor enters: the pass's own team's, or those of teams on a post's ground."""
    rows = RecountDoor.objects.everywhere("narrowed to the team below")
    rows = (
        rows.filter(team=actor.team_id)
        if actor.team_id is not None
        else rows.filter(actor.scope.q("team__place"), team__released_at=None)
    )
    return rows.select_related("recount__round__campaign", "team__unit").order_by("recount", "team", "place")


def waiting_doors(actor: Actor, *, team: int | None = None) -> QuerySet[RecountDoor]:
    """This function will return the drawn doors that wait to be seen again, by place."""
    rows = recount_doors(actor).filter(at=None)
    return rows.filter(team=team) if team is not None else rows


def get_recount_door(pk: int, *, actor: Actor, lock: bool = False) -> RecountDoor:
    """This function will return a drawn door that the actor enters; raises ``NotFound``, then ``NotAllowed``."""
    rows = recount_doors(actor)
    found = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=pk).first()
    if found is None:
        raise NotFound
    actor.require("visit.submit")
    return found


def audit_recounts() -> list[str]:
    """This function will count the drawn doors of every recount again, and return what differs from what is kept."""
    differences = []
    for recount in Recount.objects.filter(round__campaign__sealed=None).order_by("pk"):
        doors = RecountDoor.objects.everywhere("an audit").filter(recount=recount)
        counted: dict[int, list[int]] = {}
        names = list(Verdict.values)
        for place, verdict, n in (
            doors.order_by().values_list(F("place") / 10**7 * 10**7, "verdict").annotate(n=Count("pk"))
        ):
            row = counted.setdefault(place, [0] * (1 + len(names)))
            row[0] += n
            if verdict:
                row[1 + names.index(verdict)] += n
        kept = {
            place: list(rest)
            for place, *rest in RecountTally.objects.everywhere("an audit")
            .filter(recount=recount)
            .values_list("place", "drawn", *(name.lower() for name in names))
        }
        differences += [
            f"recount {recount.pk}, community {place:019d}: kept {kept.get(place)}, counted {counted.get(place)}"
            for place in sorted({*kept, *counted})
            if kept.get(place) != counted.get(place)
        ]
    return differences
