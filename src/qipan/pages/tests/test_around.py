"""From one thing to all else on its ground (PRI-2): every line leads to a page that its reader may open."""

import re

import pytest
from django.utils.translation import override

from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.pages.queries.around import around
from qipan.pages.testing import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.row("PRI-2")]
COMMUNITY, COMPOUND = "510104001001", "510104001001001"
ENGLISH = {"headers": {"Accept-Language": "en"}}


def shown(scene: Scene, who: str, code: str) -> dict[str, str]:
    with override("en"):
        found = around(code, actor=getattr(scene.cast, who), at=scene.at)
        return {str(line.what): str(line.shown) for line in found.lines}


def test_what_each_room_holds_on_a_ground_is_counted_there(scene: Scene) -> None:
    assert shown(scene, "district_head", "510104") == {
        "Posture": "emergency level I Outbreak",
        "Highest risk level in force": "none",
        "Measures in force": "1",
        "Matters newly reported": "0",
        "Matters in hand": "0",
        "Late tasks, of those that are open": "2 / 20",
        "Forms open here": "1",
        "Screening round": "First screening",
        "Teams at work": "0",
        "Directives of the last 30 days": "1",
        "Readiness": "look",
        "Board": "look",
    }
    assert shown(scene, "city_commander", "510105")["Forms open here"] == "0"


@pytest.mark.parametrize(
    "who", ["city_commander", "district_head", "dispatcher", "worker", "guard", "department", "lead"]
)
@pytest.mark.parametrize("code", ["5101", "510104", COMMUNITY, COMPOUND])
def test_every_line_leads_to_a_page_that_its_reader_may_open(scene: Scene, who: str, code: str) -> None:
    client = scene.cast.client(who)
    page = client.get(f"/around/{code}", **ENGLISH)
    if page.status_code == 200:
        links = re.findall(r'list-group-item-action d-flex" href="([^"]+)"', page.content.decode())
        assert len(links) >= 2
        for link in links:
            assert client.get(link.replace("&amp;", "&"), **ENGLISH).status_code == 200, link
    else:
        assert (page.status_code, who, code) in {(404, "guard", "5101")}


def test_nothing_is_told_beyond_ones_ground(scene: Scene) -> None:
    with pytest.raises(NotFound):
        around("510105", actor=scene.cast.worker, at=scene.at)
    with pytest.raises(NotFound):
        around("nowhere", actor=scene.cast.worker, at=scene.at)
    with pytest.raises(NotAllowed):
        around(COMMUNITY, actor=scene.cast.screener, at=scene.at)
    part = shown(scene, "worker", "5101")  # of the whole city only what lies on the own ground
    assert part["Late tasks, of those that are open"] == "0 / 4"


def test_pages_of_things_lead_there(scene: Scene) -> None:
    client = scene.cast.client("district_head")
    measure = re.search(r'href="(/measures/\d+)"', client.get("/measures").content.decode())
    assert measure is not None
    assert re.search(r'href="/around/\d{4,15}">本地全貌<', client.get(measure[1]).content.decode())
    assert 'href="/around/510104">Around here<' in client.get("/readiness/510104", **ENGLISH).content.decode()
