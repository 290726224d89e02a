"""How a message leaves for a partner: signed, to public addresses only, within a few seconds, following nobody."""

import asyncio
import json
from datetime import datetime
from typing import Any

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from qipan.journal.api import GiveUp, Later
from qipan.kernel.addresses import PrivateAddress, UrlNotAllowed
from qipan.kernel.calling import calling
from qipan.kernel.clock import now

from ..actions.tries import note_delivered, note_failed
from ..models import Subscription
from ..queries.partners import secret_for
from ..rules.signing import signature
from ..terms import Standing

SECONDS = 10  # for everything: name, connection, answer
WAIT_PAUSED_S = 3600
GONE = 410


class NotDelivered(Exception):
    """The partner did not take the message; its text says why."""


def send_message(payload: dict[str, Any]) -> None:
    """This function will send one message of the outbox to its subscription and note what came of it.

    Raises ``Later`` while the subscription rests or is paused, ``GiveUp`` when it has ended, ``NotDelivered``.
    """
    subscription = Subscription.objects.filter(pk=payload["subscription"]).first()
    at = now()
    if subscription is None or subscription.standing == Standing.ENDED:
        raise GiveUp("the subscription has ended")
    if subscription.standing != Standing.ACTIVE:
        raise Later(datetime.fromtimestamp(at.timestamp() + WAIT_PAUSED_S, at.tzinfo))
    if subscription.rest_until is not None and at < subscription.rest_until:
        raise Later(subscription.rest_until)
    status, outcome = _tried(subscription, str(payload["id"]), payload["event"], at=at)
    if 200 <= status < 300:
        note_delivered(subscription, outcome=outcome, at=now())
        return
    note_failed(subscription, outcome=outcome, gone=status == GONE, at=now())
    raise NotDelivered(outcome)


def _tried(subscription: Subscription, message_id: str, event: dict[str, Any], *, at: datetime) -> tuple[int, str]:
    """The status, 0 where there was no answer, and the outcome in words."""
    # The id stands in the body too, for a receiver that hands on nothing else.
    body = json.dumps({"id": message_id, **event}, ensure_ascii=False, separators=(",", ":")).encode()
    seconds = int(at.timestamp())
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Qipan-Webhooks",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secret_for(subscription), message_id=message_id, seconds=seconds, body=body),
    }
    try:
        status = asyncio.run(asyncio.wait_for(_post(subscription.url, headers, body), SECONDS))
    except TimeoutError:
        return 0, _("no answer within %(seconds)s s") % {"seconds": SECONDS}
    except (PrivateAddress, UrlNotAllowed) as refusal:
        return 0, str(refusal)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return 0, f"{type(error).__name__}: {error}"
    return status, str(status)


async def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    own, own_ca = settings.OWN_NETWORKS, settings.OWN_CA
    async with calling("POST", url, headers=headers, content=body, seconds=SECONDS, own=own, own_ca=own_ca) as response:
        return response.status_code  # what it says beside that is not read
