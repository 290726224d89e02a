"""The whole way through pages: offered, agreed, called, acknowledged, costs entered, decided, paid; in both languages."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import localdate, localtime

from qipan.access.api import forget
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.laws.api import repeal_article
from qipan.reserves.models import Agreement, Call, CallLine, CostLine, CostSheet, Offer
from qipan.reserves.queries.cards import order_card
from qipan.reserves.testing import FIRM, called, taken
from qipan.territory.testing import close, merge

from .conftest import Entry, Task, World

DAY = timedelta(days=1)


def typed(moment: datetime) -> str:
    return f"{localtime(moment):%Y-%m-%dT%H:%M}"


def posted(client: Client, path: str, data: dict[str, Any], status: int = 302) -> Any:
    answer = client.post(path, data)
    assert answer.status_code == status, (path, answer.status_code, answer.context and answer.context.get("form"))
    return answer


@pytest.mark.row("FRC-13", "FRC-6")
def test_from_an_offer_to_the_payment_through_pages(world: World) -> None:
    cast, at = world.cast, world.cast.at
    firm, district = cast.client("manager"), cast.client("district_head")
    given = {
        "kind": "vehicle", "quantity": "3", "rate": "450.50", "area": "510104", "smaller": "", "conditions": "含司机",
        "valid_until": typed(at + 200 * DAY),
    }  # fmt: skip
    wrong = posted(firm, "/reserves/offers/new", {**given, "rate": "1.234"}, 400)
    assert list(wrong.context["form"].errors) == ["rate"]
    assert list(posted(firm, "/reserves/offers/new", {**given, "kind": ""}, 400).context["form"].errors) == ["kind"]
    assert posted(firm, "/reserves/offers/new", {**given, "area": ""}, 404).context["form"].errors["area"]
    posted(firm, "/reserves/offers/new", given)
    offer = Offer.objects.everywhere("a test").latest("pk")
    assert (offer.rate, offer.quantity, offer.kind) == (45_050, 3, "vehicle")
    # The district agrees over it.
    path = f"/reserves/agreements/new?firm={offer.firm_id}"
    assert "含司机" in district.get(path).content.decode()
    terms = {
        "number": "锦府储〔2026〕7号", "starts_at": typed(at), "ends_at": typed(at + 100 * DAY), "notice_hours": "0",
        "payment_days": "15", f"quantity_{offer.pk}": "4",
    }  # fmt: skip
    assert list(posted(district, path, terms, 409).context["form"].errors) == [f"quantity_{offer.pk}"]
    posted(district, path, {**terms, f"quantity_{offer.pk}": "2"})
    agreement = Agreement.objects.everywhere("a test").latest("pk")
    page = f"/reserves/agreements/{agreement.pk}"
    assert "待企业签署" in district.get("/reserves").content.decode()
    assert posted(firm, f"{page}/decline", {"reason": ""}, 400).context["decline"].errors["reason"]
    assert district.post(f"{page}/sign").status_code == 403
    posted(firm, f"{page}/sign", {})
    # Called under the declaration, and found on the desk of the firm.
    line = agreement.lines.get()
    order = {
        "declaration": str(world.declaration.pk), "article": "erl-2024-72", "area": "510104001", "smaller": "",
        "purpose": "转运物资", "starts_at": typed(at), "expected_until": typed(at + 2 * DAY), f"quantity_{line.pk}": "2",
        "nonce": "018f0000-0000-7000-8000-000000000001",
    }  # fmt: skip
    refused = posted(district, f"{page}/call", {**order, "declaration": ""}, 409)
    assert list(refused.context["form"].errors) == ["declaration"]
    assert refused.context["nonce"] == order["nonce"]
    posted(district, f"{page}/call", order)
    posted(district, f"{page}/call", order)  # sent twice
    call = Call.objects.everywhere("a test").get()
    task = Task.objects.everywhere("a test").get(source=f"reserve:{call.pk}:call")
    assert f"/reserves/calls/{call.pk}" in firm.get(f"/desk/tasks/{task.pk}").content.decode()
    assert "尚未签收" in district.get("/reserves").content.decode()
    one = f"/reserves/calls/{call.pk}"
    posted(firm, f"{one}/acknowledge", {})
    assert "尚未签收" not in district.get("/reserves").content.decode()
    # Costs.
    use = {"line": call.lines.get().pk, "day": localdate(at).isoformat(), "quantity": "2"}
    assert posted(firm, f"{one}/use", {**use, "quantity": "3"}, 400).context["forms"]["use"].errors["quantity"]
    posted(firm, f"{one}/use", use)
    cost = {"day": use["day"], "what": "过路费", "amount": "15.50", "reason": ""}
    assert posted(firm, f"{one}/cost", cost, 400).context["forms"]["cost"].errors["reason"]
    posted(firm, f"{one}/cost", {**cost, "reason": "绕行高速"})
    sheet = CostSheet.objects.get()
    bill = f"/reserves/sheets/{sheet.pk}"
    assert "916.50" in firm.get(bill).content.decode()
    posted(firm, f"{bill}/hand-in", {})
    assert "916.50" in district.get("/reserves").content.decode()
    extra = CostLine.objects.get(kind="OTHER")
    said = posted(district, f"{bill}/object", {"line": extra.pk, "objection": ""}, 400)
    assert said.context["object"].errors["objection"]
    posted(district, f"{bill}/object", {"line": extra.pk, "objection": "缺票据"})
    posted(district, f"{bill}/accept", {"line": CostLine.objects.get(kind="USE").pk})
    pay = {"paid_on": localdate(at).isoformat(), "voucher": ""}
    assert posted(district, f"{bill}/pay", pay, 400).context["pay"].errors["voucher"]
    posted(district, f"{bill}/pay", {**pay, "voucher": "记-031"})
    for client in (firm, district):
        page_text = client.get("/reserves").content.decode()
        assert "901.00" in page_text and "记-031" in page_text and "已提交的费用都已付款" in page_text


@pytest.mark.row("FRC-13")
def test_a_requisition_goes_back_and_both_say_so_on_pages(world: World) -> None:
    cast, at = world.cast, world.cast.at
    firm, district = cast.client("manager"), cast.client("district_head")
    order = {
        "firm": cast.unit(FIRM).pk, "declaration": str(world.declaration.pk), "article": "erl-2024-76", "area": "510104",
        "smaller": "510104001001", "purpose": "安置", "expected_until": typed(at + DAY), "kind_1": "room",
        "quantity_1": "5", "rate_1": "200", "described_1": "二楼", "condition_1": "",
    }  # fmt: skip
    refused = posted(district, "/reserves/requisitions/new", order, 400)
    assert list(refused.context["form"].errors) == ["described_1"]
    assert list(posted(district, "/reserves/requisitions/new", {**order, "firm": ""}, 404).context["form"].errors) == [
        "firm"
    ]
    posted(district, "/reserves/requisitions/new", {**order, "condition_1": "完好"})
    call = Call.objects.everywhere("a test").get()
    one = f"/reserves/calls/{call.pk}"
    later = {"expected_until": typed(at + 3 * DAY), "reason": "仍需安置"}
    posted(district, f"{one}/extend", {**later, "reason": ""}, 400)
    posted(district, f"{one}/extend", later)
    posted(district, f"{one}/end", {"reason": "水退"})
    line = call.lines.get()
    assert "待返还" in firm.get("/reserves").content.decode()
    posted(firm, f"{one}/return", {"line": line.pk, "condition": "地毯污损", "damage": ""}, 400)
    posted(firm, f"{one}/return", {"line": line.pk, "condition": "地毯污损", "damage": "300"})
    said = CallLine.objects.get().return_said_at
    assert said is not None
    posted(district, f"{one}/agree", {"line": line.pk, "said": "x"}, 409)
    posted(district, f"{one}/agree", {"line": line.pk, "said": said.isoformat()})
    assert CostSheet.objects.get().accepted == 30_000
    assert "已返还" in district.get(one).content.decode()


def test_who_sees_what(world: World) -> None:
    cast = world.cast
    call, hotel = called(cast, world.agreement, world.declaration), taken(cast, world.declaration)
    paths = ("/reserves", f"/reserves/agreements/{world.agreement.pk}", f"/reserves/calls/{call.pk}")
    for name, found in (
        ("manager", [200, 200, 200]),
        ("district_head", [200, 200, 200]),
        ("city_commander", [200, 200, 200]),
        ("auditor", [200, 200, 200]),
        ("neighbour_head", [200, 404, 404]),
        ("dispatcher", [200, 404, 404]),  # a street sees its own, not what its district agreed
        ("guard", [403, 403, 403]),
        ("worker", [403, 403, 403]),
    ):
        assert [cast.client(name).get(path).status_code for path in paths] == found, name
    for name in ("neighbour_head", "dispatcher"):
        assert cast.client(name).post(f"/reserves/calls/{call.pk}/end", {"reason": "x"}).status_code == 404
    anyone = cast.client("anonymous")
    for one in (call, hotel):
        card = anyone.get(f"/reserves/orders/{one.number}").content.decode()
        assert one.number in card and "锦江区指挥部" in card and "180.00" not in card and "260.00" not in card
    # A complaint begins with the number of the order, as for measures.
    about = anyone.get(f"/report?category=21001&place=510104001001&order={call.number}").content.decode()
    assert f"关于命令{call.number}（{call.purpose}）：" in about
    assert call.number in order_card(call.number, at=world.cast.at).complaint_address
    assert anyone.get("/reserves/orders/510104-r0").status_code == 404
    assert anyone.get(f"/reserves/orders/510105-r{call.pk}").status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_speak_both_languages_and_have_an_empty_state(world: World, language: str) -> None:
    empty = {"zh-hans": "没有调用。", "en": "Nothing is called."}[language]
    title = {"zh-hans": "企业储备", "en": "Reserves of firms"}[language]
    kind = {"zh-hans": "门岗值守", "en": "Guard duty at a gate"}[language]
    for name in ("manager", "district_head"):
        client = world.cast.client(name)
        client.cookies["django_language"] = language
        page = client.get("/reserves").content.decode()
        assert empty in page and title in page and kind in page and "180.00" in page
    client = world.cast.client("neighbour_dispatcher")
    client.cookies["django_language"] = language
    assert {"zh-hans": "没有协议。", "en": "No agreement."}[language] in client.get("/reserves").content.decode()


@pytest.mark.row("LAW-1", "FRC-13")
def test_when_its_article_is_repealed_a_requisition_says_so_until_it_has_ended(world: World) -> None:
    cast, at = world.cast, world.cast.at
    call, kept = taken(cast, world.declaration), called(cast, world.agreement, world.declaration)
    district = cast.client("district_head")
    one = f"/reserves/calls/{call.pk}"
    assert "依据已废止" not in district.get("/reserves").content.decode() and order_card(call.number, at=at).flags == ()
    lawyer = Actor.system("law", acts=["law.edit"], ranges=[range_of("5101")])
    since = localdate(at) + DAY
    repeal_article("erl-2024-76", since=since, reason="修订", by=lawyer, at=at)
    assert [(flag.article.code, flag.since) for flag in order_card(call.number, at=at).flags] == [
        ("erl-2024-76", since)
    ]
    page = district.get(one).content.decode()
    assert "第76条" in page and "起失效" in page and "修订" in page
    assert "起失效" not in district.get(f"/reserves/calls/{kept.pk}").content.decode()
    listed = district.get("/reserves").content.decode()
    assert listed.count("依据已废止") == 1
    assert "依据已废止" not in district.get(f"/reserves/agreements/{world.agreement.pk}").content.decode()
    repeal_article("erl-2024-72", since=since, reason="修订", by=lawyer, at=at)
    assert "依据已废止" in district.get(f"/reserves/agreements/{world.agreement.pk}").content.decode()
    posted(district, f"{one}/end", {"reason": "水退"})
    assert "起失效" not in district.get(one).content.decode()
    assert order_card(call.number, at=at + DAY).flags == ()


@pytest.mark.row("ORG-5")
def test_an_organ_whose_area_was_closed_orders_nothing_new_and_reads_who_can(world: World) -> None:
    cast, unit = world.cast, world.cast.unit("510104:district-command")
    close("510104", at=cast.at)
    client = cast.client("district_head")
    pages = ("/reserves/requisitions/new", f"/reserves/agreements/{world.agreement.pk}/call")
    for page in pages:
        shown = client.get(page)
        assert shown.status_code == 200
        assert [code for code, _label in shown.context["form"].fields["area"].choices] == ["", "510104001", "510104002"]
    close("510104", at=cast.at, whole=True)
    before = (Call.objects.everywhere("a test").count(), Entry.objects.count())
    for page in pages:
        for answer in (client.get(page), client.post(page, {"area": "510104"})):
            assert answer.status_code == 409
            assert f"{unit.name}不能再在此新办事项；可由{unit.parent.name}办理" in answer.content.decode()
    assert (Call.objects.everywhere("a test").count(), Entry.objects.count()) == before


@pytest.mark.row("ORG-5")
def test_the_heir_of_a_district_ends_its_call(world: World) -> None:
    cast = world.cast
    call = called(cast, world.agreement, world.declaration)
    assert cast.client("neighbour_head").post(f"/reserves/calls/{call.pk}/end", {"reason": "水退"}).status_code == 404
    merge("510104", into="510105", at=cast.at)
    forget()
    posted(cast.client("neighbour_head"), f"/reserves/calls/{call.pk}/end", {"reason": "水退"})
    call.refresh_from_db()
    assert (call.ended_at is not None, call.end_reason) == (True, "水退")
