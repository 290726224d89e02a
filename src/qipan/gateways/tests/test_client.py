"""A published client of GeoReport v2, against a running server; and the same report twice at once."""

import threading

import pytest
import requests
from django.db import connection
from django.test import Client
from georeport import GeoReport

from qipan.access.testing import make_city
from qipan.matters.api import decline_matter
from qipan.matters.testing import World, make_world

from ..actions.partners import add_partner, set_endpoint
from .conftest import COMPOUND, V2, Door, counts, told


@pytest.fixture
def served(transactional_db, live_server) -> tuple[World, str]:
    world = make_world(make_city())
    set_endpoint(jurisdiction="chengdu.example", keys_needed=False, by=world.cast.admin, at=world.at)
    return world, f"{live_server.url}/open311/v2"


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_published_client_reads_everything(served, form):
    world, root = served
    light, other = world.reported().matter, world.reported("01001").matter
    hidden = world.reported(private=True).matter
    decline_matter(other, kind="ANSWERED", reason="已答复 <&>", by=world.cast.dispatcher, at=world.later(hours=1))
    client = GeoReport(root, jurisdiction="chengdu.example", output_format=form)

    services = client.get_service_list()
    assert ("01003", world.category().name) in {(one["service_code"], one["service_name"]) for one in services}
    definition = client.get_service_definition("01003")
    assert definition["service_code"] == "01003"
    attributes = definition["attributes"] if form == "json" else definition["attributes"]["attribute"]
    assert [one["code"] for one in attributes] == ["notice", "spot", "private"]

    listed = client.get_service_requests()
    assert {one["service_request_id"] for one in listed} == {light.number, other.number}
    one = client.get_service_request(other.number)
    assert (one["service_code"], one["status"]) == ("01001", "closed")
    assert "已答复 <&>" in one["status_notes"]
    # With one entry, this client's XML reader gives the entry itself.
    (opened,) = _list(client.get_service_requests(status="open"))
    assert opened["service_request_id"] == light.number
    (lit,) = _list(client.get_service_requests(service_code="01003"))
    assert lit["service_request_id"] == light.number
    both = client.get_service_requests(service_request_id=f"{light.number},{other.number},{hidden.number}")
    assert len(both) == 2
    dated = client.get_service_requests(
        start_date=world.later(hours=-1).isoformat(), end_date=world.later(hours=1).isoformat()
    )
    assert len(dated) == 2
    for number in (hidden.number, "2026-999999"):
        with pytest.raises(requests.HTTPError) as error:
            client.get_service_request(number)
        assert error.value.response.status_code == 404
    with pytest.raises(requests.HTTPError):
        GeoReport(root, jurisdiction="elsewhere", output_format=form).get_service_list()


def _list(found):
    return found if isinstance(found, list) else [found]


def test_a_program_reports_with_a_photograph_and_follows(served):
    world, root = served
    _partner, key = add_partner(name="随手拍", by=world.cast.admin, at=world.at)
    answer = requests.post(
        f"{root}/requests.json",
        data={"api_key": key, "service_code": "01003", "address_id": COMPOUND, "description": "路灯不亮"},
        timeout=30,
    )
    assert answer.status_code == 200
    (made,) = answer.json()
    token = requests.get(f"{root}/tokens/{made['token']}.json", timeout=30).json()
    assert token == [{"service_request_id": made["service_request_id"], "token": made["token"]}]
    client = GeoReport(root)
    assert client.get_service_request(made["service_request_id"])["status"] == "open"


def test_the_same_report_many_times_at_once_is_one(transactional_db):
    world = make_world(make_city())
    set_endpoint(jurisdiction="chengdu.example", keys_needed=False, by=world.cast.admin, at=world.at)
    before, answers = counts(), []
    start = threading.Barrier(4)

    def send() -> None:
        start.wait()
        answers.append(Door(Client(), world).post())
        connection.close()

    threads = [threading.Thread(target=send) for _n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one.status_code for one in answers] == [200] * 4
    listed = [told(one)[0] for one in answers]
    assert len({one["service_request_id"] for one in listed}) == 1
    assert len([one for one in listed if one["token"]]) == 1
    after = counts()
    assert (after["Matter"] - before["Matter"], after["Report"] - before["Report"]) == (1, 1)
    assert after["Allowance"] - before["Allowance"] == 1


def test_head_is_answered_as_get(served):
    world, root = served
    number = world.reported().matter.number
    answer = requests.head(f"{root}/requests/{number}.xml", timeout=30)
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert requests.get(f"{root.removesuffix(V2.rstrip('/'))}/open311/v2/nothing.json", timeout=30).status_code == 404
