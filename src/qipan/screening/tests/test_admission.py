"""Visits at doors pass the gate and stand on the burden meter (ORG-10, SVC-9, SVC-13)."""

from datetime import timedelta

import pytest
from django.utils.timezone import get_default_timezone

from qipan.desk.api import GroundNotAdmitted, NotAdmitted, ShortNoticeAtNight
from qipan.desk.testing import WorkAsked, admitted, audit_burden, by_demander, week_of
from qipan.kernel.place import range_of
from qipan.posture.api import declare, end_declaration
from qipan.screening.actions import MinutesWrong
from qipan.screening.api import CostsMoreThanAdmitted, VisitsNotAdmitted, open_campaign, open_round
from qipan.screening.models import Campaign, Round

from .conftest import COMMUNITY, DISTRICT, Field, rows_of

CITY = range_of("5101")
DAY = timedelta(days=1)


def campaign_of(ground: Field, **changes) -> Campaign:
    said = {"title": "二轮", "basis": "依据", "unit": ground.cast.unit("5101:city-command"), "form": None}
    return open_campaign(**said | {"by": ground.cast.city_commander, "at": ground.at} | changes)


def round_of(ground: Field, campaign: Campaign, **changes) -> Round:
    said = {"grounds": [DISTRICT], "closes_at": ground.at + DAY, "by": ground.cast.city_commander, "at": ground.at}
    return open_round(campaign, **said | changes)


def declared_on(ground: Field, *codes: str, drill: bool = False):
    return declare(
        number="成府发〔2026〕7号",
        matter="突发公共卫生事件",
        hazard="epidemic",
        level=2,
        basis="《突发事件应对法》第七十二条",
        issuer=ground.cast.unit("5101:city-command"),
        ground_codes=codes or ("510104",),
        starts_at=ground.at,
        expected_until=ground.at + 9 * DAY,
        measures=["入户排查"],
        by=ground.cast.city_commander,
        at=ground.at,
        drill=drill,
    )


def allowed(ground: Field, **changes):
    return admitted(ground.cast.unit("5101:health"), ground=DISTRICT, at=ground.at, **changes)


def kept() -> tuple[int, ...]:
    tables = ("screening_campaign", "screening_round", "screening_coverage", "desk_workasked", "desk_burdenindex")
    return tuple(rows_of(table) for table in tables)


@pytest.mark.row("SVC-9")
def test_visits_that_rest_on_nothing_are_refused_and_nothing_is_written(ground):
    before = kept()
    drill = declared_on(ground, drill=True)
    over = allowed(ground, valid_from=ground.at - 2 * DAY, valid_to=ground.at)
    for resting, refusal in (
        ({}, VisitsNotAdmitted),
        ({"declaration": drill}, VisitsNotAdmitted),
        ({"admission": over}, NotAdmitted),
        ({"admission": allowed(ground, drill=True)}, NotAdmitted),
        ({"admission": allowed(ground, organ_types=["compound"])}, NotAdmitted),
    ):
        with pytest.raises(refusal):
            campaign_of(ground, **resting)
    assert kept() == before
    assert VisitsNotAdmitted.code == "visits_not_admitted"


@pytest.mark.row("SVC-9")
@pytest.mark.row("SVC-13")
def test_what_was_admitted_costs_whoever_applied_for_it_by_community_and_week(ground):
    campaign = campaign_of(ground, admission=allowed(ground, minutes_per_unit=84, activity="INSPECTION"))
    week = week_of(ground.at)
    before = [line for line in by_demander([CITY], week) if line.key == "5101:health"]
    assert before == []
    opened = round_of(ground, campaign, minutes_per_visit=4)
    [line] = [line for line in by_demander([CITY], week) if line.key == "5101:health"]
    # Jinjiang: four communities with twenty doors each.
    assert (line.burden.tasks, line.burden.minutes, line.burden.shares) == (4, 4 * 20 * 4, [0.0, 0.0, 5.3, 0.0])
    [one] = [line for line in by_demander([range_of(COMMUNITY)], week) if line.key == "5101:health"]
    assert (one.burden.tasks, one.burden.minutes) == (1, 80)
    asked = WorkAsked.objects.everywhere("a test").filter(source=f"round:{opened.pk}")
    assert sorted(asked.values_list("owner__code", "minutes")) == [
        (f"{code}:community", 80) for code in ("510104001001", "510104001002", "510104002001", "510104002002")
    ]
    assert audit_burden() == []
    # Visits change nothing: it was counted when it was asked.
    ground.told(ground.visit(ground.doors[0]))
    assert audit_burden() == []
    asked.first().delete()
    assert len(audit_burden()) == 1


@pytest.mark.row("SVC-9")
def test_a_round_goes_no_further_and_costs_no_more_than_was_admitted(ground):
    # Twenty doors in each of four communities, and one of them again for the recount, four minutes each: 5.6 hours.
    campaign = campaign_of(ground, admission=allowed(ground, minutes_per_unit=84))
    before = kept()
    with pytest.raises(GroundNotAdmitted):
        round_of(ground, campaign, grounds=[CITY])
    with pytest.raises(CostsMoreThanAdmitted) as refusal:
        round_of(ground, campaign, minutes_per_visit=5)
    assert refusal.value.data == {"title": "入户走访", "admitted": 5.6, "asked": 7.0}
    for minutes in (0, 481):
        with pytest.raises(MinutesWrong):
            round_of(ground, campaign, minutes_per_visit=minutes)
    with pytest.raises(NotAdmitted):
        round_of(ground, campaign, at=ground.at + 3650 * DAY, closes_at=ground.at + 3651 * DAY)
    short = campaign_of(ground, admission=allowed(ground, minutes_per_unit=83))
    before = kept()
    with pytest.raises(CostsMoreThanAdmitted) as refusal:
        round_of(ground, short, minutes_per_visit=4)
    assert refusal.value.data == {"title": "入户走访", "admitted": 5.5, "asked": 5.6}
    assert kept() == before
    assert round_of(ground, campaign, grounds=[range_of(COMMUNITY)], minutes_per_visit=4).number == 1
    assert round_of(ground, campaign, minutes_per_visit=4).number == 2


@pytest.mark.row("ORG-10")
@pytest.mark.row("SVC-13")
def test_a_declaration_covers_rounds_on_its_ground_while_it_holds(ground):
    declared = declared_on(ground)
    campaign = campaign_of(ground, declaration=declared)
    round_of(ground, campaign)
    [line] = by_demander([range_of(COMMUNITY)], week_of(ground.at))
    # The round of the fixture and this one, both of the command's.
    assert (line.key, line.burden.tasks, line.burden.minutes) == ("5101:city-command", 2, 200)
    before = kept()
    with pytest.raises(VisitsNotAdmitted):
        round_of(ground, campaign, grounds=[CITY])
    end_declaration(declared, reason="解除", by=ground.cast.city_commander, at=ground.at + DAY)
    with pytest.raises(VisitsNotAdmitted):
        round_of(ground, campaign, at=ground.at + DAY, closes_at=ground.at + 2 * DAY)
    assert kept() == before


def test_what_was_admitted_for_an_emergency_holds_with_its_declaration(ground):
    declared = declared_on(ground)
    admission = allowed(ground, declaration=declared.number)
    campaign = campaign_of(ground, admission=admission)
    assert campaign.declaration == declared
    assert round_of(ground, campaign, minutes_per_visit=60).minutes_per_visit == 60  # no hours were weighed beforehand
    end_declaration(declared, reason="解除", by=ground.cast.city_commander, at=ground.at + DAY)
    with pytest.raises(VisitsNotAdmitted):
        round_of(ground, campaign, at=ground.at + DAY, closes_at=ground.at + 2 * DAY)


def test_a_drill_costs_on_another_day(ground):
    before = rows_of("desk_burdenindex")
    campaign = campaign_of(ground, declaration=declared_on(ground, drill=True), drill=True)
    assert round_of(ground, campaign).number == 1
    assert rows_of("desk_burdenindex") == before
    assert WorkAsked.objects.everywhere("a test").exclude(source=f"round:{ground.round.pk}").count() == 0


@pytest.mark.row("SVC-9")
def test_the_page_offers_what_holds_now_the_declaration_first(ground, monkeypatch):
    client, english = ground.cast.client("city_commander"), {"headers": {"Accept-Language": "en"}}
    before = kept()
    typed = {"title": "四轮", "basis": "依据"}
    refused = client.post("/campaigns/open", typed, **english)
    assert refused.status_code == 400
    assert "Choose a declaration or a work admission." in refused.content.decode()
    assert client.post("/campaigns/open", typed | {"rests_on": "declaration:1"}, **english).status_code == 400
    assert client.post("/api/campaigns", typed, "application/json").status_code == 409
    assert kept() == before
    monkeypatch.setattr("qipan.screening.views.campaigns.now", lambda: ground.at)
    declared = declared_on(ground)
    shown = client.get("/campaigns", **english).content.decode()
    assert f'<option value="declaration:{declared.pk}" selected>' in shown
    assert (
        client.post("/campaigns/open", typed | {"rests_on": f"declaration:{declared.pk}"}, **english).status_code == 302
    )
    made = Campaign.objects.get(title="四轮")
    assert made.declaration == declared
    assert declared.number in client.get(f"/campaigns/{made.pk}", **english).content.decode()


@pytest.mark.row("SVC-9")
def test_the_endpoints_take_what_it_rests_on(ground):
    client = ground.cast.client("city_commander")
    resting = {"title": "五轮", "basis": "依据", "admission": ground.round.campaign.admission_id}
    made = client.post("/api/campaigns", resting, "application/json")
    assert (made.status_code, made.json()["admission"], made.json()["declaration"]) == (
        201,
        ground.round.campaign.admission_id,
        None,
    )
    url = f"/api/campaigns/{made.json()['id']}/rounds"
    opened = client.post(url, {"areas": [COMMUNITY], "days": 1, "minutes_per_visit": 7}, "application/json")
    assert (opened.status_code, opened.json()["minutes_per_visit"]) == (201, 7)
    asked = WorkAsked.objects.everywhere("a test").get(source=f"round:{opened.json()['id']}")
    assert (asked.owner.code, asked.minutes) == (f"{COMMUNITY}:community", 140)
    before = kept()
    too_long = client.post(url, {"areas": [COMMUNITY], "days": 1, "minutes_per_visit": 0}, "application/json")
    assert (too_long.status_code, too_long.json()["code"], kept() == before) == (400, "minutes_wrong", True)


@pytest.mark.row("SVC-9")
def test_no_round_is_asked_for_at_once_at_night_but_in_an_emergency(ground):
    night = ground.at.astimezone(get_default_timezone()).replace(hour=23, minute=30)
    campaign, soon = campaign_of(ground, admission=allowed(ground), at=night), night + timedelta(minutes=90)
    before = kept()
    with pytest.raises(ShortNoticeAtNight):
        round_of(ground, campaign, closes_at=soon, at=night)
    assert kept() == before
    assert round_of(ground, campaign, closes_at=night + timedelta(hours=12), at=night).number == 1
    emergency = campaign_of(ground, declaration=declared_on(ground), at=night)
    assert round_of(ground, emergency, closes_at=soon, at=night).closes_at == soon
