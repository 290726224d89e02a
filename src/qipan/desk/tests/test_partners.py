"""Partners at a compound: who looks after it has its desk too, who only helps there has not (red line 6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qipan.access.testing import make_city
from qipan.duties.api import ground_of, help_in
from qipan.kernel.actor import Scope
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound

from ..actions.admissions import admit_emergency
from ..actions.sending import send_tasks
from ..models import Task
from ..queries.desks import answers_for, desk_of, forget_units, get_task, seen_by, unit_lately
from ..terms import TaskKind

GATE = range_of("510104001001001")


@pytest.mark.row("SCR-7", "FRC-5")
def test_who_helps_in_a_compound_sees_and_answers_none_of_its_tasks(db: None) -> None:
    cast = make_city()
    forget_units()
    volunteers = cast.unit("510104001:volunteer-group")
    help_in(volunteers, places=[GATE.first], by=cast.worker, at=cast.at)
    admission = admit_emergency(
        title="x", declaration="y", basis="z", valid_to=cast.at + timedelta(days=3), by=cast.district_head, at=cast.at
    )
    send_tasks(
        kind=TaskKind.DIRECTIVE, source="a test", title="Look at the gate", asker=cast.unit("510104:district-command"),
        organ_types=["compound"], grounds=[GATE], basis="plan", admission=admission, by=cast.district_head, at=cast.at,
    )  # fmt: skip
    task = Task.objects.everywhere("a test").get(source="a test")
    seen, opened, listed = {}, [], []
    for unit in (volunteers, cast.unit("510104:property-company-1")):
        by = replace(cast.guard, unit_id=unit.pk, scope=Scope(ground_of(unit)))
        lately = unit_lately(by)
        assert lately is not None
        seen[unit.organ_type.code] = (task in desk_of(by, unit), answers_for(task, by, unit), bool(lately.executes))
        listed += list(Task.objects.within(by.scope).filter(seen_by(by, unit)))
        try:
            opened.append(get_task(task.pk, actor=by))
        except NotFound:
            opened.append(None)
    assert (opened, listed) == ([None, task], [task])
    assert seen == {"volunteer-group": (False, False, False), "property-company": (True, True, True)}
