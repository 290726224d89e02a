from datetime import timedelta

import pytest

from qipan.access.testing import Cast
from qipan.deployment.api import Shift, form_teams, open_shifts
from qipan.desk.api import Admission
from qipan.duties.api import units_on
from qipan.kernel.place import range_of

from .conftest import HERE, gate_duty

FIRST = range_of("510104001001001")


@pytest.fixture
def on_duty(cast: Cast, admission: Admission) -> Shift:
    """Shifts that run now at every gate of a district; the first gate's is returned."""
    open_shifts(**gate_duty(cast, admission, periods=[(cast.at, cast.at + timedelta(hours=12))]))
    form_teams(
        units=units_on([HERE], ["community"]),
        per_doors=20,
        stands_down_at=cast.at + timedelta(days=3),
        by=cast.district_head,
        at=cast.at,
    )
    return Shift.objects.everywhere("a test").get(place=FIRST.first)


@pytest.mark.parametrize(
    ("name", "status", "running"),
    [
        ("city_commander", 200, 8),
        ("district_head", 200, 8),
        ("dispatcher", 200, 4),
        ("worker", 200, 2),
        ("guard", 200, 8),
        ("auditor", 200, 8),
        ("neighbour_head", 200, 0),
        ("admin", 403, None),
        ("screener", 403, None),
        ("stranger", 403, None),
        ("anonymous", 302, None),
    ],
)
def test_each_sees_the_forces_of_his_own_ground(
    cast: Cast, on_duty: Shift, name: str, status: int, running: int | None
) -> None:
    answer = cast.client(name).get("/forces")
    assert answer.status_code == status
    if running is not None:
        assert answer.context["forces"].shifts_now == running


def test_an_area_narrows_and_another_ones_shows_nothing(cast: Cast, on_duty: Shift) -> None:
    client = cast.client("city_commander")
    answer = client.get("/forces?area=510104001001")
    assert (answer.context["forces"].shifts_now, answer.context["forces"].teams) == (2, 1)
    assert [area.code for area in client.get("/forces").context["below"]] == ["510104", "510105"]
    assert cast.client("neighbour_head").get("/forces?area=510104").context["forces"].shifts_now == 0
    assert client.get("/forces?area=999999").status_code == 404


def test_one_click_fills_a_shift_and_the_uncovered_stand_first(cast: Cast, on_duty: Shift) -> None:
    client = cast.client("guard")
    answer = client.post(f"/shifts/{on_duty.pk}/fill", {"filled_by": "张师傅"})
    assert (answer.status_code, answer["Location"]) == (302, "/forces")
    page = client.get("/forces?area=510104001001")
    assert [name for _shift, name in page.context["rows"]] == ["锦江一街一社区2号院", "锦江一街一社区1号院"]
    assert "张师傅" in page.content.decode()
    assert page.context["forces"].uncovered == 1


def test_a_refused_filling_is_said_beside_the_shift(cast: Cast, on_duty: Shift) -> None:
    refused = cast.client("worker").post(f"/shifts/{on_duty.pk}/fill", {"filled_by": " ", "area": "510104001001"})
    assert (refused.status_code, refused.context["refused"][0]) == (400, on_duty.pk)
    for name, status in (("anonymous", 401), ("auditor", 403), ("admin", 403), ("neighbour_worker", 404)):
        assert cast.client(name).post(f"/shifts/{on_duty.pk}/fill", {"filled_by": "x"}).status_code == status
    assert Shift.objects.everywhere("a test").filter(filled_at=None).count() == 8


@pytest.fixture
def a_week(cast: Cast, admission: Admission) -> list[Shift]:
    """The shifts of three days at the gates of a district; those of the first gate are returned in their order."""
    days = [(cast.at + timedelta(days=day), cast.at + timedelta(days=day, hours=12)) for day in range(3)]
    open_shifts(**gate_duty(cast, admission, periods=days))
    return list(Shift.objects.everywhere("a test").filter(place=FIRST.first).order_by("starts_at"))


def held(*shifts: Shift) -> list[str]:
    rows = Shift.objects.everywhere("a test").filter(pk__in=[one.pk for one in shifts]).order_by("starts_at")
    return list(rows.values_list("filled_by", flat=True))


@pytest.mark.row("SCR-8")
def test_the_roster_takes_a_name_for_each_shift_and_one_for_all_others_of_a_gate(
    cast: Cast, a_week: list[Shift]
) -> None:
    client, first = cast.client("guard"), a_week[0]
    page = client.get("/forces/roster?area=510104001001")
    assert (page.status_code, page.context["all"], page.context["empty"], len(page.context["rows"])) == (200, 6, 6, 2)
    assert page.content.decode().count('name="gate-') == 2
    typed = {f"shift-{one.pk}": "" for _place, _name, some, _lacking in page.context["rows"] for one in some}
    sent = {**typed, f"shift-{first.pk}": " 张师傅 ", f"gate-{first.place}": "保安班", "shift-x": "?", "shift-": "?"}
    answer = client.post("/forces/roster?area=510104001001", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/forces/roster?area=510104001001&page=1")
    assert held(*a_week) == ["张师傅", "保安班", "保安班"]
    assert Shift.objects.everywhere("a test").exclude(filled_at=None).count() == 3  # no other gate got a name
    page = client.get("/forces/roster?area=510104001001")
    assert page.context["empty"] == 3 and "七天内共6个班次，其中3个尚无人值守。" in page.content.decode()
    tasks = {
        one.task_id: one.task.closed_at is not None
        for one in Shift.objects.everywhere("a test").select_related("task").filter(place=first.place)
    }
    assert set(tasks.values()) == {True}


def test_what_is_taken_meanwhile_is_told_and_the_rest_is_kept(cast: Cast, a_week: list[Shift]) -> None:
    client = cast.client("guard")
    client.post(f"/shifts/{a_week[0].pk}/fill", {"filled_by": "李师傅"})
    answer = client.post("/forces/roster", {f"shift-{one.pk}": "张师傅" for one in a_week})
    assert (answer.status_code, [typed for _shift, _gate, typed, _why in answer.context["refused"]]) == (
        409,
        ["张师傅"],
    )
    assert "李师傅" in str(answer.context["refused"][0][3])
    assert held(*a_week) == ["李师傅", "张师傅", "张师傅"]


def test_a_name_longer_than_its_place_is_refused_and_changes_nothing(cast: Cast, a_week: list[Shift]) -> None:
    answer = cast.client("guard").post("/forces/roster", {f"shift-{a_week[0].pk}": "长" * 81})
    assert (answer.status_code, answer.context["refused"][0][3].code) == (400, "name_too_long")
    assert cast.client("guard").post(f"/shifts/{a_week[0].pk}/fill", {"filled_by": "长" * 81}).status_code == 400
    assert held(*a_week) == ["", "", ""]


def test_a_roster_is_kept_by_who_may_fill_and_on_own_ground_only(cast: Cast, a_week: list[Shift]) -> None:
    sent = {f"shift-{one.pk}": "x" for one in a_week}
    for name, status in (("anonymous", 401), ("auditor", 403), ("admin", 403), ("neighbour_worker", 404)):
        assert cast.client(name).post("/forces/roster", sent).status_code == status
    assert cast.client("guard").post("/forces/roster", {f"shift-{a_week[0].pk}": " "}).status_code == 400
    assert held(*a_week) == ["", "", ""]
    assert cast.client("neighbour_head").get("/forces/roster").context["all"] == 0
    assert 'name="shift-' not in cast.client("auditor").get("/forces/roster?area=510104001001").content.decode()
