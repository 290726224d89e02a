"""Open311, reading: services, requests with their filters, tokens; what is public and what is said of it."""

import json
from datetime import timedelta

import pytest
from django.utils.timezone import localtime
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from qipan.kernel.clock import now
from qipan.matters.api import (
    Words,
    decline_matter,
    join_matter,
    merge_matter,
    part_report,
    reopen_matter,
    shelve_matter,
)
from qipan.territory.api import import_outlines

from ..queries.requests import MOST, USUAL
from .conftest import parsed, recorded, told

FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
    "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode",
    "lat", "long", "media_url",
]  # fmt: skip


def valid(value, name):
    """Checks a value against one of the published schemas."""
    held = {part: json.loads(recorded(f"schema/{part}.json").read_text("utf-8")) for part in (name, name.rstrip("s"))}
    parts = [(f"{part}.json", Resource.from_contents(schema, default_specification=DRAFT202012)) for part, schema in held.items()]  # fmt: skip
    registry = Registry().with_resources(parts)
    Draft202012Validator(held[name], registry=registry, format_checker=FormatChecker()).validate(value)


def numbers(answer):
    return [one["service_request_id"] for one in told(answer)]


def test_services_are_the_catalogue(door):
    services = told(door.get("services.json"))
    assert len(services) > 10
    light = next(one for one in services if one["service_code"] == "01003")
    category = door.world.category()
    assert light == {
        "service_code": "01003",
        "service_name": category.name,
        "description": category.filing,
        "metadata": True,
        "type": "realtime",
        "keywords": "部件",
        "group": category.group,
    }
    valid(services, "services")
    root = parsed(door.get("services.xml"))
    assert root.tag == "services"
    assert [one.tag for one in root] == ["service"] * len(services)
    assert root.findtext("service/metadata") == "true"


def test_services_speak_the_readers_language(door):
    answer = door.client.get("/open311/v2/services.json", headers={"Accept-Language": "en"})
    light = next(one for one in told(answer) if one["service_code"] == "01003")
    assert light["service_name"] == door.world.category().name_en


def test_a_definition_says_what_is_asked(door):
    definition = json.loads(door.get("services/01003.json").content)
    assert definition["service_code"] == "01003"
    assert [(one["code"], one["variable"], one["required"]) for one in definition["attributes"]] == [
        ("notice", False, False),
        ("spot", True, False),
        ("private", True, False),
    ]
    assert definition["attributes"][2]["values"] == [{"key": "no", "name": "否"}, {"key": "yes", "name": "是"}]
    valid(definition, "service-definition")
    root = parsed(door.get("services/01003.xml"))
    assert root.tag == "service_definition"
    assert [one.findtext("code") for one in root.findall("attributes/attribute")] == ["notice", "spot", "private"]
    assert root.findtext("attributes/attribute[3]/values/value[2]/key") == "yes"


def test_one_request_is_a_list_of_one_without_anybodys_words(door):
    matter = door.world.reported(text="王小明说路灯不亮", reach="13800000000").matter
    answer = door.get(f"requests/{matter.number}.json")
    (one,) = told(answer)
    assert list(one) == FIELDS
    assert one == {
        "service_request_id": matter.number,
        "status": "open",
        "status_notes": "已上报",
        "service_name": matter.category.name,
        "service_code": "01003",
        "description": None,
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": localtime(matter.reported_at).isoformat(timespec="seconds"),
        "updated_datetime": localtime(matter.changed_at).isoformat(timespec="seconds"),
        "expected_datetime": None,
        "address": "锦江区锦江一街道锦江一街一社区",
        "address_id": "510104001001",
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }
    for word in ("王小明", "路灯不亮", "13800000000"):
        assert word not in answer.content.decode()
    valid([one], "requests")
    valid(one, "request")
    root = parsed(door.get(f"requests/{matter.number}.xml"))
    assert root.tag == "service_requests"
    assert [field.tag for field in root[0]] == FIELDS
    assert root.findtext("request/service_request_id") == matter.number
    english = told(door.client.get(f"/open311/v2/requests/{matter.number}.json", headers={"Accept-Language": "en"}))[0]
    assert english["address"].endswith(", Jinjiang")


def test_who_handles_it_and_until_when(door):
    matter = door.world.matter("DISPATCHED")
    (one,) = told(door.get(f"requests/{matter.number}.json"))
    assert one["agency_responsible"] == matter.handler.label
    part = matter.handlings.get(ended_at=None)
    assert one["expected_datetime"] == localtime(part.task.due_at).isoformat(timespec="seconds")


@pytest.mark.row("MAT-12")
def test_what_is_shelved_is_open_and_says_so(door):
    world = door.world
    at = world.later(hours=1)
    matter = shelve_matter(
        world.matter("FILED"), reason="等管网改造。", plan="明年一并实施。", review_at=at + timedelta(days=30),
        by=world.cast.dispatcher, at=at,
    )  # fmt: skip
    (one,) = told(door.get(f"requests/{matter.number}.json"))
    assert one["status"] == "open"
    assert one["status_notes"].startswith("挂账，尚未解决。等管网改造。")
    assert f"{localtime(at + timedelta(days=30)):%Y-%m-%d}" in one["status_notes"]
    assert numbers(door.get("requests.json", status="closed")) == []


def test_what_is_declined_is_closed_with_its_kind_and_reason(door):
    world = door.world
    matter = decline_matter(
        world.matter("REPORTED"), kind="REDIRECTED", reason="请拨打供电热线。", by=world.cast.dispatcher,
        at=world.later(hours=1),
    )  # fmt: skip
    (one,) = told(door.get(f"requests/{matter.number}.json"))
    assert one["status"] == "closed"
    assert "请拨打供电热线。" in one["status_notes"]
    assert "解决" not in one["status_notes"]


def test_what_was_joined_leads_to_the_other_but_never_to_a_private_one(door):
    world = door.world
    by, at = world.cast.dispatcher, world.later(hours=1)
    first, second, hidden = world.matter("FILED"), world.matter("FILED"), world.reported(private=True).matter
    merge_matter(first, into=second, by=by, at=at)
    (one,) = told(door.get(f"requests/{first.number}.json"))
    assert (one["status"], second.number in one["status_notes"]) == ("closed", True)
    # Joined to one that was wished private: both are followed by who did not wish so, and it is public.
    third = world.matter("FILED")
    assert door.get(f"requests/{hidden.number}.json").status_code == 404
    merge_matter(third, into=hidden, by=by, at=at)
    (one,) = told(door.get(f"requests/{third.number}.json"))
    assert (one["status"], hidden.number in one["status_notes"]) == ("closed", True)
    (one,) = told(door.get(f"requests/{hidden.number}.json"))
    assert (one["status"], one["description"]) == ("open", None)
    # Joined by way of one of which only what was wished private is left: that one is not named.
    way, last = world.matter("FILED"), world.matter("FILED")
    join_matter(way, words=Words("不公开", private=True), nonce="kept", by=by, at=at)
    merge_matter(last, into=way, by=by, at=at)
    merge_matter(way, into=second, by=by, at=at)
    part_report(way.reports.get(private=False), by=by, at=at)
    (one,) = told(door.get(f"requests/{last.number}.json"))
    assert (one["status"], way.number in one["status_notes"]) == ("closed", False)


def test_done_verified_and_closed_say_what_they_do_not_mean(door):
    world = door.world
    done, verified = world.matter("DONE"), world.matter("VERIFIED")
    notes = {one["service_request_id"]: (one["status"], one["status_notes"]) for one in told(door.get("requests.json"))}
    assert notes[done.number] == ("open", "承办单位报称已办理，尚未经他人核实。")
    assert notes[verified.number] == ("open", "已办理并经他人核实，待反映人确认。")


def test_private_ones_and_drills_are_nowhere(door):
    world = door.world
    hidden, drill, seen = (
        world.reported(private=True).matter,
        world.reported(drill=True).matter,
        world.reported().matter,
    )
    assert numbers(door.get("requests.json")) == [seen.number]
    assert numbers(door.get("requests.json", updated_after="2020-01-01T00:00:00Z", updated_before="2020-02-01T00:00:00Z")) == []  # fmt: skip
    ids = ",".join(one.number for one in (hidden, drill, seen))
    assert numbers(door.get("requests.json", service_request_id=ids)) == [seen.number]
    never = f"{hidden.number[:5]}999999"
    for number in (hidden.number, drill.number):
        there, nowhere = door.get(f"requests/{number}.json"), door.get(f"requests/{never}.json")
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content) == (404, there.content)
    assert told(there) == [{"code": 404, "description": "没有编号为该 service_request_id 的公开诉求。"}]


def test_lists_by_service_status_and_days(door):
    world = door.world
    light = world.reported().matter
    other = world.reported("01001").matter
    gone = decline_matter(
        world.matter("REPORTED"), kind="ANSWERED", reason="已答复", by=world.cast.dispatcher, at=world.later(hours=1)
    )
    old = world.reported(at=world.at - timedelta(days=100)).matter
    every = numbers(door.get("requests.json"))
    assert set(every) == {light.number, other.number, gone.number}
    assert numbers(door.get("requests.json", service_code=other.category.code)) == [other.number]
    both = door.get("requests.json", service_code=f"{other.category.code}, 01003")
    assert set(numbers(both)) == set(every)
    assert set(numbers(door.get("requests.json", status="open"))) == {light.number, other.number}
    assert numbers(door.get("requests.json", status="closed")) == [gone.number]
    assert set(numbers(door.get("requests.json", status="open,closed"))) == set(every)
    day = timedelta(days=1)
    start, end = (world.at - 101 * day).isoformat(), (world.at - 99 * day).isoformat()
    assert numbers(door.get("requests.json", start_date=start, end_date=end)) == [old.number]
    assert numbers(door.get("requests.json", start_date=start)) == [old.number]
    assert numbers(door.get("requests.json", end_date=end)) == [old.number]
    # An id overrides everything else.
    assert numbers(door.get("requests.json", service_request_id=old.number, status="closed")) == [old.number]


def test_what_changed_since_is_found_whenever_it_was_asked(door):
    world = door.world
    long_ago, at = world.at - timedelta(days=200), world.later(hours=2)
    matter = world.reported(at=long_ago).matter
    world.reported(at=long_ago)
    assert numbers(door.get("requests.json", updated_after=world.at.isoformat())) == []
    decline_matter(matter, kind="ANSWERED", reason="已答复", by=world.cast.dispatcher, at=at)
    changed = door.get("requests.json", updated_after=world.at.isoformat())
    assert numbers(changed) == [matter.number]
    assert told(changed)[0]["updated_datetime"] == localtime(at).isoformat(timespec="seconds")
    reopen_matter(matter, reason="没有解决", by=world.cast.dispatcher, at=at + timedelta(hours=1))
    (one,) = told(door.get("requests.json", updated_after=(at + timedelta(minutes=1)).isoformat()))
    assert one["status"] == "open"


def test_pages(door):
    made = [door.world.reported(at=door.world.later(minutes=n - 5)).matter.number for n in range(5)]  # not to come
    newest = made[::-1]
    assert numbers(door.get("requests.json", per_page=2)) == newest[:2]
    assert numbers(door.get("requests.json", per_page=2, page=2)) == newest[2:4]
    assert numbers(door.get("requests.json", page_size=2, page=3)) == newest[4:]
    assert numbers(door.get("requests.json", per_page=2, page=4)) == []
    assert parsed(door.get("requests.xml", per_page=2, page=4)).findall("request") == []
    assert numbers(door.get("requests.json")) == newest
    assert (USUAL, MOST) == (100, 1000)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"status": "shelved"}, 1),
        ({"page": "0"}, 1),
        ({"page": "x", "per_page": "-1"}, 2),
        ({"per_page": "1001"}, 1),
        ({"page": "9999999"}, 1),
        ({"start_date": "yesterday"}, 1),
        ({"start_date": "2026-01-01"}, 1),
        ({"start_date": "2026-01-01T00:00:00"}, 1),
        ({"end_date": "9999-12-31T23:59:59-14:00"}, 1),
        ({"updated_after": "0001-01-01T00:00:00+14:00", "updated_before": "\x00"}, 2),
        ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-02T00:00:00Z"}, 1),
        ({"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}, 1),
    ],
)
def test_what_cannot_be_asked_is_refused_in_the_standards_way(door, query, said):
    answer = door.get("requests.json", **query)
    assert answer.status_code == 400
    assert [one["code"] for one in told(answer)] == [400] * said
    assert all(one["description"] for one in told(answer))
    root = parsed(door.get("requests.xml", **query))
    assert [(one.tag, one.findtext("code")) for one in root] == [("error", "400")] * said
    assert root.tag == "errors"


def test_a_plus_that_became_a_space_in_the_address_is_read(door):
    matter = door.world.reported().matter
    raw = localtime(matter.reported_at - timedelta(days=1)).isoformat(timespec="seconds")
    answer = door.client.get(f"/open311/v2/requests.json?start_date={raw}")  # "+08:00" arrives as " 08:00"
    assert numbers(answer) == [matter.number]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("services/99999.json", 404),
        ("services/x.xml", 404),
        ("requests/2026-000001.json", 404),
        ("requests/1.json", 404),
        (f"requests/{'9' * 30}-{'9' * 30}.json", 404),
        ("tokens/ABCD.json", 404),
        ("services.html", 404),
        ("services.yaml", 404),
        ("nothing.json", 404),
    ],
)
def test_what_is_not_there(door, path, status):
    assert door.get(path).status_code == status


def test_the_jurisdiction_is_ours_or_none(door):
    assert door.get("services.json", jurisdiction_id="chengdu.example").status_code == 200
    answer = door.get("services.xml", jurisdiction_id="sfgov.org")
    assert answer.status_code == 404
    assert parsed(answer).findtext("error/code") == "404"


def test_a_number_of_another_year_is_not_the_same_request(door):
    matter = door.world.reported().matter
    year, _dash, rest = matter.number.partition("-")
    assert door.get(f"requests/{int(year) - 1}-{rest}.json").status_code == 404
    assert door.get(f"requests/{matter.number}.json").status_code == 200


def test_a_token_leads_to_the_request_also_to_a_private_one(door):
    reported = door.world.reported(private=True)
    answer = door.get(f"tokens/{reported.code}.json")
    assert told(answer) == [{"service_request_id": reported.matter.number, "token": reported.code}]
    root = parsed(door.get(f"tokens/{reported.code}.xml"))
    assert root.findtext("request/token") == reported.code
    assert door.get(f"requests/{reported.matter.number}.json").status_code == 404


def test_tokens_cannot_be_tried_out(door):
    answers = [door.get(f"tokens/ABCDEFGH{n:04d}.json") for n in range(61)]
    assert [one.status_code for one in answers] == [404] * 60 + [429]
    assert answers[-1]["Retry-After"] == "600"
    assert [one["code"] for one in told(answers[-1])] == [429]


def test_reading_has_a_limit_by_address(door):
    codes = [door.get("discovery.json").status_code for _n in range(601)]
    assert codes == [200] * 600 + [429]
    assert door.client.get("/open311/v2/discovery.json", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_where_the_endpoint_is(door):
    held = json.loads(door.get("discovery.json").content)
    assert held["endpoints"][0]["url"] == "http://testserver/open311/v2"
    assert held["endpoints"][0]["formats"] == ["text/xml", "application/json"]
    assert parsed(door.get("discovery.xml")).findtext("endpoints/endpoint/specification").endswith("GeoReport_v2")


def test_any_page_may_read_and_no_cookie_gives_a_right(door):
    answer = door.get("services.json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer
    hidden = door.world.reported(private=True).matter
    lead = door.world.cast.client("city_commander")
    assert lead.get(f"/open311/v2/requests/{hidden.number}.json").status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_told_so(door, method):
    answer = getattr(door.client, method)("/open311/v2/requests.json")
    assert answer.status_code == 405
    assert told(answer)[0]["code"] == 405
    assert door.client.post("/open311/v2/services.json").status_code == 405


def test_a_point_of_the_community_where_its_outline_is_held(door, tmp_path, django_assert_max_num_queries):
    ring = [[104.0, 30.6], [104.1, 30.6], [104.1, 30.7], [104.0, 30.7], [104.0, 30.6]]
    feature = {"type": "Feature", "properties": {"code": "510104001001"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    path = tmp_path / "outlines.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    cast = door.world.cast
    import_outlines(path, datum="WGS84", valid_from=now().date(), source="test", by=cast.admin, at=now())
    for _n in range(30):
        door.world.reported()
    with django_assert_max_num_queries(16):
        listed = told(door.get("requests.json"))
    assert len(listed) == 30
    assert {(104 < one["long"] < 104.1, 30.6 < one["lat"] < 30.7) for one in listed} == {(True, True)}
    valid(listed, "requests")


# What real servers answered: ours has the same shape.
