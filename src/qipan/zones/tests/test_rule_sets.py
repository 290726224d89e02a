"""Rule sets as data: refused without a unit, with nonsense, with what nobody counts; one rule at a time."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.utils.timezone import get_default_timezone

from qipan.journal.api import entries_of
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed
from qipan.zones.actions.rule_sets import (
    RuleSetOver,
    TwoRulesAtOnce,
    end_rule_set,
    publish_missing,
    publish_rule_set,
)
from qipan.zones.actions.zones import confirm_zone
from qipan.zones.api import level_over
from qipan.zones.models import RuleSet
from qipan.zones.queries.counts import rule_of, rule_set_of
from qipan.zones.rules.sets import Criterion, read_rule

from .conftest import AT, COMMUNITY, RULE, TODAY, had

pytestmark = pytest.mark.row("EMG-15")
SHIPPED = json.loads((Path(__file__).parents[1] / "data" / "rule_sets.json").read_text("utf-8"))
ONE = {"input": "new_cases", "days": 14, "at_least": 1}


def faults(**changes):
    rule, found = read_rule(RULE | changes)
    assert (rule is None) == bool(found)
    return [(one.code, one.where, one.found) for one in found]


def levels(*criteria, level="MEDIUM"):
    return {"levels": [{"level": level, "all": list(criteria)}]}


def test_a_good_rule_has_no_fault():
    assert faults() == []
    rule, _ = read_rule(RULE)
    assert rule.levels == (
        (3, (Criterion("new_cases", 10), Criterion("clusters", 1, 14))),
        (2, (Criterion("new_cases", 1, 14),)),
    )
    assert (rule.unit, rule.inputs, rule.window) == (4, ("new_cases", "clusters"), 14)


@pytest.mark.parametrize(
    ("_case", "changes", "found"),
    [
        ("no unit", {"unit": None}, ("no_unit", "unit", "")),
        ("an empty unit", {"unit": ""}, ("no_unit", "unit", "")),
        ("no such unit", {"unit": "PERSON"}, ("unit", "unit", "PERSON")),
        ("the whole city", {"unit": "CITY"}, ("unit", "unit", "CITY")),
        ("no levels", {"levels": []}, ("no_levels", "levels", "")),
        ("levels of another shape", {"levels": "HIGH"}, ("no_levels", "levels", "")),
        ("a level of its own", levels(ONE, level="PURPLE"), None),
        ("the lowest", levels(ONE, level="LOW"), ("lowest", "LOW", "")),
        ("no criterion", levels(), ("no_criterion", "MEDIUM", "")),
        ("a criterion that is none", levels("many"), ("no_criterion", "MEDIUM", "")),
        ("what nobody counts", levels(ONE | {"input": "mood"}), ("input", "MEDIUM", "mood")),
        ("of another hazard", levels(ONE | {"input": "flooded_points"}), ("input", "MEDIUM", "flooded_points")),
        ("an input that is a list", levels(ONE | {"input": ["x"]}), ("input", "MEDIUM", "['x']")),
        ("at least none", levels(ONE | {"at_least": 0}), ("threshold", "MEDIUM", "0")),
        ("less than none", levels(ONE | {"at_least": -3}), ("threshold", "MEDIUM", "-3")),
        ("half a case", levels(ONE | {"at_least": 0.5}), ("threshold", "MEDIUM", "0.5")),
        ("yes", levels(ONE | {"at_least": True}), ("threshold", "MEDIUM", "True")),
        ("more than there are", levels(ONE | {"at_least": 10**7}), ("threshold", "MEDIUM", "10000000")),
        ("no days", levels(ONE | {"days": 0}), ("window", "MEDIUM", "0")),
        ("two weeks", levels(ONE | {"days": "14"}), ("window", "MEDIUM", "14")),
        ("ten years", levels(ONE | {"days": 3650}), ("window", "MEDIUM", "3650")),
        ("a person's age", levels(ONE | {"age": 60}), ("unknown", "MEDIUM", "age")),
        ("no hazard", {"hazard": "gossip"}, None),
        (
            "medium never holds",
            {"levels": [{"level": "HIGH", "all": [ONE]}, {"level": "MEDIUM", "all": [ONE | {"at_least": 50}]}]},
            ("never", "MEDIUM", ""),
        ),
        ("twice", {"levels": [{"level": "HIGH", "all": [ONE]}] * 2}, ("twice", "HIGH", "")),
    ],
)
def test_nonsense_is_named(_case, changes, found):
    named = faults(**changes)
    assert named != []
    if found is not None:
        assert named == [found]


@pytest.mark.django_db
class TestPublishing:
    def test_a_rule_set_without_a_unit_is_refused_with_the_reason(self, cast):
        without = {name: value for name, value in RULE.items() if name != "unit"}
        with pytest.raises(BadInput) as refused:
            publish_rule_set(without, by=cast.city_commander, at=AT)
        assert refused.value.problems == ["缺少区域单元：DISTRICT（区县）、STREET（街道）或 COMMUNITY（社区）"]
        assert RuleSet.objects.count() == 0
        assert list(entries_of("zones.publish_rule_set")) == []

    @pytest.mark.parametrize("unit", ["STREET", "DISTRICT"])
    def test_a_unit_above_the_community_says_why(self, cast, unit):
        for reason in (None, " ", "x" * 301):
            with pytest.raises(BadInput) as refused:
                publish_rule_set(RULE | {"unit": unit, "unit_reason": reason}, by=cast.city_commander, at=AT)
            assert len(refused.value.problems) == 1
        assert (RuleSet.objects.count(), list(entries_of("zones.publish_rule_set"))) == (0, [])
        given = RULE | {"unit": unit, "unit_reason": " counts come by street "}
        done = publish_rule_set(given, by=cast.city_commander, at=AT)
        (entry,) = entries_of("zones.publish_rule_set")
        assert (done.unit_reason, entry.data["unit_reason"]) == ("counts come by street",) * 2

    def test_one_case_never_makes_the_whole_city_one_area(self, cast):
        """Red line 14: nothing is judged by a unit that has no parts to lack it."""
        with pytest.raises(BadInput) as refused:
            publish_rule_set(RULE | {"unit": "CITY", "unit_reason": "simple"}, by=cast.city_commander, at=AT)
        assert refused.value.problems == [
            "“CITY”不是区域单元，应为 DISTRICT（区县）、STREET（街道）或 COMMUNITY（社区）"
        ]
        assert RuleSet.objects.count() == 0

    @pytest.mark.parametrize(
        "changes",
        [
            {"basis": " "},
            {"source": ""},
            {"title_en": None},
            {"code": "a code"},
            {"valid_from": "soon"},
            {"valid_to": "2025-01-01", "end_basis": "an order"},
            {"valid_to": "2027-01-01"},
            {"minimum_rank": "two"},
        ],
    )
    def test_what_is_missing_is_refused(self, cast, changes):
        with pytest.raises(BadInput) as refused:
            publish_rule_set(RULE | changes, by=cast.city_commander, at=AT)
        assert len(refused.value.problems) == 1
        assert RuleSet.objects.count() == 0

    def test_only_whoever_may_publishes(self, cast):
        with pytest.raises(NotAllowed):
            publish_rule_set(RULE, by=cast.district_head, at=AT)
        assert RuleSet.objects.count() == 0

    def test_the_rule_of_2020_is_shipped_with_its_end(self, cast, keeper):
        (shipped,) = publish_missing(SHIPPED, by=keeper, at=AT)
        assert publish_missing(SHIPPED, by=keeper, at=AT) == []
        assert (shipped.unit, shipped.valid_from, shipped.valid_to) == (4, date(2020, 2, 17), date(2023, 1, 8))
        assert shipped.ends_at == datetime(2023, 1, 8, tzinfo=get_default_timezone())
        assert shipped.basis and shipped.source.startswith("https://") and shipped.end_basis
        assert rule_of(shipped).levels == (
            (3, (Criterion("new_cases", 51), Criterion("clusters", 1, 14))),
            (2, (Criterion("new_cases", 1, 14),)),
        )
        assert rule_set_of("epidemic", at=AT) is None  # abolished
        assert rule_set_of("epidemic", at=shipped.ends_at - timedelta(seconds=1)) == shipped

    def test_one_rule_judges_a_hazard_at_a_time(self, cast, rule_set):
        other = RULE | {"code": "other-rule", "valid_from": "2026-12-01"}
        with pytest.raises(TwoRulesAtOnce):
            publish_rule_set(other, by=cast.city_commander, at=AT)
        with pytest.raises(TwoRulesAtOnce):
            publish_rule_set(RULE, by=cast.city_commander, at=AT)  # the next version begins later than the last
        assert RuleSet.objects.count() == 1
        publish_rule_set(other | {"trial": True}, by=cast.city_commander, at=AT)  # only to compare
        assert rule_set_of("epidemic", at=AT) == rule_set

    @pytest.mark.parametrize(
        ("begins", "allowed"), [("2026-06-28", False), ("2026-11-28", False), ("2026-11-29", True)]
    )
    def test_a_next_version_rewrites_no_level_of_the_past(self, cast, rule_set, begins, allowed):
        """What was confirmed this morning holds until the day is over, and what held two days ago did."""
        had(COMMUNITY, TODAY - timedelta(days=3), 3)
        two_days_ago = AT - timedelta(days=2)
        confirm_zone(rule_set, COMMUNITY, level=2, proposed=2, by=cast.district_head, at=two_days_ago)
        stricter = RULE | {"valid_from": begins, "minimum_rank": 3}
        told = len(list(entries_of("zones.publish_rule_set")))
        if allowed:
            assert publish_rule_set(stricter, by=cast.city_commander, at=AT).version == 2
        else:
            with pytest.raises(BadInput) as refused:
                publish_rule_set(stricter, by=cast.city_commander, at=AT)
            assert refused.value.problems == ["后续版本最早自2026-11-29起施行：此前的判定不变"]
            assert (RuleSet.objects.count(), len(list(entries_of("zones.publish_rule_set")))) == (1, told)
            assert RuleSet.objects.get().ends_at is None
        ground = range_of(COMMUNITY)
        assert level_over([ground], hazard="epidemic", at=two_days_ago) == [(ground, 2)]
        assert level_over([ground], hazard="epidemic", at=AT) == [(ground, 2)]

    def test_after_an_abolition_the_next_version_begins_today_at_the_earliest(self, cast, rule_set):
        end_rule_set(rule_set, on=date(2026, 11, 29), basis="order 13", by=cast.city_commander, at=AT)
        later = AT + timedelta(days=9)
        with pytest.raises(BadInput):
            publish_rule_set(RULE | {"valid_from": "2026-12-06"}, by=cast.city_commander, at=later)
        assert RuleSet.objects.count() == 1
        assert publish_rule_set(RULE | {"valid_from": "2026-12-07"}, by=cast.city_commander, at=later).version == 2

    def test_an_abolished_rule_says_why(self, cast, rule_set):
        with pytest.raises(BadInput) as refused:
            end_rule_set(rule_set, on=date(2026, 11, 28), basis="", by=cast.city_commander, at=AT)
        assert len(refused.value.problems) == 2
        ended = end_rule_set(rule_set, on=date(2026, 11, 29), basis="order 13", by=cast.city_commander, at=AT)
        assert (ended.valid_to, ended.end_basis) == (date(2026, 11, 29), "order 13")
        assert ended.ends_at == datetime(2026, 11, 29, tzinfo=get_default_timezone())
        with pytest.raises(RuleSetOver):
            end_rule_set(rule_set, on=date(2026, 12, 9), basis="x", by=cast.city_commander, at=AT + timedelta(days=2))
        assert [entry.act for entry in entries_of("zones.end_rule_set")] == ["zones.end_rule_set"]
