"""Matters on the map: a point on a report, what is near, the map of the inbox."""

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from qipan.kernel.actor import Scope
from qipan.kernel.place import place_of, range_of

from ..actions.intake import Words, join_matter, part_report
from ..models import Matter, Report, Standing
from ..queries.alike import similar
from ..queries.mapping import PointElsewhere, areas_on, clusters, named_in, places_at
from ..queries.public import places_like
from ..rules.points import Point, box_around
from ..terms import State
from ..testing import PUBLIC, SPOT, draw_outlines

pytestmark = pytest.mark.row("MAT-1")
GATE = Point(104.02, 30.62)  # in 510104001001
CITY = Scope((range_of("5101"),))


@pytest.fixture
def drawn(world):
    draw_outlines(world.cast)
    return world


def question(page) -> dict[str, str]:
    """The signed token and the answer of a page's question."""
    text = page.content.decode()
    first, second = re.search(r'<label for="answer">\D*(\d) \S+ (\d)', text).groups()
    return {"token": re.search(r'name="token" value="([^"]+)"', text)[1], "answer": str(int(first) + int(second))}


# -- a point on a report ---------------------------------------------------------------------------


def test_a_point_is_kept_with_the_matter_and_parted_reports_have_it_too(drawn):
    first = drawn.reported(point=GATE)
    assert Matter.objects.everywhere("a test").get().point == GATE
    assert drawn.reported(place=SPOT).matter.point is None
    second = join_matter(first.matter, words=Words("一样的路灯"), nonce="second", by=PUBLIC, at=drawn.at)
    apart = part_report(second.report, by=drawn.cast.dispatcher, at=drawn.later(minutes=1))
    assert (apart.place, apart.point) == (SPOT, GATE)


@pytest.mark.parametrize("outside", [Point(104.06, 30.62), Point(104.15, 30.62), Point(0.0, 0.0)])
def test_a_point_that_cannot_be_there_is_refused_and_nothing_is_written(drawn, outside):
    with pytest.raises(PointElsewhere) as refusal:
        drawn.reported(point=outside)
    assert "锦江一街一社区" in str(refusal.value)
    assert Matter.objects.everywhere("a test").count() == Report.objects.count() == 0


def test_a_point_near_its_place_is_taken_and_so_is_any_where_no_outline_is_known(drawn, world):
    assert drawn.reported(point=Point(104.0525, 30.62)).matter.point == (104.0525, 30.62)  # 240 m outside


def test_without_outlines_a_point_is_believed(world):
    assert world.reported(point=Point(104.5, 31.0)).matter.point == (104.5, 31.0)


@pytest.mark.parametrize("half", [{"longitude": 104.0}, {"latitude": 30.0}, {"longitude": 181.0, "latitude": 3.0}])
def test_the_database_holds_no_half_point(world, half):
    matter = world.reported().matter
    with pytest.raises(IntegrityError), transaction.atomic():
        Matter.objects.everywhere("a test").filter(pk=matter.pk).update(**half)


# -- the report page -------------------------------------------------------------------------------


def test_the_page_keeps_the_point_of_a_code_and_a_tick_takes_it_away(drawn):
    client = Client()
    page = client.get("/report", {"place": "510104001001001", "point": "104.02,30.62"})
    assert 'name="point" value="104.02000,30.62000" checked' in page.content.decode()
    given = {"place": "510104001001001", "category": "01003", "text": "门口的灯坏了"}
    answer = client.post("/report", {**given, **question(page), "point": "104.02000,30.62000"})
    assert answer.status_code == 302
    assert Matter.objects.everywhere("a test").get().point == GATE
    answer = client.post("/report", {**given, **question(client.get("/report")), "same": "another"})
    assert answer.status_code == 302
    assert [one.point for one in Matter.objects.everywhere("a test").order_by("pk")] == [GATE, None]


def test_a_point_alone_is_in_the_smallest_area_that_holds_it(drawn):
    client = Client()
    page = client.get("/report")
    given = {"category": "01003", "text": "路边的灯坏了", "point": "104.07,30.66", **question(page)}
    assert client.post("/report", given).status_code == 302
    matter = Matter.objects.everywhere("a test").get()
    assert (matter.place, matter.point) == (place_of("510104002002"), (104.07, 30.66))


def test_what_is_wrong_with_a_point_is_said_beside_it_and_what_was_typed_stays(drawn):
    client = Client()
    given = {"place": "510104001001001", "category": "01003", "text": "门口的灯坏了"}
    answer = client.post("/report", {**given, **question(client.get("/report")), "point": "104.15,30.62"})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert '<p class="field-error" role="alert">地图上的点' in text and "门口的灯坏了" in text
    assert 'value="104.15000,30.62000" checked' in text
    answer = client.post("/report", {**given, **question(client.get("/report")), "point": "104.15"})
    assert "一个点须同时有经度和纬度" in answer.content.decode()
    assert Matter.objects.everywhere("a test").count() == 0


def test_the_map_is_offered_only_where_there_is_one_to_draw(world):
    assert 'data-map="pick"' not in Client().get("/report").content.decode()
    draw_outlines(world.cast)
    assert 'data-map="pick"' in Client().get("/report").content.decode()
    assert 'data-map="pick"' in world.cast.client("worker").get("/matters/new").content.decode()


def test_a_post_takes_down_a_point_too(drawn):
    client = drawn.cast.client("worker")
    page = client.get("/matters/new")
    given = {"place": "510104001001001", "category": "01003", "text": "门口的灯坏了", "channel": "WORKER"}
    token = {"token": question(page)["token"], "answer": question(page)["answer"]}
    bad = client.post("/matters/new", {**given, **token, "point": "104.15,30.62"})
    assert bad.status_code == 400 and "地图上的点" in bad.content.decode()
    assert Matter.objects.everywhere("a test").count() == 0
    assert client.post("/matters/new", {**given, **token, "point": "104.02,30.62"}).status_code == 200
    assert Matter.objects.everywhere("a test").get().point == GATE


def test_places_at_a_point(drawn):
    found = Client().get("/report/places", {"point": "104.02,30.62"}).content.decode()
    assert found.count("<li>") == 3  # the community, and its two compounds
    assert 'value="510104001001" checked' in found and 'value="510104001001002"' in found
    assert "此处不在本市已知的范围内" in Client().get("/report/places", {"point": "104.5,30.62"}).content.decode()
    assert Client().get("/report/places", {"point": "x"}).content.decode().strip() == ""
    assert places_at(Point(104.5, 30.6), CITY) == []


def test_outlines_are_for_everyone_and_of_this_city_only(drawn):
    client = Client()
    answer = client.get("/report/outlines")
    assert [one["properties"] for one in answer.json()["features"]] == [
        {"code": "510104", "label": "锦江区"},
        {"code": "510105", "label": "青羊区"},
    ]
    assert answer["Cache-Control"] == "private, max-age=300"
    below = client.get("/report/outlines", {"area": "510104001"}).json()["features"]
    assert [one["properties"]["code"] for one in below] == ["510104001001", "510104001002"]
    assert below[0]["geometry"]["type"] == "Polygon"
    assert client.get("/report/outlines", {"area": "510104001001"}).json()["features"] == []  # compounds have none
    for area in ("51", "1101", "x", "", "5" * 40):
        assert client.get("/report/outlines", {"area": area}).status_code == 404


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("成都市锦江区锦江一街道锦江一街二社区2号院3栋2单元", "510104001002002"),
        ("锦江一街道锦江一街二社区门口", "510104001002"),
        ("青羊区青羊二街道", "510105002"),
        ("Jinjiang Second Subdistrict", "510104002"),
        ("锦江区某某路12号", "510104"),
    ],
)
def test_an_address_is_read_by_the_names_that_the_register_holds(world, address, code):
    assert [found[0] for found in places_like(address, CITY.ranges)] == [code]
    assert named_in(address, CITY.ranges) == place_of(code)


def test_an_address_elsewhere_leads_nowhere(world):
    assert places_like("北京市长安街1号", CITY.ranges) == []
    assert named_in("", CITY.ranges) is None
    # On a street's own ground, another street's name is no place.
    assert places_like("锦江二街道", (range_of("510104001"),)) == []


# -- what is near ----------------------------------------------------------------------------------

WORDS = "小区门口路灯不亮了"


def test_the_same_thing_across_the_boundary_is_hinted_at_within_a_hundred_metres(drawn):
    border = Point(104.0499, 30.62)  # the last metres of 510104001001
    near = drawn.reported(place=place_of("510104001001001"), point=border).matter
    across = place_of("510104001002001")
    assert similar(drawn.category(), across, WORDS, at=drawn.at) == []
    [found] = similar(drawn.category(), across, WORDS, at=drawn.at, point=Point(104.0506, 30.62))
    assert (found.matter, found.metres) == (near, 67)
    assert similar(drawn.category(), across, WORDS, at=drawn.at, point=Point(104.0511, 30.62)) == []  # 115 m
    corner = Point(104.0508, 30.6208)  # in the box, not in the circle: 123 m
    assert similar(drawn.category(), across, WORDS, at=drawn.at, point=corner) == []
    assert similar(drawn.category("02001"), across, WORDS, at=drawn.at, point=border) == []
    assert similar(drawn.category(), across, WORDS, at=drawn.later(days=8), point=border) == []


def test_the_same_compound_is_near_as_before_and_private_ones_are_never_hinted_at(drawn):
    first = drawn.reported(point=GATE).matter
    [found] = similar(drawn.category(), SPOT, WORDS, at=drawn.at, point=Point(104.04, 30.64))
    assert found.matter == first
    Matter.objects.everywhere("a test").update(private=True)
    assert similar(drawn.category(), SPOT, WORDS, at=drawn.at, point=GATE) == []


def test_the_hint_is_found_by_index(drawn):
    """The strip of latitude and its ends stand in one index; nothing is looked for in the table.

    There are matters enough, and counted, for the planner to have a reason: over an empty table
    PostgreSQL takes whichever index it comes to first.
    """
    matters = Matter.objects.everywhere("a test")
    first = drawn.reported(point=GATE).matter
    fields = {field.attname: getattr(first, field.attname) for field in Matter._meta.concrete_fields}
    del fields["id"]
    matters.bulk_create(
        Matter(**fields | {"latitude": 30 + n / 1000, "longitude": 103 + n / 1000}) for n in range(2000)
    )
    box = box_around(GATE, 100)
    rows = matters.filter(
        category=drawn.category(), latitude__gte=box.south, latitude__lte=box.north,
        longitude__gte=box.west, longitude__lte=box.east,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE matters_matter")
    assert "matters_around" in rows.explain()


def test_the_report_page_hints_at_what_is_near_and_joins_it(drawn):
    matter = drawn.reported(place=place_of("510104001001001"), point=Point(104.0499, 30.62)).matter
    client = Client()
    given = {"place": "510104001002001", "category": "01003", "text": WORDS, "point": "104.0503,30.62"}
    part = client.post("/report/similar", given).content.decode()
    assert matter.number in part and "米" not in part  # how far apart is told to offices only
    given |= {"same": str(matter.pk)} | question(client.get("/report"))
    assert client.post("/report", given).status_code == 302
    assert matter.reports.count() == 2


# -- everyone, and those who work on it ------------------------------------------------------------


def test_everyone_sees_a_point_to_a_hundred_metres_and_none_of_a_private_matter(drawn):
    exact = Point(104.02345, 30.62345)
    drawn.reported(point=exact)
    drawn.reported(point=Point(104.03111, 30.63111), private=True)
    page = Client().get("/public/matters").content.decode()
    assert page.count("data-spot=") == 1 and 'data-spot="104.02300,30.62300"' in page
    assert "104.02345" not in page and "104.031" not in page
    hidden = Matter.objects.everywhere("a test").get(private=True)
    assert hidden.public_point is None and hidden.point == (104.03111, 30.63111)


def test_the_matter_page_shows_where_it_is(drawn):
    exact = drawn.reported(point=GATE).matter
    page = drawn.cast.client("dispatcher").get(f"/matters/{exact.pk}").content.decode()
    assert "30.62000° N, 104.02000° E" in page
    assert 'data-area="510104001" data-within="510104001001" data-point="104.02000,30.62000"' in page
    bare = drawn.reported().matter
    assert 'data-map="show"' not in drawn.cast.client("dispatcher").get(f"/matters/{bare.pk}").content.decode()
    assert drawn.cast.client("neighbour_dispatcher").get(f"/matters/{exact.pk}").status_code == 404


# -- the map of the inbox --------------------------------------------------------------------------


def rows_of(page: str) -> dict[str, tuple[int, bool]]:
    """The table beside the map: area, how many, and whether it stands on the map."""
    found = re.findall(r'<tr( data-cluster="[^"]+" data-n="\d+")?><th scope="row">(?:<a [^>]+>)?([^<]+)(?:</a>)?</th><td class="num">(?:<a [^>]+>)?([\d,]+)', page)  # fmt: skip
    return {name: (int(n.replace(",", "")), bool(cluster)) for cluster, name, n in found}


@pytest.fixture
def spread(drawn):
    """Five new matters: three in one community, one in the next, one in the other district."""
    for place, point in [
        (SPOT, GATE), (SPOT, None), (place_of("510104001001002"), Point(104.03, 30.63)),
        (place_of("510104001002001"), None), (place_of("510105001001001"), Point(104.12, 30.61)),
    ]:  # fmt: skip
        drawn.reported(place=place, point=point)
    return drawn


def test_the_map_parts_each_ground_from_the_kept_counts(spread):
    commander = spread.cast.client("city_commander")
    city = commander.get("/matters/map", {"show": "new"}).content.decode()
    assert rows_of(city) == {"锦江区": (4, True), "青羊区": (1, True), "合计": (5, False)}
    assert 'data-area="5101" data-within=""' in city and "data-spot" not in city
    district = commander.get("/matters/map", {"show": "new", "area": "510104"}).content.decode()
    assert rows_of(district) == {"锦江一街道": (4, True), "锦江二街道": (0, True), "合计": (4, False)}
    street = commander.get("/matters/map", {"show": "new", "area": "510104001"}).content.decode()
    assert rows_of(street) == {"锦江一街一社区": (3, True), "锦江一街二社区": (1, True), "合计": (4, False)}
    assert street.count('class="row-matter"') == 4 and street.count("data-spot") == 2
    community = commander.get("/matters/map", {"show": "new", "area": "510104001001"}).content.decode()
    assert rows_of(community) == {
        "锦江一街一社区1号院": (2, False),
        "锦江一街一社区2号院": (1, False),
        "合计": (3, False),
    }
    assert 'data-area="510104001" data-within="510104001001"' in community
    ended = commander.get("/matters/map", {"show": "ended"}).content.decode()
    assert rows_of(ended)["合计"] == (0, False)


def test_a_street_sees_its_own_ground_and_its_filters(spread):
    dispatcher = spread.cast.client("dispatcher")
    own = dispatcher.get("/matters/map").content.decode()
    assert rows_of(own) == {"锦江一街一社区": (3, True), "锦江一街二社区": (1, True), "合计": (4, False)}
    none = dispatcher.get("/matters/map", {"category": "05001"}).content.decode()
    assert rows_of(none)["合计"] == (0, False) and "empty-note" in none
    lights = dispatcher.get("/matters/map", {"category": "01003"}).content.decode()
    assert rows_of(lights)["合计"] == (4, False)
    # What lies outside is not there; the way back ends at the own ground.
    outside = dispatcher.get("/matters/map", {"area": "510105"}).content.decode()
    assert rows_of(outside) == {"合计": (0, False)}
    assert "area=5101&" not in own and "area=510104&" not in own
    assert dispatcher.get("/matters/map", {"area": "510109"}).status_code == 404
    assert dispatcher.get("/matters/map", {"show": "all"}).status_code == 404
    assert spread.cast.client("guard").get("/matters/map").status_code == 403


def test_list_and_map_lead_to_each_other(spread):
    client = spread.cast.client("dispatcher")
    assert (
        "/matters/map?show=new&amp;category=01003&amp;own=1"
        in client.get("/matters", {"show": "new", "category": "01003", "own": "1"}).content.decode()
    )
    page = client.get("/matters/map", {"show": "new", "category": "01003"}).content.decode()
    assert "/matters?show=new&amp;category=01003&amp;area=510104001" in page


def test_without_outlines_the_table_says_the_same(world):
    world.reported()
    page = world.cast.client("dispatcher").get("/matters/map").content.decode()
    assert rows_of(page) == {"锦江一街一社区": (1, False), "锦江一街二社区": (0, False), "合计": (1, False)}
    assert "data-map=" not in page and "没有这些区域的边界" in page


def test_clusters_add_up_to_the_kept_counts_and_what_lies_in_no_area_is_told(world):
    areas = areas_on(None, [range_of("510104001"), range_of("510105")])
    assert [area.code for area in areas] == ["510105"]
    streets = areas_on(None, [range_of("510104001"), range_of("510104002")])
    assert [area.code for area in streets] == ["510104001", "510104002"]
    rows = [
        (place_of("510104001001"), 3),
        (place_of("510104001002001"), 2),
        (place_of("510104"), 7),
        (place_of("510105"), 1),
    ]
    parts, rest = clusters(streets, rows)
    assert [(one.code, one.n, one.point) for one in parts] == [("510104001", 5, None), ("510104002", 0, None)]
    assert rest == 8
    Standing.objects.everywhere("a test").create(place=place_of("510104009009"), state=State.REPORTED, n=4)
    page = world.cast.client("city_commander").get("/matters/map", {"show": "new", "area": "510104"}).content.decode()
    assert rows_of(page)["不属于以上区域"] == (4, False)


def test_the_map_costs_the_same_however_many_there_are(spread, django_assert_max_num_queries):
    client = spread.cast.client("city_commander")
    client.get("/matters/map", {"show": "new"})
    with django_assert_max_num_queries(30):
        client.get("/matters/map", {"show": "new"})
    client.get("/matters/map", {"show": "new", "area": "510104001"})  # areas are kept from here on
    for _n in range(20):
        spread.reported(point=GATE)
    with django_assert_max_num_queries(30):
        page = client.get("/matters/map", {"show": "new", "area": "510104001"})
    assert page.content.decode().count("data-spot") == 22
