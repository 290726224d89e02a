"""A recount on the burden meter: what is drawn is work of the communities too, of whoever had the round (SVC-9, SVC-13)."""

from datetime import timedelta

import pytest

from qipan.deployment.api import Team, form_teams
from qipan.desk.testing import WorkAsked, admitted, audit_burden, by_demander, week_of
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.posture.api import declare
from qipan.screening.actions import draw_recount, enter_recount
from qipan.screening.api import CostsMoreThanAdmitted, assign_doors, close_round, open_campaign, open_round
from qipan.screening.models import Recount, RecountDoor, RecountTally

from .conftest import COMMUNITY, DISTRICT, doors_of, rows_of

pytestmark = [pytest.mark.row("SVC-9"), pytest.mark.row("SVC-13")]
HERE, THERE = (COMMUNITY, "510104001002"), ("510104002001", "510104002002")


def everywhere(model):
    return model.objects.everywhere("a test")


def draw(ground, *, permille=200, place=DISTRICT):
    ends = ground.at + timedelta(days=3)
    return draw_recount(
        ground.round, ground=place, permille=permille, closes_at=ends, by=ground.cast.city_commander, at=ground.at
    )


def settled(ground, *codes, **rests_on):
    """A round over Jinjiang, four minutes a visit, with all doors of these communities settled; closed after a day."""
    commander, day = ground.cast.city_commander, timedelta(days=1)
    campaign = open_campaign(
        title="二轮", basis="依据", unit=ground.cast.unit("5101:city-command"), form=None, by=commander, at=ground.at,
        **rests_on,
    )  # fmt: skip
    ends = ground.at + day
    ground.round = open_round(
        campaign, grounds=[DISTRICT], closes_at=ends, minutes_per_visit=4, by=commander, at=ground.at
    )
    assign_doors(ground.round, by=commander, at=ground.at)
    enters = Actor(label="录入", acts=frozenset({"visit.submit"}), scope=Scope((DISTRICT,)))
    for code in codes:
        visits = [ground.visit(place) for place in doors_of(code)]
        assert set(ground.told(*visits, by=enters)) == {"stored"}
    close_round(ground.round, by=commander, at=ends)
    ground.at += 8 * day
    return ground


def allowed(ground, **changes):
    """Hours for twenty doors and one more in each of four communities, over before anything is drawn."""
    said = {"minutes_per_unit": 84, "activity": "INSPECTION", "valid_to": ground.at + timedelta(days=2)}
    return admitted(ground.cast.unit("5101:health"), ground=DISTRICT, at=ground.at, **said | changes)


def lines(week, ground=DISTRICT):
    return {
        line.key: (line.burden.tasks, line.burden.minutes, line.burden.shares) for line in by_demander([ground], week)
    }


def asked(recount):
    rows = everywhere(WorkAsked).filter(source=f"recount:{recount.pk}").order_by("owner__code")
    return list(rows.values_list("owner__code", "demander__code", "activity", "week", "minutes"))


def kept():
    tables = ("recount", "recountdoor", "recounttally")
    return [rows_of(f"screening_{one}") for one in tables] + [
        rows_of(one) for one in ("desk_workasked", "desk_burdenindex", "journal_entry")
    ]


def test_it_costs_whoever_applied_for_the_round_in_the_week_in_which_it_is_drawn(ground):
    first = week_of(ground.at)
    settled(ground, COMMUNITY, admission=allowed(ground))
    week = week_of(ground.at)
    assert (week - first, lines(week)) == (timedelta(days=7), {})
    round_before = lines(first)["5101:health"]
    assert round_before == (4, 4 * 20 * 4, [0.0, 0.0, 5.3, 0.0])
    # A tenth of twenty doors: two, four minutes each.
    drawn = draw(ground, permille=100)
    assert asked(drawn) == [(f"{COMMUNITY}:community", "5101:health", "INSPECTION", week, 8)]
    assert lines(week) == {"5101:health": (1, 8, [0.0, 0.0, 0.1, 0.0])}
    assert lines(week, range_of("510104001002")) == {}
    assert lines(first)["5101:health"] == round_before
    assert audit_burden() == []
    enter_recount(everywhere(RecountDoor).first().pk, found="ANSWERED", came="YES", by=ground.theirs, at=ground.at)
    assert lines(week) == {"5101:health": (1, 8, [0.0, 0.0, 0.1, 0.0])}
    everywhere(WorkAsked).filter(source=f"recount:{drawn.pk}").update(minutes=12)
    assert len(audit_burden()) == 1


def test_it_goes_no_further_than_the_hours_that_were_admitted(ground):
    units = [ground.cast.unit(f"{code}:community") for code in THERE]
    terms = {"stands_down_at": ground.at + timedelta(days=30), "by": ground.cast.city_commander, "at": ground.at}
    assert form_teams(units=units, per_doors=20, **terms) == 2
    settled(ground, *HERE, *THERE, admission=allowed(ground))
    before = kept()
    with pytest.raises(CostsMoreThanAdmitted) as refusal:
        draw(ground, permille=60)  # five of eighty doors, where four were admitted
    assert refusal.value.data == {"title": "入户走访", "admitted": 5.6, "asked": 5.7}
    assert kept() == before
    draw(ground, permille=75, place=range_of("510104001"))
    before = kept()
    with pytest.raises(CostsMoreThanAdmitted):
        draw(ground, permille=50, place=range_of("510104002"))  # three and two
    assert kept() == before
    draw(ground, permille=25, place=range_of("510104002"))
    drawn = everywhere(WorkAsked).filter(source__startswith="recount:")
    assert sum(drawn.values_list("minutes", flat=True)) == 16
    assert audit_burden() == []


def test_where_a_declaration_covered_the_round_no_hours_were_weighed(ground):
    declared = declare(
        number="成府发〔2026〕7号", matter="突发公共卫生事件", hazard="epidemic", level=2, basis="《突发事件应对法》第七十二条",
        issuer=ground.cast.unit("5101:city-command"), ground_codes=["510104"], starts_at=ground.at,
        expected_until=ground.at + timedelta(days=2), measures=["入户排查"], by=ground.cast.city_commander, at=ground.at,
    )  # fmt: skip
    settled(ground, *HERE, declaration=declared, admission=allowed(ground, minutes_per_unit=1))
    week = week_of(ground.at)
    drawn = draw(ground)  # eight of forty doors, when the declaration has run out
    tallies = everywhere(RecountTally).filter(recount=drawn).order_by("place").values_list("drawn", flat=True)
    assert sum(tallies) == 8
    assert [row[-1] for row in asked(drawn)] == [4 * doors for doors in tallies]
    assert lines(week)["5101:health"][1] == 32


def test_a_drill_costs_on_another_day_and_stays_within_its_hours(ground):
    everywhere(Team).update(drill=True)
    before = rows_of("desk_workasked")
    settled(ground, *HERE, admission=allowed(ground, drill=True), drill=True)
    with pytest.raises(CostsMoreThanAdmitted):
        draw(ground, permille=125)
    assert not Recount.objects.exists()
    assert draw(ground, permille=100).drawn == 4
    assert rows_of("desk_workasked") == before
    assert audit_burden() == []


def test_the_page_says_beside_the_share_what_was_admitted(ground, clock_at):
    settled(ground, *HERE, admission=allowed(ground))
    clock_at(ground.at)
    before = kept()
    ends = (ground.at + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    typed, english = {"permille": "125", "closes_at": ends}, {"headers": {"Accept-Language": "en"}}
    path = f"/rounds/{ground.round.pk}/recount?area=510104"
    answer = ground.cast.client("city_commander").post(path, typed, **english)
    assert (answer.status_code, kept()) == (409, before)
    assert (
        "“入户走访” was admitted with 5.6 working hours on this ground; a visit to each of its doors and the "
        "independent recount take 5.7." in answer.content.decode()
    )
