"""The pre-alert: what a warning starts by its colour, and how that ends with it (EMG-5; art. 66 and 67)."""

from datetime import timedelta

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from qipan.desk.api import Receipt, Task, TaskState, receive
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of

from ..actions import WarningIncomplete, cancel_warning, issue_warning, note_lapsed, update_warning
from ..jobs import look_at_warnings
from ..models import Warning
from ..queries import prealert_of, warnings_on
from ..rules import actions, due_at_colour, due_by
from .conftest import Entry, storm

pytestmark = pytest.mark.row("EMG-5")
BASIC = ["plan", "watch", "weigh", "tell"]
GRAVE = [*BASIC, "standby", "stock", "guard", "lifelines", "move", "limit"]


def tasks(state=None):
    rows = Task.objects.everywhere("a test").filter(source__startswith="prealert:").order_by("pk")
    return [one.source.rpartition(":")[2] for one in rows if state is None or one.state == state]


def open_tasks():
    rows = Task.objects.everywhere("a test").filter(source__startswith="prealert:", closed_at=None).order_by("pk")
    return [one.source.rpartition(":")[2] for one in rows]


@pytest.mark.parametrize(("colour", "due"), [(1, GRAVE), (2, GRAVE), (3, BASIC), (4, BASIC)])
def test_each_colour_starts_what_the_law_makes_due_on_the_issuers_own_desk(cast, colour, due):
    warning = issue_warning(**storm(cast, colour=colour))
    assert open_tasks() == due
    unit = cast.unit("5101:city-command")
    rows = Task.objects.everywhere("a test").filter(source__startswith="prealert:")
    assert {(one.owner_id, one.asker_id, one.due_at, one.drill) for one in rows} == {
        (unit.pk, unit.pk, warning.starts_at, False)
    }
    first = rows.order_by("pk").first()
    assert (first.title, first.basis) == ("预警行动：启动应急预案 · 暴雨橙色预警", "《突发事件应对法》（2024）第 66 条")
    assert [one.task.source.rpartition(":")[2] for one in prealert_of(warning)] == due


def test_a_higher_colour_adds_and_a_lower_one_takes_back_what_was_done_stays(cast):
    by = cast.city_commander
    yellow = issue_warning(**storm(cast, colour=3))
    plan = Task.objects.everywhere("a test").get(source__endswith=":plan")
    worker = Actor(label="x", acts=frozenset({"task.answer"}), scope=by.scope, unit_id=by.unit_id)
    receive([Receipt(plan.pk, TaskState.DONE, cast.at)], by=worker, at=cast.at)
    later = [cast.at + timedelta(minutes=n) for n in (1, 2, 3)]
    red = update_warning(yellow, colour=1, ground_codes=["510104001"], reason="加强", by=by, at=later[0])
    assert (tasks(), open_tasks()) == (GRAVE, GRAVE[1:])  # the plan is in force and is not asked again
    blue = update_warning(red, colour=4, ground_codes=["510104001"], reason="减弱", by=by, at=later[1])
    assert open_tasks() == BASIC[1:]
    orange = update_warning(blue, colour=2, ground_codes=["510104001"], reason="再加强", by=by, at=later[2])
    assert open_tasks() == GRAVE[1:]
    assert [one.task.state == TaskState.DONE for one in prealert_of(orange)] == [True] + [False] * 9


@pytest.mark.parametrize("end", ["cancelled", "lapsed"])
def test_it_ends_with_the_warning(cast, end):
    warning = issue_warning(**storm(cast))
    if end == "cancelled":
        cancel_warning(warning, reason="解除", by=cast.city_commander, at=cast.at + timedelta(minutes=1))
        assert (open_tasks(), note_lapsed(at=warning.expires_at)) == ([], 0)
        return
    assert note_lapsed(at=warning.expires_at - timedelta(seconds=1)) == 0
    assert open_tasks() == GRAVE
    assert warnings_on([range_of("510104001")], at=warning.expires_at) == []  # to the second, without the job
    assert [note_lapsed(at=warning.expires_at) for _n in range(2)] == [1, 0]
    assert (open_tasks(), tasks(TaskState.RECALLED)) == ([], GRAVE)
    assert Entry.objects.get(act="warnings.lapse").data["taken_back"] == 10
    assert Warning.objects.get().lapsed_at == warning.expires_at


def test_a_drill_starts_a_drills_tasks_and_a_refusal_starts_none(cast):
    issue_warning(**storm(cast, drill=True))
    assert Task.objects.everywhere("a test").filter(source__startswith="prealert:", drill=True).count() == 10
    with pytest.raises(WarningIncomplete):
        issue_warning(**storm(cast, headline=""))
    assert len(tasks()) == 10


def test_the_page_shows_how_far_it_has_come(cast):
    warning = issue_warning(**storm(cast, colour=4))
    page = cast.client("city_commander").get(f"/warnings/one/{warning.identifier}").content.decode()
    assert "启动应急预案" in page and "第 66 条" in page and "调集物资装备" not in page
    assert (
        apps.get_model("desk", "Task").objects.everywhere("a test").filter(source__startswith="prealert:").count() == 4
    )


@given(st.integers(1, 4), st.integers(1, 4))
def test_a_graver_colour_never_asks_less(one, other):
    assert set(due_at_colour(max(one, other))) <= set(due_at_colour(min(one, other)))


@given(st.datetimes(), st.datetimes())
def test_there_is_always_an_hour(starts, at):
    assert due_by(starts, at) >= at + timedelta(hours=1)
    assert due_by(starts, at) >= starts


def test_every_action_names_its_article():
    assert {one.article for one in actions()} == {"66", "67"}
    assert [one.code for one in actions()] == GRAVE


def test_the_minutes_job_takes_back_what_a_lapsed_warning_started(cast, clock_at):
    warning = issue_warning(**storm(cast))
    clock_at(warning.expires_at - timedelta(minutes=1))
    look_at_warnings.call_local()
    assert (open_tasks(), Warning.objects.get().lapsed_at) == (GRAVE, None)
    clock_at(warning.expires_at)
    look_at_warnings.call_local()
    look_at_warnings.call_local()
    assert (open_tasks(), tasks(TaskState.RECALLED)) == ([], GRAVE)
    assert Entry.objects.filter(act="warnings.lapse").count() == 1
