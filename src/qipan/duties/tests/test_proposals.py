"""Who is proposed at a place, who may be primary, on which day."""

from datetime import timedelta

import pytest
from django.utils.timezone import localdate
from django.utils.translation import override

from qipan.duties.actions.lists import get_item, get_organ
from qipan.duties.api import NotOnList, Responsibility, Role, check_primary, named_primary, proposals, set_duty
from qipan.duties.queries import lists
from qipan.kernel import rows
from qipan.kernel.place import place_of
from qipan.kernel.sql import fetch

DOOR = place_of("5101040010010010003")


@pytest.fixture
def today(city):
    return localdate(city.at)


def codes(found) -> list[tuple[str, str]]:
    return [(one.unit.code, one.role) for one in found]


@pytest.fixture
def statements(monkeypatch) -> list[str]:
    """The statements that go to the driver itself, which Django does not count."""
    sent: list[str] = []
    for module in (lists, rows):
        monkeypatch.setattr(module, "fetch", lambda sql, values: (sent.append(sql), fetch(sql, values))[1])
    return sent


@pytest.mark.row("ORG-3")
def test_primary_first_then_helpers_then_the_district_as_the_backstop(
    city, today, statements, django_assert_num_queries
):
    with django_assert_num_queries(0), override("en"):
        found = proposals("illegal-building", DOOR, on=today)
        assert [one.unit.organ_type.code for one in found] == [
            "department", "street-office", "department", "district-command",
        ]  # fmt: skip
    assert len(statements) == 1
    assert codes(found) == [
        ("5101:urban-management", "PRIMARY"),
        ("510104001:street-office", "COOPERATING"),
        ("5101:planning", "COOPERATING"),
        ("510104:district-command", "PRIMARY"),
    ]
    assert [one.backstop for one in found] == [False, False, False, True]
    assert found[0].basis == "Urban and Rural Planning Law, art. 64"
    assert found[0].why == "primary on the list “示例清单”"
    assert found[-1].why == "the district is the backstop for what no list names"


@pytest.mark.row("ORG-3")
def test_the_community_comes_first_only_where_its_own_list_names_the_item(city, today):
    assert codes(proposals("stairwell-clutter", DOOR, on=today)) == [
        ("510104001001:community", "PRIMARY"),
        ("510104:property-company-1", "COOPERATING"),
        ("5101:fire-rescue", "COOPERATING"),
        ("510104:district-command", "PRIMARY"),
    ]
    everything = {row.item_code for row in Responsibility.objects.all()}
    for item in everything:
        for one in proposals(item, DOOR, on=today):
            if one.unit.organ_type.code == "community" and one.role == "PRIMARY":
                assert item in {"stairwell-clutter", "neighbour-dispute"}


def test_the_steward_of_the_compound_is_the_smallest_area(city, today):
    assert codes(proposals("compound-hygiene", DOOR, on=today)) == [
        ("510104:property-company-1", "PRIMARY"),
        ("510104001001:community", "COOPERATING"),
        ("510104:district-command", "PRIMARY"),
    ]


def test_an_item_on_no_list_goes_to_the_district_and_nowhere_else(city, today):
    assert codes(proposals("no-such-item", DOOR, on=today)) == [("510104:district-command", "PRIMARY")]
    assert proposals("no-such-item", place_of("320101"), on=today) == []


def test_a_units_own_line_stands_in_place_of_its_kinds(city, today):
    item, community = get_item("stairwell-clutter", on=today), get_organ("510104001001:community")
    how = {"basis": "own list", "version": "2026-2", "begins": today, "by": city.lead, "at": city.at}
    set_duty(item, community, role="COOPERATING", **how)
    assert ("510104001001:community", "COOPERATING") in codes(proposals("stairwell-clutter", DOOR, on=today))
    there = place_of("510104001002001")
    assert codes(proposals("stairwell-clutter", there, on=today))[0] == ("510104001002:community", "PRIMARY")
    set_duty(item, get_organ("510105:district-command"), role="PRIMARY", **how)
    assert codes(proposals("stairwell-clutter", there, on=today))[-1] == ("510104:district-command", "PRIMARY")
    over = place_of("510105001001001")
    assert codes(proposals("stairwell-clutter", over, on=today))[1] == ("510105:district-command", "PRIMARY")


def test_after_a_merger_the_unit_that_remains_is_proposed(city, today):
    from qipan.kernel.actor import Actor
    from qipan.kernel.place import range_of
    from qipan.territory.api import merge_area

    by = Actor.system("plan", acts=["territory.import"], ranges=[range_of("5101")])
    merge_area("510104001001", into="510104001002", on=today, by=by, at=city.at)
    assert codes(proposals("neighbour-dispute", DOOR, on=today))[0] == ("510104001002:community", "PRIMARY")
    before = today - timedelta(days=1)
    assert codes(proposals("neighbour-dispute", DOOR, on=before))[0] == ("510104001001:community", "PRIMARY")


@pytest.mark.row("ORG-3")
@pytest.mark.parametrize(
    ("unit", "item", "sentence"),
    [
        (
            "510104001001:community", "illegal-building",
            "First Community cannot be made primary for “Illegal building”: the item was withdrawn from it "
            "(Duty lists of townships and subdistricts (example): taken back by the departments above)",
        ),
        (
            "510104001001:community", "fire-safety",
            "First Community cannot be made primary for “Fire safety”: it only cooperates there, and is not given it "
            "as primary (Fire Protection Law)",
        ),
        (
            "510104001001:community", "street-lighting",
            "First Community cannot be made primary for “Street lighting”: what stands on no list of a unit is not "
            "given to it; the district is the backstop (Beijing's Regulation on Responding to Requests, art. 12 and 17)",
        ),
        (
            "5101:health", "nothing",
            "Health Commission of Chengdu cannot be made primary for “nothing”: what stands on no list of a unit is "
            "not given to it; the district is the backstop (Beijing's Regulation on Responding to Requests, art. 12 "
            "and 17)",
        ),
    ],
)  # fmt: skip
def test_what_is_not_on_its_list_is_refused_with_the_rule_and_its_basis(city, today, unit, item, sentence):
    with override("en"), pytest.raises(NotOnList) as refused:
        check_primary(city.unit(unit), item, DOOR, on=today)
    with override("en"):
        assert str(refused.value).endswith(sentence)
    assert refused.value.status == 409


def test_who_is_primary_and_the_backstop_pass_with_one_query(city, today, statements, django_assert_num_queries):
    for code, item in (
        ("5101:urban-management", "illegal-building"),
        ("510104001001:community", "neighbour-dispute"),
        ("510104:district-command", "no-such-item"),
    ):
        unit = city.unit(code)
        with django_assert_num_queries(0):
            assert check_primary(unit, item, DOOR, on=today) is None
        assert len(statements) == 1
        statements.clear()


def test_what_was_taken_back_to_the_city_has_no_district_backstop(city, today):
    item, district = get_item("pest-control", on=today), get_organ("district-command")
    set_duty(item, district, role=Role.WITHDRAWN, basis="b", version="v", begins=today, by=city.lead, at=city.at)
    assert "510104:district-command" not in {one.unit.code for one in proposals("pest-control", DOOR, on=today)}
    with pytest.raises(NotOnList):
        check_primary(city.unit("510104:district-command"), "pest-control", DOOR, on=today)


@pytest.mark.row("ORG-3", "MAT-3")
def test_the_district_is_not_made_primary_for_what_the_list_of_another_names(city, today):
    district, lights = city.unit("510104:district-command"), city.unit("5101:urban-management")
    with override("en"), pytest.raises(NotOnList) as refused:
        check_primary(district, "street-lighting", DOOR, on=today)
    with override("en"):
        assert str(refused.value).endswith(
            "cannot be made primary for “Street lighting”: the list of Urban Management Commission of Chengdu names it; "
            "the district is the backstop for what no list names (Rules on City Lighting)"
        )
    # Whoever is named has returned it: then nobody is left but the district.
    assert check_primary(district, "street-lighting", DOOR, on=today, returned={lights.pk}) is None
    # Its own list names it too: two are primary, and either may be chosen.
    item, organ = get_item("street-lighting", on=today), get_organ("510104:district-command")
    set_duty(item, organ, role=Role.PRIMARY, basis="b", version="v", begins=today, by=city.lead, at=city.at)
    assert check_primary(district, "street-lighting", DOOR, on=today) is None


@pytest.mark.row("ORG-3")
def test_a_list_that_names_nobody_at_the_place_leaves_it_to_the_district(city, today):
    district, on_the_road = city.unit("510104:district-command"), place_of("510104001001")
    with pytest.raises(NotOnList):  # the steward of the compound
        check_primary(district, "compound-hygiene", DOOR, on=today)
    assert named_primary(proposals("compound-hygiene", DOOR, on=today)).unit.code == "510104:property-company-1"
    assert codes(proposals("compound-hygiene", on_the_road, on=today)) == [
        ("510104001001:community", "COOPERATING"),
        ("510104:district-command", "PRIMARY"),
    ]
    assert named_primary(proposals("compound-hygiene", on_the_road, on=today)) is None
    assert check_primary(district, "compound-hygiene", on_the_road, on=today) is None
