"""EMG-15, ORG-5: levels after the map has changed: they go on in the living area, are proposed, confirmed and released."""

from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from qipan.journal.api import entries_of, subscribe
from qipan.kernel.actor import Actor
from qipan.kernel.opened import Emergency
from qipan.kernel.place import Range, place_of, range_of
from qipan.laws.api import cited_by
from qipan.laws.testing import make_articles
from qipan.territory.api import Area, DivisionRow, get_area, import_divisions, merge_area, split_area
from qipan.zones.actions.counts import Given, report_counts
from qipan.zones.actions.rule_sets import publish_rule_set
from qipan.zones.actions.zones import confirm_zone
from qipan.zones.api import ZoneChanged, held_level, level_over, open_lines, share_meeting, zones_in_force
from qipan.zones.models import Count, RiskZone
from qipan.zones.queries.proposals import proposals

from .conftest import AT, COMMUNITY, OTHER, RULE, STREET, TODAY, had

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-15", "ORG-5")]
MERGED = AT + timedelta(hours=1)
LATER = AT + timedelta(days=20)
CITY = range_of("5101")
BY_STREET = RULE | {"unit": "STREET", "unit_reason": "counts come by street"}


def surveyor() -> Actor:
    return Actor.system("surveyor", acts=["territory.import"], ranges=[CITY])


def merged(code: str, into: str, *, at=MERGED) -> None:
    merge_area(code, into=into, on=localdate(at), by=surveyor(), at=at)


def at_level(rule_set, cast, code: str, level: int = 2, **options) -> None:
    confirm_zone(rule_set, code, level=level, proposed=level, by=cast.city_commander, **{"at": AT, **options})


def quiet(*codes: str) -> None:
    """Every day since is reported for these areas, with none."""
    for code in codes:
        for n in range(1, 20):
            for name in ("new_cases", "clusters"):
                had(code, TODAY + timedelta(days=n), 0, name=name)


def held(at=LATER) -> list[tuple[str, Range, int]]:
    return [(one.code, one.ground, one.level) for one in zones_in_force([CITY], at=at)]


@pytest.mark.parametrize(("gone", "into"), [(COMMUNITY, OTHER), (OTHER, COMMUNITY)])
def test_a_level_goes_on_in_the_area_that_took_the_ground_over(cast, rule_set, gone, into):
    """The one that had it is merged away: the level is proposed to be lowered and lowered, and its release line closes."""
    told: list[object] = []
    subscribe(ZoneChanged, told.append)
    had(gone, TODAY, 3)
    at_level(rule_set, cast, gone)
    told.clear()
    merged(gone, into)
    both = Range(range_of(COMMUNITY).first, range_of(OTHER).last)
    assert held(at=MERGED) == [(into, both, 2)]
    assert held(at=AT) == [(gone, range_of(gone), 2)]  # what held before the merge stays as it was
    assert told == [ZoneChanged(range_of(into), "epidemic", None, 2, MERGED)]
    (entry,) = entries_of("zones.follow_map")
    assert entry.data == {
        "code": into, "hazard": "epidemic", "level": 2, "of": [gone], "starts_at": MERGED.isoformat(),
    }  # fmt: skip

    emergency = Emergency(1, "1", cast.city_commander.unit_id, (CITY,), AT, False, "epidemic")
    assert [line.reference for line in open_lines(emergency, at=LATER)] == [f"zones.RiskZone:epidemic:{into}"]
    assert held_level(gone, hazard="epidemic", at=LATER) is None
    quiet(into)
    (found,) = proposals(rule_set, cast.district_head.scope, at=LATER)
    assert (found.area.code, found.level, found.held.level, found.unreported) == (into, 1, 2, 0)
    at_level(rule_set, cast, into, 1, at=LATER)
    assert held() == [(into, both, 1)]
    assert open_lines(emergency, at=LATER) == []
    assert share_meeting([both], hazard="epidemic", level=2, at=LATER).reaching == 0


@pytest.mark.parametrize(("gone", "into"), [(COMMUNITY, OTHER), (OTHER, COMMUNITY)])
def test_of_two_levels_the_graver_holds_for_the_whole_area(cast, rule_set, gone, into):
    make_articles()
    had(COMMUNITY, TODAY, 12)
    had(COMMUNITY, TODAY, 1, name="clusters")
    had(OTHER, TODAY, 3)
    at_level(rule_set, cast, COMMUNITY, 3, article="erl-2024-73")
    at_level(rule_set, cast, OTHER)
    merged(gone, into)
    both = Range(range_of(COMMUNITY).first, range_of(OTHER).last)
    assert held(at=MERGED) == [(into, both, 3)]
    (zone,) = RiskZone.objects.everywhere("a test").filter(ends_at=None)
    assert (zone.reasons[0]["found"], zone.by_label, zone.confirmed_at) == (12, cast.city_commander.label, AT)
    rows = RiskZone.objects.everywhere("a test").order_by("pk")
    cited = {pk: [one.code for one in own] for pk, own in cited_by("zones.RiskZone", [row.pk for row in rows]).items()}
    assert cited == {zone.pk: ["erl-2024-73"]}
    assert proposals(rule_set, cast.district_head.scope, at=MERGED) == []  # 15 cases and a cluster, as one area
    quiet(into)
    at_level(rule_set, cast, into, 1, at=LATER)
    assert held() == [(into, both, 1)]


def test_what_was_confirmed_for_later_goes_on_too(cast, rule_set):
    had(COMMUNITY, TODAY, 3)
    had(OTHER, TODAY, 3)
    begins = AT + timedelta(hours=12)
    at_level(rule_set, cast, COMMUNITY, starts_at=begins)
    at_level(rule_set, cast, OTHER, starts_at=begins + timedelta(hours=1))
    merged(COMMUNITY, OTHER)
    both = Range(range_of(COMMUNITY).first, range_of(OTHER).last)
    assert held(at=begins - timedelta(seconds=1)) == []
    assert held(at=begins) == [(OTHER, both, 2)]
    assert held(at=begins + timedelta(days=1)) == [(OTHER, both, 2)]
    merged(OTHER, "510104002001", at=begins + timedelta(days=2))
    assert {(code, level) for code, _ground, level in held()} == {("510104002001", 2)}
    assert len(held()) == len(get_area("510104002001").ranges)


def test_across_streets_the_ground_takes_the_streets_level_with_it(cast, keeper):
    by_street = publish_rule_set(BY_STREET, by=keeper, at=AT)
    had(COMMUNITY, TODAY, 3)
    at_level(by_street, cast, STREET)
    merged(COMMUNITY, "510104002001")
    left, taken = get_area(STREET), get_area("510104002")
    assert sorted(held(at=MERGED)) == sorted((area.code, part, 2) for area in (left, taken) for part in area.ranges)
    assert not any(part.meets(range_of(COMMUNITY)) for part in left.ranges)
    found = proposals(by_street, cast.district_head.scope, at=MERGED)
    assert [(one.area.code, one.level, one.held.level) for one in found] == [(STREET, 1, 2)]  # the case is the other's


def test_a_divided_street_has_its_level_in_both_parts(cast, keeper):
    by_street = publish_rule_set(BY_STREET, by=keeper, at=AT)
    had(COMMUNITY, TODAY, 3)
    at_level(by_street, cast, STREET)
    new = "510104009"
    split_area(STREET, new_code=new, name="新街道", parts=[COMMUNITY], on=TODAY, by=surveyor(), at=MERGED)
    assert sorted(held(at=MERGED)) == sorted(
        (code, part, 2) for code in (STREET, new) for part in get_area(code).ranges
    )
    quiet(COMMUNITY, OTHER)
    found = proposals(by_street, cast.district_head.scope, at=LATER)
    assert [(one.area.code, one.level) for one in found] == [(STREET, 1), (new, 1)]
    at_level(by_street, cast, STREET, 1, at=LATER)
    assert level_over([range_of(COMMUNITY)], hazard="epidemic", at=LATER) == [(range_of(COMMUNITY), 2)]
    assert level_over([range_of(OTHER)], hazard="epidemic", at=LATER) == [(range_of(OTHER), 1)]


def test_a_merge_where_nothing_holds_changes_nothing(cast, rule_set):
    had("510104002001", TODAY, 3)
    at_level(rule_set, cast, "510104002001")
    before = list(RiskZone.objects.everywhere("a test").values())
    merged(COMMUNITY, OTHER)
    assert list(RiskZone.objects.everywhere("a test").values()) == before
    assert list(entries_of("zones.follow_map")) == []


def test_counts_of_the_living_area_stay_its_own(cast):
    """Its ground may begin where the counts of the merged one stand; a later count never corrects those."""
    yesterday = TODAY - timedelta(days=1)
    had(COMMUNITY, yesterday, 5)
    had(OTHER, yesterday, 2)
    merged(COMMUNITY, OTHER)
    given = [Given(2, "new_cases", OTHER, yesterday, 4), Given(3, "new_cases", OTHER, TODAY, 1)]
    done = report_counts(given, source="CDC", reason="two more", by=cast.dispatcher, at=MERGED)
    assert [(one.day, one.before, one.after) for one in done.lines] == [(yesterday, 2, 4), (TODAY, None, 1)]
    rows = Count.objects.everywhere("a test").order_by("place", "day").values_list("place", "day", "n")
    assert list(rows) == [
        (place_of(COMMUNITY), yesterday, 5), (place_of(OTHER), yesterday, 4), (place_of(OTHER), TODAY, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("gone", "into"), [(COMMUNITY, OTHER), (OTHER, COMMUNITY)])
def test_ground_that_an_import_gives_back_is_judged_by_itself_again(cast, rule_set, gone, into):
    had(COMMUNITY, TODAY, 3)
    at_level(rule_set, cast, COMMUNITY)
    rows = [
        DivisionRow(one.code, one.name, one.level, one.parent_code, one.name_en)
        for one in Area.objects.filter(hierarchy="OFFICIAL", valid_to=None)
    ]
    merged(gone, into)
    back = surveyor()
    import_divisions(rows, valid_from=TODAY, source="the map before", by=back, at=MERGED + timedelta(hours=1))
    quiet(COMMUNITY, OTHER)
    assert {code for code, _ground, _level in held()} == {into}
    at_level(rule_set, cast, into, 1, at=LATER)
    assert held() == sorted([(into, range_of(into), 1), (gone, range_of(gone), 2)])
    (found,) = proposals(rule_set, cast.district_head.scope, at=LATER)
    assert (found.area.code, found.level) == (gone, 1)
    at_level(rule_set, cast, gone, 1, at=LATER + timedelta(hours=1))
    assert [level for _code, _ground, level in held(at=LATER + timedelta(hours=1))] == [1, 1]
