"""The independent recount: drawn so that anyone can draw the same, seen by other teams, counted exactly."""

import hashlib
from datetime import timedelta

import pytest
from django.utils.html import strip_tags

from qipan.deployment.api import Team
from qipan.kernel.actor import Actor
from qipan.kernel.place import range_of
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.screening.actions import (
    DrawnAlready,
    FindingUnknown,
    NoOtherTeam,
    NothingSettled,
    RecountEnds,
    RecountOver,
    RoundRuns,
    SeenAlready,
    ShareOutside,
    draw_recount,
    enter_recount,
)
from qipan.screening.api import close_round, recount_result
from qipan.screening.models import Recount, RecountDoor, RecountTally
from qipan.screening.queries import VisitsDestroyed, audit_coverage, audit_recounts, waiting_doors
from qipan.screening.retention import Campaigns
from qipan.screening.rules import verdict_of
from qipan.screening.terms import DoorState

from .conftest import DISTRICT, doors_of, rows_of

pytestmark = pytest.mark.row("SCR-1")


def everywhere(model):
    return model.objects.everywhere("a test")


@pytest.fixture
def closed(ground):
    """Our team settled 18 of its 20 doors, theirs one of its own; the round is closed."""
    ground.told(*[ground.visit(place) for place in ground.doors[:18]], ground.visit(ground.doors[18], "NOT_HOME"))
    ground.told(ground.visit(doors_of("510104001002")[0], "VACANT_UNKNOWN"), by=ground.theirs)
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    return ground


def draw(ground, *, permille=200, place=DISTRICT, who="city_commander", days=3):
    return draw_recount(
        ground.round,
        ground=place,
        permille=permille,
        closes_at=ground.at + timedelta(days=days),
        by=getattr(ground.cast, who),
        at=ground.at,
    )


def seal(ground):
    """What a destruction does first."""
    Campaigns().seal(f"campaign:{ground.round.campaign_id}", by=ground.cast.city_commander, at=ground.at)


def other(ground, team_id) -> Actor:
    return ground.ours if team_id == ground.ours.team_id else ground.theirs


def test_draws_what_anyone_can_draw_again_and_gives_it_to_the_other_team(closed):
    drawn = draw(closed)
    settled = [*closed.doors[:18], doors_of("510104001002")[0]]
    order = sorted(settled, key=lambda place: hashlib.md5(f"{drawn.seed}:{place}".encode()).hexdigest())
    doors = list(everywhere(RecountDoor).order_by("place"))
    assert [door.place for door in doors] == sorted(order[:4])
    assert (drawn.claimed, drawn.drawn, len(drawn.seed)) == (19, 4, 32)
    ours, theirs = closed.ours.team_id, closed.theirs.team_id
    assert {door.team_id for door in doors if door.place in closed.doors} <= {theirs}
    assert {door.team_id for door in doors if door.place not in closed.doors} <= {ours}
    assert sum(row.drawn for row in everywhere(RecountTally)) == 4
    assert audit_recounts() == []


def test_the_difference_stands_beside_the_claim_with_its_interval(closed):
    draw(closed)
    doors = [door for door in everywhere(RecountDoor).order_by("place") if door.place in closed.doors]
    told = [("ANSWERED", "YES"), ("VACANT_KNOWN", "UNKNOWN"), ("NOT_HOME", "UNKNOWN")]
    for door, (found, came) in zip(doors, told, strict=False):
        enter_recount(door.pk, found=found, came=came, by=closed.theirs, at=closed.at)
    result = recount_result(closed.round.pk, [DISTRICT])
    assert (result.drawn, result.same, result.different, result.unclear) == (4, 1, 1, 1)
    assert result.difference == Rate(1, 2)
    claim, low, high = result.corrected(19, 80)
    assert (round(claim, 3), round(low, 2), round(high, 2)) == (11.875, 2.25, 21.5)
    assert audit_recounts() == []
    assert recount_result(closed.round.pk, [range_of("510107")]) is None
    everywhere(RecountTally).filter(same=1).update(same=2, unclear=0)
    assert len(audit_recounts()) == 1


@pytest.mark.parametrize(
    ("claimed", "found", "came", "verdict"),
    [
        ("ANSWERED", "ANSWERED", "YES", "SAME"),
        ("ANSWERED", "ANSWERED", "NO", "DIFFERENT"),
        ("REFUSED", "REFUSED", "UNKNOWN", "UNCLEAR"),
        ("BY_PHONE", "VACANT_UNKNOWN", "UNKNOWN", "DIFFERENT"),
        ("ANSWERED", "NOT_HOME", "UNKNOWN", "UNCLEAR"),
        ("ANSWERED", "BY_PROXY", "YES", "SAME"),
        ("BY_PROXY", "ANSWERED", "NO", "UNCLEAR"),  # who was answered for need not know of it
        ("BY_PROXY", "ANSWERED", "YES", "SAME"),
        ("BY_PROXY", "VACANT_KNOWN", "UNKNOWN", "DIFFERENT"),
        ("VACANT_UNKNOWN", "BY_PROXY", "UNKNOWN", "DIFFERENT"),
        ("ANSWERED", "DEMOLISHED", "UNKNOWN", "DIFFERENT"),
        ("PRESUMED_VACANT", "ANSWERED", "NO", "DIFFERENT"),
        ("PRESUMED_VACANT", "NOT_HOME", "UNKNOWN", "UNCLEAR"),
        ("VACANT_KNOWN", "VACANT_UNKNOWN", "UNKNOWN", "SAME"),
        ("DEMOLISHED", "DEMOLISHED", "UNKNOWN", "SAME"),
        ("DEMOLISHED", "ANSWERED", "NO", "DIFFERENT"),
    ],
)
def test_what_bears_a_claim_out(claimed, found, came, verdict):
    from qipan.screening.terms import Outcome

    assert verdict_of(DoorState[claimed], Outcome[found], came) == verdict


def test_the_same_entry_twice_is_one_and_another_is_refused(closed):
    draw(closed)
    door = everywhere(RecountDoor).order_by("place").first()
    by = other(closed, door.team_id)
    for _n in range(2):
        enter_recount(door.pk, found="ANSWERED", came="YES", by=by, at=closed.at)
    with pytest.raises(SeenAlready):
        enter_recount(door.pk, found="ANSWERED", came="NO", by=by, at=closed.at)
    assert sum(row.same for row in everywhere(RecountTally)) == 1
    assert door.pk not in [one.pk for one in waiting_doors(by)]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"permille": 0}, ShareOutside),
        ({"permille": 201}, ShareOutside),
        ({"days": -1}, RecountEnds),
        ({"place": range_of("510104002")}, NothingSettled),
        ({"who": "neighbour_head"}, NotAllowed),
        ({"who": "worker"}, NotAllowed),
    ],
)
def test_refuses_to_draw(closed, changes, refusal):
    if changes.get("who") == "neighbour_head":
        refusal = NotFound
    with pytest.raises(refusal):
        draw(closed, **changes)
    assert not Recount.objects.exists() and not everywhere(RecountDoor).exists()


def test_nobody_draws_twice_nor_while_the_round_runs(ground):
    ground.told(ground.visit(ground.doors[0]))
    with pytest.raises(RoundRuns):
        draw(ground)
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    draw(ground)
    with pytest.raises(DrawnAlready):
        draw(ground, place=range_of("510104001"))
    assert Recount.objects.count() == 1


def test_nobody_sees_his_own_doors_again(ground):
    ground.told(ground.visit(ground.doors[0]))
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    everywhere(Team).filter(pk=ground.theirs.team_id).update(released_at=ground.at)
    with pytest.raises(NoOtherTeam):
        draw(ground)
    assert not Recount.objects.exists() and not everywhere(RecountDoor).exists()


@pytest.mark.row("SCR-7")
@pytest.mark.parametrize("named", [True, False])
def test_what_a_post_entered_for_a_team_goes_to_another_team(ground, named):
    """A sheet that came back on paper, and visits that name no team: whose doors they are is known all the same."""
    said = {"team": ground.ours.team_id} if named else {}
    ground.told(*[ground.visit(place) for place in ground.doors], by=ground.cast.worker, **said)
    close_round(ground.round, by=ground.cast.city_commander, at=ground.at)
    draw(ground)
    doors = everywhere(RecountDoor)
    assert list(doors.values_list("team_id").distinct()) == [(ground.theirs.team_id,)]
    assert doors.count() == 4
    doors.delete()
    everywhere(RecountTally).delete()
    Recount.objects.all().delete()
    everywhere(Team).filter(pk=ground.theirs.team_id).update(released_at=ground.at)
    with pytest.raises(NoOtherTeam):
        draw(ground)
    assert not Recount.objects.exists() and not doors.all().exists()


def test_refuses_entries_of_others_late_ones_and_nonsense(closed):
    draw(closed)
    door = next(door for door in everywhere(RecountDoor) if door.place in closed.doors)
    late = closed.at + timedelta(days=3)
    for by, found, came, at, refusal in [
        (closed.ours, "ANSWERED", "YES", closed.at, NotFound),
        (closed.cast.neighbour_head, "ANSWERED", "YES", closed.at, NotFound),
        (closed.theirs, "PERHAPS", "YES", closed.at, FindingUnknown),
        (closed.theirs, "ANSWERED", "MAYBE", closed.at, FindingUnknown),
        (closed.theirs, "ANSWERED", "YES", late, RecountOver),
    ]:
        with pytest.raises(refusal):
            enter_recount(door.pk, found=found, came=came, by=by, at=at)
    assert not everywhere(RecountDoor).exclude(at=None).exists()
    assert sum(row.same + row.different + row.unclear for row in everywhere(RecountTally)) == 0


class TestPages:
    def test_draws_on_the_campaigns_page_and_shows_the_result(self, closed):
        everywhere(Team).update(stands_down_at=closed.at + timedelta(days=800))
        client = closed.cast.client("city_commander")
        page = client.get(f"/campaigns/{closed.round.campaign_id}").content.decode()
        assert f'action="/rounds/{closed.round.pk}/recount' in page
        path = f"/rounds/{closed.round.pk}/recount?area=510104"
        empty = client.post(path, {"permille": "20", "closes_at": ""})
        assert empty.status_code == 400 and 'value="20"' in empty.content.decode()
        ends = (closed.at + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M")
        wide = client.post(path, {"permille": "500", "closes_at": ends})
        assert wide.status_code == 400 and 'value="500"' in wide.content.decode()
        assert not Recount.objects.exists()
        answer = client.post(path, {"permille": "200", "closes_at": ends})
        assert answer.status_code == 302, answer.content
        page = client.get(answer["Location"]).content.decode()
        assert Recount.objects.get().seed in page and "/recount?" not in page

    def test_a_post_enters_what_came_on_paper(self, closed):
        """The worker's community has our team, which sees the doors again that theirs settled."""
        closed.told(closed.visit(closed.doors[0]))
        draw(closed, days=800)
        everywhere(RecountDoor).update(team=closed.ours.team_id)
        door = everywhere(RecountDoor).order_by("place").first()
        client = closed.cast.client("worker")
        page = client.get(f"/recounts?team={closed.ours.team_id}").content.decode()
        assert page.count('id="door-') == 4 and f'id="door-{door.pk}"' in page
        assert "answered" not in page.split("<main")[1].split("<form")[0]
        nothing = client.post(f"/recounts/{door.pk}", {"found": "ANSWERED"})
        assert nothing.status_code == 400 and not everywhere(RecountDoor).exclude(at=None).exists()
        answer = client.post(f"/recounts/{door.pk}", {"found": "ANSWERED", "came": "YES"})
        assert (answer.status_code, answer["Location"]) == (302, f"/recounts?team={closed.ours.team_id}")
        assert everywhere(RecountDoor).exclude(at=None).get().verdict == "SAME"
        assert client.get("/recounts").content.decode().count('id="door-') == 3

    def test_is_closed_to_others(self, closed):
        draw(closed, days=800)
        door = everywhere(RecountDoor).order_by("place").first()
        everywhere(RecountDoor).update(team=closed.ours.team_id)
        for who, status in [("stranger", 403), ("auditor", 403), ("anonymous", 302)]:
            assert closed.cast.client(who).get("/recounts").status_code == status
        assert "door-" not in closed.cast.client("neighbour_worker").get("/recounts").content.decode()
        told = {"found": "ANSWERED", "came": "YES"}
        assert closed.cast.client("neighbour_worker").post(f"/recounts/{door.pk}", told).status_code == 404
        assert not everywhere(RecountDoor).exclude(at=None).exists()


def test_the_page_shows_the_difference_with_its_interval_beside_the_claim(closed):
    """Of fewer than thirty doors no share is said, only between what it lies; of another district nothing."""
    draw(closed)
    doors = [door for door in everywhere(RecountDoor).order_by("place") if door.place in closed.doors]
    for door, came in zip(doors, ("YES", "NO", "UNKNOWN"), strict=False):
        enter_recount(door.pk, found="ANSWERED", came=came, by=closed.theirs, at=closed.at)
    client = closed.cast.client("city_commander")

    def shown(area="510104"):
        page = client.get(f"/campaigns/{closed.round.campaign_id}", {"area": area}).content.decode()
        text = page.partition('id="recount"')[2].partition("</section>")[0]
        return " ".join(strip_tags(text).split())

    text = shown()
    assert "11.9 % 复核后的覆盖率，区间 2.2 至 21.5 %(95 %)" in text
    assert "可判断住户中不属实的比例9–91% 1 / 2" in text
    assert "已复核 / 抽取75.0% 3 / 4 无法判断1" in text
    assert "9–91%" not in shown("510105") and "独立复核" in shown("510105")

    first, *others = everywhere(RecountTally).order_by("pk")
    everywhere(RecountTally).filter(pk__in=[row.pk for row in others]).delete()
    everywhere(RecountTally).filter(pk=first.pk).update(drawn=50, same=36, different=4, unclear=0)
    assert "可判断住户中不属实的比例10.0% (3–24%) 4 / 40" in shown()


@pytest.mark.row("EMG-8")
def test_nothing_is_drawn_of_what_is_sealed(closed):
    """From the seal on the visits are being destroyed, and a figure that moved would not be what was sealed."""
    seal(closed)
    before = rows_of("journal_entry")
    with pytest.raises(VisitsDestroyed):
        draw(closed)
    assert [rows_of(f"screening_recount{one}") for one in ("", "door", "tally")] == [0, 0, 0]
    assert (rows_of("journal_entry"), audit_coverage()) == (before, [])
    page = closed.cast.client("city_commander").get(f"/campaigns/{closed.round.campaign_id}").content.decode()
    assert 'id="recount"' in page and "/recount?" not in page


@pytest.mark.row("EMG-8")
def test_what_is_sealed_takes_no_more_entries(closed):
    """While its doors are there yet, under a hold or in the middle of a run."""
    draw(closed)
    first, second, *_rest = everywhere(RecountDoor).order_by("place")
    enter_recount(first.pk, found="ANSWERED", came="YES", by=other(closed, first.team_id), at=closed.at)
    seal(closed)
    before = rows_of("journal_entry")
    with pytest.raises(RecountOver):
        enter_recount(second.pk, found="ANSWERED", came="YES", by=other(closed, second.team_id), at=closed.at)
    assert everywhere(RecountDoor).exclude(at=None).get() == first
    assert sum(row.same + row.different + row.unclear for row in everywhere(RecountTally)) == 1
    assert (rows_of("journal_entry"), audit_coverage()) == (before, [])
