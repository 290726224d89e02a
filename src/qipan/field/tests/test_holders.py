"""A phone names whom it keeps something for: under another pass or post it gets nothing and gives nothing."""

import json

import pytest
from django.apps import apps
from django.utils import timezone

from qipan.access.api import end_post, forget, revoke_passes
from qipan.field.models import DeviceList
from qipan.forms.api import Submission
from qipan.kernel.actor import Actor
from qipan.kernel.ids import uuid7
from qipan.kernel.place import range_of
from qipan.screening.api import Visit

DOOR = "5101040010010010001"


def asks(client, scene, holder):
    return client.get("/api/field/doors", {"team": scene.team.pk}, headers={"Qipan-Holder": holder})


def end(scene, name):
    post = apps.get_model("access", "Post").objects.everywhere("a test").get(pk=getattr(scene.cast, name).post_id)
    admin = Actor.system("test", acts=["account.manage"], ranges=[range_of("5101")])
    end_post(post, by=admin, at=timezone.now())
    forget()


class TestNamingTheHolder:
    def test_its_own_pass_or_post_is_answered(self, scene):
        worker = scene.cast.worker
        assert worker.holder == f"post {worker.post_id}"
        assert asks(scene.cast.client("worker"), scene, worker.holder).status_code == 200
        assert asks(scene.holder(), scene, str(scene.phone.issued.serial)).status_code == 200

    @pytest.mark.parametrize("who", ["post", "pass"])
    def test_another_that_is_in_force_keeps_what_it_has(self, scene, who):
        named = {"post": scene.cast.worker.holder, "pass": str(scene.phone.issued.serial)}[who]
        answer = asks(scene.cast.client("neighbour_worker"), scene, named)
        assert (answer.status_code, answer.json()["code"]) == (401, "other_holder")

    @pytest.mark.parametrize("who", ["post", "pass", "nobody"])
    def test_one_that_has_ended_is_told_so_whoever_asks(self, scene, who):
        named = {"post": scene.cast.worker.holder, "pass": str(scene.phone.issued.serial), "nobody": "x"}[who]
        end(scene, "worker")
        revoke_passes(team_ids=[scene.team.pk], by=scene.cast.city_commander, at=scene.cast.at)
        forget()
        answer = asks(scene.cast.client("neighbour_worker"), scene, named)
        assert (answer.status_code, answer.json()["code"]) == (401, "right_ended")

    def test_whoever_lost_the_only_post_hears_that_the_right_has_ended(self, scene):
        end(scene, "worker")
        assert asks(scene.cast.client("worker"), scene, scene.cast.worker.holder).json()["code"] == "right_ended"

    def test_without_a_session_somebody_has_to_sign_in(self, scene):
        answer = asks(scene.cast.client("anonymous"), scene, scene.cast.worker.holder)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")

    @pytest.mark.row("EMG-20")
    def test_nothing_is_stored_for_another(self, scene):
        """Both posts may enter visits; the second must not send what the first one found."""
        client, at = scene.cast.client("neighbour_worker"), timezone.now().isoformat()
        visit = {"id": str(uuid7()), "round": scene.round.pk, "place": DOOR, "outcome": "ANSWERED", "at": at}
        line = {"id": visit["id"], "place": DOOR}
        body = {"device": str(uuid7()), "before": "", "head": "0" * 64, "lines": [line]}
        headers = {"X-CSRFToken": "unused", "Qipan-Holder": scene.cast.worker.holder}
        for path, told in (
            ("/api/visits", {"visits": [visit]}),
            ("/api/field/lists", body),
            ("/api/field/matters", {**line, "category": "01003", "text": "楼道灯不亮"}),
        ):
            answer = client.post(path, json.dumps(told), content_type="application/json", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "other_holder"), path
        client.cookies["csrftoken"] = token = "c" * 32
        form = client.post("/openrosa/submission", headers={**headers, "X-CSRFToken": token})
        # Our page asks for the sign-in itself: no window of the browser's does.
        assert (form.status_code, form["X-Refusal"], form.get("WWW-Authenticate")) == (401, "other_holder", None)
        assert not Visit.objects.everywhere("a test").exists()
        assert not DeviceList.objects.everywhere("a test").exists()
        assert not Submission.objects.everywhere("a test").exists()
        assert not apps.get_model("matters", "Matter").objects.everywhere("a test").exists()
