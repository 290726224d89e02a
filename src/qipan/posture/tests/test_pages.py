from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import localtime

from qipan.access.testing import Cast
from qipan.kernel.place import range_of
from qipan.posture.api import (
    CommandConflict,
    Declaration,
    Measure,
    Posture,
    end_declaration,
    impose_measure,
    take_posture,
)

from .conftest import restriction

HERE = range_of("510104")
READERS = ("city_commander", "district_head", "worker", "dispatcher", "lead", "auditor", "wall")


def typed(at: datetime) -> str:
    return f"{localtime(at):%Y-%m-%dT%H:%M}"


def filled(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {
        "number": "成府发〔2026〕9号",
        "matter": "突发公共卫生事件应急响应",
        "hazard": "epidemic",
        "level": "1",
        "basis": "《突发事件应对法》第七十二条",
        "areas": ["510104"],
        "more_areas": "510105001 510105002",
        "starts_at": typed(cast.at),
        "expected_until": typed(cast.at + timedelta(days=30)),
        "measures": "入户排查\n\n小区出入值守",
        **changes,
    }


PATHS = ("/declarations", "/declarations/{pk}")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("path", PATHS)
def test_who_sees_the_board_reads_declarations(cast: Cast, declared: Declaration, name: str, path: str) -> None:
    answer = cast.client(name).get(path.format(pk=declared.pk))
    assert answer.status_code == 200
    assert declared.matter in answer.content.decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("name", "status"), [("anonymous", 302), ("stranger", 403), ("admin", 403), ("screener", 403)])
def test_who_does_not_see_the_board_reads_none(
    cast: Cast, declared: Declaration, path: str, name: str, status: int
) -> None:
    assert cast.client(name).get(path.format(pk=declared.pk)).status_code == status


def test_out_of_scope_looks_like_missing(cast: Cast, by_district: Callable[..., Declaration]) -> None:
    low = by_district()
    assert cast.client("neighbour_head").get(f"/declarations/{low.pk}").status_code == 404
    assert cast.client("neighbour_head").get("/declarations/999999").status_code == 404
    assert low.number not in cast.client("neighbour_head").get("/declarations").content.decode()
    for act in ("level", "extension", "end", "posture", "routine"):
        assert cast.client("neighbour_head").post(f"/declarations/{low.pk}/{act}").status_code == 404


@pytest.fixture
def declared_now(cast: Cast, clock_at: Callable[[datetime], None]) -> None:
    """The page is filled in at the moment of the story: a response is not dated back."""
    clock_at(cast.at)


@pytest.mark.usefixtures("declared_now")
def test_a_response_is_declared_on_the_page(cast: Cast) -> None:
    page = cast.client("city_commander").get("/declarations/new").content.decode()
    assert "青羊区" in page
    assert 'name="expected_until"' in page
    answer = cast.client("city_commander").post("/declarations/new", filled(cast))
    kept = Declaration.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/declarations/{kept.pk}")
    assert (kept.level, kept.measures) == (1, ["入户排查", "小区出入值守"])
    assert sorted(ground.code for ground in kept.grounds.all()) == ["510104", "510105001", "510105002"]
    assert kept.starts_at == cast.at


@pytest.mark.row("EMG-5")
@pytest.mark.parametrize(
    "name", ["number", "matter", "hazard", "level", "basis", "areas", "starts_at", "expected_until", "measures"]
)
def test_what_is_missing_is_said_beside_its_field_and_what_was_typed_stays(cast: Cast, name: str) -> None:
    given = filled(cast, more_areas="") if name == "areas" else filled(cast)
    del given[name]
    answer = cast.client("city_commander").post("/declarations/new", given)
    assert answer.status_code == 400
    assert Declaration.objects.count() == 0
    form = answer.context["form"]
    assert list(form.errors) == [name]
    page = answer.content.decode()
    assert str(form.errors[name][0]) in page
    assert "七十二条" in page or "art. 72" in page
    for other in ("number", "matter", "basis"):
        if other != name:
            assert given[other] in page


@pytest.mark.parametrize(
    ("name", "status"), [("anonymous", 401), ("worker", 403), ("dispatcher", 403), ("auditor", 403), ("lead", 403)]
)
def test_who_may_not_declare(cast: Cast, name: str, status: int) -> None:
    assert cast.client(name).post("/declarations/new", filled(cast)).status_code == status
    assert Declaration.objects.count() == 0


@pytest.mark.row("EMG-5")
def test_a_start_before_now_is_refused_beside_its_field(cast: Cast, clock_at: Callable[[datetime], None]) -> None:
    clock_at(cast.at + timedelta(minutes=16))
    answer = cast.client("city_commander").post("/declarations/new", filled(cast))
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["starts_at"])
    assert filled(cast)["starts_at"] in answer.content.decode()
    given = {
        "number": "1", "matter": "疫情", "hazard": "epidemic", "level": 1, "basis": "法", "areas": ["510104"], "measures": ["排查"],
        "starts_at": cast.at.isoformat(), "expected_until": (cast.at + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    said = cast.client("city_commander").post("/api/declarations", given, "application/json")
    assert (said.status_code, said.json()["code"]) == (400, "declaration_dated_back")
    assert Declaration.objects.count() == 0
    clock_at(cast.at + timedelta(minutes=14))
    assert cast.client("city_commander").post("/api/declarations", given, "application/json").status_code == 201


@pytest.mark.row("EMG-5")
@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("expected_until", "9999-12-31T23:59:59Z"),
        ("starts_at", "0001-01-01T00:00:00Z"),
        ("starts_at", "2026-01-01T00:00"),
    ],
)
def test_a_moment_that_cannot_be_told_in_every_zone_is_no_declaration(cast: Cast, name: str, moment: str) -> None:
    given = {
        "number": "1", "matter": "疫情", "hazard": "epidemic", "level": 1, "basis": "法", "areas": ["510104"], "measures": ["排查"],
        "starts_at": cast.at.isoformat(), "expected_until": (cast.at + timedelta(days=9)).isoformat(), name: moment,
    }  # fmt: skip
    said = cast.client("city_commander").post("/api/declarations", given, "application/json")
    assert (said.status_code, said.json()["code"]) == (400, "bad_input")
    assert name in said.json()["problems"][0]
    assert Declaration.objects.count() == 0


@pytest.mark.usefixtures("declared_now")
def test_a_district_is_offered_its_level_and_refused_another(cast: Cast) -> None:
    client = cast.client("district_head")
    form = client.get("/declarations/new").context["form"]
    assert [value for value, _label in form.fields["level"].choices] == ["", 4]
    answer = client.post("/declarations/new", filled(cast, level="4", areas=["510104"], more_areas="510105"))
    assert answer.status_code == 404  # not its ground
    assert Declaration.objects.count() == 0


@pytest.mark.row("EMG-3")
def test_a_conflict_is_visible_to_both_commands(
    cast: Cast, declared: Declaration, by_district: Callable[..., Declaration]
) -> None:
    low = by_district()
    assert CommandConflict.objects.count() == 1
    for name, pk in (("city_commander", declared.pk), ("district_head", low.pk)):
        page = cast.client(name).get(f"/declarations/{pk}").content.decode()
        assert declared.number in page
        assert low.number in page


def test_level_duration_and_end_are_changed_with_a_reason(cast: Cast, declared: Declaration) -> None:
    client, path = cast.client("city_commander"), f"/declarations/{declared.pk}"
    assert client.post(f"{path}/level", {"level": "2", "reason": ""}).status_code == 400
    assert Declaration.objects.get().level == 1
    assert client.post(f"{path}/level", {"level": "2", "reason": "形势好转"}).status_code == 302
    later = cast.at + timedelta(days=40)
    assert client.post(f"{path}/extension", {"expected_until": "", "reason": "x"}).status_code == 400
    assert client.post(f"{path}/extension", {"expected_until": typed(later), "reason": "x"}).status_code == 302
    refused = client.post(f"{path}/end", {"reason": " "})
    assert (refused.status_code, refused.context["opened"]) == (400, "end")
    assert client.post(f"{path}/end", {"reason": "威胁已消除"}).status_code == 302
    kept = Declaration.objects.get()
    assert (kept.level, kept.expected_until, kept.end_reason) == (2, later, "威胁已消除")
    assert client.post(f"{path}/end", {"reason": "again"}).status_code == 409
    page = client.get(path).content.decode()
    assert "形势好转" in page
    assert f"{path}/end" not in page


@pytest.mark.parametrize("act", ["level", "extension", "end", "posture", "routine"])
@pytest.mark.parametrize(("name", "status"), [("anonymous", 401), ("worker", 403), ("auditor", 403), ("guard", 403)])
def test_who_may_not_act_on_a_declaration(cast: Cast, declared: Declaration, act: str, name: str, status: int) -> None:
    given = {"level": "2", "reason": "r"}
    assert cast.client(name).post(f"/declarations/{declared.pk}/{act}", given).status_code == status
    kept = Declaration.objects.get()
    assert (kept.level, kept.ended_at, Measure.objects.count(), Posture.objects.count()) == (1, None, 0, 0)
    assert cast.client("city_commander").post(f"/declarations/{declared.pk}/unknown").status_code == 404


def test_the_posture_is_taken_and_left_on_the_page(cast: Cast, declared: Declaration) -> None:
    client, path = cast.client("city_commander"), f"/declarations/{declared.pk}"
    assert client.post(f"{path}/posture").status_code == 302
    assert Posture.objects.get().level == 1
    end_declaration(declared, reason="r", by=cast.city_commander, at=cast.at)
    page = client.get(path).content.decode()
    assert f"{path}/routine" in page
    assert client.post(f"{path}/routine").status_code == 302
    assert Posture.objects.get().ended_at is not None


def test_measures_are_lifted_with_the_right_on_ones_own_ground(cast: Cast, imposed: Measure) -> None:
    path = f"/measures/{imposed.pk}"
    for name, status in (("anonymous", 401), ("worker", 403), ("guard", 403), ("neighbour_head", 404)):
        assert cast.client(name).post(f"{path}/lift").status_code == status
        assert cast.client(name).post(f"{path}/extend", {}).status_code == status
    assert Measure.objects.get().lifted_at is None


def test_the_list_says_what_is_in_force_and_what_is_due_for_review(cast: Cast, declared: Declaration) -> None:
    take_posture(declared, grounds=[HERE], by=cast.city_commander, at=cast.at)
    past = cast.at - timedelta(days=4)
    impose_measure(**restriction(cast, starts_at=past, review_at=past, at=past))
    answer = cast.client("district_head").get("/declarations")
    assert answer.context["posture"].number == declared.number
    assert answer.context["measure_count"] == len(answer.context["to_review"]) == 1
    assert cast.client("neighbour_head").get("/declarations").context["posture"] is None
