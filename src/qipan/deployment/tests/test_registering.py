"""FRC-5, FRC-13: a firm is registered on a page or by a command, with the account of its manager, all or nothing."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from qipan.access.api import Account, Post, forget
from qipan.access.testing import Cast, make_city
from qipan.deployment.actions import form_partner_teams
from qipan.deployment.models import Team
from qipan.duties.api import Unit, contact_of, get_unit, ground_of
from qipan.kernel.place import place_of

pytestmark = pytest.mark.row("FRC-5")
PAGE = "/forces/companies/register?area=510104001001"
OLD, NEW = "510104:property-company-1", "510104:property-company-91110000600037341l"
PLACE = place_of("510104001001001")
GIVEN = {
    "kind": "property-company",
    "name": "安居示例物业",
    "credit_code": "91110000600037341L",
    "compounds": [str(PLACE)],
    "takes_over": "on",
    "username": "anju",
    "display_name": "安居项目经理岗",
    "password": "Anju-2026-qipan",
}


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The tiny city, once for the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_city()
        transaction.set_rollback(True)
    forget()


@pytest.fixture
def cast(city: Cast, db: None) -> Iterator[Cast]:
    """The city of the module; what a test does to it is taken back."""
    mark = transaction.savepoint()
    yield city
    transaction.savepoint_rollback(mark)


def counts() -> tuple[int, int, int]:
    return Unit.objects.count(), Account.objects.count(), Post.objects.everywhere("a test").count()


def test_an_official_registers_a_company_and_its_manager_works_at_once(cast: Cast) -> None:
    form_partner_teams(
        cast.unit(OLD), places=[PLACE], stands_down_at=cast.at + timedelta(days=9), by=cast.worker, at=cast.at
    )
    client = cast.client("admin")
    page = client.get(PAGE).content.decode()
    assert cast.unit(OLD).name in page and 'name="password"' in page  # who looks after each compound now is said
    assert client.post(PAGE, GIVEN).status_code == 302
    company = get_unit(NEW)
    assert [ground.first for ground in ground_of(company)] == [PLACE]
    assert Team.objects.everywhere("a test").get(unit=cast.unit(OLD)).released_at is not None
    post = Post.objects.everywhere("a test").select_related("account", "role").get(unit=company)
    assert (post.account.display_name, post.role.code) == ("安居项目经理岗", "property-manager")
    assert post.account.check_password(GIVEN["password"])
    cast.accounts["manager"] = post.account
    client.logout()
    assert client.login(username="anju", password=GIVEN["password"])
    assert client.post("/forces/companies", {"post": "项目经理岗", "line": "028-86610000"}).status_code == 302
    contact = contact_of(company)
    assert contact is not None and contact.line == "028-86610000"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "请填写企业的登记名称"),
        ({"credit_code": "91110000600037341M"}, "这不是统一社会信用代码"),
        ({"compounds": []}, "请选择该企业服务的小区"),
        ({"takes_over": ""}, "请说明由该企业接手"),
        ({"kind": "hotel"}, "请选择企业所在的社区"),
        ({"username": "admin"}, "用户名"),
        ({"password": ""}, "请填写账号的初始密码"),
        ({"password": "1"}, "密码"),
        ({"kind": "community"}, ""),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_half_done(
    cast: Cast, changes: dict[str, Any], said: str
) -> None:
    before = counts()
    answer = cast.client("admin").post(PAGE, GIVEN | changes)
    assert answer.status_code in (400, 409)
    page = answer.content.decode()
    assert said in page.split("<main")[1] and 'role="alert"' in page
    assert counts() == before


def test_only_who_keeps_the_register_registers_and_only_on_a_ground_small_enough_to_choose(cast: Cast) -> None:
    for who in ("worker", "guard", "city_commander", "auditor"):
        client = cast.client(who)
        assert (client.get(PAGE).status_code, client.post(PAGE, GIVEN).status_code) == (403, 403)
    page = cast.client("admin").get(PAGE, headers={"Accept-Language": "en"}).content.decode()
    assert "Unified social credit code" in page
    assert "?area=510104001" in cast.client("admin").get("/forces/companies/register?area=510104").content.decode()


def test_the_command_does_what_the_page_does_and_says_why_not(
    cast: Cast, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = GIVEN["credit_code"]
    given = ["property-company", "--name", "安居示例物业", "--compound", "510104001001001"]
    for more in (["--credit-code", "91110000600037341M"], ["--credit-code", code]):  # held by another
        with pytest.raises(CommandError):
            call_command("register_firm", *given, *more)
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n"))
    before = counts()
    with pytest.raises(CommandError):
        call_command("register_firm", *given, "--credit-code", code, "--takes-over", "--username", "anju")
    assert counts() == before
    monkeypatch.setattr("sys.stdin", io.StringIO("Anju-2026-qipan\n"))
    call_command("register_firm", *given, "--credit-code", code, "--takes-over", "--username", "anju")
    assert f"{NEW}: 安居示例物业" in capsys.readouterr().out
    assert Account.objects.get(username="anju").check_password("Anju-2026-qipan")
    call_command(
        "register_firm", "hotel", "--name", "示例宾馆", "--credit-code", "91510100000000001H",
        "--community", "510104001001",
    )  # fmt: skip
    hotel = get_unit("510104:hotel-91510100000000001h")
    assert (hotel.label, hotel.first, hotel.last) == ("示例宾馆", hotel.place, hotel.place)
