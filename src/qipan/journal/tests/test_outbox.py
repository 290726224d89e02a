"""The outbox: sent once, tried again, given up with a reason, never in a drill."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from qipan.journal.actions import outbox
from qipan.journal.api import GiveUp, Later, deliver_waiting, queue_message, register_channel
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


def test_a_sender_may_put_a_message_off_or_give_it_up(db, monkeypatch):
    monkeypatch.setattr(outbox, "_senders", {})

    def send(message: Message) -> None:
        raise Later(AT + timedelta(hours=3)) if message.key == "off" else GiveUp("gone for good")

    register_channel("test", send)
    put("off")
    put("gone")
    assert deliver_waiting(at=AT) == 0
    off, gone = Message.objects.get(key="off"), Message.objects.get(key="gone")
    assert (off.attempts, off.not_before, off.failed_reason) == (0, AT + timedelta(hours=3), "")
    assert (gone.attempts, gone.sent_at, gone.failed_reason) == (6, None, "gone for good")
    assert deliver_waiting(at=AT + timedelta(hours=2)) == 0
    assert Message.objects.get(key="off").attempts == 0


def test_two_jobs_at_once_send_a_message_once_and_no_transaction_is_open(transactional_db, monkeypatch):
    monkeypatch.setattr(outbox, "_senders", {})
    inside, go = threading.Event(), threading.Event()
    sent: list[bool] = []

    def send(message: Message) -> None:
        sent.append(connection.in_atomic_block)
        inside.set()
        assert go.wait(10)

    def first() -> None:
        results.append(deliver_waiting(at=AT))
        connection.close()

    register_channel("test", send)
    put("one")
    results: list[int] = []
    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    assert deliver_waiting(at=AT) == 0  # while the other is sending
    put("meanwhile", not_before=AT + timedelta(days=1))  # and nobody who writes waits
    go.set()
    thread.join()
    assert (results, sent) == ([1], [False])
    assert Message.objects.get(key="one").sent_at == AT


def test_what_a_job_took_and_left_is_taken_again_later(db, monkeypatch):
    monkeypatch.setattr(outbox, "_senders", {})
    keys: list[str] = []

    def send(message: Message) -> None:
        keys.append(message.key)
        if len(keys) == 1:
            raise KeyboardInterrupt  # the process ends here

    register_channel("test", send)
    put("one")
    with pytest.raises(KeyboardInterrupt):
        deliver_waiting(at=AT)
    assert deliver_waiting(at=AT + timedelta(minutes=1)) == 0
    assert deliver_waiting(at=AT + timedelta(minutes=2)) == 1
    assert keys == ["one", "one"]


def test_a_month_after_its_end_nobody_reads_what_a_message_said(db, sent, monkeypatch):
    monkeypatch.setattr(
        outbox, "_senders", outbox._senders | {"bad": lambda message: (_ for _ in ()).throw(GiveUp("no"))}
    )
    put("sent")
    put("given up", channel="bad")
    put("drill", drill=True)
    put("waits", not_before=AT + timedelta(days=90))
    deliver_waiting(at=AT)
    assert outbox.forget_messages(at=AT + timedelta(days=30) - timedelta(seconds=1)) == 0
    assert outbox.forget_messages(at=AT + timedelta(days=30)) == 3
    assert outbox.forget_messages(at=AT + timedelta(days=30)) == 0
    kept = dict(Message.objects.values_list("key", "payload"))
    assert kept == {"sent": {}, "given up": {}, "drill": {}, "waits": {"text": "waits"}}
    assert set(Message.objects.values_list("failed_reason", flat=True)) == {""}
