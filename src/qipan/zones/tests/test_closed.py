"""EMG-15, EMG-8, ORG-5: an area that an import takes off the map has no level any more; what held stays in the history."""

from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from qipan.access.testing import Cast
from qipan.journal.api import entries_of, subscribe
from qipan.kernel.actor import Actor
from qipan.kernel.opened import Emergency
from qipan.kernel.place import Range, range_of
from qipan.laws.api import cited_by
from qipan.laws.testing import make_articles
from qipan.territory.api import Area, DivisionRow, import_divisions, merge_area
from qipan.zones.actions.zones import confirm_zone
from qipan.zones.api import ZoneChanged, ZoneLost, held_level, level_over, open_lines, zones_in_force
from qipan.zones.models import RiskZone
from qipan.zones.queries.proposals import proposals

from .conftest import AT, COMMUNITY, OTHER, TODAY, had

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-15", "EMG-8", "ORG-5")]
CITY = range_of("5101")
CLOSED = AT + timedelta(hours=2)
SECOND = timedelta(seconds=1)


def surveyor() -> Actor:
    return Actor.system("surveyor", acts=["territory.import"], ranges=[CITY])


def on_the_map() -> list[DivisionRow]:
    return [
        DivisionRow(one.code, one.name, one.level, one.parent_code, one.name_en)
        for one in Area.objects.filter(hierarchy="OFFICIAL", valid_to=None)
    ]


def imported(rows: list[DivisionRow], *, at=CLOSED) -> None:
    import_divisions(rows, valid_from=localdate(at), source="the new map", by=surveyor(), at=at)


def closed(*codes: str) -> None:
    imported([row for row in on_the_map() if row.code not in codes])


def at_level(rule_set, cast: Cast, code: str, level: int = 2, **options) -> None:
    confirm_zone(rule_set, code, level=level, proposed=level, by=cast.city_commander, **{"at": AT, **options})


def held(at) -> list[tuple[str, Range, int]]:
    return [(one.code, one.ground, one.level) for one in zones_in_force([CITY], at=at)]


def test_the_level_of_a_closed_area_ends_with_it_and_stays_in_the_history(cast, rule_set):
    told: list[object] = []
    subscribe(ZoneChanged, told.append)
    subscribe(ZoneLost, told.append)
    make_articles()
    for code in (COMMUNITY, OTHER):
        had(code, TODAY, 3)
        at_level(rule_set, cast, code, article="erl-2024-73")
    emergency = Emergency(1, "1", cast.city_commander.unit_id, (CITY,), AT, False, "epidemic")
    assert len(open_lines(emergency, at=CLOSED - SECOND)) == 2
    told.clear()
    closed(OTHER)
    gone = range_of(OTHER)
    assert held(CLOSED - SECOND) == [(COMMUNITY, range_of(COMMUNITY), 2), (OTHER, gone, 2)]
    assert held(CLOSED) == [(COMMUNITY, range_of(COMMUNITY), 2)]
    assert level_over([gone], hazard="epidemic", at=CLOSED) == [(gone, None)]
    assert held_level(OTHER, hazard="epidemic", at=CLOSED) is None
    zone = RiskZone.objects.everywhere("a test").get(code=OTHER)
    assert (zone.level, zone.starts_at, zone.ends_at) == (2, AT, CLOSED)
    assert told == [ZoneChanged(gone, "epidemic", 2, None, CLOSED), ZoneLost(OTHER, (gone,), "epidemic", CLOSED)]
    (entry,) = entries_of("zones.lose_zone")
    assert (entry.place, entry.data) == (gone.first, {"code": OTHER, "hazard": "epidemic", "level": 2})
    # The release waits for no level that nobody can lower, and nothing is proposed for what is no area.
    assert [line.detail["code"] for line in open_lines(emergency, at=CLOSED)] == [COMMUNITY]
    assert proposals(rule_set, cast.district_head.scope, at=CLOSED) == []
    rows = {row.code: row.pk for row in RiskZone.objects.everywhere("a test")}
    assert set(cited_by("zones.RiskZone", [rows[COMMUNITY]])) == {rows[COMMUNITY]}
    # The same map once more changes nothing, and a map that has it again gives back no level.
    before = list(RiskZone.objects.everywhere("a test").values())
    imported(on_the_map(), at=CLOSED + timedelta(hours=1))
    assert list(RiskZone.objects.everywhere("a test").values()) == before
    assert len(list(entries_of("zones.lose_zone"))) == 1


def test_ground_that_was_taken_over_before_ends_with_the_area_that_had_it(cast, rule_set):
    had(COMMUNITY, TODAY, 3)
    at_level(rule_set, cast, COMMUNITY)
    merge_area(COMMUNITY, into=OTHER, on=TODAY, by=surveyor(), at=AT + timedelta(hours=1))
    both = Range(range_of(COMMUNITY).first, range_of(OTHER).last)
    assert held(CLOSED) == [(OTHER, both, 2)]
    closed(OTHER)
    assert held(CLOSED) == []
    assert held(CLOSED - SECOND) == [(OTHER, both, 2)]


def test_what_another_area_owns_now_goes_on_there(cast, rule_set):
    """The map has the merged area again and not the one that took it over: its ground keeps the level."""
    had(COMMUNITY, TODAY, 3)
    at_level(rule_set, cast, COMMUNITY)
    before = on_the_map()
    merge_area(COMMUNITY, into=OTHER, on=TODAY, by=surveyor(), at=AT + timedelta(hours=1))
    imported([row for row in before if row.code != OTHER])
    assert [(code, level) for code, _ground, level in held(CLOSED)] == [(COMMUNITY, 2)]
    assert level_over([range_of(COMMUNITY)], hazard="epidemic", at=CLOSED) == [(range_of(COMMUNITY), 2)]


def test_a_level_that_was_to_begin_later_never_does(cast, rule_set):
    had(OTHER, TODAY, 3)
    at_level(rule_set, cast, OTHER, starts_at=CLOSED + timedelta(hours=5))
    closed(OTHER)
    assert held(CLOSED + timedelta(hours=5)) == []
    assert [entry.data["level"] for entry in entries_of("zones.lose_zone")] == [None]


def test_many_areas_are_closed_at_once(cast, rule_set, monkeypatch):
    monkeypatch.setattr("qipan.zones.actions.moving.AT_ONCE", 1)
    for code in (COMMUNITY, OTHER):
        had(code, TODAY, 3)
        at_level(rule_set, cast, code)
    closed(COMMUNITY, OTHER, "510104001")
    assert held(CLOSED) == []
    assert {entry.data["code"] for entry in entries_of("zones.lose_zone")} == {COMMUNITY, OTHER}
