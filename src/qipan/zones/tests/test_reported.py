"""Silence lowers no level: a day is reported when every input was, by every part that reports it."""

from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of
from qipan.territory.api import get_area, merge_area
from qipan.zones.actions.rule_sets import publish_rule_set
from qipan.zones.actions.zones import NotReported, confirm_zone
from qipan.zones.api import zones_in_force
from qipan.zones.models import Count, RiskZone
from qipan.zones.queries.counts import rule_of
from qipan.zones.queries.proposals import proposals
from qipan.zones.queries.reported import reported_days

from .conftest import AT, COMMUNITY, OTHER, RULE, STREET, TODAY, had

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-15")]
LATER = AT + timedelta(days=20)
WINDOW = [TODAY + timedelta(days=n) for n in range(6, 20)]  # the 14 days before LATER
NAMES = ("new_cases", "clusters")


@pytest.fixture
def by_street(cast):
    given = RULE | {"unit": "STREET", "unit_reason": "counts come by street"}
    return publish_rule_set(given, by=cast.city_commander, at=AT)


def noughts(code, days=WINDOW, names=NAMES, n=0):
    for day in days:
        for name in names:
            had(code, day, n, name=name)


def medium(rule_set, cast, code):
    had(COMMUNITY, TODAY, 3)
    confirm_zone(rule_set, code, level=2, proposed=2, by=cast.district_head, at=AT)


def unreported(rule_set, cast) -> int:
    (found,) = proposals(rule_set, cast.district_head.scope, at=LATER)
    assert (found.level, found.held.level) == (1, 2)
    return found.unreported


@pytest.mark.parametrize(("names", "days"), [((), 14), (("clusters",), 14), (("new_cases",), 14), (NAMES, 0)])
def test_every_input_of_the_rule_is_asked_for(cast, rule_set, names, days):
    medium(rule_set, cast, COMMUNITY)
    noughts(COMMUNITY, names=names)
    assert unreported(rule_set, cast) == days
    before = list(RiskZone.objects.everywhere("a test").values())
    if days:
        with pytest.raises(NotReported) as refused:
            confirm_zone(rule_set, COMMUNITY, level=1, proposed=1, by=cast.district_head, at=LATER)
        assert refused.value.data["days"] == 14
        assert list(RiskZone.objects.everywhere("a test").values()) == before
    else:
        confirm_zone(rule_set, COMMUNITY, level=1, proposed=1, by=cast.district_head, at=LATER)
        assert [one.level for one in zones_in_force([range_of(COMMUNITY)], at=LATER)] == [1]


def test_one_communitys_nought_is_not_the_streets(cast, by_street):
    medium(by_street, cast, STREET)
    had(OTHER, TODAY, 0)
    noughts(COMMUNITY)
    assert unreported(by_street, cast) == 14
    noughts(OTHER, WINDOW[:10], ("new_cases",))  # it never reported clusters: those are asked of whoever does
    assert unreported(by_street, cast) == 4
    noughts(STREET, WINDOW[10:12], ("new_cases",))  # the street's own number is for all of it
    assert unreported(by_street, cast) == 2


@pytest.mark.parametrize(("n", "days"), [(0, 0), (1, 14)])
def test_none_in_a_larger_area_is_none_here_and_some_say_nothing(cast, rule_set, n, days):
    medium(rule_set, cast, COMMUNITY)
    noughts(COMMUNITY, names=("new_cases",))
    noughts("510104", names=("clusters",), n=n)
    area = get_area(COMMUNITY)
    found = reported_days(area, rule_of(rule_set), first=WINDOW[0], last=WINDOW[-1])
    assert 14 - len(found) == days


def test_what_communities_say_says_nothing_of_a_count_for_the_whole_district(cast, rule_set):
    noughts(COMMUNITY)
    rule, area = rule_of(rule_set), get_area("510104")
    assert reported_days(area, rule, first=WINDOW[0], last=WINDOW[-1]) == set()
    noughts("510104", WINDOW[3:5])
    assert reported_days(area, rule, first=WINDOW[0], last=WINDOW[-1]) == set(WINDOW[3:5])


def test_a_merged_community_is_asked_for_its_days_and_no_longer(cast, by_street):
    medium(by_street, cast, STREET)
    noughts(COMMUNITY, WINDOW[:3])
    noughts(OTHER)
    merged = AT + timedelta(days=9)
    by = Actor.system("surveyor", acts=["territory.import"], ranges=[range_of("5101")])
    merge_area(COMMUNITY, into=OTHER, on=localdate(merged), by=by, at=merged)
    assert unreported(by_street, cast) == 0
    Count.objects.everywhere("a test").filter(
        place=place_of(COMMUNITY), day=WINDOW[2], hazard_input="clusters"
    ).delete()
    assert unreported(by_street, cast) == 1  # the day before the merger it was to say it itself
