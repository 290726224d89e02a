"""Opening, assigning, closing: each refusal, and that it wrote nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils.translation import override

from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.screening.actions import BasisMissing, EndMissing
from qipan.screening.api import (
    CampaignClosed,
    EmptyRound,
    GroundMissing,
    RoundClosed,
    RoundOpened,
    RoundsOpen,
    assign_doors,
    campaigns_for,
    close_campaign,
    close_due_rounds,
    close_round,
    current_round,
    get_campaign,
    get_round,
    open_campaign,
    open_round,
)
from qipan.screening.models import Campaign, Coverage, Round

from .conftest import DISTRICT, rows_of


def entry(act):
    return apps.get_model("journal", "Entry").objects.filter(act=f"screening.{act}").order_by("pk").last()


@pytest.fixture
def opening(ground):
    return {
        "title": "二轮",
        "basis": "川府函〔2026〕2号",
        "unit": ground.cast.unit("510104:district-command"),
        "form": None,
        "admission": ground.round.campaign.admission,
        "by": ground.cast.district_head,
        "at": ground.at,
    }


def test_opens_a_campaign_and_says_so_in_the_journal(ground, opening):
    campaign = open_campaign(**opening, drill=True)
    assert (campaign.title, campaign.basis, campaign.opened_at, campaign.drill) == (
        "二轮",
        "川府函〔2026〕2号",
        ground.at,
        True,
    )
    assert (entry("open_campaign").subject, entry("open_campaign").drill) == (f"screening.Campaign:{campaign.pk}", True)


@pytest.mark.parametrize(
    ("_case", "change", "refusal"),
    [
        ("no title", {"title": "  "}, BasisMissing),
        ("no basis", {"basis": ""}, BasisMissing),
        ("no right", {"by": "dispatcher"}, NotAllowed),
        ("other ground", {"by": "neighbour_head"}, NotFound),
    ],
)
def test_refuses_to_open_a_campaign(ground, opening, _case, change, refusal):
    if "by" in change:
        change = {"by": getattr(ground.cast, change["by"])}
    with pytest.raises(refusal):
        open_campaign(**{**opening, **change})
    assert Campaign.objects.count() == 1


def test_a_round_fixes_the_register_of_its_ground(ground):
    from qipan.journal.api import subscribe

    told = []
    subscribe(RoundOpened, told.append)
    closes = ground.at + timedelta(days=2)
    street = range_of("510104002")
    by = ground.cast.city_commander
    opened = open_round(ground.round.campaign, grounds=[street], closes_at=closes, by=by, at=ground.at)
    rows = Coverage.objects.everywhere("a test").filter(round=opened)
    assert opened.number == 2
    assert [(row.doors, row.visits, row.changed_at) for row in rows] == [(10, 0, None)] * 4
    assert all(row.place in street for row in rows)
    assert (told[-1].round, told[-1].doors) == (opened, 40)
    assert entry("open_round").data == {
        "campaign": ground.round.campaign_id,
        "number": 2,
        "compounds": 4,
        "doors": 40,
        "minutes": 5,
    }


@pytest.mark.parametrize(
    ("_case", "change", "refusal"),
    [
        ("no ground", {"grounds": []}, GroundMissing),
        ("no doors there", {"grounds": [range_of("510104999")]}, EmptyRound),
        ("ends before it begins", {"closes_at": "now"}, EndMissing),
        ("no right", {"by": "worker"}, NotAllowed),
        ("ground beyond the scope", {"by": "district_head", "grounds": [range_of("5101")]}, NotFound),
        ("campaign beyond the scope", {"by": "neighbour_head", "grounds": [range_of("510105")]}, NotFound),
    ],
)
def test_refuses_to_open_a_round(ground, _case, change, refusal):
    usual = {"grounds": [DISTRICT], "closes_at": ground.at + timedelta(days=1), "by": "city_commander", "at": ground.at}
    call = {**usual, **change}
    call["by"] = getattr(ground.cast, call["by"])
    if call["closes_at"] == "now":
        call["closes_at"] = ground.at
    before = rows_of("screening_coverage")
    with pytest.raises(refusal):
        open_round(ground.round.campaign, **call)
    assert (Round.objects.count(), rows_of("screening_coverage")) == (1, before)


def test_assigning_again_gives_nothing_twice(ground):
    by, at = ground.cast.city_commander, ground.at
    assert assign_doors(ground.round, by=by, at=at) == 0
    assert rows_of("screening_assignment") == 2
    with pytest.raises(NotAllowed):
        assign_doors(ground.round, by=ground.cast.worker, at=at)
    with pytest.raises(NotFound):
        assign_doors(ground.round, by=ground.cast.neighbour_head, at=at)
    close_round(ground.round, by=by, at=at)
    with pytest.raises(RoundClosed):
        assign_doors(ground.round, by=by, at=at)


def test_only_standing_teams_of_the_same_kind_are_assigned(ground):
    by, at = ground.cast.city_commander, ground.at
    opened = open_round(ground.round.campaign, grounds=[DISTRICT], closes_at=at + timedelta(days=1), by=by, at=at)
    team = apps.get_model("deployment", "Team").objects.everywhere("a test")
    team.filter(pk=ground.ours.team_id).update(released_at=at)
    team.filter(pk=ground.theirs.team_id).update(drill=True)
    assert assign_doors(opened, by=by, at=at) == 0
    team.update(released_at=None, drill=False)
    assert assign_doors(opened, by=by, at=at + timedelta(days=60)) == 0
    assert assign_doors(opened, by=by, at=at) == 2


def test_a_closed_round_takes_nothing_and_keeps_its_figures(ground):
    by = ground.cast.city_commander
    ground.told(ground.visit(ground.doors[0]))
    closed = close_round(ground.round, by=by, at=ground.at)
    assert closed.closed_at == ground.at
    assert entry("close_round").data == {"doors": 80, "visits": 1}
    assert ground.told(ground.visit(ground.doors[1])) == ["late"]
    assert rows_of("screening_visit") == 1
    with pytest.raises(RoundClosed):
        close_round(ground.round, by=by, at=ground.at)


@pytest.mark.parametrize(("who", "refusal"), [("worker", NotAllowed), ("neighbour_head", NotFound)])
def test_who_may_not_close(ground, who, refusal):
    by = getattr(ground.cast, who)
    with pytest.raises(refusal):
        close_round(ground.round, by=by, at=ground.at)
    with pytest.raises(refusal):
        close_campaign(ground.round.campaign, by=by, at=ground.at)
    ground.round.refresh_from_db()
    assert ground.round.closed_at is None


def test_a_campaign_closes_after_its_rounds(ground):
    by, campaign = ground.cast.city_commander, ground.round.campaign
    with pytest.raises(RoundsOpen) as refusal:
        close_campaign(campaign, by=by, at=ground.at)
    assert refusal.value.data == {"count": 1}
    said = {}
    for lang in ("en", "zh-hans"):
        with override(lang):
            said[lang] = str(refusal.value)
    assert said == {
        "en": "1 round of the campaign is still open: close it first.",
        "zh-hans": "该排查还有 1 轮未结束，请先结束各轮。",
    }
    close_round(ground.round, by=by, at=ground.at)
    assert close_campaign(campaign, by=by, at=ground.at).closed_at == ground.at
    with pytest.raises(CampaignClosed):
        close_campaign(campaign, by=by, at=ground.at)
    with pytest.raises(CampaignClosed):
        open_round(campaign, grounds=[DISTRICT], closes_at=ground.at + timedelta(days=1), by=by, at=ground.at)
    assert Round.objects.count() == 1


def test_rounds_close_by_themselves_when_their_time_is_over(ground):
    assert close_due_rounds(at=ground.round.closes_at - timedelta(seconds=1)) == 0
    assert close_due_rounds(at=ground.round.closes_at) == 1
    assert close_due_rounds(at=ground.round.closes_at) == 0
    ground.round.refresh_from_db()
    assert ground.round.closed_at == ground.round.closes_at
    assert entry("close_round").by_label == "system: close rounds that are over"


def test_the_current_round_is_the_newest_open_one_on_the_ground(ground):
    by, at = ground.cast.city_commander, ground.at
    later = at + timedelta(hours=1)
    second = open_round(
        ground.round.campaign, grounds=[range_of("510104001")], closes_at=at + timedelta(days=1), by=by, at=later
    )
    assert current_round([range_of("510104002")], at=later) == ground.round
    assert current_round([range_of("5101")], at=later) == second
    assert current_round([range_of("510104001")], at=at) == ground.round
    assert current_round([range_of("510105")], at=later) is None
    close_round(second, by=by, at=later)
    assert current_round([range_of("5101")], at=later) == ground.round


def test_out_of_scope_looks_like_missing(ground):
    campaign = ground.round.campaign
    for who in ("city_commander", "district_head", "dispatcher"):
        actor = replace(getattr(ground.cast, who), acts=frozenset({"campaign.view"}))
        assert get_campaign(campaign.pk, actor=actor) == campaign
        assert get_round(ground.round.pk, actor=actor) == ground.round
    neighbour = replace(ground.cast.neighbour_head, acts=frozenset({"campaign.view"}))
    with pytest.raises(NotFound):
        get_campaign(campaign.pk, actor=neighbour)
    with pytest.raises(NotFound):
        get_campaign(999_999, actor=neighbour)
    with pytest.raises(NotFound):
        get_round(999_999, actor=neighbour)
    with pytest.raises(NotAllowed):
        get_round(ground.round.pk, actor=replace(ground.cast.dispatcher, acts=frozenset()))
    assert list(campaigns_for(neighbour)) == []
    assert list(campaigns_for(Actor(label="nobody", scope=Scope()))) == []
