"""The pages of joint work as members of the cast see and use them."""

from datetime import timedelta

import pytest
from django.utils.timezone import localtime

from qipan.kernel.clock import now

from ..actions.calls import call_units, end_call, note_attendance
from ..actions.dispatching import object_to_matter
from ..actions.hazards import grade_hazard
from ..actions.refusing import refuse_call
from ..actions.sessions import prepare_session
from ..models import Call, Conclusion, Hazard, Matter, ReviewSession
from ..testing import SPOT
from ..views import joint


@pytest.fixture
def lively(world):
    """The world at the present hour: pages ask the real clock."""
    world.cast.at = now().replace(microsecond=0) - timedelta(minutes=30)
    return world


def typed(moment):
    return localtime(moment).strftime("%Y-%m-%dT%H:%M")


def call_for(world, matter, *codes):
    return call_units(
        matter, units=[world.cast.unit(code) for code in codes], what="现场会商", meets_where="东门",
        meets_at=world.later(minutes=20), urgency="DANGER", by=world.cast.dispatcher, at=world.later(minutes=5),
    )  # fmt: skip


@pytest.mark.row("ORG-8", "ORG-17")
def test_a_dispatcher_calls_from_the_matters_page_and_everyone_sees_the_answers(lively):
    world, client = lively, lively.cast.client("dispatcher")
    matter = world.matter("DISPATCHED")
    page = client.get(f"/matters/{matter.pk}").content.decode()
    assert f'href="/matters/{matter.pk}/call"' in page
    form = client.get(f"/matters/{matter.pk}/call").content.decode()
    assert 'value="5101:health"' in form and 'value="510104001:street-office"' not in form
    assert 'value="510104001001:community"' not in form  # not on its list
    given = {
        "what": "现场会商", "urgency": "DANGER", "units": ["5101:health"], "meets_where": "东门",
        "meets_at": typed(now() + timedelta(hours=2)),
    }  # fmt: skip
    answer = client.post(f"/matters/{matter.pk}/call", given)
    [call] = Call.objects.within(world.cast.dispatcher.scope)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/calls/{call.pk}")
    department = world.cast.client("department")
    shown = department.get(f"/calls/{call.pk}").content.decode()
    assert "我单位到场" in shown and "尚未应答" in shown and "结束召集" not in shown
    wrong = department.post(f"/calls/{call.pk}/accept", {"post": "王医生13900000000"})
    assert wrong.status_code == 400 and "不填人名和号码" in wrong.content.decode()
    assert department.post(f"/calls/{call.pk}/accept", {"post": "值班医生"}).status_code == 302
    seen = client.get(f"/calls/{call.pk}").content.decode()
    assert "值班医生" in seen and "结束召集" in seen
    assert "值班医生" in client.get(f"/matters/{matter.pk}").content.decode()
    listed = department.get("/calls").content.decode()
    assert f'href="/calls/{call.pk}"' in listed and "1 / 1" in listed


@pytest.mark.row("ORG-8", "MAT-4")
def test_a_cooperating_unit_gets_its_own_time_and_the_page_says_who_blocks(lively):
    world, client = lively, lively.cast.client("dispatcher")
    matter, unit = world.matter("DISPATCHED"), world.cast.unit("5101:health")
    address = f"/matters/{matter.pk}"
    given = {"unit": unit.code, "note": "请配合"}
    wrong = client.post(f"{address}/cooperate", {**given, "due_at": typed(now() - timedelta(hours=1))})
    assert wrong.status_code == 400 and "该单位的办理时限已过" in wrong.content.decode()
    assert not matter.handlings.filter(part="COOPERATING").exists()
    due = (now() + timedelta(hours=5)).replace(second=0, microsecond=0)
    assert client.post(f"{address}/cooperate", {**given, "due_at": typed(due)}).status_code == 302
    task = matter.handlings.get(part="COOPERATING").task
    assert (task.due_at, task.owner_id) == (due, unit.pk)
    assert f"卡在{unit.label}" not in client.get(address).content.decode()
    type(task).objects.everywhere("a test").filter(pk=task.pk).update(due_at=now() - timedelta(minutes=1))
    assert f"卡在{unit.label}" in client.get(address).content.decode()


def test_a_call_form_with_faults_says_so_and_saves_nothing(lively):
    world, client = lively, lively.cast.client("dispatcher")
    matter = world.matter("FILED")
    good = {
        "what": "会商", "urgency": "DANGER", "units": ["5101:health"], "meets_where": "东门",
        "meets_at": typed(now() + timedelta(hours=2)),
    }  # fmt: skip
    for how, says in (
        ({"units": []}, "field-error"), ({"what": ""}, "field-error"), ({"meets_where": " "}, "field-error"),
        ({"units": ["510105001:street-office"]}, "field-error"), ({"urgency": "X"}, "field-error"),
        ({"meets_at": typed(now() - timedelta(hours=2))}, "未来31天内"), ({"meets_at": "x"}, "field-error"),
    ):  # fmt: skip
        answer = client.post(f"/matters/{matter.pk}/call", {**good, **how})
        assert answer.status_code == 400 and says in answer.content.decode(), how
    assert not Call.objects.everywhere("a test").exists()


def test_a_problem_is_called_for_from_its_own_page(lively):
    world, client = lively, lively.cast.client("dispatcher")
    page = client.get("/calls/new?q=510104001001001").content.decode()
    nonce = page.split('name="nonce" value="')[1].split('"')[0]
    given = {
        "category": "02001", "what": "路面塌陷", "urgency": "DANGER", "units": ["5101:health"], "meets_where": "东门",
        "meets_at": typed(now() + timedelta(hours=2)), "nonce": nonce, "place": "510104001001001",
    }  # fmt: skip
    assert client.post("/calls/new", {**given, "place": "510105001001001"}).status_code == 400
    assert client.post("/calls/new", {**given, "place": ""}).status_code == 400
    assert not Matter.objects.everywhere("a test").exists()
    first, second = client.post("/calls/new", given), client.post("/calls/new", given)
    [call] = Call.objects.within(world.cast.dispatcher.scope).select_related("matter")
    assert first.headers["Location"] == second.headers["Location"] == f"/calls/{call.pk}"
    assert (call.matter.place, call.matter.state) == (SPOT, "FILED")


def test_the_lead_body_decides_on_a_refusal_and_both_sides_rate(lively):
    world = lively
    call = call_for(world, world.matter("FILED"), "5101:health")
    refuse_call(call, reason="正在处置他事", by=world.handler("5101:health"), at=world.later(minutes=6))
    lead, one = world.cast.client("lead"), call.called.get()
    page = lead.get(f"/calls/{call.pk}").content.decode()
    assert "正在处置他事" in page and "准予不到场" in page
    denied = world.cast.client("dispatcher").post(
        f"/calls/{call.pk}/decide", {"called": one.pk, "excused": "1", "reason": "x"}
    )
    assert denied.status_code == 403
    assert (
        lead.post(f"/calls/{call.pk}/decide", {"called": one.pk, "excused": "0", "reason": "须到场"}).status_code == 302
    )
    department, dispatcher = world.cast.client("department"), world.cast.client("dispatcher")
    assert department.post(f"/calls/{call.pk}/accept", {"post": "值班医生"}).status_code == 302
    assert dispatcher.post(f"/calls/{call.pk}/came", {"called": one.pk, "came": "1"}).status_code == 302
    assert department.post(f"/calls/{call.pk}/tell", {"result": "已处置"}).status_code == 302
    assert dispatcher.post(f"/calls/{call.pk}/end", {"result": "已解决"}).status_code == 302
    said = {"called": one.pk, "first": "5", "second": "4", "words": "配合得好"}
    for client in (department, dispatcher):
        assert "评价联合处置" in client.get(f"/calls/{call.pk}").content.decode()
        assert client.post(f"/calls/{call.pk}/rate", said).status_code == 302
        again = client.post(f"/calls/{call.pk}/rate", said)
        assert again.status_code == 409 and "已评价过" in again.content.decode()
    assert sorted(one.ratings.values_list("side", flat=True)) == ["CALLED", "CALLER"]
    assert lead.post(f"/calls/{call.pk}/rate", {**said, "first": "6"}).status_code == 400
    assert f'href="/calls/{call.pk}"' in dispatcher.get("/calls?show=over").content.decode()


@pytest.mark.row("MAT-11")
def test_a_hazard_is_graded_listed_inspected_and_named_when_late(lively):
    world, client = lively, lively.cast.client("dispatcher")
    matter = world.matter("DISPATCHED")
    assert "未评定为隐患" in client.get(f"/matters/{matter.pk}/hazard").content.decode()
    assert client.post(f"/matters/{matter.pk}/hazard", {"grade": "MAJOR", "measure": ""}).status_code == 400
    assert client.post(f"/matters/{matter.pk}/hazard", {"grade": "MAJOR", "measure": "已拉警戒线"}).status_code == 302
    looked = {"remedied": "0", "note": "仍在"}
    assert world.cast.client("department").post(f"/matters/{matter.pk}/hazard", looked).status_code == 403
    assert client.post(f"/matters/{matter.pk}/hazard", {"remedied": "1", "note": "没了"}).status_code == 409
    assert client.post(f"/matters/{matter.pk}/hazard", looked).status_code == 302
    Hazard.objects.update(remedy_by=now() - timedelta(minutes=1))
    page = client.get("/hazards?grade=MAJOR").content.decode()
    assert "整改逾期" in page and world.cast.unit("5101:urban-management").label in page and "已拉警戒线" in page
    assert "没有未消除的隐患" in client.get("/hazards?grade=LARGER").content.decode()
    assert client.get("/hazards?grade=X").status_code == 404
    assert "没有未消除的隐患" in world.cast.client("neighbour_head").get("/hazards").content.decode()
    assert "重大" in client.get(f"/matters/{matter.pk}").content.decode()


@pytest.mark.row("ORG-9", "ORG-13")
def test_the_lead_body_sees_what_keeps_coming_back_and_holds_the_session(lively):
    world, lead = lively, lively.cast.client("lead")
    for _n in range(3):
        matter = world.matter("DISPATCHED")
        object_to_matter(matter, reason="非我职责", by=world.handler(), at=world.later(minutes=3))
    page = lead.get("/matters/patterns").content.decode()
    assert "3件事项" in page and "退回3次" in page and page.count(matter.number) == 2
    assert "准备本周议程" in lead.get("/reviews").content.decode()
    answer = lead.post("/reviews")
    [session] = ReviewSession.objects.all()
    assert answer.headers["Location"] == f"/reviews/{session.pk}"
    meeting = {"units": ["5101:health"], "meets_where": "三楼", "meets_at": typed(now() + timedelta(days=1))}
    for client, status in (("dispatcher", 404), ("department", 404), ("auditor", 404)):
        assert world.cast.client(client).get(f"/reviews/{session.pk}").status_code == status
    assert world.cast.client("dispatcher").post(f"/reviews/{session.pk}/convene", meeting).status_code == 403
    assert lead.post(f"/reviews/{session.pk}/convene", {**meeting, "units": []}).status_code == 400
    assert lead.post(f"/reviews/{session.pk}/convene", meeting).status_code == 302
    department = world.cast.client("department")
    assert "研判会" in department.get(f"/reviews/{session.pk}").content.decode()
    call = Call.objects.within(world.cast.lead.scope).get()
    assert department.get(f"/calls/{call.pk}").status_code == 200
    assert world.cast.client("neighbour_head").get(f"/calls/{call.pk}").status_code == 404
    item = session.items.first()
    agreed = {"text": "修订清单", "owner": "5101:health", "due_at": typed(now() + timedelta(days=7)), "item": item.pk}
    assert lead.post(f"/reviews/{session.pk}/conclude", {**agreed, "due_at": typed(world.at)}).status_code == 400
    assert lead.post(f"/reviews/{session.pk}/conclude", {**agreed, "item": item.pk + 99}).status_code == 404
    assert lead.post(f"/reviews/{session.pk}/conclude", agreed).status_code == 302
    assert Conclusion.objects.get().item == item
    early = lead.post(f"/reviews/{session.pk}/end", {"minutes": "已议"})
    assert early.status_code == 409 and "先确认到场情况" in early.content.decode()
    Call.objects.within(world.cast.lead.scope).update(meets_at=now() - timedelta(minutes=1))
    note_attendance(call.called.select_related("call").get(), came=True, by=world.cast.lead, at=now())
    end_call(call, result="已议", by=world.cast.lead, at=now())
    assert lead.post(f"/reviews/{session.pk}/end", {"minutes": "会议决定修订清单。"}).status_code == 302
    page = lead.get(f"/reviews/{session.pk}").content.decode()
    assert "会议决定修订清单。" in page and "修订清单" in page and "已到场" in page and "data-print" in page


def test_pages_in_english(lively):
    world = lively
    matter = world.matter("FILED")
    grade_hazard(matter, grade="MAJOR", measure="fence", by=world.cast.dispatcher, at=world.at)
    call = call_for(world, matter, "5101:health")
    session = prepare_session(by=world.cast.lead, at=now())
    client = world.cast.client("lead")
    for address, says in (
        ("/calls", "Units, since"), (f"/calls/{call.pk}", "no answer, late"), ("/hazards", "remedy by"),
        (f"/matters/{matter.pk}/hazard", "Safe for now by"), ("/matters/patterns", "Types without an owner"),
        ("/reviews", "agenda prepared"), (f"/reviews/{session.pk}", "Conclusions"),
        (f"/matters/{matter.pk}", "Joint work"), (f"/matters/{matter.pk}/call", "Where to meet"),
    ):  # fmt: skip
        page = client.get(address, headers={"Accept-Language": "en"}).content.decode()
        assert says in page, address


@pytest.mark.row("ORG-8")
def test_calls_come_in_pages_and_none_is_cut_off(lively, monkeypatch):
    monkeypatch.setattr(joint, "PAGE", 2)
    calls = [call_for(lively, lively.matter("FILED"), "5101:health") for _n in range(3)]
    client = lively.cast.client("dispatcher")
    first, second = (client.get(f"/calls?page={n}").content.decode() for n in (1, 2))
    shown = [[call.pk for call in calls if f'href="/calls/{call.pk}"' in page] for page in (first, second)]
    assert shown == [[calls[1].pk, calls[2].pk], [calls[0].pk]]
    assert "第 1 页，共 2 页" in first and "?page=2" in first and "?page=1" in second
