"""The outbox: sent once, tried again, given up with a reason, never in a drill."""

from datetime import UTC, datetime, timedelta

import pytest

from qipan.journal.actions import outbox
from qipan.journal.api import deliver_waiting, queue_message, register_channel
from qipan.journal.models import Message

AT = datetime(2026, 8, 1, 8, tzinfo=UTC)


@pytest.fixture
def sent(monkeypatch):
    monkeypatch.setattr(outbox, "_senders", {})
    texts: list[str] = []
    register_channel("test", lambda message: texts.append(message.payload["text"]))
    return texts


def put(key: str, *, drill: bool = False, channel: str = "test", not_before: datetime | None = None) -> None:
    queue_message(channel, key=key, payload={"text": key}, at=AT, not_before=not_before, drill=drill)


def test_a_message_leaves_once(db, sent):
    put("one")
    put("one")
    assert deliver_waiting(at=AT) == 1
    assert deliver_waiting(at=AT) == 0
    put("one")
    assert deliver_waiting(at=AT) == 0
    assert sent == ["one"]
    message = Message.objects.get()
    assert (message.sent_at, message.attempts, message.failed_reason) == (AT, 1, "")


@pytest.mark.row("EMG-12")
def test_what_a_drill_writes_never_leaves(db, sent):
    put("real")
    put("drill", drill=True)
    assert deliver_waiting(at=AT + timedelta(days=9)) == 1
    assert sent == ["real"]
    kept = Message.objects.get(drill=True)
    assert (kept.sent_at, kept.attempts) == (None, 0)


def test_a_message_waits_for_its_moment_and_its_channel(db, sent):
    put("later", not_before=AT + timedelta(hours=1))
    put("elsewhere", channel="unknown")
    assert deliver_waiting(at=AT) == 0
    assert deliver_waiting(at=AT + timedelta(hours=1)) == 1
    assert sent == ["later"]


def test_a_failure_is_tried_again_later_each_time_and_given_up_in_the_end(db, monkeypatch):
    monkeypatch.setattr(outbox, "_senders", {})
    tries: list[datetime] = []
    clock = AT

    def fail(message: Message) -> None:
        tries.append(clock)
        raise OSError("no route")

    register_channel("test", fail)
    put("hopeless")
    for minutes in range(60 * 24):
        clock = AT + timedelta(minutes=minutes)
        assert deliver_waiting(at=clock) == 0
    assert [int((at - AT).total_seconds() // 60) for at in tries] == [0, 1, 6, 36, 156, 636]
    message = Message.objects.get()
    assert (message.sent_at, message.attempts, message.failed_reason) == (None, 6, "no route")
    assert deliver_waiting(at=AT + timedelta(days=400)) == 0


def test_one_bad_message_does_not_hold_up_the_others(db, monkeypatch):
    monkeypatch.setattr(outbox, "_senders", {})
    good: list[str] = []

    def send(message: Message) -> None:
        if message.key == "bad":
            raise OSError("refused")
        good.append(message.key)

    register_channel("test", send)
    for key in ("first", "bad", "last"):
        put(key)
    assert deliver_waiting(at=AT) == 2
    assert good == ["first", "last"]
    assert Message.objects.get(key="bad").failed_reason == "refused"
