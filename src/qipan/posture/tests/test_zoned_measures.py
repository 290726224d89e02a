"""Measures by risk zone: what a zone justifies, who goes beyond it, and what a lower zone ends (EMG-15, red line 14)."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.apps import apps
from django.utils.timezone import get_default_timezone, localdate, localtime
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.desk.api import Task
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.posture import rules
from qipan.posture.actions import refusals
from qipan.posture.api import (
    Declaration,
    Measure,
    declare,
    extend_measure,
    impose_measure,
    lift_measure,
    measures_in_force,
)
from qipan.zones.api import end_rule_set

from .conftest import Entry, open_end, response, restriction, zone

HERE, NEXT, STREET = "510104001001", "510104001002", "510104001"
GATE = {"kind": "gate-control", "title": "小区出入管控", "hazard": "epidemic"}
LOW, MEDIUM, HIGH = 1, 2, 3
DAY = timedelta(days=1)


def gate(cast: Cast, **changes: Any) -> list[Measure]:
    return impose_measure(**restriction(cast, **{**GATE, **changes}))


def nothing_written() -> None:
    assert Measure.objects.count() == 0
    assert not Entry.objects.filter(act="posture.impose_measure").exists()


@pytest.mark.row("EMG-15")
@pytest.mark.parametrize(("level", "kind"), [(LOW, "gate-control"), (LOW, "area-closure"), (MEDIUM, "area-closure")])
def test_in_a_zone_too_low_a_closure_is_refused(cast: Cast, level: int, kind: str) -> None:
    zone(HERE, level, at=cast.at)
    with pytest.raises(refusals.MeasureTooStrict) as refused:
        gate(cast, kind=kind)
    assert (refused.value.data["reaching"], refused.value.data["of"], refused.value.data["field"]) == (0, 1, "grounds")
    nothing_written()


@pytest.mark.row("EMG-15")
def test_where_no_zone_was_confirmed_nothing_is_justified(cast: Cast) -> None:
    with pytest.raises(refusals.MeasureTooStrict):
        gate(cast)
    with pytest.raises(refusals.HazardUnsaid):
        gate(cast, hazard="")
    nothing_written()


@pytest.mark.row("EMG-15")
def test_a_zone_with_the_level_justifies_it_and_the_declaration_says_the_hazard(
    cast: Cast, declared: Declaration
) -> None:
    zone(HERE, MEDIUM, at=cast.at)
    (measure,) = gate(cast, hazard="", declaration=declared)
    assert (measure.hazard, measure.over_reason) == ("epidemic", "")
    assert gate(cast, grounds=[range_of(f"{HERE}001")])[0].over_reason == ""  # a compound within the zone


@pytest.mark.row("EMG-15")
def test_one_size_for_all_is_refused_and_names_how_many_lack_it(cast: Cast) -> None:
    """Red line 14: three of four communities of the district have no zone with the level."""
    zone(HERE, MEDIUM, at=cast.at)
    with pytest.raises(refusals.MeasureTooWide) as refused:
        gate(cast, grounds=[range_of("510104")])
    assert (refused.value.data["reaching"], refused.value.data["of"]) == (1, 4)
    nothing_written()
    # Half of a street's two communities have it: not more than half lack it.
    assert len(gate(cast, grounds=[range_of(STREET)])) == 1


@pytest.mark.row("EMG-15")
def test_a_higher_organ_goes_beyond_with_a_reason_for_a_few_days(cast: Cast) -> None:
    wide: dict[str, Any] = {"grounds": [range_of("510104")], "over_reason": "市级专家组意见", "review_at": cast.at}
    district = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    with pytest.raises(refusals.BeyondNotForYou):
        gate(cast, **wide, **district, expires_at=cast.at + timedelta(days=2))
    with pytest.raises(refusals.BeyondTooLong):
        gate(cast, **wide, expires_at=cast.at + timedelta(days=3, minutes=1))
    nothing_written()
    (measure,) = gate(cast, **wide, expires_at=cast.at + timedelta(days=2))
    assert measure.over_reason == "市级专家组意见"
    assert Entry.objects.get(act="posture.impose_measure").data["beyond"] == "市级专家组意见"
    # Extensions do not begin the days anew.
    end = measure.expires_at
    terms: dict[str, Any] = {"article": "erl-2024-73", "review_at": end, "by": cast.city_commander, "at": cast.at}
    with pytest.raises(refusals.BeyondTooLong):
        extend_measure(measure, expires_at=end + timedelta(days=2), over_reason="r", **terms)
    with pytest.raises(refusals.MeasureTooStrict):
        extend_measure(measure, expires_at=end + timedelta(days=1), **terms)
    assert extend_measure(measure, expires_at=end + timedelta(days=1), over_reason="r", **terms).over_reason == "r"


@pytest.mark.row("EMG-15")
def test_a_fresh_order_on_the_same_ground_goes_on_with_the_days_of_the_one_before(cast: Cast) -> None:
    wide: dict[str, Any] = {"grounds": [range_of("510104")], "over_reason": "r", "review_at": cast.at}
    (first,) = gate(cast, **wide, expires_at=cast.at + 2 * DAY)
    apps.get_model("duties", "OrganType").objects.filter(code="district-command").update(authority_rank=3)
    district = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    entries = Entry.objects.count()

    def again(*, after: timedelta, lasts: timedelta = DAY, **changes: Any) -> list[Measure]:
        begins = cast.at + after
        given = {**wide, "starts_at": begins, "review_at": begins, "expires_at": begins + lasts, "at": begins}
        return gate(cast, **given | changes)

    # By the same organ or by another: at once, after a pause that is shorter than the days, on a part of the ground, against another hazard.
    part = [range_of(HERE)]
    for changes in (
        {"after": 2 * DAY, "lasts": 2 * DAY},
        {"after": 3 * DAY},
        {"after": 3 * DAY, "grounds": part},
        {"after": 3 * DAY, "hazard": "heat"},
        {"after": 3 * DAY, **district},
    ):
        with pytest.raises(refusals.BeyondRunsOn) as refused:
            again(**changes)
        assert (refused.value.data["days"], refused.value.data["field"]) == (3, "expires_at")
        assert refused.value.data["since"] == f"{localtime(cast.at):%Y-%m-%d %H:%M}"
    assert (Measure.objects.get(), Entry.objects.count()) == (first, entries)
    # Within the three days it goes on; elsewhere, of another kind or in an exercise nothing has run yet.
    assert again(after=2 * DAY)[0].over_reason == "r"
    again(after=2 * DAY, lasts=3 * DAY, grounds=[range_of("510105")])
    again(after=2 * DAY, lasts=3 * DAY, kind="area-closure")
    again(after=2 * DAY, lasts=9 * DAY, drill=True)
    # After as many days without it the count begins anew.
    with pytest.raises(refusals.BeyondRunsOn):
        again(after=6 * DAY - timedelta(seconds=1), lasts=3 * DAY)
    assert again(after=6 * DAY, lasts=3 * DAY)[0].expires_at == cast.at + 9 * DAY


@pytest.mark.row("EMG-15")
def test_what_was_lifted_counts_only_as_long_as_it_held(cast: Cast) -> None:
    wide: dict[str, Any] = {"grounds": [range_of("510104")], "over_reason": "r"}
    before = cast.at - DAY
    then: dict[str, Any] = {**wide, "at": before}
    (ahead,) = gate(cast, **then, starts_at=cast.at + DAY, review_at=cast.at + DAY, expires_at=cast.at + 3 * DAY)
    with pytest.raises(refusals.BeyondRunsOn):  # nor backwards
        gate(cast, **then, review_at=cast.at, expires_at=cast.at + 2 * DAY, starts_at=before)
    lift_measure(ahead, by=cast.city_commander, at=cast.at)  # it never began
    assert gate(cast, **wide, review_at=cast.at, expires_at=cast.at + 3 * DAY)


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=8)


@given(own=st.tuples(st.integers(0, 60), st.integers(1, 9)), others=SPANS, gap=st.integers(1, 7))
def test_a_run_holds_all_that_lies_closer_than_the_gap_and_nothing_else(
    own: tuple[int, int], others: list[tuple[int, int]], gap: int
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=get_default_timezone())

    def span(first: int, days: int) -> tuple[datetime, datetime]:
        return begin + first * DAY, begin + (first + days) * DAY

    since, until = rules.run_of(span(*own), [span(*one) for one in others], gap=gap * DAY)
    held = set(range(own[0], own[0] + own[1]))
    days = {day for first, length in others for day in range(first, first + length)} | held
    first, last = (since - begin).days, (until - begin).days
    # No hole within is as long as the gap, and outside nothing is nearer than it.
    assert held <= set(range(first, last)) and {first, last - 1} <= days
    inside = sorted(day for day in days if first <= day < last)
    assert all(after - before - 1 < gap for before, after in pairwise(inside))
    assert not days & (set(range(first - gap, first)) | set(range(last, last + gap)))


@pytest.mark.row("EMG-15")
@pytest.mark.parametrize(
    "kind", ["area-closure", "gate-control", "gathering-limit", "venue-closure", "traffic-control"]
)
def test_against_a_hazard_without_zones_it_needs_a_declaration_or_a_higher_organ(cast: Cast, kind: str) -> None:
    """Red line 14: a whole district is not closed "against heat" because heat has no zones."""
    heat: dict[str, Any] = {"kind": kind, "hazard": "heat", "grounds": [range_of("510104")], "review_at": cast.at}
    district = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    with pytest.raises(refusals.HazardUngraded) as refused:
        gate(cast, **heat)
    assert (refused.value.data["days"], refused.value.data["field"], refused.value.status) == (
        7 if kind in ("gathering-limit", "venue-closure") else 3, "hazard", 409
    )  # fmt: skip
    with override("en"):
        assert "against Heat wave there are none" in str(refused.value)
    with override("zh-hans"):
        assert "针对高温热浪没有风险区" in str(refused.value)
    with pytest.raises(refusals.BeyondNotForYou):
        gate(cast, **heat, **district, over_reason="r", expires_at=cast.at + DAY)
    with pytest.raises(refusals.BeyondTooLong):
        gate(cast, **heat, over_reason="r", expires_at=cast.at + timedelta(days=7, minutes=1))
    nothing_written()
    (measure,) = gate(cast, **heat, over_reason="市级专家组意见", expires_at=cast.at + DAY)
    assert (measure.hazard, measure.over_reason) == ("heat", "市级专家组意见")


@pytest.mark.row("EMG-15")
def test_under_a_declaration_it_needs_no_zone_where_its_hazard_has_none(cast: Cast) -> None:
    declared = declare(**response(cast, hazard="flood"))
    (measure,) = gate(cast, kind="area-closure", hazard="", declaration=declared)
    assert (measure.hazard, measure.over_reason) == ("flood", "")


@pytest.mark.parametrize("kind", ["gate-check", "area-closure"])
def test_a_hazard_that_is_not_known_is_refused(cast: Cast, kind: str) -> None:
    with pytest.raises(refusals.HazardUnknown) as refused:
        gate(cast, kind=kind, hazard="bad mood", over_reason="r", expires_at=cast.at + DAY, review_at=cast.at)
    assert refused.value.data == {"hazard": "bad mood", "field": "hazard"}
    nothing_written()
    assert gate(cast, kind="gate-check", hazard="heat")[0].hazard == "heat"


def test_an_exercise_has_no_zones(cast: Cast) -> None:
    assert gate(cast, drill=True)[0].drill


@pytest.mark.row("EMG-15")
def test_when_the_zone_drops_the_measure_ends_by_itself(cast: Cast) -> None:
    zone(HERE, MEDIUM, at=cast.at)
    (measure,) = gate(cast)
    (wide,) = gate(cast, kind="area-closure", over_reason="r", expires_at=cast.at + timedelta(days=3))
    tomorrow = cast.at + timedelta(days=1)
    zone(HERE, LOW, at=tomorrow)
    measure.refresh_from_db()
    assert (measure.lifted_at, measure.end_kind, open_end(measure)) == (tomorrow, "DROPPED", None)
    assert list(measures_in_force([range_of(HERE)], at=tomorrow - timedelta(seconds=1))) == [wide, measure]
    # What a higher organ imposed beyond the zones keeps to its own days.
    assert list(measures_in_force([range_of(HERE)], at=tomorrow)) == [wide]
    ended = Entry.objects.get(act="posture.end_measure", subject=f"posture.Measure:{measure.pk}")
    assert ended.data == {"ended_at": tomorrow.isoformat(), "why": "DROPPED"}


@pytest.mark.row("EMG-15")
def test_a_closure_is_put_to_its_issuer_who_has_a_day_to_end_it_in_order(cast: Cast) -> None:
    zone(HERE, HIGH, at=cast.at)
    (measure,) = gate(cast, kind="area-closure")
    later = cast.at + timedelta(hours=5)
    zone(HERE, LOW, at=later)
    measure.refresh_from_db()
    assert measure.lifted_at == open_end(measure) == later + timedelta(hours=24)
    task = Task.objects.everywhere("a test").get(source=f"measure:{measure.pk}:end")
    assert (task.owner_id, task.kind, task.due_at) == (measure.issuer_id, "MEASURE", measure.lifted_at)
    with pytest.raises(refusals.MeasureOver):
        extend_measure(
            measure, expires_at=cast.at + timedelta(days=9), review_at=cast.at + timedelta(days=8),
            article="erl-2024-73", by=cast.city_commander, at=later,
        )  # fmt: skip
    # The level rises again before it has ended: it goes on, and the task is taken back.
    zone(HERE, HIGH, at=later + timedelta(hours=1))
    measure.refresh_from_db()
    task.refresh_from_db()
    assert (measure.lifted_at, measure.end_kind, task.state) == (None, "", "RECALLED")


@pytest.mark.row("EMG-15")
def test_what_is_imposed_after_a_drop_was_confirmed_for_later_ends_with_it(cast: Cast) -> None:
    drop = cast.at + timedelta(days=2)
    zone(HERE, HIGH, at=cast.at)
    zone(NEXT, MEDIUM, at=cast.at)
    zone(HERE, LOW, at=drop, confirmed=cast.at)
    (measure,), (closed,) = gate(cast), gate(cast, kind="area-closure")
    (elsewhere,) = gate(cast, grounds=[range_of(NEXT)])
    (beyond,) = gate(cast, kind="area-closure", grounds=[range_of("510104")], over_reason="r", expires_at=drop + DAY)
    (drill,) = gate(cast, drill=True)
    (before,) = gate(cast, expires_at=drop, review_at=drop)
    assert (measure.lifted_at, measure.end_kind, open_end(measure)) == (drop, "DROPPED", drop)
    assert (closed.lifted_at, closed.end_kind) == (drop + DAY, "DROPPED")
    assert {one.lifted_at for one in (elsewhere, beyond, drill, before)} == {None}
    assert Measure.objects.get(pk=measure.pk).lifted_at == drop
    ended = Entry.objects.get(act="posture.end_for_zone", subject=f"posture.Measure:{measure.pk}")
    assert ended.data["ends_at"] == drop.isoformat()
    assert list(measures_in_force([range_of(f"{HERE}001")], at=drop)) == [beyond, closed, drill]


@pytest.mark.row("EMG-15")
def test_what_begins_after_a_drop_is_judged_by_the_level_of_its_begin(cast: Cast) -> None:
    zone(HERE, MEDIUM, at=cast.at)
    zone(HERE, LOW, at=cast.at + DAY, confirmed=cast.at)
    with pytest.raises(refusals.MeasureTooStrict):
        gate(cast, starts_at=cast.at + DAY, review_at=cast.at + 2 * DAY)
    nothing_written()


@pytest.mark.row("EMG-15")
def test_a_rise_that_comes_after_the_end_does_not_bring_a_measure_back(cast: Cast) -> None:
    zone(HERE, HIGH, at=cast.at)
    (standing,) = gate(cast)
    zone(HERE, LOW, at=cast.at + DAY, confirmed=cast.at)
    zone(HERE, HIGH, at=cast.at + timedelta(days=1, hours=6), confirmed=cast.at)
    (measure,), (closed,) = gate(cast), gate(cast, kind="area-closure")
    standing.refresh_from_db()
    assert standing.lifted_at == measure.lifted_at == cast.at + DAY
    assert (closed.lifted_at, closed.end_kind) == (None, "")  # within the hours of its orderly end it rises again


@pytest.mark.row("EMG-15")
def test_whoever_confirms_in_english_the_task_is_a_document_of_the_city(cast: Cast) -> None:
    zone(HERE, HIGH, at=cast.at)
    (measure,) = gate(cast, kind="area-closure")
    with override("en"):
        zone(HERE, LOW, at=cast.at + timedelta(hours=1))
        task = Task.objects.everywhere("a test").get(source=f"measure:{measure.pk}:end")
        assert task.title == f"风险区已不支持，请有序结束：{measure.title}"
        assert Entry.objects.get(act="posture.end_for_zone").data["needed"] == "高风险"
        lift_measure(measure, reason="有序放开", by=cast.city_commander, at=cast.at + timedelta(hours=2))
    task.refresh_from_db()
    assert (task.state, task.note) == ("RECALLED", "措施已结束。")


@pytest.mark.row("EMG-15")
def test_the_issuer_may_end_it_before_its_day_is_over(cast: Cast) -> None:
    zone(HERE, HIGH, at=cast.at)
    (measure,) = gate(cast, kind="area-closure")
    zone(HERE, LOW, at=cast.at + timedelta(hours=1))
    soon = cast.at + timedelta(hours=2)
    assert lift_measure(measure, reason="有序放开", by=cast.city_commander, at=soon)
    measure.refresh_from_db()
    assert (measure.lifted_at, measure.end_kind, measure.end_reason) == (soon, "LIFTED", "有序放开")
    assert Task.objects.everywhere("a test").get(source=f"measure:{measure.pk}:end").state == "RECALLED"


@pytest.mark.row("EMG-15")
@given(reaching=st.integers(0, 50), of=st.integers(0, 50))
def test_beyond_is_strict_where_none_has_it_and_wide_where_more_than_half_lack_it(reaching: int, of: int) -> None:
    reaching = min(reaching, of)
    found = rules.beyond(reaching, of)
    assert (found == rules.STRICT) is (reaching == 0)
    assert (found == rules.WIDE) is (reaching > 0 and of - reaching > of / 2)


RANKS = st.integers(0, 4)


@given(own=st.none() | RANKS, article=st.none() | RANKS, rank=RANKS)
def test_whoever_is_competent_is_so_by_the_table_and_by_the_article(
    own: int | None, article: int | None, rank: int
) -> None:
    table = () if own is None else (rules.AuthorityRule("measure", "*", own, date(2020, 1, 1), None, "plan"),)
    needed = rules.rank_needed("gate-control", article, on=date(2026, 1, 1), table=table)
    may = needed is not None and rank >= needed
    assert may is (own is not None and rank >= own and (article is None or rank >= article))


@pytest.mark.parametrize("name", ["measures", "graded", "guidance", "hazards"])
def test_no_text_of_the_data_is_cut_at_a_comma(name: str) -> None:
    for row in rules._rows(name):
        assert None not in row and None not in row.values(), row


def test_each_kind_says_how_to_complain_how_it_ends_and_what_residents_are_told() -> None:
    for code, kind in rules.kinds().items():
        assert kind.complaint_category, code
        assert kind.complaint and kind.complaint_en, code
        assert kind.review_days >= 1 and kind.hours_after_drop >= 0, code
        assert rules.missing_language(rules.guidance_texts()[code]) is None, code
    assert {kind for kind, _hazard in rules.grades()} <= set(rules.kinds())
    assert set(rules.words("measures")) == set(rules.kinds())


@pytest.mark.row("EMG-15")
def test_the_end_of_a_rule_set_ends_ahead_what_its_zones_justified(cast: Cast) -> None:
    zone(HERE, MEDIUM, at=cast.at)
    (measure,) = gate(cast)
    rule_set = apps.get_model("zones", "RuleSet").objects.get()
    day = localdate(cast.at) + timedelta(days=2)
    keeper = Actor.system("test", acts=["zone.rule"], ranges=[range_of("5101")])
    end_rule_set(rule_set, on=day, basis="gazette", by=keeper, at=cast.at)
    measure.refresh_from_db()
    ends = datetime.combine(day, time(), tzinfo=get_default_timezone())
    hours = timedelta(hours=rules.kinds()["gate-control"].hours_after_drop)
    assert (measure.end_kind, measure.lifted_at) == ("DROPPED", min(ends + hours, measure.expires_at))
