"""Cost sheets to the last fen: entered, decided, paid or overdue; what was requisitioned goes back and is compensated."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate
from django.utils.translation import override

from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.kernel.testing import at_once
from qipan.reserves.actions import refusals
from qipan.reserves.actions.calling import end_call
from qipan.reserves.actions.costs import (
    accept_rest,
    ask_nothing,
    decide_line,
    enter_cost,
    enter_use,
    hand_in,
    pay_sheet,
    take_out,
    tell_overdue,
)
from qipan.reserves.actions.parties import clock_of_reserves
from qipan.reserves.actions.returning import agree_return, say_return
from qipan.reserves.api import open_lines
from qipan.reserves.jobs import look_at_reserves
from qipan.reserves.models import Call, CostLine, CostSheet
from qipan.reserves.queries.audits import audit_sheets
from qipan.reserves.testing import HERE, agreed, called, declared, offered, taken

from .conftest import Entry, Task, World

DAY = timedelta(days=1)


def task(source: str) -> Any:
    return Task.objects.everywhere("a test").select_related("owner").get(source=source)


def refused(kind: type[Refusal], verb: Any, *given: Any, **terms: Any) -> None:
    before = (CostLine.objects.count(), list(CostSheet.objects.values_list().order_by("pk")), Entry.objects.count())
    with pytest.raises(kind):
        verb(*given, **terms)
    after = (CostLine.objects.count(), list(CostSheet.objects.values_list().order_by("pk")), Entry.objects.count())
    assert after == before


@pytest.fixture
def call(world: World) -> Call:
    return called(world.cast, world.agreement, world.declaration)


@pytest.mark.row("FRC-13")
def test_what_lies_on_the_desks_of_others_stands_in_the_language_of_the_city(world: World) -> None:
    cast, manager, at = world.cast, world.manager, world.cast.at
    with override("en"):  # whoever acts reads English
        agreement = agreed(cast, manager, [offered(cast, manager)], number="锦府储〔2026〕2号")
        call = called(cast, agreement, world.declaration)
        order = taken(cast, world.declaration)
        cost = enter_use(call.lines.get(), day=localdate(at), quantity=4, by=manager, at=at)
        hand_in(cost.sheet, by=manager, at=at)
        end_call(order, reason="雨停", by=cast.district_head, at=at + DAY)
    tasks = Task.objects.everywhere("a test").order_by("pk")[1:]
    assert [(one.title, one.basis) for one in tasks] == [
        ("待签署的储备协议：锦府储〔2026〕2号，锦江区指挥部", "锦府储〔2026〕2号"),
        (f"调用{call.number}：小区值守", f"{call.number} · 《突发事件应对法（2024年修订）》第72条"),
        (f"征用{order.number}：安置受灾居民", f"{order.number} · 《突发事件应对法（2024年修订）》第76条"),
        (f"审核费用单并付款：{call.number}，720.00元", "锦府储〔2026〕2号"),
        (f"返还征用财产，1项：{order.number}", "《突发事件应对法（2024年修订）》第76条"),
    ]
    assert tasks[2].steps.get(state="RECALLED").note == "命令已结束。"


@pytest.mark.row("FRC-13")
def test_use_is_entered_by_day_decided_line_by_line_and_paid(world: World, call: Call) -> None:
    cast, manager, at = world.cast, world.manager, world.cast.at
    line, third = call.lines.get(), at + 2 * DAY
    days = [localdate(at + n * DAY) for n in range(3)]
    costs = [enter_use(line, day=day, quantity=4 - n, by=manager, at=third) for n, day in enumerate(days)]
    assert [one.amount for one in costs] == [72_000, 54_000, 36_000]
    own: dict[str, Any] = {
        "day": days[1],
        "amount": 12_345,
        "what": "雨衣",
        "reason": "连夜下雨",
        "by": manager,
        "at": third,
    }
    extra = enter_cost(call, **own)
    sheet = CostSheet.objects.get()
    assert (sheet.entered, sheet.accepted, sheet.state(third)) == (174_345, 0, "OPEN")
    use: dict[str, Any] = {"day": days[0], "quantity": 1, "by": manager, "at": third}
    refused(refusals.DayEntered, enter_use, line, **use)
    refused(refusals.MoreThanCalled, enter_use, line, **{**use, "quantity": 5})
    refused(refusals.NotANumber, enter_use, line, **{**use, "quantity": 0})
    refused(refusals.DayOutside, enter_use, line, **{**use, "day": localdate(third + DAY)})
    refused(refusals.DayOutside, enter_use, line, **{**use, "day": localdate(at - DAY)})
    refused(refusals.DayOutside, enter_use, line, **{**use, "day": None})
    refused(NotAllowed, enter_use, line, **{**use, "by": cast.district_head})
    refused(refusals.ReasonMissing, enter_cost, call, **{**own, "reason": ""})
    refused(refusals.WordsMissing, enter_cost, call, **{**own, "what": ""})
    refused(refusals.RateMissing, enter_cost, call, **{**own, "amount": 0})
    payer: dict[str, Any] = {"by": cast.district_head, "at": third}
    refused(refusals.SheetNotHandedIn, accept_rest, sheet, **payer)
    take_out(costs[2], by=manager, at=third)
    enter_use(line, day=days[2], quantity=3, by=manager, at=third)
    handed = hand_in(sheet, by=manager, at=third)
    assert (handed.entered, handed.due_at, handed.state(third)) == (
        192_345, handed.due_at, "HANDED_IN",
    )  # fmt: skip
    assert localdate(handed.due_at) == localdate(third + 31 * DAY)
    assert task(f"reserve-pay:{sheet.pk}").owner.code == "510104:district-command"
    assert task(f"reserve-pay:{sheet.pk}").due_at == handed.due_at
    refused(refusals.SheetHandedIn, hand_in, sheet, by=manager, at=third)
    refused(refusals.SheetHandedIn, take_out, costs[0], by=manager, at=third)
    # Objected to with a reason, the rest accepted; whoever is neither side nor above decides nothing.
    refused(refusals.ReasonMissing, decide_line, extra, accepted=False, **payer)
    refused(NotAllowed, decide_line, extra, accepted=True, by=manager, at=third)
    refused(NotFound, decide_line, extra, accepted=True, by=cast.neighbour_head, at=third)
    refused(NotFound, decide_line, extra, accepted=True, by=cast.dispatcher, at=third)
    decide_line(extra, accepted=False, objection="没有票据", **payer)
    refused(refusals.LineDecided, decide_line, extra, accepted=True, **payer)
    pay: dict[str, Any] = {"paid_on": localdate(third), "voucher": "2026-031", **payer}
    refused(refusals.LinesUndecided, pay_sheet, sheet, **pay)
    assert accept_rest(sheet, **payer) == 3
    refused(refusals.LineDecided, accept_rest, sheet, **payer)
    refused(refusals.PaidWhen, pay_sheet, sheet, **{**pay, "paid_on": localdate(third + DAY)})
    refused(refusals.PaidWhen, pay_sheet, sheet, **{**pay, "paid_on": localdate(third - DAY)})
    refused(refusals.PaidWhen, pay_sheet, sheet, **{**pay, "paid_on": None})
    refused(refusals.WordsMissing, pay_sheet, sheet, **{**pay, "voucher": " "})
    paid = pay_sheet(sheet, **pay)
    assert (paid.accepted, paid.paid_on, paid.voucher, paid.state(third)) == (
        180_000,
        localdate(third),
        "2026-031",
        "PAID",
    )
    refused(refusals.AlreadyPaid, pay_sheet, sheet, **pay)
    assert task(f"reserve-pay:{sheet.pk}").state == "DONE"
    # What was objected to may be entered again; then it is a sheet of its own.
    enter_cost(call, **{**own, "reason": "票据已补"})
    assert CostSheet.objects.get(handed_in_at=None).entered == 12_345
    assert audit_sheets() == []


@pytest.mark.row("FRC-13")
def test_an_overdue_payment_is_told_to_the_level_above_once_and_shown(world: World, call: Call) -> None:
    cast, at = world.cast, world.cast.at
    sheet = enter_use(call.lines.get(), day=localdate(at), quantity=4, by=world.manager, at=at).sheet
    due = hand_in(sheet, by=world.manager, at=at).due_at
    assert due is not None
    clock: dict[str, Any] = {"by": clock_of_reserves()}
    assert tell_overdue(at=due - timedelta(seconds=1), **clock) == 0
    assert CostSheet.objects.get().state(due - timedelta(seconds=1)) == "HANDED_IN"
    assert tell_overdue(at=due, **clock) == 1
    assert tell_overdue(at=due, **clock) == 0
    assert CostSheet.objects.get().state(due) == "OVERDUE"
    assert task(f"reserve-overdue:{sheet.pk}").owner.code == "5101:city-command"
    accept_rest(sheet, by=cast.district_head, at=due)
    pay_sheet(sheet, paid_on=localdate(due), voucher="1", by=cast.district_head, at=due)
    assert task(f"reserve-overdue:{sheet.pk}").closed_at is not None
    assert tell_overdue(at=due + DAY, **clock) == 0


def test_a_sheet_of_which_nothing_is_accepted_asks_for_nothing(world: World, call: Call) -> None:
    at, payer = world.cast.at, {"by": world.cast.district_head, "at": world.cast.at}
    line = enter_use(call.lines.get(), day=localdate(at), quantity=1, by=world.manager, at=at)
    hand_in(line.sheet, by=world.manager, at=at)
    sheet = decide_line(line, accepted=False, objection="当日未到岗", **payer)
    assert (sheet.state(at), sheet.accepted) == ("NOTHING", 0)
    refused(refusals.NothingToPay, pay_sheet, sheet, paid_on=localdate(at), voucher="1", **payer)
    assert tell_overdue(by=clock_of_reserves(), at=at + 60 * DAY) == 0
    again = enter_use(call.lines.get(), day=localdate(at), quantity=1, by=world.manager, at=at)
    assert again.sheet != sheet
    take_out(again, by=world.manager, at=at)  # its last line: the sheet is gone with it
    assert list(CostSheet.objects.values_list("pk", flat=True)) == [sheet.pk]


@pytest.mark.row("FRC-13")
def test_what_was_lent_stays_open_until_the_firm_has_asked_for_it_or_for_nothing(world: World, call: Call) -> None:
    end, where = call.expected_until, ([HERE], [world.declaration.pk])
    refused(refusals.StillRunning, ask_nothing, call, by=world.manager, at=end - timedelta(seconds=1))
    (left,) = open_lines(*where, at=end)
    assert (left.close, left.owner) == ("hand_in", call.firm)
    refused(NotAllowed, ask_nothing, call, by=world.cast.district_head, at=end)
    sheet = ask_nothing(call, by=world.manager, at=end)
    assert (sheet.state(end), sheet.entered) == ("NOTHING", 0)
    refused(refusals.CostsEntered, ask_nothing, call, by=world.manager, at=end)
    assert open_lines(*where, at=end) == []
    assert tell_overdue(by=clock_of_reserves(), at=end + 60 * DAY) == 0
    never = called(world.cast, world.agreement, world.declaration, starts_at=world.cast.at + 2 * DAY)
    end_call(never, reason="", by=world.cast.district_head, at=world.cast.at + DAY)
    assert open_lines(*where, at=end) == []


@pytest.mark.row("FRC-13", "EMG-8")
def test_a_requisitioned_hotel_is_returned_and_paid(world: World) -> None:
    """Story 7: use and damage, both sides say the same, and the release sees what is still open of it."""
    cast, manager, at = world.cast, world.manager, world.cast.at
    hotel = taken(cast, world.declaration)
    (line,) = hotel.lines.all()
    enter_use(line, day=localdate(at), quantity=20, by=manager, at=at)
    said: dict[str, Any] = {"condition": "房门损坏两扇", "damage_fen": 150_000}
    refused(refusals.StillRunning, say_return, line, **said, by=manager, at=at)
    end_call(hotel, reason="转为常态", by=cast.district_head, at=at + DAY)
    back = at + 2 * DAY
    refused(NotFound, say_return, line, **said, by=cast.neighbour_head, at=back)
    refused(NotAllowed, say_return, line, **said, by=cast.worker, at=back)
    refused(refusals.WordsMissing, say_return, line, **{**said, "condition": ""}, by=manager, at=back)
    refused(refusals.RateMissing, say_return, line, **{**said, "damage_fen": None}, by=manager, at=back)
    refused(refusals.ReturnChanged, agree_return, line, said_at=None, by=cast.district_head, at=back)
    first = say_return(line, **said, by=manager, at=back)
    refused(refusals.ReturnChanged, agree_return, line, said_at=first.return_said_at, by=manager, at=back)
    other = say_return(line, condition="房门损坏一扇", damage_fen=75_050, by=cast.district_head, at=back + DAY)
    refused(refusals.ReturnChanged, agree_return, line, said_at=first.return_said_at, by=manager, at=back + DAY)
    # Until both agree it is in use, also past the end of the order.
    enter_use(line, day=localdate(back), quantity=20, by=manager, at=back + DAY)
    agree_return(line, said_at=other.return_said_at, by=manager, at=back + DAY)
    refused(refusals.NothingToReturn, agree_return, line, said_at=other.return_said_at, by=manager, at=back + DAY)
    assert task(f"reserve-return:{hotel.pk}").closed_at is not None
    sheet = CostSheet.objects.get()
    assert (sheet.entered, sheet.accepted) == (2 * 20 * 26_000 + 75_050, 75_050)
    asked: dict[str, Any] = {"at": back + DAY}
    (left,) = open_lines([HERE], [world.declaration.pk], **asked)
    assert (left.close, left.owner) == ("hand_in", hotel.firm)
    hand_in(sheet, by=manager, at=back + DAY)
    (left,) = open_lines([HERE], [world.declaration.pk], **asked)
    assert (left.close, left.owner) == ("pay", hotel.caller)
    accept_rest(sheet, by=cast.district_head, at=back + DAY)
    paid = pay_sheet(sheet, paid_on=localdate(back + DAY), voucher="P-7", by=cast.city_commander, at=back + DAY)
    assert paid.accepted == 1_115_050
    assert open_lines([HERE], [world.declaration.pk], **asked) == []
    assert audit_sheets() == []


def test_an_exercise_costs_nothing(world: World) -> None:
    exercise = declared(world.cast, number="D", hazard="fire", drill=True)
    call = called(world.cast, world.agreement, exercise)
    assert call.drill
    day = localdate(world.cast.at)
    refused(
        refusals.ExerciseCostsNothing,
        enter_use,
        call.lines.get(),
        day=day,
        quantity=1,
        by=world.manager,
        at=world.cast.at,
    )


def test_the_audit_names_every_sum_that_is_not_its_lines(world: World, call: Call) -> None:
    at = world.cast.at
    line = enter_use(call.lines.get(), day=localdate(at), quantity=4, by=world.manager, at=at)
    CostSheet.objects.update(entered=1)
    assert audit_sheets() == [f"cost sheet {line.sheet_id}: 1 and 0 fen kept, (72000, 0) counted"]
    CostSheet.objects.update(entered=72_000)
    CostLine.objects.update(rate=1, amount=4)
    assert f"cost line {line.pk}: not at the agreed rate" in audit_sheets()


@pytest.mark.django_db(transaction=True)
def test_two_who_accept_and_pay_at_once_do_it_once(world: World, call: Call) -> None:
    cast, at = world.cast, world.cast.at
    lines = [
        enter_use(
            call.lines.get(),
            day=date.fromordinal(localdate(at).toordinal() + n),
            quantity=4,
            by=world.manager,
            at=at + n * DAY,
        )
        for n in range(2)
    ]
    sheet = CostSheet.objects.get()
    hand_in(sheet, by=world.manager, at=at + DAY)
    later = at + DAY

    def accept() -> None:
        accept_rest(sheet, by=cast.district_head, at=later)

    def accept_first() -> None:
        decide_line(lines[0], accepted=True, by=cast.city_commander, at=later)

    raised = at_once(accept, accept, accept_first)
    assert all(one is None or isinstance(one, refusals.LineDecided) for one in raised)
    assert CostSheet.objects.get().accepted == 144_000

    def pay() -> None:
        pay_sheet(sheet, paid_on=localdate(later), voucher="1", by=cast.district_head, at=later)

    raised = at_once(pay, pay)
    assert sorted(type(one).__name__ for one in raised) == ["AlreadyPaid", "NoneType"]
    assert audit_sheets() == []


@pytest.mark.row("FRC-13")
def test_the_minutes_job_writes_ends_down_and_tells_what_is_overdue(world: World, call: Call, clock_at: Any) -> None:
    at = world.cast.at
    sheet = enter_use(call.lines.get(), day=localdate(at), quantity=4, by=world.manager, at=at).sheet
    due = hand_in(sheet, by=world.manager, at=at).due_at
    assert due is not None and due > call.expected_until
    clock_at(call.expected_until - timedelta(minutes=1))
    look_at_reserves.call_local()
    call.refresh_from_db()
    assert call.noted_at is None
    clock_at(call.expected_until)
    look_at_reserves.call_local()
    call.refresh_from_db()
    assert call.noted_at is not None and not Task.objects.everywhere("a test").filter(
        source=f"reserve-overdue:{sheet.pk}"
    )
    clock_at(due)
    look_at_reserves.call_local()
    look_at_reserves.call_local()
    assert task(f"reserve-overdue:{sheet.pk}").owner.code == "5101:city-command"
