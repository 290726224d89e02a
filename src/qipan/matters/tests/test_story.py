"""One matter from its report to its end, with everything that is written on the way."""

from datetime import timedelta

import pytest

from qipan.desk.api import Task, TaskState, answer_task
from qipan.journal.api import verify

from ..actions.dispatching import dispatch_matter
from ..actions.filing import file_matter
from ..actions.handling import confirm_matter, report_done, verify_matter
from ..models import Matter, MatterStep, Standing, Tally
from ..testing import PUBLIC


def tasks(matter):
    rows = Task.objects.everywhere("a test").filter(source__startswith=f"matter:{matter.pk}:").order_by("pk")
    return [(task.owner.code, task.state, task.kind) for task in rows.select_related("owner")]


@pytest.mark.row("MAT-1", "MAT-3", "MAT-5", "ORG-15")
def test_a_street_light_from_the_report_to_the_confirmed_close(world):
    reported = world.reported(reach="13900000000")
    matter, dispatcher = reported.matter, world.cast.dispatcher
    assert tasks(matter) == [("510104001:street-office", "SENT", "MATTER")]
    file_matter(matter, by=dispatcher, at=world.later(minutes=5))
    light = world.cast.unit("5101:urban-management")
    dispatch_matter(matter, unit=light, by=dispatcher, at=world.later(minutes=6))
    assert tasks(matter)[0][1] == "RECALLED"
    assert tasks(matter)[1] == ("5101:urban-management", "SENT", "MATTER")
    officer = world.handler()
    own = Task.objects.everywhere("a test").get(owner=light)
    answer_task(own, state=TaskState.ACCEPTED, by=officer, at=world.later(hours=1))
    report_done(matter, kind="SOLVED", result="已更换灯泡", by=officer, at=world.later(hours=9))
    assert tasks(matter)[1:] == [
        ("5101:urban-management", "DONE", "MATTER"),
        ("510104001:street-office", "SENT", "MATTER"),
    ]
    verify_matter(matter, by=dispatcher, at=world.later(hours=10))
    confirm_matter(reported.report, satisfied=True, by=PUBLIC, at=world.later(hours=11))
    held = Matter.objects.everywhere("a test").get(pk=matter.pk)
    assert (held.state, held.closing, held.confirmation, held.way, held.hops) == (
        "CLOSED", "SOLVED", "CONFIRMED", "GOVERNMENT", 1,
    )  # fmt: skip
    assert (held.first_receiver_id, held.waiting) == (light.pk, None)
    steps = list(MatterStep.objects.filter(matter=matter).order_by("pk").values_list("kind", "detail"))
    assert steps == [
        ("REPORTED", ""), ("FILED", ""), ("DISPATCHED", ""), ("RESPONDED", "IN_TIME"), ("REPORTED_DONE", "SOLVED"),
        ("VERIFIED", "SOLVED:GOVERNMENT"), ("CONFIRMED", "SATISFIED"), ("CLOSED", "SOLVED:CONFIRMED"),
    ]  # fmt: skip
    assert not MatterStep.objects.filter(by_label="").exists()
    assert {s.state: s.n for s in Standing.objects.everywhere("a test") if s.n} == {"CLOSED": 1}
    assert sum(t.n for t in Tally.objects.everywhere("a test")) == 8
    assert verify().differences == []


@pytest.mark.row("MAT-12")
def test_counts_are_found_wrong_when_they_are(world):
    world.matter("DISPATCHED")
    Tally.objects.everywhere("a test").filter(kind="FILED").update(n=2)
    Standing.objects.everywhere("a test").filter(state="DISPATCHED").update(n=0)
    Matter.objects.everywhere("a test").update(handler=None)
    found = verify().differences
    assert [line.partition(":")[0] for line in found] == [
        "counts of matters against their steps", "counts of matters against their steps",
        "matters against their handlers and tasks",
    ]  # fmt: skip
    assert world.later(days=1) - world.at == timedelta(days=1)
