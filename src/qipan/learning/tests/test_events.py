"""EMG-16, EMG-17: an emergency on one page, its timeline and trend, and a report whose numbers recount."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from qipan.command.api import directives_under
from qipan.desk.api import Task
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.learning.actions.days import keep_days
from qipan.learning.jobs import keep_days_of_emergencies
from qipan.learning.models import DayFigure
from qipan.learning.queries.days import audit_days, measures_at
from qipan.learning.queries.events import event_for
from qipan.learning.queries.report import report_of
from qipan.learning.rules import EDGE, HEIGHT, WIDTH, out_of_order, spark
from qipan.learning.subscribers import clock_of_learning
from qipan.learning.testing import end_event, make_event
from qipan.posture.api import Measure, declare, impose_measure, take_posture
from qipan.reserves.testing import taken
from qipan.warnings.api import Warning

from .conftest import ENDED, NOON

pytestmark = pytest.mark.row("EMG-16")
AFTER = ENDED + timedelta(hours=1)


def event_at(story, at=AFTER, who="city_commander"):
    return event_for(story.declaration.pk, actor=getattr(story.cast, who), at=at)


def test_one_page_holds_everything_from_warning_to_review(story):
    event = event_at(story)
    assert [area.code for area in event.areas] == ["510104"]
    assert (event.running, event.conflicts, event.overdue) == (False, 0, 0)
    assert {one.pk for one in event.measures} == set(
        Measure.objects.filter(declaration=story.declaration).values_list("pk", flat=True)
    )
    assert event.in_force == []
    assert [one.pk for one in event.activations] == [story.activation.pk]
    assert {one.pk for one in event.directives} == {one.pk for one in directives_under(story.declaration)}
    receipts = {one.title: (one.asked, one.read) for one in event.receipts}
    asked = Task.objects.everywhere("a test").filter(kind__in=("DIRECTIVE", "CARD"))
    assert sum(asked for asked, _read in receipts.values()) == asked.count()
    assert sum(read for _asked, read in receipts.values()) == 3
    assert event.review is not None
    stages = Counter(one.stage for one in event.timeline)
    assert stages["learn"] == 1
    assert stages["respond"] >= 4
    moments = [one.at for one in event.timeline]
    assert moments == sorted(moments)
    assert moments[0] == NOON and moments[-1] == ENDED + timedelta(minutes=2)


@pytest.mark.row("EMG-17")
def test_what_was_done_before_it_stands_on_its_page(story, clock_at):
    cast = story.cast
    none = event_at(story).prevention
    assert (none.drills, none.standing) == ([], [])
    assert [(one.code, one.version) for one in none.playbooks] == [
        (story.activation.playbook.code, story.activation.playbook.version)
    ]
    assert [(one.area.code, one.communities, dict(one.lights)) for one in none.ready] == [
        ("510104", 4, {3: 0, 2: 0, 1: 4})
    ]
    later = ENDED + timedelta(days=2)
    drilled = type(cast)(**{**cast.__dict__, "at": later})
    drill = make_event(drilled, number="DRILL-9", drill=True)
    end_event(drill, at=later + timedelta(hours=5))
    (standing,) = take_posture(
        None, kind="STANDING", grounds=[range_of("510104001")], until=later + timedelta(days=30), basis="常态化防控方案",
        by=cast.city_commander, at=later,
    )  # fmt: skip
    take_posture(
        None, kind="STANDING", grounds=[range_of("510105")], until=later + timedelta(days=30), basis="别处",
        by=cast.city_commander, at=later,
    )  # fmt: skip
    began = later + timedelta(days=1)
    second = declare(
        number="E-2026-10", matter="呼吸道传染病", hazard="epidemic", level=1, basis="《突发事件应对法》第七十二条",
        issuer=cast.unit("5101:city-command"), ground_codes=["510104"], starts_at=began,
        expected_until=began + timedelta(days=9), measures=["排查"], by=cast.city_commander, at=began,
    )  # fmt: skip
    found = event_for(second.pk, actor=cast.city_commander, at=began).prevention
    assert [(one.pk, score.judged > 0) for one, score in found.drills] == [(drill.activation.pk, True)]
    assert found.standing == [standing]
    assert {one.hazard for one in found.playbooks} == {"epidemic"}
    clock_at(began)
    page = cast.client("city_commander").get(f"/events/{second.pk}", headers={"accept-language": "en"}).content.decode()
    assert (
        f'href="/activations/{drill.activation.pk}/score"' in page and "常态化防控方案" in page and "别处" not in page
    )
    assert 'href="/readiness/510104"' in page and "stands ready" in page
    # The first emergency had neither: both came after it.
    first = event_at(story, at=began).prevention
    assert (first.drills, first.standing) == ([], [])


def test_the_timeline_ends_now_and_a_neighbour_sees_nothing_of_it(story):
    early = event_at(story, at=NOON + timedelta(minutes=1))
    assert [one.href for one in early.timeline if one.href] == [f"/declarations/{story.declaration.pk}"]
    with pytest.raises(NotFound):
        event_at(story, who="neighbour_head")
    assert event_at(story, who="district_head").declaration == story.declaration


def test_warnings_of_the_ground_belong_to_the_event_until_its_end(story):
    cast = story.cast
    kinds = {
        "issuer": cast.unit("5101:city-command"),
        "kind": "epidemic",
        "urgency": "Immediate",
        "certainty": "Likely",
    }

    def sent(identifier, at, code="510104001", drill=False):
        row = Warning.objects.create(
            identifier=identifier, msg_type="Alert", colour=2, basis="法", headline=identifier, description="d",
            instruction="i", starts_at=at, expires_at=at + timedelta(days=1), sent_at=at, drill=drill, **kinds,
        )  # fmt: skip
        ground = range_of(code)
        row.grounds.create(code=code, first=ground.first, last=ground.last)

    sent("before", NOON - timedelta(days=6))
    sent("too-early", NOON - timedelta(days=8))
    sent("elsewhere", NOON, code="510105001")
    sent("exercise", NOON, drill=True)
    sent("during", NOON + timedelta(days=1))
    sent("afterwards", ENDED + timedelta(hours=1))
    assert [one.identifier for one in event_at(story, at=AFTER + timedelta(days=2)).warnings] == ["before", "during"]


def imposed(story, *, starts_at, hours, at, by=None):
    return impose_measure(
        kind="entry-check", title="门岗", article="erl-2024-73", issuer=story.cast.unit("5101:city-command"),
        grounds=[range_of("510104001")], starts_at=starts_at, expires_at=starts_at + timedelta(hours=hours),
        review_at=starts_at + timedelta(minutes=30), declaration=story.declaration, by=by or story.cast.city_commander,
        at=at, drill=story.declaration.drill,
    )  # fmt: skip


def reopen(story):
    """The declaration as it was on its second day."""
    story.declaration.ended_at = None
    story.declaration.save(update_fields=["ended_at"])
    return NOON + timedelta(days=1)


def test_figures_are_kept_per_day_and_recount(story):
    day = reopen(story)
    held = measures_at(story.declaration, at=day)
    imposed(story, starts_at=day - timedelta(hours=1), hours=4, at=day - timedelta(hours=1))
    assert keep_days(by=clock_of_learning(), at=day) == 1
    kept = DayFigure.objects.get()
    assert (kept.day, kept.at, kept.measures) == (date(2026, 11, 26), day, held + 1)
    assert (kept.high, kept.medium, kept.low) == (0, 0, 0)
    # Kept again on the same day it is the same row; the next day is another.
    keep_days(by=clock_of_learning(), at=day + timedelta(hours=4))
    keep_days(by=clock_of_learning(), at=day + timedelta(days=1))
    rows = list(DayFigure.objects.order_by("day").values_list("day", "measures"))
    assert [one for one, _n in rows] == [date(2026, 11, 26), date(2026, 11, 27)]
    assert rows[0][1] == held
    assert audit_days() == []
    # What is ordered minutes later with a start in the past was not there then.
    imposed(story, starts_at=day + timedelta(days=1), hours=72, at=day + timedelta(days=1, minutes=10))
    assert audit_days() == []
    DayFigure.objects.filter(day=date(2026, 11, 26)).update(measures=held + 5)
    assert audit_days() == [f"E-2026-9 2026-11-26: {held + 5} measures kept, {held} counted"]


def test_the_trend_ends_with_this_moment_while_the_event_is_followed(story):
    day = reopen(story)
    keep_days(by=clock_of_learning(), at=day)
    event = event_at(story, at=day + timedelta(days=1))
    assert [one.day for one in event.days] == [date(2026, 11, 26), date(2026, 11, 27)]
    assert event.days[-1].at == day + timedelta(days=1)
    assert DayFigure.objects.count() == 1  # reading writes nothing
    course = next(one for one in event.courses if one.name == "measures")
    assert course.values == [one.measures for one in event.days]


@pytest.mark.row("EMG-17")
def test_the_report_recounts(story):
    day = reopen(story)
    imposed(story, starts_at=day - timedelta(hours=1), hours=2, at=day - timedelta(hours=1))  # ends at its expiry
    imposed(story, starts_at=day, hours=24 * 10, at=day)  # holds
    imposed(story, starts_at=day + timedelta(days=5), hours=24, at=day)  # has not begun
    at = day + timedelta(days=2)
    report = report_of(event_at(story, at=at))
    rows = list(Measure.objects.filter(declaration=story.declaration))
    over = [one for one in rows if one.ends_at <= at]
    assert report.totals == {
        "count": len(rows),
        "in_force": sum(one.starts_at <= at < one.ends_at for one in rows),
        "by_expiry": sum(one.ends_at == one.expires_at for one in over),
        "earlier": sum(one.ends_at != one.expires_at for one in over),
        "to_come": 1,
        "beyond": 0,
    }
    totals = report.totals
    assert totals["count"] == sum(totals[name] for name in ("in_force", "by_expiry", "earlier", "to_come"))
    assert {line.basis for line in report.lines} == {one.basis for one in rows}
    assert (report.destroyed, report.held) == (0, 0)


def test_certificates_are_found_by_the_emergency(story):
    Run, Certificate = apps.get_model("retention", "DestructionRun"), apps.get_model("retention", "Certificate")
    run = Run.objects.create(reason="x", prepared_at=AFTER, prepared_by="p", prepared_account=1)
    lot = {"run": run, "model": "screening.Visit", "title": "第一轮", "rows": 5, "grounds": [], "began": NOON}
    rest = {"due": AFTER, "chain": "0" * 64, "open": False}
    apps.get_model("retention", "RunLot").objects.create(
        **lot, **rest, order=0, key="1", destroyed=5, emergency="E-2026-9"
    )
    apps.get_model("retention", "RunLot").objects.create(
        **lot, **rest, order=1, key="2", destroyed=7, emergency="other"
    )
    assert event_at(story).destroyed == []
    Certificate.objects.create(
        run=run, number="C-1", text="{}", digest="0" * 64, destroyed=12, held=0, issued_at=AFTER - timedelta(minutes=1)
    )
    event = event_at(story)
    assert [(one.title, one.destroyed) for one in event.destroyed] == [("第一轮", 5)]
    assert report_of(event).destroyed == 5
    assert event.timeline[-1].href == "/certificates/C-1"


def test_what_firms_lent_is_in_the_report_to_the_fen(story):
    day = reopen(story)
    cast = type(story.cast)(**{**story.cast.__dict__, "at": day})
    call = taken(cast, story.declaration)
    Sheet = apps.get_model("reserves", "CostSheet")
    Sheet.objects.create(call=call, opened_at=day, handed_in_at=day, paid_at=day, entered=1_234_567, accepted=1_200_001)
    Sheet.objects.create(call=call, opened_at=day, handed_in_at=day, entered=99, accepted=50)
    report = report_of(event_at(story, at=day + timedelta(days=1)))
    costs = report.event.costs
    assert (costs.calls, costs.requisitions) == (0, 1)
    assert (costs.entered, costs.accepted, costs.paid) == (1_234_666, 1_200_051, 1_200_001)
    assert report.money == {"entered": "12,346.66", "accepted": "12,000.51", "paid": "12,000.01"}


def test_steps_that_opened_before_an_earlier_one_are_counted():
    hours = [NOON + timedelta(hours=n) for n in range(4)]
    assert out_of_order(hours) == 0
    assert out_of_order([hours[0], None, hours[0], hours[3]]) == 0
    assert out_of_order([hours[2], hours[1], hours[3], hours[0]]) == 2


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**9)), max_size=40))
def test_a_small_chart_stays_in_its_box_and_begins_at_zero(values):
    drawn = spark(values)
    known = [value for value in values if value is not None]
    if not known:
        assert drawn is None
        return
    assert drawn is not None
    assert (drawn.first, drawn.last, drawn.least, drawn.most) == (known[0], known[-1], min(known), max(known))
    assert len(drawn.dots) == len(known)
    for (x, y), value in zip(drawn.dots, known, strict=True):
        assert EDGE <= float(x) <= WIDTH - EDGE
        assert EDGE <= float(y) <= HEIGHT - EDGE
        assert value or float(y) == HEIGHT - EDGE


def test_the_hours_job_keeps_the_day(story, clock_at):
    day = reopen(story)
    clock_at(day)
    keep_days_of_emergencies.call_local()
    keep_days_of_emergencies.call_local()
    assert [one.day for one in DayFigure.objects.all()] == [date(2026, 11, 26)]
