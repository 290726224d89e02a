"""How coverage went: sampled on the city's clock, few rows, and the end of a round is its last sample."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.kernel.clock import set_clock
from qipan.kernel.place import Range, range_of
from qipan.screening import jobs
from qipan.screening.api import Round, close_round, coverage_trend, open_round, sample_open_rounds
from qipan.screening.models import CoverageSample
from qipan.screening.queries import audit_samples
from qipan.screening.rules import slot_of

from .conftest import AT, DISTRICT

pytestmark = pytest.mark.django_db
CITY = range_of("5101")


def kept(round: Round) -> list[tuple[int, int, int, int]]:
    rows = CoverageSample.objects.everywhere("a test").filter(round=round).order_by("place", "slot")
    return list(rows.values_list("slot", "doors", "settled", "visits"))


@pytest.mark.parametrize(
    ("since", "slot"),
    [
        (timedelta(seconds=-5), 0),
        (timedelta(0), 0),
        (timedelta(minutes=9, seconds=59), 0),
        (timedelta(minutes=10), 1),
        (timedelta(hours=23, minutes=59), 143),
        (timedelta(days=1), 144),
        (timedelta(days=1, minutes=59), 144),
        (timedelta(days=1, hours=1), 145),
        (timedelta(days=29, hours=23, minutes=59), 839),
        (timedelta(days=30), 840),
        (timedelta(days=30, hours=23), 840),
        (timedelta(days=395), 840 + 365),
    ],
)
def test_a_year_of_one_round_is_some_twelve_hundred_slots(since, slot):
    assert slot_of(AT, AT + since) == slot


@pytest.mark.row("SCR-1")
def test_a_round_is_sampled_when_it_opens_once_in_each_slot_and_when_it_closes(ground):
    assert kept(ground.round) == [(0, 80, 0, 0)]
    ground.send(ground.visit(ground.doors[0]), ground.visit(ground.doors[1], "NOT_HOME"))
    assert sample_open_rounds(at=AT + timedelta(minutes=9)) == 0
    assert sample_open_rounds(at=AT + timedelta(minutes=10)) == 1
    assert sample_open_rounds(at=AT + timedelta(minutes=19)) == 0
    ground.send(ground.visit(ground.doors[2]))
    close_round(ground.round, by=ground.cast.city_commander, at=AT + timedelta(minutes=19, seconds=30))
    assert kept(ground.round) == [(0, 80, 0, 0), (1, 80, 2, 3)]
    assert sample_open_rounds(at=AT + timedelta(minutes=30)) == 0
    assert audit_samples() == []


def test_a_look_that_is_not_due_costs_two_reads_and_writes_nothing(ground):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        sample_open_rounds(at=AT + timedelta(minutes=1))
    assert len(queries) == 2
    assert all(query["sql"].startswith("SELECT") for query in queries)


def test_the_job_samples_on_the_city_s_clock(ground, settings, tmp_path):
    settings.CLOCK_FILE = str(tmp_path / "clock.json")
    set_clock(settings.CLOCK_FILE, shown=AT + timedelta(hours=3), speed=1)
    jobs.sample_coverage()
    jobs.sample_coverage()
    assert [slot for slot, *_counts in kept(ground.round)] == [0, 18]


def test_the_trend_is_summed_over_whole_districts_round_by_round(ground):
    by, doors = ground.cast.city_commander, ground.doors
    ground.send(ground.visit(doors[0]))
    closing = AT + timedelta(hours=2)
    close_round(ground.round, by=by, at=closing)
    second = open_round(
        ground.round.campaign, grounds=[CITY], closes_at=AT + timedelta(days=5), by=by, at=AT + timedelta(days=3)
    )
    first, last = coverage_trend(ground.round.campaign_id, [CITY])
    assert (first.round, last.round) == (ground.round, second)
    assert [(s.at, s.doors, s.settled, s.visits) for s in first.samples] == [(AT, 80, 0, 0), (closing, 80, 1, 1)]
    assert [(s.at, s.doors) for s in last.samples] == [(AT + timedelta(days=3), 160)]
    assert [len(t.samples) for t in coverage_trend(ground.round.campaign_id, [DISTRICT])] == [2, 1]
    assert [t.round for t in coverage_trend(ground.round.campaign_id, [range_of("510105")])] == [second]
    assert [t.round for t in coverage_trend(ground.round.campaign_id, [CITY], rounds=1)] == [second]


def test_below_districts_and_elsewhere_no_trend_is_kept(ground):
    campaign = ground.round.campaign_id
    assert coverage_trend(campaign, [range_of("510104001")]) == []
    assert coverage_trend(campaign, [Range(DISTRICT.first, DISTRICT.last - 1)]) == []
    assert coverage_trend(campaign, [range_of("5102")]) == []
    assert coverage_trend(campaign, []) == []


def test_a_last_sample_that_was_changed_is_found(ground):
    ground.send(ground.visit(ground.doors[0]))
    close_round(ground.round, by=ground.cast.city_commander, at=AT + timedelta(hours=2))
    CoverageSample.objects.everywhere("a test").filter(slot=12).update(settled=2)
    [difference] = audit_samples()
    assert difference == (
        f"last sample of round {ground.round.pk}, district {DISTRICT.first:019d}: settled is kept as 2, counted 1"
    )
