"""The public list of admissions, and the ground for which work was admitted (SVC-9)."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.desk.actions.admissions import admit_emergency, apply_admission, decide_admission
from qipan.desk.actions.sending import GroundNotAdmitted, send_task
from qipan.desk.models import Admission
from qipan.desk.terms import TaskKind
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound

from .test_receipts import send, tasks

ENGLISH = {"headers": {"Accept-Language": "en"}}
HERE, THERE = range_of("510104"), range_of("510105")


def applied(city: Cast, **changes) -> Admission:
    said = {
        "title": "每周台账", "basis": "清单", "organ_types": ["community"], "minutes_per_unit": 60,
        "valid_from": city.at, "valid_to": city.at + timedelta(days=30), "by": city.department, "at": city.at,
    }  # fmt: skip
    return apply_admission(**said | changes)


def admitted(city: Cast, **changes) -> Admission:
    return decide_admission(applied(city, **changes), admitted=True, reason="同意", by=city.lead, at=city.at)


def ask(city: Cast, admission: Admission, *grounds, **changes) -> int:
    said = {"asker": city.unit("5101:health"), "organ_types": ["community"], "grounds": grounds, "by": city.department}
    return send(city, admission=admission, **said | changes)


@pytest.mark.row("SVC-9")
def test_work_is_done_only_where_it_was_admitted(city: Cast):
    admission = admitted(city, grounds=[HERE])
    assert (admission.units, admission.grounds) == (4, [list(HERE)])
    for grounds in ([THERE], [HERE, THERE], [range_of("5101")]):
        with pytest.raises(GroundNotAdmitted) as refusal:
            ask(city, admission, *grounds)
        assert refusal.value.code == "ground_not_admitted"
        assert str(refusal.value).startswith("“每周台账”的准入范围为锦江区，本次超出该范围。")
    owner = city.unit("510105001001:community")
    alone = {
        "kind": TaskKind.REQUEST, "source": "request:1", "title": "补报", "asker": city.unit("5101:health"), "owner": owner,
        "place": owner.place, "basis": "清单", "admission": admission, "by": city.department, "at": city.at,
    }  # fmt: skip
    with pytest.raises(GroundNotAdmitted):
        send_task(**alone)
    assert tasks() == []
    assert ask(city, admission, range_of("510104001")) == 2
    assert ask(city, admission, HERE) == 2
    with pytest.raises(NotFound):
        applied(city, by=city.department, grounds=[range_of("5102")])


@pytest.mark.row("SVC-9")
def test_what_was_admitted_before_areas_were_held_goes_as_far_as_it_did(city: Cast):
    admission = admitted(city)
    Admission.objects.update(grounds=None)
    admission.refresh_from_db()
    assert ask(city, admission, HERE, THERE) == 8
    page = city.client("anonymous").get("/admissions", **ENGLISH).content.decode()
    assert "not said when it was applied for" in page


@pytest.mark.row("ORG-10")
def test_an_emergency_on_further_ground_is_a_further_admission(city: Cast):
    said = {
        "title": "核查", "declaration": "1号", "basis": "应对法", "valid_to": city.at + timedelta(days=3),
        "by": city.city_commander, "at": city.at,
    }  # fmt: skip
    with override("en"):
        first = admit_emergency(**said, grounds=[HERE])
    assert first.reason == "已宣布应急响应 1号"  # in the language of the city, whoever declared
    assert admit_emergency(**said, grounds=[range_of("510104001")]).pk == first.pk
    second = admit_emergency(**said, grounds=[HERE, THERE])
    assert (second.pk != first.pk, second.grounds) == (True, [list(HERE), list(THERE)])
    assert Admission.objects.count() == 2


@pytest.mark.row("SVC-9")
def test_everybody_reads_the_whole_list_and_no_names_of_whoever_decided(city: Cast):
    one = admitted(city)
    Admission.objects.bulk_create(
        Admission(
            demander=one.demander, title=f"事项{n:03d}", valid_from=city.at, valid_to=city.at, applied_at=city.at,
            grounds=[list(HERE)],
        )
        for n in range(205)
    )  # fmt: skip
    anonymous, seen = city.client("anonymous"), 0
    for number in range(1, 8):
        answer = anonymous.get(f"/admissions?page={number}", **ENGLISH)
        assert answer.status_code == 200
        assert "<form class" not in answer.content.decode()
        seen += len(answer.context["rows"])
    assert seen == 206
    last = anonymous.get("/admissions?page=7", **ENGLISH).content.decode()
    assert "每周台账" in last and "同意" in last and one.decided_by not in last
    assert "page 7 of 7" in last
    assert one.decided_by in city.client("worker").get("/admissions?page=7").content.decode()
    assert anonymous.get("/admissions?state=APPLIED&page=7").context["rows"][-1].admission.title == "事项000"
    assert anonymous.post("/admissions", {}).status_code in (302, 401)
    assert city.client("stranger").get("/admissions").status_code == 200


@pytest.mark.row("SVC-9")
def test_the_list_over_http_goes_on(city: Cast):
    one = applied(city, grounds=[HERE])
    Admission.objects.bulk_create(
        Admission(demander=one.demander, title="t", valid_from=city.at, valid_to=city.at, applied_at=city.at)
        for _n in range(500)
    )
    first = city.client("guard").get("/api/admissions").json()
    assert (len(first["admissions"]), first["next"]) == (500, 2)
    [row], end = city.client("guard").get("/api/admissions?page=2").json().values()
    assert (row["id"], row["fields"], end) == (one.pk, [], None)
    assert row["grounds"] == [["5101040000000000000", "5101049999999999999"]]


@pytest.mark.row("SVC-9")
@pytest.mark.parametrize("who", ["worker", "guard", "dispatcher", "department", "lead"])
def test_it_is_in_the_menu_of_whoever_the_work_is_for(city: Cast, who: str):
    assert '<a href="/admissions"' in city.client(who).get("/desk", **ENGLISH).content.decode()


@pytest.mark.row("SVC-9")
def test_it_is_below_every_page_for_residents(city: Cast):
    assert '<a href="/admissions"' in city.client("anonymous").get("/privacy", **ENGLISH).content.decode()
