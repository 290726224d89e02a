"""Paper has the same rights as the phone: the sheet by stairwell, its entry, counted once."""

import csv
import re
from html import unescape
from io import StringIO

import pytest
from django.utils import timezone

from qipan.screening.api import DoorState, LateVisit, Outcome, Visit, close_round, coverage_total

from .test_field import visit

pytestmark = pytest.mark.row("SCR-2")
DOORS = [f"510104001001001{n:04d}" for n in range(1, 11)]


def page_of(client, scene):
    return client.get(f"/field/paper?team={scene.team.pk}")


def ticked(page, **outcomes):
    """What a browser sends of the page with these doors ticked, by their number in the stairwell."""
    body = dict(re.findall(r'name="(id-\d{19})" value="([0-9a-f-]{36})"', page.content.decode()))
    at = re.search(r'name="at" value="([^"]+)"', page.content.decode())[1]
    return {**body, "at": at, **{f"door-{DOORS[int(n[1:])]}": outcome for n, outcome in outcomes.items()}}


def states(scene):
    return {
        state.name: n
        for state, n in coverage_total(scene.round.pk, [scene.cast.worker.scope.ranges[0]]).by_state.items()
        if n
    }


def test_the_sheet_shows_each_door_once_by_stairwell_with_a_box_for_each_outcome(scene):
    page = page_of(scene.cast.client("worker"), scene)
    text = page.content.decode()
    assert page.status_code == 200
    assert text.count('type="radio"') == 10 * len(Outcome)
    assert text.count("<caption>") == 1 and "锦江一街一社区1号院" in text
    assert "《中华人民共和国突发事件应对法》第七十三条" in text


def test_what_is_ticked_is_counted_once_however_often_it_is_sent(scene):
    client = scene.cast.client("worker")
    body = ticked(page_of(client, scene), n0="ANSWERED", n3="BY_PHONE", n4="REFUSED", n5="BY_PROXY")
    for _twice in range(2):
        answer = client.post(f"/field/paper?team={scene.team.pk}", body)
        assert (answer.status_code, answer["Location"]) == (302, f"/field/paper?team={scene.team.pk}")
    stored = Visit.objects.everywhere("a test").order_by("place")
    assert [(one.place, Outcome(one.outcome).name) for one in stored] == [
        (int(DOORS[0]), "ANSWERED"),
        (int(DOORS[3]), "BY_PHONE"),
        (int(DOORS[4]), "REFUSED"),
        (int(DOORS[5]), "BY_PROXY"),
    ]
    assert {one.team_id for one in stored} == {scene.team.pk}
    assert states(scene) == {"UNTOUCHED": 16, "ANSWERED": 1, "BY_PHONE": 1, "REFUSED": 1, "BY_PROXY": 1}


def test_paper_and_phone_meet_in_one_state_whichever_comes_first(scene):
    client = scene.cast.client("worker")
    page = page_of(client, scene)
    assert visit(scene.holder(), scene, DOORS[0], "ANSWERED") == "stored"
    client.post(f"/field/paper?team={scene.team.pk}", ticked(page, n0="NOT_HOME"))
    shown = page_of(client, scene).content.decode()
    assert states(scene) == {"UNTOUCHED": 19, "ANSWERED": 1}
    assert str(DoorState.ANSWERED.label) in shown


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"at": ""}, 400),
        ({"at": "yesterday"}, 400),
        ({"at": "2099-01-01T00:00"}, 409),
        ({f"id-{DOORS[0]}": "no id"}, 409),
        ({f"door-{DOORS[0]}": "PERHAPS"}, 400),
    ],
)
def test_refuses_nonsense_keeps_what_was_ticked_and_writes_nothing(scene, changes, status):
    client = scene.cast.client("worker")
    body = ticked(page_of(client, scene), n0="ANSWERED") | changes
    answer = client.post(f"/field/paper?team={scene.team.pk}", body)
    assert answer.status_code == status
    if "door" not in next(iter(changes)):
        assert answer.content.decode().count(" checked") == 1
    assert not Visit.objects.everywhere("a test").exists()


def test_the_sheet_of_a_whole_community_is_taken(scene):
    client = scene.cast.client("worker")
    body = ticked(page_of(client, scene), n0="ANSWERED") | {f"id-{number:019d}": "" for number in range(1, 6_000)}
    assert client.post(f"/field/paper?team={scene.team.pk}", body).status_code == 302
    assert states(scene) == {"UNTOUCHED": 19, "ANSWERED": 1}


@pytest.mark.parametrize(
    ("who", "status"), [("anonymous", 302), ("stranger", 403), ("auditor", 403), ("neighbour_worker", 404)]
)
def test_is_closed_to_others(scene, who, status):
    assert page_of(scene.cast.client(who), scene).status_code == status
    body = {"at": "2026-08-01T10:00", f"door-{DOORS[0]}": "ANSWERED"}
    refused = scene.cast.client(who).post(f"/field/paper?team={scene.team.pk}", body).status_code
    assert refused == (401 if who == "anonymous" else status)  # a form is not sent on to the log-in page
    assert not Visit.objects.everywhere("a test").exists()


@pytest.mark.row("SCR-3")
def test_a_pass_takes_its_teams_doors_along_as_csv_and_no_other_teams(scene):
    visit(scene.holder(), scene, DOORS[0], "NOT_HOME")
    visit(scene.holder(), scene, DOORS[2], "BY_PROXY")
    answer = scene.holder().get("/field/doors.csv", headers={"Accept-Language": "en"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="doors.csv"'
    rows = list(csv.reader(StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert rows[0] == ["Place number", "Compound", "Building", "Stairwell", "Door", "State", "Visits"]
    assert [row[0] for row in rows[1:]] == DOORS
    assert rows[1][1:] == ["锦江一街一社区1号院", "1", "1", "102", "nobody home", "1"]
    assert [row[5:] for row in rows[2:4]] == [["not yet visited", "0"], ["answered on their behalf", "1"]]
    of_page = scene.cast.client("worker").get(f"/field/doors.csv?team={scene.team.pk}").content.decode()
    assert of_page.count("\n") == 11
    assert "/field/doors.csv?team=" in page_of(scene.cast.client("worker"), scene).content.decode()
    assert scene.holder().get(f"/field/doors.csv?team={scene.other.pk}").status_code == 404
    assert scene.cast.client("neighbour_worker").get(f"/field/doors.csv?team={scene.team.pk}").status_code == 404
    assert scene.cast.client("auditor").get("/field/doors.csv").status_code == 403


@pytest.mark.row("EMG-20")
def test_a_sheet_that_comes_back_when_its_round_has_closed_is_kept_and_not_counted(scene):
    client = scene.cast.client("worker")
    page = page_of(client, scene)
    action = unescape(re.search(r'action="(/field/paper[^"]+)"', page.content.decode())[1])
    assert action == f"/field/paper?team={scene.team.pk}&round={scene.round.pk}"
    close_round(scene.round, by=scene.cast.city_commander, at=timezone.now())
    assert f"round={scene.round.pk}" in page_of(client, scene).content.decode()  # no round runs; the old one is offered
    answer = client.post(action, ticked(page, n0="ANSWERED"), follow=True)
    assert answer.status_code == 200
    assert "送达时该轮已结束" in answer.content.decode()
    late = LateVisit.objects.everywhere("a test").get()
    assert (late.place, late.outcome, late.team_id) == (int(DOORS[0]), Outcome.ANSWERED, scene.team.pk)
    assert not Visit.objects.everywhere("a test").exists()
    assert states(scene) == {"UNTOUCHED": 20}


@pytest.mark.parametrize(("asked", "status"), [("x", 400), (str(10**9), 404)])
def test_a_round_in_which_the_team_has_no_doors_has_no_sheet(scene, asked, status):
    assert scene.cast.client("worker").get(f"/field/paper?team={scene.team.pk}&round={asked}").status_code == status
