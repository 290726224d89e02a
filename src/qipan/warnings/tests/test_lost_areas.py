"""EMG-13, ORG-5: a warning stays on the air and can be taken back when the map changes under it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from qipan.access.api import actor_of_post, forget
from qipan.access.testing import Cast
from qipan.kernel import clock
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotFound
from qipan.territory.testing import close, merge
from qipan.warnings import rules
from qipan.warnings.actions import (
    WarningOfAnother,
    WarningOutsideGround,
    cancel_warning,
    issue_warning,
    receive_alert,
    update_warning,
)
from qipan.warnings.models import Warning, WarningGround
from qipan.warnings.queries import area_names, to_change, warnings_on

from .conftest import FROM_OUTSIDE, Entry, storm

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-13", "ORG-5")]
HERE, NEXT, FAR = "510104001001", "510104001002", "510105001001"
HERE_NAME = "锦江一街一社区"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

CHANGES: list[Callable[..., None]] = [
    lambda at: merge(HERE, into=NEXT, at=at),
    lambda at: close(HERE, at=at),
]
changes = pytest.mark.parametrize("change", CHANGES, ids=["merged", "closed"])


def grounds(warning: Warning) -> list[tuple[str, int, int]]:
    return sorted(WarningGround.objects.filter(warning=warning).values_list("code", "first", "last"))


def counted() -> tuple[int, int, int]:
    return Warning.objects.count(), WarningGround.objects.count(), Entry.objects.count()


def acting(cast: Cast, name: str, at: datetime) -> Actor:
    """Who a member of the cast is on the map of this moment."""
    forget()
    posts = apps.get_model("access", "Post").objects.everywhere("a test").select_related("account", "unit", "role")
    return actor_of_post(posts.get(pk=getattr(cast, name).post_id), at=at)


@changes
def test_everybody_goes_on_reading_it_under_the_name_it_was_issued_for(
    cast: Cast, client: Client, change: Callable[..., None]
) -> None:
    at = clock.now()
    issued = issue_warning(
        **storm(cast, ground_codes=[HERE], at=at, starts_at=at + MINUTE, expires_at=at + DAY, headline_en="")
    )
    change(at=at)
    official = cast.client("city_commander")
    for reader, address in (
        (client, "/public/warnings"),
        (official, "/warnings"),
        (official, f"/warnings/one/{issued.identifier}"),
    ):
        page = reader.get(address)
        assert (page.status_code, HERE_NAME in page.content.decode()) == (200, True), address
    for kind in ("atom", "rss"):
        assert issued.identifier in client.get(f"/public/warnings.{kind}").content.decode()
    told = client.get(f"/public/warnings/{issued.identifier}.xml")
    assert rules.read_alert(told.content).infos[0].areas == ((HERE_NAME, (("GB/T 2260", HERE),)),)


@changes
def test_it_is_taken_back_on_the_ground_that_was_warned(cast: Cast, change: Callable[..., None]) -> None:
    issued = issue_warning(**storm(cast, ground_codes=[HERE, "510105"]))
    change(at=cast.at + MINUTE)
    at = cast.at + 2 * MINUTE
    sent = cancel_warning(issued, reason="雨停", by=cast.city_commander, at=at)
    assert (sent.msg_type, sent.replaces, grounds(sent)) == ("Cancel", issued, grounds(issued))
    assert area_names(sent) == [HERE_NAME, "青羊区"]
    assert warnings_on([range_of("5101")], at=at) == []
    row = Entry.objects.filter(act="warnings.send").latest("pk")
    assert (row.data["message"], row.data["areas"]) == ("Cancel", [HERE, "510105"])


@changes
def test_on_the_page_it_is_taken_back_and_updated(cast: Cast, change: Callable[..., None]) -> None:
    at = clock.now()
    issued = issue_warning(**storm(cast, ground_codes=[HERE], at=at, starts_at=at, expires_at=at + DAY))
    change(at=at)
    client = cast.client("city_commander")
    form = client.get(f"/warnings/one/{issued.identifier}/update").context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    data |= {"areas": [], "reason": "雨势减弱", "colour": 3}
    data |= {name: f"{data[name]:%Y-%m-%dT%H:%M}" for name in ("starts_at", "expires_at")}
    answer = client.post(f"/warnings/one/{issued.identifier}/update", data)
    assert answer.status_code == 302
    update = Warning.objects.get(replaces=issued)
    assert (update.msg_type, update.colour, grounds(update)) == ("Update", 3, grounds(issued))
    answer = client.post(f"/warnings/one/{update.identifier}/cancel", {"reason": "雨停"})
    assert answer.status_code == 302
    assert grounds(Warning.objects.get(replaces=update)) == grounds(issued)


def test_an_area_of_several_grounds_is_taken_back_once_on_each(cast: Cast) -> None:
    merge(FAR, into=HERE, at=cast.at)
    issued = issue_warning(**storm(cast, ground_codes=[HERE]))
    assert len(grounds(issued)) == 2
    sent = cancel_warning(issued, reason="雨停", by=cast.city_commander, at=cast.at + MINUTE)
    assert grounds(sent) == grounds(issued)


def test_an_update_names_no_area_that_neither_the_map_nor_the_warning_has(cast: Cast) -> None:
    issued = issue_warning(**storm(cast, ground_codes=[NEXT]))
    close(HERE, at=cast.at)
    before = counted()
    with pytest.raises(NotFound):
        update_warning(issued, ground_codes=[HERE, NEXT], reason="x", by=cast.city_commander, at=cast.at + MINUTE)
    assert counted() == before


def test_who_lost_a_part_of_the_ground_takes_the_warning_back_and_warns_there_no_more(cast: Cast) -> None:
    district = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head}
    issued = issue_warning(**storm(cast, ground_codes=[HERE, NEXT], **district))
    merge(HERE, into=FAR, at=cast.at)
    at = cast.at + MINUTE
    head = acting(cast, "district_head", at)
    before = counted()
    with pytest.raises(NotFound):
        update_warning(issued, ground_codes=[HERE, NEXT], reason="x", by=head, at=at)
    assert counted() == before
    assert grounds(cancel_warning(issued, reason="雨停", by=head, at=at)) == grounds(issued)


@pytest.mark.parametrize("who", ["neighbour_head", "city_commander"])
def test_when_a_district_is_merged_its_heir_or_the_city_updates_and_takes_back_its_warning(
    cast: Cast, who: str
) -> None:
    at = clock.now()
    ended, heir = cast.unit("510104:district-command"), getattr(cast, who)
    terms: dict[str, Any] = {"at": at, "starts_at": at, "expires_at": at + DAY, "ground_codes": [HERE]}
    issued = issue_warning(**storm(cast, issuer=ended, by=cast.district_head, **terms))
    before = counted()
    with pytest.raises(WarningOfAnother if who == "city_commander" else NotFound):
        cancel_warning(issued, reason="雨停", by=heir, at=at)
    assert counted() == before
    merge("510104", into="510105", at=at)
    signs = acting(cast, who, at)
    update = update_warning(issued, ground_codes=[HERE, NEXT], reason="扩大", by=signs, at=at + MINUTE)
    assert (update.issuer_id, update.replaces) == (heir.unit_id, issued)
    page = cast.client(who).get(f"/warnings/one/{update.identifier}/update")
    assert (page.status_code, page.context["unit"].pk) == (200, heir.unit_id)
    posted = cast.client(who).post(f"/warnings/one/{update.identifier}/cancel", {"reason": "雨停"})
    assert posted.status_code == 302
    sent = Warning.objects.get(replaces=update)
    assert (sent.msg_type, sent.issuer_id, grounds(sent)) == ("Cancel", heir.unit_id, grounds(update))
    tasks = apps.get_model("desk", "Task").objects.everywhere("a test").filter(source__startswith="prealert:")
    assert tasks.filter(closed_at=None).count() == 0 < tasks.count()


def test_when_a_district_is_merged_nobody_beside_or_below_takes_its_warning_back(cast: Cast) -> None:
    issued = issue_warning(**storm(cast, issuer=cast.unit("510104:district-command"), by=cast.district_head))
    merge("510104", into="510105", at=cast.at)
    at = cast.at + MINUTE
    before = counted()
    for signs, refusal in (
        (acting(cast, "district_head", at), NotFound),  # the post of the ended organ has no ground
        (Actor("office", acts=frozenset(["warning.issue"]), scope=cast.city_commander.scope,
               unit_id=cast.unit("510104001:street-office").pk), WarningOfAnother),
    ):  # fmt: skip
        with pytest.raises(refusal):
            cancel_warning(issued, reason="雨停", by=signs, at=at)
    with pytest.raises(WarningOutsideGround):  # nothing new in its name
        issue_warning(
            **storm(
                cast,
                issuer=cast.unit("510104:district-command"),
                by=Actor("x", acts=frozenset(["warning.issue"]), scope=cast.city_commander.scope,
                         unit_id=cast.unit("510104:district-command").pk),
                at=at,
            )
        )  # fmt: skip
    assert counted() == before


def test_what_updates_its_source_is_offered_to_the_heir(cast: Cast) -> None:
    alert = receive_alert(FROM_OUTSIDE, by=cast.district_head, at=cast.at)
    terms = {"issuer": cast.unit("510104:district-command"), "by": cast.district_head, "ground_codes": ["510104"]}
    issued = issue_warning(**storm(cast, relays=alert, **terms))
    named = [f"{alert.sender},{alert.identifier},{alert.sent_at.isoformat()}"]
    at = cast.at + MINUTE
    assert to_change(named, actor=cast.district_head, at=at) == issued
    assert to_change(named, actor=cast.city_commander, at=at) is None
    merge("510104", into="510105", at=cast.at)
    for who in ("neighbour_head", "city_commander"):
        assert to_change(named, actor=acting(cast, who, at), at=at) == issued
    assert to_change(named, actor=acting(cast, "neighbour_head", at), at=issued.expires_at) is None


@pytest.mark.row("EMG-5")
def test_the_steps_of_its_prealert_lie_on_the_heirs_desk_with_their_times(cast: Cast) -> None:
    at = clock.now()
    terms: dict[str, Any] = {"at": at, "starts_at": at + DAY, "expires_at": at + 2 * DAY, "colour": 3}
    issued = issue_warning(**storm(cast, issuer=cast.unit("510104:district-command"), by=cast.district_head, **terms))
    tasks = apps.get_model("desk", "Task").objects.everywhere("a test").filter(source__startswith="prealert:")
    dues = list(tasks.order_by("pk").values_list("source", "due_at", "remind_at"))
    assert [due for _source, due, _remind in dues] == [issued.starts_at] * 4
    merge("510104", into="510105", at=at)
    forget()
    assert list(tasks.order_by("pk").values_list("source", "due_at", "remind_at")) == dues
    assert set(tasks.values_list("owner", "asker")) == {(cast.neighbour_head.unit_id, cast.neighbour_head.unit_id)}
    heir, first = cast.client("neighbour_head"), tasks.earliest("pk")
    assert first.title in heir.get("/desk").content.decode()
    assert heir.post("/desk/answer", {"answer": f"{first.pk}:DONE"}).status_code == 302
    signs = acting(cast, "neighbour_head", at)
    update = update_warning(issued, colour=4, ground_codes=[HERE], reason="减弱", by=signs, at=at + MINUTE)
    assert update.issuer_id == cast.neighbour_head.unit_id
    assert sorted(tasks.values_list("state", flat=True)) == ["DELIVERED", "DELIVERED", "DELIVERED", "DONE"]
