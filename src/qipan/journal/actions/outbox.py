"""Sending what waits in the outbox: by channel, again after a failure, by one job at a time, never of a drill."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from ..models import Message
from ..rules import WAITS, next_try

Sender = Callable[[Message], None]
_senders: dict[str, Sender] = {}
KEPT = timedelta(days=30)  # retention.py says the same to everybody
HOLD = timedelta(minutes=2)  # longer than any sender takes; a job that ends while sending gives its message up so


class Later(Exception):
    """What a sender raises when a message is to wait until a moment, which is no failure."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"later: {until:%F %T}")
        self.until = until


class GiveUp(Exception):
    """What a sender raises when trying again cannot help; its text is kept as the reason."""


def forget_messages(*, at: datetime) -> int:
    """This function will blank what messages said 30 days after they were sent, given up or kept for a drill; returns
    how many. What was sent, by which key and when stays."""
    over = at - KEPT
    ended = (
        Q(sent_at__lte=over)
        | Q(sent_at=None, attempts__gt=len(WAITS), not_before__lte=over)
        | Q(drill=True, created_at__lte=over)
    )
    rows = Message.objects.filter(ended).exclude(payload={}, failed_reason="")
    return rows.update(payload={}, failed_reason="")


def register_channel(channel: str, sender: Sender) -> None:
    """This function will send the channel's messages by calling ``sender``, which raises when it cannot.

    No transaction is open while it works, so a slow receiver holds up nobody who writes.
    """
    _senders[channel] = sender


def deliver_waiting(*, at: datetime, limit: int = 500) -> int:
    """This function will send the messages that are due; returns how many left.

    One job takes a message for some minutes, sends it, and notes what came of it, so two jobs never send
    one twice. What fails waits longer each time and is given up, with the reason, after the last wait. Only
    a job that ends between sending and noting leads to a second sending, of the same message with the same key.
    """
    due = Message.objects.filter(
        sent_at=None, not_before__lte=at, drill=False, channel__in=list(_senders), attempts__lte=len(WAITS)
    )
    keys = due.order_by("not_before", "pk").values_list("pk", flat=True)
    return sum(_deliver(key, at=at) for key in list(keys[:limit]))


def given_up(*, most: int) -> list[Message]:
    """This function will return what the outbox has given up with its reason, the latest first; no drills."""
    rows = Message.objects.filter(sent_at=None, drill=False, attempts__gt=len(WAITS)).exclude(payload={})
    return list(rows.order_by("-not_before", "-pk")[:most])


@transaction.atomic
def try_again(key: int, *, at: datetime) -> Message | None:
    """This function will have a message that was given up tried anew, under the same key; None where there is none.

    The caller has the right, and writes it down.
    """
    rows = Message.objects.select_for_update().filter(pk=key, sent_at=None, drill=False, attempts__gt=len(WAITS))
    message = rows.exclude(payload={}).first()
    if message is not None:
        message.attempts, message.not_before, message.failed_reason = 0, at, ""
        message.save(update_fields=["attempts", "not_before", "failed_reason"])
    return message


def _deliver(key: int, *, at: datetime) -> bool:
    message = _take(key, at=at)
    if message is None:  # another job has it or has sent it
        return False
    tried, taken = message.attempts, message.not_before
    came: dict[str, object]
    try:
        _senders[message.channel](message)
        came = {"sent_at": at, "failed_reason": ""}
    except Later as later:
        came = {"attempts": tried - 1, "not_before": max(later.until, at)}
    except GiveUp as reason:
        came = {"attempts": len(WAITS) + 1, "not_before": at, "failed_reason": str(reason)[:200]}
    except Exception as error:
        came = {"not_before": at + (next_try(tried) or timedelta()), "failed_reason": _reason(error)}
    # Unless the hold ran out and another job has the message now.
    Message.objects.filter(pk=key, not_before=taken, sent_at=None).update(**came)
    return "sent_at" in came


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]


@transaction.atomic
def _take(key: int, *, at: datetime) -> Message | None:
    """Counts the attempt and holds the message: whoever comes meanwhile finds that it is not due."""
    message = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(pk=key, sent_at=None, not_before__lte=at, drill=False, attempts__lte=len(WAITS))
        .first()
    )
    if message is not None:
        message.attempts += 1
        message.not_before = at + HOLD
        message.save(update_fields=["attempts", "not_before"])
    return message
