"""What ``qipan verify`` counts again: the sums that cost sheets keep, and that nothing is called twice."""

from django.db.models import F, Q, Sum

from ..models import CostLine, CostSheet
from ..terms import CostState


def audit_sheets() -> list[str]:
    """This function will add up every cost sheet again from its lines and return the differences."""
    lines = CostLine.objects.order_by().values("sheet")
    sums = {
        row["sheet"]: (row["entered"], row["accepted"] or 0)
        for row in lines.annotate(entered=Sum("amount"), accepted=Sum("amount", filter=Q(state=CostState.ACCEPTED)))
    }
    found = [
        f"cost sheet {pk}: {entered} and {accepted} fen kept, {sums.get(pk, (0, 0))} counted"
        for pk, entered, accepted in CostSheet.objects.order_by("pk").values_list("pk", "entered", "accepted")
        if (entered, accepted) != sums.get(pk, (0, 0))
    ]
    wrong = CostLine.objects.exclude(amount=F("quantity") * F("rate")).order_by("pk").values_list("pk", flat=True)
    found += [f"cost line {pk}: the amount is not quantity times rate" for pk in wrong]
    priced = CostLine.objects.filter(kind="USE").exclude(rate=F("called__rate")).order_by("pk")
    found += [f"cost line {pk}: not at the agreed rate" for pk in priced.values_list("pk", flat=True)]
    early = CostSheet.objects.filter(paid_at__isnull=False).filter(Q(decided_at=None) | Q(accepted=0))
    return found + [f"cost sheet {pk}: paid undecided" for pk in early.order_by("pk").values_list("pk", flat=True)]
