"""Channels of notices as they stand, and what the outbox gave up."""

from dataclasses import dataclass

from qipan.journal.api import Message, given_up
from qipan.kernel.refusal import NotFound

from ..models import NoticeChannel
from ..terms import Standing

MOST_SHOWN = 100


@dataclass(frozen=True)
class GivenUp:
    """A message that could not be sent: for which channel, why, and how often it was tried."""

    message: Message
    channel: str


def channels() -> list[NoticeChannel]:
    """This function will return the channels that have not ended, by unit."""
    rows = NoticeChannel.objects.exclude(standing=Standing.ENDED).select_related("unit")
    return list(rows.order_by("unit__place", "unit__code", "pk"))


def get_channel(pk: int) -> NoticeChannel:
    """This function will return a channel that has not ended; raises ``NotFound``."""
    found = NoticeChannel.objects.exclude(standing=Standing.ENDED).select_related("unit").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def not_sent() -> list[GivenUp]:
    """This function will return what the outbox gave up, the latest first."""
    rows = given_up(most=MOST_SHOWN)
    keys = {row.payload.get("channel") for row in rows}
    names = {
        one.pk: f"{one.unit.label} · {one.name}"
        for one in NoticeChannel.objects.filter(pk__in=keys - {None}).select_related("unit")
    }
    return [GivenUp(row, names.get(row.payload.get("channel"), row.channel)) for row in rows]
