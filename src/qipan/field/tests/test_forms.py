"""Forms of a team's ground on its phone: what is listed, what lapsed, and the address that filled ones go to."""

import json
from datetime import datetime, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from django.utils import timezone

from qipan.field.actions import held_here
from qipan.forms.api import Form, FormOpening, Submission, open_form, seed_forms
from qipan.forms.testing import CODE, DOOR, Filled, opened, publish
from qipan.kernel.ids import uuid7
from qipan.kernel.place import range_of

from ..rules import head_of

LIST = "/api/field/forms"


def listed(client):
    answer = client.get(LIST)
    assert answer.status_code == 200, answer.content
    return {form["code"]: form for form in answer.json()["forms"]}


def page_of(scene):
    """The phone with its page open: it holds the page's own token."""
    client = scene.holder()
    client.get("/field")
    return client, {"X-CSRFToken": client.cookies["csrftoken"].value}


@pytest.mark.row("EMG-20", "SVC-10")
def test_the_forms_of_the_ground_are_listed_with_their_passports(scene):
    client = scene.holder()
    assert listed(client) == {}
    form = opened(scene.cast, publish(scene.cast))
    found = listed(client)[CODE]
    assert {name: found[name] for name in ("version", "title", "about", "lapsed", "files", "blocked")} == {
        "version": 1, "title": "入户需求表", "about": "DOOR", "lapsed": False, "files": [], "blocked": "",
    }  # fmt: skip
    assert len(found["sum"]) == 24
    assert dict(found["passport"])["表号"] == "QP-7"
    assert dict(found["passport"])["用途"] == "help where it is needed"
    english = client.get(LIST, headers={"Accept-Language": "en"}).json()["forms"][0]
    assert (english["title"], dict(english["passport"])["Form number"]) == ("Needs at the door", "QP-7")
    FormOpening.objects.filter(form=form).update(closed_at=scene.cast.at)
    assert listed(client) == {}


def test_the_list_tells_the_time_of_the_clock_that_the_house_runs_on(scene, clock_at):
    shown = scene.cast.at + timedelta(days=9)
    clock_at(shown)
    told = datetime.fromisoformat(scene.holder().get(LIST)["As-Of"])
    assert timedelta(0) <= told - shown < timedelta(minutes=1)


@pytest.mark.row("SVC-10")
def test_a_form_whose_passport_lapsed_is_told_for_a_month_without_its_questions(scene):
    form = opened(scene.cast, publish(scene.cast))
    Form.objects.filter(pk=form.pk).update(valid_to=timezone.now() - timedelta(minutes=1))
    found = listed(scene.holder())[CODE]
    assert (found["lapsed"], found["sum"], found["files"]) == (True, "", [])
    client, token = page_of(scene)
    assert client.get(f"/openrosa/forms/{CODE}/form.xml", headers=token).status_code == 404
    Form.objects.filter(pk=form.pk).update(valid_to=timezone.now() - timedelta(days=31))
    assert listed(client) == {}


def test_what_is_held_has_a_sum_and_a_ground_that_is_too_wide_says_so(scene, monkeypatch):
    seed_forms(scene.cast.unit("5101:lead-body"), by=scene.cast.lead, at=scene.cast.at - timedelta(days=1))
    form = Form.objects.get(code="door-screening")
    until = scene.cast.at + timedelta(days=3)
    open_form(form, grounds=[range_of("510104")], closes_at=until, by=scene.cast.city_commander, at=scene.cast.at)
    ((name, sum_),) = listed(scene.holder())["door-screening"]["files"]
    assert (name, len(sum_)) == ("qipan_held.csv", 64)
    monkeypatch.setattr("qipan.forms.queries.held.MOST_PLACES", 5)
    found = listed(scene.holder())["door-screening"]
    assert (found["files"], found["blocked"]) == ([], "这片区域超过 5 个地点；请选择更小的范围。")


@pytest.mark.parametrize(("name", "status"), [("anonymous", 401), ("stranger", 403), ("guard", 403), ("worker", 200)])
def test_the_list_opens_with_the_act_only(scene, name, status):
    assert scene.cast.client(name).get(LIST).status_code == status


@pytest.mark.row("EMG-20")
def test_the_page_hands_in_by_its_cookie_and_its_own_token_once(scene):
    opened(scene.cast, publish(scene.cast))
    client, token = page_of(scene)
    filled = Filled()

    def hand_in(headers):
        body = {"xml_submission_file": BytesIO(filled.xml())}
        return client.post("/openrosa/submission", body, headers=headers).status_code

    for wrong in ({}, {"X-CSRFToken": ""}, {"X-CSRFToken": "x" * 32}):
        assert client.get(f"/openrosa/forms/{CODE}/form.xml", headers=wrong).status_code == 401
        assert hand_in(wrong) == 401
    assert not Submission.objects.everywhere("a test").exists()
    assert b"<h:html" in client.get(f"/openrosa/forms/{CODE}/form.xml", headers=token).content
    assert [hand_in(token), hand_in(token)] == [201, 202]
    (row,) = Submission.objects.everywhere("a test")
    assert (row.instance_id, row.place, row.team) == (filled.id, int(DOOR), scene.team.pk)
    known = UUID(filled.id.removeprefix("uuid:"))
    assert held_here([known, uuid7()]) == {known}
    client.cookies["qipan_pass"] = scene.phone.token[:-4] + "AAAA"
    assert hand_in(token) == 401  # the token without a good pass opens nothing


def test_a_filled_form_stands_on_the_phones_list(scene):
    opened(scene.cast, publish(scene.cast))
    client, token = page_of(scene)
    filled, other = Filled(), uuid7()
    client.post("/openrosa/submission", {"xml_submission_file": BytesIO(filled.xml())}, headers=token)
    lines = [(filled.id.removeprefix("uuid:"), DOOR), (str(other), DOOR)]
    body = {
        "device": str(uuid7()),
        "before": "",
        "head": head_of("", lines),
        "lines": [{"id": one, "place": place} for one, place in lines],
    }
    answer = client.post("/api/field/lists", json.dumps(body), content_type="application/json")
    assert answer.json() == {"missing": [str(other)]}


def test_only_the_phone_page_may_run_the_engine(scene):
    page = scene.holder().get("/field")
    assert "script-src 'self' 'wasm-unsafe-eval'" in page["Content-Security-Policy"]
    assert "unsafe-eval" not in page["Content-Security-Policy"].replace("wasm-unsafe-eval", "")
    assert "wasm" not in scene.holder().get("/field/paper")["Content-Security-Policy"]
    script = scene.holder().get("/field/worker.js").content.decode()
    keep, later = (json.loads(script.partition(f"self.{name}=")[2].partition(";")[0]) for name in ("KEEP", "LATER"))
    assert [path.rpartition("/")[2].partition("-")[0] for path in later] == ["filling"]
    assert set(keep).isdisjoint(later)


@pytest.mark.row("SVC-13")
def test_a_form_called_a_nuisance_counts_for_the_unit_once_and_is_seen_on_its_page(scene):
    form = opened(scene.cast, publish(scene.cast))
    client = scene.holder()

    def say(code):
        return client.post("/api/field/nuisances", json.dumps({"form": code}), content_type="application/json")

    assert say("nothing").status_code == 404
    assert [say(CODE).json()["answer"] for _again in range(2)] == ["noted", "known"]
    page = scene.cast.client("lead").get("/forms").content.decode()
    assert "被反映添麻烦" in page and "八周内有1个单位反映" in page
    assert "八周内有1个单位反映" in scene.cast.client("lead").get(f"/forms/{CODE}").content.decode()
    meter = scene.cast.client("lead").get("/burden").content.decode()
    table = meter.partition('id="burden-nuisances"')[2].partition("</table>")[0]
    assert form.title in table and form.issuer.label in table
    client.cookies.clear()
    assert say(CODE).status_code == 401
