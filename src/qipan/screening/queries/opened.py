"""Which campaigns and rounds are open for an emergency (``kernel.opened``)."""

from datetime import datetime

from qipan.kernel.opened import Emergency, OpenLine

from ..models import Campaign


def open_lines(emergency: Emergency, *, at: datetime) -> list[OpenLine]:
    """This function will list the open campaigns under a declaration and their open rounds; who runs them owns them."""
    lines = []
    rows = Campaign.objects.filter(declaration=emergency.key, closed_at=None).prefetch_related("rounds").order_by("pk")
    for campaign in rows:
        lines.append(
            OpenLine(
                "CAMPAIGN",
                f"screening.Campaign:{campaign.pk}",
                campaign.title,
                campaign.unit_id,
                campaign.opened_at,
                detail={"campaign": campaign.pk},
            )
        )
        lines += [
            OpenLine(
                "ROUND",
                f"screening.Round:{found.pk}",
                f"{campaign.title} · {found.number}",
                campaign.unit_id,
                found.opened_at,
                detail={"round": found.pk},
            )
            for found in campaign.rounds.all()
            if found.closed_at is None
        ]
    return lines
