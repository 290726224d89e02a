"""The tiny city with the example catalogue, and a door into it for programs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.test import Client, override_settings

from qipan.access.testing import Cast
from qipan.kernel.clock import now
from qipan.kernel.testing import real_data
from qipan.matters.api import Matter
from qipan.matters.testing import World, make_world

from ..actions.partners import add_partner, set_endpoint
from ..adapter import notices as adapter
from .receiver import Mailbox, Receiver

V2 = "/open311/v2/"
COMPOUND = "510104001001001"


def recorded(name: str) -> Path:
    """The file of the published schemas and recorded answers."""
    return real_data(f"open311/{name}")


def counts() -> dict[str, int]:
    """How many matters, reports, steps and tasks there are: what a refusal must leave as it was."""
    names = ("Matter", "Report", "MatterStep", "Contact", "Photo", "Allowance")
    held = {name: apps.get_model("matters", name).objects for name in names}
    return {
        name: (rows.everywhere("a test") if name == "Matter" else rows.all()).count() for name, rows in held.items()
    }


def told(answer: HttpResponse) -> list[dict[str, Any]]:
    """The list in an answer in JSON."""
    value = json.loads(answer.content)
    assert isinstance(value, list)
    return value


@dataclass
class Door:
    """A program that calls without a session, as partners do."""

    client: Client
    world: World
    key: str = ""

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(V2 + path, query)

    def post(self, form: str = "json", **given: Any) -> Any:
        """This method will report a broken street light in the first compound, less what is given as None."""
        body = {"service_code": "01003", "address_id": COMPOUND, "description": "路灯不亮", "api_key": self.key}
        body = {name: value for name, value in (body | given).items() if value not in (None, "")}
        return self.client.post(f"{V2}requests.{form}", body)


@pytest.fixture
def world(city: Cast) -> World:
    return make_world(city)


@pytest.fixture
def door(world: World) -> Door:
    """Open to everyone, without keys."""
    set_endpoint(jurisdiction="chengdu.example", keys_needed=False, by=world.cast.admin, at=world.at)
    return Door(Client(), world)


@pytest.fixture
def keyed(world: World) -> Door:
    """With a key, where keys are needed."""
    _partner, key = add_partner(name="随手拍", most_an_hour=5, by=world.cast.admin, at=world.at)
    return Door(Client(), world, key)


def matter_of(answer: Any) -> Matter:
    """The matter that an answer to a report names."""
    number = told(answer)[0]["service_request_id"]
    return Matter.objects.everywhere("a test").get(pk=int(number.partition("-")[2]))


def parsed(answer: Any) -> ElementTree.Element:
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


__all__ = ["COMPOUND", "V2", "Door", "counts", "matter_of", "now", "parsed", "recorded", "told"]


@pytest.fixture(scope="module")
def servers():
    receiver, mailbox = Receiver(), Mailbox()
    yield receiver, mailbox
    receiver.stop()
    mailbox.controller.stop()
    adapter.child.end()


@pytest.fixture
def receiver(servers):
    servers[0].calls.clear()
    servers[0].answers.clear()
    with override_settings(OWN_NETWORKS=("127.0.0.0/8",), ADDRESS="https://qipan.example.cn"):
        yield servers[0]


@pytest.fixture
def mailbox(servers):
    servers[1].mails.clear()
    return servers[1]
