"""The pages: who may open them, what they show, what their buttons do."""

from datetime import timedelta

import pytest

from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.screening.models import Campaign, Round, VisitConflict

from .conftest import COMMUNITY


def address(ground, kind):
    return {
        "list": "/campaigns",
        "page": f"/campaigns/{ground.round.campaign_id}",
        "csv": f"/rounds/{ground.round.pk}/left.csv",
        "conflicts": "/conflicts",
    }[kind]


@pytest.mark.parametrize("kind", ["list", "page", "csv"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("anonymous", 302), ("stranger", 403), ("admin", 403), ("city_commander", 200), ("district_head", 200)],
)
def test_who_may_see_campaigns(ground, kind, who, status):
    assert ground.cast.client(who).get(address(ground, kind)).status_code == status


def test_the_neighbour_sees_an_empty_list_and_no_page(ground):
    client = ground.cast.client("neighbour_head")
    assert b"campaigns/" not in client.get("/campaigns").content.split(b"<main")[1].split(b"<details")[0]
    assert client.get(address(ground, "page")).status_code == 404
    assert client.get(address(ground, "csv")).status_code == 404


def test_the_page_shows_exact_figures_at_each_level(ground):
    ground.told(*[ground.visit(place) for place in ground.doors[:5]], ground.visit(ground.doors[5], "NOT_HOME"))
    client = ground.cast.client("city_commander")
    page = client.get(address(ground, "page"), headers={"Accept-Language": "en"})
    assert (page.context["total"].settled, page.context["total"].doors) == (5, 80)
    assert sum(count for _state, count in page.context["states"]) == 80
    assert b"5 / 80" in page.content
    assert b"6.2 %" in page.content
    down = client.get(f"{address(ground, 'page')}?area={COMMUNITY}")
    assert [(area.code[-3:], row.settled, row.left) for area, row in down.context["rows"]] == [
        ("002", 0, 10),
        ("001", 5, 5),
    ]
    assert [door.place for door in down.context["left"]] == ground.doors[5:]
    compound = client.get(f"{address(ground, 'page')}?area={COMMUNITY}001")
    assert compound.context["total"].left == 5


@pytest.mark.parametrize(
    ("_case", "query", "status"),
    [
        ("outside the post's ground", "area=510105", 404),
        ("no such area", "area=999999", 404),
        ("no such round", "round=9", 404),
        ("nonsense round", "round=x", 404),
        ("nonsense place", "after=x", 400),
    ],
)
def test_a_bad_address_is_refused(ground, _case, query, status):
    assert ground.cast.client("district_head").get(f"{address(ground, 'page')}?{query}").status_code == status


@pytest.mark.row("SCR-1")
def test_the_export_is_the_whole_list(ground):
    ground.told(*[ground.visit(place) for place in ground.doors[:5]], ground.visit(ground.doors[5], "NOT_HOME"))
    response = ground.cast.client("city_commander").get(
        f"{address(ground, 'csv')}?area={COMMUNITY}", headers={"Accept-Language": "en"}
    )
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "place,state,attempts,next step"
    assert lines[1] == f"{ground.doors[5]},nobody home,1,visit again at another time of day"
    assert [line.split(",")[0] for line in lines[1:]] == [str(place) for place in ground.doors[5:]]


def test_opens_and_closes_by_its_buttons(ground):
    client = ground.cast.client("city_commander")
    opened = client.post("/campaigns/open", {"title": "三轮", "basis": "川府函〔2026〕3号"})
    campaign = Campaign.objects.get(title="三轮")
    assert opened.url == f"/campaigns/{campaign.pk}"
    assert client.get(opened.url).status_code == 200
    until = (now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    url = f"/campaigns/{campaign.pk}/rounds"
    assert client.post(url, {"areas": "510104001 510104002", "closes_at": until}).status_code == 302
    round_ = Round.objects.get(campaign=campaign)
    assert round_.number == 1
    assert client.post(url, {"areas": "510104001", "closes_at": "whenever"}).status_code == 400
    assert client.post(url, {"areas": "", "closes_at": until}).status_code == 400
    assert client.post(url, {"areas": "777", "closes_at": until}).status_code == 404
    assert client.post(f"/campaigns/{campaign.pk}/close").status_code == 409
    assert client.post(f"/rounds/{round_.pk}/close").status_code == 302
    assert client.post(f"/rounds/{round_.pk}/close").status_code == 409
    assert client.post(f"/campaigns/{campaign.pk}/close").status_code == 302
    campaign.refresh_from_db()
    assert campaign.closed_at is not None
    assert client.post("/campaigns/open", {"title": "", "basis": ""}).status_code == 400


@pytest.mark.parametrize(("who", "status"), [("anonymous", 401), ("auditor", 403), ("neighbour_head", 404)])
def test_who_may_not_press_them(ground, who, status):
    client = ground.cast.client(who)
    assert client.post(f"/rounds/{ground.round.pk}/close").status_code == status
    assert client.post(f"/campaigns/{ground.round.campaign_id}/close").status_code == status
    assert client.post(f"/campaigns/{ground.round.campaign_id}/rounds", {"areas": "510104"}).status_code == status
    ground.round.refresh_from_db()
    assert ground.round.closed_at is None


def test_conflicts_are_shown_and_decided(ground):
    first = ground.visit(ground.doors[0], "NOT_HOME")
    ground.told(first)
    ground.told({**first, "outcome": "REFUSED"})
    waiting = VisitConflict.objects.everywhere("a test").get()
    client = ground.cast.client("district_head")
    page = client.get("/conflicts", headers={"Accept-Language": "en"})
    assert b"nobody home" in page.content
    assert b"refused at the door" in page.content
    assert (
        ground.cast.client("neighbour_head").post(f"/conflicts/{waiting.pk}", {"decision": "KEPT"}).status_code == 404
    )
    assert ground.cast.client("auditor").get("/conflicts").status_code == 403
    assert ground.cast.client("anonymous").get("/conflicts").status_code == 302
    assert client.post(f"/conflicts/{waiting.pk}", {"decision": "NEITHER"}).status_code == 400
    assert client.post(f"/conflicts/{waiting.pk}", {"decision": "REPLACED"}).status_code == 302
    assert client.post(f"/conflicts/{waiting.pk}", {"decision": "KEPT"}).status_code in (404, 409)
    waiting.refresh_from_db()
    assert waiting.decision == "REPLACED"
    assert range_of(COMMUNITY).first < waiting.place
