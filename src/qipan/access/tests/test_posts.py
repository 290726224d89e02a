"""Accounts and posts: given by another person, on the own ground."""

from datetime import timedelta

import pytest
from django.apps import apps

from qipan.access.actions.posts import AlreadyHeld, NotForYourself, PartOutsideUnit, UsernameTaken
from qipan.access.api import (
    Account,
    Post,
    Role,
    close_account,
    end_post,
    give_post,
    open_account,
    rename_role,
    seats_of,
    seed_demo_accounts,
    seed_roles,
)
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound

STRONG = "correct horse battery"


def written() -> tuple[int, int, int]:
    posts = Post.objects.everywhere("a test counts").filter(valid_to=None).count()
    return Account.objects.count(), posts, apps.get_model("journal", "Entry").objects.count()


@pytest.fixture
def district_admin(city) -> Actor:
    return Actor.system("register", acts=["account.manage"], ranges=[range_of("510104")])


def test_an_account_is_opened_and_gets_a_post(city, django_capture_on_commit_callbacks):
    account = open_account(username="new", display_name="新人", password=STRONG, by=city.admin, at=city.at)
    assert account.check_password(STRONG)
    assert seats_of(account.pk, at=city.at) == []
    with django_capture_on_commit_callbacks(execute=True):
        post = give_post(
            account,
            unit=city.unit("510104001:street-office"),
            role=Role.objects.get(code="street-dispatcher"),
            part=range_of("510104001002"),
            valid_to=city.at + timedelta(days=9),
            by=city.admin,
            at=city.at,
        )
    (seat,) = seats_of(account.pk, at=city.at)
    assert seat.post_id == post.pk
    assert seat.actor.scope.ranges == (range_of("510104001002"),)


def test_the_header_names_the_post_in_the_readers_language(city):
    page = city.client("dispatcher").get("/access/post", headers={"Accept-Language": "en"}).content.decode()
    assert page.count("Jinjiang First Subdistrict") == 2  # in the header and in the list of one's own posts
    assert city.dispatcher.label not in page
    assert city.client("dispatcher").get("/access/post").content.decode().count(city.dispatcher.label) == 2


def test_a_weak_password_and_a_taken_name_are_refused(city):
    before = written()
    with pytest.raises(BadInput):
        open_account(username="new", display_name="新人", password="short", by=city.admin, at=city.at)
    with pytest.raises(UsernameTaken):
        open_account(username="worker", display_name="新人", password=STRONG, by=city.admin, at=city.at)
    with pytest.raises(UsernameTaken):
        open_account(username="", display_name="新人", password=STRONG, by=city.admin, at=city.at)
    with pytest.raises(NotAllowed):
        open_account(username="new", display_name="新人", password=STRONG, by=city.city_commander, at=city.at)
    assert written() == before


def test_nobody_gives_a_post_to_himself(city):
    before = written()
    with pytest.raises(NotForYourself):
        give_post(
            city.accounts["admin"],
            unit=city.unit("5101:city-command"),
            role=Role.objects.get(code="city-command"),
            by=city.admin,
            at=city.at,
        )
    assert written() == before


@pytest.mark.parametrize(
    ("unit", "refusal"),
    [("510105:district-command", NotFound), ("5101:city-command", NotFound), ("510105:property-company-1", NotFound)],
)
def test_a_post_is_given_on_the_own_ground_only(city, district_admin, unit, refusal):
    before = written()
    with pytest.raises(refusal):
        give_post(
            city.accounts["stranger"],
            unit=city.unit(unit),
            role=Role.objects.get(code="auditor"),
            by=district_admin,
            at=city.at,
        )
    assert written() == before


def test_a_post_cannot_reach_beyond_its_unit_and_is_held_once(city):
    before = written()
    facts = {"role": Role.objects.get(code="street-dispatcher"), "by": city.admin, "at": city.at}
    office = city.unit("510104001:street-office")
    with pytest.raises(PartOutsideUnit):
        give_post(city.accounts["stranger"], unit=office, part=range_of("510104002001"), **facts)
    with pytest.raises(AlreadyHeld):
        give_post(city.accounts["dispatcher"], unit=office, **facts)
    with pytest.raises(NotAllowed):
        give_post(city.accounts["stranger"], unit=office, **{**facts, "by": city.district_head})
    assert written() == before


def test_a_post_ends(city, district_admin):
    post = city.post("dispatcher")
    with pytest.raises(NotAllowed):
        end_post(post, by=city.district_head, at=city.at)
    neighbour = Actor.system("register", acts=["account.manage"], ranges=[range_of("510105")])
    with pytest.raises(NotFound):
        end_post(post, by=neighbour, at=city.at)
    assert seats_of(city.accounts["dispatcher"].pk, at=city.at)
    end_post(city.post("dispatcher"), by=district_admin, at=city.at)
    assert city.post("dispatcher").valid_to == city.at


def test_a_closed_account_loses_its_posts(city, district_admin):
    with pytest.raises(NotFound):
        close_account(city.accounts["neighbour_head"], by=district_admin, at=city.at)
    with pytest.raises(NotAllowed):
        close_account(city.accounts["dispatcher"], by=city.dispatcher, at=city.at)
    assert Account.objects.filter(is_active=False).count() == 0
    close_account(city.accounts["dispatcher"], by=district_admin, at=city.at)
    assert Account.objects.filter(is_active=False).get().username == "dispatcher"
    assert city.post("dispatcher").valid_to == city.at


@pytest.mark.row("PRI-3")
def test_a_role_is_renamed_and_keeps_its_rights(city):
    role = Role.objects.get(code="lead-body")
    acts = list(role.acts)
    with pytest.raises(NotAllowed):
        rename_role(role, name="协调", name_en="Coordinator", by=city.lead, at=city.at)
    rename_role(role, name="协调", name_en="Coordinator", by=city.admin, at=city.at)
    seed_roles()
    again = Role.objects.get(code="lead-body")
    assert (again.name, again.name_en, again.acts) == ("协调", "Coordinator", acts)


def test_the_demo_has_an_account_for_each_role(city):
    demo = seed_demo_accounts("5101", password=STRONG, by=city.admin, at=city.at)
    roles = Role.objects.filter(for_passes=False).exclude(code="firm-manager")  # no hotel stands in the tiny city
    assert {account.role for account in demo} == set(roles.values_list("code", flat=True))
    units = {account.username: account.unit.code for account in demo}
    assert units == {
        "city": "5101:city-command",
        "lead": "5101:lead-body",
        "health": "5101:health",
        "district": "510104:district-command",
        "neighbour": "510105:district-command",
        "street": "510104001:street-office",
        "community": "510104001001:community",
        "guard": "510104:property-company-1",
        "manager": "510104:property-company-1",
        "wall": "5101:city-command",
        "auditor": "5101:city-command",
        "admin": "5101:city-command",
    }
    assert Account.objects.get(username="city").check_password(STRONG)
    before = written()[:2]
    seed_demo_accounts("5101", password="another good password", by=city.admin, at=city.at)
    assert written()[:2] == before
    assert Account.objects.get(username="city").check_password("another good password")


@pytest.mark.parametrize(
    ("name", "code", "refusal"), [("city_commander", "5101", NotAllowed), ("admin", "5102", NotFound)]
)
def test_demo_accounts_are_refused(city, name, code, refusal):
    before = written()
    with pytest.raises(refusal):
        seed_demo_accounts(code, password=STRONG, by=getattr(city, name), at=city.at)
    assert written() == before
