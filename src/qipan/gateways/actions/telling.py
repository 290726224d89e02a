"""Telling partners: what is put into the outbox for each subscription."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from qipan.journal.api import queue_message, record
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.matters.api import Matter

from ..models import Subscription
from ..queries.requests import moment, shown
from ..terms import EventKind
from .partners import ACT, held_subscription

CHANNEL = "webhook"
TEST = "test"


def tell(matter: Matter, kind: EventKind, subscriptions: Sequence[Subscription], *, at: datetime) -> None:
    """This function will put an event into the outbox for each subscription: the public facts as they are now.

    A drill's events are kept by the outbox and never leave. The caller has made sure that the matter is not private.
    """
    with override(settings.LANGUAGE_CODE):
        (facts,) = shown([matter])
    event = {"type": str(kind), "timestamp": moment(at), "data": facts}
    _queue(event, subscriptions, at=at, drill=matter.drill)


def _queue(event: dict[str, Any], subscriptions: Sequence[Subscription], *, at: datetime, drill: bool) -> None:
    event_id = f"evt_{uuid7().hex}"
    for one in subscriptions:
        message_id = f"{event_id}_{one.pk}"  # one for each that is told, and the same at every try
        payload = {"subscription": one.pk, "id": message_id, "event": event}
        queue_message(CHANNEL, key=f"webhook:{message_id}", payload=payload, at=at, drill=drill)


@transaction.atomic
def send_test(subscription: Subscription, *, by: Actor, at: datetime) -> None:
    """This function will queue an event that says nothing, so that both sides can see that it arrives.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``.
    """
    by.require(ACT)
    held = held_subscription(subscription, by)
    _queue({"type": TEST, "timestamp": moment(at), "data": {}}, [held], at=at, drill=False)
    record("gateways.send_test", subject=held, by=by, at=at)
