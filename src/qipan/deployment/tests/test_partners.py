"""Teams of partners: formed for compounds by street or community, with passes of their own, and ended (SCR-7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from qipan.access.api import Pass, actor_of_token, forget
from qipan.access.testing import Cast
from qipan.deployment.actions import end_helping, end_partner_team, form_partner_teams, give_passes
from qipan.deployment.actions.forces import StandDownMissing
from qipan.deployment.actions.partners import NobodyOnTheList, NoCompoundChosen, TeamStoodDown
from qipan.deployment.api import Team, form_teams
from qipan.duties.api import LooksAfterOthers, Stewardship, Unit, ground_of, partners_for
from qipan.kernel.actor import Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from .conftest import Entry

ONE, TWO, THREE = (range_of(code) for code in ("510104001001001", "510104001001002", "510104001002001"))
ELSEWHERE = range_of("510105001001001")


@pytest.fixture
def volunteers(cast: Cast) -> Unit:
    return cast.unit("510104001:volunteer-group")


def form(cast: Cast, partner: Unit, *grounds: Range, **changes: Any) -> int:
    given = {"stands_down_at": cast.at + timedelta(days=9), "by": cast.worker, "at": cast.at}
    return form_partner_teams(partner, places=[one.first for one in grounds], **{**given, **changes})


def teams(partner: Unit) -> list[tuple[int, Range]]:
    rows = Team.objects.everywhere("a test").filter(unit=partner, released_at=None).order_by("number")
    return [(one.number, Range(one.first, one.last)) for one in rows]


def held() -> tuple[int, int, int, int]:
    return (
        Team.objects.everywhere("a test").count(),
        Stewardship.objects.filter(helps=True).count(),
        Pass.objects.everywhere("a test").count(),
        Entry.objects.count(),
    )


@pytest.mark.row("SCR-7")
def test_volunteers_work_where_a_community_asks_them_to_and_until_then_only(cast: Cast, volunteers: Unit) -> None:
    assert (ground_of(volunteers), volunteers.first) == ((), None)
    assert form(cast, volunteers, ONE) == 1
    assert form(cast, volunteers, ONE, TWO) == 1  # what stands already stays
    assert teams(volunteers) == [(1, ONE), (2, TWO)]
    assert ground_of(volunteers) == (ONE, TWO)
    end_partner_team(Team.objects.everywhere("a test").get(place=ONE.first), by=cast.worker, at=cast.at)
    assert (teams(volunteers), ground_of(volunteers)) == ([(2, TWO)], (TWO,))
    # The last day comes by itself: the team stands no more, and the help ends with it.
    by, late = cast.city_commander, cast.at + timedelta(days=9)
    assert end_helping(by=by, at=late - timedelta(seconds=1)) == 0
    assert (end_helping(by=by, at=late), end_helping(by=by, at=late)) == (1, 0)
    assert ground_of(volunteers) == ()
    assert form(cast, volunteers, TWO, at=late, stands_down_at=late + timedelta(days=1)) == 1
    assert ground_of(volunteers) == (TWO,)


@pytest.mark.row("SCR-7")
def test_the_last_day_of_all_teams_of_a_partner_is_one_act(cast: Cast, volunteers: Unit) -> None:
    assert form(cast, volunteers, ONE, TWO, THREE, by=cast.dispatcher) == 3
    longer, late = cast.at + timedelta(days=12), cast.at + timedelta(days=9)
    other = cast.unit("510104001:social-organisation")
    assert (form(cast, other, ONE), form(cast, other, TWO, stands_down_at=longer)) == (1, 1)
    assert end_helping(by=cast.city_commander, at=late) == 4
    assert (ground_of(volunteers), ground_of(other)) == ((), (TWO,))
    ended = Entry.objects.filter(act="duties.end_help").order_by("pk")
    assert sorted(row.data["compounds"] for row in ended) == [1, 3]


@pytest.mark.row("SCR-7", "FRC-5")
def test_a_property_company_works_only_in_what_it_looks_after(cast: Cast) -> None:
    company = cast.unit("510104:property-company-1")
    assert form(cast, company, ONE, by=cast.dispatcher) == 1
    Stewardship.objects.filter(place=TWO.first).delete()
    before = held()
    with pytest.raises(LooksAfterOthers):
        form(cast, company, TWO)
    assert held() == before
    end_partner_team(Team.objects.everywhere("a test").get(), by=cast.worker, at=cast.at)
    assert ONE in ground_of(company)  # it looks after the compound as before


@pytest.mark.parametrize(
    ("grounds", "changes", "refusal"),
    [
        ((), {}, NoCompoundChosen),
        ((THREE,), {}, NotFound),
        ((ELSEWHERE,), {}, NotFound),
        ((Range(ONE.first + 1, ONE.last),), {}, NotFound),
        ((ONE,), {"stands_down_at": None}, StandDownMissing),
        ((ONE,), {"days": 0}, StandDownMissing),
        ((ONE,), {"name": "guard"}, NotAllowed),
        ((ONE,), {"name": "neighbour_worker"}, NotFound),
        ((ONE,), {"partner": "510104001001:community"}, NotFound),
    ],
)
def test_what_is_refused_forms_nothing(
    cast: Cast, volunteers: Unit, grounds: tuple[Range, ...], changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    if "days" in changes:
        changes = {"stands_down_at": cast.at}
    if "name" in changes:
        changes = {"by": getattr(cast, changes["name"])}
    partner = cast.unit(changes["partner"]) if "partner" in changes else volunteers
    before = held()
    with pytest.raises(refusal):
        form(cast, partner, *grounds, **{key: value for key, value in changes.items() if key != "partner"})
    assert held() == before


@pytest.mark.row("SCR-7")
def test_the_people_of_a_partner_get_passes_that_end_with_the_team(cast: Cast, volunteers: Unit) -> None:
    form(cast, volunteers, ONE)
    form(cast, volunteers, THREE, by=cast.neighbour_worker)  # and another community has them too
    team = Team.objects.everywhere("a test").select_related("unit").get(place=ONE.first)
    batch = give_passes(team, people=["刘师傅", "", " 陈老师 "], by=cast.worker, at=cast.at)
    given = list(Pass.objects.everywhere("a test").filter(batch=batch).order_by("line"))
    assert [(one.label, one.unit, one.team, one.role.code, Range(one.first, one.last)) for one in given] == [
        (name, volunteers, team.pk, "partner-visitor", ONE) for name in ("刘师傅", "陈老师")
    ]
    assert {one.expires_at for one in given} == {team.stands_down_at}
    page = cast.client("worker").get(f"/access/passes/lists/{batch}/links.csv").content.decode()
    visitor = actor_of_token(page.splitlines()[1].rpartition("/p/")[2], at=cast.at)
    assert (visitor.acts, visitor.scope.ranges) == (frozenset({"visit.submit", "matter.report"}), (ONE,))
    before = held()
    for people, by, refusal in (
        ([" ", ""], cast.worker, NobodyOnTheList),
        (["x"] * 1 + [str(n) for n in range(200)], cast.worker, NobodyOnTheList),
        (["x"], cast.neighbour_worker, NotFound),
        (["x"], cast.guard, NotAllowed),
    ):
        with pytest.raises(refusal):
            give_passes(team, people=people, by=by, at=cast.at)
    assert held() == before
    end_partner_team(team, by=cast.worker, at=cast.at)
    forget()
    assert not Pass.objects.everywhere("a test").filter(batch=batch, revoked_at=None).exists()
    team.refresh_from_db()
    with pytest.raises(TeamStoodDown):
        give_passes(team, people=["x"], by=cast.worker, at=cast.at)


def test_each_sees_the_partners_of_the_own_ground(cast: Cast) -> None:
    """Those that are at work there, and those of the subdistrict, district and city; no other's."""
    ranges = cast.worker.scope.ranges
    assert list(partners_for(ranges).values_list("code", flat=True)) == [
        "510104:property-company-1", "510104001:social-organisation", "510104001:volunteer-group",
    ]  # fmt: skip


@pytest.mark.row("SCR-7")
def test_a_community_forms_and_ends_teams_on_the_page(cast: Cast, volunteers: Unit) -> None:
    worker = cast.client("worker")
    page = worker.get("/forces/partners")
    assert (page.status_code, page.context["teams"], page.context["may_form"]) == (200, [], True)
    assert [place for place, _name in page.context["form"].fields["compounds"].choices] == [ONE.first, TWO.first]
    until = f"{cast.at + timedelta(days=400):%Y-%m-%dT%H:%M}"
    body = {"partner": volunteers.pk, "compounds": [ONE.first], "stands_down_at": until}
    before = held()
    for fault, where in (({"compounds": []}, "compounds"), ({"stands_down_at": ""}, "stands_down_at"), ({"partner": ""}, "partner")):  # fmt: skip
        refused = worker.post("/forces/partners", body | fault)
        assert (refused.status_code, list(refused.context["form"].errors)) == (400, [where])
    assert held() == before
    assert worker.post("/forces/partners", body).status_code == 302
    ((team, name, _passes),) = worker.get("/forces/partners").context["teams"]
    assert (team.unit, name) == (volunteers, "锦江一街一社区1号院")
    empty = worker.post(f"/forces/partners/{team.pk}/passes", {"people": " "})
    assert (empty.status_code, empty.context["open"]) == (400, team)
    given = worker.post(f"/forces/partners/{team.pk}/passes", {"people": "刘师傅\r\n陈老师"})
    assert given.status_code == 302 and worker.get(given["Location"]).context["people"] == 2
    street = cast.client("dispatcher").get("/forces/partners?area=510104001001")
    assert [one.unit for one, _name, _passes in street.context["teams"]] == [volunteers]
    for name, status in (("guard", 403), ("neighbour_worker", 404), ("anonymous", 401)):
        assert cast.client(name).post(f"/forces/partners/{team.pk}/end").status_code == status
    assert worker.post(f"/forces/partners/{team.pk}/end").status_code == 302
    assert worker.get("/forces/partners").context["teams"] == []


@pytest.mark.parametrize(
    ("name", "status"), [("city_commander", 200), ("dispatcher", 200), ("guard", 403), ("auditor", 403), ("anonymous", 302)]
)  # fmt: skip
def test_who_opens_the_page(cast: Cast, name: str, status: int) -> None:
    assert cast.client(name).get("/forces/partners").status_code == status


@pytest.mark.row("SCR-7")
def test_an_activation_gives_each_partner_a_team_where_it_has_none(cast: Cast, volunteers: Unit) -> None:
    form(cast, volunteers, ONE, TWO, THREE, by=cast.city_commander)
    stood = Team.objects.everywhere("a test").filter(unit=volunteers, place__in=[TWO.first, THREE.first])
    stood.update(released_at=cast.at)  # an emergency before is over; they help on
    company = cast.unit("510104:property-company-1")
    mine = sorted(ground_of(company))
    given: dict[str, Any] = {
        "units": [volunteers, company], "per_doors": 50, "stands_down_at": cast.at + timedelta(days=9),
        "by": cast.city_commander, "at": cast.at,
    }  # fmt: skip
    # The team in ONE says nothing of TWO, which is on the ground; THREE is not.
    assert form_teams(**given, grounds=[ONE, TWO]) == 1 + len({ONE, TWO} & set(mine))
    assert teams(volunteers) == [(1, ONE), (2, TWO)]
    # Elsewhere both get what they lack, and keep what they have.
    assert form_teams(**given) == 1 + len(set(mine) - {ONE, TWO})
    assert teams(volunteers) == [(1, ONE), (2, TWO), (3, THREE)]
    assert sorted(ground for _number, ground in teams(company)) == mine
    assert [number for number, _ground in teams(company)] == list(range(1, len(mine) + 1))
    before = held()
    assert (form_teams(**given), held()) == (0, before)


def test_a_partner_that_works_elsewhere_too_is_formed_by_whoever_commands_here(cast: Cast, volunteers: Unit) -> None:
    form(cast, volunteers, ONE, ELSEWHERE, by=cast.city_commander)
    Team.objects.everywhere("a test").filter(unit=volunteers).update(released_at=cast.at)
    given: dict[str, Any] = {
        "units": [volunteers], "per_doors": 50, "stands_down_at": cast.at + timedelta(days=9), "at": cast.at,
        "by": replace(cast.worker, scope=Scope((range_of("510104"),))),
    }  # fmt: skip
    with pytest.raises(NotFound):
        form_teams(**given)
    assert teams(volunteers) == []
    assert form_teams(**given, grounds=[range_of("510104")]) == 1
    assert teams(volunteers) == [(1, ONE)]
