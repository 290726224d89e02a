"""The pages: who may open them, what they show, what their buttons do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.translation import override

from qipan.kernel.clock import now
from qipan.kernel.place import range_of
from qipan.screening.models import Campaign, Coverage, Round, VisitConflict
from qipan.screening.queries import addresses_of
from qipan.territory.api import Door
from qipan.territory.testing import close

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
    assert [door.place for door, _address in down.context["left"]] == ground.doors[5:]
    compound = client.get(f"{address(ground, 'page')}?area={COMMUNITY}001")
    assert compound.context["total"].left == 5


@pytest.mark.parametrize(("visits", "said"), [(1, "1 visit."), (2, "2 visits.")])
def test_visits_are_told_in_the_form_of_their_number(ground, visits, said):
    ground.told(*[ground.visit(place) for place in ground.doors[:visits]])
    client = ground.cast.client("city_commander")
    assert f"; {said}" in client.get(address(ground, "page"), headers={"Accept-Language": "en"}).content.decode()
    chinese = client.get(address(ground, "page"), headers={"Accept-Language": "zh-hans"}).content.decode()
    assert f"；已走访 {visits} 次。" in chinese


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
    assert lines[0] == "place number,state,attempts,next step,community,compound,door"
    where = addresses_of([ground.doors[5]])[ground.doors[5]]
    assert lines[1] == (
        f"{ground.doors[5]},nobody home,1,visit again at another time of day,"
        f"{where.community},{where.compound},{where.within}"
    )
    assert [line.split(",")[0] for line in lines[1:]] == [str(place) for place in ground.doors[5:]]


def test_opens_and_closes_by_its_buttons(ground):
    client = ground.cast.client("city_commander")
    typed = {
        "title": "三轮",
        "basis": "川府函〔2026〕3号",
        "rests_on": f"admission:{ground.round.campaign.admission_id}",
    }
    opened = client.post("/campaigns/open", typed)
    campaign = Campaign.objects.get(title="三轮")
    assert opened.url == f"/campaigns/{campaign.pk}"
    assert client.get(opened.url).status_code == 200
    until = (now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    url = f"/campaigns/{campaign.pk}/rounds"
    assert (
        client.post(url, {"areas": "510104001 510104002", "closes_at": until, "minutes_per_visit": "3"}).status_code
        == 302
    )
    round_ = Round.objects.get(campaign=campaign)
    assert (round_.number, round_.minutes_per_visit) == (1, 3)
    assert client.post(url, {"areas": "510104001", "closes_at": "whenever"}).status_code == 400
    assert client.post(url, {"areas": "", "closes_at": until}).status_code == 400
    assert client.post(url, {"areas": "777", "closes_at": until}).status_code == 400
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


def test_a_refused_campaign_keeps_what_was_typed(ground):
    client = ground.cast.client("city_commander")
    before = Campaign.objects.count()
    answer = client.post("/campaigns/open", {"title": "三轮排查", "basis": "", "drill": "on"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="三轮排查"' in page
    assert 'name="drill" class="form-check-input" id="id_drill" checked' in page
    assert 'role="alert"' in page
    assert Campaign.objects.count() == before


def test_a_refused_round_keeps_what_was_typed_and_names_the_wrong_codes(ground):
    client = ground.cast.client("district_head")
    url = f"/campaigns/{ground.round.campaign_id}/rounds"
    rounds = Round.objects.count()
    for until, areas, wrong in (
        ("2030-01-02T03:04", "510104001\n510105", "510105"),  # the neighbour's ground looks like no ground
        ("2030-01-02T03:04", "510104001 777777", "777777"),
        ("", "510104001", None),
        ("2020-01-02T03:04", "510104001", None),
    ):
        answer = client.post(url, {"areas": areas, "closes_at": until})
        page = answer.content.decode()
        assert 400 <= answer.status_code < 500
        assert answer.status_code != 404
        assert f"{areas}</textarea>" in page
        assert not until or f'value="{until}"' in page
        assert '<span hidden data-code="510104001">' in page
        if wrong:
            assert f"没有以下代码的区域：{wrong}。" in page
        assert 'role="alert"' in page
    assert Round.objects.count() == rounds


def test_areas_are_separated_as_people_do(ground):
    client = ground.cast.client("city_commander")
    until = (now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert client.post(f"/rounds/{ground.round.pk}/close").status_code == 302
    url = f"/campaigns/{ground.round.campaign_id}/rounds"
    answer = client.post(
        url, {"areas": "510104001001，510104001002、510104001001\n", "closes_at": until, "minutes_per_visit": "5"}
    )
    assert answer.status_code == 302
    opened = Round.objects.order_by("-number").first()
    assert opened.number == 2
    covered = Coverage.objects.everywhere("a test").filter(round=opened).values_list("place", flat=True)
    assert sorted(str(place)[:12] for place in covered) == ["510104001001"] * 2 + ["510104001002"] * 2


def test_doors_are_shown_as_people_say_them(ground):
    place = ground.doors[0]
    Door.objects.filter(pk=place).update(building="3", entrance="2", label="1203")
    said = addresses_of([place, place])[place]
    assert (said.building, said.entrance, said.door) == ("3", "2", "1203")
    assert said.within == "3栋 2单元 1203户"
    with override("en"):
        assert said.within == "Building 3 Entrance 2 Door 1203"
    assert str(said) == f"{said.compound} · {said.within}"  # the compound's name begins with the community's
    assert str(replace(said, compound="锦绣苑")) == f"{said.community} · 锦绣苑 · {said.within}"
    page = ground.cast.client("city_commander").get(f"{address(ground, 'page')}?area={COMMUNITY}").content.decode()
    assert f"{said.compound} · 3栋 2单元 1203户" in page
    assert str(place) not in page
    gone = place - place % 10_000 + 9_999  # on no register: the number is all there is
    assert addresses_of([gone])[gone].within == str(gone)


def test_a_community_that_an_import_ended_is_named_as_it_was(ground):
    place = ground.doors[0]
    before = addresses_of([place])[place]
    close(COMMUNITY, at=now())
    assert addresses_of([place])[place] == before and before.community == "锦江一街一社区"
    lines = list(ground.cast.client("city_commander").get(address(ground, "csv")).streaming_content)
    [line] = [line for line in lines if str(place).encode() in line]
    assert ",锦江一街一社区," in line.decode()
