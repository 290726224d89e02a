"""Which unit stands where, above whom, on which ground."""

from datetime import timedelta

import pytest

from qipan.duties.api import Stewardship, Unit, command_for, get_unit, ground_of, lead_body, unit_above, units_on
from qipan.kernel.place import CITY, DISTRICT, STREET, place_of, range_of
from qipan.kernel.refusal import NotFound


def codes(units) -> list[str]:
    return sorted(units.values_list("code", flat=True))


def test_a_unit_is_found_by_its_code(city):
    assert get_unit("510104001:street-office").organ_type.code == "street-office"
    with pytest.raises(NotFound):
        get_unit("510199:street-office")


@pytest.mark.parametrize(
    ("code", "above"),
    [
        ("510104001001001:compound", "510104001001:community"),
        ("510104001001:community", "510104001:street-office"),
        ("510104001:street-office", "510104:district-command"),
        ("510104:district-command", "5101:city-command"),
        ("5101:health", "5101:city-command"),
        ("510104:property-company-1", "510104001001:community"),
    ],
)
def test_the_unit_above(city, code, above):
    assert unit_above(get_unit(code)).code == above


def test_nothing_is_above_the_city(city):
    assert unit_above(city.unit("5101:city-command")) is None


def test_units_of_a_kind_on_a_ground(city):
    assert codes(units_on([range_of("510104001")], ["community"])) == [
        "510104001001:community",
        "510104001002:community",
    ]
    assert codes(units_on([range_of("510104001"), range_of("510105002")], ["street-office"])) == [
        "510104001:street-office",
        "510105002:street-office",
    ]
    assert codes(units_on([], ["community"])) == []
    assert codes(units_on([range_of("510104001001001")])) == ["510104001001001:compound", "510104:property-company-1"]


@pytest.mark.row("FRC-5")
def test_a_property_company_stands_wherever_it_looks_after_a_compound(city):
    assert codes(units_on([range_of("510104002")], ["property-company"])) == ["510104:property-company-1"]
    assert codes(units_on([range_of("510105")], ["property-company"])) == ["510105:property-company-1"]


@pytest.mark.row("FRC-5")
def test_the_ground_of_a_company_is_its_compounds_only(city):
    company = city.unit("510104:property-company-1")
    ground = ground_of(company)
    assert len(ground) == 8
    assert ground[0] == range_of("510104001001001")
    Stewardship.objects.filter(unit=company, place=place_of("510104001001001")).update(valid_to=city.at.date())
    assert ground_of(company) == ground[1:]
    assert codes(units_on([range_of("510104001001001")], ["property-company"])) == []


def test_the_ground_of_a_public_unit_is_its_area(city):
    assert ground_of(city.unit("510104001:street-office")) == (range_of("510104001"),)


def test_the_command_over_a_place(city):
    street = range_of("510104001")
    assert command_for(street, CITY).code == "5101:city-command"
    assert command_for(street, DISTRICT).code == "510104:district-command"
    with pytest.raises(NotFound):
        command_for(street, STREET)
    with pytest.raises(NotFound):
        command_for(range_of("5101"), DISTRICT)


def test_a_unit_that_ended_is_not_found_on_its_ground(city):
    today = city.at.date()
    Unit.objects.filter(code="510104001002:community").update(valid_to=today)
    assert codes(units_on([range_of("510104001")], ["community"])) == ["510104001001:community"]
    day_before = units_on([range_of("510104001")], ["community"], on=today - timedelta(days=1))
    assert codes(day_before) == ["510104001001:community", "510104001002:community"]


def test_the_lead_body_is_found_by_what_it_may_do(city):
    assert lead_body().code == "5101:lead-body"


def test_without_an_organisation_there_is_no_lead_body(db):
    with pytest.raises(NotFound):
        lead_body()
