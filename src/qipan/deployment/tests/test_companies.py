"""FRC-5: streets and communities see the companies of their ground, each company itself alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from qipan.access.api import Pass, Role, forget, issue_pass, revoke_passes
from qipan.access.testing import Cast, make_city
from qipan.deployment.queries import companies_on
from qipan.duties.api import CompanyContact, contact_of, keep_contact
from qipan.kernel.place import range_of

pytestmark = pytest.mark.row("FRC-5")
PAGE, COMPANY = "/forces/companies", "510104:property-company-1"
GIVEN = {"post": "项目经理岗", "line": "028-86611234"}


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The tiny city, once for the module; its guard manages the company."""
    with django_db_blocker.unblock(), transaction.atomic():
        cast = make_city()
        post = cast.post("guard")
        post.role = Role.objects.get(code="property-manager")
        post.save()
        cast.guard = replace(cast.guard, acts=frozenset(post.role.acts))
        forget()
        yield cast
        transaction.set_rollback(True)
    forget()


@pytest.fixture
def cast(city: Cast, db: None) -> Iterator[Cast]:
    """The city of the module; what a test does to it is taken back."""
    mark = transaction.savepoint()
    yield city
    transaction.savepoint_rollback(mark)


def give(cast: Cast, area: str, label: str = "巡逻岗") -> Any:
    return issue_pass(
        label=label, role_code="partner-visitor", unit=cast.unit(COMPANY), code=area,
        expires_at=cast.at + timedelta(days=9), by=replace(cast.city_commander, acts=frozenset({"pass.issue"})),
        at=cast.at - timedelta(hours=1),
    )  # fmt: skip


def found(cast: Cast, code: str) -> list[tuple[str, int, int, int, str]]:
    rows = companies_on([range_of(code)], at=cast.at)
    return [
        (one.unit.code, len(one.compounds), one.posts, one.passes, one.contact.line if one.contact else "")
        for one in rows
    ]


def test_a_ground_sees_what_each_company_does_on_it(cast: Cast) -> None:
    assert found(cast, "510104001001") == [(COMPANY, 2, 1, 0, "")]
    keep_contact(cast.unit(COMPANY), **GIVEN, by=cast.guard, at=cast.at)
    given = give(cast, "510104001001001")
    give(cast, "510104001002001")
    assert found(cast, "510104001001") == [(COMPANY, 2, 1, 1, "028-86611234")]
    assert found(cast, "510104001") == [(COMPANY, 4, 1, 2, "028-86611234")]
    by = replace(cast.city_commander, acts=frozenset({"pass.issue"}))
    revoke_passes(Pass.objects.everywhere("a test").filter(pk=given.issued.serial), by=by, at=cast.at)
    assert found(cast, "510104001001") == [(COMPANY, 2, 1, 0, "028-86611234")]


def test_companies_of_a_city_take_no_more_statements_than_of_a_community(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as few:
        companies_on([range_of("510104001001")], at=cast.at)
    with CaptureQueriesContext(connection) as many:
        assert len(companies_on([range_of("5101")], at=cast.at)) > 1
    assert len(many) == len(few)


def test_the_company_keeps_its_contact_and_sees_itself_alone(cast: Cast) -> None:
    own = cast.client("guard")
    page = own.get(PAGE).content.decode()
    assert "尚未填写" in page and cast.unit(COMPANY).name in page
    assert cast.unit("510105:property-company-1").name not in page
    assert own.get(f"{PAGE}?area=510105").content.decode().count("<tbody>") == 0  # another's ground is none of its own
    assert own.post(PAGE, {"post": "", "line": ""}).status_code == 400
    answer = own.post(PAGE, {"post": "项目经理岗", "line": "138 0013 8000"})
    assert (
        answer.status_code == 400
        and "这是手机号码" in answer.content.decode()
        and 'value="项目经理岗"' in answer.content.decode()
    )
    assert CompanyContact.objects.count() == 0
    assert own.post(PAGE, GIVEN).status_code == 302
    assert contact_of(cast.unit(COMPANY)).line == "028-86611234"
    desk = own.get("/desk").content.decode()
    assert "项目经理岗" in desk and "028-86611234" in desk and PAGE in desk
    for who in ("dispatcher", "worker", "district_head"):
        client = cast.client(who)
        assert "028-86611234" in client.get(PAGE).content.decode()
        assert 'name="line"' not in client.get(PAGE).content.decode()
        assert client.post(PAGE, GIVEN).status_code == 403
    assert "028-86611234" not in cast.client("neighbour_head").get(f"{PAGE}?area=510104").content.decode()
    assert PAGE not in cast.client("worker").get("/desk").content.decode().split("<main")[1]
    assert [cast.client(who).get(PAGE).status_code for who in ("auditor", "wall", "stranger")] == [403] * 3
    assert "/forces/companies/register" in cast.client("admin").get(PAGE).content.decode()
    assert "Property companies" in cast.client("worker").get(PAGE, headers={"Accept-Language": "en"}).content.decode()
