"""Open311: our answers have the shape of those that were recorded elsewhere."""

import json
from xml.etree import ElementTree

import pytest

from .conftest import COMPOUND, matter_of, parsed, recorded, told
from .test_reading import valid

FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
    "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode",
    "lat", "long", "media_url",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("cfa_ruby_fixtures/get_service_request.xml", "request"),
        ("cfa_ruby_fixtures/service_requests.xml", "request"),
        ("open311status/requests_many.xml", "request"),
        ("open311status/requests_single.xml", "request"),
    ],
)
def test_our_requests_have_the_fields_of_recorded_ones(door, name, tag):
    matter = door.world.reported().matter
    theirs = ElementTree.parse(recorded(name)).getroot()
    ours = parsed(door.get(f"requests/{matter.number}.xml"))
    assert theirs.tag == ours.tag
    assert {field.tag for one in theirs.iter(tag) for field in one} == {field.tag for field in ours[0]}


def test_our_other_answers_have_the_shape_of_recorded_ones(door):
    services = ElementTree.parse(recorded("cfa_ruby_fixtures/services.xml")).getroot()
    ours = parsed(door.get("services.xml"))
    assert (services.tag, services[0].tag) == (ours.tag, ours[0].tag)
    assert {field.tag for one in services for field in one} == {field.tag for field in ours[0]}
    definition = ElementTree.parse(recorded("cfa_ruby_fixtures/service_definition.xml")).getroot()
    ours = parsed(door.get("services/01003.xml"))
    assert definition.tag == ours.tag
    fields = {field.tag for one in definition.iter("attribute") for field in one}
    assert fields == {field.tag for one in ours.iter("attribute") for field in one}
    missing = ElementTree.parse(recorded("cfa_ruby_fixtures/get_service_request_not_found.xml")).getroot()
    ours = parsed(door.get("requests/2026-999999.xml"))
    assert [one.tag for one in missing.iter()] == [one.tag for one in ours.iter()]
    assert ours.findtext("error/code") == missing.findtext("error/code") == "404"
    empty = ElementTree.parse(recorded("cfa_ruby_fixtures/service_requests_empty.xml")).getroot()
    assert (empty.tag, len(empty)) == ("service_requests", 0)
    token = ElementTree.parse(recorded("cfa_ruby_fixtures/request_id_from_token.xml")).getroot()
    ours = parsed(door.get(f"tokens/{door.world.reported().code}.xml"))
    assert [one.tag for one in token.iter()] == [one.tag for one in ours.iter()]
    posted = ElementTree.parse(recorded("cfa_ruby_fixtures/post_service_request.xml")).getroot()
    ours = parsed(door.post("xml"))
    assert {one.tag for one in posted.iter()} <= {one.tag for one in ours.iter()}
    listed = json.loads(recorded("open311status/service_requests.json").read_text("utf-8"))
    valid(listed, "requests")
    assert {name for one in listed for name in one} <= set(told(door.get("requests.json"))[0])


def test_every_compound_of_a_community_looks_alike(door):
    matter = matter_of(door.post(address_id=f"{COMPOUND}0003"))
    (one,) = told(door.get(f"requests/{matter.number}.json"))
    assert one["address_id"] == "510104001001"
    assert COMPOUND not in json.dumps(one)
