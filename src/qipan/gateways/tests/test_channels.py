"""Which channels may be entered, by whom, and that their addresses are said to nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.addresses import PrivateAddress
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.matters.api import file_matter

from ..actions.channels import (
    MOST_CHANNELS,
    ReportersHaveOne,
    TooManyChannels,
    add_channel,
    choose_kinds,
    send_trial,
    switch_channel,
)
from ..actions.partners import KindsNeeded
from ..adapter.child import Guard
from ..models import NoticeChannel
from ..rules.notices import (
    OpenLine,
    OptionNotAllowed,
    PlaceOfNumber,
    ServiceAbroad,
    ServiceNotAllowed,
    is_open,
    reach_of,
    service_of,
    without_secrets,
)
from ..terms import Standing
from .sending import COMMUNITY, EVERY, Message, deliver, directive, mail, robot, sent, sms


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
    "mailtos://u:p@mail.example.cn:465/?to=a@b.cn": "mailtos",
    "mailto://u:p@mail.example.cn/?mode=starttls&to=a@b.cn": "mailto",
    "jsons://gate.example.cn/sms?+X-Key=1": "jsons",
}
REFUSED = {
    "lark://token": ServiceAbroad,
    "https://open.larksuite.com/open-apis/bot/v2/hook/token": ServiceAbroad,
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
        assert service_of(url, own=()) == service
    for url, why in REFUSED.items():
        with pytest.raises(why):
            service_of(url, own=())
    for url, reporters, why in (
        ("jsons://gate.example.cn/", "SMS", PlaceOfNumber),
        ("jsons://gate.example.cn/{to}/{to}", "SMS", PlaceOfNumber),
        ("dingtalk://abc{to}", "SMS", ServiceNotAllowed),
        ("jsons://gate.example.cn/{to}", "MAIL", ServiceNotAllowed),
    ):
        with pytest.raises(why):
            service_of(url, reporters=reporters, own=())
    assert service_of("jsons://gate.example.cn/?:to={to}", reporters="SMS", own=()) == "jsons"


@pytest.mark.parametrize("reporters", ["", "SMS", "MAIL"])
@pytest.mark.parametrize(
    "service", ["lark", "twilio", "vonage", "plivo", "clicksend", "d7sms", "bulksms", "sinch", "msgbird"]
)
def test_nothing_leaves_the_country_by_a_service_abroad(service, reporters):
    with pytest.raises(ServiceAbroad) as refused:
        service_of(f"{service}://key@secret/13800000000/{{to}}", reporters=reporters, own=())
    assert (refused.value.data, refused.value.status) == ({"field": "url", "service": service}, 400)


def test_what_was_entered_before_the_refusal_sends_nothing(world, receiver):
    channel = sms(world, receiver)
    NoticeChannel.objects.filter(pk=channel.pk).update(service="twilio")
    file_matter(world.reported(reach="13800000000").matter, by=world.cast.dispatcher, at=world.at)
    deliver()
    assert receiver.calls == []
    (failed,) = Message.objects.exclude(failed_reason="")
    assert failed.failed_reason == "twilio 是境外服务，所发内容（包括电话号码）会因此出境。请使用境内服务，或以 jsons、forms、xmls 接入境内网关（《个人信息保护法》第三十八条、第四十条）。"  # fmt: skip


def test_an_open_line_is_for_networks_of_ones_own_alone():
    own = ("127.0.0.0/8",)
    assert service_of("json://127.0.0.1/x", own=own) == "json" == service_of("json://localhost/x", own=own)
    assert service_of("json://gate.example.cn/x", own=own) == "json"  # where the name leads is checked when it leaves
    for url in ("json://8.8.8.8/x", "json://10.0.0.1/x", "mailto://u:p@10.0.0.1"):
        with pytest.raises(OpenLine):
            service_of(url, own=own)
    with pytest.raises(PrivateAddress):
        service_of("jsons://10.0.0.1/x", own=own)
    assert [is_open(url) for url in ("json://a.cn/x", "jsons://a.cn/x", "mailto://a.cn?mode=starttls")] == [
        True,
        False,
        False,
    ]
    guard = Guard()
    guard.own = list(own)
    assert guard.look_up("8.8.8.8", 80) and guard.look_up("127.0.0.1", 80)
    guard.open = True
    assert guard.look_up("127.0.0.1", 80)
    with pytest.raises(OSError, match="not a public address"):
        guard.look_up("8.8.8.8", 80)
    assert guard.refused == "8.8.8.8"


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
