"""EMG-17, PRI-4: an event is closed with a report, five answered tests and improvement tasks, and not before."""

from datetime import date, timedelta

import pytest

from qipan.command.api import plan_view
from qipan.desk.api import Task, TaskState
from qipan.kernel.refusal import NotAllowed
from qipan.learning.actions.refusals import (
    DayNotAhead,
    ImprovementsMissing,
    NotTheLead,
    OwnerUnknown,
    ReportMissing,
    ReviewClosed,
    TestsUnanswered,
    WordsMissing,
)
from qipan.learning.actions.reviews import answer_test, close_review, open_review, write_report
from qipan.learning.actions.weaknesses import note_weakness
from qipan.learning.models import Review, TestAnswer, Weakness
from qipan.learning.queries.figures import counted_of
from qipan.learning.subscribers import clock_of_learning
from qipan.learning.terms import FiveTest

from .conftest import ENDED, NOON

pytestmark = pytest.mark.row("EMG-17", "PRI-4")
LATER = ENDED + timedelta(days=2)
REPORT = {"planned": "三小时到户", "happened": "六小时", "why": "名单过期", "change": "每季核对名单"}


def everywhere(model):
    return model.objects.everywhere("a test")


def review_of(story):
    return Review.objects.get(declaration=story.declaration)


def answer_all(story, review):
    for test in FiveTest.values:
        answer_test(review, test=test, met=test != "CLEAR", evidence=f"见记录 {test}", by=story.cast.lead, at=LATER)


def improve(story, review, **changes):
    given = {
        "title": "名单每季核对",
        "owner_id": story.cast.unit("510104:district-command").pk,
        "due_on": date(2026, 12, 31),
        "review": review,
        "by": story.cast.lead,
        "at": LATER,
    }
    return note_weakness(**{**given, **changes})


def test_the_end_of_a_response_opens_its_review_on_the_lead_bodys_desk(story):
    review = review_of(story)
    lead = story.cast.unit("5101:lead-body")
    assert (review.unit_id, review.opened_at, review.closed_at) == (lead.pk, ENDED + timedelta(minutes=2), None)
    task = everywhere(Task).get(source=f"event-review:{review.pk}")
    assert (task.owner_id, task.state, task.due_at) == (lead.pk, TaskState.SENT, review.due_at)
    assert task.title == "复盘：E-2026-9 呼吸道传染病"
    # Twenty working days later, when the office closes.
    assert (review.due_at - review.opened_at).days in range(26, 40)
    assert open_review(story.declaration, by=clock_of_learning(), at=LATER).pk == review.pk
    assert Review.objects.count() == 1


def test_closure_without_report_answers_or_tasks_is_refused_and_writes_nothing(story):
    review, by = review_of(story), story.cast.lead
    with pytest.raises(ReportMissing) as refused:
        close_review(review, by=by, at=LATER)
    assert refused.value.data["parts"] == "计划怎样做, 实际怎样做, 为何有出入, 改进什么"
    write_report(review, parts={**REPORT, "why": " "}, by=by, at=LATER)
    with pytest.raises(ReportMissing) as refused:
        close_review(review, by=by, at=LATER)
    assert refused.value.data["parts"] == "为何有出入"
    write_report(review, parts=REPORT, by=by, at=LATER)
    with pytest.raises(TestsUnanswered) as refused:
        close_review(review, by=by, at=LATER)
    assert refused.value.data["count"] == 5
    answer_all(story, review)
    with pytest.raises(ImprovementsMissing):
        close_review(review, by=by, at=LATER)
    held = review_of(story)
    assert (held.closed_at, held.closed_by) == (None, "")
    assert everywhere(Task).get(source=f"event-review:{review.pk}").closed_at is None


def test_an_event_is_closed_and_stays_as_it_was(story):
    review, by = review_of(story), story.cast.lead
    write_report(review, parts=REPORT, by=by, at=LATER)
    answer_all(story, review)
    weakness = improve(story, review)
    closed = close_review(review, by=by, at=LATER + timedelta(hours=1))
    assert closed.closed_at == LATER + timedelta(hours=1)
    assert everywhere(Task).get(source=f"event-review:{review.pk}").state == TaskState.DONE
    task = everywhere(Task).get(source=f"weakness:{weakness.pk}")
    assert (task.owner.code, task.asker.code) == ("510104:district-command", "5101:lead-body")
    assert (weakness.source, weakness.review_id) == ("REVIEW", review.pk)
    for act in (
        lambda: write_report(review, parts=REPORT, by=by, at=LATER),
        lambda: answer_test(review, test="CLEAR", met=True, evidence="x", by=by, at=LATER),
        lambda: improve(story, review),
        lambda: close_review(review, by=by, at=LATER),
    ):
        with pytest.raises(ReviewClosed):
            act()
    assert everywhere(Weakness).count() == 1


def test_the_five_tests_stand_beside_what_was_kept(story):
    counted = counted_of(story.declaration, at=LATER)
    items = list(story.activation.items.exclude(opened_at=None))
    plan = plan_view(story.declaration, at=LATER)
    asked = everywhere(Task).filter(kind__in=("DIRECTIVE", "CARD"))
    # What was opened is more than the steps of the playbook: each room tells what it holds for the emergency.
    assert counted.opened == plan.lines >= len(items) > 5
    assert counted.left == len(plan.open_rows) >= sum(item.closed_at is None for item in items)
    assert counted.handed_over == sum(item.handed_over_id is not None for item in items) == 2
    assert (counted.asked, counted.read) == (asked.count(), 3)
    assert (counted.conflicts, counted.objected, counted.out_of_order) == (0, 0, 0)
    assert (counted.in_force, counted.overdue) == (0, 0)
    assert counted.first_minutes == 6.0
    # Of the units asked only those of the cast have a post.
    units = {task.owner_id for task in asked.filter(owner__organ_type__level__lte=4)}
    held = {story.cast.post(name).unit_id for name in ("city_commander", "district_head", "dispatcher", "worker")}
    held |= {story.cast.post(name).unit_id for name in ("neighbour_dispatcher", "neighbour_worker", "neighbour_head")}
    assert counted.unmanned == len(units - held)
    answer = answer_test(
        review_of(story), test="COOPERATIVE", met=False, evidence="三家已读", by=story.cast.lead, at=LATER
    )
    assert answer.figures == {"asked": counted.asked, "read": 3, "conflicts": 0}


def test_only_the_lead_body_reviews(story):
    review = review_of(story)
    with pytest.raises(NotAllowed):
        write_report(review, parts=REPORT, by=story.cast.city_commander, at=LATER)
    other = story.cast.lead.__class__(
        label="another", acts=story.cast.lead.acts, scope=story.cast.lead.scope, unit_id=story.cast.department.unit_id
    )
    with pytest.raises(NotTheLead):
        close_review(review, by=other, at=LATER)
    assert review_of(story).written_at is None
    assert TestAnswer.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"title": " "}, WordsMissing),
        ({"owner_id": None}, OwnerUnknown),
        ({"owner_id": "community"}, OwnerUnknown),
        ({"due_on": None}, DayNotAhead),
        ({"due_on": date(2026, 11, 30)}, DayNotAhead),
        ({"due_on": date(9999, 12, 31)}, DayNotAhead),
    ],
)
def test_an_improvement_has_words_an_owner_and_a_day(story, changes, refusal):
    if changes.get("owner_id") == "community":
        changes = {"owner_id": story.cast.unit("510104001001:community").pk}
    before = everywhere(Task).count()
    with pytest.raises(refusal):
        improve(story, review_of(story), **changes)
    assert (everywhere(Weakness).count(), everywhere(Task).count()) == (0, before)


def test_an_answer_needs_evidence(story):
    for given, field in (({"met": None, "evidence": "x"}, "met"), ({"met": True, "evidence": " "}, "evidence")):
        with pytest.raises(WordsMissing) as refused:
            answer_test(review_of(story), test="CLOSED", **given, by=story.cast.lead, at=LATER)
        assert refused.value.data["field"] == field
    assert TestAnswer.objects.count() == 0
    assert NOON < ENDED
