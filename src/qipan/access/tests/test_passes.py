"""Enrolling, issuing and revoking: all or none, inside the ground, in time, once."""

from datetime import timedelta
from time import perf_counter

import pytest
from django.apps import apps

from qipan.access.actions.passes import AlreadyEnrolled, ExpiryOutOfBounds, RoleNotForPasses
from qipan.access.api import (
    Pass,
    WorkerRow,
    actor_of_token,
    enrol_workers,
    forget,
    issue_pass,
    revoke_passes,
    token_for,
)
from qipan.access.input import read_workers
from qipan.access.rules import PassRevoked
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound


def count() -> int:
    """Passes besides the cast's own."""
    return Pass.objects.everywhere("a test counts").count() - 1


def entries(act: str) -> list:
    return list(apps.get_model("journal", "Entry").objects.filter(act=act).order_by("pk"))


@pytest.fixture
def enrol(city):
    """The street dispatcher enrols; what is given replaces what a good list would say."""

    def call(rows, **given):
        facts = {
            "role_code": "screening-worker",
            "unit": city.unit("510104001:street-office"),
            "expires_at": city.at + timedelta(days=20),
            "by": city.dispatcher,
            "at": city.at,
        }
        return enrol_workers(rows, **{**facts, **given})

    before = len(entries("access.enrol_workers"))

    def nothing_written():
        return count() == 0 and len(entries("access.enrol_workers")) == before

    call.nothing_written = nothing_written
    return call


@pytest.mark.row("SCR-3")
def test_each_person_gets_a_pass_on_the_ground_of_the_line(city, enrol):
    enrolled = enrol([WorkerRow("甲"), WorkerRow("乙", "510104001002"), WorkerRow("丙", "510104001001002", 7)])
    assert [(one.issued.label, one.issued.line) for one in enrolled] == [("甲", 1), ("乙", 2), ("丙", 3)]
    actors = [actor_of_token(one.token, at=city.at) for one in enrolled]
    assert [actor.scope for actor in actors] == [
        Scope((range_of("510104001"),)),
        Scope((range_of("510104001002"),)),
        Scope((range_of("510104001001002"),)),
    ]
    assert [actor.unit_id for actor in actors] == [
        city.unit(code).pk for code in ("510104001:street-office", "510104001002:community", "510104001001002:compound")
    ]
    assert [actor.team_id for actor in actors] == [None, None, 7]
    assert {actor.acts for actor in actors} == {frozenset({"visit.submit", "matter.report"})}
    assert len({one.link for one in enrolled}) == 3
    assert enrolled[0].link == f"/p/{enrolled[0].token}"
    assert count() == 3
    entry = entries("access.enrol_workers")[-1]
    assert entry.data["passes"] == 3
    assert "甲" not in str(entry.data)


def test_the_token_can_be_printed_again_from_the_row(city, enrol):
    (one,) = enrol([WorkerRow("甲")])
    stored = Pass.objects.everywhere("a test").select_related("role").get(serial=one.issued.serial)
    assert token_for(stored) == one.token


@pytest.mark.row("SCR-3")
def test_five_thousand_people_in_well_under_a_minute(city, enrol):
    rows = [WorkerRow(f"排查员{n:04d}", f"51010400100{n % 2 + 1}") for n in range(5000)]
    start = perf_counter()
    enrolled = enrol(rows)
    spent = perf_counter() - start
    assert len(enrolled) == 5000 == count()
    assert spent < 20, f"{spent:.1f} s"  # about 0.5 s
    assert actor_of_token(enrolled[-1].token, at=city.at).label == "排查员4999"


def test_teams_are_handed_round_those_who_name_none(enrol):
    enrolled = enrol([WorkerRow("甲"), WorkerRow("乙", team=9), WorkerRow("丙"), WorkerRow("丁")], team_ids=[1, 2])
    assert [one.issued.team for one in enrolled] == [1, 9, 1, 2]


@pytest.mark.row("SCR-3")
def test_bad_lines_are_named_and_nobody_is_enrolled(enrol):
    with pytest.raises(BadInput) as refusal:
        enrol(
            [
                WorkerRow("甲"),
                WorkerRow("  "),
                WorkerRow("乙" * 61),
                WorkerRow("丙", "510105001001"),
                WorkerRow("丁", "not a code"),
                WorkerRow("戊", "510104001009"),
                WorkerRow("甲", line=12),
            ]
        )
    assert [problem.split("：")[0] for problem in refusal.value.problems] == [
        "第 2 行",
        "第 3 行",
        "第 4 行",
        "第 5 行",
        "第 6 行",
        "第 12 行",
    ]
    assert "510105001001" in refusal.value.problems[2]
    assert enrol.nothing_written()


def test_an_empty_list_is_refused(enrol):
    with pytest.raises(BadInput):
        enrol([])
    assert enrol.nothing_written()


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"role_code": "city-command"}, RoleNotForPasses),
        ({"role_code": "community-worker"}, RoleNotForPasses),
        ({"role_code": "nothing"}, RoleNotForPasses),
    ],
)
def test_a_pass_gives_the_roles_meant_for_passes_only(enrol, given, refusal):
    with pytest.raises(refusal):
        enrol([WorkerRow("甲")], **given)
    assert enrol.nothing_written()


@pytest.mark.parametrize("days", [0, -1, 61])
def test_a_pass_ends_after_now_and_within_sixty_days(city, enrol, days):
    with pytest.raises(ExpiryOutOfBounds):
        enrol([WorkerRow("甲")], expires_at=city.at + timedelta(days=days))
    assert enrol.nothing_written()


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("guard", NotAllowed),
        ("screener", NotAllowed),
        ("stranger", NotAllowed),
        ("neighbour_dispatcher", NotFound),
        ("neighbour_head", NotFound),
        ("worker", NotFound),
    ],
)
def test_only_who_may_and_only_on_the_own_ground(city, enrol, name, refusal):
    with pytest.raises(refusal):
        enrol([WorkerRow("甲")], by=getattr(city, name))
    assert enrol.nothing_written()


def test_the_same_list_twice_is_one_list(enrol):
    first = enrol([WorkerRow("甲"), WorkerRow("乙")])
    with pytest.raises(AlreadyEnrolled) as refusal:
        enrol([WorkerRow("甲"), WorkerRow("乙")])
    assert refusal.value.data == {"batch": first[0].issued.batch}
    assert count() == 2
    assert enrol([WorkerRow("甲"), WorkerRow("丙")])
    assert count() == 4


def test_a_list_that_was_sent_twice_at_the_same_moment_is_one_list(enrol, monkeypatch):
    """The other request wrote after this one looked: the database settles it."""
    first = enrol([WorkerRow("甲"), WorkerRow("乙")])
    monkeypatch.setattr("qipan.access.models.PassQuerySet.exists", lambda self: False)
    with pytest.raises(AlreadyEnrolled) as refusal:
        enrol([WorkerRow("甲"), WorkerRow("乙")])
    assert refusal.value.data == {"batch": first[0].issued.batch}
    monkeypatch.undo()
    assert count() == 2
    assert len(entries("access.enrol_workers")) == 2  # the cast's and this one


def test_a_property_company_needs_an_area_for_each_person(city, enrol):
    company = city.unit("510104:property-company-1")
    seeder = Actor.system("seed", acts=["pass.issue"], ranges=[range_of("5101")])
    with pytest.raises(BadInput):
        enrol([WorkerRow("甲")], unit=company, by=seeder)
    assert enrol.nothing_written()


def test_one_pass_is_a_list_of_one(city):
    one = issue_pass(
        label="门岗01",
        role_code="screening-worker",
        unit=city.unit("510104001001:community"),
        code="510104001001001",
        team=4,
        expires_at=city.at + timedelta(days=1),
        by=city.worker,
        at=city.at,
    )
    actor = actor_of_token(one.token, at=city.at)
    assert (actor.label, actor.team_id, actor.scope) == ("门岗01", 4, Scope((range_of("510104001001001"),)))


def test_revoking_a_team_takes_its_passes_on_the_own_ground_only(city, enrol):
    mine = enrol([WorkerRow("甲", team=5), WorkerRow("乙", team=6)])
    theirs = enrol([WorkerRow("丙", team=5)], unit=city.unit("510104002:street-office"), by=city.neighbour_dispatcher)
    assert revoke_passes(team_ids=[5], by=city.dispatcher, at=city.at) == 1
    assert revoke_passes(team_ids=[5], by=city.dispatcher, at=city.at) == 0  # a resend is harmless
    forget()
    with pytest.raises(PassRevoked):
        actor_of_token(mine[0].token, at=city.at)
    assert actor_of_token(mine[1].token, at=city.at)
    assert actor_of_token(theirs[0].token, at=city.at)
    assert [entry.data for entry in entries("access.revoke_passes")] == [{"passes": 1}]


def test_a_release_may_revoke(city, enrol):
    enrol([WorkerRow("甲", team=5)])
    job = Actor.system("release", acts=["release.run"], ranges=[range_of("510104")])
    assert revoke_passes(team_ids=[5], by=job, at=city.at) == 1


def test_revoking_needs_the_act_and_says_which(city):
    everyone = Pass.objects.everywhere("a test")
    with pytest.raises(NotAllowed):
        revoke_passes(everyone, by=city.guard, at=city.at)
    with pytest.raises(TypeError):
        revoke_passes(by=city.dispatcher, at=city.at)
    assert everyone.filter(revoked_at__isnull=False).count() == 0
    assert entries("access.revoke_passes") == []


def test_revoked_passes_outside_the_ground_stay(city):
    everyone = Pass.objects.everywhere("a test")
    assert revoke_passes(everyone, by=city.neighbour_head, at=city.at) == 0
    assert everyone.filter(revoked_at__isnull=False).count() == 0


GOOD = "label,area,team\n甲,510104001001,3\n\n乙,,\n"


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.encode("gb18030"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("label,area,team", "称呼,区划代码,班组").encode(),
        GOOD.replace("label,area,team", " Label , AREA , Team ").encode(),
    ],
    ids=["utf-8", "with a mark", "gb18030", "windows", "Chinese header", "loose header"],
)
def test_a_list_is_read_as_spreadsheets_write_it(raw):
    assert read_workers(raw) == [WorkerRow("甲", "510104001001", 3, 2), WorkerRow("乙", "", None, 4)]


def test_a_list_of_names_alone_is_enough():
    assert read_workers("姓名\n甲\n".encode()) == [WorkerRow("甲", "", None, 2)]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"", "第 1 行"),
        (b"area,team\n510104001001,3\n", "第 1 行"),
        (b"\xff\xfe\xff", ""),
        (b"label\n" + b"a\n" * 20_001, ""),
        (b"x" * 5_000_001, ""),
    ],
    ids=["empty", "no names", "no text", "too long", "too large"],
)
def test_what_cannot_be_read_is_refused_with_its_line(raw, line):
    with pytest.raises(BadInput) as refusal:
        read_workers(raw)
    assert refusal.value.problems[0].startswith(line)


@pytest.mark.parametrize("team", ["one", "-2", "²", "1.5", "9" * 18])
def test_a_team_is_a_number(enrol, team):
    with pytest.raises(BadInput) as refusal:
        enrol(read_workers(f"label,team\n甲,1\n乙,{team}\n,3\n".encode()))
    assert refusal.value.problems == ["第 3 行：班组不是数字", "第 4 行：称呼为空"]  # all at once
    assert enrol.nothing_written()
