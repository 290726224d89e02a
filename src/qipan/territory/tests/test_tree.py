"""ORG-2: four levels and the compound, each with a code, ground and children."""

from itertools import pairwise

import pytest
from django.utils import translation

from qipan.kernel.actor import Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotFound
from qipan.territory.api import (
    Compound,
    Door,
    area_at,
    areas_within,
    children,
    data_marks,
    get_area,
    known_place,
    path_to,
)
from qipan.territory.models import Area

pytestmark = pytest.mark.django_db


@pytest.fixture
def compound(city):
    return Compound.objects.create(place=range_of("510104001002007").first, name="锦绣苑", doors=3)


@pytest.mark.row("ORG-2")
def test_four_levels_and_the_compound(compound):
    path = path_to("510104001002007")
    assert [(a.code, a.level) for a in path] == [
        ("5101", 1),
        ("510104", 2),
        ("510104001", 3),
        ("510104001002", 4),
        ("510104001002007", 5),
    ]
    for above, below in pairwise(path):
        assert below.code in [a.code for a in children(above.code)]
        assert above.ranges[0].covers(below.ranges[0])
        assert below.parent_code == above.code
    assert path[-1].name == "锦绣苑"
    assert children("510104001002007") == []


@pytest.mark.row("ORG-2")
def test_a_street_s_scope_holds_its_subtree_and_nothing_of_its_sibling(compound):
    scope = Scope(get_area("510104001").ranges)
    sibling = get_area("510104002")
    assert [a.code for a in areas_within(scope.ranges, 4)] == ["510104001001", "510104001002"]
    assert [a.code for a in areas_within(scope.ranges, 5)] == ["510104001002007"]
    assert [a.code for a in areas_within(scope.ranges, 3)] == ["510104001"]
    assert areas_within(scope.ranges, 2) == []
    assert sibling.place not in scope
    assert not scope.covers(sibling.ranges[0])
    assert areas_within([], 4) == []


def test_the_area_at_a_place(compound):
    door = compound.place + 3
    assert [area_at(door, level).code for level in range(1, 6)] == [
        "5101",
        "510104",
        "510104001",
        "510104001002",
        "510104001002007",
    ]
    assert area_at(door, 0) is None  # no province was imported
    assert area_at(door, 6) is None
    assert area_at(range_of("5201").first, 1) is None


@pytest.mark.parametrize("code", ["", "5", "5199", "510104001002008", "999999999999999", "GX", "9" * 20])
def test_what_is_not_there_is_not_found(city, code):
    with pytest.raises(NotFound):
        get_area(code)
    with pytest.raises(NotFound):
        path_to(code)
    assert children(code) == []


def test_a_label_falls_back_to_the_official_name(city):
    Area.objects.filter(code="510104").update(name_en="")
    with translation.override("en"):
        assert get_area("5101").label == "Chengdu"
        assert get_area("510104").label == "锦江区"
    with translation.override("zh-hans"):
        assert get_area("5101").label == "成都市"


def test_children_come_by_code(city):
    assert [a.code for a in children("5101")] == ["510104", "510105"]
    assert [a.code for a in children("510105")] == ["510105001", "510105002"]


def test_the_same_questions_cost_few_queries(city, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        children("5101")
    with django_assert_max_num_queries(2):
        areas_within([range_of("5101")], 4)
    with django_assert_max_num_queries(7):  # two of them ask whether the territory has changed
        path_to("510104001001")
    with django_assert_max_num_queries(2):
        path_to("510104001001")
    data_marks()
    with django_assert_max_num_queries(2):
        data_marks()


def test_data_marks_are_fresh_after_a_change(city, keeper, at):
    from qipan.territory.api import generate_register

    assert (data_marks().synthetic_territory, data_marks().synthetic_register) == (False, False)
    assert data_marks().sources == ["test map"]
    generate_register([range_of("5101")], seed=1, scale=0.01, by=keeper, at=at)
    marks = data_marks()
    assert (marks.synthetic_territory, marks.synthetic_register) == (False, True)
    assert len(marks.sources) == 2


def test_ground_of_half_a_community_holds_no_community(city):
    whole = range_of("510104001001")
    assert areas_within([Range(whole.first, whole.last - 1)], 4) == []
    halves = [Range(whole.first, whole.first + 9), Range(whole.first + 10, whole.last)]
    assert [a.code for a in areas_within(halves, 4)] == ["510104001001"]


@pytest.mark.row("ORG-2")
def test_a_code_names_a_place_only_where_area_compound_or_door_stand(compound):
    Door.objects.create(place=range_of("5101040010020070003").first)
    for code, short in (
        ("5101", "5101"), ("510104", "510104"), ("510104001", "510104001"), ("510104001002", "510104001002"),
        ("510104001002007", "510104001002007"), ("5101040010020070003", "5101040010020070003"),
        (" 510104001000 ", "510104001"), ("5101040010020070000", "510104001002007"),
    ):  # fmt: skip
        assert known_place(code) == range_of(short).first, code
    for code in (
        "", "x", "51010", "510199", "510104999", "510104001009", "510104001002008", "5101040010020070004",
        "5101040010020080001", "٥١٠١٠٤", "9" * 19, "0" * 19, "1" * 20,
    ):  # fmt: skip
        with pytest.raises(NotFound):
            known_place(code)
