"""Measures end to the minute, in one pass; a missed review is told to the issuer and one level up (EMG-16)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.desk.api import Task
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.laws.api import ArticleNotInForce, flags_of, repeal_article
from qipan.posture import rules
from qipan.posture.actions import ending
from qipan.posture.actions.declarations import ReasonMissing
from qipan.posture.actions.refusals import NextReviewOutside, ReviewTooLate
from qipan.posture.actions.reviewing import review_measure, tell_reviews
from qipan.posture.actions.signing import NotYourOrgan
from qipan.posture.api import Measure, MeasuresEnded, extend_measure, impose_measure, lift_measure, measures_in_force
from qipan.posture.jobs import ask_the_zones, look_at_measures
from qipan.posture.models import OpenEnd
from qipan.posture.queries.audits import audit_ends
from qipan.territory.api import parts_of

from .conftest import Entry, open_end, restriction, zone

CLOCK = Actor.system("measures", ranges=[range_of("5101")])
HERE = range_of("510104001001")


def end_due(at: datetime) -> int:
    return ending.end_due(by=CLOCK, at=at)


def tasks(prefix: str) -> Any:
    return Task.objects.everywhere("a test").filter(source__startswith=prefix)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[MeasuresEnded]:
    """What the rooms above are told."""
    heard: list[MeasuresEnded] = []
    monkeypatch.setattr(ending, "publish", heard.append)
    return heard


@pytest.mark.row("EMG-15")
def test_the_pass_writes_down_what_is_over_and_nothing_else(
    cast: Cast, imposed: Measure, told: list[MeasuresEnded]
) -> None:
    (later,) = impose_measure(**restriction(cast, expires_at=imposed.expires_at + timedelta(minutes=1)))
    assert end_due(imposed.expires_at - timedelta(seconds=1)) == 0
    assert told == []
    late = imposed.expires_at + timedelta(seconds=30)  # the minute's job never comes at the second
    assert end_due(late) == 1
    assert (open_end(imposed), open_end(later)) == (None, later.expires_at)
    entry = Entry.objects.get(act="posture.end_measure")
    assert entry.subject == f"posture.Measure:{imposed.pk}"
    assert entry.data == {"ended_at": imposed.expires_at.isoformat(), "why": "EXPIRED"}
    assert (entry.at, entry.place, entry.by_label) == (late, HERE.first, "system: measures")
    assert told == [MeasuresEnded((imposed.pk,), late)]
    assert end_due(late) == 0
    assert end_due(later.expires_at) == 1
    assert Entry.objects.filter(act="posture.end_measure").count() == 2


@pytest.mark.row("EMG-15")
def test_an_open_end_that_differs_from_its_measure_is_found(cast: Cast, imposed: Measure) -> None:
    assert audit_ends() == []
    wrong, right = imposed.expires_at + timedelta(hours=1), imposed.expires_at
    OpenEnd.objects.filter(measure=imposed).update(ends_at=wrong)
    assert audit_ends() == [f"end of measure {imposed.pk}: kept {wrong}, measure {right}"]
    OpenEnd.objects.filter(measure=imposed).delete()
    Measure.objects.update(expires_at=right + timedelta(days=3650))
    assert audit_ends() == [f"end of measure {imposed.pk}: not kept, measure {right + timedelta(days=3650)}"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    length=st.integers(1, 20_000),
    passes=st.lists(st.integers(-100, 30_000), min_size=1, max_size=4),
    lifted=st.none() | st.integers(1, 30_000),
)
def test_whenever_the_pass_runs_the_end_is_the_same(
    cast: Cast, length: int, passes: list[int], lifted: int | None
) -> None:
    """The end is the expiry or the earlier lifting, to the second, however often and however late the pass comes."""
    Measure.objects.all().delete()
    Entry.objects.all().delete()
    start = cast.at
    measure = Measure.objects.create(
        kind="gate-check", title="t", basis="b", issuer=cast.unit("5101:city-command"), first=HERE.first, last=HERE.last,
        starts_at=start, expires_at=start + timedelta(seconds=length), review_at=start,
        lifted_at=None if lifted is None else start + timedelta(seconds=lifted),
    )  # fmt: skip
    end = start + timedelta(seconds=length if lifted is None else min(length, lifted))
    assert measure.ends_at == end
    OpenEnd.objects.create(measure=measure, ends_at=end)
    for offset in sorted(passes):
        at = start + timedelta(seconds=offset)
        end_due(at)
        assert measures_in_force([HERE], at=at).exists() is (start <= at < end)
        written = Entry.objects.filter(act="posture.end_measure")
        assert written.count() == (1 if end <= at else 0)
        assert [entry.data["ended_at"] for entry in written] == [end.isoformat()] * written.count()


def test_the_clock_is_changed_and_a_measure_lasts_as_long_as_was_said(cast: Cast, settings: Any) -> None:
    """A city with summer time: the night of 25 October 2026 in Berlin has 25 hours."""
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 24, 20, tzinfo=berlin)
    end = datetime(2026, 10, 25, 20, tzinfo=berlin)
    measure = Measure.objects.create(
        kind="gate-check", title="t", basis="b", issuer=cast.unit("5101:city-command"), first=HERE.first, last=HERE.last,
        starts_at=start, expires_at=end, review_at=start,
    )  # fmt: skip
    OpenEnd.objects.create(measure=measure, ends_at=measure.ends_at)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)
    assert end_due(start.astimezone(UTC) + timedelta(hours=24, minutes=59)) == 0
    assert end_due(start.astimezone(UTC) + timedelta(hours=25)) == 1
    # Midnight is the local one on both sides of the change, and the day between them has 25 hours.
    first = rules.midnight(datetime(2026, 10, 25, 1, tzinfo=berlin), berlin)
    second = rules.midnight(datetime(2026, 10, 26, 1, tzinfo=berlin), berlin)
    assert (first, second) == (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))


@pytest.mark.parametrize("typed", ["2026-10-25T02:30", "2026-03-29T02:30"])
def test_a_time_that_is_twice_or_never_on_the_clock_is_asked_again(cast: Cast, typed: str) -> None:
    from qipan.posture.input import MeasureReviewInput

    with timezone.override(ZoneInfo("Europe/Berlin")):
        form = MeasureReviewInput({"reason": "r", "next_review_at": typed})
        assert not form.is_valid()
        assert list(form.errors) == ["next_review_at"]


@pytest.fixture
def yesterday(cast: Cast) -> Measure:
    """A measure of the district whose review day was yesterday."""
    past = cast.at - timedelta(days=1)
    terms = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    return impose_measure(**restriction(cast, starts_at=past, review_at=past, at=past, **terms))[0]


@pytest.mark.row("EMG-16")
def test_at_midnight_the_issuer_and_one_level_up_are_told(cast: Cast, imposed: Measure, yesterday: Measure) -> None:
    midnight = rules.midnight(cast.at, timezone.get_default_timezone())
    assert localtime(midnight).hour == 0
    assert tell_reviews(by=CLOCK, at=midnight - timedelta(seconds=1)) == 0
    assert tasks("reviews:").count() == 0
    assert tell_reviews(by=CLOCK, at=midnight) == 1
    found = {task.owner.code: task for task in tasks("reviews:").select_related("owner")}
    assert set(found) == {"510104:district-command", "5101:city-command"}
    assert {task.kind for task in found.values()} == {"MEASURE"}
    assert yesterday.title in found["510104:district-command"].title
    assert found["5101:city-command"].title.startswith("锦江区指挥部")
    # Once for each review date.
    assert tell_reviews(by=CLOCK, at=midnight + timedelta(hours=1)) == 0
    assert tasks("reviews:").count() == 2


@pytest.mark.row("EMG-16")
def test_a_review_keeps_it_with_a_reason_and_settles_what_was_told(cast: Cast, yesterday: Measure) -> None:
    tell_reviews(by=CLOCK, at=cast.at)
    terms: dict[str, Any] = {"by": cast.district_head, "at": cast.at}
    soon = cast.at + timedelta(days=2)
    with pytest.raises(ReasonMissing):
        review_measure(yesterday, reason=" ", next_review_at=soon, **terms)
    for wrong in (cast.at, yesterday.expires_at + timedelta(seconds=1), None):
        with pytest.raises(NextReviewOutside):
            review_measure(yesterday, reason="r", next_review_at=wrong, **terms)
    with pytest.raises(NotYourOrgan):
        review_measure(yesterday, reason="r", next_review_at=soon, by=cast.city_commander, at=cast.at)
    assert set(tasks("reviews:").values_list("closed_at", flat=True)) == {None}
    with override("en"):
        kept = review_measure(yesterday, reason="仍有新增", next_review_at=soon, **terms)
    assert (kept.review_at, kept.told_at, kept.expires_at) == (soon, None, yesterday.expires_at)
    assert set(tasks("reviews:").values_list("state", "note")) == {("RECALLED", "均已复核或已结束。")}
    assert Entry.objects.get(act="posture.review_measure").data["reason"] == "仍有新增"
    # Its next date is told anew.
    assert tell_reviews(by=CLOCK, at=soon + timedelta(days=1)) == 1


def last_day(kind: str, since: datetime) -> datetime:
    """The last second of the last day on which a measure of a kind may be looked at again."""
    begin = rules.midnight(since, timezone.get_default_timezone())
    return begin + timedelta(days=rules.kinds()[kind].review_days + 1, seconds=-1)


@pytest.mark.row("EMG-16")
@pytest.mark.parametrize(
    ("kind", "en", "zh"),
    [
        (
            "gate-check",
            "“Check at the gate” is looked at again within 7 days",
            "“小区出入查验”最迟应在开始或上次复核后第7天复核",
        ),
        (
            "evacuation",
            "“Evacuation” is looked at again within 1 day of",
            "“转移安置”最迟应在开始或上次复核后第1天复核",
        ),
    ],
)
def test_a_review_is_no_later_than_the_days_of_its_kind(cast: Cast, kind: str, en: str, zh: str) -> None:
    """Imposed, looked at again or extended: its issuer chooses an earlier day only."""
    second, end = timedelta(seconds=1), cast.at + timedelta(days=30)
    terms: dict[str, Any] = {"kind": kind, "expires_at": end}
    before = Entry.objects.count()
    with pytest.raises(ReviewTooLate) as refused:
        impose_measure(**restriction(cast, **terms, review_at=last_day(kind, cast.at) + second))
    assert (refused.value.code, refused.value.status, refused.value.data["field"]) == (
        "measure_review_too_late", 400, "review_at"
    )  # fmt: skip
    with override("en"):
        assert str(refused.value).startswith(en)
    with override("zh-hans"):
        assert str(refused.value).startswith(zh)
    assert (Measure.objects.count(), Entry.objects.count()) == (0, before)
    (measure,) = impose_measure(**restriction(cast, **terms, review_at=last_day(kind, cast.at)))
    # Looked at again, the days begin on that day; before its begin they begin with it.
    then: dict[str, Any] = {"reason": "r", "by": cast.city_commander, "at": measure.review_at}
    before = Entry.objects.count()
    with pytest.raises(ReviewTooLate) as refused:
        review_measure(measure, next_review_at=last_day(kind, measure.review_at) + second, **then)
    assert refused.value.data["field"] == "next_review_at"
    assert (Measure.objects.get().review_at, Entry.objects.count()) == (measure.review_at, before)
    kept = review_measure(measure, next_review_at=last_day(kind, measure.review_at), **then)
    assert kept.review_at == last_day(kind, measure.review_at)
    longer: dict[str, Any] = {"expires_at": end + timedelta(days=30), "article": "erl-2024-73"}
    signed: dict[str, Any] = {"by": cast.city_commander, "at": kept.review_at}
    before = Entry.objects.count()
    with pytest.raises(ReviewTooLate):
        extend_measure(kept, **longer, review_at=last_day(kind, end) + second, **signed)
    assert (Measure.objects.count(), Entry.objects.count()) == (1, before)
    assert extend_measure(kept, **longer, review_at=last_day(kind, end), **signed).review_at == last_day(kind, end)


def test_before_it_begins_its_review_is_counted_from_its_begin(cast: Cast) -> None:
    begin = cast.at + timedelta(days=20)
    held = {"starts_at": begin, "review_at": begin, "expires_at": begin + timedelta(days=20)}
    (measure,) = impose_measure(**restriction(cast, **held))
    terms: dict[str, Any] = {"reason": "r", "by": cast.city_commander, "at": cast.at}
    with pytest.raises(ReviewTooLate):
        review_measure(measure, next_review_at=last_day("gate-check", begin) + timedelta(seconds=1), **terms)
    kept = review_measure(measure, next_review_at=last_day("gate-check", begin), **terms)
    assert kept.review_at == last_day("gate-check", begin)


def test_many_missed_reviews_of_an_issuer_are_one_task(cast: Cast, yesterday: Measure) -> None:
    past = cast.at - timedelta(days=1)
    terms = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    (other,) = impose_measure(**restriction(cast, starts_at=past, review_at=past, at=past, title="另一项", **terms))
    assert tell_reviews(by=CLOCK, at=cast.at) == 2
    assert tasks("reviews:").count() == 2
    lift_measure(yesterday, by=cast.district_head, at=cast.at)
    assert set(tasks("reviews:").values_list("closed_at", flat=True)) == {None}
    lift_measure(other, by=cast.district_head, at=cast.at)
    assert set(tasks("reviews:").values_list("state", flat=True)) == {"RECALLED"}


@pytest.mark.row("LAW-1")
def test_a_repealed_article_flags_its_measures_and_asks_each_issuer_once(
    cast: Cast, imposed: Measure, yesterday: Measure
) -> None:
    (over,) = impose_measure(**restriction(cast, expires_at=cast.at + timedelta(hours=1), review_at=cast.at))
    end_due(cast.at + timedelta(hours=2))
    since = localtime(cast.at).date() + timedelta(days=1)
    repeal_article(
        "erl-2024-73", since=since, reason="修订",
        by=Actor.system("law", acts=["law.edit"], ranges=[range_of("5101")]), at=cast.at + timedelta(hours=2),
    )  # fmt: skip
    assert set(flags_of("posture.Measure", [imposed.pk, yesterday.pk, over.pk])) == {imposed.pk, yesterday.pk}
    asked = tasks("basis:").select_related("owner")
    assert {task.owner.code for task in asked} == {"510104:district-command", "5101:city-command"}


@pytest.mark.row("LAW-1")
def test_an_article_whose_end_is_known_before_the_measure_begins_is_no_basis(cast: Cast, imposed: Measure) -> None:
    repeal_article(
        "erl-2024-73", since=localtime(cast.at).date() + timedelta(days=2), reason="修订",
        by=Actor.system("law", acts=["law.edit"], ranges=[range_of("5101")]), at=cast.at,
    )  # fmt: skip
    later = {name: cast.at + timedelta(days=n) for name, n in (("starts_at", 5), ("review_at", 6), ("expires_at", 8))}
    end = imposed.expires_at
    with pytest.raises(ArticleNotInForce):
        impose_measure(**restriction(cast, **later))
    with pytest.raises(ArticleNotInForce):
        extend_measure(
            imposed, expires_at=end + timedelta(days=7), review_at=end + timedelta(days=3), article="erl-2024-73",
            by=cast.city_commander, at=cast.at,
        )  # fmt: skip
    assert list(Measure.objects.values_list("pk", flat=True)) == [imposed.pk]
    (first,) = impose_measure(**restriction(cast))  # it ends while the measure runs: that is flagged, not refused
    assert first.starts_at == cast.at


def test_an_extension_goes_on_where_the_old_one_is_written_down(cast: Cast, imposed: Measure) -> None:
    end = imposed.expires_at
    extension = extend_measure(
        imposed, expires_at=end + timedelta(days=7), review_at=end + timedelta(days=3), article="erl-2024-73",
        by=cast.city_commander, at=cast.at,
    )  # fmt: skip
    assert end_due(end) == 1
    assert list(measures_in_force([HERE], at=end)) == [extension]


@pytest.mark.row("EMG-16")
def test_the_minutes_job_writes_ends_down_and_tells_missed_reviews(
    cast: Cast, imposed: Measure, yesterday: Measure, clock_at: Any
) -> None:
    clock_at(cast.at)
    look_at_measures.call_local()
    assert {task.owner.code for task in tasks("reviews:").select_related("owner")} == {
        "510104:district-command", "5101:city-command",
    }  # fmt: skip
    assert not Entry.objects.filter(act="posture.end_measure").exists()
    clock_at(imposed.expires_at + timedelta(minutes=1))
    look_at_measures.call_local()
    entry = Entry.objects.get(act="posture.end_measure", subject=f"posture.Measure:{imposed.pk}")
    assert entry.data["ended_at"] == imposed.expires_at.isoformat()
    look_at_measures.call_local()
    assert Entry.objects.filter(act="posture.end_measure").count() == 2


@pytest.mark.row("EMG-15")
def test_the_job_asks_the_zones_part_by_part_everywhere(cast: Cast, clock_at: Any) -> None:
    """Each district is a transaction of its own, so that no end of another waits for all of them."""
    codes = ("510104001001", "510104002002", "510105001001", "5101")
    for code in codes:
        zone(code, 2, at=cast.at)
        impose_measure(**restriction(cast, kind="gate-control", hazard="epidemic", grounds=[range_of(code)]))
    apps.get_model("zones", "RiskZone").objects.everywhere("a test").update(ends_at=cast.at + timedelta(hours=2))
    clock_at(cast.at + timedelta(hours=3))
    ask_the_zones.call_local()
    assert set(Measure.objects.values_list("end_kind", flat=True)) == {"DROPPED"}
    assert Entry.objects.filter(act="posture.end_for_zone").count() == len(codes)
    ask_the_zones.call_local()
    assert Entry.objects.filter(act="posture.end_for_zone").count() == len(codes)
    parts = parts_of("5101")
    assert (parts[0], parts[1]) == (range_of("510104"), range_of("510105"))
    assert not list(range_of("5101").without(parts))
    assert sum(one.last - one.first + 1 for one in parts) == range_of("5101").last - range_of("5101").first + 1


@pytest.mark.row("EMG-15")
def test_after_midnight_the_job_asks_the_zones_and_ends_what_they_carry_no_more(cast: Cast, clock_at: Any) -> None:
    zone("510104001001", 2, at=cast.at)
    (measure,) = impose_measure(**restriction(cast, kind="gate-control", hazard="epidemic"))
    clock_at(cast.at + timedelta(hours=1))
    ask_the_zones.call_local()
    measure.refresh_from_db()
    assert (measure.lifted_at, measure.end_kind) == (None, "")
    # The level ended without a word to anybody, as with a rule set that is over.
    apps.get_model("zones", "RiskZone").objects.everywhere("a test").update(ends_at=cast.at + timedelta(hours=2))
    clock_at(cast.at + timedelta(hours=3))
    ask_the_zones.call_local()
    measure.refresh_from_db()
    assert measure.end_kind == "DROPPED" and measure.lifted_at is not None
    assert timedelta(0) <= measure.lifted_at - (cast.at + timedelta(hours=3)) < timedelta(minutes=1)
