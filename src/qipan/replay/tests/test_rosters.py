"""A post names its guards through the roster's own page, and leaves a share of the gates empty."""

from datetime import timedelta

import pytest

from qipan.access.testing import make_city
from qipan.deployment.api import Shift, open_shifts
from qipan.desk.api import admit_emergency
from qipan.kernel.place import range_of
from qipan.replay.driver import rosters
from qipan.replay.driver.client import Line
from qipan.replay.driver.rosters import name_guards

DAY = timedelta(days=1)


@pytest.fixture
def city(transactional_db):
    """Three shifts at each of the sixteen gates."""
    cast = make_city()
    at = cast.at
    admission = admit_emergency(
        title="x", declaration="E-1", basis="法", valid_to=at + 9 * DAY, by=cast.city_commander, at=at
    )
    periods = [(at + n * DAY, at + n * DAY + DAY / 2) for n in (1, 2, 3)]
    open_shifts(
        organ_type="compound", grounds=[range_of("5101")], periods=periods, title="门岗",
        asker=cast.unit("5101:city-command"), basis="法", source="shift:1", admission=admission,
        by=cast.city_commander, at=at,
    )  # fmt: skip
    return cast


def lined(cast, live_server, who):
    return Line(live_server.url, cookies={"sessionid": cast.client(who).cookies["sessionid"].value})


def filled(code):
    rows = Shift.objects.everywhere("a test").filter(place__range=range_of(code), filled_at__isnull=False)
    return set(rows.values_list("place", "filled_by"))


def test_each_post_names_the_guards_of_its_own_gates_over_all_pages(city, live_server, monkeypatch):
    monkeypatch.setattr("qipan.deployment.views.roster.GATES_PER_PAGE", 3)
    monkeypatch.setattr(rosters, "EMPTY_SHARE", 0.0)
    # Four gates of its street, at each the first two of three shifts.
    assert name_guards(lined(city, live_server, "dispatcher"), seed=1) == 8
    assert len(filled("510104001")) == 4 == len(filled("5101"))
    assert {name for _place, name in filled("5101")} <= {"门岗甲班", "门岗乙班", "门岗丙班"}
    # Where somebody was named the gate is left alone; the district names the rest of its own.
    assert name_guards(lined(city, live_server, "dispatcher"), seed=2) == 0
    assert name_guards(lined(city, live_server, "district_head"), seed=1) == 8
    assert len(filled("510104")) == 8 == len(filled("5101"))
    shifts = Shift.objects.everywhere("a test").order_by("starts_at").values_list("starts_at", flat=True).distinct()
    left = Shift.objects.everywhere("a test").filter(place__range=range_of("510104"), filled_at=None)
    assert set(left.values_list("starts_at", flat=True)) == {shifts[2]}  # nobody plans the third one yet


def test_a_share_of_the_gates_stays_empty_and_the_same_seed_leaves_the_same(city, live_server, monkeypatch):
    monkeypatch.setattr(rosters, "EMPTY_SHARE", 0.5)
    line = lined(city, live_server, "city_commander")
    named = name_guards(line, seed=1)
    assert 0 < named < 32 and named % 2 == 0 and len(filled("5101")) == named // 2
    assert name_guards(line, seed=1) == 0
