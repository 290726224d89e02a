"""Offers, agreements, calls and requisitions: who may, under what, how many, until when."""

from datetime import timedelta
from typing import Any

import pytest

from qipan.desk.api import TaskState, answer_task
from qipan.duties.api import register_firm
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.laws.api import ArticleNotForUse, ArticleUnknown, cited_by
from qipan.posture.api import end_declaration
from qipan.reserves.actions import refusals
from qipan.reserves.actions.agreeing import decline_agreement, sign_agreement
from qipan.reserves.actions.calling import Item, end_call, end_due, extend_call
from qipan.reserves.actions.offering import withdraw_offer
from qipan.reserves.actions.parties import clock_of_reserves
from qipan.reserves.api import close_line, open_lines, seed_reserves
from qipan.reserves.models import Agreement, AgreementLine, Call, CallLine, Offer
from qipan.reserves.queries.cards import card_of
from qipan.reserves.testing import FIRM, HERE, add_manager, agreed, called, declared, offered, taken

from .conftest import Entry, Task, World

DAY = timedelta(days=1)


def rows(model: Any) -> Any:
    return model.objects.everywhere("a test") if hasattr(model.objects.all(), "everywhere") else model.objects.all()


def nothing_written(world: World, refused: type[Refusal], act: Any, **changes: Any) -> Refusal:
    before = {model: rows(model).count() for model in (Offer, Agreement, AgreementLine, Call, CallLine, Entry, Task)}
    with pytest.raises(refused) as caught:
        act(world.cast, **changes)
    assert {model: rows(model).count() for model in before} == before
    return caught.value


@pytest.mark.row("FRC-13")
def test_an_activation_calls_the_pool_of_a_firm(world: World) -> None:
    """G an activation, W pool called, T agreement, cost and compensation recorded (the costs: test_costs.py)."""
    call = called(world.cast, world.agreement, world.declaration)
    line = call.lines.get()
    assert (line.kind, line.quantity, line.rate, line.line.agreement) == ("gate-shift", 4, 18_000, world.agreement)
    assert (call.kind, call.payment_days, call.caller.code, call.firm.code) == (
        "CALL", 30, "510104:district-command", FIRM,
    )  # fmt: skip
    assert call.number == f"510104-r{call.pk}"
    assert [article.code for article in cited_by("reserves.Call", [call.pk])[call.pk]] == ["erl-2024-72"]
    task = rows(Task).get(source=f"reserve:{call.pk}:call")
    assert (task.owner.code, task.asker.code, task.state) == (FIRM, "510104:district-command", "SENT")
    answer_task(task, state=TaskState.ACCEPTED, by=world.manager, at=world.cast.at)
    assert rows(Task).get(pk=task.pk).accepted_at == world.cast.at
    assert (
        call.state(world.cast.at) == "RUNNING" and call.state(call.expected_until - timedelta(seconds=1)) == "RUNNING"
    )
    assert call.state(call.expected_until) == "ENDED"
    assert end_due(by=clock_of_reserves(), at=call.expected_until) == 1
    assert end_due(by=clock_of_reserves(), at=call.expected_until) == 0
    assert rows(Task).get(pk=task.pk).state == "RECALLED"
    assert cited_by("reserves.Call", [call.pk]) == {}


@pytest.mark.row("FRC-13")
def test_the_same_sent_twice_is_one_call_and_more_than_agreed_is_refused(world: World) -> None:
    first = called(world.cast, world.agreement, world.declaration, nonce="a")
    entries = Entry.objects.count()
    assert called(world.cast, world.agreement, world.declaration, nonce="a") == first
    assert (rows(Call).count(), Entry.objects.count()) == (1, entries)
    line = world.agreement.lines.get()

    def again(cast: Any, **changes: Any) -> Call:
        return called(cast, world.agreement, world.declaration, **changes)

    refusal = nothing_written(world, refusals.MoreThanAgreed, again, quantities={line.pk: 7})
    assert (refusal.data["agreed"], refusal.data["taken"], refusal.data["quantity"]) == (10, 4, 7)
    again(world.cast, quantities={line.pk: 6})
    nothing_written(world, refusals.MoreThanAgreed, again, quantities={line.pk: 1})
    # What has ended is free again, at that very moment.
    again(
        world.cast, quantities={line.pk: 10}, starts_at=first.expected_until,
        expected_until=first.expected_until + timedelta(days=2),
    )  # fmt: skip


@pytest.mark.row("FRC-13")
@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"declaration": None}, refusals.DeclarationNotInForce),
        ({"expected_until": 31}, refusals.DeclarationNotInForce),
        ({"ground": range_of("510105001001")}, NotFound),
        ({"purpose": " "}, refusals.WordsMissing),
        ({"article": "x"}, ArticleUnknown),
        ({"article": "civil-2021-285"}, ArticleNotForUse),
        ({"starts_at": None}, refusals.TimesDisordered),
        ({"expected_until": 0}, refusals.TimesDisordered),
        ({"quantities": {}}, refusals.NothingChosen),
        ({"quantities": {0: 1}}, refusals.NothingChosen),
        ({"quantities": "none"}, refusals.NotANumber),
        ({"by": "dispatcher"}, refusals.NotYourAgreement),
        ({"by": "manager"}, NotAllowed),
        ({"by": "guard"}, NotAllowed),
        ({"by": "lead"}, NotAllowed),
    ],
)
def test_what_is_wrong_with_a_call_is_said_and_nothing_written(
    world: World, changes: dict[str, Any], refused: type[Refusal]
) -> None:
    if "expected_until" in changes:
        changes = {"expected_until": world.cast.at + changes["expected_until"] * DAY}
    if changes.get("quantities") == "none":
        changes = {"quantities": {world.agreement.lines.get().pk: 0}}
    if "by" in changes:
        changes = {"by": getattr(world.cast, changes["by"])}
    given = {"declaration": world.declaration, **changes}
    nothing_written(world, refused, lambda cast, **more: called(cast, world.agreement, **more), **given)


@pytest.mark.row("FRC-13")
def test_an_agreement_holds_from_the_second_signature_until_its_end(world: World) -> None:
    cast, at = world.cast, world.cast.at
    unsigned = agreed(cast, world.manager, [offered(cast, world.manager)], sign=False, number="2")

    def call(cast: Any, agreement: Agreement = unsigned, **changes: Any) -> Call:
        return called(cast, agreement, world.declaration, **changes)

    nothing_written(world, refusals.AgreementNotInForce, call)
    task = rows(Task).get(source=f"reserve-agreement:{unsigned.pk}:sign")
    assert (task.owner.code, task.state) == (FIRM, "SENT")
    for by, refused in ((cast.guard, NotAllowed), (cast.district_head, NotAllowed)):
        nothing_written(world, refused, lambda _cast, by=by: sign_agreement(unsigned, by=by, at=at))
    sign_agreement(unsigned, by=world.manager, at=at)
    assert rows(Task).get(pk=task.pk).state == "DONE"
    nothing_written(world, refusals.AlreadySigned, lambda _cast: sign_agreement(unsigned, by=world.manager, at=at))
    signed = Agreement.objects.everywhere("a test").get(pk=unsigned.pk)
    assert signed.in_force(at) and not signed.in_force(at - timedelta(seconds=1))
    assert signed.in_force(signed.ends_at - timedelta(seconds=1)) and not signed.in_force(signed.ends_at)
    short = agreed(cast, world.manager, [offered(cast, world.manager)], number="3", ends_at=at + 3 * DAY)
    nothing_written(world, refusals.OutlivesAgreement, call, agreement=short)
    nothing_written(world, refusals.AgreementNotInForce, call, agreement=short, at=at + 3 * DAY, starts_at=at + 3 * DAY)


def test_a_new_agreement_takes_the_place_of_the_old_one_when_both_have_signed(world: World) -> None:
    cast, at, old = world.cast, world.cast.at, world.agreement
    begins = at + 10 * DAY
    terms: dict[str, Any] = {"number": "2", "replaces": old, "starts_at": begins}
    newer = agreed(cast, world.manager, [offered(cast, world.manager)], sign=False, **terms)
    assert Agreement.objects.everywhere("a test").get(pk=old.pk).stopped_at is None
    sign_agreement(newer, by=world.manager, at=at)
    stopped = Agreement.objects.everywhere("a test").get(pk=old.pk)
    assert (stopped.stopped_at, stopped.in_force(begins - timedelta(seconds=1)), stopped.in_force(begins)) == (
        begins, True, False,
    )  # fmt: skip
    nothing_written(
        world, refusals.OutlivesAgreement,
        lambda cast: called(cast, old, world.declaration, expected_until=at + 11 * DAY),
    )  # fmt: skip
    declined = agreed(cast, world.manager, [offered(cast, world.manager)], sign=False, number="4")
    nothing_written(
        world, refusals.ReasonMissing, lambda _cast: decline_agreement(declined, reason=" ", by=world.manager, at=at)
    )
    decline_agreement(declined, reason="人手不足", by=world.manager, at=at)
    nothing_written(world, refusals.AlreadySigned, lambda _cast: sign_agreement(declined, by=world.manager, at=at))


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"number": " "}, refusals.WordsMissing),
        ({"number": "锦府储〔2026〕1号"}, refusals.NumberTaken),
        ({"payment_days": 61}, refusals.PaymentTooLate),
        ({"payment_days": 0}, refusals.PaymentTooLate),
        ({"payment_days": None}, refusals.PaymentTooLate),
        ({"notice_hours": -1}, refusals.NoticeTooLong),
        ({"quantities": {}}, refusals.NothingChosen),
        ({"quantities": {0: 1}}, refusals.OfferGone),
        ({"ends_at": None}, refusals.TimesDisordered),
        ({"by": "manager"}, NotAllowed),
        ({"by": "worker"}, NotAllowed),
        ({"by": "neighbour_head"}, refusals.OfferGone),  # the firm's offer reaches none of its area
        ({"firm": "510104001001:community"}, refusals.NotAFirm),
        ({"more": 1}, refusals.OfferTooSmall),
    ],
)
def test_what_is_wrong_with_an_agreement_is_said(world: World, changes: dict[str, Any], refused: type[Refusal]) -> None:
    cast = world.cast
    offer = offered(cast, world.manager)
    if "by" in changes:
        changes = {"by": getattr(cast, changes["by"])}
    if "firm" in changes:
        changes = {"firm": cast.unit(changes["firm"])}
    if "more" in changes:
        changes = {"quantities": {offer.pk: offer.quantity + 1}}
    given = {"number": "9", **changes}
    nothing_written(
        world, refused, lambda cast, **more: agreed(cast, world.manager, [offer], sign=False, **more), **given
    )


def test_offers_are_a_firms_own_and_are_withdrawn(world: World) -> None:
    cast, manager = world.cast, world.manager
    for changes, refused in (
        ({"kind": "person"}, refusals.KindUnknown),
        ({"quantity": 0}, refusals.NotANumber),
        ({"quantity": None}, refusals.NotANumber),
        ({"rate": -1}, refusals.RateMissing),
        ({"rate": None}, refusals.RateMissing),
        ({"valid_until": cast.at}, refusals.TimesDisordered),
        ({"by": cast.worker}, NotAllowed),
        ({"by": cast.guard}, NotAllowed),
    ):
        nothing_written(world, refused, lambda cast, **more: offered(cast, manager, **more), **changes)
    offer = offered(cast, manager)
    withdraw_offer(offer, by=manager, at=cast.at)
    nothing_written(world, refusals.OfferGone, lambda cast: withdraw_offer(offer, by=manager, at=cast.at))
    nothing_written(world, refusals.OfferGone, lambda cast: agreed(cast, manager, [offer], number="5"))


@pytest.mark.row("FRC-13", "LAW-1")
def test_a_requisition_is_of_a_competent_organ_under_a_declaration_with_an_inventory(world: World) -> None:
    cast = world.cast
    call = taken(cast, world.declaration)
    line = call.lines.get()
    assert (call.kind, call.agreement, call.payment_days) == ("REQUISITION", None, 30)
    assert (line.quantity, line.rate, line.described, line.condition) == (20, 26_000, "三楼客房", "完好")
    assert rows(Task).get(source=f"reserve:{call.pk}:call").owner.code == FIRM
    item = Item("room", 1, 1, "客房", "完好")
    wrong: list[tuple[dict[str, Any], type[Refusal]]] = [
        ({"declaration": None}, refusals.DeclarationNotInForce),
        ({"by": cast.dispatcher}, NotAllowed),
        ({"by": world.manager}, NotAllowed),
        ({"article": "erl-2024-72"}, ArticleNotForUse),
        ({"items": []}, refusals.InventoryMissing),
        ({"items": [Item("room", 1, 1, "", "完好")]}, refusals.InventoryMissing),
        ({"items": [Item("room", 1, 1, "客房", "")]}, refusals.InventoryMissing),
        ({"items": [item, Item("room", None, 1, "客房", "完好")]}, refusals.NotANumber),
        ({"items": [Item("x", 1, 1, "客房", "完好")]}, refusals.KindUnknown),
        ({"firm": cast.unit("510104001001:community")}, refusals.NotAFirm),
        ({"ground": range_of("510105001001")}, NotFound),
        ({"expected_until": cast.at + 31 * DAY}, refusals.DeclarationNotInForce),
    ]
    for changes, refused in wrong:
        nothing_written(
            world, refused, lambda cast, **more: taken(cast, **{"declaration": world.declaration, **more}), **changes
        )
    end_declaration(world.declaration, reason="水退", by=cast.district_head, at=cast.at)
    world.declaration.refresh_from_db()
    nothing_written(world, refusals.DeclarationNotInForce, lambda cast: taken(cast, world.declaration))


@pytest.mark.row("FRC-13", "LAW-1")
def test_an_organ_below_the_articles_rank_is_refused_with_the_article(world: World) -> None:
    from dataclasses import replace

    cast = world.cast
    street = replace(cast.dispatcher, acts=cast.dispatcher.acts | {"reserve.requisition"})
    refusal = nothing_written(
        world, refusals.RequisitionNotCompetent, lambda cast: taken(cast, world.declaration, by=street)
    )
    assert "《突发事件应对法（2024年修订）》第76条" in str(refusal)
    firm = replace(world.manager, acts=world.manager.acts | {"reserve.requisition"})
    nothing_written(world, refusals.RequisitionNotCompetent, lambda cast: taken(cast, world.declaration, by=firm))


def test_a_call_is_extended_and_ended_by_its_unit_or_one_above(world: World) -> None:
    cast, at = world.cast, world.cast.at
    call = called(cast, world.agreement, world.declaration)
    line = world.agreement.lines.get()
    called(
        cast, world.agreement, world.declaration, quantities={line.pk: 8}, starts_at=call.expected_until,
        expected_until=call.expected_until + DAY,
    )  # fmt: skip

    def longer(_cast: Any, **changes: Any) -> Call:
        given = {
            "expected_until": call.expected_until + 2 * DAY,
            "reason": "雨未停",
            "by": cast.district_head,
            "at": at,
            **changes,
        }
        return extend_call(call, **given)

    nothing_written(world, refusals.MoreThanAgreed, longer)
    nothing_written(world, refusals.ReasonMissing, longer, reason="")
    nothing_written(world, refusals.TimesDisordered, longer, expected_until=call.expected_until)
    nothing_written(world, refusals.DeclarationNotInForce, longer, expected_until=at + 31 * DAY)
    nothing_written(world, NotFound, longer, by=cast.neighbour_head)
    nothing_written(world, NotAllowed, longer, by=world.manager)
    nothing_written(world, NotFound, lambda _cast: end_call(call, reason="", by=cast.dispatcher, at=at))
    assert end_call(call, reason="水退", by=cast.city_commander, at=at + DAY) is True
    assert end_call(call, reason="水退", by=cast.city_commander, at=at + DAY) is False
    fresh = Call.objects.everywhere("a test").get(pk=call.pk)
    assert (fresh.ends_at, fresh.end_reason) == (at + DAY, "水退")
    nothing_written(world, refusals.CallOver, longer, at=at + DAY)


@pytest.mark.row("FRC-13", "EMG-8")
def test_the_release_finds_what_is_open_and_ends_it(world: World) -> None:
    cast, at = world.cast, world.cast.at
    call, hotel = called(cast, world.agreement, world.declaration), taken(cast, world.declaration)
    other = declared(cast, number="2", hazard="fire")
    found = open_lines([HERE], [world.declaration.pk], at=at)
    assert [(line.kind, line.reference, line.owner.code, line.close, line.address) for line in found] == [
        ("CALL", f"reserves.Call:{call.pk}", "510104:district-command", "end_call", f"/reserves/calls/{call.pk}"),
        ("REQUISITION", f"reserves.Call:{hotel.pk}", "510104:district-command", "end_call", f"/reserves/calls/{hotel.pk}"),
    ]  # fmt: skip
    assert open_lines([HERE], [other.pk], at=at) == []
    assert open_lines([range_of("510105")], [world.declaration.pk], at=at) == []
    for line in found:
        assert close_line(line.reference, reason="响应结束", by=cast.district_head, at=at + DAY) is True
    assert close_line(found[0].reference, reason="响应结束", by=cast.district_head, at=at + DAY) is False
    over = card_of(Call.objects.everywhere("a test").get(pk=hotel.pk), at=at + DAY)
    # Cited no more, and its card still leads to the article.
    assert cited_by("reserves.Call", [hotel.pk]) == {}
    assert (over.over, [one.code for one in over.articles]) == (True, ["erl-2024-76"])
    assert [(left.reference, left.close) for left in open_lines([HERE], [world.declaration.pk], at=at + DAY)] == [
        (f"reserves.Call:{call.pk}", "hand_in"),
        (f"reserves.Call:{hotel.pk}", "return"),
    ]
    assert rows(Task).get(source=f"reserve-return:{hotel.pk}").owner.code == "510104:district-command"
    for wrong in ("", "reserves.Call:0", "reserves.Call:x", f"posture.Measure:{call.pk}"):
        with pytest.raises(NotFound):
            close_line(wrong, reason="", by=cast.district_head, at=at)


@pytest.mark.row("FRC-13")
def test_any_kind_of_firm_can_lend_what_it_has(world: World) -> None:
    cast = world.cast
    registrar = Actor.system("seed", acts=["register.edit"], ranges=[range_of("5101")])
    at_home = {"name": "示例宾馆", "community": "510104001001", "made_up": True}
    hotel = register_firm("hotel", **at_home, by=registrar, at=cast.at)
    host = add_manager(cast, "host", unit=hotel.code, role="firm-manager")
    rooms = offered(cast, host, kind="room", quantity=60, rate=26_000)
    assert (rooms.firm_id, rooms.quantity) == (hotel.pk, 60)
    agreement = agreed(cast, host, [rooms], number="锦府储〔2026〕2号")
    call = called(cast, agreement, world.declaration)
    assert [(line.kind, line.quantity) for line in call.lines.all()] == [("room", 4)]
    assert call.number in cast.client("host").get("/reserves").content.decode()


def test_each_district_of_a_synthetic_city_has_an_agreement(world: World) -> None:
    by = Actor.system("seed", acts=["reserve.lend", "reserve.call"], ranges=[range_of("5101")])
    assert (seed_reserves("5101", by=by, at=world.cast.at), seed_reserves("5101", by=by, at=world.cast.at)) == (2, 0)
    found = Agreement.objects.everywhere("a test").filter(number__endswith="-S1").order_by("number")
    assert [(one.number, one.payer.code, one.in_force(world.cast.at), one.lines.count()) for one in found] == [
        ("510104-S1", "510104:district-command", True, 4),
        ("510105-S1", "510105:district-command", True, 4),
    ]
    assert not Task.objects.everywhere("a test").filter(source__startswith="reserve-agreement", closed_at=None).exists()
    with pytest.raises(NotAllowed):
        seed_reserves("5101", by=world.cast.worker, at=world.cast.at)
