"""Channels of notices: entered by an administrator, tried, switched off and ended; and what could not be sent."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.duties.api import Unit
from qipan.journal.api import Message, record, try_again
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.refusal import NotFound, Refusal

from ..models import NoticeChannel
from ..rules.notices import as_apprise, service_of
from ..terms import Audience, NoticeKind, Standing
from .notices import queue_notice
from .partners import ACT, KindsNeeded

MOST_CHANNELS = 5  # of one unit: more pings help nobody


class ChannelNameNeeded(Refusal):
    code = "channel_name_needed"
    sentence = _("Say in at most 80 characters what this channel is.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="name")


class TooManyChannels(Refusal):
    code = "too_many_channels"
    sentence = _("A unit has at most %(most)s channels.")

    def __init__(self) -> None:
        super().__init__(most=MOST_CHANNELS)


class ReportersHaveOne(Refusal):
    code = "reporters_have_one"
    sentence = _("Reporters are told by one such channel; end the other one first.")

    def __init__(self) -> None:
        super().__init__(field="audience")


@transaction.atomic
def add_channel(
    unit: Unit,
    *,
    name: str,
    url: str,
    audience: str = Audience.UNIT,
    kinds: Sequence[str] = (),
    by: Actor,
    at: datetime,
) -> NoticeChannel:
    """This function will have a unit told by a channel of its own, or reporters by the city's; the address is sealed.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``, ``ChannelNameNeeded``, ``KindsNeeded``,
    ``ReportersHaveOne``, ``TooManyChannels`` and what ``service_of`` raises.
    """
    by.require(ACT)
    if unit.valid_to is not None or audience not in Audience.values:
        raise NotFound
    name, url = name.strip(), as_apprise(url)
    if not name or len(name) > 80:
        raise ChannelNameNeeded
    reporters = "" if audience == Audience.UNIT else audience
    chosen = [] if reporters else _kinds(kinds)
    service = service_of(url, reporters=reporters, own=settings.OWN_NETWORKS)
    running = NoticeChannel.objects.exclude(standing=Standing.ENDED)
    if reporters and running.filter(audience=audience).exists():
        raise ReportersHaveOne
    if running.filter(unit=unit).count() >= MOST_CHANNELS:
        raise TooManyChannels
    made = NoticeChannel.objects.create(
        unit=unit, name=name, service=service, url=url, audience=audience, kinds=chosen, created_at=at
    )
    data = {"service": service, "audience": str(audience), "kinds": chosen}
    record("gateways.add_channel", subject=made, by=by, at=at, place=unit.place, data=data)
    return made


def _kinds(kinds: Sequence[str]) -> list[str]:
    chosen = [kind.value for kind in NoticeKind if kind.value in kinds]
    if not chosen or len(chosen) != len(set(kinds)):
        raise KindsNeeded
    return chosen


def _held(channel: NoticeChannel, by: Actor) -> NoticeChannel:
    by.require(ACT)
    rows = NoticeChannel.objects.select_for_update(of=("self",)).select_related("unit")
    held = rows.exclude(standing=Standing.ENDED).filter(pk=channel.pk).first()
    if held is None:
        raise NotFound
    return held


@transaction.atomic
def switch_channel(channel: NoticeChannel, *, standing: str, by: Actor, at: datetime) -> NoticeChannel:
    """This function will switch a channel off, on again, or end it for good; an ended one's address is erased.

    What happens while it is off is not sent later. Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``.
    """
    held = _held(channel, by)
    if standing not in (Standing.ACTIVE, Standing.PAUSED, Standing.ENDED):
        raise NotFound
    held.standing = standing
    held.failures, held.failing_since, held.rest_until = 0, None, None
    if standing == Standing.ENDED:
        held.url = ""
    held.save(update_fields=["standing", "failures", "failing_since", "rest_until", "url"])
    record("gateways.switch_channel", subject=held, by=by, at=at, data={"standing": str(standing)})
    return held


@transaction.atomic
def choose_kinds(channel: NoticeChannel, *, kinds: Sequence[str], by: Actor, at: datetime) -> NoticeChannel:
    """This function will say of what a unit's channel tells from now on.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound`` (also a channel to reporters), ``KindsNeeded``.
    """
    held = _held(channel, by)
    if held.audience != Audience.UNIT:
        raise NotFound
    held.kinds = _kinds(kinds)
    held.save(update_fields=["kinds"])
    record("gateways.choose_kinds", subject=held, by=by, at=at, data={"kinds": held.kinds})
    return held


@transaction.atomic
def send_trial(channel: NoticeChannel, *, by: Actor, at: datetime) -> None:
    """This function will queue a notice that says nothing, to see that it arrives; not for channels to reporters.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound``.
    """
    held = _held(channel, by)
    if held.audience != Audience.UNIT:
        raise NotFound  # there is nobody whom a test may be sent to
    said = {"kind": "", "said": _now("A test: this channel works."), "path": ""}
    queue_notice(held, f"test-{uuid7().hex}", said, at=at)
    record("gateways.send_trial", subject=held, by=by, at=at)


@transaction.atomic
def send_again(key: int, *, by: Actor, at: datetime) -> Message:
    """This function will have the outbox try a message anew that it had given up, under the same key.

    Needs ``partner.manage``. Raises ``NotAllowed``, ``NotFound`` (sent, waiting, or said nothing any more).
    """
    by.require(ACT)
    message = try_again(key, at=at)
    if message is None:
        raise NotFound
    record("gateways.send_again", subject=f"journal.Message:{key}", by=by, at=at, data={"channel": message.channel})
    return message
