"""The whistle of 30 minutes and the record of the site meeting: who is told of silence, what is agreed, what it blocks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.utils.timezone import localtime
from hypothesis import given
from hypothesis import strategies as st

from qipan.desk.api import Task, TaskState, answer_task
from qipan.kernel.clock import now

from ..actions.calls import accept_call, call_units, end_call, note_attendance
from ..actions.dispatching import add_cooperating, dispatch_matter, finish_part
from ..actions.filing import shelve_matter
from ..actions.handling import report_done
from ..actions.meetings import agree, record_meeting, take_back
from ..actions.refusing import refuse_call
from ..jobs import tell_silences
from ..models import Agreed, Call, Called, MatterStep
from ..queries.audits import audit_counts, audit_matters
from ..queries.patterns import agreed_late, calls_of
from ..rules import joint, limits
from ..rules.loop import PartsOpen, ReasonNeeded

FIRE, HEALTH, LIGHTS = "5101:fire-rescue", "5101:health", "5101:urban-management"


def tasks_of(prefix: str) -> list[Task]:
    rows = Task.objects.everywhere("a test").select_related("owner").filter(source__startswith=prefix)
    return list(rows.order_by("pk"))


def whistle(world, matter, *codes, **how):
    given = {
        "what": "现场会商", "meets_where": "东门", "meets_at": world.later(hours=1), "urgency": "AT_ONCE",
        "by": world.cast.dispatcher, "at": world.later(minutes=5),
    }  # fmt: skip
    return call_units(matter, units=[world.cast.unit(code) for code in codes], **{**given, **how})


def part_of(call: Call, code: str) -> Called:
    return call.called.select_related("call", "unit", "task").get(unit__code=code)


@given(st.integers(1, 9999), st.integers(0, 50_000))
def test_minutes_are_a_limit_of_the_clock(n, later):
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=later)
    assert limits.due(f"{n}m", at) == at + timedelta(minutes=n)
    assert limits.due("60m", at) == limits.due("1h", at)
    assert limits.clock_of(f"{n}m") == "CLOCK_HOURS"


@pytest.mark.parametrize("wrong", ["0m", "m", "30", "30mm", "30M", "1.5m", "99999m", "-3m", "3hm"])
def test_what_is_no_limit_is_refused(wrong):
    with pytest.raises(ValueError):
        limits.due(wrong, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.row("MAT-2")
def test_a_call_to_the_fire_service_without_answer_for_30_minutes_is_on_the_district_commands_desk(world):
    matter = world.matter("DISPATCHED")
    call = whistle(world, matter, FIRE, HEALTH)
    assert call.respond_by == world.later(minutes=35)
    accept_call(call, post="值班医生", by=world.handler(HEALTH), at=world.later(minutes=20))
    assert tell_silences(at=world.later(minutes=34)) == 0
    assert tell_silences(at=world.later(minutes=35)) == 1
    assert tell_silences(at=world.later(minutes=36)) == 0  # once
    [told] = tasks_of("silent:")
    silent = part_of(call, FIRE)
    assert (told.owner.code, told.source) == ("510104:district-command", f"silent:{call.pk}:{silent.pk}")
    assert silent.unit.label in told.title and told.due_at == world.later(minutes=65)
    assert silent.silent_at == world.later(minutes=35)
    [step] = MatterStep.objects.filter(matter=matter, kind="SILENT")
    assert (step.unit.code, step.note) == (FIRE, world.cast.unit("510104:district-command").label)
    [notice] = apps.get_model("journal.Message").objects.filter(payload__what="call.silent")
    assert (notice.payload["unit"], notice.payload["silent"]) == ("510104:district-command", FIRE)
    # Its answer takes it off the desk again.
    accept_call(call, post="指挥员", by=world.handler(FIRE), at=world.later(minutes=50))
    [told] = tasks_of("silent:")
    assert (told.state, told.closed_at) == (TaskState.RECALLED, world.later(minutes=50))
    assert audit_counts() == [] and audit_matters() == []


def test_who_refused_in_time_is_not_silent_and_an_ended_call_tells_nobody(world):
    matter = world.matter("DISPATCHED")
    call = whistle(world, matter, FIRE, HEALTH)
    refuse_call(call, reason="正在处置他事", by=world.handler(HEALTH), at=world.later(minutes=6))
    assert tell_silences(at=world.later(hours=1)) == 1
    assert [step.unit.code for step in MatterStep.objects.filter(kind="SILENT").select_related("unit")] == [FIRE]
    other = whistle(world, matter, LIGHTS, at=world.later(minutes=5))
    note_attendance(part_of(other, LIGHTS), came=True, by=world.cast.dispatcher, at=world.later(hours=1))
    end_call(other, result="已处置", by=world.cast.dispatcher, at=world.later(hours=1))
    assert tell_silences(at=world.later(hours=2)) == 0


def test_the_silence_of_the_level_above_itself_is_told_one_higher(world):
    call = whistle(world, world.matter("DISPATCHED"), "510104:district-command")
    assert tell_silences(at=world.later(hours=1)) == 1
    assert [task.owner.code for task in tasks_of(f"silent:{call.pk}")] == ["5101:city-command"]


def met(world, matter):
    """A site meeting to which one came and one did not."""
    call = whistle(world, matter, HEALTH, FIRE)
    note_attendance(part_of(call, HEALTH), came=True, by=world.cast.dispatcher, at=world.later(hours=1))
    note_attendance(part_of(call, FIRE), came=False, by=world.cast.dispatcher, at=world.later(hours=1))
    return call


@pytest.mark.row("MAT-4", "ORG-8")
def test_what_a_site_meeting_agrees_on_is_done_before_the_handler_reports_done(world):
    matter, by, at = world.matter("DISPATCHED"), world.cast.dispatcher, world.later(hours=1, minutes=10)
    add_cooperating(matter, unit=world.cast.unit(FIRE), by=by, at=world.later(minutes=3))
    call = met(world, matter)
    record_meeting(call, found="墙体外倾十厘米", by=by, at=at)
    record_meeting(call, found="墙体外倾十二厘米，树根顶起", by=by, at=at)
    due = world.later(hours=20)
    agree(call, text="封控墙外通道", owner=world.cast.unit(HEALTH), due_at=due, by=by, at=at)
    own = agree(call, text="通知住户绕行", owner=call.caller, due_at=world.later(hours=3), by=by, at=at)
    first, second = tasks_of("agreed:")
    assert (first.owner.code, first.due_at, first.title, first.source) == (
        HEALTH,
        due,
        "封控墙外通道",
        f"agreed:{call.pk}:1",
    )
    assert second.owner_id == call.caller_id and "现场会商" in second.basis
    end_call(call, result="已议定", by=by, at=world.later(hours=2))
    fresh = Call.objects.everywhere("a test").get(pk=call.pk)
    assert fresh.found == "墙体外倾十二厘米，树根顶起"
    # Late, it blocks the matter by its unit; open, the handler cannot report done.
    assert [one.unit.pk for one in agreed_late(calls_of(matter), at=world.later(hours=4))] == [call.caller_id]
    done = {"kind": "SOLVED", "result": "已拆除", "by": world.handler(LIGHTS)}
    with pytest.raises(PartsOpen) as refused:
        report_done(matter, **done, at=world.later(hours=5))
    for unit in (world.cast.unit(FIRE), world.cast.unit(HEALTH), call.caller):
        assert unit.label in str(refused.value)
    finish_part(matter, result="已移除树木", by=world.handler(FIRE), at=world.later(hours=5))
    answer_task(first, state=TaskState.DONE, note="已封控", by=world.handler(HEALTH), at=world.later(hours=6))
    with pytest.raises(PartsOpen):
        report_done(matter, **done, at=world.later(hours=6))
    take_back(own, reason="住户已知悉", by=by, at=world.later(hours=7))
    assert report_done(matter, **done, at=world.later(hours=8)).state == "DONE"
    kinds = list(matter.steps.order_by("pk").values_list("kind", "unit__code"))
    office = call.caller.code
    assert [row for row in kinds if row[0] in ("RECORDED", "AGREED", "TAKEN_BACK")] == [
        ("RECORDED", office), ("RECORDED", office), ("AGREED", HEALTH), ("AGREED", office), ("TAKEN_BACK", office),
    ]  # fmt: skip
    assert audit_counts() == [] and audit_matters() == []


@pytest.mark.row("MAT-4")
def test_a_record_is_refused_before_the_meeting_by_others_and_with_holes(world):
    matter, by, at = world.matter("DISPATCHED"), world.cast.dispatcher, world.later(hours=1)
    call = met(world, matter)
    good = {"text": "封控", "owner": world.cast.unit(HEALTH), "due_at": world.later(hours=3), "by": by, "at": at}
    steps = MatterStep.objects.count()
    early = world.later(minutes=50)
    for act, error in (
        (lambda: record_meeting(call, found="x", by=by, at=early), joint.NotRecordedYet),
        (lambda: record_meeting(call, found=" ", by=by, at=at), ReasonNeeded),
        (lambda: record_meeting(call, found="x", by=world.cast.lead, at=at), joint.NotTheCaller),
        (lambda: agree(call, **{**good, "at": early}), joint.NotRecordedYet),
        (lambda: agree(call, **{**good, "text": " "}), joint.NothingAgreed),
        (lambda: agree(call, **{**good, "due_at": at}), joint.NothingAgreed),
        (lambda: agree(call, **{**good, "owner": world.cast.unit(FIRE)}), joint.NotAtTheMeeting),  # it did not come
        (lambda: agree(call, **{**good, "owner": world.cast.unit(LIGHTS)}), joint.NotAtTheMeeting),
        (lambda: agree(call, **{**good, "by": world.cast.lead}), joint.NotTheCaller),
    ):
        with pytest.raises(error):
            act()
    assert not Agreed.objects.exists() and tasks_of("agreed:") == []
    one = agree(call, **good)
    for act, error in (
        (lambda: take_back(one, reason="", by=by, at=at), ReasonNeeded),
        (lambda: take_back(one, reason="x", by=world.cast.lead, at=at), joint.NotTheCaller),
    ):
        with pytest.raises(error):
            act()
    assert tasks_of("agreed:")[0].closed_at is None
    take_back(one, reason="不需要", by=by, at=at)
    with pytest.raises(joint.NothingToTakeBack):
        take_back(one, reason="再次", by=by, at=at)
    end_call(call, result="已议", by=by, at=at)
    with pytest.raises(joint.CallIsOver):
        agree(call, **good)
    assert MatterStep.objects.count() == steps + 3  # agreed, taken back, ended


def test_a_shelved_matter_waits_for_nothing_that_was_agreed(world):
    matter, by = world.matter("DISPATCHED"), world.cast.dispatcher
    call = met(world, matter)
    agree(call, text="封控", owner=call.caller, due_at=world.later(hours=9), by=by, at=world.later(hours=2))
    shelve_matter(
        matter, reason="资金未到", plan="列入明年", review_at=world.later(days=30), by=by, at=world.later(hours=3)
    )
    assert [task.state for task in tasks_of("agreed:")] == [TaskState.RECALLED]


@pytest.mark.row("MAT-2", "MAT-4")
def test_the_record_is_written_shown_and_printed_on_the_calls_page(world):
    world.cast.at = now().replace(microsecond=0) - timedelta(hours=2)
    matter, client = world.matter("DISPATCHED"), world.cast.client("dispatcher")
    form = client.get(f"/matters/{matter.pk}/call").content.decode()
    assert '<option value="AT_ONCE">险情正在发生：30分钟内应答</option>' in form
    assert '<option value="PRESSING" selected>' in form  # nobody whistles for 30 minutes by mistake
    call = met(world, matter)
    address = f"/calls/{call.pk}"
    page = client.get(address).content.decode()
    assert "记录现场情况" in page and "写下议定事项" in page and "data-print" in page
    assert f'<option value="{HEALTH}">' in page and f'<option value="{FIRE}">' not in page
    assert client.post(f"{address}/record", {"found": ""}).status_code == 400
    assert client.post(f"{address}/record", {"found": "墙体外倾"}).status_code == 302
    due = localtime(now() + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")
    agreed = {"text": "封控通道", "owner": HEALTH, "due_at": due}
    assert client.post(f"{address}/agree", {**agreed, "owner": FIRE}).status_code == 400
    assert client.post(f"{address}/agree", {**agreed, "due_at": "x"}).status_code == 400
    assert client.post(f"{address}/agree", agreed).status_code == 302
    [one] = Agreed.objects.all()
    for shown in (client.get(address).content.decode(), client.get(f"/matters/{matter.pk}").content.decode()):
        assert "墙体外倾" in shown and "封控通道" in shown
    department = world.cast.client("department")
    assert "撤回" not in department.get(address).content.decode()
    assert department.post(f"{address}/take_back", {"agreed": one.pk, "reason": "x"}).status_code == 403
    assert client.post(f"{address}/take_back", {"agreed": one.pk + 9, "reason": "x"}).status_code == 404
    assert client.post(f"{address}/take_back", {"agreed": one.pk, "reason": "不需要"}).status_code == 302
    assert "不需要" in client.get(address).content.decode()
    english = client.get(address, headers={"Accept-Language": "en"}).content.decode()
    assert "What was found" in english and "Agreed at the site meeting" in english


def test_a_dispatch_after_the_meeting_is_bound_by_what_was_agreed(world):
    matter, by = world.matter("FILED"), world.cast.dispatcher
    call = met(world, matter)
    agree(call, text="封控", owner=call.caller, due_at=world.later(hours=9), by=by, at=world.later(hours=2))
    dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=by, at=world.later(hours=3))
    with pytest.raises(PartsOpen):
        report_done(matter, kind="SOLVED", result="已处理", by=world.handler(), at=world.later(hours=4))
