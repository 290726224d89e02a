"""A team is asked for its own doors: on its phone, by any client with its pass, and on its paper."""

import json
from io import BytesIO

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from qipan.access.api import issue_pass
from qipan.deployment.api import Team
from qipan.forms.api import Form, Submission, open_form, seed_forms
from qipan.forms.testing import CODE, Filled, opened, publish
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of

from .test_forms import listed, page_of

pytestmark = pytest.mark.row("EMG-20", "SCR-1")
FIRST, SECOND = "510104001001001", "510104001001002"  # the compounds of the two teams
OURS, THEIRS = f"{FIRST}0003", f"{SECOND}0003"
HELD = "qipan_held.csv"


@pytest.fixture
def others(scene):
    """A phone of the other team of the community, with a pass on the same ground."""
    given = issue_pass(
        label="排查员乙",
        role_code="screening-worker",
        unit=scene.cast.unit("510104001001:community"),
        team=scene.other.pk,
        expires_at=scene.round.closes_at,
        by=Actor.system("test", acts=["pass.issue"], ranges=[range_of("5101")]),
        at=scene.cast.at,
    )
    client = Client()
    client.cookies["qipan_pass"] = given.token
    return client


def hand_in(client, filled):
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value}
    answer = client.post("/openrosa/submission", {"xml_submission_file": BytesIO(filled.xml())}, headers=headers)
    return answer.status_code


def samples(scene):
    seed_forms(scene.cast.unit("5101:lead-body"), by=scene.cast.lead, at=scene.cast.at)
    for form in Form.objects.all():
        open_form(
            form, grounds=[range_of("510104")], closes_at=scene.round.closes_at, by=scene.cast.city_commander, at=scene.cast.at
        )  # fmt: skip
    return {form.subject: form.code for form in Form.objects.all()}


def test_a_phone_has_the_forms_of_its_teams_doors_and_a_post_those_of_its_ground(scene, others):
    opened(scene.cast, publish(scene.cast), ground=range_of(SECOND))
    assert list(listed(others)) == [CODE]
    assert listed(scene.holder()) == {}
    worker = scene.cast.client("worker")
    assert list(listed(worker)) == [CODE]
    assert list(listed(scene.cast.client("screener"))) == [CODE]  # a pass without a team


def test_what_is_not_asked_of_the_team_is_neither_given_out_nor_taken(scene, others):
    opened(scene.cast, publish(scene.cast), ground=range_of(SECOND))
    client, token = page_of(scene)
    assert b"<xform>" not in client.get("/openrosa/formList", headers=token).content
    for path in (f"/openrosa/forms/{CODE}/form.xml", f"/openrosa/forms/{CODE}/manifest"):
        assert client.get(path, headers=token).status_code == 404
    assert client.get(f"/field/forms/{CODE}/paper").status_code == 404
    said = client.post("/api/field/nuisances", json.dumps({"form": CODE}), content_type="application/json")
    assert said.status_code == 404
    entries = apps.get_model("journal", "Entry").objects.count()
    assert [hand_in(client, Filled(place=place)) for place in (OURS, THEIRS)] == [403, 403]
    assert not Submission.objects.everywhere("a test").exists()
    assert not apps.get_model("desk", "Nuisance").objects.everywhere("a test").exists()
    assert apps.get_model("journal", "Entry").objects.count() == entries
    others.get("/field")
    assert hand_in(others, Filled(place=THEIRS)) == 201


def test_a_form_that_is_open_all_over_is_taken_for_the_own_doors_only(scene, others):
    opened(scene.cast, publish(scene.cast))
    client, _token = page_of(scene)
    others.get("/field")
    assert [hand_in(client, Filled(place=place)) for place in (THEIRS, OURS)] == [403, 201]
    assert [hand_in(others, Filled(place=place)) for place in (OURS, THEIRS)] == [403, 201]
    rows = Submission.objects.everywhere("a test").order_by("place").values_list("place", "team")
    assert list(rows) == [(int(OURS), scene.team.pk), (int(THEIRS), scene.other.pk)]


def test_the_phone_is_given_the_values_of_its_own_doors(scene, others):
    code = samples(scene)["DOOR"]

    def places(client):
        client.get("/field")
        token = {"X-CSRFToken": client.cookies["csrftoken"].value}
        held = client.get(f"/openrosa/forms/{code}/media/{HELD}", headers=token)
        assert held.status_code == 200
        return [line.partition(",")[0] for line in held.content.decode().splitlines()[1:]]

    assert places(scene.holder()) == [f"{FIRST}{n:04d}" for n in range(1, 11)]
    assert places(others) == [f"{SECOND}{n:04d}" for n in range(1, 11)]
    assert len(places(scene.cast.client("worker"))) == 20


def test_a_form_about_the_unit_is_the_whole_units_whichever_team_writes_it_down(scene, others):
    code = samples(scene)["UNIT"]
    unit = scene.cast.unit("510104001001:community").code
    for client in (scene.holder(), others):
        assert code in listed(client)
        client.get("/field")
        token = {"X-CSRFToken": client.cookies["csrftoken"].value}
        held = client.get(f"/openrosa/forms/{code}/media/{HELD}", headers=token).content.decode()
        assert unit in [line.partition(",")[0] for line in held.splitlines()]


@pytest.mark.row("SVC-10")
def test_a_lapsed_form_of_other_doors_is_not_told(scene, others):
    form = opened(scene.cast, publish(scene.cast), ground=range_of(SECOND))
    Form.objects.filter(pk=form.pk).update(valid_to=timezone.now())
    assert listed(others)[CODE]["lapsed"] is True
    assert listed(scene.holder()) == {}


def test_the_paper_of_a_pass_is_of_its_teams_doors_also_of_a_part_of_a_compound(scene, others):
    opened(scene.cast, publish(scene.cast))
    path = f"/field/forms/{CODE}/paper"
    assert scene.holder().get(f"{path}?compound={SECOND}0000").status_code == 404
    assert others.get(f"{path}?compound={SECOND}0000").status_code == 200
    assert scene.holder().get(path).content.decode().count("<caption>") == 10
    half = Team.objects.everywhere("a test").filter(pk=scene.team.pk)
    half.update(first=int(f"{FIRST}0004"), last=int(f"{FIRST}0006"))
    assert scene.holder().get(path).content.decode().count("<caption>") == 3


def test_a_pass_whose_team_works_elsewhere_is_asked_nothing(scene):
    opened(scene.cast, publish(scene.cast))
    away = range_of("510105")
    Team.objects.everywhere("a test").filter(pk=scene.team.pk).update(first=away.first, last=away.last)
    assert listed(scene.holder()) == {}
    client, _token = page_of(scene)
    assert hand_in(client, Filled(place=OURS)) == 403
    assert not Submission.objects.everywhere("a test").exists()
