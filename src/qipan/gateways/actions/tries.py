"""What came of a try to send: noted at the receiver, who rests longer after each failure and is stopped after days."""

from datetime import datetime, timedelta

from django.db import transaction

from qipan.journal.api import record
from qipan.kernel.actor import Actor

from ..models import NoticeChannel, Subscription
from ..terms import Standing

FIRST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=5)  # nobody answered for so long: an administrator has to look
STOPPED = {Subscription: "gateways.stop_subscription", NoticeChannel: "gateways.stop_channel"}


@transaction.atomic
def note_delivered(receiver: Subscription | NoticeChannel, *, outcome: str, at: datetime) -> None:
    """This function will note that a message arrived."""
    rows = type(receiver).objects.filter(pk=receiver.pk)
    rows.update(tried_at=at, outcome=outcome[:200], delivered_at=at, failures=0, failing_since=None, rest_until=None)


@transaction.atomic
def note_failed(receiver: Subscription | NoticeChannel, *, outcome: str, gone: bool, at: datetime) -> None:
    """This function will note a failure: the receiver rests, longer each time, and is stopped after days of them."""
    model = type(receiver)
    held = model.objects.select_for_update().filter(pk=receiver.pk).first()
    if held is None:
        return
    held.tried_at, held.outcome, held.failures = at, outcome[:200], held.failures + 1
    held.failing_since = held.failing_since or at
    held.rest_until = at + min(FIRST_REST * 2 ** min(held.failures - 1, 10), LONGEST_REST)
    if held.standing == Standing.ACTIVE and (gone or at - held.failing_since >= GIVE_UP_AFTER):
        held.standing = Standing.STOPPED
        record(STOPPED[model], subject=held, by=Actor.system("outbox"), at=at, data={"outcome": held.outcome})
    held.save()
