"""ORG-5: areas are merged and split, and their units follow."""

import pytest
from django.utils import timezone

from qipan.access.api import actor_of_post, forget, named_leader
from qipan.duties.api import ground_of, unit_above, units_on
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import place_of, range_of
from qipan.territory.api import merge_area, split_area


@pytest.fixture
def surveyor() -> Actor:
    return Actor.system("survey", acts=["territory.import"], ranges=[range_of("5101")])


@pytest.mark.row("ORG-5")
def test_a_merged_street_hands_its_units_and_its_ground_over(city, surveyor):
    today = timezone.localdate(city.at)
    merge_area("510104002", into="510104001", on=today, by=surveyor, at=city.at)
    old, heir = city.unit("510104002:street-office"), city.unit("510104001:street-office")
    assert old.valid_to == today
    assert ground_of(old) == ()
    assert place_of("510104002002") in actor_of_post(city.post("dispatcher"), at=city.at).scope
    assert unit_above(city.unit("510104002001:community")) == heir
    assert unit_above(city.unit("510104002001001:compound")).code == "510104002001:community"
    offices = units_on([range_of("510104")], ["street-office"])
    assert [unit.code for unit in offices] == ["510104001:street-office"]


@pytest.mark.row("ORG-5")
def test_who_worked_for_the_merged_street_sees_nothing_until_moved(city, surveyor):
    merge_area("510104002", into="510104001", on=timezone.localdate(city.at), by=surveyor, at=city.at)
    forget()
    assert actor_of_post(city.post("neighbour_dispatcher"), at=city.at).scope.ranges == ()


@pytest.mark.row("ORG-5")
def test_a_street_across_the_border_changes_both_districts(city, surveyor):
    merge_area("510105001", into="510104001", on=timezone.localdate(city.at), by=surveyor, at=city.at)
    place = place_of("510105001001001")
    assert place in actor_of_post(city.post("district_head"), at=city.at).scope
    assert place not in actor_of_post(city.post("neighbour_head"), at=city.at).scope


@pytest.mark.row("ORG-5")
def test_a_new_street_gets_its_office_and_the_communities_below_it(city, surveyor):
    today = timezone.localdate(city.at)
    split_area(
        "510104001",
        new_code="510104009",
        name="新街道",
        name_en="New Subdistrict",
        parts=["510104001002"],
        on=today,
        by=surveyor,
        at=city.at,
    )
    office = city.unit("510104009:street-office")
    assert (office.name, office.valid_from) == ("新街道办事处", today)
    assert unit_above(office).code == "510104:district-command"
    assert place_of("510104001002001") in Scope(ground_of(office))
    assert place_of("510104001001001") not in Scope(ground_of(office))
    assert unit_above(city.unit("510104001002:community")) == office
    assert unit_above(city.unit("510104001001:community")).code == "510104001:street-office"
    assert place_of("510104001002001") not in actor_of_post(city.post("dispatcher"), at=city.at).scope


def test_the_leader_of_a_merged_street_leads_no_more(city, surveyor):
    post = city.post("neighbour_dispatcher")
    post.sponsors_area = True
    post.save()
    place = place_of("510104002001001")
    assert named_leader(place, at=city.at) == post
    merge_area("510104002", into="510104001", on=timezone.localdate(city.at), by=surveyor, at=city.at)
    assert named_leader(place, at=city.at) == city.post("district_head")
