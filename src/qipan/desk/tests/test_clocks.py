"""Delivery, reminders, escalation, suspension, objections, history."""

from datetime import datetime, timedelta

import pytest
from django.utils.timezone import get_default_timezone

from qipan.access.api import named_leader
from qipan.access.testing import Cast
from qipan.desk.actions.asking import (
    ClockRuns,
    ClockStands,
    NoObjection,
    NotTheAsker,
    TaskIsClosed,
    decide_objection,
    resume_task,
    suspend_task,
)
from qipan.desk.actions.delivery import deliver_desk
from qipan.desk.actions.lateness import Escalated, escalate_late, remind_of
from qipan.desk.actions.receipts import answer_task
from qipan.desk.jobs import look
from qipan.desk.models import Task, TaskStep
from qipan.desk.queries.audits import audit_tasks
from qipan.desk.queries.desks import DeskCounts, desk_counts, history, late_tasks
from qipan.desk.queries.leaders import leaders_at
from qipan.journal.api import entries_of
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import BadInput, NotFound

from .test_receipts import admitted, send, task_of

CITY = range_of("5101")
CLOCK = Actor.system("desk clock", ranges=[CITY])


def messages() -> list[tuple[str, int, bool]]:
    from django.apps import apps

    rows = apps.get_model("journal", "Message").objects.filter(channel="notice").order_by("pk")
    rows = [row for row in rows if row.payload["what"] != "desk.reminded"]  # read when it is handed out
    return [(row.payload.get("unit") or row.payload["name"], row.payload["tasks"], row.drill) for row in rows]


def sent(city: Cast, **changes) -> Task:
    send(city, admission=admitted(city), organ_types=["community"], **changes)
    return task_of(city, "510104001001:community")


@pytest.mark.row("ORG-11")
def test_what_a_unit_fetches_is_delivered_once_and_only_to_its_own_client(city: Cast):
    send(city, admission=admitted(city))
    own = city.unit("510104001001:community")
    at = city.at + timedelta(seconds=4)
    assert deliver_desk(own, by=city.dispatcher, at=at) == 0
    assert deliver_desk(own, by=city.worker, at=at) == 1
    task = task_of(city, own.code)
    assert (task.state, task.delivered_at) == ("DELIVERED", at)
    assert task_of(city, "510104001001001:compound").state == "SENT"
    assert deliver_desk(own, by=city.worker, at=at + timedelta(seconds=1)) == 0
    assert [(step.state, step.at, step.by_label) for step in task.steps.all()] == [("DELIVERED", at, city.worker.label)]
    company = city.unit("510104:property-company-1")
    stewarded = deliver_desk(company, by=city.guard, at=at)
    assert stewarded == len(city.guard.scope.ranges) == 8
    assert next(entry.data for entry in entries_of("desk.deliver")) == {"DELIVERED": [task.pk]}


@pytest.mark.row("EMG-4")
def test_one_reminder_then_the_level_above_then_the_named_leader(city: Cast):
    task = sent(city, grounds=[range_of("510104001001")])

    def look_at(hours: float) -> Escalated:
        return escalate_late(at=city.at + timedelta(hours=hours), by=CLOCK)

    assert look_at(5.9) == Escalated(0, 0, 0)
    assert look_at(6) == Escalated(1, 0, 0)
    assert look_at(6.1) == Escalated(0, 0, 0)
    assert messages() == []
    assert look_at(8) == Escalated(0, 1, 0)
    assert look_at(9) == Escalated(0, 0, 0)
    assert messages() == [("510104001:street-office", 1, False)]
    assert look_at(32) == Escalated(0, 0, 1)
    assert look_at(33) == Escalated(0, 0, 0)
    leader = city.accounts["district_head"].display_name
    assert messages()[1:] == [(leader, 1, False)]
    task.refresh_from_db()
    assert task.escalation == 2
    steps = history(task)
    assert [step.state for step in steps] == ["SENT", "REMINDED", "ESCALATED", "NAMED"]
    assert leader in steps[-1].note


@pytest.mark.row("EMG-4")
def test_a_task_is_reminded_of_apart_from_its_due_time(city: Cast):
    task, at = sent(city), city.at + timedelta(hours=1)
    elsewhere = Actor.system("desk clock", ranges=[range_of("510105")])
    with pytest.raises(NotFound):
        remind_of(task, by=elsewhere, at=at)
    assert [step.state for step in history(task)] == ["SENT"]
    remind_of(task, by=CLOCK, at=at)
    assert [(step.state, step.at, step.by_label) for step in history(task)][1:] == [
        ("REMINDED", at, "system: desk clock")
    ]
    task.refresh_from_db()
    assert task.reminded_at is None  # of its due time it is reminded still
    assert escalate_late(at=city.at + timedelta(hours=6), by=CLOCK).reminded == 8
    [entry] = entries_of("desk.remind_of")
    assert (entry.place, entry.drill) == (task.place, False)
    answer_task(task, state="DONE", by=city.worker, at=city.at + timedelta(hours=7))
    with pytest.raises(NotFound):
        remind_of(task, by=CLOCK, at=city.at + timedelta(hours=7))
    assert [step.state for step in history(task)] == ["SENT", "REMINDED", "REMINDED", "DONE"]


def test_a_unit_above_gets_one_notice_for_all_its_late_tasks_and_a_drill_sends_none(city: Cast):
    send(city, admission=admitted(city), drill=True)
    assert escalate_late(at=city.at + timedelta(hours=8), by=CLOCK).raised == 24
    assert len(messages()) == 4 + 8  # streets for communities, communities for compounds
    assert sum(tasks for _unit, tasks, _drill in messages()) == 24
    assert {drill for _unit, _tasks, drill in messages()} == {True}


def test_done_tasks_and_other_ground_are_left_alone(city: Cast):
    task = sent(city)
    answer_task(task, state="DONE", by=city.worker, at=city.at)
    district = Actor.system("clock", ranges=[range_of("510105")])
    assert escalate_late(at=city.at + timedelta(hours=8), by=district).raised == 4
    assert escalate_late(at=city.at + timedelta(hours=8), by=CLOCK).raised == 3


def test_the_job_looks_at_the_city(city: Cast, monkeypatch: pytest.MonkeyPatch):
    sent(city)
    monkeypatch.setattr("qipan.desk.jobs.now", lambda: city.at + timedelta(hours=9))
    assert look() == Escalated(0, 8, 0)


def test_leaders_read_once_are_those_of_access(city: Cast):
    leader_of = leaders_at(city.at)
    for code in ("510104001001001", "510104", "510105002", "5101", "5102"):
        assert leader_of(place_of(code)) == named_leader(place_of(code), at=city.at)
    assert leader_of(place_of("510104001")) == city.post("district_head")
    assert leader_of(place_of("5101")) is None


def test_a_suspended_clock_is_neither_late_nor_escalated_and_gets_its_time_back(city: Cast):
    task = sent(city)
    at = city.at + timedelta(hours=1)
    suspend_task(task, reason="等待检测结果", by=city.city_commander, at=at)
    late = city.at + timedelta(hours=20)
    assert escalate_late(at=late, by=CLOCK).raised == 7
    assert [found.owner_id for found in late_tasks([CITY], at=late)].count(task.owner_id) == 0
    resumed = resume_task(task, by=city.city_commander, at=late)
    assert resumed.due_at == late + timedelta(hours=7)
    assert [step.state for step in history(task)] == ["SENT", "SUSPENDED", "RESUMED"]


def test_only_who_asked_stops_the_clock_and_only_once(city: Cast):
    task = sent(city)

    def refused(act, by: Actor, **given) -> type:
        with pytest.raises(Exception) as caught:
            act(task, by=by, at=city.at, **given)
        return caught.type

    assert refused(suspend_task, city.worker, reason="x") is NotTheAsker
    assert refused(suspend_task, city.neighbour_head, reason="x") is NotFound
    assert refused(suspend_task, city.city_commander, reason=" ") is BadInput
    assert refused(resume_task, city.city_commander) is ClockRuns
    assert TaskStep.objects.count() == 0
    suspend_task(task, reason="x", by=city.city_commander, at=city.at)
    assert refused(suspend_task, city.city_commander, reason="x") is ClockStands
    answer_task(task, state="DONE", by=city.worker, at=city.at)
    assert refused(resume_task, city.city_commander) is TaskIsClosed


@pytest.mark.parametrize(("upheld", "state", "closed"), [(True, "OBJECTED", True), (False, "READ", False)])
def test_the_asker_decides_on_an_objection(city: Cast, upheld: bool, state: str, closed: bool):
    task = sent(city)
    given = {"upheld": upheld, "reason": "清单第三项", "at": city.at}
    with pytest.raises(NoObjection):
        decide_objection(task, by=city.city_commander, **given)
    answer_task(task, state="OBJECTED", note="不是社区的事", by=city.worker, at=city.at)
    with pytest.raises(NotTheAsker):
        decide_objection(task, by=city.worker, **given)
    decided = decide_objection(task, by=city.city_commander, **given)
    assert (decided.state, decided.closed_at is not None, decided.note) == (state, closed, "清单第三项")


@pytest.mark.row("ORG-15")
def test_every_change_of_a_task_has_a_step_with_its_actor_and_time(city: Cast):
    task = sent(city)
    deliver_desk(city.unit("510104001001:community"), by=city.worker, at=city.at + timedelta(minutes=1))
    answer_task(task, state="ACCEPTED", by=city.worker, at=city.at + timedelta(minutes=2))
    escalate_late(at=city.at + timedelta(hours=8), by=CLOCK)
    answer_task(task, state="DONE", note="办结", by=city.worker, at=city.at + timedelta(hours=9))
    steps = history(Task.objects.everywhere("a test").get(pk=task.pk))
    assert [step.state for step in steps] == ["SENT", "DELIVERED", "ACCEPTED", "ESCALATED", "DONE"]
    assert [bool(step.by_label) for step in steps] == [True] * 5
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert steps[0].by_label == city.city_commander.label


def test_counts_of_a_ground(city: Cast):
    at = datetime(2026, 11, 25, 10, tzinfo=get_default_timezone())
    send(
        city,
        admission=admitted(city, valid_to=at + timedelta(days=900), at=at - timedelta(days=1)),
        at=at,
        due_at=at + timedelta(hours=8),
    )
    answer_task(task_of(city, "510104001001:community"), state="DONE", by=city.worker, at=at)
    assert desk_counts([range_of("510104")], at=at) == DeskCounts(open=11, late=0, due_today=11, blocked_units=0)
    later = at + timedelta(hours=9)
    assert desk_counts([range_of("510104001001")], at=later) == DeskCounts(2, 2, 0, 2)
    assert desk_counts([], at=later) == DeskCounts(0, 0, 0, 0)
    assert desk_counts([CITY], at=later, drill=True).open == 0
    assert len(late_tasks([range_of("510104001")], at=later)) == 5


def test_verify_finds_a_task_that_dangles_or_moved_without_a_step(city: Cast):
    task = sent(city)
    answer_task(task, state="READ", by=city.worker, at=city.at)
    assert audit_tasks() == []
    Task.objects.everywhere("a test").filter(pk=task.pk).update(owner_id=987654, state="DONE")
    TaskStep.objects.all().delete()
    assert audit_tasks() == [
        f"task {task.pk} has no owner",
        f"task {task.pk} is done and not closed",
        f"task {task.pk} is further than its moments",
        f"task {task.pk} moved without a step",
    ]
