"""Who acts: header before session before cookie; posts and passes end; nobody sees everything."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from qipan.access.api import (
    ACTS,
    Account,
    Pass,
    Post,
    Role,
    actor_of_post,
    actor_of_token,
    forget,
    issue_pass,
    named_leader,
    needs,
    revoke_passes,
    seats_of,
    signed_in,
)
from qipan.access.middleware import ActorMiddleware
from qipan.access.rules import NotAPass, PassExpired, PassRevoked
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range, place_of, range_of
from qipan.kernel.refusal import NotAllowed, NotSignedIn


def acting(client, **extra) -> Actor:
    """This function will return the actor that a page of this browser would see."""
    return client.get("/accounts/inactive/", **extra).wsgi_request.actor


def test_a_signed_in_account_acts_in_its_post(city):
    assert acting(city.client("dispatcher")) == city.dispatcher


def test_an_account_without_a_post_has_no_right_and_no_ground(city):
    assert acting(city.client("stranger")) == city.stranger


def test_nobody_is_nobody(city):
    actor = acting(city.client("anonymous"))
    assert (actor.label, actor.acts, actor.scope.ranges) == ("", frozenset(), ())


@pytest.mark.row("SCR-3")
def test_a_pass_opens_by_cookie_and_by_header_alike(city):
    assert acting(city.client("screener")) == city.screener
    assert acting(city.client("anonymous"), **city.bearer()) == city.screener


def test_the_header_wins_and_is_never_mixed_with_the_session(city):
    commander = city.client("city_commander")
    assert acting(commander, **city.bearer()) == city.screener
    for wrong in ("Bearer nonsense", "Basic YTpi", "Bearer", ""):
        actor = acting(commander, headers={"Authorization": wrong})
        assert (actor.label, actor.acts) == ("", frozenset())


def test_the_session_comes_before_the_cookie(city):
    both = city.client("dispatcher")
    both.cookies["qipan_pass"] = city.screener_pass.token
    assert acting(both) == city.dispatcher


@pytest.mark.row("SCR-3")
def test_a_pass_needs_no_query_once_the_process_knows_the_revocations(city, django_assert_num_queries):
    def ask():
        request = RequestFactory().get("/", **city.bearer())
        ActorMiddleware(lambda request: HttpResponse())(request)
        return request.actor

    ask()
    with django_assert_num_queries(0):
        assert ask() == city.screener


def test_a_post_costs_few_queries_and_then_none_for_a_while(
    city, django_assert_num_queries, django_assert_max_num_queries
):
    account = city.accounts["dispatcher"]
    forget()
    with django_assert_max_num_queries(4):
        seats_of(account.pk, at=city.at)
    with django_assert_num_queries(0):
        seats_of(account.pk, at=city.at)


def test_an_expired_pass_says_so(city):
    late = city.screener_pass.issued.expires_at
    with pytest.raises(PassExpired):
        actor_of_token(city.screener_pass.token, at=late)
    assert actor_of_token(city.screener_pass.token, at=late - timedelta(seconds=1)) == city.screener


def test_a_tampered_pass_is_no_pass(city):
    with pytest.raises(NotAPass):
        actor_of_token(city.screener_pass.token[:-2], at=city.at)


def test_a_revoked_pass_ends_at_once_here_and_within_five_seconds_elsewhere(
    city, monkeypatch, django_capture_on_commit_callbacks
):
    assert actor_of_token(city.screener_pass.token, at=city.at)  # this process now remembers
    chosen = Pass.objects.within(city.worker.scope)
    assert revoke_passes(chosen, by=city.worker, at=city.at) == 1  # as if committed by another process
    assert actor_of_token(city.screener_pass.token, at=city.at)
    later = __import__("time").monotonic() + 5.1
    monkeypatch.setattr("qipan.access.queries.actors.monotonic", lambda: later)
    with pytest.raises(PassRevoked):
        actor_of_token(city.screener_pass.token, at=city.at)
    monkeypatch.undo()
    forget()
    Pass.objects.everywhere("the test begins again").update(revoked_at=None)
    assert actor_of_token(city.screener_pass.token, at=city.at)
    with django_capture_on_commit_callbacks(execute=True):
        revoke_passes(chosen, by=city.worker, at=city.at)
    with pytest.raises(PassRevoked):
        actor_of_token(city.screener_pass.token, at=city.at)


def test_a_role_that_is_no_longer_for_passes_gives_nothing(city):
    Role.objects.filter(code="screening-worker").update(for_passes=False)
    forget()
    assert actor_of_token(city.screener_pass.token, at=city.at).acts == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"valid_to": timedelta(0)},
        {"valid_from": timedelta(minutes=1)},
        {"closed": True},
    ],
    ids=["ended", "not begun", "account closed"],
)
def test_a_post_out_of_time_does_not_act(city, change):
    post = city.post("dispatcher")
    if "valid_to" in change:
        post.valid_to = city.at
    elif "valid_from" in change:
        post.valid_from = city.at + change["valid_from"]
    else:
        post.account.is_active = False
    with pytest.raises(NotSignedIn):
        actor_of_post(post, at=city.at)


def test_a_closed_account_is_nobody(city):
    client = city.client("dispatcher")
    Account.objects.filter(username="dispatcher").update(is_active=False)
    forget()
    assert acting(client).label == ""


def test_an_ended_post_leaves_an_account_without_rights(city):
    client = city.client("dispatcher")
    city_post = Post.objects.filter(pk=city.dispatcher.post_id).everywhere("a test ends it")
    city_post.update(valid_to=timezone.now() - timedelta(seconds=1))
    forget()
    actor = acting(client)
    assert (actor.acts, actor.scope.ranges, actor.post_id) == (frozenset(), (), None)


def test_a_post_may_cover_a_part_of_the_unit_only(city):
    post = city.post("dispatcher")
    post.first, post.last = range_of("510104001002")
    assert actor_of_post(post, at=city.at).scope.ranges == (range_of("510104001002"),)


def test_a_word_that_is_no_act_gives_nothing(city):
    Role.objects.filter(code="street-dispatcher").update(acts=["desk.view", "everything"])
    assert actor_of_post(city.post("dispatcher"), at=city.at).acts == {"desk.view"}


def test_two_posts_are_switched_between_and_a_foreign_post_is_not_found(city):
    second = Post.objects.create(
        account=city.accounts["dispatcher"],
        unit=city.unit("510104002:street-office"),
        role=Role.objects.get(code="street-dispatcher"),
        valid_from=city.at - timedelta(days=1),
    )
    client = city.client("dispatcher")
    assert acting(client).post_id == city.dispatcher.post_id
    page = client.get("/access/post")
    assert page.status_code == 200
    assert page.content.decode().count('name="post"') == 2
    assert client.post("/access/post", {"post": second.pk}).status_code == 302
    assert acting(client).post_id == second.pk
    for foreign in (city.city_commander.post_id, "x", ""):
        assert client.post("/access/post", {"post": foreign}).status_code == 404
    assert acting(client).post_id == second.pk


def test_needs_is_401_then_403_then_open(city):
    @needs("board.view")
    def view(request):
        return "open"

    def ask(actor):
        request = RequestFactory().get("/")
        request.actor, request.actor_refusal = actor, None
        return view(request)

    with pytest.raises(NotSignedIn):
        ask(Actor(label=""))
    with pytest.raises(NotAllowed):
        ask(city.guard)
    assert ask(city.dispatcher) == "open"


def test_an_act_that_does_not_exist_is_a_mistake_of_the_code():
    with pytest.raises(ValueError, match="no act"):
        needs("board.veiw")


def test_a_request_without_an_actor_is_not_signed_in():
    with pytest.raises(NotSignedIn):
        signed_in(RequestFactory().get("/"))


def test_the_reason_why_a_pass_failed_reaches_its_holder(city):
    request = RequestFactory().get("/", headers={"Authorization": "Bearer nonsense"})
    ActorMiddleware(lambda request: HttpResponse())(request)
    with pytest.raises(NotAPass):
        signed_in(request)


@pytest.mark.row("FRC-2")
def test_the_named_leader_is_that_of_the_smallest_area(city):
    place = place_of("510104001001001")
    assert named_leader(place, at=city.at).account.username == "district_head"
    post = city.post("dispatcher")
    post.sponsors_area = True
    post.save()
    assert named_leader(place, at=city.at).account.username == "dispatcher"
    assert named_leader(place_of("510104002001001")).account.username == "district_head"
    assert named_leader(place_of("510105001001001")).account.username == "neighbour_head"
    assert named_leader(place_of("510106001001001")) is None


def test_a_leader_of_a_part_leads_that_part(city):
    post = city.post("worker")
    post.sponsors_area = True
    post.first, post.last = Range(*range_of("510104001001002"))
    post.save()
    assert named_leader(place_of("510104001001002"), at=city.at).account.username == "worker"
    assert named_leader(place_of("510104001001001"), at=city.at).account.username == "district_head"


def test_no_role_has_every_right_and_an_administrator_sees_no_board(city):
    roles = {role.code: frozenset(role.acts) for role in Role.objects.all()}
    assert len(roles) == 15
    assert {act for acts in roles.values() for act in acts} == set(ACTS)  # every act is given by some role
    for code, acts in roles.items():
        assert acts < set(ACTS), code
        assert not {"account.manage", "board.view"} <= acts, code  # who gives rights does not look
        assert not {"account.manage", "journal.verify"} <= acts, code
        assert not {"admission.apply", "admission.decide"} <= acts, code
    assert not {"board.view", "wall.view", "desk.view", "campaign.view"} & roles["administrator"]
    assert not any(act.endswith((".issue", ".activate", ".impose", ".answer", ".manage")) for act in roles["auditor"])


def test_there_is_no_superuser():
    assert not hasattr(Account, "is_superuser")
    assert not hasattr(Account, "has_perm")


@pytest.mark.row("ORG-2")
@pytest.mark.parametrize("name", ["city_commander", "district_head", "neighbour_head", "dispatcher", "worker"])
def test_each_level_sees_its_own_subtree_only(city, name):
    """The rows are passes, one in each community."""
    communities = [f"{d}{s:03d}{c:03d}" for d in ("510104", "510105") for s in (1, 2) for c in (1, 2)]
    seeder = Actor.system("seed", acts=["pass.issue"], ranges=[range_of("5101")])
    Pass.objects.everywhere("the cast's own").delete()
    for code in communities:
        issue_pass(
            label=code,
            role_code="screening-worker",
            unit=city.unit(f"{code}:community"),
            expires_at=city.at + timedelta(days=3),
            by=seeder,
            at=city.at,
        )
    begins = {
        "city_commander": "5101",
        "district_head": "510104",
        "neighbour_head": "510105",
        "dispatcher": "510104001",
        "worker": "510104001001",
    }[name]
    seen = Pass.objects.within(getattr(city, name).scope).order_by("label").values_list("label", flat=True)
    assert list(seen) == [code for code in communities if code.startswith(begins)]
