"""EMG-8, ORG-5: a response keeps its page, its acts and an organ that signs for it when the map changes under it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils.timezone import localtime

from qipan.access.api import actor_of_post, forget
from qipan.access.testing import Cast
from qipan.desk.api import Task
from qipan.kernel import clock
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound, Refusal
from qipan.laws.testing import make_articles
from qipan.posture.actions.declarations import IssuerNotCompetent, OutsideIssuersGround
from qipan.posture.actions.refusals import MeasureOutsideIssuersGround
from qipan.posture.actions.reviewing import review_measure, tell_reviews
from qipan.posture.actions.signing import NotYourOrgan
from qipan.posture.api import (
    Declaration,
    Measure,
    change_level,
    declare,
    end_declaration,
    extend_declaration,
    extend_measure,
    impose_measure,
    send_order_tasks,
)
from qipan.territory.api import Area
from qipan.territory.testing import close, merge

from .conftest import Entry, response, restriction

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-8", "ORG-5")]
HERE, NEXT, FAR = "510104001001", "510104001002", "510105001001"
CLOCK = Actor.system("measures", ranges=[range_of("5101")])
HERE_NAME = "锦江一街一社区"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def acting(cast: Cast, name: str) -> Actor:
    """Who a member of the cast is on the map of this moment."""
    forget()
    posts = apps.get_model("access", "Post").objects.everywhere("a test").select_related("account", "unit", "role")
    return actor_of_post(posts.get(pk=getattr(cast, name).post_id), at=cast.at)


def counted() -> tuple[int, int, int]:
    return Measure.objects.count(), Entry.objects.count(), Declaration.objects.filter(ended_at=None).count()


def before_the_map(at: Any) -> None:
    Area.objects.update(valid_from=(at - 3 * DAY).date())


@pytest.mark.parametrize(
    "change",
    [
        lambda at: merge(HERE, into=NEXT, at=at),
        lambda at: close(HERE, at=at),
        before_the_map,
    ],
    ids=["merged", "closed", "map began later"],
)
def test_a_declaration_keeps_its_pages_and_says_why_an_end_was_refused(city: Cast, change: Callable[..., None]) -> None:
    make_articles()
    at = clock.now()
    one = declare(**response(city, ground_codes=[HERE], at=at, starts_at=at, expected_until=at + 5 * DAY))
    if change is before_the_map:
        Declaration.objects.filter(pk=one.pk).update(starts_at=at - 5 * DAY)
    change(at=at)
    client = city.client("city_commander")
    for address in (f"/declarations/{one.pk}", f"/measures/new?declaration={one.pk}"):
        page = client.get(address)
        assert (page.status_code, HERE_NAME in page.content.decode()) == (200, True), address
    refused = client.post(f"/declarations/{one.pk}/end", {"reason": " "})
    assert refused.status_code == 400
    assert refused.context["forms"]["end"].errors["reason"] == ["调整应急响应须说明理由。"]
    one.refresh_from_db()
    assert one.ended_at is None


def test_a_measure_is_imposed_on_the_ground_that_was_declared(city: Cast) -> None:
    make_articles()
    at = clock.now()
    one = declare(**response(city, ground_codes=[HERE, NEXT], at=at, starts_at=at, expected_until=at + 5 * DAY))
    merge(HERE, into=FAR, at=at)
    merge("510105001002", into=NEXT, at=at)
    form = {
        "kind": "gate-check",
        "title": "出入查验",
        "article": "erl-2024-73",
        "areas": [HERE, NEXT],
        "starts_at": f"{localtime(at):%Y-%m-%dT%H:%M}",
        "expires_at": f"{localtime(at) + 2 * DAY:%Y-%m-%dT%H:%M}",
    }
    answer = city.client("city_commander").post(f"/measures/new?declaration={one.pk}", form)
    assert (answer.status_code, answer["Location"]) == (302, "/measures")
    grounds = sorted(Measure.objects.values_list("first", "last", "declaration"))
    assert grounds == [(*range_of(code), one.pk) for code in (HERE, NEXT)]


Act = Callable[[Declaration, Measure, Actor, Any], Any]
LATER: dict[str, Act] = {
    "end": lambda one, measure, by, at: end_declaration(one, reason="完毕", by=by, at=at),
    "extend": lambda one, measure, by, at: extend_declaration(
        one, expected_until=one.expected_until + DAY, reason="未止", by=by, at=at
    ),
    "level": lambda one, measure, by, at: change_level(one, level=3, reason="加重", by=by, at=at),
    "review": lambda one, measure, by, at: review_measure(
        measure, reason="仍需", next_review_at=at + DAY, by=by, at=at
    ),
    "order": lambda one, measure, by, at: send_order_tasks(
        measure, kind="GATE", due_at=at + DAY, by=by, at=at
    ),
}  # fmt: skip


def of_the_district(cast: Cast) -> tuple[Declaration, Measure]:
    issuer = cast.unit("510104:district-command")
    terms: dict[str, Any] = {"issuer": issuer, "by": cast.district_head}
    one = declare(**response(cast, number="锦府发〔2026〕1号", level=4, ground_codes=["510104"], **terms))
    return one, impose_measure(**restriction(cast, declaration=one, hazard="", **terms))[0]


@pytest.mark.parametrize("act", LATER)
@pytest.mark.parametrize("who", ["neighbour_head", "city_commander"])
def test_when_a_district_is_merged_its_heir_and_the_city_sign_for_what_it_began(cast: Cast, who: str, act: str) -> None:
    one, measure = of_the_district(cast)
    at = cast.at + MINUTE
    before = counted()
    with pytest.raises((NotYourOrgan, NotFound)):
        LATER[act](one, measure, getattr(cast, who), at)
    assert counted() == before
    merge("510104", into="510105", at=at)
    by = acting(cast, who)
    if act == "level" and who == "neighbour_head":  # each within its own competence
        with pytest.raises(IssuerNotCompetent):
            LATER[act](one, measure, by, at)
        return
    LATER[act](one, measure, by, at)
    assert counted()[1] > before[1]


@pytest.mark.parametrize("who", ["neighbour_head", "city_commander"])
def test_its_measure_goes_on_in_the_name_of_who_extends_it(cast: Cast, who: str) -> None:
    one, measure = of_the_district(cast)
    merge("510104", into="510105", at=cast.at)
    by = acting(cast, who)
    terms: dict[str, Any] = {"article": "erl-2024-73", "by": by, "at": cast.at + MINUTE}
    longer = extend_measure(
        measure, expires_at=measure.expires_at + DAY, review_at=measure.expires_at + timedelta(hours=1), **terms
    )
    assert (longer.issuer_id, longer.extends, longer.declaration) == (by.unit_id, measure, one)
    send_order_tasks(measure, kind="GATE", by=by, at=cast.at + MINUTE)
    tasks = Task.objects.everywhere("a test").filter(source=f"measure:{measure.pk}:gate")
    assert {task.asker_id for task in tasks} == {by.unit_id}


@pytest.mark.parametrize("who", ["neighbour_head", "city_commander"])
def test_the_pages_offer_the_acts_and_the_release_begins(city: Cast, who: str) -> None:
    make_articles()
    at = clock.now()
    issuer = city.unit("510104:district-command")
    terms: dict[str, Any] = {"issuer": issuer, "by": city.district_head, "at": at, "starts_at": at}
    one = declare(**response(city, level=4, ground_codes=["510104"], expected_until=at + 5 * DAY, **terms))
    measure = impose_measure(
        **restriction(city, declaration=one, hazard="", expires_at=at + 2 * DAY, review_at=at + DAY, **terms)
    )[0]
    others = city.client(who).get(f"/declarations/{one.pk}")
    assert others.status_code == (200 if who == "city_commander" else 404)
    merge("510104", into="510105", at=at)
    forget()
    client = city.client(who)
    assert f'action="/declarations/{one.pk}/end"' in client.get(f"/declarations/{one.pk}").content.decode()
    assert set(client.get(f"/measures/{measure.pk}").context["forms"]) == {"review", "extend", "lift", "tasks"}
    assert client.post(f"/declarations/{one.pk}/end", {"reason": "完毕"}).status_code == 302
    one.refresh_from_db()
    assert (one.ended_at is not None, one.end_reason) == (True, "完毕")
    assert client.get(f"/releases/{one.pk}").status_code == 200


def test_nobody_beside_or_below_signs_for_a_merged_district_and_nothing_new_begins_in_its_name(cast: Cast) -> None:
    one, measure = of_the_district(cast)
    merge("510104", into="510105", at=cast.at)
    at, before = cast.at + MINUTE, counted()
    everything = frozenset(["declaration.issue", "measure.impose"])
    issuer = cast.unit("510104:district-command")
    whole = cast.city_commander.scope

    def post(code: str) -> Actor:
        return Actor(code, acts=everything, scope=whole, unit_id=cast.unit(code).pk)

    for by, refusal in (
        (acting(cast, "district_head"), NotFound),
        (post("510104001:street-office"), NotYourOrgan),
        (post("510104001001:community"), NotYourOrgan),
    ):
        for act in LATER.values():
            with pytest.raises(refusal):
                act(one, measure, by, at)
    new: list[tuple[Callable[[], Any], type[Refusal]]] = []
    for by, refused in ((post("5101:city-command"), NotYourOrgan), (post("510104:district-command"), None)):
        terms: dict[str, Any] = {"issuer": issuer, "by": by, "at": at, "starts_at": at}
        new += [
            (lambda t=terms: declare(**response(cast, number="新", level=4, ground_codes=[HERE], **t)),
             refused or OutsideIssuersGround),
            (lambda t=terms: impose_measure(**restriction(cast, hazard="epidemic", **t)),
             refused or MeasureOutsideIssuersGround),
        ]  # fmt: skip
    for begin, refusal in new:
        with pytest.raises(refusal):
            begin()
    assert counted() == before


def test_who_lost_a_part_of_the_ground_ends_the_response_there_and_orders_nothing_more(cast: Cast) -> None:
    one, _measure = of_the_district(cast)
    merge(HERE, into=FAR, at=cast.at)
    by, at, before = acting(cast, "district_head"), cast.at + MINUTE, counted()
    for act in ("extend", "level"):
        with pytest.raises(NotFound):
            LATER[act](one, _measure, by, at)
    assert counted() == before
    LATER["end"](one, _measure, by, at)
    one.refresh_from_db()
    assert one.ended_at == at


def reviews() -> list[tuple[str, str, Any, str]]:
    rows = Task.objects.everywhere("a test").filter(source__startswith="reviews:").select_related("owner")
    return [(one.owner.code, one.state, one.due_at, one.title) for one in rows.order_by("pk")]


@pytest.mark.row("EMG-16")
def test_a_missed_review_of_a_merged_district_is_its_heirs_and_told_once(city: Cast) -> None:
    make_articles()
    at = clock.now()
    past = at - 2 * DAY
    terms: dict[str, Any] = {"issuer": city.unit("510104:district-command"), "by": city.district_head}
    terms |= {"at": past, "starts_at": past, "expires_at": at + 5 * DAY}
    one = impose_measure(**restriction(city, review_at=past, **terms))[0]
    impose_measure(**restriction(city, review_at=at + DAY, **terms))
    assert tell_reviews(by=CLOCK, at=at) == 1
    merge("510104", into="510105", at=at)
    forget()
    title, due = "1项措施复核日期已过：小区出入查验", at + DAY
    above = f"{city.unit('510104:district-command').name}: {title}"
    assert reviews() == [
        ("510105:district-command", "SENT", due, title),
        ("5101:city-command", "SENT", due, above),
    ]
    heir = city.client("neighbour_head")
    assert title in heir.get("/desk").content.decode()
    form = {"reason": "仍需", "next_review_at": f"{localtime(at) + DAY:%Y-%m-%dT%H:%M}"}
    assert heir.post(f"/measures/{one.pk}/review", form).status_code == 302
    assert [(owner, state) for owner, state, _due, _title in reviews()] == [
        ("510105:district-command", "RECALLED"),
        ("5101:city-command", "RECALLED"),
    ]
    later = at + 2 * DAY  # the other one is told after the merger: to the heir at once, and the first one's next date
    assert (tell_reviews(by=CLOCK, at=later), tell_reviews(by=CLOCK, at=later)) == (2, 0)
    assert [(owner, due) for owner, state, due, _title in reviews() if state == "SENT"] == [
        ("510105:district-command", later + DAY),
        ("5101:city-command", later + DAY),
    ]
