"""ORG-5: what a merged office was handling is its heir's, who finishes it on its page."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.test import Client

from qipan.access.api import forget
from qipan.desk.api import Task
from qipan.journal.api import verify
from qipan.kernel.clock import now
from qipan.kernel.refusal import NotAllowed
from qipan.territory.testing import merge

from ..actions.calls import accept_call
from ..actions.dispatching import dispatch_matter, give_part
from ..actions.exclusions import decide_exclusion
from ..actions.filing import decline_matter
from ..actions.handling import verifier_of
from ..actions.referring import accept_referral, close_referral, give_back
from ..models import Call, Exclusion, Handling, Matter, MatterStep
from ..terms import Part
from ..testing import World
from .test_referrals import handed, health
from .test_whistle import part_of, whistle

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-5", "MAT-3")]
OLD, HEIR = "510104001:street-office", "510104002:street-office"


def handled_by_the_street(world: World) -> Matter:
    """A matter of which the city's list makes the dispatching street itself the primary unit."""
    matter = world.matter("FILED")
    lists, types = (apps.get_model("duties", name).objects for name in ("Responsibility", "OrganType"))
    line = lists.filter(item_code=matter.category.item_code, role="PRIMARY").first()
    line.pk, line.unit, line.organ_type = None, None, types.get(code="street-office")
    line.save(force_insert=True)
    return dispatch_matter(matter, unit=world.cast.unit(OLD), by=world.cast.dispatcher, at=world.later(minutes=2))


def test_the_heir_finishes_what_the_merged_office_was_handling(world: World) -> None:
    matter = handled_by_the_street(world)
    part = Handling.objects.get(matter=matter)
    times = (part.accept_by, part.remind_at, part.object_by, part.task.due_at)
    forget()
    heir = world.cast.client("neighbour_dispatcher")
    assert heir.get(f"/matters/{matter.pk}").status_code == 404
    merge("510104001", into="510104002", at=now())
    forget()
    part.refresh_from_db()
    matter = Matter.objects.everywhere("a test").get(pk=matter.pk)
    assert (part.unit.code, part.task.owner.code, matter.handler.code) == (HEIR, HEIR, HEIR)
    assert (part.accept_by, part.remind_at, part.object_by, part.task.due_at) == times
    assert (matter.hops, matter.state, verifier_of(matter).code) == (1, "DISPATCHED", "510104:district-command")
    form = f'action="/matters/{matter.pk}/report_done"'
    assert form in heir.get(f"/matters/{matter.pk}").content.decode()
    said = {"kind": "SOLVED", "result": "已更换灯泡"}
    assert heir.post(f"/matters/{matter.pk}/report_done", said).status_code == 302
    matter.refresh_from_db()
    part.refresh_from_db()
    assert (matter.state, part.outcome, Task.objects.everywhere("a test").get(pk=part.task_id).state) == (
        "DONE", "DONE", "DONE",
    )  # fmt: skip
    last = MatterStep.objects.filter(matter=matter).latest("pk")
    assert (last.kind, last.unit.code) == ("REPORTED_DONE", HEIR)
    assert verify().differences == []


@pytest.mark.parametrize("merged", ["handler", "helper"])
def test_of_two_parts_that_are_one_units_now_the_cooperating_one_is_waived(world: World, merged: str) -> None:
    matter = handled_by_the_street(world)
    by = replace(world.cast.dispatcher, scope=world.cast.city_commander.scope)
    given = {"part": Part.COOPERATING, "asker": world.cast.unit(OLD), "why": "协办", "by": by}
    helper = give_part(matter, world.cast.unit(HEIR), at=world.later(minutes=3), **given)
    Matter.objects.everywhere("a test").filter(pk=matter.pk).update(tasks=matter.tasks)
    gone, stays = ("510104001", "510104002") if merged == "handler" else ("510104002", "510104001")
    merge(gone, into=stays, at=now())
    forget()
    one = f"{stays}:street-office"
    parts = (
        Handling.objects.filter(matter=matter)
        .order_by("pk")
        .values_list("part", "unit__code", "outcome", "task__owner__code", "task__state")
    )
    assert list(parts) == [
        ("PRIMARY", one, "OPEN", one, "SENT"),
        ("COOPERATING", HEIR, "WAIVED", one, "RECALLED"),
    ]
    step = MatterStep.objects.filter(matter=matter).latest("pk")
    assert (step.kind, step.note) == ("WAIVED", "两单位已合并为一")
    client = world.cast.client("neighbour_dispatcher" if merged == "handler" else "dispatcher")
    said = {"kind": "SOLVED", "result": "已更换灯泡"}
    assert client.post(f"/matters/{matter.pk}/report_done", said).status_code == 302
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).state == "DONE"
    helper.refresh_from_db()
    assert (helper.outcome, verify().differences) == ("WAIVED", [])


def test_nobody_without_the_page_reaches_it(world: World) -> None:
    matter = handled_by_the_street(world)
    merge("510104001", into="510104002", at=now())
    forget()
    for client in (world.cast.client("dispatcher"), Client()):
        answer = client.post(f"/matters/{matter.pk}/report_done", {"kind": "SOLVED", "result": "x"})
        assert answer.status_code in (302, 401, 403, 404)
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).state == "DISPATCHED"


@pytest.mark.row("MAT-5")
def test_the_heir_of_the_level_above_decides_what_leaves_the_rates(world: World) -> None:
    matter = world.reported().matter
    matter = decline_matter(
        matter, kind="UNLAWFUL", reason="违法要求", by=world.cast.dispatcher, at=world.later(minutes=5)
    )
    one = Exclusion.objects.everywhere("a test").get(matter=matter)
    assert one.judge.code == "510104:district-command"
    by = replace(world.handler("510105:district-command"), scope=world.cast.city_commander.scope)
    at = world.later(minutes=6)
    with pytest.raises(NotAllowed):
        decide_exclusion(matter, confirmed=True, reason="属实", by=by, at=at)
    merge("510104", into="510105", at=at)
    one.refresh_from_db()
    assert (one.judge.code, one.task.owner.code, one.verdict) == (
        "510105:district-command",
        "510105:district-command",
        "",
    )
    decided = decide_exclusion(matter, confirmed=True, reason="属实", by=by, at=at)
    one.task.refresh_from_db()
    assert (decided.verdict, one.task.state, verify().differences) == ("EXCLUDED", "DONE", [])


@pytest.mark.row("EMG-9")
@pytest.mark.parametrize("merged_first", [True, False])
def test_a_referral_that_comes_back_is_the_heirs(world: World, merged_first: bool) -> None:
    held, officer = handed(world).referral, health(world)
    held = accept_referral(held, by=officer, at=world.later(hours=1))
    if merged_first:
        merge("510104001001", into="510104001002", at=world.later(hours=2))
    given = {"result": "HELPED", "to_do": "NOTHING"}
    give_back(held, by=officer, at=world.later(hours=3), **given)
    if not merged_first:
        merge("510104001001", into="510104001002", at=world.later(hours=4))
    held.refresh_from_db()
    assert (held.sender.code, held.back.owner.code) == ("510104001002:community", "510104001002:community")
    forget()
    assert world.cast.client("neighbour_worker").get(f"/referrals/{held.pk}").status_code == 200
    assert world.cast.client("worker").get(f"/referrals/{held.pk}").status_code == 404
    worker = replace(world.handler("510104001002:community"), acts=world.cast.worker.acts)
    close_referral(held, by=worker, at=world.later(hours=5))
    held.refresh_from_db()
    held.back.refresh_from_db()
    assert (held.state, held.back.state, verify().differences) == ("CLOSED", "DONE", [])


@pytest.mark.row("MAT-4")
def test_the_heir_ends_and_rates_the_call_of_a_merged_office(world: World) -> None:
    call = whistle(world, world.matter("DISPATCHED"), "5101:health")
    accept_call(call, post="值班科长", by=world.handler("5101:health"), at=world.later(minutes=6))
    at = now()
    Call.objects.everywhere("a test").filter(pk=call.pk).update(meets_at=at)
    client, said = world.cast.client("neighbour_dispatcher"), {"result": "已处置"}
    assert client.post(f"/calls/{call.pk}/end", said).status_code == 404
    merge("510104001", into="510104002", at=at)
    forget()
    part = part_of(call, "5101:health")
    assert client.post(f"/calls/{call.pk}/came", {"called": part.pk, "came": "1"}).status_code == 302
    assert client.post(f"/calls/{call.pk}/end", said).status_code == 302
    rated = {"called": part.pk, "first": "5", "second": "4", "words": "配合到位"}
    assert f'action="/calls/{call.pk}/rate"' in client.get(f"/calls/{call.pk}").content.decode()
    assert client.post(f"/calls/{call.pk}/rate", rated).status_code == 302
    call.refresh_from_db()
    assert (call.ended_at is not None, part.ratings.get().side, verify().differences) == (True, "CALLER", [])
