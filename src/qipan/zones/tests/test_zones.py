"""Levels in force: confirmed by an official from what the counts propose, exact to the second, until another one."""

from datetime import date, datetime, timedelta

import pytest
from django.utils.timezone import get_default_timezone

from qipan.journal.api import entries_of, subscribe
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.zones.actions.rule_sets import publish_rule_set
from qipan.zones.actions.zones import (
    AnotherConfirms,
    BeginsInThePast,
    ConfirmerNotCompetent,
    CountsChanged,
    LowerNeedsReason,
    NoRuleSet,
    NothingProposed,
    NotReported,
    StricterThanRule,
    confirm_zone,
)
from qipan.zones.api import ZoneChanged, ZoneConfirmed, level_over, share_meeting, zones_in_force
from qipan.zones.models import RiskZone, RuleSet
from qipan.zones.queries.proposals import proposals
from qipan.zones.queries.zones import cut

from .conftest import AT, COMMUNITY, OTHER, RULE, STREET, TODAY, everything, had

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-15")]
LATER = AT + timedelta(days=20)


TOLD: list[object] = []


@pytest.fixture
def heard():
    """What was published in the test, in order."""
    for event in (ZoneConfirmed, ZoneChanged):
        subscribe(event, TOLD.append)
    TOLD.clear()
    return TOLD


def confirmed(rule_set, cast, *, level=2, code=COMMUNITY, **options):
    given = {"level": level, "proposed": level, "by": cast.district_head, "at": AT} | options
    return confirm_zone(rule_set, code, **given)


def test_a_level_is_proposed_and_holds_when_it_is_confirmed(cast, rule_set, heard):
    had(COMMUNITY, TODAY - timedelta(days=3), 4)
    (proposal,) = proposals(rule_set, cast.district_head.scope, at=AT)
    assert (proposal.area.code, proposal.level, proposal.held, proposal.rises) == (COMMUNITY, 2, None, True)
    assert [(one.input, one.found, one.at_least) for one in proposal.reasons] == [("new_cases", 4, 1)]
    ground = range_of(COMMUNITY)
    assert level_over([ground], hazard="epidemic", at=AT) == [(ground, None)]  # a proposal is nothing yet

    (zone,) = confirmed(rule_set, cast)
    assert level_over([ground], hazard="epidemic", at=AT) == [(ground, 2)]
    assert level_over([ground], hazard="epidemic", at=AT - timedelta(seconds=1)) == [(ground, None)]
    assert level_over([ground], hazard="flood", at=AT) == [(ground, None)]
    assert proposals(rule_set, cast.district_head.scope, at=AT) == []
    assert (zone.first, zone.last, zone.place, zone.counted_to, zone.by_label) == (
        *ground,
        ground.first,
        TODAY,
        cast.district_head.label,
    )
    assert zone.reasons[0]["on"] == [["2026-11-25", 4]]
    assert heard == [
        ZoneConfirmed(COMMUNITY, (ground,), "epidemic", 2, AT, AT),
        ZoneChanged(ground, "epidemic", None, 2, AT),
    ]
    (entry,) = entries_of("zones.confirm_zone")
    assert (entry.data["before"], entry.data["level"], entry.data["rule_set"]) == (None, 2, "test-rule 1")


def test_it_holds_until_another_level_is_confirmed(cast, rule_set, heard):
    had(COMMUNITY, TODAY, 3)
    for n in range(21):
        had(COMMUNITY, TODAY + timedelta(days=n), 0, name="clusters")
        if n:
            had(COMMUNITY, TODAY + timedelta(days=n), 0)
    confirmed(rule_set, cast)
    ground = range_of(COMMUNITY)
    (lower,) = proposals(rule_set, cast.district_head.scope, at=LATER)
    assert (lower.level, lower.held.level, lower.unreported, lower.rises) == (1, 2, 0, False)
    heard.clear()
    confirmed(rule_set, cast, level=1, at=LATER)
    assert level_over([ground], hazard="epidemic", at=LATER - timedelta(seconds=1)) == [(ground, 2)]
    assert level_over([ground], hazard="epidemic", at=LATER) == [(ground, 1)]
    assert heard[1:] == [ZoneChanged(ground, "epidemic", 2, 1, LATER)]
    assert RiskZone.objects.everywhere("a test").count() == 2


def test_a_day_lowers_nothing_before_it_is_over(cast, rule_set):
    """The 14th day without a case has to end; the case of today counts at once."""
    had(COMMUNITY, TODAY - timedelta(days=14), 1)
    (proposal,) = proposals(rule_set, cast.district_head.scope, at=AT)
    assert (proposal.level, proposal.day) == (2, TODAY - timedelta(days=1))
    assert proposals(rule_set, cast.district_head.scope, at=AT + timedelta(days=1)) == []


def test_silence_lowers_no_level(cast, rule_set):
    had(COMMUNITY, TODAY, 3)
    confirmed(rule_set, cast)
    (lower,) = proposals(rule_set, cast.district_head.scope, at=LATER)
    assert (lower.level, lower.unreported) == (1, 14)
    with pytest.raises(NotReported) as refused:
        confirmed(rule_set, cast, level=1, at=LATER)
    assert refused.value.data["days"] == 14
    assert level_over([range_of(COMMUNITY)], hazard="epidemic", at=LATER)[0][1] == 2


def test_a_level_may_begin_later_and_what_was_to_begin_gives_way(cast, rule_set):
    had(COMMUNITY, TODAY, 3)
    midnight = AT + timedelta(hours=12)
    confirmed(rule_set, cast, starts_at=midnight)
    ground = range_of(COMMUNITY)
    assert level_over([ground], hazard="epidemic", at=midnight - timedelta(seconds=1)) == [(ground, None)]
    assert level_over([ground], hazard="epidemic", at=midnight) == [(ground, 2)]
    had(COMMUNITY, TODAY - timedelta(days=1), 9)
    had(COMMUNITY, TODAY, 1, name="clusters")
    confirmed(rule_set, cast, level=3)
    assert level_over([ground], hazard="epidemic", at=AT) == [(ground, 3)]
    assert level_over([ground], hazard="epidemic", at=midnight) == [(ground, 3)]


def test_refusals_write_nothing(cast, rule_set):
    had(COMMUNITY, TODAY, 3, unit=cast.district_head.unit_id)
    before = everything()

    def refused(kind, **options):
        with pytest.raises(kind):
            confirmed(rule_set, cast, **options)
        assert everything() == before

    refused(NotAllowed, by=cast.dispatcher)
    refused(NotFound, by=cast.neighbour_head)
    refused(NotFound, code="510199001001")
    refused(AnotherConfirms)  # who said the counts does not raise the level
    refused(StricterThanRule, level=3, proposed=2, by=cast.city_commander)
    refused(CountsChanged, level=3, by=cast.city_commander)
    refused(LowerNeedsReason, level=1, proposed=2, by=cast.city_commander, words=" ")
    refused(BeginsInThePast, by=cast.city_commander, starts_at=AT - timedelta(minutes=1))
    refused(NothingProposed, code=OTHER)
    assert list(entries_of("zones.confirm_zone")) == []


def test_only_a_competent_organ_confirms(cast):
    strict = publish_rule_set(RULE | {"minimum_rank": 3}, by=cast.city_commander, at=AT)
    had(COMMUNITY, TODAY, 3)
    with pytest.raises(ConfirmerNotCompetent):
        confirmed(strict, cast)
    assert everything()[3] == 0
    assert confirmed(strict, cast, by=cast.city_commander)[0].level == 2


def test_a_lower_level_than_the_rule_gives_needs_its_reason(cast, rule_set):
    had(COMMUNITY, TODAY, 3)
    (zone,) = confirmed(rule_set, cast, level=1, proposed=2, words="all in one quarantine hotel")
    assert (zone.level, zone.words) == (1, "all in one quarantine hotel")


def test_abolished_rules_hold_nothing(cast):
    """The zones of a rule set end with it, at the first moment of the day, without any job."""
    had(COMMUNITY, TODAY, 3)
    ended = publish_rule_set(
        RULE | {"valid_to": "2026-12-01", "end_basis": "city order 13"}, by=cast.city_commander, at=AT
    )
    confirmed(ended, cast)
    ground = range_of(COMMUNITY)
    end = ended.ends_at
    assert end == datetime(2026, 12, 1, tzinfo=get_default_timezone())
    assert level_over([ground], hazard="epidemic", at=end - timedelta(seconds=1)) == [(ground, 2)]
    assert level_over([ground], hazard="epidemic", at=end) == [(ground, None)]
    with pytest.raises(NoRuleSet):
        confirmed(ended, cast, at=end, level=1)


def test_the_graver_level_counts_where_two_lie_on_each_other(cast, rule_set):
    had(STREET, TODAY - timedelta(days=1), 12, level=3)
    had(STREET, TODAY - timedelta(days=1), 1, name="clusters", level=3)
    had(COMMUNITY, TODAY, 1)
    found = {one.area.code: one.level for one in proposals(rule_set, cast.district_head.scope, at=AT)}
    assert found == {STREET: 3, COMMUNITY: 2}  # of a street's own counts nobody knows the community
    confirmed(rule_set, cast)
    assert share_meeting([range_of("510104")], hazard="epidemic", level=2, at=AT).reaching == 1
    confirmed(rule_set, cast, code=STREET, level=3)
    district = range_of("510104")
    street, rest = range_of(STREET), Range(range_of("510104002").first, district.last)
    before = Range(district.first, street.first - 1)
    assert level_over([district], hazard="epidemic", at=AT) == [(before, None), (street, 3), (rest, None)]
    share = share_meeting([district], hazard="epidemic", level=3, at=AT)
    assert (share.reaching, share.of) == (2, 4)
    assert [area.code for area in share.lacking] == ["510104002001", "510104002002"]
    assert [one.code for one in zones_in_force([district], at=AT)] == [STREET, COMMUNITY]


def test_a_compound_is_one_area_by_itself(cast, rule_set):
    had(COMMUNITY, TODAY, 1)
    confirmed(rule_set, cast)
    inside, outside = range_of(f"{COMMUNITY}001"), range_of(f"{OTHER}001")
    assert share_meeting([inside], hazard="epidemic", level=2, at=AT) == share_meeting(
        [inside], hazard="epidemic", level=1, at=AT
    )
    assert (share_meeting([inside], hazard="epidemic", level=2, at=AT).reaching) == 1
    share = share_meeting([outside], hazard="epidemic", level=2, at=AT)
    assert (share.reaching, share.of, share.lacking) == (0, 1, ())


def test_ground_is_cut_at_the_edges_of_zones():
    assert cut(Range(1, 9), []) == [(Range(1, 9), None)]
    zones = [(Range(3, 4), 2), (Range(4, 6), 3), (Range(6, 20), 3)]
    assert cut(Range(1, 9), zones) == [(Range(1, 2), None), (Range(3, 3), 2), (Range(4, 9), 3)]


def test_a_follower_takes_over_on_its_day(cast, rule_set):
    second = publish_rule_set(RULE | {"valid_from": "2026-12-10"}, by=cast.city_commander, at=AT)
    first = RuleSet.objects.get(pk=rule_set.pk)
    assert (second.version, first.valid_to, second.valid_to) == (2, date(2026, 12, 10), None)
