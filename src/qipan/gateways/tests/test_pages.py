"""The administrator's page: partners, keys and secrets told once, subscriptions with their last delivery."""

import re

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

from qipan.kernel.clock import now

from ..actions.partners import add_partner, subscribe_partner
from ..actions.tries import note_delivered, note_failed
from ..models import Endpoint, Partner, Subscription
from .conftest import V2

EVENTS = ["request.opened", "request.closed"]


def key_on(page):
    (found,) = re.findall(r'<code class="key">([^<]+)</code>', page)
    return found


def rows_of(act):
    return apps.get_model("journal", "Entry").objects.filter(act=f"gateways.{act}")


@pytest.fixture
def admin(world):
    return world.cast.client("admin")


@pytest.fixture
def told(world):
    partner, _key = add_partner(name="随手拍 <b>", by=world.cast.admin, at=world.at)
    return subscribe_partner(partner, url="https://p.example/hook", kinds=EVENTS, by=world.cast.admin, at=world.at)


def test_a_partner_is_let_in_and_its_key_opens_once_told(world, admin):
    answer = admin.post("/partners/add", {"name": "随手拍", "most_an_hour": "7"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    key = key_on(answer.content.decode())
    partner = Partner.objects.get()
    assert (partner.name, partner.most_an_hour, partner.key_hint) == ("随手拍", 7, key[:6])
    again = admin.get("/partners").content.decode()
    assert "随手拍" in again
    assert key not in again
    body = {"service_code": "01003", "address_id": "510104001001001", "description": "路灯不亮", "api_key": key}
    assert admin.post(f"{V2}requests.json", body).status_code == 200
    assert rows_of("add_partner").get().data == {"name": "随手拍", "most_an_hour": 7}
    fresh = key_on(admin.post(f"/partners/{partner.pk}/key").content.decode())
    assert fresh != key
    assert admin.post(f"{V2}requests.json", body).status_code == 403
    assert admin.post(f"/partners/{partner.pk}/end").status_code == 302
    assert admin.post(f"{V2}requests.json", body | {"api_key": fresh}).status_code == 403
    assert admin.post(f"/partners/{partner.pk}/key").status_code == 404


def test_the_endpoint_is_set(admin):
    good = {"jurisdiction": "chengdu.gov.cn", "contact": "热线 12345", "keys_needed": "on"}
    assert admin.post("/partners/endpoint", good).status_code == 302
    assert admin.post("/partners/endpoint", good | {"keys_needed": ""}).status_code == 302
    held = Endpoint.objects.get()
    assert (held.jurisdiction, held.contact, held.keys_needed) == ("chengdu.gov.cn", "热线 12345", False)
    for bad in ("", "成都", "a b", "x" * 61):
        answer = admin.post("/partners/endpoint", good | {"jurisdiction": bad})
        assert answer.status_code == 400
    held.refresh_from_db()
    assert held.jurisdiction == "chengdu.gov.cn"
    assert admin.get(f"{V2}discovery.json").json()["contact"] == "热线 12345"


def test_a_subscription_is_made_tested_paused_and_ended(world, admin):
    partner, _key = add_partner(name="p", by=world.cast.admin, at=world.at)
    made = admin.post(f"/partners/{partner.pk}/subscribe", {"url": "https://p.example/hook", "kinds": EVENTS})
    secret = key_on(made.content.decode())
    assert secret.startswith("whsec_")
    subscription = Subscription.objects.get()
    assert (subscription.kinds, subscription.standing) == (EVENTS, "ACTIVE")
    assert secret not in admin.get("/partners").content.decode()
    path = f"/subscriptions/{subscription.pk}"
    assert admin.post(f"{path}/test").status_code == 302
    assert apps.get_model("journal", "Message").objects.filter(channel="webhook").count() == 1
    fresh = key_on(admin.post(f"{path}/secret").content.decode())
    assert fresh != secret
    for act, standing in (("pause", "PAUSED"), ("resume", "ACTIVE"), ("end", "ENDED")):
        assert admin.post(f"{path}/{act}").status_code == 302
        subscription.refresh_from_db()
        assert subscription.standing == standing
    assert admin.post(f"{path}/resume").status_code == 404
    assert "p.example" not in admin.get("/partners").content.decode()


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("add", {"name": "", "most_an_hour": "5"}),
        ("add", {"name": "x" * 81, "most_an_hour": "5"}),
        ("add", {"name": "x", "most_an_hour": "-1"}),
        ("add", {"name": "x", "most_an_hour": "100001"}),
        ("subscribe", {"url": "http://p.example/", "kinds": EVENTS}),
        ("subscribe", {"url": "https://127.0.0.1/", "kinds": EVENTS}),
        ("subscribe", {"url": "https://p.example/", "kinds": ["all"]}),
        ("subscribe", {"url": "https://p.example/"}),
    ],
)
def test_what_is_refused_says_why_and_writes_nothing(world, admin, path, given):
    partner, _key = add_partner(name="p", by=world.cast.admin, at=world.at)
    address = "/partners/add" if path == "add" else f"/partners/{partner.pk}/subscribe"
    answer = admin.post(address, given)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "errorlist" in page or 'role="alert"' in page
    assert (Partner.objects.count(), Subscription.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    "name", ["anonymous", "stranger", "city_commander", "dispatcher", "lead", "auditor", "screener"]
)
def test_the_page_is_the_administrators(world, told, name):
    client = world.cast.client(name)
    status = 302 if name == "anonymous" else 403
    assert client.get("/partners").status_code == status
    for path in ("/partners/add", f"/partners/{told.partner_id}/end", f"/subscriptions/{told.pk}/end"):
        assert client.post(path, {"name": "x", "most_an_hour": "1"}).status_code in (401, 403)
    told.refresh_from_db()
    assert told.standing == "ACTIVE"
    assert Partner.objects.count() == 1


def test_the_last_delivery_is_shown(admin, told):
    page = admin.get("/partners").content.decode()
    assert "尚未发送" in page
    assert "随手拍 &lt;b&gt;" in page
    note_delivered(told, outcome="200", at=now())
    assert "已送达 (200)" in admin.get("/partners").content.decode()
    for _n in range(2):
        note_failed(told, outcome="<i>ConnectError</i>", gone=False, at=now())
    page = admin.get("/partners").content.decode()
    assert "已失败 2 次</strong> (&lt;i&gt;ConnectError&lt;/i&gt;)" in page
    assert "上次送达" in page
    english = admin.get("/partners", headers={"Accept-Language": "en"}).content.decode()
    assert "failed 2 times" in english
    assert "closed or declined" in english


@pytest.mark.parametrize("path", ["/partners/999/key", "/partners/999/subscribe", "/subscriptions/999/test"])
def test_what_is_not_there(admin, path):
    assert admin.post(path).status_code == 404


def test_an_act_that_is_none(admin, told):
    assert admin.post(f"/partners/{told.partner_id}/praise").status_code == 404
    assert admin.post(f"/subscriptions/{told.pk}/praise").status_code == 404
    assert admin.get(f"/subscriptions/{told.pk}/end").status_code == 405


def test_the_command_sets_what_services_ask(world, tmp_path, capsys):
    path = tmp_path / "attributes.csv"
    head = "service_code,code,datatype,required,description,description_en,values\n"
    path.write_text(head + "01003,lamp,string,yes,灯杆编号,Number on the pole,\n", "utf-8-sig")
    call_command("import_service_attributes", str(path))
    assert capsys.readouterr().out == "1 attributes\n"
    path.write_text(head + "99999,lamp,string,yes,灯杆编号,,\n", "utf-8")
    with pytest.raises(CommandError, match="第 2 行"):
        call_command("import_service_attributes", str(path))
    assert apps.get_model("gateways", "Attribute").objects.get().category_code == "01003"
    with pytest.raises(CommandError):
        call_command("import_service_attributes", str(tmp_path / "none.csv"))
