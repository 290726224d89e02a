"""Signed messages to partners, against a real server: once, after commit, again when it fails, never what is not public."""

import json
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import transaction
from django.test import override_settings
from standardwebhooks import Webhook

from qipan.journal.api import deliver_waiting
from qipan.kernel.addresses import PrivateAddress, UrlNotAllowed
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.matters.api import (
    Matter,
    Words,
    confirm_matter,
    decline_matter,
    dispatch_matter,
    file_matter,
    join_matter,
    reopen_matter,
)

from ..actions.partners import (
    MOST_SUBSCRIPTIONS,
    KindsNeeded,
    TooManySubscriptions,
    add_partner,
    change_secret,
    end_partner,
    set_standing,
    subscribe_partner,
)
from ..actions.telling import send_test
from ..actions.tries import GIVE_UP_AFTER
from ..adapter import webhooks as adapter
from ..models import Subscription
from ..queries.partners import secret_for
from ..rules.signing import secret_text
from ..terms import EventKind, Standing
from .receiver import Receiver

EVERY = [kind.value for kind in EventKind]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def private():
    with override_settings(OWN_NETWORKS=("127.0.0.0/8",)):
        yield


@pytest.fixture
def told(world, receiver, private) -> Subscription:
    partner, _key = add_partner(name="随手拍", by=world.cast.admin, at=world.at)
    return subscribe_partner(partner, url=receiver.url, kinds=EVERY, by=world.cast.admin, at=world.at)


@contextmanager
def clock(monkeypatch, at):
    """The adapter reads the clock at the edge; a test says what it shows."""
    with monkeypatch.context() as patch:
        patch.setattr(adapter, "now", lambda: at)
        yield


def messages():
    return apps.get_model("journal", "Message").objects.filter(channel="webhook").order_by("pk")


def deliver(at=None):
    return deliver_waiting(at=at or now() + timedelta(hours=12))


def test_a_public_step_is_told_signed_and_once(world, receiver, told):
    matter = world.reported(text="王小明说路灯不亮", reach="13800000000").matter
    assert receiver.calls == []  # nothing leaves before its moment
    assert deliver() == 1
    assert deliver() == 0
    ((path, headers, body),) = receiver.calls
    assert path == "/hook?from=qipan"
    event = Webhook(secret_text(secret_for(told))).verify(body, headers)
    assert event["type"] == "request.opened"
    assert (event["data"]["service_request_id"], event["data"]["status"]) == (matter.number, "open")
    assert event["data"]["address_id"] == "510104001001"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    for word in ("王小明", "13800000000", "510104001001001"):
        assert word not in body.decode()
        assert word not in json.dumps(list(messages().values("payload")), ensure_ascii=False)
    told.refresh_from_db()
    assert (told.outcome, told.failures, told.rest_until) == ("200", 0, None)
    assert told.delivered_at == told.tried_at is not None


def test_the_whole_way_of_a_matter(world, receiver, told):
    cast, at = world.cast, world.later(minutes=9)
    reported = world.reported()
    matter = file_matter(reported.matter, by=cast.dispatcher, at=world.later(minutes=1))
    dispatch_matter(matter, unit=cast.unit("5101:urban-management"), by=cast.dispatcher, at=world.later(minutes=2))
    other = world.matter("VERIFIED")
    confirm_matter(other.reports.get(), satisfied=True, by=cast.dispatcher, at=at)
    reopen_matter(other, reason="又坏了", by=cast.dispatcher, at=at + timedelta(hours=1))
    deliver()
    mine = [one["type"] for one in receiver.events() if one["data"]["service_request_id"] == matter.number]
    assert mine == ["request.opened", "request.changed", "request.changed"]
    theirs = [(one["type"], one["data"]["status"]) for one in receiver.events() if one["data"]["service_request_id"] == other.number]  # fmt: skip
    assert theirs[-2:] == [("request.closed", "closed"), ("request.reopened", "open")]
    assert len(set(receiver.ids())) == len(receiver.ids())


def test_a_report_that_is_made_a_matter_of_its_own_is_told_as_opened(world, receiver, told):
    matter = world.reported().matter
    words = Words("same here")
    second = join_matter(matter, words=words, nonce="j", by=world.cast.dispatcher, at=world.at).report
    assert deliver() == 1
    part = world.cast.client("dispatcher").post(f"/matters/{matter.pk}/part_report", {"report": second.pk})
    assert part.status_code == 302
    own = Matter.objects.everywhere("a test").latest("pk")
    assert deliver() == 1
    event = receiver.events()[-1]
    assert (event["type"], event["data"]["service_request_id"]) == ("request.opened", own.number)
    assert own.pk != matter.pk


def test_only_the_kinds_that_were_chosen(world, receiver, private):
    partner, _key = add_partner(name="p", by=world.cast.admin, at=world.at)
    subscribe_partner(partner, url=receiver.url, kinds=["request.closed"], by=world.cast.admin, at=world.at)
    matter = world.reported().matter
    assert messages().count() == 0
    decline_matter(matter, kind="ANSWERED", reason="已答复", by=world.cast.dispatcher, at=world.later(hours=1))
    assert deliver() == 1
    assert [one["type"] for one in receiver.events()] == ["request.closed"]


def test_what_is_private_is_not_even_queued(world, receiver, told):
    matter = world.reported(private=True).matter
    file_matter(matter, by=world.cast.dispatcher, at=world.later(minutes=1))
    assert messages().count() == 0
    assert deliver() == 0


@pytest.mark.row("EMG-12")
def test_a_drills_events_never_leave(world, receiver, told):
    matter = world.reported(drill=True).matter
    file_matter(matter, by=world.cast.dispatcher, at=world.later(minutes=1))
    assert messages().count() == 2
    assert messages().filter(drill=True).count() == 2
    assert deliver(at=now() + timedelta(days=30)) == 0
    assert receiver.calls == []


def test_a_step_that_is_undone_tells_nobody(world, receiver, told):
    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        world.reported()
        raise Undone
    assert messages().count() == 0
    assert deliver() == 0
    assert receiver.calls == []


def test_a_failure_is_tried_again_with_the_same_id_and_a_new_signature(world, receiver, told, monkeypatch):
    receiver.answers = [500, 503]
    world.reported()
    at = now() + timedelta(seconds=1)
    with clock(monkeypatch, at):
        assert deliver(at) == 0
    told.refresh_from_db()
    assert (told.outcome, told.failures, told.delivered_at) == ("500", 1, None)
    assert messages().get().failed_reason == "500"
    for minutes, sent in ((0.5, 0), (1.2, 0), (6.5, 1)):
        later = at + timedelta(minutes=minutes)
        with clock(monkeypatch, later):
            assert deliver(later) == sent
    assert len(receiver.calls) == 3
    assert len(set(receiver.ids())) == 1
    assert len({headers["webhook-signature"] for _path, headers, _body in receiver.calls}) == 3
    assert len({body for _path, _headers, body in receiver.calls}) == 1
    told.refresh_from_db()
    assert (told.failures, told.failing_since, told.rest_until, told.standing) == (0, None, None, "ACTIVE")
    with clock(monkeypatch, at + timedelta(days=3)):
        assert deliver(at + timedelta(days=3)) == 0
    assert len(receiver.calls) == 3


class Killed(BaseException):
    """The job ends here, as when its process is killed."""


def test_a_kill_between_sending_and_noting_sends_the_same_id_and_body_again(world, receiver, told, monkeypatch):
    """At least once on the wire, once by id, wherever the partner reads it."""
    world.reported()
    at, real = now() + timedelta(seconds=1), adapter.note_delivered

    def killed(*_arguments, **_more):
        raise Killed

    monkeypatch.setattr(adapter, "note_delivered", killed)
    with pytest.raises(Killed):
        deliver(at)
    monkeypatch.setattr(adapter, "note_delivered", real)
    assert deliver(at + timedelta(seconds=90)) == 0  # it is held
    assert deliver(at + timedelta(minutes=3)) == 1
    assert deliver(at + timedelta(days=1)) == 0
    assert len(receiver.calls) == 2
    assert len(set(receiver.ids())) == 1 and receiver.events()[0] == receiver.events()[1]
    assert [event["id"] for event in receiver.events()] == receiver.ids()
    assert len(receiver.taken("webhook-id")) == 1


def test_one_that_fails_rests_and_holds_up_nobody(world, receiver, told, monkeypatch):
    partner, _key = add_partner(name="gone", by=world.cast.admin, at=world.at)
    dead = subscribe_partner(partner, url="http://127.0.0.1:9/hook", kinds=EVERY, by=world.cast.admin, at=world.at)
    for _n in range(4):
        world.reported()
    at = now() + timedelta(seconds=1)
    with clock(monkeypatch, at):
        assert deliver(at) == 4
    dead.refresh_from_db()
    assert dead.failures == 1  # it was tried once, the others waited without losing a try
    assert "ConnectError" in dead.outcome
    waiting = messages().filter(sent_at=None)
    assert sorted(waiting.values_list("attempts", flat=True)) == [0, 0, 0, 1]
    assert len(receiver.calls) == 4


def test_nobody_answers_for_days_and_it_is_stopped_until_resumed(world, receiver, told, monkeypatch):
    receiver.answers = [500] * 100
    world.reported()
    at = now() + timedelta(seconds=1)
    for day in range(6):
        moment = at + timedelta(days=day)
        world.reported(at=moment)
        with clock(monkeypatch, moment):
            deliver(moment)
    told.refresh_from_db()
    assert told.standing == Standing.STOPPED
    assert told.tried_at - told.failing_since >= GIVE_UP_AFTER
    calls = len(receiver.calls)
    world.reported(at=at + timedelta(days=7))
    with clock(monkeypatch, at + timedelta(days=7)):
        assert deliver(at + timedelta(days=7)) == 0
    assert len(receiver.calls) == calls
    receiver.answers = []
    set_standing(told, standing=Standing.ACTIVE, by=world.cast.admin, at=at + timedelta(days=8))
    with clock(monkeypatch, at + timedelta(days=9)):
        assert deliver(at + timedelta(days=9)) >= 1
    told.refresh_from_db()
    assert (told.standing, told.failures) == ("ACTIVE", 0)


def test_gone_is_gone(world, receiver, told):
    receiver.answers = [410]
    world.reported()
    assert deliver() == 0
    told.refresh_from_db()
    assert (told.standing, told.outcome) == ("STOPPED", "410")


def test_what_waited_while_paused_is_sent_later_and_what_was_ended_never(world, receiver, told, monkeypatch):
    admin = world.cast.admin
    world.reported()
    set_standing(told, standing=Standing.PAUSED, by=admin, at=world.at)
    at = now() + timedelta(seconds=1)
    with clock(monkeypatch, at):
        assert deliver(at) == 0
    world.reported()  # while it is paused
    assert messages().count() == 1
    set_standing(told, standing=Standing.ACTIVE, by=admin, at=world.at)
    with clock(monkeypatch, at + timedelta(hours=2)):
        assert deliver(at + timedelta(hours=2)) == 1
    world.reported()
    end_partner(told.partner, by=admin, at=world.at)
    assert deliver(at + timedelta(hours=3)) == 0
    assert messages().filter(sent_at=None).get().failed_reason == "the subscription has ended"
    assert len(receiver.calls) == 1
    with pytest.raises(NotFound):
        set_standing(told, standing=Standing.ACTIVE, by=admin, at=world.at)


def test_no_redirect_is_followed(world, receiver, told):
    receiver.answers = [302]
    world.reported()
    assert deliver() == 0
    assert [path for path, _headers, _body in receiver.calls] == ["/hook?from=qipan"]
    told.refresh_from_db()
    assert told.outcome == "302"


def test_a_slow_partner_is_left(world, receiver, told, monkeypatch):
    monkeypatch.setattr(adapter, "SECONDS", 0.3)
    receiver.delay_s = 2
    world.reported()
    begin = time.monotonic()
    assert deliver() == 0
    assert time.monotonic() - begin < 1.9
    told.refresh_from_db()
    assert told.outcome == "0.3 秒内无应答"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]
)
def test_no_private_address_is_called_unless_allowed(world, receiver, host):
    """The names are really looked up; the server that listens there hears nothing."""
    partner, _key = add_partner(name="p", by=world.cast.admin, at=world.at)
    made = Subscription.objects.create(
        partner=partner, url=f"https://{host}:{receiver.port}/hook", kinds=EVERY, created_at=world.at
    )
    world.reported()
    assert deliver() == 0
    assert receiver.calls == []
    made.refresh_from_db()
    assert made.failures == 1
    assert "不是互联网公网地址" in made.outcome


def test_http_needs_leave_at_sending_too(world, receiver, told):
    world.reported()
    with override_settings(OWN_NETWORKS=()):
        assert deliver() == 0
    assert receiver.calls == []


def test_what_left_does_not_leave_again(world, receiver, told):
    for _n in range(3):
        world.reported()
    assert (deliver(), deliver(), deliver()) == (3, 0, 0)
    assert len(receiver.calls) == 3
    assert len(set(receiver.ids())) == 3


def test_a_test_event_and_a_new_secret(world, receiver, told):
    admin = world.cast.admin
    old = secret_text(secret_for(told))
    send_test(told, by=admin, at=world.at)
    fresh = change_secret(told, by=admin, at=world.at)
    assert deliver() == 1
    ((_path, headers, body),) = receiver.calls
    event = Webhook(secret_text(secret_for(fresh))).verify(body, headers)
    assert (event["type"], event["data"]) == ("test", {})
    with pytest.raises(Exception, match="signature"):
        Webhook(old).verify(body, headers)


@pytest.mark.parametrize("name", ["city_commander", "dispatcher", "auditor", "department"])
def test_only_administrators_manage_partners(world, told, name):
    by = getattr(world.cast, name)
    before = Subscription.objects.count()
    for act in (
        lambda: add_partner(name="x", by=by, at=world.at),
        lambda: subscribe_partner(told.partner, url="https://p.example/", kinds=EVERY, by=by, at=world.at),
        lambda: set_standing(told, standing=Standing.PAUSED, by=by, at=world.at),
        lambda: send_test(told, by=by, at=world.at),
        lambda: change_secret(told, by=by, at=world.at),
        lambda: end_partner(told.partner, by=by, at=world.at),
    ):
        with pytest.raises(NotAllowed):
            act()
    told.refresh_from_db()
    assert (Subscription.objects.count(), told.standing, told.secret_version) == (before, "ACTIVE", 1)
    assert messages().count() == 0


def test_what_cannot_be_subscribed(world):
    admin, at = world.cast.admin, world.at
    partner, _key = add_partner(name="p", by=admin, at=at)
    good = {"url": "https://p.example/", "kinds": EVERY, "by": admin, "at": at}
    for change, why in (
        ({"kinds": []}, KindsNeeded),
        ({"kinds": ["request.opened", "everything"]}, KindsNeeded),
        ({"url": "http://p.example/"}, UrlNotAllowed),
        ({"url": "https://10.0.0.1/"}, PrivateAddress),
    ):
        with pytest.raises(why):
            subscribe_partner(partner, **good | change)
    assert Subscription.objects.count() == 0
    for _n in range(MOST_SUBSCRIPTIONS):
        subscribe_partner(partner, **good)
    with pytest.raises(TooManySubscriptions):
        subscribe_partner(partner, **good)
    end_partner(partner, by=admin, at=at)
    with pytest.raises(NotFound):
        subscribe_partner(partner, **good)
