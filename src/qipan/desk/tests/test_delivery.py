"""Devices with a pass: both ways in answer alike, many at once deliver once, a failure leaves nothing behind."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, close_old_connections, connection, transaction

from qipan.access.api import issue_pass
from qipan.access.testing import Cast, make_city
from qipan.desk.actions import delivery, receipts
from qipan.desk.actions.lateness import escalate_late
from qipan.desk.models import Task, TaskStep
from qipan.desk.queries.pages import task_json
from qipan.desk.views import endpoints  # noqa: F401 - names its short ways
from qipan.journal.api import entries_of, verify
from qipan.kernel import writer
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.kernel.testing import at_once
from qipan.webkit.short_way import with_short_ways

from .test_receipts import admitted, send, task_of

INBOX, RECEIPTS = "/api/desk/inbox", "/api/desk/receipts"
OWN = "510104001001:community"
SEED = Actor(label="seed", acts=frozenset({"pass.issue"}), scope=Scope((range_of("5101"),)))


class Response:
    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status_code, self.headers, self.content = status, headers, content

    def json(self):
        return json.loads(self.content)


def call(token: str, path: str = INBOX, *, body: bytes = b"", method: str = "GET", long: bool = False, **environ):
    """This function will call the WSGI application as the server does; the long way is Django's alone."""
    told = {}

    def start(status, headers, exc_info=None):
        told["status"], told["headers"] = int(status.split()[0]), dict(headers)

    def unexpected(environ, start_response):
        raise AssertionError("a call on the short way reached Django")

    path, _sep, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        **environ,
    }
    # As Django's own test client: the connection belongs to the test, not to the request.
    request_started.disconnect(close_old_connections)
    try:
        application = get_wsgi_application() if long else with_short_ways(unexpected)
        content = b"".join(application(environ, start))
    finally:
        request_started.connect(close_old_connections)
    return Response(told["status"], told["headers"], content)


def device(city: Cast, unit: str = OWN) -> str:
    return issue_pass(
        label="值守终端", role_code="desk-device", unit=city.unit(unit), expires_at=now() + timedelta(days=30), by=SEED,
        at=now(),
    ).token  # fmt: skip


@pytest.fixture
def asked(city: Cast) -> Cast:
    send(city, admission=admitted(city))
    return city


@pytest.fixture
def shared(transactional_db: None) -> Iterator[Cast]:
    """The same, committed, for tests with threads."""
    city = make_city()
    send(city, admission=admitted(city))
    send(city, admission=admitted(city, title="演练"), source="directive:2", drill=True)
    yield city
    writer.stop()


@pytest.mark.row("ORG-11")
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_both_ways_give_the_same_desk_and_the_same_headers(asked: Cast, language: str):
    token = device(asked)
    first = call(token, HTTP_ACCEPT_LANGUAGE=language)
    assert (first.status_code, [task["state"] for task in first.json()["tasks"]]) == (200, ["DELIVERED"])
    again = call(token, long=True, HTTP_ACCEPT_LANGUAGE=language)
    assert again.json() | {"at": ""} == first.json() | {"at": ""}
    assert again.headers == first.headers | {"Content-Length": again.headers.get("Content-Length")}
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["X-Frame-Options"] == "DENY"
    task = Task.objects.everywhere("a test").select_related("asker", "owner").get(owner__code=OWN)
    from django.utils.translation import override

    with override("en" if language == "en" else "zh-hans"):
        assert first.json()["tasks"] == [task_json(task)]
    known = {"HTTP_IF_NONE_MATCH": first.headers["ETag"], "HTTP_ACCEPT_LANGUAGE": language}
    for long in (False, True):
        unchanged = call(token, long=long, **known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    send(asked, admission=admitted(asked), source="directive:2", title="第二号")
    changed = call(token, f"{INBOX}?since={first.json()['cursor'].replace('+', '%2B')}", **known)
    assert [task["title"] for task in changed.json()["tasks"]] == ["核查供暖", "第二号"]


@pytest.mark.row("EMG-4")
def test_receipts_with_a_pass_are_answered_alike_on_both_ways(asked: Cast):
    token, task, other = device(asked), task_of(asked, OWN), task_of(asked, "510104001002:community")
    said = [{"task": task.pk, "state": "READ"}, {"task": other.pk, "state": "READ"}]
    body = json.dumps({"receipts": said}).encode()
    answer = call(token, RECEIPTS, method="POST", body=body)
    assert answer.json()["answers"] == [
        {"task": task.pk, "answer": "stored", "state": "READ"},
        {"task": other.pk, "answer": "refused", "code": "not_found"},
    ]
    again = call(token, RECEIPTS, method="POST", body=body, long=True)
    assert [item["answer"] for item in again.json()["answers"]] == ["unchanged", "refused"]
    assert [entry.data for entry in entries_of("desk.receive")] == [{"READ": [task.pk]}]
    assert [step.state for step in TaskStep.objects.all()] == ["READ"]


@pytest.mark.parametrize(
    ("path", "method", "body", "status", "code"),
    [
        (f"{INBOX}?since=yesterday", "GET", b"", 400, "bad_input"),
        (RECEIPTS, "POST", b"{", 400, "bad_input"),
        (RECEIPTS, "POST", b" " * 400_001, 413, "body_too_large"),
    ],
)
def test_both_ways_refuse_alike(asked: Cast, path: str, method: str, body: bytes, status: int, code: str):
    token = device(asked)
    for long in (False, True):
        answer = call(token, path, method=method, body=body, long=long)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert TaskStep.objects.count() == 0


@pytest.mark.parametrize("long", [False, True])
def test_who_has_no_desk_is_refused_and_nothing_is_delivered(asked: Cast, long: bool):
    for token, status in ((asked.screener_pass.token, 403), ("nonsense", 401)):
        assert call(token, long=long).status_code == status
    assert TaskStep.objects.count() == 0


def test_another_host_and_a_call_without_a_pass_go_to_django(asked: Cast):
    for environ in ({"HTTP_HOST": "elsewhere.example"}, {"HTTP_AUTHORIZATION": "Basic x"}, {"REQUEST_METHOD": "PUT"}):
        with pytest.raises(AssertionError, match="reached Django"):
            call(device(asked), **environ)
    assert call(device(asked), long=True, HTTP_HOST="elsewhere.example").status_code == 400
    assert TaskStep.objects.count() == 0


@pytest.mark.row("ORG-11")
def test_devices_of_one_unit_at_once_deliver_each_task_once(shared: Cast):
    tokens = [device(shared) for _n in range(4)] + [device(shared, "510104001002:community") for _n in range(4)]
    states = []

    def fetch(token: str) -> None:
        states.extend(task["state"] for task in call(token).json()["tasks"])

    assert set(at_once(*[lambda token=token: fetch(token) for token in tokens])) == {None}
    assert states == ["DELIVERED"] * 16
    steps = list(TaskStep.objects.order_by("task").values_list("task", "state"))
    units = (OWN, "510104001002:community")
    tasks = [task_of(shared, unit, source) for unit in units for source in ("directive:1", "directive:2")]
    assert steps == sorted((task.pk, "DELIVERED") for task in tasks)
    entries = list(entries_of("desk.deliver"))
    assert sorted((entry.data["DELIVERED"], entry.drill) for entry in entries) == sorted(
        ([task.pk], task.drill) for task in tasks
    )
    assert {task.delivered_at for task in tasks} == {entry.at for entry in entries}
    assert verify().differences == []


def test_delivery_and_receipts_of_one_desk_at_once_only_move_forward(shared: Cast):
    task = task_of(shared, OWN)
    body = json.dumps({"receipts": [{"task": task.pk, "state": "ACCEPTED"}]}).encode()
    token = device(shared)
    answers = []

    def sign() -> None:
        answers.extend(item["answer"] for item in call(token, RECEIPTS, method="POST", body=body).json()["answers"])

    assert set(at_once(*[lambda: call(token), sign] * 4)) == {None}
    assert sorted(answers) == ["stored", "unchanged", "unchanged", "unchanged"]
    assert task_of(shared, OWN).state == "ACCEPTED"
    assert [step.state for step in task.steps.order_by("pk")] in (["ACCEPTED"], ["DELIVERED", "ACCEPTED"])
    assert verify().differences == []


@pytest.mark.parametrize("error", [OperationalError("disk is full"), ValueError("a defect")])
def test_what_fails_before_its_journal_row_leaves_nothing_and_is_delivered_later(shared: Cast, monkeypatch, error):
    def fail(_rows):
        raise error

    token, task = device(shared), task_of(shared, OWN)
    body = json.dumps({"receipts": [{"task": task.pk, "state": "READ"}]}).encode()
    for module in (delivery, receipts):
        monkeypatch.setattr(module, "write_entries", fail)
    for given in ({}, {"path": RECEIPTS, "method": "POST", "body": body}):
        with pytest.raises(AssertionError, match="reached Django"):
            call(token, **given)
    assert {found.state for found in Task.objects.everywhere("a test")} == {"SENT"}
    assert TaskStep.objects.count() == 0
    monkeypatch.undo()
    assert [found["state"] for found in call(token).json()["tasks"]] == ["DELIVERED"] * 2
    assert verify().differences == []


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer")
def test_the_clock_neither_waits_for_who_is_answering_nor_loses_the_task(shared: Cast):
    task, late = task_of(shared, OWN), shared.at + timedelta(hours=9)
    clock = Actor.system("desk clock", ranges=[range_of("5101")])
    others = Task.objects.everywhere("test").filter(due_at__lt=late, closed_at=None).count() - 1
    assert others > 0
    found: list[int] = []
    with transaction.atomic():
        Task.objects.everywhere("test").select_for_update().get(pk=task.pk)
        [error] = at_once(lambda: found.append(escalate_late(at=late, by=clock).raised))
    assert (error, found) == (None, [others])
    assert escalate_late(at=late, by=clock).raised == 1
    assert task_of(shared, OWN).escalation == 1
