"""What keeps coming back outside of any compound: around a point on a road, and in a community as a whole."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest

from qipan.kernel.clock import now
from qipan.kernel.place import place_of, range_of

from ..actions.dispatching import dispatch_matter
from ..actions.filing import file_matter
from ..actions.handling import confirm_matter, report_done, verify_matter
from ..actions.intake import Words, join_matter, part_report
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.points import correct_point
from ..actions.sessions import prepare_session
from ..models import Matter, MatterStep
from ..queries.audits import audit_counts, audit_matters
from ..queries.patterns import hot_spots
from ..queries.rechecks import watched
from ..rules.points import Point, cell_of
from ..testing import PUBLIC, SPOT

CITY = [range_of("5101")]
LIGHTS = "5101:urban-management"
COMMUNITY, STREET = place_of("510104001001"), place_of("510104001")
ROAD = (Point(104.02004, 30.62004), Point(104.01996, 30.61996), Point(104.0202, 30.62))  # within 25 m, one cell
ELSEWHERE = Point(104.023, 30.62)
CELL = cell_of(ROAD[0])


def every():
    return Matter.objects.everywhere("a test")


def spots(world, ground=CITY, **later):
    return [(one.site, one.matters) for one in hot_spots(ground, at=world.later(**(later or {"minutes": 1})))]


def closed(world, begins, **how):
    """A matter from its report to its confirmed close within an hour."""
    reported = world.reported(at=begins, **how)
    matter, by = reported.matter, world.cast.dispatcher
    file_matter(matter, by=by, at=begins + timedelta(minutes=1))
    dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=by, at=begins + timedelta(minutes=2))
    report_done(matter, kind="SOLVED", result="已更换", by=world.handler(), at=begins + timedelta(minutes=30))
    verify_matter(matter, by=by, at=begins + timedelta(minutes=40))
    confirm_matter(reported.report, satisfied=True, by=PUBLIC, at=begins + timedelta(hours=1))
    return every().get(pk=matter.pk)


@pytest.mark.row("ORG-13")
def test_three_around_one_point_of_a_road_are_a_hot_spot_within_their_community(world):
    keys = tuple(world.reported(place=COMMUNITY, point=point).matter.pk for point in ROAD)
    world.reported(place=COMMUNITY, point=ELSEWHERE)
    world.reported(place=place_of("510104001002"), point=ROAD[0])  # another community's
    world.reported(place=SPOT, point=ROAD[0])  # of the compound, wherever its point lies
    world.reported(place=COMMUNITY)  # no point told
    assert spots(world) == [((COMMUNITY, CELL), keys)]
    assert spots(world, [range_of("510104002")]) == []
    assert spots(world, days=31) == []
    assert audit_matters() == []


@pytest.mark.row("ORG-13")
def test_a_community_as_a_whole_is_a_place_and_a_street_is_none_but_around_a_point(world):
    whole = tuple(world.reported(place=COMMUNITY).matter.pk for _n in range(3))
    for _n in range(3):
        world.reported(place=STREET)
    assert spots(world) == [((COMMUNITY, 0), whole)]
    road = tuple(world.reported(place=STREET, point=point).matter.pk for point in ROAD)
    assert spots(world) == [((STREET, CELL), road), ((COMMUNITY, 0), whole)]


@pytest.mark.row("ORG-13")
def test_the_place_follows_a_corrected_point_and_what_is_parted(world):
    by = world.cast.dispatcher
    *two, third = (world.reported(place=COMMUNITY, point=point) for point in (*ROAD[:2], ELSEWHERE))
    assert spots(world) == []
    correct_point(third.matter, point=ROAD[2], reason="现场核对", by=by, at=world.at)
    keys = tuple(one.matter.pk for one in (*two, third))
    assert spots(world) == [((COMMUNITY, CELL), keys)]
    correct_point(third.matter, point=None, reason="位置不明", by=by, at=world.at)
    assert (spots(world), every().get(pk=third.matter.pk).cell) == ([], 0)
    # A report that joined one becomes a matter of its own, at the same place.
    joined = join_matter(two[0].matter, words=Words("同一处"), nonce="j", by=PUBLIC, at=world.at)
    own = part_report(joined.report, by=by, at=world.at)
    assert spots(world) == [((COMMUNITY, CELL), (*keys[:2], own.pk))]
    merge_matter(own, into=two[0].matter, by=by, at=world.at)
    assert spots(world) == []
    unmerge_matter(own, by=by, at=world.at)
    assert spots(world) == [((COMMUNITY, CELL), (*keys[:2], own.pk))]
    # In a compound the compound stays the place.
    inside = world.reported().matter
    correct_point(inside, point=ROAD[0], reason="现场核对", by=by, at=world.at)
    assert every().get(pk=inside.pk).cell == 0
    assert audit_matters() == []
    every().filter(pk=inside.pk).update(cell=CELL)
    assert audit_matters() == [f"matter {inside.pk} is not in the cell of its point"]


@pytest.mark.row("MAT-5")
def test_what_comes_back_on_the_road_or_in_the_community_counts_for_who_closed_it(world):
    road = closed(world, world.at, place=COMMUNITY, point=ROAD[0])
    whole = closed(world, world.later(days=1), place=COMMUNITY)
    closed(world, world.later(days=2), place=COMMUNITY, point=ELSEWHERE)
    assert not MatterStep.objects.filter(kind="RECURRED").exists()
    again = closed(world, world.later(days=60), place=COMMUNITY, point=ROAD[1])
    wide = closed(world, world.later(days=61), place=COMMUNITY)
    steps = MatterStep.objects.filter(kind="RECURRED").order_by("pk").values_list("matter", "note", "unit__code")
    assert list(steps) == [(again.pk, road.number, LIGHTS), (wide.pk, whole.number, LIGHTS)]
    assert road.watched_until == world.later(days=90, hours=1)
    closed(world, world.later(days=160), place=COMMUNITY, point=ROAD[1])  # more than 90 days after both
    assert steps.count() == 2
    assert audit_counts() == []


@pytest.mark.row("ORG-13", "ORG-9")
def test_a_hot_spot_on_a_road_is_watched_once_all_of_it_has_ended(world):
    for n, point in enumerate(ROAD):
        closed(world, world.later(days=n), place=COMMUNITY, point=point)
    session = prepare_session(by=world.cast.lead, at=world.later(days=4))
    item = session.items.get(kind="HOT_SPOT")
    assert (item.site, item.n) == ((COMMUNITY, CELL), 3)
    later = world.reported(place=COMMUNITY, point=ROAD[1], at=world.later(days=9)).matter
    world.reported(place=COMMUNITY, point=ELSEWHERE, at=world.later(days=9))
    [kept] = watched(CITY, at=world.later(days=10))
    assert (kept.site, kept.since) == ((COMMUNITY, CELL), world.later(days=2, hours=1))
    assert [one.pk for one in kept.returned] == [later.pk]


@pytest.mark.row("ORG-13")
def test_the_pages_say_which_place_it_is_in_both_languages(world):
    world.cast.at = now().replace(microsecond=0) - timedelta(hours=20)
    for n, point in enumerate((*ROAD, None, None, None)):
        closed(world, world.later(hours=n), place=COMMUNITY, point=point)
    session = prepare_session(by=world.cast.lead, at=world.later(hours=10))
    lead = world.cast.client("lead")
    for language, around, whole in (
        ("zh-hans", "，30.620° N, 104.020° E附近", "（整个社区，未说明具体地点）"),
        ("en", ", around 30.620° N, 104.020° E", " as a whole, no nearer place told"),
    ):
        for address, times in (("/matters/patterns", 2), (f"/reviews/{session.pk}", 1)):
            page = lead.get(address, headers={"Accept-Language": language}).content.decode()
            assert (page.count(around) >= times, page.count(whole) >= times) == (True, True), (language, address)


def test_a_city_that_was_in_use_before_is_numbered_too(world):
    road = [world.reported(place=COMMUNITY, point=point).matter for point in (*ROAD, ELSEWHERE)]
    world.reported(place=SPOT, point=ROAD[0])
    world.reported(place=COMMUNITY)
    numbered = list(every().order_by("pk").values_list("cell", flat=True))
    assert numbered == [CELL, CELL, CELL, cell_of(ELSEWHERE), 0, 0]
    every().update(cell=0)
    assert audit_matters() == [f"matter {one.pk} is not in the cell of its point" for one in road]
    import_module("qipan.matters.migrations.0032_cells_of_points").fill(
        SimpleNamespace(get_model=lambda *_name: SimpleNamespace(objects=every())), None
    )
    assert list(every().order_by("pk").values_list("cell", flat=True)) == numbered
    assert audit_matters() == []
