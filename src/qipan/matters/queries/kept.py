"""What is handed over and not erased yet, as lots for legal holds, and which of it a written assessment keeps (art. 85)."""

from datetime import datetime

from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _

from qipan.kernel.place import Range
from qipan.kernel.retention import Lot, held_grounds
from qipan.kernel.scoped import overlapping

from ..models import Handover, Referral
from ..rules.limits import COMMUNITY_SIZE, community_of
from ..terms import Purpose

REAL, DRILL = "real", "drill"


class Handovers:
    """Tells what is handed over: a lot for each purpose; each ends on its own day by the clock, a hold keeps it."""

    model = "matters.Handover"

    def lots(self, *, at: datetime) -> list[Lot]:
        """This method will return how much is held for each purpose, and until when; whole communities, no door."""
        rows = Handover.objects.order_by().values_list("referral__purpose", "referral__drill")
        sums = rows.annotate(
            n=Count("pk"),
            first=Min("door"),
            last=Max("door"),
            began=Min("referral__handed_at"),
            due=Max("referral__erase_at"),
        )
        return [
            Lot(
                key=f"{purpose}:{DRILL if drill else REAL}",
                title=_("What was handed over: %(purpose)s") % {"purpose": Purpose(purpose).label},
                rows=n,
                grounds=(Range(community_of(first), community_of(last) + COMMUNITY_SIZE - 1),),
                began=began,
                due=due,
                drill=drill,
            )
            for purpose, drill, n, first, last, began, due in sums.order_by("referral__purpose", "referral__drill")
        ]


HANDOVERS = Handovers()


def under_hold(*, at: datetime) -> Q:
    """This function will return the filter of referrals whose handover a hold in force keeps."""
    kept = Q(pk__in=[])
    for key, grounds in held_grounds(Handovers.model, at=at).items():
        purpose, _colon, whose = key.partition(":")
        doors = Handover.objects.filter(overlapping(grounds, "door", "door")).values("referral")
        kept |= Q(purpose=purpose, drill=whose == DRILL, pk__in=doors)
    return kept


def is_kept(held: Referral, *, at: datetime) -> bool:
    """This function will say whether a hold in force keeps what was handed over with a referral."""
    rows = Referral.objects.everywhere("for the act on it, which has checked")
    return rows.filter(under_hold(at=at), pk=held.pk).exists()
