"""Whatever is sent, the answer is a refusal with its reason and nothing is written: no address fails."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .living import counts, make_living, watching
from .test_gates import GATES, READING_WRITES, SESSION

pytestmark = pytest.mark.django_db
HUGE = 10**21
TEXTS = [
    "",
    "x",
    "\x00",
    "a\x00b",
    "²",
    "-1",
    "0",
    str(HUGE),
    "9" * 5000,
    "51010400100100100012",
    "0000-00-00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-01-01T00:00:00",
    "\u202e<script>",
    "🀄" * 400,
    "=1+1",
    "NaN",
]
NUMBERS = [0, -1, HUGE, -HUGE, 2**63, 2**63 - 1, 1.5, 1e308]
leaves = st.one_of(
    st.none(), st.booleans(), st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.text(st.characters(), max_size=8)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(TEXTS), inner, max_size=3)),
    max_leaves=6,
)
NAMES = sorted(
    [
        "action",
        "act",
        "admission",
        "admitted",
        "after",
        "answer",
        "areas",
        "at",
        "basis",
        "body",
        "campaign",
        "closes_at",
        "code",
        "confirmed",
        "days",
        "decided_at",
        "decision",
        "declaration",
        "display_name",
        "drill",
        "due_at",
        "expected_until",
        "expires_at",
        "filled_by",
        "form",
        "from",
        "hazard",
        "id",
        "issuer",
        "kind",
        "last_day",
        "level",
        "limit",
        "matter",
        "measures",
        "minutes_per_unit",
        "more_areas",
        "named_person",
        "next",
        "note",
        "number",
        "organ_types",
        "outcome",
        "page",
        "password",
        "place",
        "playbook",
        "post",
        "q",
        "reason",
        "receipts",
        "review_at",
        "role",
        "round",
        "sent_at",
        "serial",
        "show",
        "signed_at",
        "since",
        "source",
        "starts_at",
        "state",
        "steps",
        "task",
        "tasks",
        "team",
        "title",
        "title_en",
        "unit",
        "username",
        "valid_from",
        "valid_to",
        "version",
        "visits",
    ]
)
READ = [
    "after",
    "against",
    "area",
    "areas",
    "by",
    "cycle",
    "drill",
    "limit",
    "next",
    "of",
    "open",
    "page",
    "parent",
    "q",
    "show",
    "since",
    "source",
    "state",
    "team",
]
DEEP = b'{"a":' * 20_000
RAW = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe\x00",
    b'{"title": "\xed\xa0\x80"}',
    b'{"title": "\\ud800", "basis": "\\udfff"}',
    b"[" * 20_000,
    DEEP,
    b'{"level": 1e999}',
    b'{"visits": [{"id": "\\ud800"}]}',
    b'{"receipts": [{"task": 99999999999999999999999, "state": "READ"}]}',
    b'{"receipts": [{"task": -1, "state": "\\u0000", "note": "\\u0000"}]}',
    b" " * 3_000_000,
    b'{"title": "' + b"x" * 3_000_000 + b'"}',
]
WRITING = sorted(route for route, gate in GATES.items() if gate.post is not None)
CALLS = [route for route in WRITING if route.startswith("api/")]
FORMS = [route for route in WRITING if not route.startswith("api/") and not route.startswith("accounts/")]
READING = sorted(route for route, gate in GATES.items() if gate.get is not None and not route.startswith("accounts/"))
# Acts that need no body, or for which any text is a reason.
WITHOUT_BODY = {
    route for route in CALLS if route.endswith(("/resume", "/release", "/hand-over", "/lift", "/assign", "/recall"))
}
WITHOUT_BODY |= {"api/rounds/<pk>/close", "api/campaigns/<pk>/close"}
# Acts that need nothing, or for which any text is a title or a reason: nonsense in them may be taken at its word.
TEXT_WILL_DO = re.compile(
    r"/(resume|release|close|lift|recall|fill|end|cancel|hand-over|undo|decide|look)$|^(campaigns/open|p/<str:token>|access/leave|referred/<str:code>)$"
    r"|^warnings/received/<int:pk>$"
)
COUNTS = {"directives/reach", "report/similar", "api/field/matters/similar"}  # read, and asked by POST
WHO = {"access": "district_head", "admissions": "department", "field": "worker", "readiness": "worker"}
# Each of these is what a database, a driver or Python itself once failed on.
ALONE = ("\x00", str(HUGE), "9" * 5000)
# PostgreSQL refuses more than SQLite does: most is tried there, and on SQLite what it alone fails on (a wide integer).
STRICT = connection.vendor == "postgresql"
TOGETHER = [text for text in TEXTS if len(text) < 1000] if STRICT else ["", "\x00", "\u00b2", str(HUGE), "NaN"]
many = settings(max_examples=30 if STRICT else 10, suppress_health_check=list(HealthCheck))


def member_for(route: str) -> str:
    """This function will return who has the right, so that the input is looked at."""
    if route.startswith(("access/accounts", "partners", "subscriptions", "notices")):
        return "admin"
    if route in ("admissions/<int:pk>/decide", "api/admissions/<pk>/decision") or route.startswith(
        ("matters/imports", "matters/exclusions", "forms/fields/sources")
    ):
        return "lead"
    if route in ("api/visits", "api/field/doors"):
        return "worker"
    return WHO.get(route.removeprefix("api/").split("/")[0], "city_commander")


@pytest.fixture(scope="module")
def living(django_db_setup: None, django_db_blocker: Any) -> Any:
    """One city for all of them: nothing of what follows may change it."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = make_living()
        made.keys["rules/office.act"] = "open"  # an end takes any text as its reason
        members = {"city_commander", *WHO.values(), "admin", "lead"}
        clients = {member: made.client(member) for member in members}
        for client in clients.values():
            client.get("/")
        made.held = counts()
        yield made, lambda route: clients[member_for(route)]
        transaction.set_rollback(True)


@contextmanager
def asked_for() -> Iterator[set[str]]:
    """This context will collect the names that the site looks for in queries and forms."""
    names: set[str] = set()

    def noting(method: str) -> Any:
        known = getattr(QueryDict, method)

        def note(self: QueryDict, name: str, *rest: Any, **how: Any) -> Any:
            names.add(str(name))
            return known(self, name, *rest, **how)

        return patch.object(QueryDict, method, note)

    with noting("get"), noting("getlist"), noting("__getitem__"), noting("__contains__"):
        yield names


def judge(response: Any, route: str, written: list[str], sent: Any) -> None:
    """This function will check an answer to nonsense: 4xx with its reason, and nothing written."""
    what = (route, sent if len(repr(sent)) < 400 else repr(sent)[:400], response.status_code)
    assert response.status_code < 500, what
    if route.startswith("api/") and route != "api/" and 400 <= response.status_code != 405:
        said = response.json()
        assert said["code"] and said["sentence"], what
    allowed = READING_WRITES.get(route, SESSION) | SESSION
    assert set(written) <= allowed, (what, written)


def post(living: Any, route: str, body: Any, **how: Any) -> None:
    made, client = living
    with watching() as written:
        response = client(route).post(made.address(route), body, **how)
    judge(response, route, written, body)
    if route not in COUNTS and route not in WITHOUT_BODY and not route.endswith(("/count", "visits", "receipts")):
        assert 302 <= response.status_code < 500 or response.status_code == 200, (route, response.status_code)


@pytest.mark.parametrize("route", [route for route in CALLS if route not in WITHOUT_BODY])
def test_a_body_that_is_no_body_is_refused(living, route):
    for raw in RAW:
        post(living, route, raw, content_type="application/json")


@pytest.mark.parametrize(
    "route", [route for route in CALLS if route not in WITHOUT_BODY and not TEXT_WILL_DO.search(route)]
)
def test_nonsense_in_json_is_refused(living, route):
    @many
    @given(st.dictionaries(st.sampled_from(NAMES), values, max_size=12))
    def check(body):
        post(living, route, json.dumps(body), content_type="application/json")

    check()


@pytest.mark.parametrize("route", [route for route in FORMS if not TEXT_WILL_DO.search(route)])
def test_nonsense_in_forms_is_refused(living, route):
    texts = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))

    @many
    @given(st.dictionaries(st.sampled_from(NAMES), st.one_of(texts, st.lists(texts, max_size=3)), max_size=14))
    def check(body):
        post(living, route, body)

    check()
    made, client = living
    for raw in RAW:
        with watching() as written:
            response = client(route).post(made.address(route), raw, content_type="application/x-www-form-urlencoded")
        judge(response, route, written, raw)


@pytest.mark.parametrize("route", READING)
def test_nonsense_in_the_query_is_refused(living, route):
    made, client = living

    def ask(query):
        with watching() as written:
            response = client(route).get(made.address(route), query)
            b"".join(response) if response.streaming else None
        judge(response, route, written, query)

    with asked_for() as names:
        ask({})
        for text in TOGETHER:
            ask(dict.fromkeys([*READ, *names], text))
    for name in sorted(names):  # each alone too, so that none hides behind another
        for text in ALONE if STRICT else ALONE[1:2]:
            ask({name: text})


PATHS = ["abc", "-1", "0", str(HUGE), "9" * 4999, "%00", "%ed%a0%80", "%ff", "²", "5101%20", "%2e%2e", "<script>"]


@pytest.mark.parametrize("route", sorted(route for route in GATES if "<" in route))
def test_nonsense_in_the_path_is_missing(living, route):
    made, client = living
    for text in PATHS:
        keep = dict(made.keys)
        try:
            made.keys = dict.fromkeys(keep, text)
            address = made.address(route)
        finally:
            made.keys = keep
        for method in ("get", "post"):
            with watching() as written:
                response = getattr(client(route), method)(address)
            judge(response, "", written, (method, address[:100]))
            assert response.status_code in (302, 400, 401, 403, 404, 405), (method, address[:100], response.status_code)


def test_the_city_is_as_it_was(living):
    """After all of it no row came or went."""
    made, _client = living
    session = {"django_session": 0}
    assert counts() | session == made.held | session
