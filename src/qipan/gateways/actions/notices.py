"""Handing out notices: one message of a room becomes one for each channel that listens, each with a key of its own.

A room queues "notice" (for units) or "reporter" in its own act. Here it is read whom it concerns; the same message
handed out twice makes the same rows, so a crash in between tells nobody twice.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.access.api import Post
from qipan.desk.api import Task
from qipan.duties.api import Unit, ground_of
from qipan.journal.api import Message, queue_message
from qipan.kernel.clock import now
from qipan.kernel.place import Range
from qipan.matters.api import reach_for_telling

from ..models import NoticeChannel
from ..rules.notices import reach_of
from ..terms import Audience, NoticeKind, Standing

CHANNEL = "apprise"
Facts = dict[str, Any]


def _tasks(unit: Unit, **which: object) -> int:
    return Task.objects.everywhere("what a notice counts").filter(owner=unit, drill=False, **which).count()


def _directive(unit: Unit, message: Message) -> Facts | None:
    if not _tasks(unit, source=message.key):
        return None
    said = _("Directive %(number)s, version %(version)s") % message.payload
    return {"said": said, "path": "/desk"}


def _waiting(count: int) -> Facts | None:
    if not count:
        return None
    said = ngettext("%(count)s task is unread or has little time left", "%(count)s tasks are unread or have little time left", count)  # fmt: skip
    return {"said": said % {"count": count}, "path": "/desk"}


def _reminded(unit: Unit, message: Message) -> Facts | None:
    return _waiting(_tasks(unit, reminded_at=datetime.fromisoformat(message.payload["at"]), closed_at=None))


def _one_task(unit: Unit, message: Message) -> Facts | None:
    return _waiting(1) if message.payload["unit"] == unit.code else None


def _overdue(count: int) -> Facts | None:
    if not count:
        return None
    said = ngettext("%(count)s task is overdue", "%(count)s tasks are overdue", count)
    return {"said": said % {"count": count}, "path": "/desk"}


def _late(unit: Unit, message: Message) -> Facts | None:
    """Told to the unit above, of all below it, and to each owner, of its own."""
    if message.payload["unit"] == unit.code:
        return _overdue(message.payload["tasks"])
    if unit.parent is None or unit.parent.code != message.payload["unit"]:
        return None
    return _overdue(_tasks(unit, escalated_at=datetime.fromisoformat(message.payload["at"]), closed_at=None))


def _late_named(unit: Unit, message: Message) -> Facts | None:
    named = Post.objects.filter(pk=message.payload["post"], unit=unit).exists()
    return _overdue(message.payload["tasks"]) if named else None


def _silent(unit: Unit, message: Message) -> Facts | None:
    return _overdue(1) if message.payload["unit"] == unit.code else None


def _on_ground(unit: Unit, message: Message) -> bool:
    told = [Range(*pair) for pair in message.payload["ranges"]]
    return any(own.meets(ground) for own in ground_of(unit) for ground in told)


def _ground(unit: Unit, message: Message) -> Facts | None:
    return {"said": message.payload["said"], "path": message.payload["path"]} if _on_ground(unit, message) else None


# By what a room says in its message.
TOLD: dict[str, tuple[NoticeKind, Callable[[Unit, Message], Facts | None]]] = {
    "directive.issued": (NoticeKind.DIRECTIVE, _directive),
    "desk.reminded": (NoticeKind.REMINDER, _reminded),
    "desk.reminded_of": (NoticeKind.REMINDER, _one_task),
    "desk.hastened": (NoticeKind.REMINDER, _one_task),
    "desk.late": (NoticeKind.LATE, _late),
    "desk.late_named": (NoticeKind.LATE, _late_named),
    "call.silent": (NoticeKind.LATE, _silent),
    "matter.unaccepted": (NoticeKind.LATE, _silent),
    "posture.changed": (NoticeKind.POSTURE, _ground),
    "warning.issued": (NoticeKind.WARNING, _ground),
}


@transaction.atomic
def hand_out(message: Message) -> None:
    """This function will put one message into the outbox for each channel that listens and is concerned.

    A channel hears nothing of what was queued before it was there.
    """
    kind, concerns = TOLD.get(message.payload.get("what", ""), (None, None))
    if kind is None or concerns is None:
        return
    listening = NoticeChannel.objects.filter(
        audience=Audience.UNIT, standing=Standing.ACTIVE, created_at__lte=message.created_at
    )
    for channel in listening.select_related("unit__parent", "unit__organ_type").order_by("pk"):
        if kind in channel.kinds and (facts := concerns(channel.unit, message)) is not None:
            queue_notice(channel, f"{message.pk}-{channel.pk}", {"kind": str(kind), **facts}, at=now())


@transaction.atomic
def hand_out_to_reporter(message: Message) -> None:
    """This function will put a message for one who reported into the outbox, by the city's mail or SMS if it has one.

    How to reach the reporter is not in the message: it is read when it leaves, and may be erased by then.
    """
    reach = reach_of(reach_for_telling(message.payload["report"]))
    if reach is None:
        return
    channel = NoticeChannel.objects.filter(
        audience=reach[0], standing=Standing.ACTIVE, created_at__lte=message.created_at
    ).first()
    if channel is not None:
        said = {name: message.payload[name] for name in ("what", "report", "number")}
        queue_notice(channel, f"{message.pk}-{channel.pk}", said, at=now())


def queue_notice(channel: NoticeChannel, key: str, said: Facts, *, at: datetime) -> None:
    """This function will put one notice to one channel into the outbox; the same key is one notice."""
    queue_message(CHANNEL, key=f"notice:{key}", payload={"channel": channel.pk, "key": key, **said}, at=at, drill=False)
