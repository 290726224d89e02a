"""A graded hazard whose matter is joined to another holds up that one, and stands by itself again when it is parted."""

from datetime import timedelta

import pytest

from qipan.desk.api import Task, TaskState
from qipan.journal.api import verify
from qipan.kernel.place import range_of
from qipan.kernel.testing import as_stored

from ..actions.dispatching import dispatch_matter
from ..actions.filing import file_matter
from ..actions.handling import report_done, verify_matter
from ..actions.hazards import grade_hazard, inspect_hazard
from ..actions.joining import merge_matter, unmerge_matter
from ..jobs import follow_hazards, look
from ..models import Hazard, Matter
from ..queries.audits import audit_counts, audit_matters
from ..queries.blocked import stuck_among
from ..queries.patterns import hazards_of, hazards_on
from ..queries.rechecks import watched
from ..rules.joint import NotReinspected, VerifiedWithoutIt

CITY = [range_of("5101")]
LIGHTS = "5101:urban-management"


def graded(world, grade="EXTREME", at=5):
    matter = world.matter("FILED")
    grade_hazard(matter, grade=grade, measure="已拉警戒线", by=world.cast.dispatcher, at=world.later(minutes=at))
    return matter


def hazard(matter):
    return Hazard.objects.select_related("look", "matter__root").get(matter=matter)


def state(matter):
    return Matter.objects.everywhere("a test").get(pk=matter.pk).state


@pytest.mark.row("MAT-1", "MAT-11")
def test_a_joined_hazard_is_inspected_before_what_it_was_joined_to_is_verified(world):
    own, other, by = graded(world), world.matter("DISPATCHED"), world.cast.dispatcher
    usual = other.handlings.get().task.due_at
    merge_matter(own, into=other, by=by, at=world.later(minutes=10))
    asked = hazard(own).look
    # Nothing is recalled, the handler has the time of the grade, and it is told so.
    assert follow_hazards(at=world.later(minutes=11)) == 0
    assert (asked.closed_at, hazard(own).remedied_at) == (None, None)
    due = Task.objects.everywhere("a test").get(pk=other.handlings.get().task_id).due_at
    assert usual > due == world.later(hours=24, minutes=5)
    assert other.steps.get(kind="HASTENED").detail == "EXTREME"
    assert [(one.matter_id, one.holds_up.pk) for one in hazards_on(CITY)] == [(own.pk, other.pk)]
    assert [one.grade for one in hazards_of(other)] == ["EXTREME"]
    assert stuck_among([other], at=world.later(days=3)) == {other.pk}
    report_done(other, kind="SOLVED", result="已修", by=world.handler(LIGHTS), at=world.later(hours=1))
    before = sorted(as_stored())
    with pytest.raises(NotReinspected):
        verify_matter(other, by=by, at=world.later(hours=2))
    assert sorted(as_stored()) == before and state(other) == "DONE"
    page = world.cast.client("dispatcher").get(f"/matters/{other.pk}/hazard").content.decode()
    assert own.number in page and "已拉警戒线" in page and 'name="remedied"' in page
    inspect_hazard(other, remedied=False, note="仍倾斜", by=by, at=world.later(hours=3))
    again = hazard(own).look
    assert Task.objects.everywhere("a test").get(pk=asked.pk).state == TaskState.DONE
    assert (again.source, again.due_at) == (f"hazard:{own.pk}:2", world.later(hours=15))
    assert other.number in again.title
    inspect_hazard(other, remedied=True, note="已不存在", by=by, at=world.later(hours=4))
    assert (hazard(own).remedied_at, hazard(own).look) == (world.later(hours=4), None)
    verify_matter(other, by=by, at=world.later(hours=5))
    look(at=world.later(days=8))
    assert state(other) == "CLOSED"
    assert follow_hazards(at=world.later(days=9)) == 0
    assert [one.matter.pk for one in watched(CITY, at=world.later(days=9))] == [other.pk]
    assert list(hazards_on(CITY)) == []
    assert audit_counts() == [] and audit_matters() == [] and verify().differences == []


@pytest.mark.row("MAT-1", "MAT-11")
def test_of_two_hazards_the_graver_grade_and_the_earlier_time_hold_and_each_is_seen_gone(world):
    own, other, by = graded(world, "MAJOR", at=5), graded(world, "ORDINARY", at=6), world.cast.dispatcher
    merge_matter(own, into=other, by=by, at=world.later(minutes=10))
    assert [one.grade for one in hazards_of(other)] == ["MAJOR", "ORDINARY"]
    dispatch_matter(other, unit=world.cast.unit(LIGHTS), by=by, at=world.later(minutes=20))
    assert other.handlings.get().task.due_at == world.later(hours=168, minutes=5)
    report_done(other, kind="SOLVED", result="已修", by=world.handler(LIGHTS), at=world.later(hours=1))
    inspect_hazard(other, remedied=True, note="已不存在", by=by, at=world.later(hours=2))
    assert [one.remedied_at for one in hazards_of(other)] == [world.later(hours=2)] * 2
    assert verify_matter(other, by=by, at=world.later(hours=3)).state == "VERIFIED"
    assert audit_counts() == [] and verify().differences == []


@pytest.mark.row("MAT-1", "MAT-11")
def test_parted_again_a_hazard_stands_by_itself_and_the_other_is_free_of_it(world):
    own, middle, other, by = graded(world), world.matter("FILED"), world.matter("DISPATCHED"), world.cast.dispatcher
    merge_matter(own, into=middle, by=by, at=world.later(minutes=10))
    merge_matter(middle, into=other, by=by, at=world.later(minutes=11))
    report_done(other, kind="SOLVED", result="已修", by=world.handler(LIGHTS), at=world.later(hours=1))
    inspect_hazard(other, remedied=True, note="已不存在", by=by, at=world.later(hours=2))
    unmerge_matter(middle, by=by, at=world.later(hours=3))
    # What was seen gone was the other's: this one is to be inspected, at what it is joined to.
    assert (hazard(own).remedied_at, hazard(own).holds_up.pk, hazards_of(other)) == (None, middle.pk, [])
    assert (hazard(own).look.closed_at, hazard(own).look.due_at) == (None, world.later(hours=15))
    verify_matter(other, by=by, at=world.later(hours=4))
    unmerge_matter(own, by=by, at=world.later(hours=5))
    assert (hazard(own).holds_up.pk, hazards_of(middle)) == (own.pk, [])
    file_matter(own, by=by, at=world.later(hours=6))
    dispatch_matter(own, unit=world.cast.unit(LIGHTS), by=by, at=world.later(hours=7))
    assert own.handlings.get().task.due_at == world.later(hours=24, minutes=5)
    assert follow_hazards(at=world.later(hours=8)) == 0
    assert audit_counts() == [] and audit_matters() == [] and verify().differences == []


@pytest.mark.row("MAT-11")
def test_a_hazard_is_not_joined_to_what_was_verified_without_it(world):
    own, other, by = graded(world), world.matter("VERIFIED"), world.cast.dispatcher
    before = sorted(as_stored())
    with pytest.raises(VerifiedWithoutIt):
        merge_matter(own, into=other, by=by, at=world.later(minutes=10))
    assert sorted(as_stored()) == before
    answer = world.cast.client("dispatcher").post(f"/matters/{own.pk}/merge", {"into": other.number})
    assert answer.status_code == 409 and state(own) == "FILED"


@pytest.mark.row("MAT-11")
def test_a_joined_hazard_ends_and_stands_again_with_what_it_was_joined_to(world):
    own, other, by = graded(world, "ORDINARY"), world.matter("REPORTED"), world.cast.dispatcher
    merge_matter(own, into=other, by=by, at=world.later(minutes=10))
    Matter.objects.everywhere("a test").filter(pk=other.pk).update(state="DECLINED", ended_at=world.later(hours=1))
    assert follow_hazards(at=world.later(hours=2)) == 1
    assert hazard(own).look is None
    Matter.objects.everywhere("a test").filter(pk=other.pk).update(state="FILED", ended_at=None)
    assert follow_hazards(at=world.later(hours=3)) == 1
    assert hazard(own).look.due_at == world.later(hours=3) + timedelta(hours=168)
    assert follow_hazards(at=world.later(hours=4)) == 0
