"""The desk's pages and endpoints: who gets in, what is written, what is not."""

import json
import re
from datetime import timedelta

import pytest

from qipan.access.testing import Cast
from qipan.desk.models import Admission, Task, TaskStep
from qipan.journal.api import entries_of

from .test_receipts import admitted, send, task_of, tasks

RECEIPTS = "/api/desk/receipts"


@pytest.fixture
def asked(city: Cast) -> Cast:
    """The tiny city with one directive on every community and compound desk."""
    send(city, admission=admitted(city))
    return city


def post(client, path: str, body: object, **headers):
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


ANONYMOUS_PATHS = ["/desk", "/desk/list", "/desk/admissions"]


@pytest.mark.parametrize("path", ANONYMOUS_PATHS)
def test_anonymous_is_sent_to_the_login(city: Cast, path: str):
    answer = city.client("anonymous").get(path)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("worker", 200),
        ("guard", 200),
        ("dispatcher", 200),
        ("city_commander", 200),
        ("auditor", 403),
        ("wall", 403),
        ("stranger", 403),
        ("screener", 403),
    ],
)
def test_who_sees_a_desk(asked: Cast, who: str, status: int):
    client = asked.client(who)
    assert [client.get(path).status_code for path in ("/desk", "/desk/list", "/api/desk/inbox")] == [status] * 3


@pytest.mark.row("ORG-2")
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("anonymous", 302),
        ("stranger", 403),
        ("neighbour_worker", 404),
        ("neighbour_head", 404),
        ("neighbour_dispatcher", 404),
        ("auditor", 403),
        ("dispatcher", 200),
        ("worker", 200),
    ],
)
def test_who_opens_a_task(asked: Cast, who: str, status: int):
    task = task_of(asked, "510104001001:community")
    assert asked.client(who).get(f"/desk/tasks/{task.pk}").status_code == status
    assert task_of(asked, "510104001001:community").state == ("READ" if who == "worker" else "SENT")


@pytest.mark.row("ORG-2")
def test_a_street_lists_its_own_subtree_and_nothing_of_its_sibling(asked: Cast):
    answer = asked.client("dispatcher").get("/api/desk/tasks?limit=500").json()
    assert {task["place"][:9] for task in answer["tasks"]} == {"510104001"}
    assert len(answer["tasks"]) == 2 + 4
    assert asked.client("dispatcher").get("/api/desk/tasks?area=510104002").status_code == 404
    assert asked.client("dispatcher").get("/api/desk/counts").json()["open"] == 6
    assert (
        asked.client("city_commander")
        .get("/api/desk/tasks?area=510105&limit=500")
        .json()["tasks"][-1]["place"]
        .startswith("510105")
    )


def test_one_task_with_its_history_over_http(asked: Cast):
    task = task_of(asked, "510104001001:community")
    body = asked.client("worker").get(f"/api/desk/tasks/{task.pk}").json()
    assert [step["step"] for step in body["history"]] == ["SENT"]
    assert body["history"][0]["by"] == asked.city_commander.label
    assert asked.client("neighbour_worker").get(f"/api/desk/tasks/{task.pk}").status_code == 404
    assert asked.client("auditor").get(f"/api/desk/tasks/{task.pk}").status_code == 403
    assert asked.client("worker").get("/api/desk/tasks?state=LOST").json()["code"] == "bad_input"


@pytest.mark.row("ORG-11")
def test_fetching_the_inbox_delivers_and_an_unchanged_inbox_is_304(asked: Cast):
    client = asked.client("worker")
    first = client.get("/api/desk/inbox")
    assert [task["state"] for task in first.json()["tasks"]] == ["DELIVERED"]
    assert first["Cache-Control"] == "private, no-cache"
    again = client.get("/api/desk/inbox", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    send(asked, admission=admitted(asked), source="directive:2", title="第二号")
    changed = client.get("/api/desk/inbox", {"since": first.json()["cursor"]}, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert "第二号" in [task["title"] for task in changed.json()["tasks"]]
    assert task_of(asked, "510104001001:community", "directive:2").state == "DELIVERED"
    assert task_of(asked, "510104001001001:compound").state == "SENT"
    assert client.get("/api/desk/inbox?since=yesterday").status_code == 400


@pytest.mark.row("ORG-11")
def test_the_page_asks_every_few_seconds_and_shows_a_new_directive(city: Cast, clock_at):
    clock_at(city.at)  # at the turn of a minute the list is drawn anew
    client = city.client("worker")
    page = client.get("/desk")
    assert b'hx-trigger="every 4s' in page.content
    fragment = client.get("/desk/list")
    assert client.get("/desk/list", headers={"If-None-Match": fragment["ETag"]}).status_code == 304
    send(city, admission=admitted(city))
    shown = client.get("/desk/list", headers={"If-None-Match": fragment["ETag"]})
    assert shown.status_code == 200
    assert "核查供暖" in shown.content.decode()
    assert task_of(city, "510104001001:community").state == "DELIVERED"


@pytest.mark.row("EMG-4")
def test_receipts_over_http_answer_each_item(asked: Cast):
    own, other = task_of(asked, "510104001001:community"), task_of(asked, "510104001002:community")
    body = {
        "receipts": [
            {"task": own.pk, "state": "READ", "at": asked.at.isoformat()},
            {"task": own.pk, "state": "READ"},
            {"task": other.pk, "state": "READ"},
        ]
    }
    answer = post(asked.client("worker"), RECEIPTS, body)
    assert answer.status_code == 200
    assert answer.json()["answers"] == [
        {"task": own.pk, "answer": "stored", "state": "READ"},
        {"task": own.pk, "answer": "unchanged", "state": "READ"},
        {"task": other.pk, "answer": "refused", "code": "not_found"},
    ]
    assert [entry.data for entry in entries_of("desk.receive")] == [{"READ": [own.pk]}]


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("anonymous", {"receipts": []}, 401, "not_signed_in"),
        ("auditor", {"receipts": []}, 403, "not_allowed"),
        ("stranger", {"receipts": []}, 403, "not_allowed"),
        ("worker", {"receipts": [{"task": "1", "state": "READ"}]}, 400, "bad_input"),
        ("worker", {"receipts": [{"task": 1, "state": "READ", "who": "x"}]}, 400, "bad_input"),
        ("worker", [1], 400, "bad_input"),
        ("worker", {"receipts": [{"task": 1, "state": "READ"}] * 501}, 400, "bad_input"),
        ("worker", {"receipts": [{"task": 1, "state": "READ", "note": "x" * 400_001}]}, 413, "body_too_large"),
    ],
)
def test_bad_receipts_are_refused_whole(asked: Cast, who: str, body: object, status: int, code: str):
    answer = post(asked.client(who), RECEIPTS, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert TaskStep.objects.count() == 0


def test_what_is_not_json_and_what_is_not_a_post(asked: Cast):
    client = asked.client("worker")
    assert client.post(RECEIPTS, b"{", content_type="application/json").status_code == 400
    assert client.post(RECEIPTS, b"\xff\xfe", content_type="application/json").status_code == 400
    assert client.get(RECEIPTS).status_code == 405


def test_a_cookie_without_its_token_writes_nothing(asked: Cast):
    task = task_of(asked, "510104001001:community")
    answer = post(asked.client("worker", csrf=True), RECEIPTS, {"receipts": [{"task": task.pk, "state": "READ"}]})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_missing")
    assert TaskStep.objects.count() == 0


def test_rows_are_answered_one_by_one_and_in_bulk(asked: Cast):
    task = task_of(asked, "510104001001:community")
    client = asked.client("worker")
    answer = client.post("/desk/answer", {"answer": f"{task.pk}:ACCEPTED", "next": "/desk?show=open"})
    assert (answer.status_code, answer["Location"]) == (302, "/desk?show=open")
    assert task_of(asked, "510104001001:community").state == "ACCEPTED"
    guard = asked.client("guard")
    ids = [
        found.pk
        for found in tasks(owner__organ_type__code="compound", place__range=(5101040000000000000, 5101049999999999999))
    ]
    answer = guard.post("/desk/answer", {"task": ids, "state": "DONE", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/desk"
    assert {found.state for found in tasks(pk__in=ids)} == {"DONE"}
    assert len(ids) == 8


def test_a_row_is_answered_as_its_page_spells_it_when_keys_are_large(asked: Cast):
    """Grouped thousands in a button's value once made every desk deaf after its thousandth task."""
    task = task_of(asked, "510104001001:community")
    Task.objects.everywhere("a test").filter(pk=task.pk).update(id=1_234_567)
    client = asked.client("worker")
    page = client.get("/desk").content.decode()
    assert 'action="/desk/answer"' in page
    [said] = re.findall(r'name="answer" value="([^"]+)"', page)
    assert said == "1234567:ACCEPTED"
    assert client.post("/desk/answer", {"answer": said}).status_code == 302
    assert task_of(asked, "510104001001:community").state == "ACCEPTED"


@pytest.mark.parametrize(
    "data", [{}, {"task": ["x"], "state": "DONE"}, {"task": ["1"], "state": "RECALLED"}, {"answer": "1:LOST"}]
)
def test_an_answer_that_says_nothing_is_refused(asked: Cast, data: dict):
    assert asked.client("worker").post("/desk/answer", data).status_code == 400


def test_objection_and_its_decision_through_the_pages(asked: Cast):
    task = task_of(asked, "510104001001:community")
    worker, commander = asked.client("worker"), asked.client("city_commander")
    refused = worker.post(f"/desk/tasks/{task.pk}/object", {"reason": ""}, headers={"HX-Request": "true"})
    assert "须写明理由" in refused.content.decode()
    assert task_of(asked, "510104001001:community").state == "SENT"
    assert worker.post(f"/desk/tasks/{task.pk}/object", {"reason": "不是社区的事"}).status_code == 302
    assert asked.client("neighbour_worker").post(f"/desk/tasks/{task.pk}/uphold", {"reason": "x"}).status_code == 404
    assert worker.post(f"/desk/tasks/{task.pk}/uphold", {"reason": "x"}).status_code == 403
    assert commander.post(f"/desk/tasks/{task.pk}/lose", {"reason": "x"}).status_code == 404
    done = commander.post(f"/desk/tasks/{task.pk}/uphold", {"reason": "同意"}, headers={"HX-Request": "true"})
    assert done["HX-Trigger"] == "desk-changed"
    assert task_of(asked, "510104001001:community").closed_at is not None


def test_chips_show_what_they_count(asked: Cast):
    Task.objects.everywhere("a test").update(due_at=asked.at - timedelta(hours=2), escalation=1)
    worker, street = asked.client("worker"), asked.client("dispatcher")
    for show, rows in (("open", 1), ("late", 1), ("objected", 0), ("done", 0)):
        assert worker.get(f"/desk/list?show={show}").content.count(b'class="row-task') == rows
    assert street.get("/desk/list?show=below").content.count(b'class="row-task') == 2
    assert street.get("/desk/list?show=open").content.count(b'class="row-task') == 0
    assert worker.get("/desk?show=lost").status_code == 404
    assert "逾期" in worker.get("/desk").content.decode()


def test_an_empty_desk_says_so_and_shows_what_was_done_today(asked: Cast):
    client = asked.client("worker")
    task = task_of(asked, "510104001001:community")
    client.post("/desk/answer", {"answer": f"{task.pk}:DONE"})
    page = client.get("/desk").content.decode()
    assert "手头的事都办完了" in page
    assert "今日办结" in page
    assert "核查供暖" in page


@pytest.mark.row("ORG-10")
def test_work_is_applied_for_seen_by_all_and_decided_by_the_lead_organisation(city: Cast):
    department, lead = city.client("department"), city.client("lead")
    given = {
        "title": "老年人健康建档",
        "basis": "《基本医疗卫生与健康促进法》第三十六条",
        "activity": "FORM",
        "questions": 12,
        "how_often": "ONCE",
        "minutes_per_unit": 30,
        "organ_types": ["community"],
        "valid_from": f"{city.at:%Y-%m-%d}",
        "valid_to": f"{city.at + timedelta(days=30):%Y-%m-%d}",
    }
    assert city.client("worker").post("/admissions", given).status_code == 403
    assert department.post("/admissions", given | {"form_code": "ledger", "questions": 0}).status_code == 400
    assert Admission.objects.count() == 0
    assert department.post("/admissions", given).status_code == 200  # the cost first
    assert Admission.objects.count() == 0
    assert department.post("/admissions", given | {"seen": "8:4.0"}).status_code == 302
    admission = Admission.objects.get()
    assert (admission.units, admission.hours, admission.state) == (8, 4.0, "APPLIED")
    page = city.client("worker").get("/admissions").content.decode()
    assert "老年人健康建档" in page
    path = f"/admissions/{admission.pk}/decide"
    assert department.post(path, {"admitted": "1", "reason": "x"}).status_code == 403
    assert lead.post(path, {"admitted": "1", "reason": ""}).status_code == 400
    assert lead.post(path, {"admitted": "1", "reason": "同意四项"}).status_code == 302
    assert lead.post(path, {"admitted": "0", "reason": "again"}).status_code == 409
    admission.refresh_from_db()
    assert (admission.state, admission.reason) == ("ADMITTED", "同意四项")
    assert city.client("worker").get("/desk/admissions")["Location"] == "/admissions"


def test_admissions_over_http(city: Cast):
    given = {
        "title": "台账", "basis": "清单", "minutes_per_unit": 60,
        "valid_from": city.at.isoformat(), "valid_to": (city.at + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    made = post(city.client("department"), "/api/admissions", given).json()
    assert (made["units"], made["hours"]) == (8 + 16 + 2, 26.0)
    path = f"/api/admissions/{made['id']}/decision"
    assert post(city.client("department"), path, {"admitted": True, "reason": "x"}).status_code == 403
    assert post(city.client("lead"), path, {"admitted": False, "reason": "已有此表"}).json()["state"] == "REFUSED"
    listed = city.client("guard").get("/api/admissions?state=REFUSED").json()["admissions"]
    assert [row["title"] for row in listed] == ["台账"]
    assert city.client("guard").get("/api/admissions?state=LOST").status_code == 400
