"""Street calls, hazards, hot spots, orphans and review sessions: what happens, by when, and who sees it."""

from datetime import timedelta

import pytest
from django.apps import apps

from qipan.access.api import Post
from qipan.desk.api import Task, TaskState, answer_task, escalate_late, history
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.rate import Rate

from ..actions.calls import accept_call, call_for_problem, call_units, end_call, note_attendance, tell_result
from ..actions.dispatching import add_cooperating, arbitrate_matter, dispatch_matter, object_to_matter
from ..actions.filing import review_shelved, shelve_matter
from ..actions.handling import report_done, send_back, verify_matter
from ..actions.hazards import grade_hazard, inspect_hazard
from ..actions.ratings import rate_call
from ..actions.refusing import decide_refusal, refuse_call
from ..actions.sessions import conclude, convene_session, end_session, prepare_session
from ..actions.times import ask_time, decide_time
from ..jobs import follow_hazards, look
from ..models import Called, Conclusion, Handling, Hazard, Matter, ReviewSession
from ..queries.audits import audit_counts, audit_matters
from ..queries.figures import figures
from ..queries.patterns import alarms, calls_of, hot_spots, orphans, silent, unit_counts
from ..queries.reading import blocked_by
from ..testing import SPOT

CITY = [range_of("5101")]
CLOCK = Actor.system("clock", ranges=CITY)
GREENING, LIGHTS = "5101:parks", "5101:urban-management"


def task_of(source: str) -> Task:
    return Task.objects.everywhere("a test").select_related("owner").get(source=source)


def called(world, matter, *codes, **how):
    given = {
        "what": "墙体倾斜，现场会商", "meets_where": "小区东门", "meets_at": world.later(hours=5), "urgency": "DANGER",
        "by": world.cast.dispatcher, "at": world.later(minutes=5),
    }  # fmt: skip
    call = call_units(matter, units=[world.cast.unit(code) for code in codes], **{**given, **how})
    return call, list(call.called.select_related("call", "unit", "task").order_by("pk"))


@pytest.mark.row("MAT-2", "ORG-8", "ORG-17")
def test_a_street_call_from_whistle_to_both_sides_ratings(world):
    matter = world.matter("DISPATCHED")
    call, (health, fire) = called(world, matter, "5101:health", "5101:emergency")
    dispatcher = world.cast.dispatcher
    # Within two hours, on each unit's desk, with who asks and why.
    assert call.respond_by == world.later(hours=2, minutes=5)
    task = task_of(f"call:{call.pk}:{health.unit_id}")
    assert (task.owner.code, task.asker_id, task.due_at) == ("5101:health", call.caller_id, call.respond_by)
    assert matter.number in task.title and "墙体倾斜" in task.basis
    # One is coming in time, the other stays silent: the matter says by whom it is blocked.
    part = accept_call(call, post="值班医生", by=world.handler("5101:health"), at=world.later(minutes=20))
    assert (part.post, part.accepted_at) == ("值班医生", world.later(minutes=20))
    assert task_of(task.source).state == TaskState.ACCEPTED
    assert task_of(task.source).due_at == call.meets_at + timedelta(hours=24)
    assert silent(calls_of(matter), at=world.later(hours=2)) == []
    assert [one.unit.code for one in silent(calls_of(matter), at=world.later(hours=3))] == ["5101:emergency"]
    accept_call(call, post="值班员", by=world.handler(fire.unit.code), at=world.later(hours=3))
    # They meet: the caller says who came, each says what it did, the caller what came of it.
    note_attendance(health, came=True, by=dispatcher, at=world.later(hours=5))
    note_attendance(fire, came=True, by=dispatcher, at=world.later(hours=5))
    note_attendance(fire, came=False, by=dispatcher, at=world.later(hours=5, minutes=1))
    tell_result(call, result="已处置伤员", by=world.handler("5101:health"), at=world.later(hours=6))
    ended = end_call(call, result="已支护，无人受伤", by=dispatcher, at=world.later(hours=7))
    assert (ended.result, ended.ended_at) == ("已支护，无人受伤", world.later(hours=7))
    assert task_of(task.source).state == TaskState.DONE
    assert task_of(f"call:{call.pk}:{fire.unit_id}").state == TaskState.RECALLED
    # Both sides rate, each once, two scales and one sentence.
    rate_call(health, first=5, second=4, words="到场及时", by=dispatcher, at=world.later(hours=8))
    rate_call(
        health, first=2, second=3, words="其实不需要我们", by=world.handler("5101:health"), at=world.later(hours=8)
    )
    assert sorted(health.ratings.values_list("side", "first", "second")) == [("CALLED", 2, 3), ("CALLER", 5, 4)]
    counts = {
        one.unit.code: (one.in_time, one.came, one.refused, one.needless)
        for one in unit_counts(CITY, since=world.at.date().replace(day=1), until=world.later(days=40).date())
    }
    assert counts == {
        "5101:emergency": (Rate(0, 1), Rate(0, 1), Rate(0, 1), Rate(0, 0)),
        "5101:health": (Rate(1, 1), Rate(1, 1), Rate(0, 1), Rate(0, 0)),
        "510104001:street-office": (Rate(0, 0), Rate(0, 0), Rate(0, 0), Rate(1, 1)),
    }
    kinds = list(matter.steps.order_by("pk").values_list("kind", flat=True))
    assert kinds[kinds.index("CALLED") :] == [
        "CALLED", "CALLED", "COMING", "COMING", "CAME", "CAME", "CAME", "CAME", "ON_SPOT", "CALL_ENDED", "RATED", "RATED",
    ]  # fmt: skip
    assert all(step.by_label for step in matter.steps.all())
    assert audit_counts() == [] and audit_matters() == []


@pytest.mark.row("ORG-17")
def test_a_summoned_organ_that_is_silent_for_24_hours_is_shown_one_level_up(world):
    matter = world.matter("FILED")
    call, (one,) = called(
        world, matter, "5101:health", by=world.cast.lead, urgency="PRESSING", meets_at=world.later(days=3)
    )
    assert call.respond_by == world.later(days=1, minutes=5)
    escalate_late(at=world.later(hours=23), by=CLOCK)
    assert task_of(one.task.source).escalation == 0
    escalate_late(at=world.later(hours=25), by=CLOCK)
    late = task_of(one.task.source)
    assert late.escalation == 1
    assert [step.state for step in history(late)][-1] == "ESCALATED"
    assert apps.get_model("journal.Message").objects.filter(payload__unit=late.owner.parent.code).count() == 1


@pytest.mark.row("FRC-2")
def test_a_matter_blocked_for_a_day_goes_to_the_areas_sponsor_by_name(world):
    leader = Post.objects.everywhere("a test").get(pk=world.cast.district_head.post_id)
    leader.sponsors_area = True
    leader.save()
    matter = world.matter("FILED")
    _call, (one,) = called(world, matter, "5101:health")
    escalate_late(at=world.later(hours=3), by=CLOCK)
    escalate_late(at=world.later(hours=27), by=CLOCK)
    assert task_of(one.task.source).escalation == 2
    assert leader.account.display_name in [step.note for step in history(task_of(one.task.source))][-1]


@pytest.mark.row("ORG-8")
def test_one_lead_and_three_cooperating_one_late_blocks_the_matter(world):
    matter = world.matter("DISPATCHED")
    codes = ["5101:health", "5101:emergency", "510104:district-command"]
    for n, code in enumerate(codes):
        add_cooperating(
            matter, unit=world.cast.unit(code), due_at=world.later(hours=2 + 40 * n), note="请配合",
            by=world.cast.dispatcher, at=world.later(minutes=2),
        )  # fmt: skip
    dues = {part.unit.code: part.task.due_at for part in matter.handlings.filter(part="COOPERATING")}
    assert dues == {code: world.later(hours=2 + 40 * n) for n, code in enumerate(codes)}
    blocking = [part.unit.code for part in blocked_by(matter, at=world.later(hours=3))]
    assert blocking == ["5101:health"]


def test_a_problem_without_a_matter_becomes_one_with_its_call(world):
    given = {
        "category": world.category("02001"), "place": SPOT, "units": [world.cast.unit("5101:health")],
        "what": "路面塌陷，需现场会商", "meets_where": "东门", "meets_at": world.later(hours=3), "urgency": "DANGER",
        "nonce": "one-form", "by": world.cast.dispatcher, "at": world.at,
    }  # fmt: skip
    call = call_for_problem(**given)
    assert (call.matter.state, call.matter.channel, call.matter.reports.get().text) == (
        "FILED", "OFFICE", "路面塌陷，需现场会商",
    )  # fmt: skip
    assert call_for_problem(**given).pk == call.pk
    assert Matter.objects.everywhere("a test").count() == Called.objects.count() == 1


def test_a_refusal_goes_to_the_lead_body_which_excuses_or_sends(world):
    matter, lead = world.matter("FILED"), world.cast.lead
    call, (health, fire) = called(world, matter, "5101:health", "5101:emergency")
    for one in (health, fire):
        refuse_call(call, reason="不属本单位职责", by=world.handler(one.unit.code), at=world.later(minutes=9))
    asked = task_of(f"call:{call.pk}:refusal:{health.pk}")
    assert asked.owner.organ_type.is_lead and health.unit.label in asked.title
    decide_refusal(health, excused=True, reason="确非其责", by=lead, at=world.later(minutes=20))
    decide_refusal(fire, excused=False, reason="清单在列", by=lead, at=world.later(minutes=20))
    assert task_of(asked.source).state == TaskState.RECALLED
    states = {one.unit.code: (one.excused, one.task.state, one.task.closed_at is None) for one in call.called.all()}
    assert states == {"5101:health": (True, "OBJECTED", False), "5101:emergency": (False, "READ", True)}
    accept_call(call, post="值班员", by=world.handler(fire.unit.code), at=world.later(minutes=30))
    note_attendance(fire, came=True, by=world.cast.dispatcher, at=world.later(hours=5))
    end_call(call, result="已处置", by=world.cast.dispatcher, at=world.later(hours=6))
    rows = unit_counts(CITY, since=world.at.date().replace(day=1), until=world.later(days=40).date())
    assert {one.unit.code: one.refused for one in rows if one.refused.whole} == {
        "5101:health": Rate(1, 1), "5101:emergency": Rate(1, 1),
    }  # fmt: skip
    assert audit_counts() == []


@pytest.mark.row("MAT-11")
@pytest.mark.parametrize(
    ("grade", "remedy", "inspect"),
    [("EXTREME", 24, 12), ("MAJOR", 168, 24), ("LARGER", 360, 72), ("ORDINARY", 720, 168)],
)
def test_a_hazard_has_times_by_its_grade(world, grade, remedy, inspect):
    matter = world.matter("FILED")
    hazard = grade_hazard(matter, grade=grade, measure="已拉警戒线", by=world.cast.dispatcher, at=world.at)
    assert (hazard.remedy_by, hazard.look.due_at) == (world.later(hours=remedy), world.later(hours=inspect))
    # Who gets it afterwards has until then.
    dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=world.cast.dispatcher, at=world.later(minutes=1))
    assert matter.handlings.get().task.due_at == world.later(hours=remedy)


@pytest.mark.row("MAT-11")
def test_a_major_hazard_is_inspected_until_another_has_seen_it_gone_and_late_is_escalated(world):
    matter, by = world.matter("FILED"), world.cast.dispatcher
    hazard = grade_hazard(matter, grade="MAJOR", measure="已拉警戒线", by=by, at=world.at)
    assert (hazard.look.owner.code, hazard.look.source) == ("510104001:street-office", f"hazard:{matter.pk}:1")
    escalate_late(at=world.later(hours=25), by=CLOCK)
    assert task_of(hazard.look.source).escalation == 1  # re-inspection overdue
    inspect_hazard(matter, remedied=False, note="仍倾斜", by=by, at=world.later(hours=26))
    assert task_of(f"hazard:{matter.pk}:1").state == TaskState.DONE
    assert task_of(f"hazard:{matter.pk}:2").due_at == world.later(hours=50)
    dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=by, at=world.later(hours=27))
    report_done(matter, kind="SOLVED", result="已拆除", by=world.handler(LIGHTS), at=world.later(hours=30))
    fresh = inspect_hazard(matter, remedied=True, note="已不存在", by=by, at=world.later(hours=31))
    assert (fresh.remedied_at, fresh.look) == (world.later(hours=31), None)
    assert verify_matter(matter, by=by, at=world.later(hours=32)).state == "VERIFIED"
    assert follow_hazards(at=world.later(hours=33)) == 0
    assert audit_counts() == []


@pytest.mark.row("MAT-11")
def test_a_hazard_follows_its_matter(world):
    matter, by = world.matter("DISPATCHED"), world.cast.dispatcher
    grade_hazard(matter, grade="LARGER", measure="已封闭", by=by, at=world.later(minutes=5))
    report_done(matter, kind="SOLVED", result="已修", by=world.handler(), at=world.later(minutes=6))
    inspect_hazard(matter, remedied=True, note="看过", by=by, at=world.later(minutes=7))
    send_back(matter, reason="又松动了", by=by, at=world.later(minutes=8))
    assert follow_hazards(at=world.later(minutes=9)) == 1
    again = Hazard.objects.get(matter=matter)
    assert again.remedied_at is None and again.look.closed_at is None
    assert follow_hazards(at=world.later(minutes=10)) == 0
    # Its matter has ended in another way: nobody inspects it any more.
    report_done(matter, kind="EXPLAINED", result="产权单位自行处理", by=world.handler(), at=world.later(minutes=11))
    inspect_hazard(matter, remedied=True, note="看过", by=by, at=world.later(minutes=12))
    verify_matter(matter, by=by, at=world.later(minutes=13))
    look(at=world.later(days=8))
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).state == "CLOSED"
    assert follow_hazards(at=world.later(days=8)) == 0


@pytest.mark.row("ORG-13")
def test_three_matters_in_30_days_at_one_compound_are_one_hot_spot(world):
    door = SPOT + 3
    own = [
        world.reported("02001", place=SPOT, at=world.later(days=-29)).matter,
        world.reported("01003", place=door).matter,
        world.reported("02001", place=door, at=world.later(days=-1)).matter,
    ]
    world.reported("01003", place=SPOT, at=world.later(days=-30))  # 30 days ago, too old
    for n in range(2):
        world.reported("01003", place=SPOT + 10_000 + n)  # the next compound: two only
    [spot] = hot_spots(CITY, at=world.later(minutes=1))
    assert (spot.site, spot.matters, spot.points) == ((SPOT, 0), tuple(one.pk for one in own), ())
    more = world.reported("02001", place=door).matter
    [spot] = hot_spots(CITY, at=world.later(minutes=1))
    assert (set(spot.matters), spot.points) == ({one.pk for one in own} | {more.pk}, ((door, 3),))
    assert hot_spots([range_of("510105")], at=world.later(minutes=1)) == []


def bounced(world, times=1, code="01003", first=LIGHTS, to="5101:emergency"):
    matter = world.matter("DISPATCHED", code, first)
    object_to_matter(matter, reason="非我职责", by=world.handler(first), at=world.later(minutes=3))
    arbitrate_matter(
        matter, unit=world.cast.unit(first), reason="依清单", by=world.cast.lead, at=world.later(minutes=4)
    )
    return matter


@pytest.mark.row("ORG-9")
def test_a_type_returned_five_times_is_on_the_weekly_agenda_with_its_matters(world):
    first = bounced(world)
    assert orphans(CITY, at=world.later(minutes=5)) == []
    matters = [first, *(bounced(world) for _n in range(4))]
    [one] = orphans(CITY, at=world.later(minutes=5))
    assert (one.category, one.returned, one.organs) == ("01003", 5, (LIGHTS,))
    assert one.matters == tuple(matter.pk for matter in matters)
    assert orphans(CITY, at=world.later(days=91)) == []
    session = prepare_session(by=world.cast.lead, at=world.later(minutes=6))
    item = session.items.get(kind="ORPHAN")
    assert (item.n, item.facts["returned"], item.category.code) == (5, 5, "01003")
    assert list(item.matters.within(world.cast.lead.scope).order_by("pk")) == matters
    asked = task_of(f"review:{session.pk}")
    assert asked.owner.organ_type.is_lead and "2" in asked.title  # this type, and their hot spot
    # The same week again is the same session.
    assert prepare_session(by=world.cast.lead, at=world.later(minutes=30)).pk == session.pk
    assert ReviewSession.objects.count() == 1


@pytest.mark.row("ORG-9")
def test_a_type_handled_by_three_organs_in_90_days_is_an_orphan_though_nobody_returned_it(world):
    matters = [world.matter("DISPATCHED") for _n in range(3)]
    for matter, code in zip(matters, (LIGHTS, GREENING), strict=False):
        Handling.objects.filter(matter=matter).update(unit=world.cast.unit(code))
    assert orphans(CITY, at=world.later(minutes=5)) == []  # two
    Handling.objects.filter(matter=matters[2]).update(unit=world.cast.unit("5101:health"))
    [one] = orphans(CITY, at=world.later(minutes=5))
    assert (one.returned, one.organs, one.scattered) == (0, ("5101:health", GREENING, LIGHTS), True)
    assert (one.category, one.matters) == ("01003", tuple(matter.pk for matter in matters))
    assert orphans(CITY, at=world.later(days=91)) == []


@pytest.mark.row("MAT-12", "ORG-13")
def test_a_shelved_matter_comes_back_for_review_and_is_never_solved(world):
    matter, by = world.matter("FILED"), world.cast.dispatcher
    shelve_matter(matter, reason="资金未到位", plan="列入明年", review_at=world.later(days=30), by=by, at=world.at)
    assert not prepare_session(by=world.cast.lead, at=world.later(days=7)).items.filter(kind="SHELVED").exists()
    look(at=world.later(days=30))
    session = prepare_session(by=world.cast.lead, at=world.later(days=31))
    assert session.items.get(kind="SHELVED").n == 1
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).waiting.owner.code == "510104001:street-office"
    review_shelved(
        matter, reason="仍未到位", plan="列入明年", review_at=world.later(days=60), by=by, at=world.later(days=31)
    )
    shown = figures(
        CITY, since=world.at.date().replace(day=1), until=world.later(days=60).date(), at=world.later(days=31)
    )
    assert (shown.shelved, shown.resolution) == (1, Rate(0, 0))


@pytest.mark.row("ORG-13", "ORG-17")
def test_a_session_calls_units_concludes_tasks_and_ends_with_minutes(world):
    lead = world.cast.lead
    for _n in range(3):
        bounced(world)
    session = prepare_session(by=lead, at=world.later(hours=1))
    assert [item.kind for item in session.items.order_by("pk")] == ["HOT_SPOT", "ORPHAN"]
    call = convene_session(
        session, units=[world.cast.unit(LIGHTS), world.cast.unit("5101:health")], meets_where="三楼会议室",
        meets_at=world.later(days=2), by=lead, at=world.later(hours=2),
    )  # fmt: skip
    assert (call.matter, call.respond_by) == (None, world.later(hours=26))
    accept_call(call, post="分管负责人", by=world.handler(LIGHTS), at=world.later(hours=3))
    for one in call.called.select_related("call"):
        note_attendance(one, came=one.unit.code == LIGHTS, by=lead, at=world.later(days=2))
    end_call(call, result="已议", by=lead, at=world.later(days=2, hours=1))
    due = world.later(days=9)
    made = conclude(
        session, text="修订路灯责任清单", owner=world.cast.unit(LIGHTS), due_at=due, item=session.items.last(),
        by=lead, at=world.later(days=2, hours=1),
    )  # fmt: skip
    task = task_of(f"review:{session.pk}:1")
    assert (task.pk, task.owner.code, task.due_at, task.title) == (made.task_id, LIGHTS, due, "修订路灯责任清单")
    ended = end_session(session, minutes="会议决定修订清单。", by=lead, at=world.later(days=2, hours=2))
    assert (ended.minutes, ended.ended_at) == ("会议决定修订清单。", world.later(days=2, hours=2))
    assert task_of(f"review:{session.pk}").state == TaskState.RECALLED
    answer_task(task, state=TaskState.DONE, note="已修订", by=world.handler(LIGHTS), at=world.later(days=8))
    assert Conclusion.objects.get().task.state == TaskState.DONE
    assert audit_counts() == []


def test_alarms_are_open_matters_handed_on_three_times(world):
    matter = world.matter("DISPATCHED")
    Matter.objects.within(world.cast.lead.scope).filter(pk=matter.pk).update(hops=3)
    assert list(alarms(CITY)) == [matter]
    Matter.objects.within(world.cast.lead.scope).filter(pk=matter.pk).update(state="CLOSED")
    assert list(alarms(CITY)) == []


@pytest.mark.row("MAT-11", "MAT-3")
def test_a_hazard_graded_after_dispatch_brings_the_handlers_due_time_forward_and_tells_it_why(world):
    matter, by = world.matter("DISPATCHED"), world.cast.dispatcher
    task = matter.handlings.get().task
    usual = task.due_at
    at = world.later(minutes=10)
    grade_hazard(matter, grade="EXTREME", measure="已断电", by=by, at=at)
    hastened = task_of(task.source)
    assert usual > hastened.due_at == at + timedelta(hours=24)
    assert (hastened.clock, hastened.reminded_at) == ("CLOCK_HOURS", None)
    last = history(hastened)[-1]
    assert (last.state, last.note) == ("HASTENED", "评定为特别重大隐患：须在该等级时限内整改")
    [notice] = apps.get_model("journal.Message").objects.filter(payload__what="desk.hastened")
    assert (notice.payload["unit"], notice.payload["reason"]) == (LIGHTS, last.note)
    [step] = matter.steps.filter(kind="HASTENED").select_related("unit")
    assert (step.unit.code, step.detail, step.note) == (LIGHTS, "EXTREME", last.note)
    # A milder grade afterwards gives the hazard more time, the handler none.
    milder = grade_hazard(matter, grade="ORDINARY", measure="已断电", by=by, at=world.later(minutes=20))
    assert milder.remedy_by == world.later(minutes=20) + timedelta(hours=720)
    assert task_of(task.source).due_at == hastened.due_at
    assert matter.steps.filter(kind="HASTENED").count() == 1
    assert audit_counts() == []


@pytest.mark.row("MAT-11")
def test_who_is_given_a_graded_hazard_has_its_time_by_the_clock(world):
    matter, by = world.matter("FILED"), world.cast.dispatcher
    hazard = grade_hazard(matter, grade="ORDINARY", measure="已围挡", by=by, at=world.later(minutes=10))
    dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=by, at=world.later(minutes=20))
    task = matter.handlings.get().task
    assert (task.due_at, task.clock) == (hazard.remedy_by, "CLOCK_HOURS")
    assert world.matter("DISPATCHED").handlings.get().task.clock == "WORKING_DAYS"  # the catalogue's own


@pytest.mark.row("MAT-11")
def test_a_danger_does_not_wait_for_a_clock_that_stands(world):
    matter, by = world.matter("DISPATCHED"), world.cast.dispatcher
    part = matter.handlings.get()
    ask_time(
        matter, wish="PAUSE", until=world.later(days=9), reason="待料", by=world.handler(), at=world.later(minutes=5)
    )
    decide_time(part, granted=True, reason="同意", by=by, at=world.later(minutes=6))
    assert task_of(part.task.source).suspended_at is not None
    at = world.later(days=1)
    grade_hazard(matter, grade="EXTREME", measure="已断电", by=by, at=at)
    held = task_of(part.task.source)
    assert (held.suspended_at, held.due_at) == (None, at + timedelta(hours=24))
    assert list(matter.steps.order_by("pk").values_list("kind", flat=True))[-3:] == ["GRADED", "RESUMED", "HASTENED"]


def test_a_handler_who_is_late_or_has_an_earlier_time_keeps_it(world):
    matter, by = world.matter("DISPATCHED"), world.cast.dispatcher
    task = matter.handlings.get().task
    grade_hazard(matter, grade="ORDINARY", measure="已围挡", by=by, at=world.later(minutes=10))
    assert task_of(task.source).due_at == task.due_at
    grade_hazard(matter, grade="EXTREME", measure="已围挡", by=by, at=world.later(days=60))
    assert task_of(task.source).due_at == task.due_at < world.later(days=60)
    assert not matter.steps.filter(kind="HASTENED").exists()
