"""Open311: limits by key and by address, what is sent twice, and no session in the way; refusals write nothing."""

import pytest
from django.test import Client

from qipan.kernel.clock import now

from ..actions.partners import add_partner
from .conftest import COMPOUND, V2, Door, counts, told
from .test_reporting import refused, report_of


@pytest.fixture(autouse=True)
def _within_the_hour(clock_at):
    """Limits are by the hour: none of these is asked across a full one."""
    clock_at(now().replace(minute=10))


def test_a_partner_has_a_limit_of_its_own_and_an_address_the_public_pages(keyed, door):
    for n in range(5):
        assert keyed.post(description=f"第{n}件").status_code == 200
    refused(keyed, 429, description="第六件")
    for n in range(10):
        assert door.post(description=f"没有钥匙的第{n}件").status_code == 200
    refused(door, 429, description="没有钥匙的第十一件")
    # The public page of the same address has the same limit.
    assert (
        door.client.post(
            f"{V2}requests.json",
            {"service_code": "01003", "address_id": COMPOUND, "description": "别处"},
            REMOTE_ADDR="203.0.113.9",
        ).status_code
        == 200
    )


def test_the_same_request_sent_again_is_one_and_costs_nothing_of_the_limit(keyed):
    first = keyed.post()
    before = counts()
    for _n in range(8):
        again = keyed.post()
        assert told(again)[0]["service_request_id"] == told(first)[0]["service_request_id"]
        assert told(again)[0]["token"] is None
    assert counts() == before
    other = keyed.post(description="路灯又不亮了")
    assert told(other)[0]["service_request_id"] != told(first)[0]["service_request_id"]


def test_an_idempotency_key_makes_requests_one(keyed):
    body = {"service_code": "01003", "address_id": COMPOUND, "api_key": keyed.key}
    answers = [
        keyed.client.post(f"{V2}requests.json", body | {"description": words}, headers={"Idempotency-Key": key})
        for words, key in (("一号灯", "a"), ("一号灯，再发", "a"), ("一号灯", "b"))
    ]
    first, again, other = (told(one)[0]["service_request_id"] for one in answers)
    assert first == again != other


def test_the_same_words_of_two_partners_are_two_requests(keyed):
    _partner, key = add_partner(name="Second", by=keyed.world.cast.admin, at=keyed.world.at)
    second = Door(Client(), keyed.world, key)
    assert told(keyed.post())[0]["service_request_id"] != told(second.post())[0]["service_request_id"]


def test_no_session_is_used(keyed):
    """A signed-in dispatcher's browser gives a foreign page no right here, with or without the token of a form."""
    client = keyed.world.cast.client("dispatcher", csrf=True)
    refused(Door(client, keyed.world), 403)
    answer = Door(client, keyed.world, keyed.key).post()
    assert report_of(answer).by_label == "程序上报：随手拍"
