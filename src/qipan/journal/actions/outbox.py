"""Sending what waits in the outbox: by channel, again after a failure, never twice, never of a drill."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from ..models import Message
from ..rules import WAITS, next_try

Sender = Callable[[Message], None]
_senders: dict[str, Sender] = {}


def register_channel(channel: str, sender: Sender) -> None:
    """This function will send the channel's messages by calling ``sender``, which raises when it cannot."""
    _senders[channel] = sender


def deliver_waiting(*, at: datetime, limit: int = 500) -> int:
    """This function will send the messages that are due; returns how many left.

    Each is sent in a transaction of its own that holds its row, so two jobs never send one twice;
    what fails waits longer each time and is given up, with the reason, after the last wait.
    """
    due = Message.objects.filter(
        sent_at=None, not_before__lte=at, drill=False, channel__in=list(_senders), attempts__lte=len(WAITS)
    )
    keys = due.order_by("not_before", "pk").values_list("pk", flat=True)
    return sum(_deliver(key, at=at) for key in list(keys[:limit]))


@transaction.atomic
def _deliver(key: int, *, at: datetime) -> bool:
    message = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(pk=key, sent_at=None, not_before__lte=at, drill=False)
        .first()
    )
    if message is None:  # another job has it or has sent it
        return False
    message.attempts += 1
    try:
        with transaction.atomic():
            _senders[message.channel](message)
    except Exception as error:
        wait = next_try(message.attempts)
        message.failed_reason = (str(error) or type(error).__name__)[:200]
        message.not_before = at + wait if wait else at
        message.save(update_fields=["attempts", "failed_reason", "not_before"])
        return False
    message.sent_at, message.failed_reason = at, ""
    message.save(update_fields=["attempts", "sent_at", "failed_reason"])
    return True
