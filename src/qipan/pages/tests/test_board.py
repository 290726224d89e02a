"""The board: equal at all levels, equal to the rows, both hands equal, calm in routine."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Count, Max
from django.test.utils import CaptureQueriesContext

from qipan.access.testing import make_city
from qipan.deployment.api import forces
from qipan.desk.api import Task
from qipan.kernel.actor import Scope
from qipan.kernel.place import place_of
from qipan.kernel.sql import moment_of
from qipan.matters.testing import make_world
from qipan.pages.queries import parts
from qipan.pages.terms import Listing
from qipan.screening.api import coverage_total
from qipan.territory.api import get_area
from qipan.warnings.api import cancel_warning, issue_warning

from .conftest import AT

COUNTS = json.loads((Path(__file__).parent / "query_counts.json").read_text())
LEVELS = ("5101", "510104", "510105", "510104001", "510104002", "510104001001", "510105002002")
BELOW = {
    "5101": ["510104", "510105"],
    "510104": ["510104001", "510104002"],
    "510104001": ["510104001001", "510104001002"],
    "510104001001": ["510104001001001", "510104001001002"],
}


def figures(scene, code, who="city_commander", **query):
    answer = scene.cast.client(who).get(f"/api/board/{code}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.row("ORG-1")
@pytest.mark.parametrize("above", BELOW)
def test_totals_equal_the_sum_of_the_boards_below(scene, above):
    whole, parts = figures(scene, above), [figures(scene, code) for code in BELOW[above]]
    for name in ("doors", "settled", "left", "visits"):
        assert whole["coverage"][name] == sum(part["coverage"][name] for part in parts)
    for state, count in whole["coverage"]["states"].items():
        assert count == sum(part["coverage"]["states"][state] for part in parts)
    assert sum(whole["coverage"]["states"].values()) == whole["coverage"]["doors"]
    rows = {row["code"]: row for row in whole["areas"]}
    for code, part in zip(BELOW[above], parts, strict=True):
        assert rows[code]["coverage"] == {"part": part["coverage"]["settled"], "whole": part["coverage"]["doors"]}
    for metric in ("receipts", "tasks"):
        # What lies on the desks of the level itself has a row of its own, so the list sums to the whole.
        totals = figures(scene, above, show=metric)
        assert totals["total"]["whole"] == sum(row["whole"] for row in totals["areas"])
        assert totals["total"]["part"] == sum(row["part"] for row in totals["areas"])


@pytest.mark.row("ORG-1")
def test_the_city_board_shows_the_figures_of_the_story(scene):
    found = figures(scene, "5101")
    assert found["coverage"]["doors"] == 160
    assert found["coverage"]["settled"] == 17
    assert found["coverage"]["states"]["NOT_HOME"] == 3
    assert found["coverage"]["visits"] == 20
    assert found["directives"] == {
        str(scene.directive.pk): {
            "asked": 30, "delivered": 4, "read": 4, "unread": 26, "last_s": 120.0,
        }
    }  # fmt: skip
    assert found["tasks"] == {
        "open": 37, "late": 5, "today": 2, "service_open": 4, "service_late": 2, "service_today": 2,
    }  # fmt: skip
    assert found["forces"] == {"teams": 0, "on_duty": 1, "shifts_now": 4, "uncovered": 3}
    assert (found["forms"], found["measures"], found["measures_ending"]) == (1, 2, 1)
    assert [row["code"] for row in found["areas"]] == ["510105", "510104"]  # most left first


@pytest.mark.row("ORG-1")
def test_matters_stand_on_the_board_and_open_the_inbox(scene):
    world = make_world(scene.cast)
    for state in ("REPORTED", "REPORTED", "FILED", "DISPATCHED"):
        world.matter(state)
    world.reported(place=place_of("510105001001001"))
    told = {code: figures(scene, code)["matters"] for code in LEVELS}
    assert told == {
        "5101": {"new": 3, "handled": 1},
        "510104": {"new": 2, "handled": 1},
        "510105": {"new": 1, "handled": 0},
        "510104001": {"new": 2, "handled": 1},
        "510104002": {"new": 0, "handled": 0},
        "510104001001": {"new": 2, "handled": 1},
        "510105002002": {"new": 0, "handled": 0},
    }
    assert figures(scene, "510104001001001")["matters"] is None  # they are counted by community
    client = scene.cast.client("city_commander")
    for show, n in told["510104"].items():
        link = f"/matters?area=510104&show={show}"
        assert f'href="{link.replace("&", "&amp;")}"' in client.get("/board/510104").content.decode()
        assert len(client.get(link).context["rows"]) == n
    wall = scene.cast.client("wall").get("/wall/5101").content.decode()
    assert 'data-f="matters.new">3<' in wall and "/matters?" not in wall
    assert figures(scene, "5101", drill="1")["matters"] == {"new": 0, "handled": 0}
    assert "/matters?area" not in client.get("/board/5101?drill=1").content.decode()


@pytest.mark.row("ORG-1")
def test_a_task_whose_clock_stands_is_open_and_not_late(scene):
    before = figures(scene, "5101")["tasks"]
    late = Task.objects.everywhere("a test").filter(due_at__lt=AT, closed_at=None, drill=False)
    suspended = late.filter(pk=late.earliest("pk").pk).update(suspended_at=AT)
    after = figures(scene, "5101")
    assert (after["tasks"]["open"], after["tasks"]["late"]) == (before["open"], before["late"] - suspended)
    assert sum(holder["late"] for holder in after["holders"]) <= after["tasks"]["late"]
    listed = scene.cast.client("city_commander").get(f"/board/5101/rows/{Listing.TASKS_LATE}")
    assert len(listed.context["found"].rows) == after["tasks"]["late"]


@pytest.mark.row("ORG-1")
@pytest.mark.parametrize("code", LEVELS)
def test_each_figure_opens_exactly_the_rows_it_was_counted_from(scene, code):
    found, client = figures(scene, code), scene.cast.client("city_commander")
    receipts = found["directives"][str(scene.directive.pk)]
    told = {
        Listing.TASKS_OPEN: found["tasks"]["open"],
        Listing.TASKS_LATE: found["tasks"]["late"],
        Listing.TASKS_TODAY: found["tasks"]["today"],
        Listing.SERVICE_OPEN: found["tasks"]["service_open"],
        Listing.SERVICE_LATE: found["tasks"]["service_late"],
        Listing.SERVICE_TODAY: found["tasks"]["service_today"],
        Listing.FORMS: found["forms"],
        Listing.MEASURES: found["measures"],
        Listing.ENDING: found["measures_ending"],
        Listing.LEFT: found["coverage"]["left"],
        Listing.TREND: sum(len(r["samples"]) for r in client.get(f"/api/board/{code}/trend").json()["rounds"]),
        Listing.UNREAD: receipts["unread"],
        Listing.UNDELIVERED: receipts["asked"] - receipts["delivered"],
        Listing.TEAMS: found["forces"]["teams"],
        Listing.UNCOVERED: found["forces"]["uncovered"],
    }
    assert set(told) == set(Listing)
    for listing, count in told.items():
        of = {"of": scene.directive.pk} if listing in (Listing.UNREAD, Listing.UNDELIVERED) else {}
        address, rows = f"/board/{code}/rows/{listing}", 0
        page = client.get(address, of)
        assert page.context["found"].total == count, listing
        rows += len(page.context["found"].rows)
        while page.context["more"]:
            page = client.get(address + page.context["more"])
            rows += len(page.context["found"].rows)
        assert rows == count, listing


@pytest.mark.row("ORG-1")
@pytest.mark.parametrize("code", LEVELS)
def test_what_the_database_groups_equals_the_sum_of_the_rows(scene, code):
    """Read by community for the whole city, or by place on the area's own ground: the same counts."""
    ground = get_area(code).ranges
    at = AT + timedelta(minutes=5)
    readings = [
        (parts.coverage, (scene.round.pk,)),
        (parts.receipts, (scene.directive.source,)),
        (parts.tasks, (False,)),
        (parts.on_duty, (False,)),
    ]
    for part, key in readings:
        grouped, fine = part(*key, (), at=at).over(ground), part(*key, ground, at=at).over(ground)
        if len(code) <= 12:
            assert grouped == fine
        assert sum(fine.values()) > 0 or part is parts.on_duty
    mine = Task.objects.within(Scope(ground)).filter(source=scene.directive.source)
    last = mine.aggregate(last=Max("delivered_at"))["last"]
    assert moment_of(parts.receipts(scene.directive.source, ground, at=at).last(ground)) == last
    assert parts.receipts(scene.directive.source, ground, at=at).over(ground) == mine.aggregate(
        asked=Count("pk"), delivered=Count("delivered_at"), read=Count("read_at")
    )
    told = forces(ground, at=at)
    assert parts.on_duty(False, ground, at=at).over(ground) == {
        "teams": told.teams, "on_duty": told.on_duty, "shifts_now": told.shifts_now,
    }  # fmt: skip
    covered = coverage_total(scene.round.pk, ground)
    counts = parts.coverage(scene.round.pk, ground, at=at).over(ground)
    assert (counts["doors"], counts["settled"], counts["visits"]) == (covered.doors, covered.settled, covered.visits)


@pytest.mark.row("PRI-1")
def test_service_and_safety_are_two_panels_of_equal_weight(scene):
    page = scene.cast.client("city_commander").get("/board/5101").content.decode()
    hands = re.search(r'<div class="hands">(.*?)</div>\s*<div class="middle">', page, re.DOTALL)[1]
    service, safety = re.findall(r'<section class="panel (?:service|safety)".*?</section>', hands, re.DOTALL)
    assert service.count('class="fig"') == safety.count('class="fig"') == 4
    assert page.count('class="panel service"') == page.count('class="panel safety"') == 1


def test_routine_shows_calmly_what_there_is_and_leaves_out_what_there_is_not(db):
    cast = make_city(at=AT)
    client = cast.client("city_commander")
    found = client.get("/api/board/5101").json()
    assert found["coverage"] is None
    assert found["directives"] == {}
    assert found["show"] == "tasks"
    assert found["areas"][0]["whole"] == 0
    page = client.get("/board/5101").content.decode()
    assert '<span class="posture">常态</span>' in page
    assert "此处没有生效中的指令。" in page
    assert 'data-f="coverage' not in page


def test_a_drill_is_shown_as_a_drill_and_can_be_left_for_what_is_real(drill):
    client = drill.cast.client("city_commander")
    page = client.get("/board/5101").content.decode()
    assert "演练：Outbreak。不向居民发出任何信息" in page
    assert client.get("/api/board/5101").json()["tasks"]["open"] == 37
    real = client.get("/api/board/5101", {"drill": False}).json()
    assert real["tasks"]["open"] == 0
    assert real["directives"] == {}
    assert real["measures"] == real["forms"] == 0
    assert real["coverage"] is None
    assert real["forces"] == {"teams": 0, "on_duty": 0, "shifts_now": 0, "uncovered": 0}
    assert client.get("/api/board/5101", {"drill": True}).json()["forces"]["shifts_now"] == 4


def test_the_same_figures_answer_304_with_the_moment_they_still_hold(scene):
    client = scene.cast.client("city_commander")
    first = client.get("/api/board/5101")
    again = client.get("/api/board/5101", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["X-As-Of"] >= first["X-As-Of"] > "2026-08-03T10:05"
    scene.visit("510105002", "ANSWERED", 1)
    changed = client.get("/api/board/5101", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed.json()["coverage"]["settled"] == 18


def test_what_the_page_shows_is_in_the_address(scene):
    client = scene.cast.client("city_commander")
    page = client.get("/board/5101", {"show": "receipts"})
    assert page.context["board"].show == "receipts"
    assert 'href="/board/510104?show=receipts"' in page.content.decode()


@pytest.mark.parametrize(("lang", "title"), [("zh-hans", "锦江区 · 棋盘"), ("en", "Jinjiang · Board")])
def test_the_title_names_the_ground_and_the_board_once(scene, lang, title):
    page = scene.cast.client("city_commander").get("/board/510104", headers={"Accept-Language": lang})
    assert f"<title>{title}</title>" in page.content.decode()


@pytest.mark.parametrize(("name", "address"), [("page", "/board/5101"), ("figures", "/api/board/5101")])
def test_the_number_of_queries_is_a_committed_number(scene, name, address):
    client = scene.cast.client("city_commander")
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(address)
    told = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(told) == COUNTS[name], "\n".join(told)


@pytest.mark.row("EMG-5")
def test_board_and_wall_show_the_warnings_of_their_ground_until_they_end(scene):
    cast = scene.cast
    words = {"headline": "暴雨橙色预警", "description": "d", "instruction": "i", "basis": "法", "kind": "rainstorm"}
    warning = issue_warning(
        **words, colour=2, issuer=cast.unit("5101:city-command"), ground_codes=["510104001"], starts_at=scene.at,
        expires_at=scene.at + timedelta(hours=7), by=cast.city_commander, at=scene.at,
    )  # fmt: skip
    commander = cast.client("city_commander")
    for address, shown in (
        ("/board/5101", True),
        ("/board/510104", True),
        ("/board/510105", False),
        ("/wall/5101", True),
    ):
        page = commander.get(address).content.decode()
        assert ("橙色预警</span>" in page and "暴雨橙色预警" in page) is shown, address
    before = commander.get("/api/board/5101").json()["shape"]
    cancel_warning(warning, reason="解除", by=cast.city_commander, at=scene.at)
    assert "暴雨橙色预警" not in commander.get("/board/5101").content.decode()
    assert commander.get("/api/board/5101").json()["shape"] != before
