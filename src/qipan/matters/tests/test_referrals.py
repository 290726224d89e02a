"""A referral with the minimum of data: handed over, taken, given back, erased; who sees what, and what is refused."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.timezone import localdate
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.desk.api import Task, TaskState, escalate_late, receive
from qipan.journal.api import verify
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.kernel.testing import as_stored

from ..actions.referring import (
    accept_referral,
    close_referral,
    decline_referral,
    give_back,
    hand_on,
    hand_over,
    look_at_handover,
    withdraw_own,
    withdraw_referral,
)
from ..jobs import erase_handovers
from ..models import Handover, HandoverLook, Referral, ReferralStep
from ..queries.referrals import audit_referrals, get_referral, receivers, referral_by_code, referrals_of
from ..rules import referral
from ..rules.limits import community_of
from ..rules.referral import CARRIED, KEEP, MOVES, OVER, minimum, moved
from ..terms import Purpose, ReferralState
from ..testing import PUBLIC, SPOT

DOOR = SPOT + 3
HEALTH, CIVIL = "5101:health", "5101:civil-affairs"


def handed(world, **how):
    given = {
        "purpose": "DISEASE", "receiver": world.cast.unit(HEALTH), "door": DOOR, "need": "FEVER", "reach": "13900000000",
        "ground": "AGREED", "nonce": "slip-1", "by": world.cast.worker, "at": world.at,
    }  # fmt: skip
    return hand_over(**{**given, **how})


def health(world, unit=HEALTH):
    return replace(world.handler(unit), acts=frozenset({"desk.view", "task.answer", "referral.make"}))


def fresh(held):
    return Referral.objects.everywhere("a test").get(pk=held.pk)


def tasks(held):
    rows = Task.objects.everywhere("a test").filter(source__startswith=f"referral:{held.pk}:").order_by("pk")
    return [(task.owner.code, task.state) for task in rows.select_related("owner")]


def held_rows():
    return [
        list(model.objects.everywhere("a test").values()) if hasattr(model.objects.all(), "everywhere") else list(model.objects.values())
        for model in (Referral, Handover, HandoverLook, ReferralStep, Task)
    ]  # fmt: skip


@contextmanager
def refused(kind):
    before = held_rows()
    with pytest.raises(kind) as caught:
        yield caught
    assert held_rows() == before


@pytest.mark.row("EMG-9")
def test_a_finding_goes_to_the_receiver_and_only_status_and_what_to_do_come_back(world):
    made = handed(world)
    held, worker, doctor = made.referral, world.cast.worker, health(world)
    assert len(made.code) == 12 and made.code not in str(Referral.objects.everywhere("a test").values())
    assert (held.state, held.place, held.accept_by) == ("SENT", community_of(DOOR), world.later(hours=2))
    assert Handover.objects.values_list("door", "need", "reach", "hours").get() == (DOOR, "FEVER", "13900000000", "")
    assert tasks(held) == [(HEALTH, "SENT")]
    task = held.task
    assert (task.title, task.place) == (
        f"转介第 {held.pk} 号",
        community_of(DOOR),
    )  # a desk tells neither door nor need
    accept_referral(held, by=doctor, at=world.later(minutes=30))
    assert fresh(held).answer_by == world.later(hours=24, minutes=30) == fresh(held).task.due_at
    opened = look_at_handover(held, by=doctor, at=world.later(minutes=31))
    assert (opened.door, opened.reach) == (DOOR, "13900000000")
    day = localdate(world.later(days=3))
    give_back(held, result="TAKEN_OVER", to_do="BRING", to_do_by=day, by=doctor, at=world.later(hours=5))
    seen = get_referral(held.pk, actor=worker)
    assert (seen.state, seen.result, seen.to_do, seen.to_do_by) == ("RETURNED", "TAKEN_OVER", "BRING", day)
    assert tasks(held) == [(HEALTH, "DONE"), ("510104001001:community", "SENT")]
    with refused(referral.LookClosed):  # the receiver's time with it is over
        look_at_handover(held, by=doctor, at=world.later(hours=6))
    look_at_handover(held, by=worker, at=world.later(hours=6))  # which door was it?
    close_referral(held, by=worker, at=world.later(days=3))
    ended = fresh(held)
    assert (ended.state, ended.ended_at, ended.erased_at) == ("CLOSED", world.later(days=3), world.later(days=3))
    assert not Handover.objects.exists()
    assert tasks(held) == [(HEALTH, "DONE"), ("510104001001:community", "DONE")]
    assert [(step.kind, step.unit and step.unit.code) for step in held.steps.order_by("pk")] == [
        ("HANDED", HEALTH), ("ACCEPTED", HEALTH), ("RETURNED", HEALTH), ("CLOSED", "510104001001:community"),
        ("ERASED", None),
    ]  # fmt: skip
    assert [(look.unit.code, look.at) for look in held.looks.order_by("pk")] == [
        (HEALTH, world.later(minutes=31)), ("510104001001:community", world.later(hours=6)),
    ]  # fmt: skip
    assert verify().differences == []


@pytest.mark.row("EMG-9")
def test_a_diagnosis_has_nowhere_to_stand(world):
    kinds = {
        field.name: field.get_internal_type()
        for model in (Referral, Handover, ReferralStep, HandoverLook)
        for field in model._meta.local_fields
        if field.get_internal_type() in ("CharField", "TextField", "JSONField") and not field.choices
    }
    # Hashes, labels of posts, and a number or address: nobody can write a sentence anywhere.
    assert set(kinds) == {"code_hash", "nonce", "reach", "by_label"}
    with pytest.raises(referral.ReachWrong):
        minimum("DISEASE", need="FEVER", reach="确诊 13900000000", hours="", ground="AGREED")


@pytest.mark.row("EMG-9")
def test_nothing_outside_the_handover_gives_the_person_away_and_nothing_stays(world):
    held = handed(world).referral
    accept_referral(held, by=health(world), at=world.later(minutes=5))
    look_at_handover(held, by=health(world), at=world.later(minutes=6))
    # The handover itself names the door; what is needed and how to reach somebody is sealed there too.
    doors = {name for name, row in as_stored() if str(DOOR) in row}
    assert doors == {"matters_handover", "territory_door"}
    assert not [name for name, row in as_stored() if "13900000000" in row or "FEVER" in row]
    withdraw_referral(held, by=world.cast.worker, at=world.later(minutes=7))
    assert not Handover.objects.exists()
    assert fresh(held).state == "WITHDRAWN" and tasks(held) == [(HEALTH, "RECALLED")]


@pytest.mark.row("EMG-9")
def test_only_the_two_units_see_it_and_the_receiver_opens_it_only_while_it_has_it(world):
    held = handed(world).referral
    others = (
        world.cast.dispatcher, world.cast.district_head, world.cast.city_commander, world.cast.neighbour_worker,
        world.cast.lead, health(world, CIVIL), PUBLIC,
    )  # fmt: skip
    for other in others:
        with refused(NotFound):
            get_referral(held.pk, actor=other)
        assert list(referrals_of(other, over=False)) == []
        with refused((NotFound, NotAllowed)):
            look_at_handover(held, by=other, at=world.at)
    doctor = health(world)
    with refused(referral.LookClosed):  # not before it is taken
        look_at_handover(held, by=doctor, at=world.at)
    accept_referral(held, by=doctor, at=world.at)
    with refused(referral.LookClosed):  # a device that anybody may hold
        look_at_handover(held, by=replace(doctor, account_id=None, pass_id="x"), at=world.at)
    assert list(referrals_of(doctor, over=False)) == list(referrals_of(world.cast.worker, over=False)) == [held]


@pytest.mark.row("EMG-9")
def test_who_hands_on_sees_nothing_of_it_any_more(world):
    made = handed(world, purpose="COMFORT", need="", hours="EVENING", ground="AGREED")
    held, doctor, civil = made.referral, health(world), health(world, CIVIL)
    accept_referral(held, by=doctor, at=world.later(hours=1))
    hand_on(held, receiver=world.cast.unit(CIVIL), by=doctor, at=world.later(hours=2))
    assert (fresh(held).state, fresh(held).receiver.code, fresh(held).hops) == ("SENT", CIVIL, 2)
    assert tasks(held) == [(HEALTH, "DONE"), (CIVIL, "SENT")]
    for act in (
        lambda: look_at_handover(held, by=doctor, at=world.later(hours=3)),
        lambda: give_back(held, result="HELPED", to_do="NOTHING", by=doctor, at=world.later(hours=3)),
        lambda: get_referral(held.pk, actor=doctor),
    ):
        with refused(NotFound):
            act()
    accept_referral(held, by=civil, at=world.later(hours=3))
    assert look_at_handover(held, by=civil, at=world.later(hours=3)).hours == "EVENING"
    with refused(referral.TooManyHops):
        hand_on(held, receiver=world.cast.unit(HEALTH), by=civil, at=world.later(hours=4))
    decline_referral(held, reason="NO_ROOM", by=civil, at=world.later(hours=5))
    assert (fresh(held).state, fresh(held).not_taken) == ("DECLINED", "NO_ROOM")
    with refused(referral.LookClosed):
        look_at_handover(held, by=civil, at=world.later(hours=6))
    close_referral(held, by=world.cast.worker, at=world.later(hours=7))
    assert audit_referrals() == [] and fresh(held).erased_at == world.later(hours=7)


@pytest.mark.row("EMG-9")
def test_the_person_takes_it_back_by_the_code_but_not_what_the_law_requires(world):
    made = handed(world)
    assert referral_by_code(f" {made.code[:4].lower()}-{made.code[4:]}") == made.referral
    for wrong in ("", "x", "A" * 12, made.code[:-1]):
        with refused(NotFound):
            referral_by_code(wrong)
    withdraw_own(made.referral, by=PUBLIC, at=world.later(minutes=1))
    assert fresh(made.referral).state == "WITHDRAWN" and not Handover.objects.exists()
    with refused(referral.NotNowReferral):
        withdraw_own(made.referral, by=PUBLIC, at=world.later(minutes=2))
    law = handed(world, ground="LAW", nonce="slip-2").referral
    with refused(referral.ByLaw):
        withdraw_own(law, by=PUBLIC, at=world.later(minutes=2))


@pytest.mark.row("EMG-9")
def test_late_receivers_are_shown_above_and_after_thirty_days_all_is_gone(world):
    held = handed(world).referral
    clock = Actor.system("clock", ranges=[range_of("5101")])
    assert escalate_late(at=world.later(hours=2, minutes=1), by=clock).raised == 1
    assert fresh(held).task.escalation == 1
    assert erase_handovers(at=world.later(days=30) - timedelta(seconds=1)) == 0
    assert erase_handovers(at=world.later(days=30)) == 1
    assert (fresh(held).state, fresh(held).erased_at) == ("LAPSED", world.at + KEEP)
    assert not Handover.objects.exists() and tasks(held) == [(HEALTH, "RECALLED")]
    assert erase_handovers(at=world.later(days=31)) == 0
    assert audit_referrals() == []


@pytest.mark.row("EMG-9")
def test_one_that_is_refused_holds_up_no_other_and_is_told(world, caplog):
    stuck, other = handed(world).referral, handed(world, nonce="slip-2", door=DOOR + 1).referral
    Referral.objects.everywhere("a test").filter(pk=stuck.pk).update(state="CLOSED")  # nothing leads on from there
    due = world.later(days=30, hours=1)
    assert erase_handovers(at=due) == 1
    assert (fresh(stuck).erased_at, fresh(other).erased_at, Handover.objects.count()) == (None, due, 1)
    assert [f"Referral {stuck.pk} is refused" in line for line in caplog.messages] == [True]
    assert erase_handovers(at=due) == 0  # it stays due, and is told again
    assert len(caplog.messages) == 2


@pytest.mark.row("EMG-9")
def test_more_or_less_than_the_purpose_needs_is_refused(world):
    for refusal, how in (
        (NotAllowed, {"by": world.cast.guard}), (NotAllowed, {"by": world.cast.screener}),
        (NotAllowed, {"by": world.cast.city_commander}), (referral.FieldNeeded, {"purpose": "PROFILE"}),
        (referral.FieldNeeded, {"need": ""}), (referral.FieldNeeded, {"need": "MEALS"}),
        (referral.NotCarried, {"hours": "EVENING"}), (referral.ReachWrong, {"reach": "王某 13900000000"}),
        (referral.ReachWrong, {"reach": "510104199001011234567890123456"}), (referral.GroundNeeded, {"ground": ""}),
        (referral.GroundNeeded, {"purpose": "MEDICAL", "need": "DOCTOR", "hours": "ANY", "ground": "LAW"}),
        (referral.NotCarried, {"purpose": "COMFORT", "hours": "ANY"}),
        (referral.DoorNeeded, {"door": SPOT}), (referral.DoorNeeded, {"door": place_of("510105001001001") + 1}),
        (referral.NotAReceiver, {"receiver": world.cast.unit("5101:finance")}),
        (referral.NotAReceiver, {"receiver": world.cast.unit("510104:property-company-1")}),
        (referral.NotAReceiver, {"receiver": world.cast.unit("510104001001:community")}),
        (referral.NotAReceiver, {"receiver": world.cast.unit("510104001:street-office")}),
    ):  # fmt: skip
        with refused(refusal):
            handed(world, **how)


@pytest.mark.row("EMG-9")
def test_each_step_belongs_to_one_of_the_two_units_and_follows_from_the_state(world):
    held = handed(world).referral
    again = handed(world)
    assert (again.referral, again.code) == (held, "") and Referral.objects.everywhere("a test").count() == 1
    doctor, worker, at = health(world), world.cast.worker, world.later(minutes=9)
    for act in (
        lambda by: accept_referral(held, by=by, at=at),
        lambda by: decline_referral(held, reason="NOT_OURS", by=by, at=at),
        lambda by: give_back(held, result="HELPED", to_do="NOTHING", by=by, at=at),
        lambda by: hand_on(held, receiver=world.cast.unit("510104001001:community"), by=by, at=at),
    ):
        with refused(referral.NotTheReceiver):
            act(worker)
        with refused(NotFound):
            act(world.cast.dispatcher)
    for act in (withdraw_referral, close_referral):
        with refused(referral.NotTheSender):
            act(held, by=doctor, at=at)
    with refused(referral.NotNowReferral):
        give_back(held, result="HELPED", to_do="NOTHING", by=doctor, at=at)
    with refused(referral.NotNowReferral):
        close_referral(held, by=worker, at=at)
    with refused(referral.FieldNeeded):
        decline_referral(held, reason="诊断不明", by=doctor, at=at)
    with refused(referral.NotAReceiver):
        hand_on(held, receiver=world.cast.unit("5101:finance"), by=doctor, at=at)
    accept_referral(held, by=doctor, at=at)
    with refused(referral.NotNowReferral):
        accept_referral(held, by=doctor, at=at)
    today = localdate(at)
    for how in (
        {"result": "SICK"}, {"to_do": "LOCK_UP"}, {"to_do": "BRING"}, {"to_do_by": today},
        {"to_do": "BRING", "to_do_by": today - timedelta(days=1)},
        {"to_do": "BRING", "to_do_by": today + timedelta(days=61)},
    ):  # fmt: skip
        with refused((referral.FieldNeeded, referral.DayWrong)):
            give_back(held, **{"result": "HELPED", "to_do": "NOTHING", "by": doctor, "at": at, **how})


@pytest.mark.parametrize("state", ["ACCEPTED", "DONE", "OBJECTED"])
def test_a_referral_is_not_answered_past_its_page(world, state):
    held = handed(world).referral
    [answer] = receive(
        [(held.task_id, state, world.later(minutes=9), "x")], by=health(world), at=world.later(minutes=9)
    )
    assert (answer.answer, answer.code) == ("refused", "said_on_its_page")
    assert fresh(held).state == "SENT" and fresh(held).task.state == TaskState.SENT


def test_who_may_receive_is_said_by_the_responsibility_lists(world):
    found = receivers("DAILY", DOOR, actor=world.cast.worker, at=world.at)
    assert [one.unit.code for one in found][:2] == [CIVIL, "510104001:street-office"]
    assert "510104001001:community" not in [one.unit.code for one in found]
    audit = fresh(handed(world).referral)
    Handover.objects.all().delete()
    assert audit_referrals() == [f"referral {audit.pk} is not erased and nothing is kept"]


OPTIONAL = st.sampled_from(["", "FEVER", "MEALS", "DOCTOR", "X"])


@given(
    st.sampled_from([*Purpose.values, "X"]), OPTIONAL, st.sampled_from(["", "12345678", "a@b.cn", "诊断"]),
    st.sampled_from(["", "ANY", "X"]), st.sampled_from(["", "AGREED", "LAW"]),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_what_is_carried_is_the_purposes_and_nothing_else(purpose, need, reach, hours, ground):
    try:
        carried = minimum(purpose, need=need, reach=reach, hours=hours, ground=ground)
    except Refusal:
        return
    rule = CARRIED[Purpose(purpose)]
    assert ground in rule.grounds
    assert {name for name, value in carried.items() if value} <= rule.fields
    assert carried["need"] in rule.needs or ("need" not in rule.fields and not carried["need"])


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_whatever_happens_an_end_stays_an_end(acts):
    state = ReferralState.SENT
    for act in acts:
        try:
            state = moved(state, act)
        except referral.NotNowReferral:
            continue
        assert state in ReferralState
    if state in OVER:
        for act in MOVES:
            with pytest.raises(referral.NotNowReferral):
                moved(state, act)
