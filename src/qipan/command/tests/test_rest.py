"""The whole job through the public endpoints, as the replay driver does it; and who is refused."""

import json
from datetime import timedelta

import pytest

from qipan.access.testing import Cast
from qipan.command.api import Activation, Directive
from qipan.desk.api import Task, admit_emergency
from qipan.kernel.clock import now

from .conftest import publish_all

NAMES = ["anonymous", "stranger", "worker", "screener"]


class Api:
    """A signed-in browser that sends JSON with its CSRF token."""

    def __init__(self, cast: Cast, name: str) -> None:
        self.client = cast.client(name, csrf=True)
        self.client.get("/activations")  # every page, a refusal too, sets the token
        token = self.client.cookies.get("csrftoken")
        self.token = token.value if token else ""

    def get(self, path):
        return self.client.get(f"/api/{path}")

    def post(self, path, body=None, *, csrf=True):
        headers = {"X-CSRFToken": self.token} if csrf and self.token else {}
        return self.client.post(
            f"/api/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
        )


@pytest.fixture
def city(live_cast):
    publish_all(live_cast)
    return live_cast


def declaration(**changed):
    at = now()
    return {
        "number": "成应急〔2026〕1号",
        "matter": "呼吸道传染病",
        "hazard": "epidemic",
        "level": 1,
        "basis": "《突发事件应对法》第七十二条",
        "areas": ["510104", "510105"],
        "starts_at": (at - timedelta(minutes=1)).isoformat(),
        "expected_until": (at + timedelta(days=20)).isoformat(),
        "measures": ["入户排查"],
        **changed,
    }


def directive(**changed):
    return {
        "number": "成指〔2026〕1号",
        "title": "检查供暖",
        "body": "逐院检查",
        "basis": "责任清单",
        "organ_types": ["street-office"],
        "areas": ["510104"],
        "decided_at": (now() - timedelta(minutes=1)).isoformat(),
        **changed,
    }


@pytest.mark.row("EMG-2", "EMG-8")
def test_from_declaration_to_release_over_the_endpoints_alone(city):
    api = Api(city, "city_commander")
    declared = api.post("declarations", declaration())
    assert declared.status_code == 201, declared.content
    given = {"playbook": "epidemic-emergency", "areas": ["510104"], "declaration": declared.json()["id"]}
    activated = api.post("activations", given)
    assert activated.status_code == 200, activated.content
    body = activated.json()
    assert [item["blocked"] for item in body["items"] if item["opened_at"] is None] == []
    assert api.post("activations", given).json()["id"] == body["id"]
    assert api.get("posture?area=510104").json()["posture"]["level"] == 1
    assert api.get("posture?area=510105").json()["posture"] is None

    campaign = next(item for item in body["items"] if item["kind"] == "CAMPAIGN")["reference"].partition(":")[2]
    first = api.get(f"campaigns/{campaign}").json()["rounds"][0]
    coverage = api.get(f"rounds/{first['id']}/coverage?area=510104").json()
    assert (coverage["total"]["doors"], [row["doors"] for row in coverage["below"]]) == (80, [40, 40])
    assert len(api.get(f"rounds/{first['id']}/left?area=510104&limit=1000").json()["doors"]) == 80
    assert api.post(f"rounds/{first['id']}/close").json()["closed_at"] is not None
    second = api.post(f"campaigns/{campaign}/rounds", {"areas": ["510104"], "days": 3})
    assert (second.status_code, second.json()["number"], second.json()["teams"]) == (201, 2, 4)
    assert api.post(f"rounds/{second.json()['id']}/close").status_code == 200

    issued = next(item for item in body["items"] if item["kind"] == "DIRECTIVE")["reference"].partition(":")[2]
    report = api.get(f"directives/{issued}/report?area=510104").json()
    assert (report["total"]["asked"], report["unread"], report["lead"]["delivered"]) == (15, 15, 0)
    released = api.post(f"activations/{body['id']}/release").json()
    assert (released["left"], released["closed_now"]) == ([], 14)
    assert released["released_at"] is not None
    assert api.post(f"activations/{body['id']}/release").json()["code"] == "already_released"
    ended = api.post(f"declarations/{declared.json()['id']}/end", {"reason": "疫情结束"})
    assert ended.json()["ended_at"] is not None


@pytest.mark.row("EMG-5")
@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("number", "number_missing"),
        ("matter", "matter_missing"),
        ("hazard", "hazard_missing"),
        ("level", "level_missing"),
        ("basis", "basis_missing"),
        ("areas", "ground_missing"),
        ("starts_at", "start_missing"),
        ("expected_until", "duration_missing"),
        ("measures", "measures_missing"),
    ],
)
def test_a_declaration_names_what_is_missing(city, missing, code):
    body = declaration()
    body.pop(missing)
    answer = Api(city, "city_commander").post("declarations", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.row("EMG-4")
def test_issue_revise_recall_and_read_the_unread_list(city):
    api = Api(city, "city_commander")
    counted = api.post("directives/count", {"organ_types": ["street-office"], "areas": ["510104"]}).json()
    assert counted == {"units": 2, "by_kind": {"street-office": 2}}
    issued = api.post("directives", directive())
    assert (issued.status_code, issued.json()["recipients"]) == (201, 2)
    pk = issued.json()["id"]
    unread = api.get(f"directives/{pk}/unread?limit=1").json()
    assert (unread["count"], len(unread["items"])) == (2, 1)
    rest = api.get(f"directives/{pk}/unread?limit=1&after={unread['next']}").json()
    assert rest["items"][0]["place"] > unread["items"][0]["place"]
    revised = api.post(
        f"directives/{pk}/revise",
        {"title": "检查供暖", "body": "逐院逐户检查", "basis": "责任清单", "decided_at": now().isoformat()},
    )
    assert (revised.status_code, revised.json()["version"], revised.json()["recipients"]) == (201, 2, 2)
    again = api.post(f"directives/{pk}/recall", {"reason": "误发"})
    assert (again.status_code, again.json()["code"]) == (409, "already_replaced")
    assert api.post(f"directives/{revised.json()['id']}/recall", {"reason": "误发"}).json() == {"receipts": 2}


@pytest.mark.row("ORG-10")
def test_work_that_was_not_admitted_is_refused_with_its_code(city):
    api = Api(city, "city_commander")
    answer = api.post("directives", directive(organ_types=["community"]))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_admitted")
    assert not Directive.objects.exists()
    admission = admit_emergency(
        title="应急", declaration="D", basis="法", valid_to=now() + timedelta(days=1), by=city.city_commander, at=now()
    )
    sent = api.post("directives", directive(organ_types=["community"], admission=admission.pk))
    assert (sent.status_code, sent.json()["recipients"]) == (201, 4)


@pytest.mark.parametrize(
    ("_case", "changed"),
    [
        ("no number", {"number": None}),
        ("text for a list", {"areas": "510104"}),
        ("no time zone", {"decided_at": "2026-11-25T10:00:00"}),
        ("not a moment", {"decided_at": "soon"}),
        ("too long a title", {"title": "长" * 201}),
    ],
)
def test_wrong_types_are_a_400_and_send_nothing(city, _case, changed):
    answer = Api(city, "city_commander").post("directives", directive(**changed))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    assert not Directive.objects.exists()


def test_not_json_is_a_400(city):
    api = Api(city, "city_commander")
    answer = api.client.post(
        "/api/directives", "{", content_type="application/json", headers={"X-CSRFToken": api.token}
    )
    assert answer.status_code == 400
    assert not Directive.objects.exists()


POSTS = [
    ("declarations", declaration),
    ("directives", directive),
    ("directives/count", lambda: {"organ_types": ["street-office"], "areas": ["510104"]}),
    ("activations", lambda: {"playbook": "flood", "areas": ["510104"]}),
    ("campaigns", lambda: {"title": "排查", "basis": "法"}),
]


@pytest.mark.parametrize("path", [path for path, _body in POSTS])
@pytest.mark.parametrize(
    ("name", "status"), [("anonymous", 401), ("stranger", 403), ("worker", 403), ("screener", 403)]
)
def test_who_may_not_act_is_refused_and_nothing_is_written(city, path, name, status):
    answer = Api(city, name).post(path, dict(POSTS)[path]())
    assert answer.status_code == status, answer.content
    assert not Directive.objects.exists()
    assert not Activation.objects.exists()
    assert not Task.objects.everywhere("a test").exists()


def test_a_cookie_without_its_token_is_nobody(city):
    answer = Api(city, "city_commander").post("directives", directive(), csrf=False)
    assert answer.status_code == 401
    assert not Directive.objects.exists()


def test_a_bearer_token_of_a_pass_without_the_act_is_refused(city):
    answer = city.client("anonymous").post(
        "/api/directives", json.dumps(directive()), content_type="application/json", **city.bearer()
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_another_districts_things_look_missing(city):
    mine, neighbour = Api(city, "district_head"), Api(city, "neighbour_head")
    pk = mine.post("directives", directive()).json()["id"]
    for path in (f"directives/{pk}/report", f"directives/{pk}/unread"):
        assert (mine.get(path).status_code, neighbour.get(path).status_code) == (200, 404)
    assert neighbour.post(f"directives/{pk}/recall", {"reason": "误"}).status_code == 404
    assert neighbour.get("posture?area=510104").status_code == 404
    assert neighbour.get("activations/999").status_code == 404
    assert neighbour.get("campaigns/999").status_code == 404
    assert neighbour.get("rounds/999/coverage?area=510105").status_code == 404
