"""The pages of referrals: two steps to hand over, the receiver's page, the person's slip; nobody else sees a thing."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from qipan.kernel.clock import now

from ..models import Handover, Referral
from ..testing import SPOT

DOOR = SPOT + 3


@pytest.fixture
def lively(world):
    """The world a minute ago: pages ask the real clock."""
    world.cast.at = now().replace(microsecond=0) - timedelta(minutes=1)
    return world


def filled(client, purpose="DISEASE", **how):
    page = client.get(f"/referrals/new?purpose={purpose}&place=510104001001001").content.decode()
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)[1]
    given = {
        "purpose": purpose, "place": "510104001001001", "door": str(DOOR), "need": "FEVER", "reach": "13900000000",
        "receiver": "5101:health", "ground": "AGREED", "nonce": nonce,
    }  # fmt: skip
    return {**given, **how}


def only():
    return Referral.objects.everywhere("a test").get()


@pytest.mark.row("EMG-9")
def test_from_the_door_to_the_receiver_and_back_on_pages(lively):
    worker, doctor = lively.cast.client("worker"), lively.cast.client("department")
    first = worker.get("/referrals/new?q=锦江一街一社区1&purpose=DISEASE").content.decode()
    assert 'value="510104001001001"' in first and 'name="need"' not in first
    form = worker.get("/referrals/new?purpose=COMFORT&place=510104001001001").content.decode()
    assert 'name="need"' not in form and 'name="hours"' in form  # what the purpose does not need is not on the form
    made = worker.post("/referrals/new", filled(worker))
    page = made.content.decode()
    code = re.search(r'class="code">(\w{12})<', page)[1]
    held = only()
    assert made.status_code == 200 and f"/referred/{code}" in page and "13900000000" not in page
    url = f"/referrals/{held.pk}"
    before = doctor.get(url).content.decode()
    assert "13900000000" not in before and "疑似传染病症状" in before and "发热" not in before
    assert doctor.post(f"{url}/look").status_code == 403
    assert doctor.post(f"{url}/accept").status_code == 302
    opened = doctor.post(f"{url}/look")
    assert "13900000000" in opened.content.decode() and "发热" in opened.content.decode()
    assert "no-store" in opened["Cache-Control"]
    wrong = doctor.post(f"{url}/give_back", {"result": "TAKEN_OVER", "to_do": "BRING", "diagnosis": "确诊"})
    assert wrong.status_code == 400 and "选择“无”时不填日期" in wrong.content.decode()
    day = (now() + timedelta(days=2)).date().isoformat()
    back = doctor.post(
        f"{url}/give_back", {"result": "TAKEN_OVER", "to_do": "BRING", "to_do_by": day, "diagnosis": "确诊肺炎"}
    )
    assert back.status_code == 302
    seen = worker.get(url).content.decode()
    assert "由接收单位跟进" in seen and "把所需物品送到门口" in seen and day in seen
    assert "确诊" not in seen and "13900000000" not in seen and "发热" not in seen
    slip = Client().get(f"/referred/{code}").content.decode()
    assert "成都市卫生健康委员会" in slip and "13900000000" not in slip and "发热" not in slip
    assert slip.count("<li>") == 1  # one look, by its unit
    assert worker.post(f"{url}/close").status_code == 302
    assert "已删除" in worker.get(url).content.decode() and not Handover.objects.exists()
    assert f'href="{url}"' in worker.get("/referrals?show=over").content.decode()


@pytest.mark.row("EMG-9")
def test_nobody_else_finds_it_and_no_desk_tells_what_it_is(lively):
    worker = lively.cast.client("worker")
    worker.post("/referrals/new", filled(worker))
    url = f"/referrals/{only().pk}"
    for name in ("dispatcher", "neighbour_worker", "neighbour_dispatcher"):
        client = lively.cast.client(name)
        assert client.get(url).status_code == client.post(f"{url}/look").status_code == 404
        assert url not in client.get("/referrals").content.decode()
    for name in ("city_commander", "district_head", "lead", "guard", "screener", "auditor", "admin", "wall"):
        assert lively.cast.client(name).get(url).status_code == 403
    assert Client().get(url).status_code in (302, 401)
    desk = lively.cast.client("department").get("/desk").content.decode()
    assert "转介第" in desk and "发热" not in desk and "传染病" not in desk and str(DOOR) not in desk


def test_a_form_with_faults_says_so_and_saves_nothing(lively):
    worker = lively.cast.client("worker")
    for how, says in (
        ({"need": ""}, "field-error"), ({"need": "MEALS"}, "field-error"), ({"door": "1"}, "field-error"),
        ({"ground": ""}, "field-error"), ({"receiver": "5101:finance"}, "field-error"),
        ({"reach": "王某 139"}, "只填电话号码或电子邮箱"),
    ):  # fmt: skip
        answer = worker.post("/referrals/new", filled(worker, **how))
        assert answer.status_code == 400 and says in answer.content.decode(), how
    assert worker.post("/referrals/new", filled(worker, nonce="")).status_code == 400
    for how in ({"place": "510105001001001"}, {"place": "510104001001"}, {"place": "x"}):
        answer = worker.post("/referrals/new", filled(worker, **how))
        assert 'name="need"' not in answer.content.decode()
    assert not Referral.objects.everywhere("a test").exists()
    twice = filled(worker)
    assert worker.post("/referrals/new", twice).status_code == 200
    assert worker.post("/referrals/new", twice).headers["Location"] == f"/referrals/{only().pk}"
    url = f"/referrals/{only().pk}"
    assert worker.post(f"{url}/accept").status_code == 403 and worker.post(f"{url}/x").status_code == 404


@pytest.mark.row("EMG-9")
def test_the_person_takes_it_back_by_the_slip(lively):
    worker = lively.cast.client("worker")
    for ground, status in (("AGREED", 302), ("LAW", 409)):
        page = worker.post("/referrals/new", filled(worker, ground=ground)).content.decode()
        code = re.search(r'class="code">(\w{12})<', page)[1]
        assert Client().post(f"/referred/{code}").status_code == status
    assert list(Referral.objects.everywhere("a test").order_by("pk").values_list("state", flat=True)) == [
        "WITHDRAWN", "SENT",
    ]  # fmt: skip
    assert Handover.objects.count() == 1
    for wrong in ("x", "A" * 12, "🀄" * 12):
        assert Client().get(f"/referred/{wrong}").status_code == 404
