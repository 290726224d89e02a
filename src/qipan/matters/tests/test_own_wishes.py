"""Nobody decides on an own wish, a danger does not wait, and whoever is asked has the time to answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.utils.timezone import localtime

from qipan.desk.api import Task, TaskState

from ..actions.calls import accept_call
from ..actions.dispatching import arbitrate_matter, dispatch_matter, object_to_matter
from ..actions.handling import confirm_matter, doubt_matter
from ..actions.hazards import grade_hazard
from ..actions.intake import Words, join_matter
from ..actions.joining import merge_matter
from ..actions.refusing import decide_refusal, refuse_call
from ..actions.times import HazardWaits, OwnConsent, ask_time, decide_time
from ..jobs import look, tell_silences
from ..models import Handling, Hazard, Matter, MatterStep, Report
from ..rules import loop
from ..testing import PUBLIC
from .test_refusals import refused
from .test_whistle import HEALTH, part_of, tasks_of, whistle

pytestmark = pytest.mark.django_db
STREET, LIGHTS = "510104001:street-office", "5101:urban-management"


def objected_by_the_street(world) -> Matter:
    """A matter of which the city's list makes the dispatching street itself the primary unit; it has objected."""
    matter, dispatcher = world.matter("FILED"), world.cast.dispatcher
    lists, types = (apps.get_model("duties", name).objects for name in ("Responsibility", "OrganType"))
    line = lists.filter(item_code=matter.category.item_code, role="PRIMARY").first()
    line.pk, line.unit, line.organ_type = None, None, types.get(code="street-office")
    line.save(force_insert=True)
    matter = dispatch_matter(matter, unit=world.cast.unit(STREET), by=dispatcher, at=world.later(minutes=2))
    return object_to_matter(matter, reason="不属街道职责", by=dispatcher, at=world.later(minutes=3))


@pytest.mark.row("MAT-3")
def test_whoever_objects_does_not_agree_with_it_itself(world):
    matter, at = objected_by_the_street(world), world.later(minutes=4)
    with refused(loop.OwnObjection):
        dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=world.cast.dispatcher, at=at)
    ruled = arbitrate_matter(matter, unit=world.cast.unit(LIGHTS), reason="由城管办理", by=world.cast.lead, at=at)
    assert (ruled.state, ruled.handler.code, ruled.hops) == ("DISPATCHED", LIGHTS, 2)


@pytest.mark.row("MAT-3")
def test_another_dispatching_office_agrees_with_it(world):
    matter, district = objected_by_the_street(world), world.cast.unit("510104:district-command")
    other = replace(world.cast.dispatcher, unit_id=district.pk)
    moved = dispatch_matter(matter, unit=world.cast.unit(LIGHTS), by=other, at=world.later(minutes=4))
    assert (moved.state, moved.handler.code, moved.hops) == ("DISPATCHED", LIGHTS, 2)


@pytest.mark.row("ORG-8")
def test_a_person_with_two_posts_does_not_grant_himself_time(world):
    matter, at = world.matter("DISPATCHED"), world.later(minutes=5)
    part = ask_time(
        matter, wish="EXTEND", until=world.later(days=40), reason="等备件", by=world.handler(account=77), at=at
    )
    with refused(OwnConsent):
        decide_time(part, granted=True, reason="同意", by=replace(world.cast.dispatcher, account_id=77), at=at)
    granted = decide_time(part, granted=True, reason="同意", by=replace(world.cast.dispatcher, account_id=78), at=at)
    granted.task.refresh_from_db()
    assert (granted.wish, granted.wish_by, granted.task.due_at) == ("", None, world.later(days=40))


def graded(world, matter: Matter) -> Hazard:
    return grade_hazard(
        matter, grade="EXTREME", measure="拉警戒线", by=world.cast.dispatcher, at=world.later(minutes=3)
    )


@pytest.mark.row("MAT-11")
@pytest.mark.parametrize("wish", ["PAUSE", "EXTEND"])
def test_no_time_is_asked_for_beyond_the_time_of_a_hazard(world, wish):
    matter = world.matter("DISPATCHED")
    hazard = graded(world, matter)
    with refused(HazardWaits) as caught:
        ask_time(
            matter,
            wish=wish,
            until=world.later(days=60),
            reason="等备件",
            by=world.handler(),
            at=world.later(minutes=4),
        )
    assert f"{localtime(hazard.remedy_by):%Y-%m-%d %H:%M}" in str(caught.value)


@pytest.mark.row("MAT-11")
@pytest.mark.parametrize("wish", ["PAUSE", "EXTEND"])
def test_what_was_asked_before_it_was_graded_is_only_refused(world, wish):
    matter, at = world.matter("DISPATCHED"), world.later(minutes=5)
    part = ask_time(
        matter, wish=wish, until=world.later(days=60), reason="等备件", by=world.handler(), at=world.later(minutes=2)
    )
    hazard = graded(world, matter)
    with refused(HazardWaits):
        decide_time(part, granted=True, reason="同意", by=world.cast.dispatcher, at=at)
    decided = decide_time(part, granted=False, reason="隐患不等", by=world.cast.dispatcher, at=at)
    assert (decided.wish, decided.wish_until) == ("", None)
    [held] = Handling.objects.select_related("task").filter(matter=matter)
    assert (held.task.due_at, held.task.suspended_at) == (hazard.remedy_by, None)


@pytest.mark.row("MAT-11")
def test_once_it_is_remedied_time_is_asked_for_again(world):
    matter = world.matter("DISPATCHED")
    graded(world, matter)
    Hazard.objects.update(remedied_at=world.later(minutes=3))
    until = world.later(days=10)
    asked = ask_time(matter, wish="PAUSE", until=until, reason="等备件", by=world.handler(), at=world.later(minutes=4))
    assert (asked.wish, asked.wish_until) == ("PAUSE", until)


@pytest.mark.row("MAT-2")
def test_who_must_come_has_its_time_again_and_its_silence_is_told_again(world):
    matter = world.matter("FILED")
    call = whistle(world, matter, HEALTH, urgency="DANGER", meets_at=world.later(hours=30))
    refuse_call(call, reason="无人可派", by=world.handler(HEALTH), at=world.later(minutes=10))
    assert tell_silences(at=world.later(hours=5)) == 0  # it waits for the ruling
    ruled = world.later(hours=5)
    decide_refusal(part_of(call, HEALTH), excused=False, reason="须到场", by=world.cast.lead, at=ruled)
    mine, due = part_of(call, HEALTH), ruled + timedelta(hours=2)
    assert (mine.answered, mine.due_by, mine.task.due_at, mine.task.state) == (False, due, due, TaskState.READ)
    page = world.cast.client("dispatcher").get(f"/calls/{call.pk}").content.decode()
    assert "尚未应答" in page and "须到场" in page
    assert tell_silences(at=due - timedelta(minutes=1)) == 0
    assert tell_silences(at=due) == 1
    assert tell_silences(at=due + timedelta(minutes=1)) == 0  # once
    [told] = tasks_of("silent:")
    assert (told.source, told.owner.code, told.closed_at) == (
        f"silent:{call.pk}:{mine.pk}:ruled", "510104:district-command", None,
    )  # fmt: skip
    accept_call(call, post="值班医生", by=world.handler(HEALTH), at=due + timedelta(hours=1))
    [told] = tasks_of("silent:")
    assert told.closed_at == due + timedelta(hours=1)


@pytest.mark.row("MAT-2")
def test_silence_before_a_refusal_and_after_the_ruling_are_two(world):
    call = whistle(world, world.matter("FILED"), HEALTH, urgency="DANGER", meets_at=world.later(hours=30))
    assert tell_silences(at=world.later(hours=3)) == 1
    refuse_call(call, reason="无人可派", by=world.handler(HEALTH), at=world.later(hours=4))
    decide_refusal(part_of(call, HEALTH), excused=False, reason="须到场", by=world.cast.lead, at=world.later(hours=5))
    assert tell_silences(at=world.later(hours=7)) == 1
    closed = [task.closed_at for task in tasks_of("silent:")]
    assert closed == [world.later(hours=4), None]


@pytest.mark.row("MAT-2")
def test_who_comes_within_its_time_after_the_ruling_is_in_time(world):
    matter = world.matter("FILED")
    call = whistle(world, matter, HEALTH, urgency="DANGER", meets_at=world.later(hours=30))
    refuse_call(call, reason="无人可派", by=world.handler(HEALTH), at=world.later(minutes=10))
    decide_refusal(part_of(call, HEALTH), excused=False, reason="须到场", by=world.cast.lead, at=world.later(hours=5))
    accept_call(call, post="值班医生", by=world.handler(HEALTH), at=world.later(hours=6))
    [coming] = MatterStep.objects.filter(matter=matter, kind="COMING")
    assert coming.detail.split(":")[0] == "IN_TIME"
    assert not [task for task in Task.objects.everywhere("a test") if task.source.startswith("silent:")]


@pytest.mark.row("MAT-5")
def test_who_joined_what_was_verified_has_a_week_to_speak_too(world):
    matter, joined = world.matter("VERIFIED"), world.later(days=7, minutes=2)
    join_matter(matter, words=Words("还是不亮"), nonce="late", by=PUBLIC, at=joined)
    assert look(at=world.later(days=7, minutes=4))[1] == 0
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).state == "VERIFIED"
    report = Report.objects.get(nonce="late")
    doubted = doubt_matter(report, reason="还是不亮", by=PUBLIC, at=world.later(days=8))
    assert (doubted.state, doubted.confirmation) == ("DISPUTED", "DISPUTED")


@pytest.mark.row("MAT-5")
def test_a_week_after_the_last_report_silence_closes_it_unconfirmed(world):
    matter, joined = world.matter("VERIFIED"), world.later(days=7, minutes=2)
    join_matter(matter, words=Words("还是不亮"), nonce="late", by=PUBLIC, at=joined)
    assert look(at=joined + loop.CONFIRM_WITHIN - timedelta(minutes=1))[1] == 0
    assert look(at=joined + loop.CONFIRM_WITHIN)[1] == 1
    held = Matter.objects.everywhere("a test").get(pk=matter.pk)
    assert (held.state, held.confirmation) == ("CLOSED", "UNCONFIRMED")


@pytest.mark.row("MAT-5")
def test_whose_matter_is_joined_to_what_was_verified_has_a_week_to_speak_too(world):
    matter, joined = world.matter("VERIFIED"), world.later(days=6)
    merge_matter(world.reported(nonce="early").matter, into=matter, by=world.cast.dispatcher, at=joined)
    assert look(at=world.later(days=7, minutes=4))[1] == 0
    confirm_matter(Report.objects.get(nonce="early"), satisfied=None, by=PUBLIC, at=world.later(days=8))
    assert look(at=joined + loop.CONFIRM_WITHIN)[1] == 1
    held = Matter.objects.everywhere("a test").get(pk=matter.pk)
    assert (held.state, held.confirmation) == ("CLOSED", "CONFIRMED")


@pytest.mark.row("MAT-5")
def test_what_waits_for_who_joined_holds_up_no_other_matter(world, monkeypatch):
    waiting, silent = world.matter("VERIFIED"), world.matter("VERIFIED")
    join_matter(waiting, words=Words("还是不亮"), nonce="late", by=PUBLIC, at=world.later(days=7))
    monkeypatch.setattr("qipan.matters.jobs.MOST", 1)
    assert look(at=world.later(days=7, minutes=4))[1] == 1
    rows = Matter.objects.everywhere("a test").order_by("pk")
    assert list(rows.values_list("pk", "state")) == [(waiting.pk, "VERIFIED"), (silent.pk, "CLOSED")]


def test_the_number_of_a_matter_has_the_citys_year():
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # half past midnight in Chengdu
    assert Matter(pk=7, reported_at=new_year).number == "2027-000007"
    assert Matter(pk=7, reported_at=new_year - timedelta(hours=1)).number == "2026-000007"
