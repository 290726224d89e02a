"""Who reported is told each step by the way they left, once, against real servers of web and mail."""

import json

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client, override_settings

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

from ..models import NoticeChannel
from .sending import Message, deliver, mail, robot, sent, sms


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
    confirm_matter(second.report, satisfied=True, by=cast.dispatcher, at=world.later(minutes=5))  # the last one's word
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
