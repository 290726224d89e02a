"""The pages of sources: who sees them, a dry run before it is switched on, and where a value came from."""

from typing import Any

import pytest
from django.test import override_settings

from qipan.access.testing import Cast
from qipan.kernel.clock import now

from ..actions import seed_forms
from ..actions.sources import Reads, add_source
from ..adapter import pull_due
from ..jobs import pull_sources
from ..models import DataSource, FieldValues, Form, FormQuestion
from .pulling import FIELD
from .register import Register, body, status

EN = {"headers": {"Accept-Language": "en"}}
GAS = b"place,heat\n510104001001001,gas\n"
AT = "/forms/fields/sources"
pytestmark = pytest.mark.row("ORG-12")


@pytest.fixture
def city(town: Cast, network: None) -> Cast:
    seed_forms(town.unit("5101:lead-body"), by=town.lead, at=town.at)
    return town


def typed(register: Register, **changes: Any) -> dict[str, Any]:
    given = {
        "field": FIELD, "title": "Heating register", "url": f"{register.base}/heat.csv", "kind": "CSV", "records": "",
        "place_name": "place", "value_name": "heat", "every": "HOURLY", "secret": "Bearer of-nobody",
    }  # fmt: skip
    return {**given, **changes}


def source(city: Cast, register: Register, path: str = "/heat.csv") -> DataSource:
    how = Reads("Heating register", register.base + path, "CSV", "place", "heat", "HOURLY", secret="Bearer of-nobody")
    return add_source(FIELD, how, by=city.lead, at=city.at)


@pytest.mark.parametrize(
    ("name", "listing", "one", "new"),
    [
        ("lead", 200, 200, 200),
        ("department", 200, 200, 403),
        ("dispatcher", 403, 404, 403),
        ("city_commander", 403, 404, 403),
        ("admin", 403, 403, 403),
        ("stranger", 403, 403, 403),
    ],
)
def test_who_sees_sources(city: Cast, register: Register, name: str, listing: int, one: int, new: int) -> None:
    made, client = source(city, register), city.client(name)
    assert client.get(AT).status_code == listing
    assert client.get(f"{AT}/{made.pk}").status_code == one
    assert client.get(f"{AT}/new").status_code == new
    for act in ("try", "off"):
        assert client.post(f"{AT}/{made.pk}/{act}").status_code in ((200, 302) if one == 200 else (one,))
    for act in ("on", "end", "change"):
        if name != "lead":
            assert client.post(f"{AT}/{made.pk}/{act}", typed(register)).status_code == (403 if one == 200 else one)
    made.refresh_from_db()
    assert (made.active, made.ended_at, made.title) == (False, None, "Heating register")


def test_it_is_set_up_tried_and_switched_on_on_its_page(city: Cast, register: Register) -> None:
    client = city.client("lead")
    refused = client.post(f"{AT}/new", typed(register, url="http://10.0.0.1/x", place_name=""), **EN)
    assert refused.status_code == 400 and DataSource.objects.count() == 0
    refused = client.post(f"{AT}/new", typed(register, url="http://10.0.0.1/x"), **EN)
    assert "10.0.0.1 is not a public address" in refused.content.decode()
    assert client.post(f"{AT}/new", typed(register, field="person_phone"), **EN).status_code == 400
    answer = client.post(f"{AT}/new", typed(register))
    made = DataSource.objects.get()
    assert (answer.status_code, answer["Location"], made.active) == (302, f"{AT}/{made.pk}", False)
    register.answers["/heat.csv"] = body(GAS + b"51x,coal\n")
    page = client.post(f"{AT}/{made.pk}/on", **EN)
    text = page.content.decode()
    assert page.status_code == 409 and "line 3: place is missing or wrong: 51x" in text and "gas" in text
    assert "of-nobody" not in text and "held sealed" in text
    register.answers["/heat.csv"] = body(GAS)
    tried = client.post(f"{AT}/{made.pk}/try", **EN).content.decode()
    assert "every line can be taken over" in tried and "1 line, as of" in tried and "Nothing was written." in tried
    made.refresh_from_db()
    assert (made.active, FieldValues.objects.count()) == (False, 0)
    assert client.post(f"{AT}/{made.pk}/on").status_code == 302
    made.refresh_from_db()
    assert made.active
    register.asked.clear()
    with override_settings(CLOCK_FILE="a replay's"):  # no real register is asked by a clock that runs ahead
        pull_sources()
    assert register.asked == []
    pull_sources()  # as the clock does
    shown = client.get(f"{AT}/{made.pk}", **EN).content.decode()
    assert "read next" in shown and "What it brought" in shown and "SHA-256" in shown
    assert "failed" not in shown


def test_where_a_value_came_from_is_shown_on_the_dictionary_and_on_the_form(city: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = body(GAS)
    made = source(city, register)
    city.client("lead").post(f"{AT}/{made.pk}/on")
    assert pull_due(at=now()) == 1
    delivery = FieldValues.objects.get()
    form = Form.objects.get(code="door-screening")
    FormQuestion.objects.create(
        form=form, order=90, path="/data/heat", kind="text", labels={}, field_code=FIELD, held=True
    )
    for address in ("/forms/fields", "/forms/door-screening"):
        page = city.client("worker").get(address, **EN).content.decode()
        assert "from “Heating register”" in page and f"delivery {delivery.pk}" in page, address
        assert AT not in page  # who may not see sources is not led there
    assert AT in city.client("department").get("/forms/fields").content.decode()
    options = city.client("lead").get("/forms/fields").context["form"].fields["field"].choices
    assert FIELD not in [code for code, _label in options]  # while it is pulled no file is brought


def test_what_is_held_comes_back_to_each_level_for_its_own_ground(city: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = body(GAS + b"510104001002001,coal\n510105001001001,sun\n")
    made = source(city, register)
    city.client("lead").post(f"{AT}/{made.pk}/on")
    assert pull_due(at=now()) == 1
    day = FieldValues.objects.get().as_of.isoformat()
    lines = {
        "510104001001001": f"5101040010010010000,gas,{day},Heating register",
        "510104001002001": f"5101040010020010000,coal,{day},Heating register",
        "510105001001001": f"5101050010010010000,sun,{day},Heating register",
    }
    for name, count in (("lead", 3), ("district_head", 2), ("dispatcher", 2), ("worker", 1), ("neighbour_head", 1)):
        answer = city.client(name).get("/forms/fields/compound_heating/values.csv")
        rows = answer.content.decode("utf-8-sig").splitlines()
        assert rows[0] == "place,value,as_of,source" and len(rows) == 1 + count, name
        assert set(rows[1:]) <= set(lines.values()), name
    assert (
        city.client("worker")
        .get("/forms/fields/compound_heating/values.csv")
        .content.decode()
        .endswith(lines["510104001001001"] + "\r\n")
    )
    for path in ("compound_heating/values.pdf", "person_phone/values.csv", "no_such/values.csv"):
        assert city.client("lead").get(f"/forms/fields/{path}").status_code == 404
    assert city.client("stranger").get("/forms/fields/compound_heating/values.csv").status_code == 403


def test_a_failure_stands_on_the_page_in_the_readers_language(city: Cast, register: Register) -> None:
    register.answers["/heat.csv"] = body(GAS)
    made, client = source(city, register), city.client("department")
    city.client("lead").post(f"{AT}/{made.pk}/on")
    register.answers["/heat.csv"] = status(500)
    assert pull_due(at=now()) == 0
    for address in (AT, f"{AT}/{made.pk}"):
        english = client.get(address, **EN).content.decode()
        assert (
            "failed once" in english and "The register answered with status 500." in english and "next try" in english
        )
        assert "状态 500" in client.get(address).content.decode()
    client.post(f"{AT}/{made.pk}/off")
    made.refresh_from_db()
    assert (made.active, made.refusal) == (False, None)


def test_a_change_keeps_the_header_unless_it_is_said_and_end_erases_it(city: Cast, register: Register) -> None:
    made, client = source(city, register), city.client("lead")
    change = {name: text for name, text in typed(register, secret="", title="New").items() if name != "field"}
    assert client.post(f"{AT}/{made.pk}/change", change).status_code == 302
    made.refresh_from_db()
    assert (made.title, made.secret) == ("New", "Bearer of-nobody")
    moved = client.post(f"{AT}/{made.pk}/change", {**change, "url": "https://other.example/x"}, **EN)
    assert moved.status_code == 409 and "leads to another machine" in moved.content.decode()
    made.refresh_from_db()
    assert made.host == "127.0.0.1"
    assert client.post(f"{AT}/{made.pk}/change", {**change, "no_secret": "on"}).status_code == 302
    made.refresh_from_db()
    assert made.secret == ""
    assert client.post(f"{AT}/{made.pk}/praise").status_code == 404
    assert client.post(f"{AT}/{made.pk}/end").status_code == 302
    assert client.get(f"{AT}/{made.pk}").status_code == 404
