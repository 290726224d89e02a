"""What everyone reads as late for a day: parts, street calls, inspections of hazards, and agreed work."""

import pytest

from qipan.desk.api import Task
from qipan.kernel.place import range_of

from ..actions.calls import accept_call, call_units, note_attendance
from ..actions.hazards import grade_hazard
from ..actions.meetings import agree
from ..queries.blocked import stuck_among, stuck_on

CITY = (range_of("5101"),)
HEALTH = "5101:health"


def late(world, *matters, **after):
    at = world.later(**after)
    return stuck_on(CITY, at=at), stuck_among(matters, at=at)


def others_are_done(*sources):
    """Only what these sources ask is left open."""
    rows = Task.objects.everywhere("a test").filter(closed_at=None)
    for source in sources:
        rows = rows.exclude(source__startswith=source)
    rows.update(due_at=None)


def called(world, matter):
    return call_units(
        matter, units=[world.cast.unit(HEALTH)], what="现场会商", meets_where="东门", meets_at=world.later(hours=2),
        urgency="AT_ONCE", by=world.cast.dispatcher, at=world.later(hours=1),
    )  # fmt: skip


@pytest.mark.row("FRC-2", "PAR-10")
def test_an_unanswered_call_is_late_for_everyone_to_read(world):
    matter, other = world.matter("DISPATCHED"), world.matter("DISPATCHED")
    called(world, matter)
    others_are_done("call:")
    assert late(world, matter, other, hours=25) == (0, set())
    assert late(world, matter, other, hours=26) == (1, {matter.pk})
    assert stuck_on([range_of("510105")], at=world.later(hours=26)) == 0


@pytest.mark.row("FRC-2", "MAT-11")
def test_an_inspection_that_nobody_makes_is_late_for_everyone_to_read(world):
    matter = world.matter("DISPATCHED")
    grade_hazard(matter, grade="EXTREME", measure="围挡", by=world.cast.dispatcher, at=world.later(hours=1))
    others_are_done("hazard:")
    assert late(world, matter, hours=37) == (0, set())
    assert late(world, matter, hours=38) == (1, {matter.pk})


@pytest.mark.row("FRC-2", "MAT-4")
def test_agreed_work_that_is_not_done_is_late_for_everyone_to_read(world):
    matter, dispatcher = world.matter("DISPATCHED"), world.cast.dispatcher
    call = called(world, matter)
    accept_call(call, post="值班医生", by=world.handler(HEALTH), at=world.later(minutes=70))
    note_attendance(call.called.get(), came=True, by=dispatcher, at=world.later(hours=2))
    agree(
        call, text="换灯杆", owner=world.cast.unit(HEALTH), due_at=world.later(hours=5), by=dispatcher,
        at=world.later(hours=3),
    )  # fmt: skip
    others_are_done("agreed:")
    assert late(world, matter, hours=29) == (0, set())
    assert late(world, matter, hours=30) == (1, {matter.pk})
