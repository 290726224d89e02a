"""EMG-8: the release of an emergency names the offices whose stores were not counted since its end, are not back, are
over or short; also a store above the ground of which something was handed out for it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from qipan.access.testing import Cast
from qipan.command.actions.plans import hand_over_plan, run_plan
from qipan.command.models import ActivationItem
from qipan.command.queries import plan_view
from qipan.desk.api import Task
from qipan.posture.api import Declaration, end_declaration
from qipan.reserves.testing import came_back, counted, declared, handed, stored

pytestmark = pytest.mark.row("EMG-8")
HOUR = timedelta(hours=1)
DISTRICT, CITY = "510104:district-command", "5101:city-command"


@pytest.fixture
def declaration(cast: Cast) -> Declaration:
    return declared(cast, issuer=cast.unit(DISTRICT))


def lines(declaration: Declaration, at: Any) -> list[tuple[str, str, str, str]]:
    rows = [one for one in plan_view(declaration, at=at).open_rows if one.kind == "STORE"]
    return [(one.owner, one.state, one.href, str(one.reason)) for one in rows]


@pytest.fixture
def run(cast: Cast, declaration: Declaration) -> Callable[[float], list[tuple[str, str]]]:
    """Runs the release some hours after the end; returns the offices that are left, with the reason's code."""
    presses = iter(range(99))

    def press(hours: float) -> list[tuple[str, str]]:
        at = cast.at + 3 * HOUR + hours * HOUR
        report = run_plan(declaration, seen=next(presses), by=cast.district_head, at=at)
        return [
            (one.item.owner.code, (one.item.still_open or {})["code"])
            for one in report.left
            if one.item.kind == "STORE"
        ]

    return press


def end(cast: Cast, declaration: Declaration) -> None:
    end_declaration(declaration, reason="x", by=cast.district_head, at=cast.at + 3 * HOUR)
    declaration.refresh_from_db()


def test_what_is_not_counted_over_or_short_is_named_until_the_office_has_done_it(cast, declaration, run):
    water = stored(cast, name="饮用水", measure="升", amount=900, per_day=300, use_by=localdate(cast.at))
    stored(cast, by=cast.neighbour_head)  # of the other district
    stored(cast, by=cast.city_commander)  # above it, and nothing of it was handed out here
    label, href = cast.unit(DISTRICT).label, f"/stores?unit={DISTRICT}"
    assert [one[:3] for one in lines(declaration, cast.at + HOUR)] == [(label, "OPEN", href)]
    end(cast, declaration)
    assert run(1) == [(DISTRICT, "reserves.stores_not_counted")]
    assert lines(declaration, cast.at + 4 * HOUR) == [
        (label, "LEFT", href, "响应终止后尚未清点：1 项。由该单位清点现存数量。")
    ]
    yesterday = localdate(cast.at) - timedelta(days=1)
    counted(water, cast, 600, use_by=yesterday, at=cast.at + 5 * HOUR)
    assert run(3) == [(DISTRICT, "reserves.store_over")]
    counted(water, cast, 600, use_by=None, at=cast.at + 7 * HOUR)
    assert run(5) == [(DISTRICT, "reserves.store_short")]
    assert lines(declaration, cast.at + 8 * HOUR)[0][3] == "饮用水现存可用2天，不足3天：由该单位补足并清点。"
    counted(water, cast, 900, at=cast.at + 9 * HOUR)
    assert run(7) == []
    closed = [one.owner for one in plan_view(declaration, at=cast.at + 10 * HOUR).closed_rows if one.kind == "STORE"]
    assert closed == [label]


def test_what_a_store_above_handed_out_for_it_is_to_come_back(cast, declaration, run):
    above = stored(cast, by=cast.city_commander)
    out = handed(above, cast, by=cast.city_commander, declaration=declaration)
    handed(above, cast, by=cast.city_commander, declaration=declaration, back_by=None)  # used up
    handed(above, cast, by=cast.city_commander)  # for something else
    label, href = cast.unit(CITY).label, f"/stores?unit={CITY}"
    end(cast, declaration)
    assert run(1) == [(CITY, "reserves.stores_out")]
    assert lines(declaration, cast.at + 4 * HOUR) == [
        (label, "LEFT", href, "为本次应急发放、尚未收回：1 笔。由该单位收回。")
    ]
    # It holds up nothing else, and what an organ above holds is no task from below.
    hand_over_plan(declaration, by=cast.district_head, at=cast.at + 5 * HOUR)
    assert not Task.objects.everywhere("a test").filter(kind="RELEASE", owner__code=CITY).exists()
    came_back(out, by=cast.city_commander, at=cast.at + 6 * HOUR)
    assert run(4) == []
    assert ActivationItem.objects.get(kind="STORE").closed_at is not None


def test_a_drill_uses_nothing_up(cast):
    stored(cast)
    exercise = declared(cast, number="DRILL", drill=True)
    assert lines(exercise, cast.at + HOUR) == []
