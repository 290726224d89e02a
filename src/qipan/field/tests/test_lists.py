"""What a phone finished is compared with what is held; a matter reported at a door is one matter."""

import json
from base64 import b64encode
from datetime import datetime, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from django.apps import apps
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from qipan.field.actions import erase_lists
from qipan.field.models import DeviceList
from qipan.field.rules import head_of
from qipan.kernel.ids import uuid7
from qipan.matters.testing import make_world

DOORS = [f"510104001001001{n:04d}" for n in range(1, 11)]
Matter, Report = apps.get_model("matters", "Matter"), apps.get_model("matters", "Report")
DEVICE = "6f1f3d1e-2a0b-4a7e-9b1a-111111111111"


def post(client, path, body):
    return client.post(path, json.dumps(body), content_type="application/json", headers={"X-CSRFToken": "unused"})


def send(client, scene, visit_id, place):
    at = timezone.now().isoformat()
    body = {"id": visit_id, "round": scene.round.pk, "place": place, "outcome": "ANSWERED", "at": at}
    assert post(client, "/api/visits", {"sent_at": at, "visits": [body]}).json()["answers"][0]["answer"] == "stored"


def compare(client, lines, *, before="", head=None, refused=(), gone=None, device=DEVICE):
    told = [{"id": one, "place": place, "gone": (gone or {}).get(one)} for one, place in lines]
    head = head if head is not None else head_of(before, lines)
    body = {"device": device, "before": before, "head": head, "lines": told, "refused": list(refused)}
    return post(client, "/api/field/lists", body)


def lists():
    return list(DeviceList.objects.everywhere("a test").order_by("pk"))


@pytest.fixture
def lines():
    return [(str(uuid7()), place) for place in DOORS[:4]]


@given(st.lists(st.tuples(st.uuids().map(str), st.sampled_from(DOORS)), min_size=2, max_size=8, unique=True), st.data())
def test_a_line_that_is_left_out_or_moved_changes_the_head(lines, data):
    gone = data.draw(st.integers(0, len(lines) - 1))
    assert head_of("", lines) != head_of("", lines[:gone] + lines[gone + 1 :])
    assert head_of("", lines) != head_of("", [lines[1], lines[0], *lines[2:]])
    assert head_of(head_of("", lines[:gone]), lines[gone:]) == head_of("", lines)


class TestComparing:
    def test_names_what_is_not_held_and_forgets_it_when_it_comes(self, scene, lines):
        client = scene.holder()
        for one, place in lines[:2]:
            send(client, scene, one, place)
        answer = compare(client, lines, refused=[lines[3][0]])
        assert (answer.status_code, answer.json()) == (200, {"missing": [lines[2][0]]})
        assert [row.missing for row in lists()] == [[[lines[2][0], lines[2][1]]]]
        page = scene.cast.client("worker").get("/field/lists").content.decode()
        assert lines[2][0][:8] in page and scene.team.name in page
        send(client, scene, *lines[2])
        assert compare(client, lines, refused=[lines[3][0]]).json() == {"missing": []}
        assert [row.missing for row in lists()] == [[]]
        assert lines[2][0][:8] not in scene.cast.client("worker").get("/field/lists").content.decode()

    @pytest.mark.parametrize("why", ["REFUSED", "REOPENED", "DROPPED"])
    def test_a_line_that_will_never_arrive_is_told_with_why_and_not_missed(self, scene, lines, why):
        client, (here, *others) = scene.holder(), [one for one, _place in lines]
        send(client, scene, *lines[0])
        assert compare(client, lines, gone={others[0]: "LOST"}).status_code == 400
        assert lists() == []
        assert compare(client, lines, gone=dict.fromkeys([here, *others[:2]], why)).json() == {"missing": [others[2]]}
        assert [row.missing for row in lists()] == [[list(lines[3])]]

    def test_goes_on_where_it_stood_also_when_the_answer_was_lost(self, scene, lines):
        client = scene.holder()
        for one, place in lines:
            send(client, scene, one, place)
        first = head_of("", lines[:2])
        for _again in range(2):
            assert compare(client, lines[:2]).json() == {"missing": []}
        for _again in range(2):
            assert compare(client, lines[2:], before=first).json() == {"missing": []}
        assert lists()[0].head == head_of("", lines)
        assert lists()[0].broken_at is None

    @pytest.mark.parametrize("how", ["another head", "another beginning"])
    def test_a_list_that_does_not_go_on_is_shown_to_the_community(self, scene, lines, how):
        client = scene.holder()
        for one, place in lines:
            send(client, scene, one, place)
        assert compare(client, lines[:2]).status_code == 200
        stood = lists()[0].head
        answer = (
            compare(client, lines[2:], before=stood, head="0" * 64)
            if how == "another head"
            else compare(client, lines[2:], before="f" * 64)
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "list_broken")
        assert (lists()[0].head, lists()[0].broken_at is not None) == (stood, True)
        assert "可能已被清空" in scene.cast.client("worker").get("/field/lists").content.decode()

    def test_keeps_no_count_of_anybodys_work(self):
        names = {field.name for field in DeviceList._meta.get_fields()}
        assert names == {
            "id", "device", "holder", "team", "place", "head", "before", "missing", "broken_at", "emptied_at", "compared_at", "erase_at"
        }  # fmt: skip

    def test_another_holder_cannot_go_on_with_it(self, scene, lines):
        assert compare(scene.holder(), lines).status_code == 200
        kept = lists()[0].missing
        path = f"/api/field/lists?team={scene.team.pk}"
        told = [{"id": one, "place": place} for one, place in lines]
        body = {"device": DEVICE, "before": "", "head": head_of("", lines), "lines": told}
        assert post(scene.cast.client("worker"), path, body).status_code == 404
        assert post(scene.cast.client("stranger"), path, body).status_code == 403
        assert post(scene.holder(), path, {**body, "lines": []}).status_code == 400
        assert [row.missing for row in lists()] == [kept]

    def test_is_erased_after_a_month(self, scene, lines):
        compare(scene.holder(), lines)
        ends = lists()[0].erase_at
        assert erase_lists(at=ends - timedelta(seconds=1)) == 0
        assert erase_lists(at=ends) == 1
        assert lists() == []


@pytest.mark.row("EMG-20")
def test_a_phone_that_has_not_compared_today_is_named_and_nothing_is_claimed_of_it(scene, lines):
    worker, holder = scene.cast.client("worker"), scene.holder()

    def unheard():
        page = worker.get("/field/lists", headers={"Accept-Language": "en"})
        return [str(row.device) for row in page.context["unheard"]], page.content.decode()

    nothing = "Nothing is missing: what the phones have finished is held here."
    assert unheard()[0] == [] and nothing in unheard()[1]
    assert post(holder, "/api/field/lists/begin", {"device": DEVICE}).status_code == 200
    found, page = unheard()
    assert found == [DEVICE] and "not compared yet" in page and nothing not in page
    for visit_id, place in lines:
        send(holder, scene, visit_id, place)
    assert compare(holder, lines).json() == {"missing": []}
    assert unheard()[0] == [] and nothing in unheard()[1]
    DeviceList.objects.everywhere("a test").update(compared_at=timezone.now() - timedelta(days=1))
    found, page = unheard()
    assert found == [DEVICE] and "not compared yet" not in page and nothing not in page
    assert scene.cast.client("neighbour_worker").get("/field/lists").context["unheard"].count() == 0


@pytest.mark.row("EMG-20")
class TestReporting:
    def told(self, **changes):
        return {"id": str(uuid7()), "category": "01003", "place": DOORS[0], "text": "楼道灯不亮", **changes}

    def test_sent_twice_it_is_one_matter_and_stands_on_the_list(self, scene):
        make_world(scene.cast)
        client, told = scene.holder(), self.told()
        first, second = (post(client, "/api/field/matters", told) for _twice in range(2))
        assert first.status_code == 200 and first.json() == second.json()
        matter = Matter.objects.everywhere("a test").get()
        assert (matter.number, matter.channel, matter.place) == (first.json()["number"], "WORKER", int(DOORS[0]))
        assert Report.objects.get().nonce == f"field {told['id']}"
        assert compare(client, [(told["id"], told["place"])]).json() == {"missing": []}

    def test_told_on_the_page_of_an_exercise_it_is_a_drills_matter(self, scene):
        """Red line 15: also by a post, which has no pass and picks the team on the page."""
        make_world(scene.cast)
        assert post(scene.cast.client("worker"), "/api/field/matters", self.told(drill=True)).status_code == 200
        assert [matter.drill for matter in Matter.objects.everywhere("a test")] == [True]

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"category": "99999"}, 404),
            ({"text": " "}, 400),
            ({"place": "x"}, 400),
            ({"place": "5101070010010010001"}, 400),
            ({"id": "x"}, 400),
        ],
    )
    def test_refuses_nonsense_and_writes_nothing(self, scene, changes, status):
        make_world(scene.cast)
        assert post(scene.holder(), "/api/field/matters", self.told(**changes)).status_code == status
        assert not Matter.objects.everywhere("a test").exists()

    def picture(self):
        kept = BytesIO()
        Image.new("RGB", (40, 30), "red").save(kept, "JPEG")
        return b64encode(kept.getvalue()).decode()

    @pytest.mark.row("MAT-1")
    def test_photographs_come_with_it_written_anew_and_once(self, scene):
        make_world(scene.cast)
        told = self.told(photos=[self.picture(), self.picture()])
        for _twice in range(2):
            assert post(scene.holder(), "/api/field/matters", told).status_code == 200
        photos = apps.get_model("matters", "Photo").objects.order_by("pk")
        assert [(one.width, one.height, one.report.nonce) for one in photos] == [(40, 30, f"field {told['id']}")] * 2

    @pytest.mark.row("MAT-1")
    @pytest.mark.parametrize("photos", [["?"], [b64encode(b"no picture").decode()], ["four"] * 4])
    def test_what_is_no_photograph_is_refused_and_nothing_is_written(self, scene, photos):
        make_world(scene.cast)
        assert post(scene.holder(), "/api/field/matters", self.told(photos=photos)).status_code == 400
        assert not Matter.objects.everywhere("a test").exists()

    @pytest.mark.row("MAT-1")
    def test_what_may_be_the_same_is_hinted_at_and_joined_where_the_worker_says_so(self, scene):
        make_world(scene.cast)
        client = scene.holder()
        first = post(client, "/api/field/matters", self.told()).json()["number"]
        look = {"category": "01003", "place": DOORS[1], "text": "楼道的灯不亮了"}
        (one,) = post(client, "/api/field/matters/similar", look).json()["alike"]
        assert one["number"] == first
        assert post(client, "/api/field/matters/similar", look | {"text": "井盖"}).json() == {"alike": []}
        told = self.told(place=DOORS[1], text=look["text"], same=one["id"])
        for _twice in range(2):
            assert post(client, "/api/field/matters", told).json()["number"] == first
        assert Report.objects.count() == 2
        # What was not hinted at is joined by no number.
        other = self.told(place=DOORS[2], text="井盖破损", same=one["id"])
        assert post(client, "/api/field/matters", other).json()["number"] != first
        assert Matter.objects.everywhere("a test").count() == 2

    @pytest.mark.row("MAT-1")
    def test_no_hint_leads_from_work_into_a_drill_nor_to_another_ground(self, scene):
        make_world(scene.cast)
        post(scene.cast.client("worker"), "/api/field/matters", self.told(drill=True))
        look = {"category": "01003", "place": DOORS[0], "text": "楼道灯不亮"}
        path = "/api/field/matters/similar"
        assert post(scene.holder(), path, look).json() == {"alike": []}
        assert len(post(scene.cast.client("worker"), path, look | {"drill": True}).json()["alike"]) == 1
        assert post(scene.cast.client("neighbour_worker"), path, look | {"drill": True}).json() == {"alike": []}
        assert post(scene.cast.client("auditor"), path, look).status_code == 403
        assert post(scene.holder(), path, look | {"place": "x"}).status_code == 400

    def test_refuses_whoever_may_not_report(self, scene):
        make_world(scene.cast)
        assert post(scene.cast.client("auditor"), "/api/field/matters", self.told()).status_code == 403
        assert UUID(self.told()["id"]).version == 7
        assert not Matter.objects.everywhere("a test").exists()


@pytest.mark.row("EMG-20")
class TestBeginning:
    def begin(self, client, device=DEVICE, **query):
        return post(client, "/api/field/lists/begin" + (f"?team={query['team']}" if query else ""), {"device": device})

    def test_a_phone_that_comes_back_without_its_list_had_its_store_emptied(self, scene, lines):
        client, other = scene.holder(), str(uuid7())
        first = self.begin(client)
        assert (first.status_code, first.json()) == (200, {"emptied": None})
        cookie = client.cookies[f"qipan_list_{scene.phone.issued.serial}"]
        assert (cookie.value, cookie["path"], cookie["samesite"]) == (DEVICE, "/api/field/lists", "Lax")
        assert self.begin(client).json() == {"emptied": None}  # the same list again
        compare(client, lines[:1])
        (held,) = lists()
        told = datetime.fromisoformat(self.begin(client, other).json()["emptied"])
        assert held.compared_at - told < timedelta(milliseconds=1)  # JSON says milliseconds
        assert [row.emptied_at is not None for row in lists()] == [True, False]
        noted = lists()[0].emptied_at
        assert self.begin(client, other).json() == {"emptied": None}
        assert lists()[0].emptied_at == noted
        assert "浏览器或人为清空" in scene.cast.client("worker").get("/field/lists").content.decode()
        acts = apps.get_model("journal", "Entry").objects.filter(act="field.miss_store")
        assert [(entry.place, entry.data) for entry in acts] == [(scene.team.place, {})]

    def test_the_list_that_was_begun_goes_on(self, scene, lines):
        client = scene.holder()
        self.begin(client)
        assert compare(client, lines[:2]).json() == {"missing": [one for one, _place in lines[:2]]}
        assert [row.emptied_at for row in lists()] == [None]

    def test_another_phone_of_the_same_post_is_no_emptied_one(self, scene):
        assert self.begin(scene.holder()).status_code == self.begin(scene.holder(), str(uuid7())).status_code == 200
        assert [row.emptied_at for row in lists()] == [None, None]

    @pytest.mark.parametrize("cookie", ["x", "01a22885-aab3-7629-a27d-29c68a1ca2c2"])
    def test_a_cookie_that_names_no_list_of_the_holder_tells_nothing(self, scene, cookie):
        client = scene.holder()
        client.cookies[f"qipan_list_{scene.phone.issued.serial}"] = cookie
        assert self.begin(client).json() == {"emptied": None}
        assert [row.emptied_at for row in lists()] == [None]

    def test_another_holders_number_is_refused_and_nothing_is_written(self, scene):
        self.begin(scene.holder())
        kept = lists()[0].holder
        team = scene.team.pk
        assert self.begin(scene.cast.client("worker"), team=team).status_code == 404
        assert self.begin(scene.cast.client("stranger"), team=team).status_code == 403
        assert self.begin(scene.holder(), "x").status_code in (400, 422)
        assert [row.holder for row in lists()] == [kept]
