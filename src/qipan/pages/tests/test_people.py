"""Populations with their definition, date and source, and the city by its governing areas."""

from datetime import date

import pytest
from django.utils.formats import date_format

from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.territory.api import DenominatorKind, import_governing, set_denominator

from .conftest import AT

GOVERNING = """code,name,parent_code,members,name_en
510104,锦江区,5101,510104001,Jinjiang
510105,青羊区,5101,510105001;510105002001,Qingyang
5101-gx,高新区,5101,510104002;510105002002,Hi-tech Zone
"""
DAY = date(2026, 1, 1)
BY = Actor.system("import", acts=["territory.import", "register.edit"], ranges=[range_of("5101")])


def populate(kind, value, definition):
    set_denominator("5101", kind, value, definition=definition, source="bulletin 2026", valid_from=DAY, by=BY, at=AT)


@pytest.mark.row("ORG-16")
def test_the_rate_per_10_000_says_by_what_it_was_divided(scene):
    populate(DenominatorKind.RESIDENT, 16_000, "people who live here")
    populate(DenominatorKind.SERVICE, 20_000, "people the city serves")
    client = scene.cast.client("city_commander")
    found = client.get("/api/board/5101").json()
    assert found["tasks"]["service_open"] == 4
    assert found["rate"] == 2.0  # 4 * 10,000 / 20,000
    page = client.get("/board/5101").content.decode()
    assert "1.6万" in page
    assert "people who live here" in page
    assert page.count(date_format(DAY, "DATE_FORMAT")) == 2  # beside each population
    rate = client.get("/board/5101").context["board"].rate
    assert rate.explained in page
    for told in ("people the city serves", "20,000", "2026-01-01", "bulletin 2026"):
        assert told in rate.explained


@pytest.mark.row("ORG-16")
def test_without_a_known_population_there_is_no_rate(scene):
    populate(DenominatorKind.RESIDENT, 16_000, "people who live here")
    client = scene.cast.client("city_commander")
    assert client.get("/api/board/5101").json()["rate"] == 2.5  # of the residents, where the served are not known
    assert client.get("/api/board/510104").json()["rate"] is None
    page = client.get("/board/510104").content.decode()
    assert "每万人" not in page
    assert 'class="people"' not in page


@pytest.fixture
def governing(scene, tmp_path):
    """The scene with a high-tech zone that holds a street of one district and a community of the other."""
    path = tmp_path / "governing.csv"
    path.write_text(GOVERNING)
    import_governing(path, valid_from=DAY, source="decree", by=BY, at=AT)
    return scene


def test_the_city_by_its_governing_areas_sums_to_the_same_city(governing):
    client = governing.cast.client("city_commander")
    official = client.get("/api/board/5101").json()
    found = client.get("/api/board/5101", {"by": "governing"}).json()
    assert found["total"] == official["total"]
    parts = {row["code"]: row["coverage"] for row in found["areas"]}
    assert set(parts) == {"510104", "510105", "5101-gx"}
    assert sum(part["whole"] for part in parts.values()) == 160
    assert parts["5101-gx"]["whole"] == 60
    zone = client.get("/api/board/5101-gx", {"by": "governing"}).json()
    assert [row["code"] for row in sorted(zone["areas"], key=lambda row: row["code"])] == ["510104002", "510105002002"]
    assert zone["coverage"]["doors"] == 60
    assert {"part": zone["coverage"]["settled"], "whole": 60} == parts["5101-gx"]


def test_the_switch_and_the_links_keep_the_hierarchy(governing):
    client = governing.cast.client("city_commander")
    city = client.get("/board/5101", {"by": "governing"}).content.decode()
    assert 'href="/board/5101-gx?by=governing"' in city
    zone = client.get("/board/5101-gx", {"by": "governing"})
    assert [step.code for step in zone.context["board"].path] == ["5101", "5101-gx"]
    assert 'href="/board/510104002?by=governing"' in zone.content.decode()
    assert 'href="/board/5101-gx/rows/left?by=governing"' in zone.content.decode()
    assert f'href="/board/5101-gx/rows/unread?of={governing.directive.pk}&amp;by=governing"' in zone.content.decode()
    street = client.get("/board/510104002", {"by": "governing"})
    assert [row.area.code for row in street.context["board"].squares] == ["510104002001", "510104002002"]
    assert client.get("/board/5101-gx").status_code == 404  # it is no official division
    assert governing.cast.client("district_head").get("/board/5101-gx", {"by": "governing"}).status_code == 404
    rows = client.get("/board/5101-gx/rows/left", {"by": "governing"})
    assert rows.context["found"].total == zone.context["board"].coverage.share.left
