"""Notices to the services themselves, by their own names and over TLS, to a server that answers as they do (ADR 23).

The real Apprise plugins send from the real process. Its names lead to this server, whose certificate an authority signed that
the process is told of, as an administrator would tell it of his own.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from django.test import override_settings
from django.utils import translation

from qipan.journal.api import deliver_waiting
from qipan.kernel.clock import now
from qipan.matters.api import file_matter

from ..actions.channels import add_channel
from ..adapter import notices as adapter
from ..models import NoticeChannel
from ..terms import Audience
from .receiver import Mailbox
from .sending import COMMUNITY, EVERY, clock, deliver, directive, sent
from .services import DINGTALK, FEISHU, GATE, MAIL, NAMES, NO, SECRET, WECOM, Authority, Services

pytestmark = pytest.mark.row("ORG-11")
START = Path(__file__).parent / "start"
TOKEN = "abcdefghij0123456789"
DING, WE = f"https://{DINGTALK}/robot/send?access_token={TOKEN}", f"https://{WECOM}/cgi-bin/webhook/send?key={TOKEN}"
HOOK = "open-apis/bot/v2/hook"
# Address as an administrator enters it, address that is called.
CHANNELS = {
    "dingtalk": (f"dingtalk://{TOKEN}", DING),
    "dingtalk page": (DING, DING),
    "wecom": (f"wecombot://{TOKEN}", WE),
    "wecom page": (WE, WE),
    "feishu": (f"feishu://{TOKEN}", f"https://{FEISHU}/{HOOK}/{TOKEN}/"),
    "feishu page": (f"https://{FEISHU}/{HOOK}/{TOKEN}", f"https://{FEISHU}/{HOOK}/{TOKEN}/"),
    "gateway": (f"jsons://{GATE}/notices/{TOKEN}", f"https://{GATE}/notices/{TOKEN}"),
}
ROBOTS = [name for name in CHANNELS if " " not in name and name != "gateway"]
HOST = {"dingtalk": DINGTALK, "wecom": WECOM, "feishu": FEISHU, "gateway": GATE}


@pytest.fixture(scope="module")
def world_of_services(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """Servers with the services' names, and a sending process whose names lead there and that knows their authority."""
    folder = tmp_path_factory.mktemp("tls")
    known, foreign = Authority(folder, "known"), Authority(folder, "foreign")
    services, mailbox = Services(known.context(*NAMES)), Mailbox(tls_context=known.context(MAIL))
    leads = {name: ["127.0.0.1", services.port] for name in NAMES} | {MAIL: ["127.0.0.1", mailbox.port]}
    real = subprocess.Popen

    def started(command: list[str], *, env: dict[str, str], **how: object) -> "subprocess.Popen[bytes]":
        path = f"{START}:{env['PYTHONPATH']}"
        return real(command, env={**env, "PYTHONPATH": path, "QIPAN_TEST_NAMES": json.dumps(leads)}, **how)

    with pytest.MonkeyPatch.context() as patch:
        adapter.child.end()
        patch.setenv("REQUESTS_CA_BUNDLE", str(known.file))
        patch.setenv("SSL_CERT_FILE", str(known.file))
        patch.setattr(adapter.subprocess, "Popen", started)
        adapter.is_read("dingtalk://abcdefghij")  # the process is there
        patch.setattr(adapter.subprocess, "Popen", real)
        yield SimpleNamespace(services=services, mailbox=mailbox, known=known, foreign=foreign)
    adapter.child.end()
    mailbox.controller.stop()
    services.stop()


@pytest.fixture
def outside(world_of_services) -> Iterator[SimpleNamespace]:
    services = world_of_services.services
    services.calls.clear(), services.answers.clear()
    while not services.broken.empty():
        services.broken.get()
    world_of_services.mailbox.mails.clear()
    with override_settings(OWN_NETWORKS=("127.0.0.0/8",), ADDRESS="https://qipan.example.cn"):
        yield world_of_services


def channel(world, url: str, **how) -> NoticeChannel:
    given = {"unit": world.cast.unit(COMMUNITY), "name": "社区工作群", "kinds": EVERY} | how
    return add_channel(given.pop("unit"), url=url, by=world.cast.admin, at=world.at, **given)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    with override_settings(LANGUAGE_CODE=language), translation.override(language):
        yield


def words(language: str, key: str) -> tuple[str, str]:
    """Title and text of the notice of a directive."""
    link = "https://qipan.example.cn/desk"
    if language == "en":
        lines = ["Directive D-7, version 1", link, f"Notice {key}; the same number is the same notice."]
        return "Qipan · directive issued", "\n".join(lines)
    return "棋盘 · 下达指令", "\n".join(["指令 D-7，第 1 版", link, f"通知号 {key}，同号即同一通知。"])


def body_of(service: str, title: str, text: str) -> object:
    """The JSON that each service takes, whole."""
    if service == "dingtalk":
        return {
            "msgtype": "text",
            "at": {"atMobiles": [], "isAtAll": False},
            "text": {"content": f"{title}\r\n{text}"},
        }
    if service == "wecom":
        return {"msgtype": "text", "text": {"content": f"{title}\r\n{text}"}}
    if service == "feishu":
        return {"msg_type": "text", "content": {"text": f"{title}\r\n{text}"}}
    return {"version": "1.0", "title": title, "message": text, "attachments": [], "type": "info"}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", CHANNELS)
def test_a_notice_is_called_out_as_each_service_asks_for_it(world, outside, name, language):
    entered, called = CHANNELS[name]
    mine = channel(world, entered)
    directive(world)
    with speaking(language):
        deliver()
        deliver()
    ((url, headers, body),) = outside.services.calls
    key = sent().get().payload["key"]
    assert url == called
    assert headers["content-type"].split(";")[0] == "application/json"
    assert json.loads(body) == body_of(name.partition(" ")[0], *words(language, key))
    assert headers.get("idempotency-key") == (key if name == "gateway" else None)
    mine.refresh_from_db()
    assert (mine.failures, mine.delivered_at is not None, sent().get().failed_reason) == (0, True, "")


def test_the_signature_of_a_robot_of_dingtalk_is_the_one_that_it_computes_itself(world, outside):
    channel(world, f"dingtalk://{SECRET}@{TOKEN}")
    directive(world)
    deliver()
    ((url, _headers, _body),) = outside.services.calls
    query = parse_qs(urlsplit(url).query)
    assert list(query) == ["access_token", "timestamp", "sign"] and query["access_token"] == [TOKEN]
    message = sent().get()
    assert (message.failed_reason, message.sent_at is not None) == ("", True)  # the server computed it, too
    assert SECRET not in url


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("name", [*ROBOTS, "gateway"])
def test_what_a_service_does_not_take_is_tried_again_with_the_reason(world, outside, monkeypatch, name, status):
    mine = channel(world, CHANNELS[name][0])
    directive(world)
    outside.services.answers = [(status, {"errcode": 0, "code": 0})]  # whatever the body says
    at = now() + timedelta(seconds=1)
    deliver_waiting(at=at)
    with clock(monkeypatch, at):
        deliver_waiting(at=at)
    message = sent().get()
    reason = f"对方服务返回状态 {status}"
    assert (message.attempts, message.sent_at, message.failed_reason) == (1, None, reason)
    mine.refresh_from_db()
    assert (mine.failures, mine.outcome, mine.rest_until > at) == (1, reason, True)
    assert reason in world.cast.client("admin").get("/notices").content.decode()
    again = at + timedelta(hours=1)
    with clock(monkeypatch, again):
        deliver_waiting(at=again)
    assert len(outside.services.calls) == 2 and outside.services.calls[0][2] == outside.services.calls[1][2]
    message.refresh_from_db()
    assert (message.sent_at is not None, message.failed_reason) == (True, "")


@pytest.mark.parametrize("name", ROBOTS)
def test_a_refusal_that_comes_with_200_is_one_and_is_given_up_with_its_words(world, outside, monkeypatch, name):
    """A signature, keyword or address that the robot does not accept: nothing appeared in the group."""
    channel(world, CHANNELS[name][0])
    directive(world)
    no = NO[HOST[name]]
    outside.services.answers = [(200, no)] * 6
    at = now() + timedelta(seconds=1)
    deliver_waiting(at=at)
    for hours in (0, 1, 2, 5, 8, 17, 26):
        with clock(monkeypatch, at + timedelta(hours=hours)):
            deliver_waiting(at=at + timedelta(hours=hours))
    code, said = list(no.values())[:2]
    message = sent().get()
    assert (len(outside.services.calls), message.attempts, message.sent_at) == (6, 6, None)
    assert message.failed_reason == f"机器人拒收：{code} {said}"
    page = world.cast.client("admin").get("/notices").content.decode()
    assert message.failed_reason in page and TOKEN not in page


@pytest.mark.parametrize("said", [b"", b"<html>log in</html>", {"hello": 1}, [0]])
def test_a_robot_that_says_nothing_took_nothing(world, outside, said):
    channel(world, CHANNELS["wecom"][0])
    directive(world)
    outside.services.answers = [(200, said)]
    deliver()
    assert sent().get().failed_reason == "机器人未表示已收下"


@pytest.mark.parametrize("name", [*ROBOTS, "gateway"])
@pytest.mark.parametrize("certificate", ["foreign", "other name", "over"])
def test_a_certificate_that_is_not_the_services_own_is_refused(world, outside, monkeypatch, name, certificate):
    context = {
        "foreign": outside.foreign.context(*NAMES),
        "other name": outside.known.context("elsewhere.example.cn"),
        "over": outside.known.context(*NAMES, days=-1),
    }[certificate]
    channel(world, CHANNELS[name][0])
    directive(world)
    monkeypatch.setattr(outside.services, "context", context)
    deliver()
    assert outside.services.calls == []  # not a word was said
    assert outside.services.heard_a_break()
    message = sent().get()
    assert (message.attempts, message.sent_at, message.failed_reason) == (1, None, "对方服务的证书未获接受")


@pytest.mark.parametrize("name", [*ROBOTS, "gateway"])
def test_a_service_whose_name_leads_into_a_private_network_is_not_called(world, outside, name):
    channel(world, CHANNELS[name][0])
    directive(world)
    with override_settings(OWN_NETWORKS=()):
        deliver()
    assert (outside.services.calls, outside.services.broken.empty()) == ([], True)
    assert sent().get().failed_reason == f"{HOST[name]} 不是互联网公网地址，不予连接。"


SMS = {
    "jsons": (f"jsons://{GATE}/sms?:mobile={{to}}", "application/json"),
    "forms": (f"forms://{GATE}/sms?:mobile={{to}}", "application/x-www-form-urlencoded"),
    "xmls": (f"xmls://{GATE}/sms?:mobile={{to}}", "application/xml"),
}


def read_sms(service: str, body: bytes) -> dict[str, str]:
    if service == "jsons":
        return json.loads(body)
    if service == "forms":
        return {name: texts[0] for name, texts in parse_qs(body.decode(), strict_parsing=True).items()}
    (found,) = ElementTree.fromstring(body)[0]
    return {one.tag.partition("}")[2] or one.tag: one.text or "" for one in found}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("service", SMS)
def test_a_citys_own_sms_gateway_is_given_number_and_words_over_tls(world, outside, service, language):
    url, content = SMS[service]
    channel(world, url, unit=world.cast.unit("5101:lead-body"), audience=Audience.SMS, kinds=())
    matter = world.reported(reach="138 0000 0000").matter
    with speaking(language):
        file_matter(matter, by=world.cast.dispatcher, at=world.at)
        deliver()
    ((called, headers, body),) = outside.services.calls
    assert (called, headers["content-type"].split(";")[0]) == (f"https://{GATE}/sms", content)
    assert headers["idempotency-key"] == sent().get().payload["key"]
    told = read_sms(service, body)
    link = "https://qipan.example.cn/track"
    title, text = (
        ("Your report", f"Your report {matter.number}: taken on.\nWith your code: {link} (there you can also stop these messages)")
        if language == "en"
        else ("您的反映", f"您反映的 {matter.number}：已受理。\n凭查询码查看：{link}（也可在此停止接收）")
    )  # fmt: skip
    names = ("Subject", "Message", "mobile") if service == "xmls" else ("title", "message", "mobile")
    assert [told[name] for name in names] == [title, text, "+8613800000000"]


@pytest.mark.parametrize("hostile", [False, True])
def test_mail_leaves_over_tls_or_not_at_all(world, outside, monkeypatch, hostile):
    channel(world, f"mailtos://{MAIL}/?from=qipan@city.example.cn&to=office@city.example.cn&mode=starttls")
    directive(world)
    if hostile:
        monkeypatch.setattr(outside.mailbox.controller, "SMTP_kwargs", {"tls_context": outside.foreign.context(MAIL)})
    deliver()
    message = sent().get()
    if hostile:
        assert (outside.mailbox.mails, message.sent_at, message.attempts) == ([], None, 1)
        assert message.failed_reason != ""
        return
    ((to, text),) = outside.mailbox.mails
    title, body = words("zh-hans", message.payload["key"])
    read = message_from_string(text)
    assert (to, str(make_header(decode_header(read["Subject"])))) == (["office@city.example.cn"], title)
    assert read.get_payload(decode=True).decode().replace("\r\n", "\n").strip() == body
