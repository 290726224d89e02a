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
