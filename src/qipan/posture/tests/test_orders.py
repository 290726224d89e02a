"""The order card for everyone, and the work under an order (FRC-6, red line 2)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import conditional_escape
from django.utils.timezone import localtime
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.desk.api import (
    Admission,
    NotAdmitted,
    OrderMissing,
    Task,
    TaskKind,
    TaskState,
    answer_task,
    send_task,
    send_tasks,
)
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.posture import rules
from qipan.posture.actions.ending import end_due
from qipan.posture.actions.refusals import GuidanceIncomplete, MeasureOver, TaskNotOfThisKind
from qipan.posture.actions.signing import NotYourOrgan
from qipan.posture.api import (
    Declaration,
    Measure,
    cards_on,
    declare,
    extend_measure,
    impose_measure,
    lift_measure,
    send_order_tasks,
)
from qipan.posture.queries.cards import order_card
from qipan.territory.api import get_area

from .conftest import Entry, response, restriction

HERE = range_of("510104001001")
CLOCK = Actor.system("measures", ranges=[range_of("5101")])


def everything() -> Any:
    return Task.objects.everywhere("a test")


@pytest.fixture
def order(cast: Cast, declared: Declaration) -> Measure:
    return impose_measure(**restriction(cast, declaration=declared))[0]


def ask(cast: Cast, measure: Measure, kind: str = "GATE", **changes: Any) -> int:
    return send_order_tasks(measure, **{"kind": kind, "by": cast.city_commander, "at": cast.at, **changes})


@pytest.mark.row("FRC-6")
@pytest.mark.parametrize("kind", ["GATE", "SUPPLY", "GUIDANCE"])
@pytest.mark.parametrize("source", ["gate:1", "measure:0:gate", "measure:x:gate", "card:7", "measure:999999:gate"])
def test_a_gate_task_without_an_order_is_refused_and_nothing_is_written(cast: Cast, kind: str, source: str) -> None:
    terms: dict[str, Any] = {
        "kind": kind, "source": source, "title": "值守", "asker": cast.unit("5101:city-command"),
        "basis": "b", "by": cast.city_commander, "at": cast.at,
    }  # fmt: skip
    entries = Entry.objects.count()
    with pytest.raises(OrderMissing):
        send_tasks(organ_types=["community"], grounds=[HERE], **terms)
    with pytest.raises(OrderMissing):
        send_task(owner=cast.unit("510104001:street-office"), place=HERE.first, listed=True, **terms)
    assert (everything().count(), Entry.objects.count()) == (0, entries)


@pytest.mark.row("FRC-6")
def test_gate_tasks_carry_the_order_are_reported_and_end_with_it(cast: Cast, order: Measure) -> None:
    assert ask(cast, order) == 2
    found = {task.owner.code: task for task in everything().select_related("owner")}
    assert set(found) == {"510104001001:community", "510104:property-company-1"}
    gate = found["510104:property-company-1"]
    assert (gate.kind, gate.source, gate.basis) == (
        "GATE", f"measure:{order.pk}:gate", f"{order.number} · {order.basis}",
    )  # fmt: skip
    assert gate.admission.declaration == order.declaration.number
    assert ask(cast, order) == 0  # the same again
    answer_task(gate, state=TaskState.DONE, note="已安排两班", by=cast.guard, at=cast.at)
    assert end_due(by=CLOCK, at=order.expires_at) == 1
    assert {task.owner.code: task.state for task in everything().select_related("owner")} == {
        "510104:property-company-1": "DONE",
        "510104001001:community": "RECALLED",
    }
    with pytest.raises(MeasureOver):
        ask(cast, order, "GUIDANCE", at=order.expires_at)


@pytest.mark.row("FRC-6")
def test_the_work_goes_on_with_an_extension_and_ends_when_all_is_lifted(cast: Cast, order: Measure) -> None:
    ask(cast, order)
    end = order.expires_at
    extension = extend_measure(
        order, expires_at=end + timedelta(days=7), review_at=end + timedelta(days=3), article="erl-2024-73",
        by=cast.city_commander, at=cast.at,
    )  # fmt: skip
    assert end_due(by=CLOCK, at=end) == 1
    assert set(everything().values_list("state", flat=True)) == {"SENT"}
    assert ask(cast, extension, "GUIDANCE", at=end) == 2
    assert set(everything().values_list("source", flat=True)) == {
        f"measure:{order.pk}:gate", f"measure:{order.pk}:guidance",
    }  # fmt: skip
    lift_measure(extension, by=cast.city_commander, at=end + timedelta(hours=1))
    assert set(everything().values_list("state", flat=True)) == {"RECALLED"}


@pytest.mark.row("FRC-6")
def test_who_may_ask_for_work_under_an_order(cast: Cast, order: Measure, imposed: Measure) -> None:
    refusals: list[tuple[Any, dict[str, Any]]] = [
        (NotAllowed, {"by": cast.worker}),
        (NotFound, {"by": replace(cast.city_commander, scope=cast.neighbour_head.scope)}),
        (NotYourOrgan, {"by": cast.district_head}),
        (TaskNotOfThisKind, {"kind": "SUPPLY"}),  # a check at the gate brings nobody supplies
        (TaskNotOfThisKind, {"kind": "CARD"}),
    ]
    for refusal, changes in refusals:
        with pytest.raises(refusal):
            ask(cast, order, **changes)
    with pytest.raises(NotAdmitted):  # no emergency was declared: the lead organisation admits the work first
        ask(cast, imposed)
    later = impose_measure(**restriction(cast, starts_at=cast.at + timedelta(days=1)))[0]
    with pytest.raises(OrderMissing):
        ask(cast, later)
    assert (everything().count(), Admission.objects.count()) == (0, 0)


def test_the_order_card_says_who_why_where_until_when_and_how_to_complain(cast: Cast, order: Measure) -> None:
    card = order_card(order.number, at=cast.at)
    assert order.number == f"510104-{order.pk}"
    assert (card.state, card.title, card.issuer) == ("IN_FORCE", "小区出入查验", "成都市指挥部")
    assert [basis.label for basis in card.basis] == ["《突发事件应对法（2024年修订）》第73条"]
    assert card.basis[0].link.startswith("https://")
    assert (card.area, card.ends_at, card.review_at) == ("锦江一街一社区", order.expires_at, order.review_at)
    assert card.complaint_address == (
        f"/report?category={rules.kinds()['gate-check'].complaint_category}&place=510104001001&order={order.number}"
    )
    assert [one.language for one in card.guidance] == ["zh", "en"]
    assert end_due(by=CLOCK, at=order.expires_at) == 1
    over = order_card(order.number, at=order.expires_at)
    assert (over.state, over.basis) == ("ENDED", card.basis)  # its basis leads to the article as before
    assert order_card(order.number, at=order.starts_at - timedelta(seconds=1)).state == "TO_COME"


@pytest.mark.parametrize(
    "number", ["", "1", "510105-{pk}", "510104-{pk}0", "510104-x", "510104", "510104-9999999999999999999"]
)
def test_a_wrong_number_is_no_order(cast: Cast, order: Measure, number: str) -> None:
    with pytest.raises(NotFound):
        order_card(number.format(pk=order.pk), at=cast.at)


def test_an_order_may_say_more_than_its_kind_in_both_languages_at_least(cast: Cast) -> None:
    with pytest.raises(GuidanceIncomplete):
        impose_measure(**restriction(cast, guidance={"zh": "请走东门", "ja": "東門へ"}))
    assert Measure.objects.count() == 0
    words = {"zh": "请走东门", "en": "Use the east gate", "ar": "البوابة الشرقية"}
    (measure,) = impose_measure(**restriction(cast, guidance=words))
    found = order_card(measure.number, at=cast.at).guidance
    assert [(one.language, one.text, one.right_to_left) for one in found] == [
        ("zh", "请走东门", False), ("en", "Use the east gate", False), ("ar", "البوابة الشرقية", True),
    ]  # fmt: skip


def test_cards_of_a_ground_are_those_in_force_and_to_come_there(cast: Cast, order: Measure) -> None:
    (later,) = impose_measure(
        **restriction(cast, starts_at=cast.at + timedelta(days=1), review_at=cast.at + timedelta(days=2))
    )
    impose_measure(**restriction(cast, grounds=[range_of("510105001001")]))
    assert [card.number for card in cards_on([HERE], at=cast.at)] == [order.number, later.number]
    assert cards_on([HERE], at=order.expires_at) == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_everyone_reads_the_card_and_its_sheet(cast: Cast, order: Measure, language: str) -> None:
    client = cast.client("anonymous")
    client.cookies["django_language"] = language
    page = client.get(f"/orders/{order.number}").content.decode()
    for text in (order.number, "flk.npc.gov.cn", f"order={order.number}", "请出示通行凭证", "Please show", "<svg"):
        assert text in page
    for size in ("a4", "a5"):
        sheet = client.get(f"/orders/{order.number}/sheet/{size}").content.decode()
        assert f"order-sheet-{size}" in sheet and "<svg" in sheet and order.number in sheet
    assert client.get(f"/orders/{order.number}/sheet/a3").status_code == 404
    assert client.get("/orders/510104-0").status_code == 404
    ended = {"zh-hans": "本命令已结束", "en": "This order has ended"}[language]
    assert ended not in page
    lift_measure(order, reason="形势好转", by=cast.city_commander, at=cast.at)
    page = client.get(f"/orders/{order.number}").content.decode()
    assert ended in page and "形势好转" in page


@pytest.mark.row("FRC-6")
def test_card_sheet_and_phone_say_the_same_of_an_order(cast: Cast) -> None:
    declaration = declare(**response(cast))
    (order,) = impose_measure(**restriction(cast, declaration=declaration))
    client = cast.client("anonymous")
    card = order_card(order.number, at=cast.at)
    said = {card.title, card.issuer, card.kind, card.declaration, card.area, card.complaint, card.number}
    said |= {date_format(localtime(at), "DATETIME_FORMAT") for at in (card.starts_at, card.ends_at, card.review_at)}
    pages = [client.get(f"/orders/{order.number}{end}").content.decode() for end in ("", "/sheet/a4", "/sheet/a5")]
    pages.append(
        render_to_string("posture/_order.html", {"card": card}) + str(card.title)
    )  # as the guard's phone has it
    assert [[word for word in said if conditional_escape(word) not in page] for page in pages] == [[], [], [], []]


@pytest.mark.row("FRC-6")
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("size", ["a4", "a5"])
def test_the_printed_card_says_who_why_where_until_when_and_how_to_complain(
    cast: Cast, order: Measure, language: str, size: str
) -> None:
    client = cast.client("anonymous")
    client.cookies["django_language"] = language
    address = f"/orders/{order.number}/sheet/{size}"
    sheet = client.get(address).content.decode()
    english = language == "en"
    kind = rules.kinds()["gate-check"]
    with override(language):
        words = [
            order.issuer.label, order.title, get_area("510104001001").label, kind.complaint_en if english else kind.complaint,
            *(date_format(localtime(at), "DATETIME_FORMAT") for at in (order.starts_at, order.expires_at, order.review_at)),
        ]  # fmt: skip
    words += ["Emergency Response Law (2024)", "Looked at again on", "How to complain"] if english else [
        "突发事件应对法（2024年修订）", "复核日期", "投诉途径",
    ]  # fmt: skip
    # What residents are told stands there in both languages, whoever prints it.
    words += [rules.guidance_texts()["gate-check"][one] for one in ("zh", "en")]
    assert [word for word in words if conditional_escape(word) not in sheet] == []
    assert f"http://testserver/orders/{order.number}" in sheet
    lift_measure(order, reason="形势好转", by=cast.city_commander, at=cast.at)
    ended = client.get(address).content.decode()
    assert ("This order has ended." if english else "本命令已结束") in ended
    assert conditional_escape(words[-1]) not in ended
    (exercise,) = impose_measure(**restriction(cast, drill=True))
    drill = client.get(f"/orders/{exercise.number}/sheet/{size}").content.decode()
    assert ("Exercise: this order binds nobody." if english else "演练") in drill


def test_no_order_holds_anything_about_a_person() -> None:
    """Red line 2: no colour and no status of anybody, on the card or behind it."""
    assert {field.name for field in Measure._meta.concrete_fields} == {
        "id", "declaration", "kind", "hazard", "title", "basis", "over_reason", "guidance", "issuer", "first", "last",
        "starts_at", "expires_at", "review_at", "told_at", "lifted_at", "end_kind", "end_reason", "tasks_of", "extends",
        "drill",
    }  # fmt: skip
    assert str(TaskKind.GATE.label)
