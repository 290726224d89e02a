"""Every refusal of joint work, and that nothing was written; what a door in between two posts cannot break."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from qipan.desk.api import NotAdmitted, Task, TaskState, receive
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound

from ..actions.calls import accept_call, call_for_problem, call_units, end_call, note_attendance, tell_result
from ..actions.dispatching import NotCooperating, NotItsGround
from ..actions.filing import decline_matter
from ..actions.handling import report_done, verify_matter
from ..actions.hazards import grade_hazard, inspect_hazard
from ..actions.intake import PlaceUnknown
from ..actions.ratings import rate_call
from ..actions.refusing import decide_refusal, refuse_call
from ..actions.sessions import conclude, convene_session, end_session, prepare_session
from ..models import Called
from ..rules import joint, loop
from ..testing import SPOT
from .test_refusals import NOBODY, outsider, refused

HEALTH = "5101:health"


def running(world, *codes, state="DISPATCHED"):
    call = call_units(
        world.matter(state), units=[world.cast.unit(code) for code in codes or [HEALTH]], what="会商",
        meets_where="东门", meets_at=world.later(hours=5), urgency="DANGER", by=world.cast.dispatcher,
        at=world.later(minutes=5),
    )  # fmt: skip
    return call, list(call.called.select_related("call", "unit", "task").order_by("pk"))


@pytest.mark.row("ORG-17", "ORG-8")
def test_a_call_needs_a_right_words_a_meeting_and_legal_units(world):
    matter, at = world.matter("FILED"), world.later(minutes=5)
    good = {
        "units": [world.cast.unit(HEALTH)], "what": "会商", "meets_where": "东门", "meets_at": world.later(hours=5),
        "urgency": "DANGER", "by": world.cast.dispatcher, "at": at,
    }  # fmt: skip
    cases = [
        (NotAllowed, {"by": world.cast.worker}), (NotAllowed, {"by": NOBODY}), (NotAllowed, {"by": world.handler()}),
        (NotFound, {"by": outsider(world.cast.dispatcher)}), (loop.ReasonNeeded, {"what": "  "}),
        (joint.MeetingWrong, {"meets_where": " "}), (joint.MeetingWrong, {"meets_at": at}),
        (joint.MeetingWrong, {"meets_at": at + timedelta(days=31, seconds=1)}), (loop.WrongKind, {"urgency": "SOON"}),
        (joint.NobodyCalled, {"units": []}),
        (joint.CallsItself, {"units": [world.cast.unit("510104001:street-office")]}),
        (NotItsGround, {"units": [world.cast.unit("510105:district-command")]}),
        (NotCooperating, {"units": [world.cast.unit("510104001001:community")]}),
    ]  # fmt: skip
    for refusal, how in cases:
        with refused(refusal):
            call_units(matter, **{**good, **how})
    reported = world.matter("REPORTED")
    with refused(loop.NotNow):
        call_units(reported, **good)
    decline_matter(reported, kind="NOT_FOUND", reason="查无", by=world.cast.dispatcher, at=at)
    with refused(loop.NotNow):
        call_units(reported, **good)
    call_units(matter, **{**good, "meets_at": at + timedelta(days=31)})


def test_a_problem_that_cannot_be_called_for_leaves_no_matter_behind(world):
    good = {
        "category": world.category("02001"), "place": SPOT, "units": [world.cast.unit(HEALTH)], "what": "塌陷",
        "meets_where": "东门", "meets_at": world.later(hours=5), "urgency": "DANGER", "nonce": "n",
        "by": world.cast.dispatcher, "at": world.at,
    }  # fmt: skip
    for refusal, how in (
        (NotAllowed, {"by": world.cast.worker}), (joint.NobodyCalled, {"units": []}),
        (joint.MeetingWrong, {"meets_at": world.at}), (PlaceUnknown, {"by": outsider(world.cast.dispatcher)}),
        (NotCooperating, {"units": [world.cast.unit("510104001001:community")]}),
    ):  # fmt: skip
        with refused(refusal):
            call_for_problem(**{**good, **how})


def test_only_a_called_unit_answers_once_and_names_a_post(world):
    call, _units = running(world)
    mine, at = world.handler(HEALTH), world.later(minutes=9)
    for refusal, how in (
        (joint.NotCalled, {"by": world.handler("5101:finance")}), (NotAllowed, {"by": NOBODY}),
        (NotFound, {"by": outsider(mine)}), (joint.PostNeeded, {"post": " "}), (joint.PostNeeded, {"post": "工号12"}),
    ):  # fmt: skip
        with refused(refusal):
            accept_call(call, **{"post": "值班员", "by": mine, "at": at, **how})
    with refused(loop.ReasonNeeded):
        refuse_call(call, reason=" ", by=mine, at=at)
    with refused(joint.NotCalled):
        tell_result(call, result="已处置", by=mine, at=at)
    accept_call(call, post="值班员", by=mine, at=at)
    with refused(joint.NotCalled):
        accept_call(call, post="值班员", by=mine, at=at)
    with refused(joint.NotCalled):
        refuse_call(call, reason="不去了", by=mine, at=at)
    with refused(loop.ReasonNeeded):
        tell_result(call, result="", by=mine, at=at)


@pytest.mark.parametrize("state", ["ACCEPTED", "DONE", "OBJECTED"])
def test_a_call_is_not_answered_past_its_page(world, state):
    call, (one,) = running(world)
    with_note = [(one.task_id, state, world.later(minutes=9), "值班员")]
    [answer] = receive(with_note, by=world.handler(HEALTH), at=world.later(minutes=9))
    assert (answer.answer, answer.code) == ("refused", "said_on_its_page")
    one.refresh_from_db()
    assert one.accepted_at is None and call.called.get().task.state == TaskState.SENT


def test_one_refusal_and_only_the_lead_body_decides(world):
    call, (one,) = running(world)
    mine, lead, at = world.handler(HEALTH), world.cast.lead, world.later(minutes=9)
    with refused(joint.NoRefusal):
        decide_refusal(one, excused=True, reason="准", by=lead, at=at)
    refuse_call(call, reason="不属本单位", by=mine, at=at)
    with refused(joint.NotCalled):
        accept_call(call, post="值班员", by=mine, at=at)
    with refused(joint.NotCalled):
        refuse_call(call, reason="再说一次", by=mine, at=at)
    with refused(NotAllowed):
        decide_refusal(one, excused=True, reason="准", by=world.cast.dispatcher, at=at)
    with refused(loop.ReasonNeeded):
        decide_refusal(one, excused=True, reason=" ", by=lead, at=at)
    note_attendance(one, came=True, by=world.cast.dispatcher, at=world.later(hours=5))
    with refused(joint.RefusalsOpen):
        end_call(call, result="已处置", by=world.cast.dispatcher, at=world.later(hours=6))
    decide_refusal(one, excused=False, reason="须到场", by=lead, at=world.later(hours=6))
    with refused(joint.NoRefusal):
        decide_refusal(one, excused=True, reason="准", by=lead, at=world.later(hours=6))
    with refused(joint.RefusedOnce):
        refuse_call(call, reason="还是不去", by=mine, at=world.later(hours=6))


def test_only_the_caller_notes_attendance_and_ends(world):
    call, (one,) = running(world)
    dispatcher, met = world.cast.dispatcher, world.later(hours=5)
    with refused(joint.NotMetYet):
        note_attendance(one, came=True, by=dispatcher, at=met - timedelta(seconds=1))
    for by in (world.cast.district_head, world.cast.lead):
        with refused(joint.NotTheCaller):
            note_attendance(one, came=True, by=by, at=met)
        with refused(joint.NotTheCaller):
            end_call(call, result="已处置", by=by, at=met)
    with refused(NotAllowed):
        note_attendance(one, came=True, by=world.handler(HEALTH), at=met)
    with refused(NotFound):
        note_attendance(one, came=True, by=outsider(dispatcher), at=met)
    with refused(joint.AttendanceOpen):
        end_call(call, result="已处置", by=dispatcher, at=met)
    with refused(joint.CallNotOver):
        rate_call(one, first=3, second=3, words="好", by=dispatcher, at=met)
    note_attendance(one, came=True, by=dispatcher, at=met)
    with refused(loop.ReasonNeeded):
        end_call(call, result=" ", by=dispatcher, at=met)
    end_call(call, result="已处置", by=dispatcher, at=met)
    for act in (
        lambda: end_call(call, result="又", by=dispatcher, at=met),
        lambda: note_attendance(one, came=False, by=dispatcher, at=met),
        lambda: accept_call(call, post="值班员", by=world.handler(HEALTH), at=met),
        lambda: refuse_call(call, reason="不去", by=world.handler(HEALTH), at=met),
        lambda: tell_result(call, result="x", by=world.handler(HEALTH), at=met),
    ):
        with refused(joint.CallIsOver):
            act()
    for how in ({"first": 0}, {"second": 6}, {"words": " "}):
        with refused(joint.ScaleWrong):
            rate_call(one, **{"first": 3, "second": 3, "words": "好", "by": dispatcher, "at": met, **how})
    with refused(joint.NotCalled):
        rate_call(one, first=3, second=3, words="好", by=world.handler("5101:finance"), at=met)
    rate_call(one, first=3, second=3, words="好", by=dispatcher, at=met)
    with refused(joint.RatedOnce):
        rate_call(one, first=5, second=5, words="很好", by=dispatcher, at=met)


def test_a_unit_is_called_once_in_a_call_even_past_the_act(world):
    call, (one,) = running(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Called.objects.create(call=call, unit=one.unit, task=one.task)


@pytest.mark.row("MAT-11")
def test_a_hazard_needs_a_grade_a_measure_and_eyes_that_did_not_handle_it(world):
    matter, by, at = world.matter("DISPATCHED"), world.cast.dispatcher, world.later(minutes=5)
    with refused(joint.NotAHazard):
        inspect_hazard(matter, remedied=False, note="看过", by=by, at=at)
    for refusal, how in (
        (NotAllowed, {"by": world.handler()}), (NotFound, {"by": outsider(by)}), (joint.GradeWrong, {"grade": "BIG"}),
        (loop.ReasonNeeded, {"measure": " "}),
    ):  # fmt: skip
        with refused(refusal):
            grade_hazard(matter, **{"grade": "MAJOR", "measure": "围挡", "by": by, "at": at, **how})
    reported = world.matter("REPORTED")
    with refused(loop.NotNow):
        grade_hazard(reported, grade="MAJOR", measure="围挡", by=by, at=at)
    grade_hazard(matter, grade="MAJOR", measure="围挡", by=by, at=at)
    with refused(loop.NotNow):  # the handler has not even reported it done
        inspect_hazard(matter, remedied=True, note="没了", by=by, at=at)
    with refused(loop.ReasonNeeded):
        inspect_hazard(matter, remedied=False, note=" ", by=by, at=at)
    report_done(matter, kind="SOLVED", result="已修", by=world.handler(account=77), at=at)
    verifying = {"acts": by.acts}
    with refused(loop.HandlerVerifies):  # the handler's unit, whatever its post gives
        inspect_hazard(matter, remedied=True, note="没了", by=replace(world.handler(account=5), **verifying), at=at)
    with refused(loop.HandlerVerifies):  # the same person at another desk
        inspect_hazard(matter, remedied=True, note="没了", by=replace(by, account_id=77), at=at)
    with refused(joint.NotReinspected):
        verify_matter(matter, by=by, at=at)
    inspect_hazard(matter, remedied=True, note="没了", by=by, at=at)
    verify_matter(matter, by=by, at=at)
    with refused(loop.NotNow):
        grade_hazard(matter, grade="MAJOR", measure="围挡", by=by, at=at)


@pytest.mark.row("ORG-13")
def test_a_session_is_the_lead_bodys_and_gives_nobody_work_past_the_gate(world):
    lead, at = world.cast.lead, world.later(minutes=5)
    with refused(NotAllowed):
        prepare_session(by=world.cast.dispatcher, at=at)
    session = prepare_session(by=lead, at=at)
    health = world.cast.unit(HEALTH)
    meeting = {"units": [health], "meets_where": "三楼", "meets_at": world.later(days=1), "by": lead, "at": at}
    for refusal, how in (
        (NotAllowed, {"by": world.cast.dispatcher}), (joint.NobodyCalled, {"units": []}),
        (joint.MeetingWrong, {"meets_at": at}), (joint.CallsItself, {"units": [world.cast.unit("5101:lead-body")]}),
        (NotCooperating, {"units": [world.cast.unit("510104001001:community")]}),
    ):  # fmt: skip
        with refused(refusal):
            convene_session(session, **{**meeting, **how})
    agreed = {"text": "修订清单", "owner": health, "due_at": world.later(days=7), "by": lead, "at": at}
    other = prepare_session(by=lead, at=world.later(days=7))
    for refusal, how in (
        (NotAllowed, {"by": world.cast.dispatcher}), (joint.NothingAgreed, {"text": " "}),
        (joint.NothingAgreed, {"due_at": at}), (NotAdmitted, {"owner": world.cast.unit("510104001001:community")}),
    ):  # fmt: skip
        with refused(refusal):
            conclude(session, **{**agreed, **how})
    world.matter("FILED")
    call = convene_session(session, **meeting)
    with refused(joint.ConvenedAlready):
        convene_session(session, **meeting)
    with refused(joint.MinutesNeeded):
        end_session(session, minutes=" ", by=lead, at=at)
    with refused(joint.AttendanceFirst):
        end_session(session, minutes="已议", by=lead, at=at)
    note_attendance(call.called.select_related("call").get(), came=False, by=lead, at=world.later(days=1))
    end_call(call, result="已议", by=lead, at=world.later(days=1))
    end_session(session, minutes="已议", by=lead, at=world.later(days=1))
    for act in (
        lambda: conclude(session, **agreed),
        lambda: convene_session(session, **meeting),
        lambda: end_session(session, minutes="x", by=lead, at=world.later(days=2)),
    ):
        with refused(joint.SessionIsOver):
            act()
    assert other.ended_at is None


def test_what_is_called_for_a_place_is_unseen_elsewhere(world):
    call, (one,) = running(world)
    away = Actor(label="x", acts=world.cast.dispatcher.acts, scope=Scope((range_of("510105"),)), unit_id=one.unit_id)
    for act in (
        lambda: end_call(call, result="x", by=away, at=world.later(hours=6)),
        lambda: decide_refusal(one, excused=True, reason="x", by=away, at=world.later(hours=6)),
        lambda: rate_call(one, first=3, second=3, words="x", by=away, at=world.later(hours=6)),
    ):
        with refused(NotFound):
            act()
    assert Task.objects.everywhere("a test").filter(source__startswith="call:").count() == 1
