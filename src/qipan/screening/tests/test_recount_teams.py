"""Who sees doors again where the drawn ground has no other team: one of the smallest area above it that has one."""

from datetime import timedelta

import pytest
from django.utils.html import strip_tags

from qipan.deployment.api import Team, form_teams
from qipan.desk.testing import WorkAsked, audit_burden
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotFound
from qipan.screening.actions import NoOtherTeam, draw_recount, enter_recount
from qipan.screening.api import CostsMoreThanAdmitted, close_round
from qipan.screening.models import Recount, RecountDoor
from qipan.screening.queries import audit_recounts, waiting_doors

from .conftest import COMMUNITY, DISTRICT
from .test_recount_meter import allowed, asked, everywhere, kept, settled

pytestmark = pytest.mark.row("SCR-1")
HERE = range_of(COMMUNITY)
NEXT, OTHER_STREET, OTHER_DISTRICT = "510104001002", "510104002001", "510105001001"


@pytest.fixture
def closed(ground):
    """Our team, the only one of its community, settled all of its doors; the round is closed."""
    ground.told(*[ground.visit(place) for place in ground.doors])
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    return ground


def draw(ground, *, place=HERE, permille=200, who="city_commander"):
    return draw_recount(
        ground.round,
        ground=place,
        permille=permille,
        closes_at=ground.at + timedelta(days=3),
        by=getattr(ground.cast, who),
        at=ground.at,
    )


def formed(ground, *codes, drill=False):
    """One team in each of these communities."""
    units = [ground.cast.unit(f"{code}:community") for code in codes]
    terms = {"stands_down_at": ground.at + timedelta(days=30), "by": ground.cast.city_commander, "at": ground.at}
    assert form_teams(units=units, per_doors=100, drill=drill, **terms) == len(codes)
    return [everywhere(Team).get(unit=unit, drill=drill, released_at=None) for unit in units]


def released(ground, *teams):
    everywhere(Team).filter(pk__in=teams).update(released_at=ground.at)


def drawn_for():
    return list(everywhere(RecountDoor).order_by("team").values_list("team", flat=True).distinct())


def as_pass(team):
    """Who enters by a pass of a team."""
    return Actor(
        label="复核", acts=frozenset({"visit.submit"}), scope=Scope((Range(team.first, team.last),)), team_id=team.pk
    )


def test_a_single_community_is_recounted_by_a_team_of_its_street(closed):
    formed(closed, OTHER_STREET, OTHER_DISTRICT)
    recount = draw(closed)
    assert (recount.drawn, drawn_for()) == (4, [closed.theirs.team_id])
    door = waiting_doors(closed.theirs).first()
    assert door.place in HERE and not waiting_doors(closed.ours).exists()
    with pytest.raises(NotFound):
        enter_recount(door.pk, found="ANSWERED", came="YES", by=closed.ours, at=closed.at)
    assert enter_recount(door.pk, found="ANSWERED", came="YES", by=closed.theirs, at=closed.at).verdict == "SAME"
    assert audit_recounts() == []


def test_where_the_street_has_no_other_it_is_one_of_the_district(closed):
    near, _far = formed(closed, OTHER_STREET, OTHER_DISTRICT)
    released(closed, closed.theirs.team_id)
    draw(closed)
    assert drawn_for() == [near.pk]


def test_at_last_it_is_one_of_the_city_where_the_post_reaches_it(closed):
    [far] = formed(closed, OTHER_DISTRICT)
    released(closed, closed.theirs.team_id)
    before = kept()
    with pytest.raises(NoOtherTeam):
        draw(closed, who="district_head")  # another district's teams are not his to send
    assert kept() == before
    draw(closed)
    assert drawn_for() == [far.pk]
    door = waiting_doors(as_pass(far)).first()
    assert enter_recount(door.pk, found="ANSWERED", came="YES", by=as_pass(far), at=closed.at).verdict == "SAME"


def test_a_team_on_the_ground_comes_first(closed):
    own = everywhere(Team).get(pk=closed.ours.team_id)
    mate = Team.objects.create(
        unit=own.unit, number=9, place=own.place, first=own.first, last=own.last, formed_at=own.formed_at,
        stands_down_at=own.stands_down_at,
    )  # fmt: skip
    draw(closed)
    assert drawn_for() == [mate.pk]


def test_a_city_with_one_team_has_nobody_else_and_a_drill_takes_no_real_team(closed):
    formed(closed, OTHER_STREET, drill=True)
    released(closed, closed.theirs.team_id)
    before = kept()
    for place in (HERE, DISTRICT):
        with pytest.raises(NoOtherTeam):
            draw(closed, place=place)
    assert kept() == before and not Recount.objects.exists()


@pytest.mark.row("SVC-9")
@pytest.mark.row("SVC-13")
def test_it_is_work_of_the_community_whose_doors_they_are(ground):
    settled(ground, COMMUNITY, admission=allowed(ground))
    recount = draw(ground)
    assert drawn_for() == [ground.theirs.team_id]
    [(owner, demander, _activity, _week, minutes)] = asked(recount)
    assert (owner, demander, minutes) == (f"{COMMUNITY}:community", "5101:health", 4 * 4)
    assert audit_burden() == []


@pytest.mark.row("SVC-9")
def test_it_goes_no_further_than_the_hours_that_were_admitted(ground):
    """Four doors of all communities together were admitted beside the round: they are used up by the first."""
    settled(ground, COMMUNITY, NEXT, admission=allowed(ground))
    draw(ground)
    before = kept()
    with pytest.raises(CostsMoreThanAdmitted):
        draw(ground, place=range_of(NEXT), permille=50)
    assert kept() == before and drawn_for() == [ground.theirs.team_id]
    assert sum(everywhere(WorkAsked).filter(source__startswith="recount:").values_list("minutes", flat=True)) == 16


@pytest.mark.parametrize(
    ("lang", "says", "refuses"),
    [
        ("zh-hans", "复核工作组", "本岗位的全部辖区内没有其他工作组可以复核这些住户"),
        ("en", "Seen again by", "On all the ground of your post stands no team but those that had these doors"),
    ],
)
def test_the_page_names_the_team_or_says_that_there_is_none(closed, clock_at, lang, says, refuses):
    clock_at(closed.at)
    client, here = closed.cast.client("city_commander"), {"HTTP_ACCEPT_LANGUAGE": lang}
    path = f"/rounds/{closed.round.pk}/recount?area={COMMUNITY}"
    typed = {"permille": "199", "closes_at": (closed.at + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")}
    released(closed, closed.theirs.team_id)
    answer = client.post(path, typed, **here)
    text = answer.content.decode()
    assert (answer.status_code, Recount.objects.count()) == (409, 0) and refuses in text and 'value="199"' in text
    everywhere(Team).update(released_at=None)
    answer = client.post(path, typed, **here)
    assert answer.status_code == 302
    team = everywhere(Team).select_related("unit").get(pk=closed.theirs.team_id)
    text = " ".join(
        strip_tags(client.get(answer["Location"], **here).content.decode().partition('id="recount"')[2]).split()
    )
    unit = team.unit.name_en if lang == "en" and team.unit.name_en else team.unit.name
    assert says in text and unit in text.partition(says)[2]
    other = client.get(f"/campaigns/{closed.round.campaign_id}", {"area": NEXT}, **here).content.decode()
    assert says not in other
