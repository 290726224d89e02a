"""Counts of areas and days: new, the same, corrected with both values; negative and double ones refused by line."""

from datetime import date, timedelta

import pytest

from qipan.journal.api import entries_of
from qipan.kernel.place import place_of
from qipan.kernel.refusal import BadInput, NotAllowed
from qipan.zones.actions.counts import CorrectionNeedsReason, Given, read_rows, report_counts
from qipan.zones.actions.zones import confirm_zone
from qipan.zones.models import Correction, Count
from qipan.zones.queries.proposals import proposals

from .conftest import AT, COMMUNITY, OTHER, STREET, TODAY, everything, had

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-15")]


def lines(*given: tuple[str, int, int], name: str = "new_cases") -> list[Given]:
    """Lines of area, days ago and number."""
    return [Given(n, name, code, TODAY - timedelta(days=ago), number) for n, (code, ago, number) in enumerate(given, 2)]


def reported(cast, *given, by=None, at=AT, **options):
    return report_counts(lines(*given), source="CDC", by=by or cast.dispatcher, at=at, **options)


def held() -> dict:
    rows = Count.objects.everywhere("a test").order_by("place", "level", "day")
    return {(f"{row.place:019d}"[: {1: 4, 2: 6, 3: 9, 4: 12}[row.level]], row.day): row.n for row in rows}


def corrections() -> list:
    rows = Correction.objects.everywhere("a test").order_by("pk")
    return [(row.day, row.before, row.after, row.reason) for row in rows]


def test_a_report_is_kept_and_again_changes_nothing(cast):
    first = reported(cast, (COMMUNITY, 1, 3), (COMMUNITY, 0, 0), (OTHER, 0, 1))
    assert (first.added, first.same, first.corrected) == (3, 0, [])
    assert held() == {(COMMUNITY, TODAY - timedelta(days=1)): 3, (COMMUNITY, TODAY): 0, (OTHER, TODAY): 1}
    again = reported(cast, (COMMUNITY, 1, 3), (COMMUNITY, 0, 0), (OTHER, 0, 1))
    assert (again.added, again.same, again.corrected) == (0, 3, [])
    (entry,) = entries_of("zones.report_counts")
    assert entry.data == {
        "source": "CDC", "reason": "", "areas": 2, "added": 3, "corrected": 0, "falls": 0, "first": [],
    }  # fmt: skip
    assert set(Count.objects.everywhere("a test").values_list("unit__code", flat=True)) == {"510104001:street-office"}


def test_a_correction_keeps_both_values_and_its_moment(cast):
    reported(cast, (COMMUNITY, 1, 5))
    with pytest.raises(CorrectionNeedsReason) as refused:
        reported(cast, (COMMUNITY, 1, 3), (COMMUNITY, 0, 1))
    assert refused.value.problems == [f"第 2 行：{COMMUNITY} 在 2026-11-27 已报 5，此处为 3"]
    assert held() == {(COMMUNITY, TODAY - timedelta(days=1)): 5}
    later = AT + timedelta(hours=2)
    done = reported(cast, (COMMUNITY, 1, 3), (COMMUNITY, 0, 1), reason="two were counted twice", at=later)
    assert [(one.before, one.after) for one in done.corrected] == [(5, 3)]
    assert held() == {(COMMUNITY, TODAY - timedelta(days=1)): 3, (COMMUNITY, TODAY): 1}
    (row,) = Correction.objects.everywhere("a test")
    assert (row.before, row.after, row.reason, row.at, row.by_label) == (
        5, 3, "two were counted twice", later, cast.dispatcher.label,
    )  # fmt: skip
    assert list(entries_of("zones.report_counts"))[-1].data["first"] in ([[COMMUNITY, "2026-11-27", 5, 3]], [])


def test_totals_that_fall_are_corrections_and_no_counts(cast):
    series = [(COMMUNITY, 4, 5), (COMMUNITY, 3, 8), (COMMUNITY, 2, 9), (COMMUNITY, 1, 6), (COMMUNITY, 0, 7)]
    done = reported(cast, *series, totals=True)
    days = [TODAY - timedelta(days=n) for n in (4, 3, 2, 1, 0)]
    assert held() == dict(zip([(COMMUNITY, day) for day in days], [5, 1, 0, 0, 1], strict=True))
    assert [(code, fall.before, fall.after) for (_input, code), fall in done.falls] == [(COMMUNITY, 9, 6)]
    why = "2026-11-27: 9 → 6"
    assert corrections() == [(days[2], 1, 0, why), (days[1], 3, 1, why)]
    again = reported(cast, *series, totals=True)
    assert (again.added, again.same) == (0, 5)
    assert len(corrections()) == 2
    # The next file begins lower than what is known: that takes back days that were kept, and asks why.
    with pytest.raises(CorrectionNeedsReason):
        report_counts(
            [Given(2, "new_cases", COMMUNITY, TODAY + timedelta(days=1), 6)],
            totals=True, source="CDC", by=cast.dispatcher, at=AT + timedelta(days=1),
        )  # fmt: skip
    report_counts(
        [Given(2, "new_cases", COMMUNITY, TODAY + timedelta(days=1), 6)],
        totals=True, source="CDC", reason="one was found negative", by=cast.dispatcher, at=AT + timedelta(days=1),
    )  # fmt: skip
    assert corrections()[2:] == [(TODAY, 1, 0, "one was found negative")]
    assert sum(held().values()) == 6


def totals(cast, *given, **options):
    """Given totals by day of the month."""
    ago = [(COMMUNITY, TODAY.day - day, total) for day, total in given]
    return reported(cast, *ago, totals=True, **options)


def by_day() -> dict[int, int]:
    return {day.day: n for (_code, day), n in held().items()}


def test_totals_around_a_day_that_is_known_sum_up_to_the_latest(cast):
    reported(cast, (COMMUNITY, TODAY.day - 5, 10))
    with pytest.raises(CorrectionNeedsReason) as refused:
        totals(cast, (3, 5), (7, 20))
    assert refused.value.problems == [f"第 3 行：{COMMUNITY} 在 2026-11-05 已报 10，此处为 5"]
    assert (by_day(), corrections()) == ({5: 10}, [])
    totals(cast, (3, 5), (7, 20), reason="half of them earlier")
    assert by_day() == {3: 5, 5: 5, 7: 10}
    assert corrections() == [(TODAY.replace(day=5), 10, 5, "half of them earlier")]


@pytest.mark.parametrize(
    ("total", "days", "changed"),
    [
        (35, {1: 10, 2: 10, 3: 15, 4: 5, 5: 10}, [(3, 10, 15), (4, 10, 5)]),
        (5, {1: 5, 2: 0, 3: 0, 4: 35, 5: 10}, [(1, 10, 5), (2, 10, 0), (3, 10, 0), (4, 10, 35)]),
        (45, {1: 10, 2: 10, 3: 20, 4: 0, 5: 10}, [(3, 10, 20), (4, 10, 0)]),  # a later total is known to be lower
    ],
)
def test_a_corrected_total_is_made_up_on_the_next_and_the_latest_stands(cast, total, days, changed):
    totals(cast, *((day, day * 10) for day in range(1, 6)))
    assert by_day() == dict.fromkeys(range(1, 6), 10)
    totals(cast, (3, total), reason="late lists")
    assert by_day() == days
    assert corrections() == [(TODAY.replace(day=day), had, has, "late lists") for day, had, has in changed]
    assert sum(by_day().values()) == 50
    again = totals(cast, (3, sum(n for day, n in days.items() if day <= 3)))
    assert (again.added, again.corrected, by_day()) == (0, [], days)


def test_what_is_made_up_on_a_later_day_is_not_counted_twice(cast):
    totals(cast, (3, 30), (4, 30))
    reported(cast, (STREET, TODAY.day - 4, 5))
    with pytest.raises(BadInput) as refused:
        totals(cast, (3, 20), reason="ten too many")
    assert refused.value.problems == [f"第 2 行：2026-11-04 既按 {STREET} 又按其中一部分统计，会重复计算"]
    assert corrections() == []


def test_what_a_fall_takes_back_is_kept_under_its_own_input(cast):
    day = [TODAY - timedelta(days=n) for n in (2, 1, 0)]
    given = [
        Given(2, "clusters", COMMUNITY, day[0], 7), Given(3, "new_cases", COMMUNITY, day[0], 5),
        Given(4, "new_cases", COMMUNITY, day[1], 3), Given(5, "clusters", COMMUNITY, day[1], 7),
    ]  # fmt: skip
    report_counts(given, totals=True, source="CDC", by=cast.dispatcher, at=AT)
    rows = Correction.objects.everywhere("a test").values_list("hazard_input", "day", "before", "after")
    assert list(rows) == [("new_cases", day[0], 5, 3)]


def test_bad_lines_are_named_and_nothing_is_kept(cast):
    rows = [
        {"area": COMMUNITY, "day": "2026-11-28", "input": "new_cases", "n": "-2"},
        {"area": COMMUNITY, "day": "2026-11-29", "input": "new_cases", "n": "1"},
        {"area": COMMUNITY, "day": "yesterday", "input": "new_cases", "n": "1"},
        {"area": COMMUNITY, "day": "2026-11-28", "input": "rumours", "n": "1"},
        {"area": COMMUNITY, "day": "2026-11-28", "input": "new_cases", "n": "1.5"},
    ]
    with pytest.raises(BadInput) as refused:
        read_rows(rows, totals=False, at=AT)
    assert refused.value.problems == [
        "第 2 行：一天不可能少于零；请填报有误那天的更正数，或改报累计数",
        "第 3 行：2026-11-29 还没有到",
        "第 4 行：“yesterday”不是日期，应如 2026-11-28",
        "第 5 行：没有“rumours”这项统计",
        "第 6 行：“1.5”不是整数",
    ]
    with pytest.raises(BadInput) as refused:
        reported(cast, ("510105001001", 0, 1), (COMMUNITY, 0, 1), (COMMUNITY, 0, 2), (f"{COMMUNITY}001", 0, 1))
    assert len(refused.value.problems) == 3
    assert everything() == (0, 0, 0, 0)


def test_nothing_is_counted_twice(cast):
    """By a street and by a community of it, on the same day; nought beside a number is no harm."""
    reported(cast, (COMMUNITY, 1, 2), (COMMUNITY, 0, 0))
    with pytest.raises(BadInput) as refused:
        reported(cast, (STREET, 1, 5))
    assert refused.value.problems == [f"第 2 行：2026-11-27 既按 {STREET} 又按其中一部分统计，会重复计算"]
    reported(cast, (STREET, 0, 5))
    with pytest.raises(BadInput):
        reported(cast, (COMMUNITY, 2, 1), (STREET, 2, 1))
    assert len(held()) == 3


def test_only_whoever_may_reports(cast):
    with pytest.raises(NotAllowed):
        reported(cast, (COMMUNITY, 0, 1), by=cast.worker)
    assert everything() == (0, 0, 0, 0)


def test_a_correction_shows_which_confirmed_zones_would_differ(cast, rule_set):
    """As a proposal: what holds goes on until an official confirms another level."""
    reported(cast, *((COMMUNITY, ago, 12 if ago == 2 else 0) for ago in range(15)))
    for ago in range(15):
        had(COMMUNITY, TODAY - timedelta(days=ago), int(ago == 1), name="clusters")
    (found,) = proposals(rule_set, cast.district_head.scope, at=AT)
    assert (found.level, found.corrected) == (3, False)
    confirm_zone(rule_set, COMMUNITY, level=3, proposed=3, by=cast.district_head, at=AT)
    assert proposals(rule_set, cast.district_head.scope, at=AT) == []
    reported(cast, (COMMUNITY, 2, 9), reason="three live elsewhere", at=AT + timedelta(hours=1))
    (found,) = proposals(rule_set, cast.district_head.scope, at=AT + timedelta(hours=1))
    assert (found.level, found.held.level, found.corrected, found.unreported) == (2, 3, True, 0)


def test_small_areas_are_summed_up_to_the_unit(cast, keeper):
    from qipan.zones.actions.rule_sets import publish_rule_set

    from .conftest import RULE

    by_street = publish_rule_set(RULE | {"unit": "STREET", "unit_reason": "counts come by street"}, by=keeper, at=AT)
    reported(cast, (COMMUNITY, 1, 6), (OTHER, 0, 4))
    had("510104", date(2026, 11, 20), 2)
    found = proposals(by_street, cast.city_commander.scope, at=AT)
    assert [(one.area.code, one.level, one.reasons[0].found) for one in found] == [("510104", 2, 2), (STREET, 2, 10)]
    assert place_of(STREET) == found[1].area.place
