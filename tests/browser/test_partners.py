"""The administrator lets a partner in, has it told of events, and sees how that goes; wide and narrow, in both languages."""

import os
from datetime import timedelta

import pytest
from django.apps import apps

from qipan.access.testing import make_city
from qipan.gateways.actions.channels import add_channel
from qipan.gateways.actions.partners import add_partner, subscribe_partner
from qipan.gateways.actions.tries import note_delivered, note_failed
from qipan.kernel.clock import now

from .conftest import serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("QIPAN_SHOTS", "")


def told(cast):
    partner, _key = add_partner(name="锦城随手拍志愿服务平台", by=cast.admin, at=cast.at)
    kinds = ["request.opened", "request.changed", "request.closed", "request.reopened"]
    good, bad = (
        subscribe_partner(partner, url=f"https://{host}.example/hooks/qipan", kinds=kinds, by=cast.admin, at=cast.at)
        for host in ("partner", "a-rather-long-name-of-a-host-that-does-not-answer")
    )
    note_delivered(good, outcome="200", at=now())
    for minutes in range(3):
        note_failed(
            bad,
            outcome="ConnectError: All connection attempts failed",
            gone=False,
            at=now() + timedelta(minutes=minutes),
        )


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("width", [390, 1440])
def test_partners_wide_and_narrow(open_page, troubles, lang, width):
    cast = make_city()
    told(cast)
    page = open_page(cast, "admin", "/partners", width=width, lang=lang)
    page.locator("summary", has_text="推送事件" if lang == "zh-hans" else "Tell this partner").click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious(page) == []
    assert troubles == []
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/partners-{lang}-{width}.png", full_page=True)


@pytest.mark.row("ORG-11")
@pytest.mark.parametrize(("lang", "width"), [("zh-hans", 360), ("en", 1440)])
def test_channels_of_notices_wide_and_narrow(open_page, troubles, lang, width):
    cast = make_city()
    unit = cast.unit("510104001001:community")
    kinds = ["DIRECTIVE", "REMINDER", "LATE", "POSTURE", "WARNING"]
    for name, url in (("社区工作群", "dingtalk://abcdefghij0123456789"), ("值班邮箱", "mailtos://u:p@mail.example.cn")):
        channel = add_channel(unit, name=name, url=url, kinds=kinds, by=cast.admin, at=cast.at)
    note_failed(channel, outcome="ConnectError: All connection attempts failed", gone=False, at=now())
    given_up = {"payload": {"channel": channel.pk}, "attempts": 6, "failed_reason": "ConnectError"}
    apps.get_model("journal", "Message").objects.create(
        channel="apprise", key="notice:12-2", created_at=cast.at, not_before=cast.at, **given_up
    )
    page = open_page(cast, "admin", "/notices", width=width, lang=lang)
    page.locator("summary", has_text="登记渠道" if lang == "zh-hans" else "Enter a channel").click()
    page.locator("summary", has_text="更改或终止" if lang == "zh-hans" else "Change, or end").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious(page) == []
    assert troubles == []
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/notices-{lang}-{width}.png", full_page=True)


def test_a_partner_is_let_in_and_told(open_page, troubles):
    cast = make_city()
    page = open_page(cast, "admin", "/board", lang="zh-hans")
    page.goto(page.url.replace("/board", "/partners"))
    page.locator("summary", has_text="接入合作方").click()
    page.get_by_label("单位").fill("随手拍")
    page.get_by_role("button", name="接入并生成密钥").click()
    assert page.locator("code.key").inner_text().startswith("qp_")
    page.locator("summary", has_text="推送事件").click()
    page.get_by_label("接收地址").fill("https://partner.example/hook")
    page.get_by_label("结案或未立案").check()
    page.get_by_role("button", name="订阅并生成签名密钥").click()
    assert page.locator("code.key").inner_text().startswith("whsec_")
    assert page.get_by_text("尚未发送").count() == 1
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/partners-told.png", full_page=True)
