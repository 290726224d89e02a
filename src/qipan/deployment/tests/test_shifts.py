from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localtime
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.deployment import actions
from qipan.deployment.api import (
    Shift,
    close_shifts,
    end_shifts,
    fill_shift,
    forces,
    forces_by_place,
    open_shifts,
    shifts_now,
    warn_empty_shifts,
)
from qipan.deployment.jobs import warn_of_empty_shifts
from qipan.desk.api import Admission, NotAdmitted, Task, TaskKind, TaskState
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from .conftest import HERE, Entry, gate_duty

CITY, FIRST = range_of("5101"), range_of("510104001001001")


def shifts() -> Any:
    return Shift.objects.everywhere("a test").select_related("unit", "task")


def tasks() -> Any:
    return Task.objects.everywhere("a test")


def watch() -> Actor:
    return Actor.system("empty shifts", acts=["team.manage"], ranges=[CITY])


def test_every_gate_gets_its_shift_with_a_task_on_the_compounds_desk(cast: Cast, admission: Admission) -> None:
    assert open_shifts(**gate_duty(cast, admission)) == 8
    shift = shifts().get(place=FIRST.first)
    start = cast.at + timedelta(hours=3)
    assert (shift.unit.code, shift.starts_at, shift.filled_at) == ("510104001001001:compound", start, None)
    assert (shift.task.owner, shift.task.kind, shift.task.due_at) == (shift.unit, TaskKind.SHIFT, start)
    assert shift.task.title.startswith(f"小区门岗值守 {localtime(start):%m-%d %H:%M}")
    assert tasks().filter(kind=TaskKind.SHIFT).count() == 8
    assert Shift.objects.within(cast.neighbour_head.scope).count() == 0


def test_a_property_company_gets_one_task_for_all_its_gates(cast: Cast, admission: Admission) -> None:
    assert open_shifts(**gate_duty(cast, admission, organ_type="property-company")) == 8
    company = cast.unit("510104:property-company-1")
    assert set(shifts().values_list("unit", flat=True)) == {company.pk}
    assert sorted(shifts().values_list("place", flat=True))[0] == FIRST.first
    task = tasks().get(kind=TaskKind.SHIFT)
    assert task.owner == company
    for number, shift in enumerate(shifts().order_by("place"), 1):
        fill_shift(shift, filled_by=f"{number}号岗", by=cast.guard, at=cast.at)
        assert (tasks().get(pk=task.pk).state == TaskState.DONE) is (number == 8)


def test_opening_twice_and_for_several_days(cast: Cast, admission: Admission) -> None:
    start = cast.at + timedelta(hours=3)
    periods = [(start + timedelta(days=n), start + timedelta(days=n, hours=12)) for n in (-1, 0, 1)]
    assert open_shifts(**gate_duty(cast, admission, periods=periods)) == 16  # yesterday's is over
    assert open_shifts(**gate_duty(cast, admission, periods=periods)) == 0
    assert shifts().count() == 16
    assert tasks().filter(kind=TaskKind.SHIFT).count() == 16


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"admission": None}, NotAdmitted),
        ({"by": "department"}, NotAllowed),
        ({"by": "neighbour_head"}, NotFound),
        ({"grounds": []}, NotFound),
        ({"hours": (3, 3)}, actions.ShiftHoursDisordered),
        ({"hours": (3, 28)}, actions.ShiftHoursDisordered),
        ({"hours": (-3, 0)}, actions.NoShiftLeft),
    ],
)
def test_no_shift_is_opened(cast: Cast, admission: Admission, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    changes = dict(changes)
    if "by" in changes:
        changes["by"] = getattr(cast, changes["by"])
    if "hours" in changes:
        start, end = changes.pop("hours")
        changes["periods"] = [(cast.at + timedelta(hours=start), cast.at + timedelta(hours=end))]
    with pytest.raises(refusal):
        open_shifts(**{**gate_duty(cast, admission), **changes})
    assert (shifts().count(), tasks().count()) == (0, 0)
    assert not Entry.objects.filter(act="deployment.open_shifts").exists()


@pytest.mark.parametrize("name", ["guard", "worker", "dispatcher", "district_head"])
def test_who_stands_at_the_gate_or_over_it_fills_the_shift_and_its_task_is_done(
    cast: Cast, admission: Admission, name: str
) -> None:
    open_shifts(**gate_duty(cast, admission))
    shift = shifts().get(place=FIRST.first)
    with override("en"):  # whoever fills it reads English; the task is a document of the city
        filled = fill_shift(shift, filled_by=" 张师傅 ", by=getattr(cast, name), at=cast.at)
    assert (filled.filled_by, filled.filled_at) == ("张师傅", cast.at)
    done = tasks().get(pk=shift.task_id)
    assert (done.state, done.note) == (TaskState.DONE, "全部班次已有人值守。")
    assert tasks().filter(kind=TaskKind.SHIFT, closed_at=None).count() == 7
    with pytest.raises(actions.ShiftFilled, match="张师傅"):
        fill_shift(shift, filled_by="李师傅", by=cast.guard, at=cast.at)
    assert shifts().get(pk=shift.pk).filled_by == "张师傅"
    # The record says that it was filled, not who stands there.
    assert "张" not in str(Entry.objects.get(act="deployment.fill_shift").data)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"by": "auditor"}, NotAllowed),
        ({"by": "neighbour_worker"}, NotFound),
        ({"filled_by": " "}, actions.NobodyNamed),
        ({"hours": 15}, actions.ShiftOver),
    ],
)
def test_a_shift_stays_empty(cast: Cast, admission: Admission, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    open_shifts(**gate_duty(cast, admission))
    shift = shifts().get(place=FIRST.first)
    with pytest.raises(refusal):
        fill_shift(
            shift,
            filled_by=changes.get("filled_by", "x"),
            by=getattr(cast, changes.get("by", "guard")),
            at=cast.at + timedelta(hours=changes.get("hours", 0)),
        )
    assert shifts().filter(filled_at=None).count() == 8
    assert tasks().get(pk=shift.task_id).closed_at is None


@pytest.mark.row("SCR-8")
def test_two_hours_before_an_empty_shift_its_property_manager_is_told_once(cast: Cast, admission: Admission) -> None:
    open_shifts(**gate_duty(cast, admission))
    manned = shifts().get(place=FIRST.first)
    fill_shift(manned, filled_by="张师傅", by=cast.guard, at=cast.at)
    early = cast.at + timedelta(hours=1) - timedelta(seconds=1)
    assert warn_empty_shifts(by=watch(), at=early) == 0
    soon = cast.at + timedelta(hours=1)
    assert warn_empty_shifts(by=watch(), at=soon) == 7
    assert warn_empty_shifts(by=watch(), at=soon + timedelta(minutes=1)) == 0
    cards = tasks().filter(kind=TaskKind.CARD)
    assert {card.owner for card in cards} == {cast.unit("510104:property-company-1")}
    assert set(cards.values_list("source", flat=True)) == {
        f"empty-shift:{pk}" for pk in shifts().filter(filled_at=None).values_list("pk", flat=True)
    }
    assert not cards.filter(place=FIRST.first).exists()
    assert all("小区门岗值守" in card.title and card.due_at == cast.at + timedelta(hours=3) for card in cards)


@pytest.mark.row("SCR-8")
def test_filling_the_shift_takes_the_warning_back(cast: Cast, admission: Admission) -> None:
    open_shifts(**gate_duty(cast, admission))
    at = cast.at + timedelta(hours=2)
    assert warn_empty_shifts(by=watch(), at=at, limit=3) == 3
    assert warn_empty_shifts(by=watch(), at=at) == 5
    shift = shifts().get(place=FIRST.first)
    fill_shift(shift, filled_by="张师傅", by=cast.guard, at=at)
    card = tasks().get(source=f"empty-shift:{shift.pk}")
    assert (card.state, card.closed_at) == (TaskState.RECALLED, at)


@pytest.mark.row("SCR-8")
def test_without_a_property_company_the_shifts_own_unit_is_told(cast: Cast, admission: Admission) -> None:
    cast.unit("510104:property-company-1").stewardship_set.all().delete()
    open_shifts(**gate_duty(cast, admission))
    assert warn_empty_shifts(by=watch(), at=cast.at + timedelta(hours=4)) == 8  # it runs already
    assert tasks().get(kind=TaskKind.CARD, place=FIRST.first).owner.code == "510104001001001:compound"
    with pytest.raises(NotAllowed):
        warn_empty_shifts(by=cast.auditor, at=cast.at)


def test_closing_takes_back_tasks_and_warnings(cast: Cast, admission: Admission) -> None:
    open_shifts(**gate_duty(cast, admission))
    shift = shifts().get(place=FIRST.first)
    fill_shift(shift, filled_by="张师傅", by=cast.guard, at=cast.at)
    running = cast.at + timedelta(hours=4)
    warn_empty_shifts(by=watch(), at=running)
    with pytest.raises(NotAllowed):
        close_shifts(source="activation:1", by=cast.department, at=running)
    assert close_shifts(source="activation:1", by=cast.neighbour_head, at=running) == 0
    assert close_shifts(source="activation:1", keep_running=True, by=cast.district_head, at=running) == 7
    assert forces([HERE], at=running).on_duty == 1
    assert tasks().filter(closed_at=None).count() == 0
    assert close_shifts(source="activation:1", by=cast.district_head, at=running) == 1
    assert close_shifts(source="activation:1", by=cast.district_head, at=running) == 0
    assert shifts().filter(released_at=running).count() == 8


@pytest.mark.row("FRC-4")
def test_forces_are_counted_by_organ_with_what_is_uncovered(cast: Cast, admission: Admission) -> None:
    open_shifts(**gate_duty(cast, admission))
    fill_shift(shifts().get(place=FIRST.first), filled_by="张师傅", by=cast.guard, at=cast.at)
    start, end = cast.at + timedelta(hours=3), cast.at + timedelta(hours=15)
    for at, running in ((start - timedelta(seconds=1), 0), (start, 8), (end - timedelta(seconds=1), 8), (end, 0)):
        assert forces([CITY], at=at).shifts_now == running
    found = forces([range_of("510104001")], at=start)
    assert (found.teams, found.on_duty, found.shifts_now, found.uncovered) == (0, 1, 4, 3)
    assert [(row.code, row.on_duty, row.uncovered) for row in found.by_organ] == [("compound", 1, 3)]
    assert [shift.filled_by for shift in shifts_now([range_of("510104001001")], at=start)] == ["", "张师傅"]
    assert forces([range_of("510105")], at=start).shifts_now == 0


def test_a_drills_teams_and_shifts_are_counted_by_themselves(cast: Cast, admission: Admission) -> None:
    open_shifts(**gate_duty(cast, admission))
    start = cast.at + timedelta(hours=3)
    mine = shifts().filter(place=FIRST.first)
    assert mine.update(drill=True) == 1
    real, drill = forces([CITY], at=start), forces([CITY], at=start, drill=True)
    assert (real.shifts_now, drill.shifts_now, drill.uncovered) == (7, 1, 1)
    assert forces_by_place([CITY], at=start, per=1, drill=True) == [(FIRST.first, 0, 0, 1)]
    assert len(forces_by_place([CITY], at=start, per=1, drill=False)) == 7


@pytest.mark.row("SCR-8")
def test_a_shift_that_is_over_is_asked_for_no_more(cast: Cast, admission: Admission) -> None:
    open_shifts(**gate_duty(cast, admission))
    fill_shift(shifts().get(place=FIRST.first), filled_by="张师傅", by=cast.guard, at=cast.at)
    ends = shifts().first().ends_at
    warned = warn_empty_shifts(by=watch(), at=ends - timedelta(minutes=1))
    assert warned == 7
    assert end_shifts(by=watch(), at=ends - timedelta(seconds=1)) == 0
    assert end_shifts(by=watch(), at=ends) == 14  # seven tasks and the seven cards that warned
    assert tasks().filter(closed_at=None).count() == 0
    assert tasks().filter(kind=TaskKind.SHIFT, state=TaskState.DONE).count() == 1
    assert shifts().filter(filled_at=None).count() == 7  # that nobody stood there is not forgotten
    assert end_shifts(by=watch(), at=ends) == 0
    with pytest.raises(NotAllowed):
        end_shifts(by=cast.auditor, at=ends)


def test_closing_recalls_the_tasks_of_shifts_that_are_over(cast: Cast, admission: Admission) -> None:
    open_shifts(**gate_duty(cast, admission))
    source, ends = shifts().values_list("source", "ends_at").first()
    assert close_shifts(source=source, by=cast.city_commander, at=ends + timedelta(hours=1)) == 0
    assert tasks().filter(kind=TaskKind.SHIFT, state=TaskState.RECALLED).count() == 8
    assert tasks().filter(closed_at=None).count() == 0
    assert Entry.objects.filter(act="deployment.close_shifts").count() == 1
    assert close_shifts(source=source, by=cast.city_commander, at=ends + timedelta(hours=1)) == 0
    assert Entry.objects.filter(act="deployment.close_shifts").count() == 1


def test_thousands_of_warnings_are_taken_back_in_a_few_statements(
    cast: Cast, admission: Admission, django_assert_max_num_queries: Any
) -> None:
    open_shifts(**gate_duty(cast, admission))
    ends = shifts().first().ends_at
    assert warn_empty_shifts(by=watch(), at=ends - timedelta(minutes=1)) == 8
    before = Entry.objects.filter(act="desk.recall_tasks").count()
    with django_assert_max_num_queries(15):  # whatever the number of shifts
        assert end_shifts(by=watch(), at=ends) == 16
    row = Entry.objects.filter(act="desk.recall_tasks").last()
    assert Entry.objects.filter(act="desk.recall_tasks").count() == before + 1
    assert set(row.data["sources"]) == set(tasks().values_list("source", flat=True))
    assert row.data["tasks"] == 16
    assert all(task.steps.filter(state=TaskState.RECALLED).count() == 1 for task in tasks())


@pytest.mark.row("SCR-8")
def test_the_minutes_job_warns_of_empty_shifts_and_ends_what_is_over(
    cast: Cast, admission: Admission, clock_at: Any
) -> None:
    open_shifts(**gate_duty(cast, admission))
    clock_at(cast.at)
    warn_of_empty_shifts.call_local()
    assert not tasks().filter(kind=TaskKind.CARD).exists()
    clock_at(cast.at + timedelta(hours=1))
    warn_of_empty_shifts.call_local()
    warn_of_empty_shifts.call_local()
    assert tasks().filter(kind=TaskKind.CARD).count() == 8
    assert tasks().filter(kind=TaskKind.SHIFT, closed_at=None).count() == 8
    clock_at(cast.at + timedelta(hours=15, minutes=1))
    warn_of_empty_shifts.call_local()
    assert not tasks().filter(closed_at=None).exists()
