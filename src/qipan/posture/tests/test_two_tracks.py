"""Routine and emergency share organisation, people and desks; the posture changes tasks, not the routine loop."""

from datetime import timedelta

import pytest

from qipan.access.testing import Cast
from qipan.desk.api import TaskKind, TaskState, answer_task, get_task, send_task
from qipan.kernel.place import range_of
from qipan.posture.api import Declaration, posture_over, take_posture


@pytest.mark.row("EMG-7")
def test_under_the_emergency_posture_a_pothole_still_goes_its_way(cast: Cast, declared: Declaration) -> None:
    street = range_of("510104001")
    take_posture(declared, grounds=[range_of("5101")], by=cast.city_commander, at=cast.at)
    view = posture_over([street], at=cast.at)
    assert view is not None
    assert view.kind == "EMERGENCY"
    task = send_task(
        kind=TaskKind.REQUEST,
        source="report:1",
        title="路面坑洼",
        asker=cast.unit("510104:district-command"),
        owner=cast.unit("510104001:street-office"),
        place=street.first,
        basis="街道职责清单第12项",
        due_at=cast.at + timedelta(days=2),
        by=cast.district_head,
        at=cast.at,
    )
    answer_task(task, state=TaskState.DONE, note="已修补", by=cast.dispatcher, at=cast.at + timedelta(hours=3))
    done = get_task(task.pk, actor=cast.dispatcher)
    assert (done.state, done.closed_at) == (TaskState.DONE, cast.at + timedelta(hours=3))
    assert posture_over([street], at=cast.at + timedelta(hours=3)) is not None
