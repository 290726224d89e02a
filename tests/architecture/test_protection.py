"""What stands between a browser and harm: escaping, headers, cookies, caches, tokens, addresses to come back to."""

import base64
import csv
import io
import re
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client, override_settings

from qipan.access.api import forget, revoke_passes
from qipan.access.testing import Cast
from qipan.kernel.actor import Actor
from qipan.kernel.clock import set_clock

from .living import Living, addresses, make_living, rows
from .test_gates import GATES

HOSTILE = "=<script>alert(1)</script>\"'><b>"
FREE = ("name", "name_en", "title", "title_en", "label", "display_name", "body", "matter", "reason", "note", "basis",
        "filled_by", "named_person", "by_label", "issued_by", "purpose", "approval", "building", "entrance", "activated_by", "source_datum", "recall_reason", "end_reason", "blocked", "still_open")  # fmt: skip


@pytest.fixture
def living(db: None) -> Living:
    return make_living()


def poison() -> int:
    """This function will put markup in front of every free text that the database holds; returns how many columns."""
    columns = 0
    for model in apps.get_models():
        if not model.__module__.startswith("qipan."):
            continue
        for field in model._meta.concrete_fields:
            text = isinstance(field, models.CharField | models.TextField) and not field.choices and not field.unique
            if text and field.name in FREE and model._meta.label != "forms.FormMedia":  # a file, named by the converter
                changed = rows(model._meta.label).update(**{field.name: HOSTILE[: field.max_length or 40]})
                columns += bool(changed)
    return columns


def reading() -> list[str]:
    return [route for route, gate in GATES.items() if gate.get is not None]


ENGLISH = ("city_commander", "dispatcher", "lead")  # the sentences differ by language, what is put into them does not
CHINESE = (*ENGLISH, "district_head", "worker", "admin", "screener")


@pytest.mark.parametrize(("language", "members"), [("zh-hans", CHINESE), ("en", ENGLISH)])
def test_no_text_of_a_user_becomes_markup(living, language, members):
    assert poison() >= 25
    shown = 0
    for member in members:
        client = living.client(member)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        for route in reading():
            if route.startswith(("accounts/logout", "api/docs")):
                continue
            answer = client.get(living.address(route))
            assert answer.status_code < 500, (member, route)
            if not answer.headers["Content-Type"].startswith("text/html"):
                continue
            page = answer.content.decode()
            shown += "alert(1)" in page
            assert "<script>alert(1)" not in page, (member, route)
            assert "\"'><b>" not in page, (member, route)
            for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.S):
                assert 'src="' in attributes or 'type="application/json"' in attributes, (route, attributes, body[:80])
            assert not re.search(r"<[^>]+\son\w+=", page), (member, route)  # no handler in an attribute
    assert shown > 30


def test_no_cell_of_a_file_is_a_formula(living):
    poison()
    for member, route in (
        ("city_commander", "directives/<int:pk>/unread.csv"),
        ("city_commander", "rounds/<int:pk>/left.csv"),
        ("district_head", "access/passes/lists/<slug:batch>/links.csv"),
    ):
        answer = living.client(member).get(living.address(route))
        text = (b"".join(answer) if answer.streaming else answer.content).decode("utf-8-sig")
        cells = [one for line in csv.reader(io.StringIO(text)) for one in line]
        assert len(cells) > 5
        assert [one for one in cells if one[:1] in ("=", "+", "-", "@", "\t", "\r")] == [], route


def test_an_answer_that_is_no_page_carries_the_headers_too(living):
    for path in ("/nothing-here", "/api/nothing-here", "/board/%00", "/access/leave"):
        for member in ("anonymous", "city_commander", "screener"):
            headers = living.client(member).get(path).headers
            assert "default-src 'self'" in headers["Content-Security-Policy"], (member, path)
            assert headers["X-Content-Type-Options"] == "nosniff", (member, path)


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(living):
    answer = living.client("anonymous").post(f"/p/{living.keys['token']}")
    cookies: SimpleCookie = answer.cookies
    assert (cookies["qipan_pass"]["httponly"], cookies["qipan_pass"]["samesite"]) == (True, "Lax")
    assert settings.SESSION_COOKIE_HTTPONLY
    assert (settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE) == ("Lax", "Lax")
    with override_settings(SESSION_COOKIE_SECURE=True):
        again = living.client("anonymous").post(f"/p/{living.keys['token']}")
    assert again.cookies["qipan_pass"]["secure"] is True


def tampered(token: str) -> list[str]:
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    found = []
    for place in range(0, len(raw), 5):
        changed = bytearray(raw)
        changed[place] ^= 1
        found.append(base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("="))
    return [*found, token[:-4], token + "AAAA", "x", "A" * 4000, "..", "null"]


def call(token: str, **how: Any) -> Any:
    return Client().get("/api/field/doors", headers={"Authorization": f"Bearer {token}"}, **how)


def test_a_token_that_is_not_ours_opens_nothing(living):
    token = living.keys["token"]
    assert call(token).status_code in (200, 400, 404)
    for other in tampered(token):
        answer = call(other)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_a_pass"), other
        assert Client().get(f"/p/{other}").status_code in (401, 404), other
    with override_settings(SECRET_KEY="another city's key", SECRET_KEY_FALLBACKS=[]):
        assert call(token).json()["code"] == "not_a_pass"


def test_a_token_ends_with_its_time_and_at_once_where_it_is_revoked(living, tmp_path):
    cast: Cast = living.cast
    issued = rows("access.Pass").filter(batch=living.keys["batch"])
    by = Actor.system("revoke", acts=["pass.issue"], ranges=cast.city_commander.scope.ranges)
    path = tmp_path / "clock.json"
    set_clock(str(path), shown=cast.at + timedelta(days=31), speed=1)
    with override_settings(CLOCK_FILE=str(path)):
        assert call(living.keys["token"]).json()["code"] == "pass_expired"
    assert revoke_passes(issued, by=by, at=cast.at) == 1
    forget()  # as after five seconds
    assert call(living.keys["token"]).json()["code"] == "pass_revoked"


def test_a_replay_clock_is_said_on_every_page(living, tmp_path):
    path = tmp_path / "clock.json"
    set_clock(str(path), shown=living.cast.at + timedelta(hours=1), speed=60)
    with override_settings(CLOCK_FILE=str(path)):
        for member in ("anonymous", "city_commander", "screener"):
            client = living.client(member)
            for route in reading():
                if route.startswith(("api/", "accounts/logout")) or "fragment" in route:
                    continue
                answer = client.get(living.address(route))
                if answer.headers["Content-Type"].startswith("text/html") and b"<html" in answer.content:
                    assert "回放时钟，60 倍速" in answer.content.decode(), (member, route)  # fmt: skip


def logged_in(next_to: str) -> Any:
    return Client().post("/accounts/login/", {"login": "dispatcher", "password": "a long password", "next": next_to})


def test_logging_in_leads_to_our_own_pages_with_a_new_session(living):
    account = living.cast.accounts["dispatcher"]
    account.set_password("a long password")
    account.save()
    for there in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil"):
        answer = logged_in(there)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/"), there
    assert logged_in("/desk").headers["Location"] == "/desk"
    client = Client()
    client.get("/accounts/login/")
    client.session["planted"] = "x"
    session = client.session
    session["planted"] = "x"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    client.post("/accounts/login/", {"login": "dispatcher", "password": "a long password"})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key
    desk = client.post("/desk/answer", {"task": str(living.keys["desk.pk"]), "state": "ACCEPTED", "next": "//evil.x"})
    assert (desk.status_code, desk.headers["Location"]) == (302, "/desk")
    spoken = client.post("/i18n/setlang/", {"language": "en", "next": "https://evil.example/"})
    assert not spoken.headers["Location"].startswith(("http", "//"))


def test_guessing_passwords_is_stopped(living):
    account = living.cast.accounts["dispatcher"]
    account.set_password("a long password")
    account.save()
    for n in range(5):
        Client().post("/accounts/login/", {"login": "dispatcher", "password": f"wrong {n}"})
    answer = Client().post("/accounts/login/", {"login": "dispatcher", "password": "a long password"})
    assert "_auth_user_id" not in answer.wsgi_request.session


def test_a_host_that_is_not_ours_is_refused(living):
    assert len(addresses()) > 100
    for path in ("/", "/accounts/login/", "/api/board/5101", "/api/visits"):
        assert Client().get(path, headers={"Host": "evil.example"}).status_code == 400, path
