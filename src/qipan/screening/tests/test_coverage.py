"""Coverage at every level, and the list of what is left, exactly."""

import random

import pytest

from qipan.kernel.actor import Scope
from qipan.kernel.place import CITY, COMMUNITY, DISTRICT, STREET, range_of
from qipan.screening.api import (
    DoorState,
    NextStep,
    count_left,
    coverage_by_place,
    coverage_of,
    coverage_total,
    doors_of_team,
    left,
    rechecks,
)
from qipan.screening.queries import audit_batches, audit_coverage
from qipan.screening.queries import coverage as coverage_module
from qipan.territory.api import areas_within, children, get_area

from .conftest import COMMUNITY as OURS
from .conftest import doors_of, make_field

WHOLE = Scope((range_of("5101"),))


def screen(ground, places, outcome="ANSWERED"):
    """This function will visit doors as somebody who may visit all of them."""
    by = ground.ours.__class__(label="all", acts=frozenset({"visit.submit"}), scope=WHOLE)
    told = ground.told(*[ground.visit(place, outcome) for place in places], by=by)
    assert told == ["stored"] * len(places)


@pytest.mark.row("SCR-1")
def test_62_percent_at_every_level_and_the_undone_list_is_exact(db):
    """A register of 50 compounds with 10 doors each; of each hundred doors, 62 are visited."""
    ground = make_field()
    doors = doors_of("510104")
    assert len(doors) == 80
    # 5 communities' worth cannot hold 62.0 % of 20 doors, so the round is over a ground of 100 doors each.
    from django.apps import apps

    compound, door = apps.get_model("territory", "Compound"), apps.get_model("territory", "Door")
    communities = areas_within([range_of("510104")], COMMUNITY)
    assert len(communities) == 4
    for area in communities:
        for row in compound.objects.filter(place__range=area.ranges[0]):
            door.objects.bulk_create(door(place=row.place + n, label=str(n)) for n in range(11, 51))
            row.doors = 50
            row.save()
    from datetime import timedelta

    from qipan.screening.api import open_round

    second = open_round(
        ground.round.campaign,
        grounds=[range_of("510104")],
        closes_at=ground.at + timedelta(days=3),
        by=ground.cast.city_commander,
        at=ground.at,
    )
    ground.round = second
    visited: set[int] = set()
    for area in communities:
        places = doors_of(area.code)
        assert len(places) == 100
        chosen = random.Random(area.code).sample(places, 62)
        screen(ground, chosen)
        visited |= set(chosen)
    for level, code in ((CITY, "5101"), (DISTRICT, "510104")):
        row = coverage_of(second.pk, [get_area(code)])[0]
        assert (row.doors, row.settled, row.settled / row.doors) == (400, 248, 0.62), level
    for level in (STREET, COMMUNITY):
        for row in coverage_of(second.pk, areas_within([range_of("510104")], level)):
            assert row.settled / row.doors == 0.62
    everything = left(second.pk, scope=WHOLE, limit=1000)
    assert [row.place for row in everything] == sorted(set(doors_of("510104")) - visited)
    assert {(row.state, row.attempts, row.next_step) for row in everything} == {
        (DoorState.UNTOUCHED, 0, NextStep.VISIT)
    }
    assert count_left(second.pk, scope=WHOLE) == 152 == len(everything)
    assert audit_coverage() == audit_batches() == []


@pytest.mark.row("SCR-1")
def test_every_level_is_the_sum_of_the_next(ground):
    screen(ground, doors_of("510104001")[::3])
    screen(ground, doors_of("510104002")[::4], "NOT_HOME")
    city = get_area("5101")
    areas = [city]
    while areas and areas[0].level < COMMUNITY + 1:
        rows = dict(zip([a.code for a in areas], coverage_of(ground.round.pk, areas), strict=True))
        below = []
        for area in areas:
            parts = children(area.code)
            if not parts:
                continue
            sums = coverage_of(ground.round.pk, parts)
            whole = rows[area.code]
            assert (whole.doors, whole.settled, whole.visits) == (
                sum(s.doors for s in sums),
                sum(s.settled for s in sums),
                sum(s.visits for s in sums),
            )
            for state in DoorState:
                assert whole.by_state[state] == sum(s.by_state[state] for s in sums)
            assert sum(whole.by_state.values()) == whole.doors
            below += parts
        areas = below


def test_areas_of_several_ranges_and_of_none(ground):
    screen(ground, doors_of(OURS)[:5])

    class Area:
        def __init__(self, code, *codes):
            self.code, self.ranges = code, tuple(range_of(c) for c in codes)

    rows = coverage_of(ground.round.pk, [Area("two", OURS, "510104002"), Area("none"), Area("other", "510105")])
    assert [(r.code, r.doors, r.settled, r.changed_at) for r in rows] == [
        ("two", 60, 5, ground.at),
        ("none", 0, 0, None),
        ("other", 0, 0, None),
    ]
    assert coverage_of(ground.round.pk, []) == []
    assert coverage_of(999_999, [Area("two", OURS)])[0].doors == 0


def test_costly_sums_are_kept_for_two_seconds_and_say_their_age(ground, monkeypatch):
    monkeypatch.setattr(coverage_module, "WORTH_KEEPING", 1)
    area = [get_area("510104")]
    assert coverage_of(ground.round.pk, area)[0].settled == 0
    screen(ground, doors_of(OURS)[:5])
    kept = coverage_of(ground.round.pk, area)[0]
    assert kept.settled == 0
    assert 0 < kept.age_s < 2
    monkeypatch.setattr(coverage_module, "MAX_AGE_S", 0.0)
    fresh = coverage_of(ground.round.pk, area)[0]
    assert (fresh.settled, fresh.age_s) == (5, 0.0)


def test_coverage_by_place_has_the_states_in_their_order(ground):
    doors = doors_of(OURS)
    screen(ground, doors[:2])
    screen(ground, doors[2:3], "REFUSED")
    rows = list(coverage_by_place(ground.round.pk))
    assert len(rows) == 8
    assert rows[0] == (doors[0] - 1, 10, 3, 3, 7, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0)
    assert rows == sorted(rows)


def test_what_is_left_pages_through_every_unsettled_door_once(ground):
    doors = doors_of("510104")
    chance = random.Random(7)
    expected = {}
    for place in doors:
        kind = chance.choice(["", "", "ANSWERED", "ANSWERED", "NOT_HOME", "APPOINTMENT", "LANGUAGE_HELP", "THRICE"])
        if kind == "THRICE":
            for _ in range(3):
                screen(ground, [place], "NOT_HOME")
        elif kind:
            screen(ground, [place], kind)
        if kind in ("", "NOT_HOME", "APPOINTMENT", "LANGUAGE_HELP"):
            expected[place] = (DoorState[kind] if kind else DoorState.UNTOUCHED, int(bool(kind)))
    for limit in (1, 3, 7, 1000):
        found, after = {}, None
        while page := left(ground.round.pk, scope=WHOLE, after=after, limit=limit):
            assert len(page) <= limit
            assert [row.place for row in page] == sorted(row.place for row in page)
            found |= {row.place: (row.state, row.attempts) for row in page}
            after = page[-1].place
        assert found == expected, limit
    total = coverage_total(ground.round.pk, WHOLE.ranges)
    assert total.left == len(expected) == count_left(ground.round.pk, scope=WHOLE)


def test_what_is_left_stays_inside_the_scope(ground):
    one_door = Scope.of([(ground.doors[4], ground.doors[4]), (ground.doors[12], ground.doors[13])])
    assert [r.place for r in left(ground.round.pk, scope=one_door)] == [ground.doors[4], *ground.doors[12:14]]
    assert count_left(ground.round.pk, scope=one_door) == 3
    assert left(ground.round.pk, scope=Scope()) == []
    assert count_left(ground.round.pk, scope=Scope()) == 0
    assert left(ground.round.pk, scope=Scope((range_of("510105"),))) == []
    assert [r.place for r in left(ground.round.pk, scope=one_door, limit=1, after=ground.doors[4])] == [
        ground.doors[12]
    ]


@pytest.mark.row("SCR-2")
def test_presumed_vacant_doors_are_listed_with_their_next_check(ground):
    for place in (ground.doors[3], ground.doors[15]):
        screen(ground, [place], "NOT_HOME")
        screen(ground, [place], "NOT_HOME")
        screen(ground, [place], "NOT_HOME")
    screen(ground, [ground.doors[0]], "NOT_HOME")
    found = rechecks(ground.round.pk, scope=WHOLE)
    assert [row.place for row in found] == [ground.doors[3], ground.doors[15]]
    assert {(row.due_at - ground.at).days for row in found} == {3}
    assert [r.place for r in rechecks(ground.round.pk, scope=WHOLE, after=ground.doors[3])] == [ground.doors[15]]
    assert rechecks(ground.round.pk, scope=Scope((range_of("510105"),))) == []
    assert len(rechecks(ground.round.pk, scope=WHOLE, limit=1)) == 1


def test_a_team_sees_its_doors(ground):
    ground.told(ground.visit(ground.doors[1], "NOT_HOME"))
    lines = doors_of_team(ground.ours.team_id, ground.round.pk)
    assert [line.place for line in lines] == ground.doors
    assert (lines[1].state, lines[1].attempts, lines[1].next_step) == (DoorState.NOT_HOME, 1, NextStep.VISIT_AGAIN)
    assert (lines[0].building, lines[0].entrance, lines[0].label, lines[0].state) == (
        "1",
        "1",
        "102",
        DoorState.UNTOUCHED,
    )
    assert doors_of_team(999_999, ground.round.pk) == []
