"""The engine: equal to a naive reference, monotone, the order of input and of areas without meaning."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.zones.rules.engine import days_by_level, level_on, reasons_on, spans_of, zone
from qipan.zones.rules.sets import Criterion, Rule

pytestmark = pytest.mark.row("EMG-15")

DAY = date(2020, 1, 21)
NAMES = ("new_cases", "clusters")
RULE = Rule(
    4,
    (
        (3, (Criterion("new_cases", 51), Criterion("clusters", 1, 14))),
        (2, (Criterion("new_cases", 1, 14),)),
    ),
)


def naive(rule: Rule, counts, day: date) -> int:
    """What the rule says, by adding up again on each day."""
    for level, criteria in rule.levels:
        for one in criteria:
            first = day - timedelta(days=one.days - 1) if one.days else date.min
            own = counts.get(one.input, {})
            if sum(n for d, n in own.items() if first <= date.fromordinal(d) <= day) < one.at_least:
                break
        else:
            return level
    return rule.lowest


def criteria():
    one = st.builds(
        Criterion,
        input=st.sampled_from(NAMES),
        at_least=st.integers(1, 12),
        days=st.one_of(st.none(), st.integers(1, 20)),
    )
    return st.lists(one, min_size=1, max_size=3).map(tuple)


rules = st.builds(lambda high, medium: Rule(4, ((3, high), (2, medium))), high=criteria(), medium=criteria())
# Days before the first one that is asked for count as well, and days after the last never do.
series = st.dictionaries(st.integers(DAY.toordinal() - 30, DAY.toordinal() + 50), st.integers(0, 6), max_size=25)
areas = st.fixed_dictionaries(dict.fromkeys(NAMES, series))


@given(rules, areas, st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_it_says_what_adding_up_again_says(rule, counts, length):
    last = DAY + timedelta(days=length)
    spans = spans_of(rule, counts, first=DAY, last=last)
    told = [span.level for span in spans for _day in range(span.days)]
    assert told == [naive(rule, counts, DAY + timedelta(days=n)) for n in range(length + 1)]
    assert (spans[0].first, spans[-1].last) == (DAY, last)
    assert all(a.level != b.level for a, b in pairwise(spans))


@given(rules, areas, st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_a_higher_threshold_never_raises_a_level(rule, counts, more):
    """Monotone in the thresholds, and in the counts."""
    stricter = Rule(
        rule.unit,
        tuple(
            (level, tuple(Criterion(one.input, one.at_least + more, one.days) for one in own))
            for level, own in rule.levels
        ),
    )
    fuller = {name: {day: n + 1 for day, n in own.items()} for name, own in counts.items()}
    for n in range(0, 30, 3):
        day = DAY + timedelta(days=n)
        assert level_on(stricter, counts, day) <= level_on(rule, counts, day) <= level_on(rule, fuller, day)


@given(areas, st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_input_has_no_meaning(counts, random):
    shuffled = {}
    for name in random.sample(NAMES, len(NAMES)):
        days = list(counts[name].items())
        random.shuffle(days)
        shuffled[name] = dict(days)
    last = DAY + timedelta(days=40)
    both = {"a": counts, "b": shuffled}
    found = dict(zone(RULE, both, first=DAY, last=last))
    assert found["a"] == found["b"]
    assert dict(zone(RULE, {"b": shuffled, "a": counts}, first=DAY, last=last)) == found


def test_fourteen_days_are_that_day_and_the_thirteen_before_it():
    counts = {"new_cases": {DAY.toordinal(): 1}}
    assert level_on(RULE, counts, DAY - timedelta(days=1)) == 1
    assert [level_on(RULE, counts, DAY + timedelta(days=n)) for n in (0, 13, 14)] == [2, 2, 1]


def test_the_rule_of_2020_to_the_case():
    """Low, medium, high as practice.md, section 3.5, tells them."""
    start = DAY.toordinal()
    fifty = {"new_cases": {start: 50}, "clusters": {start: 1}}
    more = {"new_cases": {start: 51}, "clusters": {start: 1}}
    assert level_on(RULE, {}, DAY) == 1
    assert level_on(RULE, fifty, DAY) == 2  # a cluster, and not more than 50
    assert level_on(RULE, more, DAY) == 3
    assert level_on(RULE, {"new_cases": {start: 51}}, DAY) == 2  # more than 50, no cluster
    assert level_on(RULE, more, DAY + timedelta(days=14)) == 1  # 14 days without a new one
    late = {"new_cases": {start: 51, start + 20: 1}, "clusters": {start: 1}}
    assert level_on(RULE, late, DAY + timedelta(days=20)) == 2


def test_a_reason_names_the_threshold_and_the_days():
    start = DAY.toordinal()
    counts = {"new_cases": {start: 40, start + 3: 11, start + 30: 5}, "clusters": {start + 2: 1}}
    total, cluster = reasons_on(RULE, counts, DAY + timedelta(days=5))
    assert (total.level, total.input, total.at_least, total.days, total.found) == (3, "new_cases", 51, None, 51)
    assert total.first is None and total.on == ((DAY, 40), (DAY + timedelta(days=3), 11))
    assert (cluster.found, cluster.first, cluster.last) == (1, date(2020, 1, 13), date(2020, 1, 26))
    assert cluster.on == ((date(2020, 1, 23), 1),) and cluster.met
    assert total.text() == {
        "level": 3,
        "input": "new_cases",
        "at_least": 51,
        "days": None,
        "found": 51,
        "first": None,
        "last": "2020-01-26",
        "on": [["2020-01-21", 40], ["2020-01-24", 11]],
    }


def test_the_lowest_level_says_what_was_not_reached():
    reasons = reasons_on(RULE, {"new_cases": {DAY.toordinal(): 60}}, DAY + timedelta(days=20))
    assert [(one.level, one.input, one.days, one.found, one.met) for one in reasons] == [
        (3, "clusters", 14, 0, False),
        (2, "new_cases", 14, 0, False),
    ]


def test_days_of_levels_are_counted():
    counts = {"new_cases": {DAY.toordinal() + 1: 1}}
    spans = spans_of(RULE, counts, first=DAY, last=DAY + timedelta(days=29))
    assert [(span.level, span.days) for span in spans] == [(1, 1), (2, 14), (1, 15)]
    assert days_by_level(spans) == {1: 16, 2: 14}
