"""Notices to units' own channels, against real servers: who hears what, once, again, never a drill."""

import json
from datetime import timedelta
from email import message_from_string

import pytest
from django.conf import settings
from django.test import override_settings

from qipan.desk.api import Task, escalate_late, remind_of
from qipan.journal.api import deliver_waiting
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.posture.api import declare, end_posture, take_posture
from qipan.warnings.api import issue_warning

from ..actions.channels import (
    send_again,
)
from ..adapter import notices as adapter
from ..models import NoticeChannel
from ..rules.notices import mail_id
from .sending import COMMUNITY, EVERY, clock, deliver, directive, robot, sent


@pytest.mark.row("ORG-11")
def test_a_directive_reaches_the_groups_of_those_who_receive_it_once(world, receiver):
    mine = robot(world, receiver)
    robot(world, receiver, unit="510105001001:community")  # receives nothing
    robot(world, receiver, unit="510104001002:community", kinds=["WARNING"])  # did not ask for it
    directive(world)
    assert receiver.calls == []
    deliver()
    deliver()
    ((path, headers, body),) = receiver.calls
    assert path == "/secret-token-of-the-group"
    message = sent().get()
    assert headers["idempotency-key"] == message.payload["key"]
    told = json.loads(body)
    assert told["title"] == "棋盘 · 下达指令"
    assert told["message"].split("\n") == [
        "指令 D-7，第 1 版",
        "https://qipan.example.cn/desk",
        f"通知号 {message.payload['key']}，同号即同一通知。",
    ]
    assert "王小明" not in body.decode() + json.dumps(message.payload)
    mine.refresh_from_db()
    assert (mine.failures, mine.outcome, mine.delivered_at is not None) == (0, "已发出", True)


@pytest.mark.row("ORG-11")
def test_posture_warning_reminder_and_lateness_reach_whom_they_concern(world, receiver):
    cast, at = world.cast, world.at
    robot(world, receiver)
    declaration = declare(
        number="E-9", matter="疫情", hazard="epidemic", level=2, basis="法", issuer=cast.unit("5101:city-command"),
        ground_codes=["510104"], starts_at=at, expected_until=world.later(days=9), measures=["x"],
        by=cast.city_commander, at=at,
    )  # fmt: skip
    take_posture(declaration, grounds=[range_of("510104")], by=cast.city_commander, at=at)
    take_posture(declaration, grounds=[range_of("510104")], by=cast.city_commander, at=world.later(minutes=1))  # held
    end_posture(declaration, by=cast.city_commander, at=world.later(minutes=2))
    issue_warning(
        kind="rainstorm", colour=2, issuer=cast.unit("5101:city-command"), basis="法", headline="h", description="d",
        instruction="i", ground_codes=["510104001"], starts_at=at, expires_at=world.later(hours=7),
        by=cast.city_commander, at=at,
    )  # fmt: skip
    directive(world)
    clock_of_desk = Actor.system("desk clock", ranges=[range_of("5101")])
    escalate_late(at=world.later(hours=40), by=clock_of_desk)
    escalate_late(at=world.later(hours=49), by=clock_of_desk)
    deliver(now() + timedelta(hours=72))
    said = [(one["title"], one["message"].split("\n")[0]) for one in receiver.events()]
    assert sorted(said) == sorted(
        [
            ("棋盘 · 态势变化", "应急 · Ⅱ级 · E-9"),
            ("棋盘 · 态势变化", "应急 · Ⅱ级 · E-9 · 已结束"),
            ("棋盘 · 发布预警", "橙色预警 · 暴雨 · 预警"),
            ("棋盘 · 下达指令", "指令 D-7，第 1 版"),
            ("棋盘 · 未读或时限将至", "1 项任务未读或时限将至"),
            ("棋盘 · 逾期", "1 项任务已逾期"),
        ]
    )


@pytest.mark.row("ORG-11", "MAT-3")
def test_a_reminder_of_one_task_reaches_its_owner_alone(world, receiver):
    robot(world, receiver, kinds=["REMINDER"])
    robot(world, receiver, unit="510104001002:community", kinds=["REMINDER"])
    directive(world)
    task = Task.objects.everywhere("a test").get(owner__code=COMMUNITY)
    remind_of(task, by=Actor.system("matters clock", ranges=[range_of("5101")]), at=world.later(hours=1))
    deliver()
    said = [(one["title"], one["message"].split("\n")[0]) for one in receiver.events()]
    assert said == [("棋盘 · 未读或时限将至", "1 项任务未读或时限将至")]


@pytest.mark.row("ORG-11")
@pytest.mark.row("EMG-12")
def test_nothing_of_a_drill_leaves(world, receiver):
    robot(world, receiver)
    cast = world.cast
    warned = {
        "kind": "rainstorm",
        "colour": 2,
        "issuer": cast.unit("5101:city-command"),
        "basis": "法",
        "headline": "h",
    }
    issue_warning(
        **warned, description="d", instruction="i", ground_codes=["510104001"], starts_at=world.at,
        expires_at=world.later(hours=7), drill=True, by=cast.city_commander, at=world.at,
    )  # fmt: skip
    deliver()
    assert (receiver.calls, sent().count()) == ([], 0)


def test_a_channel_hears_nothing_of_before_it_was_there(world, receiver):
    directive(world)
    robot(world, receiver, at=world.later(minutes=1))
    deliver()
    assert (receiver.calls, sent().count()) == ([], 0)


def test_what_fails_is_tried_again_with_the_same_key_then_given_up_and_sent_by_hand(world, receiver, monkeypatch):
    channel = robot(world, receiver)
    directive(world)
    receiver.answers = [500] * 6
    at = now() + timedelta(seconds=1)
    deliver_waiting(at=at)
    for hours in (0, 1, 2, 5, 8, 17, 26):
        moment = at + timedelta(hours=hours)
        with clock(monkeypatch, moment):
            deliver_waiting(at=moment)
    assert len(receiver.calls) == 6
    assert len({headers["idempotency-key"] for _path, headers, _body in receiver.calls}) == 1
    message = sent().get()
    assert (message.attempts, message.sent_at) == (6, None)
    assert "500" in message.failed_reason
    assert "secret-token" not in message.failed_reason
    page = world.cast.client("admin").get("/notices").content.decode()
    assert message.key in page and "secret-token" not in page
    with pytest.raises(NotAllowed):
        send_again(message.pk, by=world.cast.city_commander, at=world.at)
    assert world.cast.client("admin").post(f"/notices/again/{message.pk}").status_code == 302
    with clock(monkeypatch, at + timedelta(days=2)):
        assert deliver_waiting(at=at + timedelta(days=2)) == 1
    assert (len(receiver.calls), sent().get().failed_reason) == (7, "")
    with pytest.raises(NotFound):
        send_again(message.pk, by=world.cast.admin, at=world.at)
    channel.refresh_from_db()
    assert (channel.standing, channel.failures, channel.rest_until) == ("ACTIVE", 0, None)


def test_no_network_holds_up_nobody_and_loses_nothing(world, receiver, monkeypatch):
    robot(world, receiver, url="json://127.0.0.1:9/token-of-nobody")
    robot(world, receiver, unit="510104001002:community")
    directive(world)
    at = now() + timedelta(seconds=1)
    deliver_waiting(at=at)
    with clock(monkeypatch, at):
        assert deliver_waiting(at=at) == 1
    assert len(receiver.calls) == 1
    waiting = sent().get(sent_at=None)
    assert waiting.attempts == 1
    assert "token-of-nobody" not in waiting.failed_reason
    assert waiting.failed_reason


class Killed(BaseException):
    """The job ends here, as when its process is killed."""


@pytest.mark.parametrize("step", ["queue_notice", "note_delivered"])
def test_a_kill_between_the_steps_loses_nothing_and_a_second_sending_has_the_same_key(
    world, receiver, monkeypatch, step
):
    """While it is handed out: nothing twice. Between sending and noting nobody can know: at least once, same key."""
    from ..actions import notices as handing

    robot(world, receiver)
    robot(world, receiver, unit="510104001002:community")
    directive(world)
    at = now() + timedelta(seconds=1)
    where = handing if step == "queue_notice" else adapter
    real, calls = getattr(where, step), []

    def killed(*args, **rest):
        calls.append(args)
        if len(calls) == 2 or step == "note_delivered":
            raise Killed
        return real(*args, **rest)

    if step == "note_delivered":
        deliver_waiting(at=at)
    monkeypatch.setattr(where, step, killed)
    with pytest.raises(Killed):
        deliver_waiting(at=at)
    monkeypatch.setattr(where, step, real)
    assert deliver_waiting(at=at + timedelta(seconds=90)) == (0 if step == "queue_notice" else 1)  # it is held
    for minutes in (3, 3):
        deliver_waiting(at=at + timedelta(minutes=minutes))
    keys = [headers["idempotency-key"] for _path, headers, _body in receiver.calls]
    assert len(set(keys)) == len(receiver.taken("idempotency-key")) == 2
    assert len(keys) == (2 if step == "queue_notice" else 3)
    assert sent().filter(sent_at=None).count() == 0


@pytest.mark.parametrize("way", ["json", "form", "xml", "mailto"])
def test_every_format_that_has_a_place_for_the_key_says_the_same_one_again(world, receiver, mailbox, monkeypatch, way):
    port, rest = (mailbox.port, "?from=a@b.cn&to=unit@b.cn") if way == "mailto" else (receiver.port, "token-of-a-group")
    robot(world, receiver, url=f"{way}://127.0.0.1:{port}/{rest}")
    directive(world)
    at, real = now() + timedelta(seconds=1), adapter.note_delivered

    def killed(*_arguments, **_more):
        raise Killed

    deliver_waiting(at=at)
    monkeypatch.setattr(adapter, "note_delivered", killed)
    with pytest.raises(Killed):
        deliver_waiting(at=at)
    monkeypatch.setattr(adapter, "note_delivered", real)
    assert deliver_waiting(at=at + timedelta(minutes=3)) == 1
    key = sent().get().payload["key"]
    if way == "mailto":
        mails = [message_from_string(text) for _to, text in mailbox.mails]
        assert [mail["Idempotency-Key"] for mail in mails] == [key, key]
        assert [mail["Message-ID"] for mail in mails] == [
            f"<{mail_id(key, site_key=settings.SECRET_KEY)}@127.0.0.1>"
        ] * 2
    else:
        assert [headers["idempotency-key"] for _path, headers, _body in receiver.calls] == [key, key]
        assert len(receiver.taken("idempotency-key")) == 1


def test_who_takes_too_long_is_left(world, receiver, monkeypatch):
    adapter.is_read("json://127.0.0.1/x")  # the process is there
    channel = robot(world, receiver)
    monkeypatch.setattr(receiver, "delay_s", 1)
    directive(world)
    with monkeypatch.context() as patch:
        patch.setattr(adapter, "SECONDS", 0.5)
        deliver()
    channel.refresh_from_db()
    assert channel.outcome == "0.5 秒内无应答"
    monkeypatch.setattr(receiver, "delay_s", 0)
    assert adapter.is_read("json://127.0.0.1/x") is True  # another process, in time


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
def test_no_private_address_is_called_when_it_leaves(world, receiver, host):
    """Names are really looked up, in the process that sends."""
    NoticeChannel.objects.create(
        unit=world.cast.unit(COMMUNITY), name="x", service="jsons", url=f"json://{host}:{receiver.port}/x",
        kinds=EVERY, created_at=world.at,
    )  # fmt: skip
    directive(world)
    with override_settings(OWN_NETWORKS=()):
        deliver()
    assert receiver.calls == []
    read = host not in ("127.1", "[::ffff:127.0.0.1]")  # these not even Apprise reads
    assert ("不是互联网公网地址" if read else "Apprise 读不懂此地址") in sent().get().failed_reason


def test_no_redirect_is_followed(world, receiver):
    robot(world, receiver)
    receiver.answers = [302]
    directive(world)
    deliver()
    assert [path for path, _headers, _body in receiver.calls] == ["/secret-token-of-the-group"]
