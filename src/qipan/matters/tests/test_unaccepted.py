"""A handler who accepts nothing: the catalogue's time to accept has a clock of its own."""

from datetime import timedelta

import pytest
from django.apps import apps

from qipan.desk.api import Task, TaskState, answer_task, history
from qipan.journal.api import verify

from ..actions.dispatching import add_cooperating, object_to_matter, waive_part
from ..actions.filing import shelve_matter
from ..actions.times import ask_time, decide_time
from ..jobs import remind_unaccepted, tell_unaccepted
from ..models import Handling, MatterStep
from ..rules import limits

LIGHTS, PARKS = "5101:urban-management", "5101:parks"


def tasks() -> list[Task]:
    rows = Task.objects.everywhere("a test").filter(source__startswith="unaccepted:").select_related("owner")
    return list(rows.order_by("pk"))


def part_of(matter, code=LIGHTS) -> Handling:
    return Handling.objects.select_related("task", "unit__parent", "matter").get(matter=matter, unit__code=code)


@pytest.fixture(autouse=True)
def _counts_agree(world):
    yield
    assert verify().differences == []


@pytest.mark.row("MAT-3")
def test_who_does_not_accept_in_time_is_on_the_desk_of_the_level_above_once(world):
    matter = world.matter("DISPATCHED")
    part = part_of(matter)
    by_then = part.accept_by
    assert tell_unaccepted(at=by_then - timedelta(seconds=1)) == 0
    assert tell_unaccepted(at=by_then) == 1
    assert tell_unaccepted(at=by_then + timedelta(minutes=1)) == 0
    [told] = tasks()
    above = part.unit.parent
    assert (told.owner_id, told.asker_id, told.source) == (above.pk, above.pk, f"unaccepted:{matter.pk}:{part.pk}")
    assert told.title.startswith(f"{part.unit.label}逾时未签收: ") and matter.number in told.title
    assert told.due_at == limits.due("4wh", by_then)
    assert part_of(matter).silent_at == by_then
    [step] = MatterStep.objects.filter(matter=matter, kind="UNACCEPTED")
    assert (step.unit_id, step.note, step.at) == (part.unit_id, above.label, by_then)
    notices = apps.get_model("journal.Message").objects.filter(payload__what="matter.unaccepted").order_by("pk")
    assert [row.payload["unit"] for row in notices] == [LIGHTS, above.code]
    page = world.cast.client("dispatcher").get(f"/matters/{matter.pk}").content.decode()
    assert "逾时未签收：已告知上级" in page
    # Its word takes it off that desk again, and counts as late.
    answer_task(part.task, state=TaskState.ACCEPTED, by=world.handler(), at=by_then + timedelta(hours=1))
    [told] = tasks()
    assert (told.state, told.closed_at) == (TaskState.RECALLED, by_then + timedelta(hours=1))
    assert MatterStep.objects.get(matter=matter, kind="RESPONDED").detail == "LATE"
    assert tell_unaccepted(at=by_then + timedelta(hours=2)) == 0


@pytest.mark.row("MAT-3", "MAT-4")
def test_cooperating_units_are_told_of_too_and_the_end_of_a_part_ends_it(world):
    matter, dispatcher = world.matter("DISPATCHED"), world.cast.dispatcher
    add_cooperating(matter, unit=world.cast.unit(PARKS), by=dispatcher, at=world.later(minutes=5))
    answer_task(part_of(matter).task, state=TaskState.ACCEPTED, by=world.handler(), at=world.later(minutes=6))
    assert tell_unaccepted(at=world.later(days=6)) == 1
    assert MatterStep.objects.get(kind="UNACCEPTED").unit_id == world.cast.unit(PARKS).pk
    waive_part(part_of(matter, PARKS), reason="不再需要", by=dispatcher, at=world.later(days=7))
    assert [told.state for told in tasks()] == [TaskState.RECALLED]
    other = world.matter("DISPATCHED")
    assert tell_unaccepted(at=world.later(days=6)) == 1
    review = world.later(days=40)
    shelve_matter(other, reason="无经费", plan="明年", review_at=review, by=dispatcher, at=world.later(days=7))
    assert [told.state for told in tasks()] == [TaskState.RECALLED] * 2
    assert tell_unaccepted(at=world.later(days=8)) == 0


@pytest.mark.row("MAT-3")
def test_who_objected_or_whose_clock_stands_is_not_silent(world):
    objector, paused = world.matter("DISPATCHED"), world.matter("DISPATCHED")
    object_to_matter(objector, reason="小区产权", by=world.handler(), at=world.later(minutes=5))
    part = ask_time(
        paused, wish="PAUSE", until=world.later(days=20), reason="等备件", by=world.handler(), at=world.later(minutes=6)
    )
    decide_time(part, granted=True, reason="属实", by=world.cast.dispatcher, at=world.later(minutes=7))
    assert tell_unaccepted(at=world.later(days=6)) == 0
    assert tasks() == []


def reminders() -> list[tuple[str, int, bool]]:
    rows = apps.get_model("journal.Message").objects.filter(payload__what="desk.reminded_of").order_by("pk")
    return [(row.payload["unit"], row.payload["task"], row.drill) for row in rows]


@pytest.mark.row("MAT-3")
def test_who_has_not_accepted_is_reminded_once_when_a_quarter_of_the_time_is_left(world):
    matter = world.matter("DISPATCHED")
    part = part_of(matter)
    assert part.accept_by == limits.due("4wh", world.later(minutes=1))
    soon = part.accept_by - (part.accept_by - part.asked_at) / 4
    assert part.remind_at == soon
    assert remind_unaccepted(at=soon - timedelta(seconds=1)) == 0
    assert remind_unaccepted(at=soon) == 1
    assert remind_unaccepted(at=soon + timedelta(minutes=1)) == 0
    assert reminders() == [(LIGHTS, part.task_id, False)]
    steps = [(step.state, step.at, step.by_label) for step in history(part.task)]
    assert steps[1:] == [("REMINDED", soon, "system: matters clock")]
    assert part_of(matter).remind_at is None
    assert not MatterStep.objects.filter(matter=matter, kind="UNACCEPTED").exists()  # nobody else is told
    assert tell_unaccepted(at=part.accept_by) == 1


@pytest.mark.row("MAT-3")
def test_nobody_is_reminded_who_has_answered_whose_clock_stands_or_whose_time_is_over(world):
    accepted, objector, paused, late = (world.matter("DISPATCHED") for _n in range(4))
    soon, at = part_of(late).remind_at, world.later(minutes=5)
    answer_task(part_of(accepted).task, state=TaskState.ACCEPTED, by=world.handler(), at=at)
    object_to_matter(objector, reason="小区产权", by=world.handler(), at=at)
    until = world.later(days=20)
    part = ask_time(paused, wish="PAUSE", until=until, reason="等备件", by=world.handler(), at=at)
    decide_time(part, granted=True, reason="属实", by=world.cast.dispatcher, at=at)
    assert remind_unaccepted(at=part_of(late).accept_by) == 0
    assert reminders() == []
    assert remind_unaccepted(at=soon) == 1
    assert reminders() == [(LIGHTS, part_of(late).task_id, False)]
    # What was told to the level above is not reminded of any more.
    other = world.matter("DISPATCHED")
    assert tell_unaccepted(at=part_of(other).accept_by) == 2
    assert part_of(other).remind_at is None
