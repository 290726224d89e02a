"""``POST /api/visits`` over HTTP, on both ways in: never a 500, and each way answers alike."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, close_old_connections

from qipan.access.api import issue_pass
from qipan.kernel.clock import now
from qipan.screening.ingest import MAX_BYTES
from qipan.webkit.short_way import with_short_ways

from .conftest import COMMUNITY, rows_of


class Response:
    def __init__(self, status, headers, body):
        self.status_code, self.headers, self.content = status, headers, body

    def json(self):
        return json.loads(self.content)


def short(raw, *, token=None, method="POST", **environ):
    """This function will send a request to the WSGI application as the server does."""
    told = {}

    def start(status, headers, exc_info=None):
        told["status"], told["headers"] = int(status.split()[0]), dict(headers)

    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/api/visits",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(raw),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(raw)),
        **({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}),
        **environ,
    }
    # As Django's own test client: the connection belongs to the test, not to the request.
    request_started.disconnect(close_old_connections)
    try:
        body = b"".join(with_short_ways(get_wsgi_application())(environ, start))
    finally:
        request_started.connect(close_old_connections)
    return Response(told["status"], told["headers"], body)


@pytest.fixture
def token(ground):
    return issue_pass(
        label="排查一组",
        role_code="screening-worker",
        unit=ground.cast.unit(f"{COMMUNITY}:community"),
        team=ground.ours.team_id,
        expires_at=now() + timedelta(days=30),
        by=ground.cast.city_commander.__class__(
            label="seed", acts=frozenset({"pass.issue"}), scope=ground.cast.city_commander.scope
        ),
        at=now(),
    ).token


@pytest.fixture(params=["short way", "view"])
def post(request, client, token):
    """This fixture will post a body on each of the two ways."""

    def by_view(raw, *, token=token, **environ):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Accept-Language": environ["HTTP_ACCEPT_LANGUAGE"]} if "HTTP_ACCEPT_LANGUAGE" in environ else {}
        return client.post("/api/visits", data=raw, content_type="application/json", headers=headers)

    def by_short_way(raw, *, token=token, **environ):
        return short(raw, token=token, **environ)

    return by_view if request.param == "view" else by_short_way


def upload(*visits, **body):
    return json.dumps({"sent_at": now().isoformat(), "visits": list(visits), **body}).encode()


def test_stores_and_answers_each_item(ground, post):
    at = now().isoformat()
    good, bad = ground.visit(ground.doors[0], at=at), ground.visit(1, at=at)
    response = post(upload(good, bad), HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 200
    body = response.json()
    assert body["answers"] == [
        {"id": good["id"], "answer": "stored"},
        {
            "id": bad["id"],
            "answer": "refused",
            "code": "unknown_door",
            "sentence": "This door is not on the register.",
        },
    ]
    assert (body["stored"], body["duplicates"], body["conflicts"], body["refused"]) == (1, 0, 0, 1)
    assert body["received_at"]
    assert post(upload(good)).json()["answers"] == [{"id": good["id"], "answer": "duplicate"}]
    assert rows_of("screening_visit") == 1


def test_refusals_speak_the_readers_language(ground, post):
    visit = ground.visit(1, at=now().isoformat())
    assert post(upload(visit)).json()["answers"][0]["sentence"] == "这一户不在底册上。"
    answer = post(upload(visit), HTTP_ACCEPT_LANGUAGE="en").json()["answers"][0]
    assert answer["sentence"] == "This door is not on the register."


@pytest.mark.parametrize(
    ("_case", "raw", "status", "code"),
    [
        ("empty", b"", 400, "body_unreadable"),
        ("not json", b"{nonsense", 400, "body_unreadable"),
        ("a list", b"[]", 400, "body_unreadable"),
        ("wrong types", b'{"visits": "many"}', 400, "body_unreadable"),
        ("not utf-8", b'{"visits": ["\xff"]}', 400, "body_unreadable"),
        ("bad clock", b'{"visits": [], "sent_at": "noon"}', 400, "body_unreadable"),
        ("too many visits", b'{"visits": [' + b",".join([b"0"] * 501) + b"]}", 413, "body_too_large"),
        ("too many bytes", b" " * (MAX_BYTES + 1), 413, "body_too_large"),
    ],
)
def test_an_unusable_body_is_a_4xx_with_a_sentence(ground, post, _case, raw, status, code):
    response = post(raw)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["sentence"]
    assert rows_of("screening_visit") == 0


def test_without_a_good_pass_it_is_401(ground, post):
    visit = upload(ground.visit(ground.doors[0], at=now().isoformat()))
    for bad in (None, "nonsense", "a.b.c"):
        response = post(visit, token=bad)
        assert response.status_code == 401, bad
        assert response.json()["sentence"]
    assert rows_of("screening_visit") == 0


@pytest.mark.parametrize("error", [OperationalError("database or disk is full"), OperationalError("server closed")])
def test_a_database_that_cannot_write_is_503_and_may_be_tried_again(ground, post, monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr("qipan.screening.ingest.postgres.store", fail)
    monkeypatch.setattr("qipan.screening.ingest.sqlite.store", fail)
    visit = ground.visit(ground.doors[0], at=now().isoformat())
    response = post(upload(visit))
    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (503, "try_again", "5")
    monkeypatch.undo()
    assert rows_of("screening_visit") == 0
    assert post(upload(visit)).json()["stored"] == 1


def test_a_browser_needs_its_csrf_token(ground):
    """The worker's own page sends the cookie and the token; another site has only the cookie."""
    visit = ground.visit(ground.doors[0], at=now().isoformat())
    browser = ground.cast.client("worker", csrf=True)
    refused = browser.post("/api/visits", data=upload(visit), content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_missing")
    assert rows_of("screening_visit") == 0
    browser.get("/accounts/login/")
    browser.cookies["csrftoken"] = token = "a" * 32
    answer = browser.post(
        "/api/visits", data=upload(visit), content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 200
    assert answer.json()["stored"] == 1


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("anonymous", 401),
        ("stranger", 403),
        ("auditor", 403),
        ("wall", 403),
        ("worker", 200),
        ("neighbour_worker", 200),
    ],
)
def test_who_may_send(ground, who, status):
    visit = ground.visit(ground.doors[0], at=now().isoformat())
    response = ground.cast.client(who).post("/api/visits", data=upload(visit), content_type="application/json")
    assert response.status_code == status
    if who == "neighbour_worker":
        assert response.json()["answers"][0]["code"] == "other_team"
    assert rows_of("screening_visit") == (1 if who == "worker" else 0)


def test_only_post(ground, client, token):
    response = client.get("/api/visits", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.headers["Allow"], response.json()["code"]) == (405, "POST", "post_only")


def test_the_short_way_leaves_everything_else_to_django(ground, token):
    assert short(b"", method="GET", token=token).status_code == 405
    assert short(upload(), HTTP_AUTHORIZATION=f"Basic {token}").status_code == 401
    assert short(upload(), token=token, PATH_INFO="/api/visits/x").status_code == 404
