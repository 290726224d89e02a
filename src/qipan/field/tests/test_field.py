import json

import pytest
from django.test import Client
from django.utils import timezone

from qipan.kernel.ids import uuid7
from qipan.screening.api import Outcome, close_round


def visit(client, scene, label_place, outcome="ANSWERED"):
    now = timezone.now()
    body = {
        "sent_at": now.isoformat(),
        "visits": [
            {
                "id": str(uuid7()),
                "round": scene.round.pk,
                "place": label_place,
                "outcome": outcome,
                "at": now.isoformat(),
            }
        ],
    }
    answer = client.post(
        "/api/visits", json.dumps(body), content_type="application/json", headers={"X-CSRFToken": "unused"}
    )
    assert answer.status_code == 200, answer.content
    return answer.json()["answers"][0]["answer"]


def doors(answer):
    return [door for compound in answer.json()["compounds"] for door in compound["doors"]]


class TestDoors:
    def test_lists_the_teams_own_doors_in_register_order(self, scene):
        answer = scene.holder().get("/api/field/doors")
        assert answer.status_code == 200
        body = answer.json()
        assert body["team"] == {"id": scene.team.pk, "name": scene.team.name}
        assert body["round"]["number"] == 1
        assert [compound["place"] for compound in body["compounds"]] == ["5101040010010010000"]
        assert body["compounds"][0]["name"] == "锦江一街一社区1号院"
        assert len(doors(answer)) == 10
        assert doors(answer)[0] == ["5101040010010010001", "1", "1", "102", 0, 0]

    @pytest.mark.row("EMG-20")
    def test_shows_a_visit_at_once_and_answers_304_until_then(self, scene):
        client = scene.holder()
        first = client.get("/api/field/doors")
        same = client.get("/api/field/doors", headers={"If-None-Match": first["ETag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert same["As-Of"] >= first["As-Of"]
        assert visit(client, scene, "5101040010010010003", "NOT_HOME") == "stored"
        after = client.get("/api/field/doors", headers={"If-None-Match": first["ETag"]})
        assert after.status_code == 200
        assert [door[4:] for door in doors(after)] == [[0, 0], [0, 0], [1, 1], *[[0, 0]] * 7]

    def test_has_no_doors_when_no_round_is_under_way(self, scene):
        close_round(scene.round, by=scene.cast.city_commander, at=scene.cast.at)
        body = scene.holder().get("/api/field/doors").json()
        assert (body["round"], body["compounds"]) == (None, [])

    @pytest.mark.parametrize(
        ("name", "team", "status"),
        [
            ("anonymous", "own", 401),
            ("stranger", "own", 403),
            ("guard", "own", 403),
            ("city_commander", "own", 403),
            ("worker", "own", 200),
            ("worker", "neighbours", 404),
            ("worker", None, 400),  # two teams: which one?
            ("neighbour_worker", "own", 404),
        ],
    )
    def test_opens_to_those_who_may_enter_the_visits(self, scene, name, team, status):
        query = {} if team is None else {"team": (scene.team if team == "own" else scene.neighbours).pk}
        assert scene.cast.client(name).get("/api/field/doors", query).status_code == status

    @pytest.mark.parametrize("team", ["other", "neighbours"])
    def test_hides_other_teams_from_a_pass(self, scene, team):
        answer = scene.holder().get("/api/field/doors", {"team": getattr(scene, team).pk})
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"

    def test_refuses_a_team_that_is_no_number(self, scene):
        assert scene.holder().get("/api/field/doors", {"team": "x"}).status_code == 400


class TestPage:
    def test_shows_the_order_and_large_outcomes(self, scene):
        answer = scene.holder().get("/field")
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "《中华人民共和国突发事件应对法》第七十三条" in page
        assert str(scene.cast.unit("5101:city-command").name) in page
        assert [page.count(f'data-name="{name}"') for name in Outcome.names] == [1] * 10
        assert "csrftoken" in answer.cookies

    def test_names_no_count_of_visits_by_a_person(self, scene):
        client = scene.holder()
        visit(client, scene, "5101040010010010003")
        assert 'count-ACKNOWLEDGED">0<' in client.get("/field").content.decode()

    def test_lets_a_post_choose_among_its_teams(self, scene):
        client = scene.cast.client("worker")
        page = client.get("/field").content.decode()
        assert f"/field?team={scene.team.pk}" in page
        assert f"/field?team={scene.neighbours.pk}" not in page
        assert client.get("/field", {"team": scene.team.pk}).status_code == 200

    @pytest.mark.parametrize(
        ("name", "status"),
        [("anonymous", 302), ("stranger", 403), ("guard", 403), ("auditor", 403), ("worker", 200)],
    )
    def test_opens_only_with_the_act(self, scene, name, status):
        assert scene.cast.client(name).get("/field").status_code == status

    @pytest.mark.parametrize(("team", "status"), [("x", 400), ("9" * 30, 400), ("0", 404), ("", 400)])
    def test_refuses_a_team_that_is_none(self, scene, team, status):
        assert scene.holder().get("/field", {"team": team}).status_code == status

    def test_turns_a_changed_pass_away(self, scene):
        client = Client()
        client.cookies["qipan_pass"] = scene.phone.token[:-4] + "AAAA"
        assert client.get("/api/field/doors").status_code == 401


@pytest.mark.row("SCR-3")
def test_the_training_card_stands_on_the_page_and_is_confirmed_with_one_call(scene):
    client = scene.holder()
    page = client.get("/field").content.decode()
    assert "入户走访培训卡" in page and 'data-read="0"' in page
    card = int(page.split('data-card="', 1)[1].split('"', 1)[0])
    answers = [
        client.post("/api/field/card", json.dumps({"card": card}), content_type="application/json").json()["answer"]
        for _again in range(2)
    ]
    assert answers == ["noted", "known"]
    assert 'data-read="1"' in client.get("/field").content.decode()
    for body, status in (({"card": card + 99}, 404), ({}, 422), ({"card": "x"}, 422)):
        answer = client.post("/api/field/card", json.dumps(body), content_type="application/json")
        assert answer.status_code in (status, 400)
    client.cookies.clear()
    assert (
        client.post("/api/field/card", json.dumps({"card": card}), content_type="application/json").status_code == 401
    )


class TestChanges:
    """A phone that holds the register is told only what changed."""

    def ask(self, client, sheet, **changes):
        query = {"base": sheet.json()["base"], "since": sheet["As-Of"], **changes}
        return client.get("/api/field/doors", query)

    @pytest.mark.row("EMG-20")
    def test_tells_only_the_doors_that_were_visited_since(self, scene):
        client = scene.holder()
        first = client.get("/api/field/doors")
        assert first.json()["counts"] == [10] + [0] * 11
        assert self.ask(client, first).json() == {
            "base": first.json()["base"],
            "counts": [10] + [0] * 11,
            "changed": [],
        }
        visit(client, scene, "5101040010010010003", "NOT_HOME")
        answer = self.ask(client, first)
        assert answer.json()["changed"] == [["5101040010010010003", 1, 1]]
        assert answer.json()["counts"] == [9, 1] + [0] * 10
        assert len(answer.content) < 200

    def test_tells_everything_when_the_register_is_another(self, scene):
        client = scene.holder()
        first = client.get("/api/field/doors")
        assert len(doors(self.ask(client, first, base="0" * 24))) == 10

    @pytest.mark.parametrize("since", ["2026-08-01T10:00:00", "0001-01-01T00:00:00Z"])
    def test_refuses_a_moment_without_its_zone_or_out_of_this_world(self, scene, since):
        client = scene.holder()
        answer = self.ask(client, client.get("/api/field/doors"), since=since)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")


class TestOpeningWithoutANetwork:
    def test_the_worker_names_the_files_of_the_page_and_may_open_it(self, client):
        answer = client.get("/field/worker.js")
        assert (answer.status_code, answer["Service-Worker-Allowed"]) == (200, "/field")
        keep = json.loads(answer.content.decode().partition("self.KEEP=")[2].partition(";\n")[0])
        assert {name.rpartition("/")[2].partition("-")[0] for name in keep} >= {"field", "base", "theme", "qipan.svg"}
        assert client.get("/field/app.webmanifest").json()["start_url"] == "/field"

    def test_the_page_says_when_the_right_ends(self, scene):
        page = scene.holder().get("/field").content.decode()
        assert f'data-ends="{timezone.localtime(scene.phone.issued.expires_at).isoformat()}"' in page
        assert "data-ends" not in scene.cast.client("worker").get("/field", {"team": scene.team.pk}).content.decode()
