"""What the tests of notices share: a mail server, channels, a directive, and sending what waits."""

from contextlib import contextmanager
from datetime import timedelta

from django.apps import apps

from qipan.command.api import issue_directive
from qipan.desk.api import admit_emergency
from qipan.journal.api import deliver_waiting
from qipan.kernel.clock import now
from qipan.kernel.place import range_of

from ..actions.channels import (
    add_channel,
)
from ..adapter import notices as adapter
from ..terms import Audience, NoticeKind

EVERY = [kind.value for kind in NoticeKind]
COMMUNITY = "510104001001:community"
Message = apps.get_model("journal", "Message")


def robot(world, receiver, *, unit=COMMUNITY, kinds=EVERY, **how):
    url = how.pop("url", f"json://127.0.0.1:{receiver.port}/secret-token-of-the-group")
    return add_channel(
        world.cast.unit(unit),
        name="社区工作群",
        url=url,
        kinds=kinds,
        by=world.cast.admin,
        at=how.pop("at", world.at),
        **how,
    )


def deliver(at=None):
    """Twice: messages are handed out to channels, then sent."""
    at = at or now() + timedelta(hours=12)
    return deliver_waiting(at=at), deliver_waiting(at=at)


@contextmanager
def clock(monkeypatch, at):
    with monkeypatch.context() as patch:
        patch.setattr(adapter, "now", lambda: at)
        yield


def sent():
    return Message.objects.filter(channel="apprise").order_by("pk")


def directive(world, number="D-7", **how):
    cast = world.cast
    admission = admit_emergency(
        title="x", declaration="E-1", basis="法", valid_to=world.later(days=3), by=cast.city_commander, at=world.at
    )
    return issue_directive(
        number=number,
        title="把王小明家的暖气查一遍",
        body="…",
        basis="法",
        organ_types=["community"],
        grounds=[range_of("510104")],
        decided_at=world.at,
        due_at=world.later(days=2),
        admission=admission,
        issuer=cast.unit("5101:city-command"),
        by=cast.city_commander,
        at=world.at,
        **how,
    )


def mail(world, mailbox):
    return add_channel(
        world.cast.unit("5101:lead-body"),
        name="12345",
        url=f"mailto://127.0.0.1:{mailbox.port}/?from=12345@city.example.cn&to={{to}}",
        audience=Audience.MAIL,
        by=world.cast.admin,
        at=world.at,
    )


def sms(world, receiver):
    return add_channel(
        world.cast.unit("5101:lead-body"),
        name="短信",
        url=f"json://127.0.0.1:{receiver.port}/sms?:mobile={{to}}",
        audience=Audience.SMS,
        by=world.cast.admin,
        at=world.at,
    )
