from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils.translation import override

from qipan.access.api import Pass, issue_pass
from qipan.access.testing import Cast
from qipan.deployment import actions
from qipan.deployment.api import Team, forces, form_teams, release_teams, standing_teams
from qipan.duties.api import units_on
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal

from .conftest import Entry

CITY, HERE, COMMUNITY = range_of("5101"), range_of("510104"), range_of("510104001001")


def terms(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {
        "units": units_on([HERE], ["community"]),
        "per_doors": 20,
        "stands_down_at": cast.at + timedelta(days=11),
        "source": "activation:1",
        "by": cast.district_head,
        "at": cast.at,
        "drill": False,
        **changes,
    }


def grounds(code: str) -> list[Range]:
    teams = Team.objects.everywhere("a test").filter(unit__code=f"{code}:community")
    return [Range(*pair) for pair in teams.order_by("number").values_list("first", "last")]


@pytest.mark.row("SCR-3")
def test_whole_compounds_go_together_up_to_the_doors_of_a_team(cast: Cast) -> None:
    assert form_teams(**terms(cast)) == 4
    assert grounds("510104001001") == [COMMUNITY]
    entry = Entry.objects.get(act="deployment.form_teams")
    assert entry.data == {"teams": 4, "units": 4, "per_doors": 20}
    assert Team.objects.within(cast.neighbour_head.scope).count() == 0


@pytest.mark.row("SCR-3")
def test_each_compound_has_its_team_when_two_are_too_many(cast: Cast) -> None:
    assert form_teams(**terms(cast, per_doors=19)) == 8
    first, second = range_of("510104001001001"), range_of("510104001001002")
    assert grounds("510104001001") == [
        Range(COMMUNITY.first, first.last),
        Range(second.first, COMMUNITY.last),
    ]


@pytest.mark.row("SCR-3")
def test_a_large_compound_is_split_in_equal_parts_at_its_doors(cast: Cast) -> None:
    assert form_teams(**terms(cast, per_doors=4)) == 4 * 2 * 3
    compound = range_of("510104001001001").first
    starts = [ground.first for ground in grounds("510104001001")]
    assert starts[:3] == [COMMUNITY.first, compound + 5, compound + 9]  # 4, 4 and 2 of doors 1 to 10
    doors = apps.get_model("territory", "Door").objects.filter(place__range=COMMUNITY)
    held = [doors.filter(place__range=ground).count() for ground in grounds("510104001001")]
    assert held == [4, 4, 2, 4, 4, 2]


def test_forming_twice_adds_only_what_is_missing(cast: Cast) -> None:
    one = [cast.unit("510104001001:community")]
    assert form_teams(**terms(cast, units=one)) == 1
    assert form_teams(**terms(cast)) == 3
    assert form_teams(**terms(cast)) == 0
    assert form_teams(**terms(cast, drill=True)) == 4  # a drill has teams of its own
    assert Entry.objects.filter(act="deployment.form_teams").count() == 3


def test_a_community_without_doors_has_no_team(cast: Cast) -> None:
    apps.get_model("territory", "Compound").objects.filter(place__range=COMMUNITY).update(doors=0)
    assert form_teams(**terms(cast)) == 3
    assert grounds("510104001001") == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"by": "department"}, NotAllowed),
        ({"by": "neighbour_head"}, NotFound),
        ({"by": "worker"}, NotFound),
        ({"per_doors": 0}, actions.TeamSizeUnknown),
        ({"hours": 0}, actions.StandDownMissing),
    ],
)
def test_no_team_is_formed(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    changes = dict(changes)
    if "by" in changes:
        changes["by"] = getattr(cast, changes["by"])
    if "hours" in changes:
        changes["stands_down_at"] = cast.at + timedelta(hours=changes.pop("hours"))
    with pytest.raises(refusal):
        form_teams(**terms(cast, **changes))
    assert Team.objects.everywhere("a test").count() == 0
    assert not Entry.objects.filter(act="deployment.form_teams").exists()


def test_names_follow_the_language_of_the_reader(cast: Cast) -> None:
    form_teams(**terms(cast))
    team = Team.objects.everywhere("a test").select_related("unit").get(unit__code="510104001001:community")
    with override("zh-hans"):
        assert team.name == "锦江一街一社区第1组"
    with override("en"):
        assert team.name == "Jinjiang First First Community, team 1"


@pytest.mark.row("SCR-3")
def test_released_teams_lose_their_passes(cast: Cast) -> None:
    form_teams(**terms(cast))
    team = Team.objects.everywhere("a test").select_related("unit").get(unit__code="510104001001:community")
    issued = issue_pass(
        label="一组01",
        role_code="screening-worker",
        unit=team.unit,
        team=team.pk,
        expires_at=cast.at + timedelta(days=5),
        by=cast.worker,
        at=cast.at,
    )
    later = cast.at + timedelta(hours=1)
    assert release_teams(source="activation:1", by=cast.district_head, at=later) == 4
    assert Pass.objects.everywhere("a test").get(pk=issued.issued.pk).revoked_at == later
    assert Pass.objects.everywhere("a test").get(pk=cast.screener_pass.issued.pk).revoked_at is None
    assert release_teams(source="activation:1", by=cast.district_head, at=later) == 0
    assert Entry.objects.get(act="deployment.release_teams").data == {"teams": 4, "passes": 1}
    assert standing_teams([HERE], at=later).count() == 0
    assert standing_teams([HERE], at=later - timedelta(seconds=1)).count() == 4


def test_teams_are_released_on_ones_own_ground_and_with_the_right_only(cast: Cast) -> None:
    form_teams(**terms(cast))
    ids = list(Team.objects.everywhere("a test").values_list("pk", flat=True))
    with pytest.raises(NotAllowed):
        release_teams(ids, by=cast.department, at=cast.at)
    assert release_teams(ids, by=cast.neighbour_head, at=cast.at) == 0
    assert release_teams(ids, by=cast.dispatcher, at=cast.at) == 2
    assert Team.objects.everywhere("a test").filter(released_at=None).count() == 2
    with pytest.raises(TypeError):
        release_teams(by=cast.dispatcher, at=cast.at)


def test_teams_stand_down_by_themselves(cast: Cast) -> None:
    form_teams(**terms(cast))
    end = cast.at + timedelta(days=11)
    assert forces([CITY], at=end - timedelta(seconds=1)).teams == 4
    assert forces([CITY], at=end).teams == 0
