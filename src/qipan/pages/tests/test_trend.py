"""The trend on the board, who holds what is late, and the answers of addresses that do not exist."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.translation import override

from qipan.desk.api import Task
from qipan.kernel.clock import set_clock
from qipan.kernel.place import Range, range_of
from qipan.pages.queries.tick import ticker
from qipan.pages.rules import Holders
from qipan.screening.api import close_round, open_round, sample_open_rounds

from .conftest import AT

pytestmark = pytest.mark.django_db
CITY = range_of("5101")


def trend(scene, code: str, who: str = "city_commander", **query):
    return scene.cast.client(who).get(f"/api/board/{code}/trend", query)


@pytest.mark.row("SCR-1")
def test_the_trend_is_what_was_sampled_on_the_city_s_clock_and_follows_no_visit(scene):
    sample_open_rounds(at=AT + timedelta(hours=1))
    scene.visit("510104001002", "ANSWERED", 5)
    [first] = trend(scene, "5101").json()["rounds"]
    opened = first.pop("opened")
    assert (first["round"], first["number"], first["closed"]) == (scene.round.pk, 1, False)
    assert [sample[1:] for sample in first["samples"]] == [[0, 160, 0], [17, 160, 20]]
    assert first["samples"][0][0] == opened
    assert first["samples"][1][0] == "2026-08-03T11:00:00"
    [district] = trend(scene, "510104").json()["rounds"]
    assert [sample[1:] for sample in district["samples"]] == [[0, 80, 0], [12, 80, 15]]


def test_rounds_stand_side_by_side_in_their_order(scene, settings):
    by, later = scene.cast.city_commander, AT + timedelta(minutes=4)
    close_round(scene.round, by=by, at=later)
    open_round(scene.round.campaign, grounds=[CITY], closes_at=AT + timedelta(days=4), by=by, at=later)
    set_clock(settings.CLOCK_FILE, shown=later + timedelta(minutes=1), speed=1)
    ticker.forget()
    one, two = trend(scene, "5101").json()["rounds"]
    assert (one["closed"], one["samples"][-1][1:]) == (True, [17, 160, 20])
    assert (two["closed"], two["samples"][-1][1:]) == (False, [0, 160, 0])


def test_the_trend_answers_304_while_nothing_was_sampled(scene):
    client = scene.cast.client("city_commander")
    tag = client.get("/api/board/5101/trend")["ETag"]
    assert client.get("/api/board/5101/trend", headers={"If-None-Match": tag}).status_code == 304
    sample_open_rounds(at=AT + timedelta(hours=1))
    assert client.get("/api/board/5101/trend", headers={"If-None-Match": tag}).status_code == 200


def test_where_no_trend_is_kept_none_is_shown(scene):
    assert trend(scene, "510104001").json()["rounds"] == []
    client = scene.cast.client("city_commander")
    assert "data-trend" in client.get("/board/510104").content.decode()
    assert "data-trend" not in client.get("/board/510104001").content.decode()
    assert "data-trend" not in client.get("/board/510104", {"show": "tasks"}).content.decode()
    assert trend(scene, "5101", drill=True).json()["rounds"] == []


def test_the_trend_of_another_ground_is_not_found(scene):
    assert trend(scene, "510105", "district_head").status_code == 404
    assert trend(scene, "510104", "stranger").status_code == 403


@pytest.mark.row("SCR-1")
def test_the_table_says_what_the_chart_says(scene):
    sample_open_rounds(at=AT + timedelta(hours=1))
    found = scene.cast.client("city_commander").get("/board/5101/rows/trend").context["found"]
    assert [[cell.text for cell in row][2:] for row in found.rows] == [
        ["10.6%", "17", "160", "20"],
        ["0.0%", "0", "160", "0"],
    ]


def test_holders_are_summed_over_the_ground_and_ordered():
    held = Holders([(30, 1, 2), (10, 1, 3), (10, 2, 4), (20, 3, 4), (90, 4, 50)])
    assert held.most((Range(10, 30),), 2) == [(1, 5), (2, 4)]
    assert held.most((Range(10, 10), Range(90, 99)), 3) == [(4, 50), (2, 4), (1, 3)]
    assert held.most((Range(40, 50),), 3) == []


@pytest.mark.row("ORG-1")
def test_the_board_names_the_units_that_hold_the_most_late_tasks_and_each_opens_its_own(scene):
    client = scene.cast.client("city_commander")
    for code in ("5101", "510104"):
        told = client.get(f"/api/board/{code}").json()
        assert 1 <= len(told["holders"]) <= 3
        assert [h["late"] for h in told["holders"]] == sorted((h["late"] for h in told["holders"]), reverse=True)
        page = client.get(f"/board/{code}").content.decode()
        for holder in told["holders"]:
            address = f"/board/{code}/rows/tasks-late?&of={holder['unit']}"
            assert address.replace("&", "&amp;") in page
            found = client.get(address).context["found"]
            assert found.total == len(found.rows) == holder["late"]
            assert {row[1].text for row in found.rows} == {found.about} == {holder["label"]}
    everywhere = client.get("/api/board/5101").json()
    assert sum(h["late"] for h in everywhere["holders"]) <= everywhere["tasks"]["late"]


def test_where_nothing_is_late_nobody_is_named(scene):
    Task.objects.everywhere("a test").update(due_at=None)
    ticker.forget()
    client = scene.cast.client("city_commander")
    assert client.get("/api/board/5101").json()["holders"] == []
    assert 'of=" hidden' in client.get("/board/5101").content.decode()


@pytest.mark.parametrize("address", ["/api/", "/api/none", "/api/board", "/api/rounds/1/none", "/api/openapi.yaml"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_an_unknown_address_under_api_answers_as_every_other_refusal(client, address, method):
    with override("en"):
        answer = getattr(client, method)(address, headers={"accept-language": "en"})
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/json"
    told = answer.json()
    assert (told["code"], told["data"]) == ("not_found", {})
    assert set(told) == {"code", "sentence", "data"}


def test_the_specification_is_public_and_tells_nothing_internal(client):
    assert reverse("api:openapi-json") == "/api/openapi.json"
    told = client.get("/api/openapi.json")
    assert told.status_code == 200
    calls = [call for path in told.json()["paths"].values() for call in path.values()]
    names = [call["operationId"] for call in calls]
    assert "pages_trend" in names
    assert len(set(names)) == len(names) > 30
    text = told.content.decode()
    for inner in ("qipan_", "qipan.", "_rest_", "/work", "127.0.0.1", "localhost", "Traceback", "TODO"):
        assert inner not in text, inner
    assert told.json()["servers"] == []
    assert client.get("/api/docs").status_code == 200
