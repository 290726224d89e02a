"""Notices to people's own channels, against real servers of web and mail: who hears what, once, again, never a drill."""

import json
import socket
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.apps import apps
from django.db import connection
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st

from qipan.command.api import issue_directive
from qipan.desk.api import admit_emergency, escalate_late
from qipan.journal.api import deliver_waiting
from qipan.kernel.actor import Actor
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.matters.api import (
    confirm_matter,
    decline_matter,
    dispatch_matter,
    file_matter,
    merge_matter,
    report_done,
    shelve_matter,
    verify_matter,
)
from qipan.posture.api import declare, end_posture, take_posture
from qipan.warnings.api import issue_warning

from ..actions.channels import (
    MOST_CHANNELS,
    ReportersHaveOne,
    TooManyChannels,
    add_channel,
    choose_kinds,
    send_again,
    send_trial,
    switch_channel,
)
from ..actions.partners import KindsNeeded
from ..adapter import notices as adapter
from ..models import NoticeChannel
from ..rules.network import PrivateAddress
from ..rules.notices import (
    OpenLine,
    OptionNotAllowed,
    PlaceOfNumber,
    ServiceNotAllowed,
    reach_of,
    service_of,
    without_secrets,
)
from ..terms import Audience, NoticeKind, Standing
from .receiver import Receiver

EVERY = [kind.value for kind in NoticeKind]
COMMUNITY = "510104001001:community"
Message = apps.get_model("journal", "Message")


class Mailbox:
    """A mail server: keeps what came."""

    def __init__(self):
        self.mails = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture(scope="module")
def servers():
    receiver, mailbox = Receiver(), Mailbox()
    yield receiver, mailbox
    receiver.stop()
    mailbox.controller.stop()
    adapter.child.end()


@pytest.fixture
def receiver(servers):
    servers[0].calls.clear()
    servers[0].answers.clear()
    with override_settings(WEBHOOKS_PRIVATE=True, ADDRESS="https://qipan.example.cn"):
        yield servers[0]


@pytest.fixture
def mailbox(servers):
    servers[1].mails.clear()
    return servers[1]


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
    assert len(set(keys)) == 2
    assert len(keys) == (2 if step == "queue_notice" else 3)
    assert sent().filter(sent_at=None).count() == 0


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
    with override_settings(WEBHOOKS_PRIVATE=False):
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


# Who reported.


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


@pytest.mark.row("ORG-11")
@pytest.mark.row("MAT-1")
def test_everyone_who_reported_is_told_each_step_once_by_the_way_they_left(world, receiver, mailbox):
    cast, at = world.cast, world.at
    mail(world, mailbox)
    sms(world, receiver)
    first = world.reported(reach="li@example.com")
    second = world.reported(reach="138 0000 0000")
    world.reported()  # left nothing
    world.reported(reach="微信 laowang")  # no way that a program can take
    merge_matter(second.matter, into=first.matter, by=cast.dispatcher, at=at)
    matter = file_matter(first.matter, by=cast.dispatcher, at=at)
    unit = cast.unit("5101:urban-management")
    matter = dispatch_matter(matter, unit=unit, by=cast.dispatcher, at=at)
    matter = report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=world.later(minutes=2))
    matter = verify_matter(matter, by=cast.dispatcher, at=world.later(minutes=3))
    confirm_matter(first.report, satisfied=True, by=cast.dispatcher, at=world.later(minutes=4))
    deliver()
    deliver()
    number = first.matter.number
    texts = [one["message"].split("\n")[0] for one in receiver.events()]
    assert texts == [
        f"您反映的 {second.matter.number}：已并入此前的同一反映。",
        f"您反映的 {number}：已受理。",
        f"您反映的 {number}：已办理并核验，请确认是否属实。",
        f"您反映的 {number}：已办结。",
    ]
    assert {one["mobile"] for one in receiver.events()} == {"+8613800000000"}
    assert [to for to, _mail in mailbox.mails] == [["li@example.com"]] * 3
    rows = json.dumps(list(Message.objects.values("payload", "key", "failed_reason")), ensure_ascii=False)
    assert "example.com" not in rows and "1380000" not in rows
    keys = [headers["idempotency-key"] for _path, headers, _body in receiver.calls]
    assert len(set(keys)) == len(keys) == 4


@pytest.mark.row("ORG-11")
@pytest.mark.parametrize("step", ["decline", "shelve"])
def test_declined_and_shelved_are_told_too(world, receiver, step):
    sms(world, receiver)
    matter = world.reported(reach="+8613900000000").matter
    if step == "decline":
        decline_matter(matter, kind="ANSWERED", reason="x", by=world.cast.dispatcher, at=world.at)
    else:
        file_matter(matter, by=world.cast.dispatcher, at=world.at)
        shelve_matter(
            matter, reason="没钱", plan="明年", review_at=world.later(days=30), by=world.cast.dispatcher, at=world.at
        )
    deliver()
    ending = {"decline": "不予受理，附理由。", "shelve": "暂缓办理，附理由和计划。"}[step]
    assert receiver.events()[-1]["message"].split("\n")[0].endswith(ending)


def test_who_asks_for_it_hears_nothing_more_and_what_was_left_is_gone(world, receiver):
    sms(world, receiver)
    reported = world.reported(reach="13800000000")
    file_matter(reported.matter, by=world.cast.dispatcher, at=world.at)  # queued, not sent yet
    page = Client().get(f"/track/{reported.code}").content.decode()
    assert "不再通知我" in page and "13800000000" not in page
    assert Client().post(f"/track/{reported.code}/quiet").status_code == 302
    deliver()
    assert receiver.calls == []
    assert apps.get_model("matters", "Contact").objects.count() == 0
    assert "不再通知我" not in Client().get(f"/track/{reported.code}").content.decode()
    assert Client().post(f"/track/{reported.code}/quiet").status_code == 404


def test_without_a_channel_of_the_city_nobody_is_told_and_nothing_waits(world, receiver):
    file_matter(world.reported(reach="13800000000").matter, by=world.cast.dispatcher, at=world.at)
    deliver()
    assert (receiver.calls, sent().count(), Message.objects.filter(sent_at=None).count()) == ([], 0, 0)


def test_what_is_secret_is_sealed_in_the_database(world, receiver):
    channel = robot(world, receiver)
    world.reported(reach="13800000000")
    with connection.cursor() as cursor:
        cursor.execute("SELECT url FROM gateways_noticechannel")
        (url,) = cursor.fetchone()
        cursor.execute("SELECT reach FROM matters_contact")
        (reach,) = cursor.fetchone()
    assert url.startswith("sealed:") and "token" not in url
    assert reach.startswith("sealed:") and "138" not in reach.removeprefix("sealed:")[:3] and len(reach) > 100
    assert NoticeChannel.objects.get().url == channel.url
    with override_settings(SECRET_KEY="another"):
        assert NoticeChannel.objects.get().url == ""
    entries = json.dumps(list(apps.get_model("journal", "Entry").objects.values("data")), ensure_ascii=False)
    assert "secret-token" not in entries


# Who may enter what.


@pytest.mark.parametrize("name", ["city_commander", "dispatcher", "auditor", "worker"])
def test_only_administrators_enter_channels(world, receiver, name):
    channel, by, at = robot(world, receiver), getattr(world.cast, name), world.at
    unit = world.cast.unit(COMMUNITY)
    for act in (
        lambda: add_channel(unit, name="x", url="dingtalk://abcdefghij", kinds=EVERY, by=by, at=at),
        lambda: switch_channel(channel, standing=Standing.PAUSED, by=by, at=at),
        lambda: choose_kinds(channel, kinds=["LATE"], by=by, at=at),
        lambda: send_trial(channel, by=by, at=at),
    ):
        with pytest.raises(NotAllowed):
            act()
    channel.refresh_from_db()
    assert (NoticeChannel.objects.count(), channel.standing, channel.kinds) == (1, "ACTIVE", EVERY)
    assert world.cast.client(name).get("/notices").status_code == 403
    assert sent().count() == 0


def test_a_channel_is_tried_switched_off_and_ended(world, receiver):
    channel, admin, at = robot(world, receiver), world.cast.admin, world.at
    send_trial(channel, by=admin, at=at)
    deliver()
    assert receiver.events()[0]["message"].startswith("测试：此渠道可用。\n")
    switch_channel(channel, standing=Standing.PAUSED, by=admin, at=at)
    directive(world)
    deliver()
    assert len(receiver.calls) == 1  # what happens while it is off is not sent later
    switch_channel(channel, standing=Standing.ACTIVE, by=admin, at=at)
    deliver()
    assert len(receiver.calls) == 1
    send_trial(channel, by=admin, at=at)
    switch_channel(channel, standing=Standing.ENDED, by=admin, at=at)
    deliver()
    assert len(receiver.calls) == 1
    channel.refresh_from_db()
    assert channel.url == ""
    with pytest.raises(NotFound):
        switch_channel(channel, standing=Standing.ACTIVE, by=admin, at=at)


def test_how_many_and_which(world, receiver, mailbox):
    mail(world, mailbox)
    with pytest.raises(ReportersHaveOne):
        mail(world, mailbox)
    with pytest.raises(KindsNeeded):
        robot(world, receiver, kinds=[])
    for _n in range(MOST_CHANNELS):
        robot(world, receiver)
    with pytest.raises(TooManyChannels):
        robot(world, receiver)
    assert NoticeChannel.objects.count() == MOST_CHANNELS + 1


ALLOWED = {
    "dingtalk://abcdefghij": "dingtalk",
    "https://oapi.dingtalk.com/robot/send?access_token=abcdefghij": "dingtalk",
    "wecombot://key": "wecombot",
    "feishu://token": "feishu",
    "lark://token": "lark",
    "mailtos://u:p@mail.example.cn:465/?to=a@b.cn": "mailtos",
    "mailto://u:p@mail.example.cn/?mode=starttls&to=a@b.cn": "mailto",
    "jsons://gate.example.cn/sms?+X-Key=1": "jsons",
}
REFUSED = {
    "": ServiceNotAllowed,
    "file:///etc/passwd": ServiceNotAllowed,
    "syslog://localhost": ServiceNotAllowed,
    "dbus://": ServiceNotAllowed,
    "windows://": ServiceNotAllowed,
    "https://example.com/hook": ServiceNotAllowed,
    "javascript:alert(1)": ServiceNotAllowed,
    "jsons://[": ServiceNotAllowed,
    "jsons://a b": ServiceNotAllowed,
    "tgram://token/1": ServiceNotAllowed,
    "jsons://gate.example.cn/?verify=no": OptionNotAllowed,
    "jsons://gate.example.cn/?redirect=yes": OptionNotAllowed,
    "mailtos://u:p@m.example.cn?pgpkey=/etc/passwd": OptionNotAllowed,
    "dingtalk://abc?+x=1": OptionNotAllowed,
    "json://gate.example.cn/": OpenLine,
    "mailto://u:p@m.example.cn": OpenLine,
    "jsons://127.0.0.1/x": PrivateAddress,
    "jsons://10.1.2.3/x": PrivateAddress,
    "jsons://[::1]/x": PrivateAddress,
    "jsons://localhost/x": PrivateAddress,
    "jsons://gate.example.cn/{to}": PlaceOfNumber,
}


def test_which_addresses_may_be_entered():
    for url, service in ALLOWED.items():
        assert service_of(url, private=False) == service
    for url, why in REFUSED.items():
        with pytest.raises(why):
            service_of(url, private=False)
    for url, reporters, why in (
        ("jsons://gate.example.cn/", "SMS", PlaceOfNumber),
        ("jsons://gate.example.cn/{to}/{to}", "SMS", PlaceOfNumber),
        ("dingtalk://abc{to}", "SMS", ServiceNotAllowed),
        ("jsons://gate.example.cn/{to}", "MAIL", ServiceNotAllowed),
    ):
        with pytest.raises(why):
            service_of(url, reporters=reporters, private=False)
    assert service_of("jsons://gate.example.cn/?:to={to}", reporters="SMS", private=False) == "jsons"


def test_what_a_reporter_left_is_read_as_a_mailbox_or_a_mobile_number():
    for text, read in (
        ("13800000000", ("SMS", "+8613800000000")),
        (" 138-0000 0000 ", ("SMS", "+8613800000000")),
        ("+44 7700 900123", ("SMS", "+447700900123")),
        ("0044 7700 900123", ("SMS", "+447700900123")),
        ("a.b@c.cn", ("MAIL", "a.b@c.cn")),
        ("028-12345678", None),  # no mobile
        ("a@b", None),
        ("a@b.cn,c@d.cn", None),
        ("13800000000?:x=1", None),
        ("", None),
        ("微信 x", None),
    ):
        assert reach_of(text) == read, text


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=6, max_size=40), st.text(max_size=40))
def test_nothing_of_an_address_is_said(token, around):
    url = f"jsons://gate.example.cn/{token}?:key={token[::-1]}"
    assert token not in without_secrets(f"{around} {url} {around.replace(token, '')} {token}", url).replace(around, "")


def test_the_page_says_what_is_wrong_and_shows_no_address(world, receiver):
    admin = world.cast.client("admin")
    given = {"unit": COMMUNITY, "name": "群", "audience": "UNIT", "kinds": ["LATE"], "url": "dingtalk://short-secret@/"}
    answer = admin.post("/notices/add", given)
    assert (answer.status_code, NoticeChannel.objects.count()) == (400, 0)
    assert "Apprise 读不懂此地址" in answer.content.decode()
    assert "short-secret" not in answer.content.decode()
    answer = admin.post("/notices/add", {**given, "url": "syslog://localhost"})
    assert (answer.status_code, NoticeChannel.objects.count()) == (400, 0)
    answer = admin.post("/notices/add", {**given, "url": "dingtalk://abcdefghij0123456789"})
    assert (answer.status_code, NoticeChannel.objects.get().service) == (302, "dingtalk")
    pk = NoticeChannel.objects.get().pk
    page = admin.get("/notices").content.decode()
    assert "dingtalk://…" in page and "abcdefghij" not in page
    assert admin.post(f"/notices/{pk}/kinds", {"kinds": ["WARNING"]}).status_code == 302
    assert NoticeChannel.objects.get().kinds == ["WARNING"]
    assert admin.post(f"/notices/{pk}/kinds", {}).status_code == 400
    for act, standing in (("off", "PAUSED"), ("on", "ACTIVE"), ("end", "ENDED")):
        assert admin.post(f"/notices/{pk}/{act}").status_code == 302
        assert NoticeChannel.objects.get().standing == standing
    assert admin.post(f"/notices/{pk}/on").status_code == 404
