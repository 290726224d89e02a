"""What is due, told by the rooms and kept: the pages read it and count nothing."""

from datetime import datetime

from django.db import transaction

from qipan.kernel.retention import holders, tellers

from ..models import DueLot


def refresh_lots(*, at: datetime) -> int:
    """This function will keep what each room tells of its lots; returns how many there are.

    One transaction for each room, so that no writer waits for the counting of another.
    """
    kept, by_run = 0, holders()
    for model, teller in sorted(tellers().items()):
        lots = teller.lots(at=at)  # asked before the transaction: only reading
        rows = [
            DueLot(
                model=model,
                key=lot.key,
                title=lot.title[:200],
                rows=lot.rows,
                grounds=[list(ground) for ground in lot.grounds],
                began=lot.began,
                due=lot.due,
                emergency=lot.emergency,
                drill=lot.drill,
                by_clock=lot.by_clock or model not in by_run,
                seen_at=at,
            )
            for lot in lots
        ]
        with transaction.atomic():
            DueLot.objects.filter(model=model).exclude(key__in=[row.key for row in rows]).delete()
            DueLot.objects.bulk_create(
                rows,
                batch_size=500,
                update_conflicts=True,
                unique_fields=["model", "key"],
                update_fields=["title", "rows", "grounds", "began", "due", "emergency", "drill", "by_clock", "seen_at"],
            )
        kept += len(rows)
    return kept
