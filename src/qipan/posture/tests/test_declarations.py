from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils.timezone import localdate
from django.utils.translation import override

from qipan.access.testing import Cast
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.laws.api import Article, ArticleNotForUse, cited_by, repeal_article
from qipan.posture import rules
from qipan.posture.actions import contents, declarations, refusals
from qipan.posture.actions.signing import NotYourOrgan
from qipan.posture.api import (
    Declaration,
    DeclaredGround,
    change_level,
    declare,
    end_declaration,
    extend_declaration,
    get_declaration,
    posture_over,
    take_posture,
)
from qipan.posture.jobs import end_what_nobody_extended
from qipan.posture.models import DeclarationStep
from qipan.warnings.api import issue_warning

from .conftest import Entry, response

CITY, HERE, NEXT = range_of("5101"), range_of("510104"), range_of("510105")


@pytest.mark.row("EMG-5")
def test_a_complete_declaration_is_kept_with_its_ground_and_its_record(cast: Cast) -> None:
    declaration = declare(**response(cast, ground_codes=["510104", "510105", "510104"]))
    kept = Declaration.objects.get()
    assert (kept.level, kept.measures, kept.decided_at) == (1, ["入户排查", "小区出入值守"], cast.at)
    assert kept.expected_until == cast.at + timedelta(days=30)
    assert list(kept.grounds.values_list("code", "first", "last")) == [("510104", *HERE), ("510105", *NEXT)]
    entry = Entry.objects.get(act="posture.declare")
    assert (entry.data["level"], entry.data["grounds"], entry.drill) == (1, ["510104", "510105"], False)
    assert [(step.kind, step.level) for step in declaration.steps.all()] == [("DECLARED", 1)]
    assert posture_over([CITY], at=cast.at) is None  # a declaration starts nothing else


@pytest.mark.row("EMG-5")
@pytest.mark.parametrize(
    ("name", "empty", "refusal", "code"),
    [
        ("number", "", contents.NumberMissing, "number_missing"),
        ("matter", " ", contents.MatterMissing, "matter_missing"),
        ("hazard", "", contents.HazardMissing, "hazard_missing"),
        ("level", None, contents.LevelMissing, "level_missing"),
        ("basis", "", contents.BasisMissing, "basis_missing"),
        ("issuer", None, contents.IssuerMissing, "issuer_missing"),
        ("ground_codes", [], contents.GroundMissing, "ground_missing"),
        ("starts_at", None, contents.StartMissing, "start_missing"),
        ("expected_until", None, contents.DurationMissing, "duration_missing"),
        ("measures", ["", " "], contents.MeasuresMissing, "measures_missing"),
    ],
)
def test_each_missing_part_has_its_own_refusal_and_nothing_is_written(
    cast: Cast, name: str, empty: Any, refusal: type[Refusal], code: str
) -> None:
    before = Entry.objects.count()
    with pytest.raises(refusal) as refused:
        declare(**response(cast, **{name: empty}))
    assert (refused.value.code, refused.value.status, refused.value.data["field"]) == (code, 400, name)
    if name != "number":
        assert "72" in str(refused.value) or "七十二" in str(refused.value)
    assert (Declaration.objects.count(), DeclaredGround.objects.count()) == (0, 0)
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"level": 5}, declarations.LevelUnknown),
        ({"level": 0}, declarations.LevelUnknown),
        ({"days": 0}, declarations.EndsBeforeStart),
        ({"start_days": -9, "days": -1}, declarations.AlreadyPast),
        ({"hazard": "epidemics"}, declarations.HazardUnknown),  # no hazard of the list: nothing would be weighed by it
        ({"by": "dispatcher"}, NotAllowed),
        ({"by": "auditor"}, NotAllowed),
        ({"by": "district_head"}, NotYourOrgan),
        ({"ground_codes": ["5101", "999999"]}, NotFound),
    ],
)
def test_what_is_refused_leaves_nothing(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    changes = dict(changes)
    if "days" in changes:
        changes["expected_until"] = cast.at + timedelta(days=changes.pop("days"))
    if "start_days" in changes:
        changes["starts_at"] = cast.at + timedelta(days=changes.pop("start_days"))
    if "by" in changes:
        changes["by"] = getattr(cast, changes["by"])
    with pytest.raises(refusal):
        declare(**response(cast, **changes))
    assert Declaration.objects.count() == 0


@pytest.mark.row("EMG-5")
@pytest.mark.parametrize("drill", [False, True])
@pytest.mark.parametrize("since", [timedelta(seconds=1), timedelta(hours=6), timedelta(days=400)])
def test_a_response_is_not_dated_back(cast: Cast, since: timedelta, drill: bool) -> None:
    """Only by the minutes that filling in its page takes, like a measure: also one that was signed on paper in the morning."""
    before, start = Entry.objects.count(), cast.at - rules.FILLING_IN
    said = response(cast, drill=drill, article="erl-2024-72")
    with pytest.raises(refusals.DeclarationDatedBack) as refused:
        declare(**said | {"starts_at": start - since})
    assert (refused.value.code, refused.value.status, refused.value.data["field"]) == (
        "declaration_dated_back", 400, "starts_at"
    )  # fmt: skip
    with override("en"):
        assert "not dated back" in str(refused.value)
    with override("zh-hans"):
        assert "不得倒签" in str(refused.value)
    cited = apps.get_model("laws", "Citation").objects.everywhere("a test")
    written = (Declaration.objects, DeclarationStep.objects, DeclaredGround.objects, cited)
    assert ([rows.count() for rows in written], Entry.objects.count()) == ([0, 0, 0, 0], before)
    assert declare(**said | {"starts_at": start}).starts_at == start


@pytest.mark.parametrize(
    "unit",
    [
        "510104001001:community",
        "510104001001001:compound",
        "510104:property-company-1",
        "5101:lead-body",
        "5101:health",
        "510104001:street-office",
    ],
)
def test_who_only_executes_or_ranks_too_low_never_declares(cast: Cast, unit: str) -> None:
    issuer = cast.unit(unit)
    by = replace(cast.city_commander, unit_id=issuer.pk)  # even a post that had the right
    with pytest.raises(declarations.IssuerNotCompetent):
        declare(**response(cast, issuer=issuer, level=4, by=by))
    assert Declaration.objects.count() == 0


def test_a_district_declares_level_iv_on_its_own_ground_only(
    cast: Cast, by_district: Callable[..., Declaration]
) -> None:
    for level in (1, 2, 3):
        with pytest.raises(declarations.IssuerNotCompetent):
            by_district(level=level)
    with pytest.raises(NotFound):
        by_district(ground_codes=["510105"])
    wide = replace(cast.district_head, scope=cast.city_commander.scope)
    with pytest.raises(declarations.OutsideIssuersGround):
        by_district(ground_codes=["510105"], by=wide)
    assert Declaration.objects.count() == 0
    assert by_district().level == 4


def test_an_article_that_needs_a_higher_organ_carries_no_declaration_of_a_lower_one(
    cast: Cast, by_district: Callable[..., Declaration]
) -> None:
    Article.objects.filter(code="erl-2024-72").update(minimum_rank=3)
    with pytest.raises(declarations.IssuerNotCompetent):
        by_district(article="erl-2024-72")
    assert Declaration.objects.count() == 0
    assert declare(**response(cast, article="erl-2024-72")).level == 1


def test_a_number_names_one_declaration(cast: Cast, declared: Declaration) -> None:
    with pytest.raises(declarations.DeclarationNumberTaken, match=declared.number):
        declare(**response(cast))
    assert Declaration.objects.count() == 1


def test_raising_the_level_moves_the_postures_and_keeps_the_past(
    cast: Cast, by_district: Callable[..., Declaration], monkeypatch: pytest.MonkeyPatch
) -> None:
    declaration = declare(**response(cast, level=3))
    take_posture(declaration, grounds=[HERE], by=cast.city_commander, at=cast.at)
    later = cast.at + timedelta(hours=2)
    raised = change_level(declaration, level=1, reason="三地出现病例", by=cast.city_commander, at=later)
    assert Declaration.objects.get().level == raised.level == 1
    for moment, level in ((later - timedelta(seconds=1), 3), (later, 1)):
        view = posture_over([HERE], at=moment)
        assert view is not None
        assert view.level == level
    assert list(declaration.steps.order_by("pk").values_list("kind", "level", "reason")) == [
        ("DECLARED", 3, ""),
        ("LEVEL", 1, "三地出现病例"),
    ]
    assert Entry.objects.get(act="posture.change_level").data == {
        "old": 3,
        "new": 1,
        "reason": "三地出现病例",
        "postures": 1,
    }


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"level": 1}, declarations.LevelUnchanged),
        ({"level": 9}, declarations.LevelUnknown),
        ({"level": None}, contents.LevelMissing),
        ({"reason": " "}, declarations.ReasonMissing),
        ({"by": "district_head"}, NotFound),
        ({"by": "worker"}, NotAllowed),
        ({"days": 30}, declarations.DeclarationLapsed),
    ],
)
def test_a_level_is_not_changed_without_reason_right_and_time(
    cast: Cast, declared: Declaration, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    terms: dict[str, Any] = {"level": 2, "reason": "r", "by": cast.city_commander, "at": cast.at, **changes}
    if "days" in terms:
        terms["at"] = cast.at + timedelta(days=terms.pop("days"))
    if isinstance(terms["by"], str):
        terms["by"] = getattr(cast, terms["by"])
    with pytest.raises(refusal):
        change_level(declared, **terms)
    assert Declaration.objects.get().level == 1
    assert declared.steps.count() == 1


def test_a_district_cannot_raise_beyond_its_rank(cast: Cast, by_district: Callable[..., Declaration]) -> None:
    low = by_district()
    with pytest.raises(declarations.IssuerNotCompetent):
        change_level(low, level=3, reason="r", by=cast.district_head, at=cast.at)
    assert Declaration.objects.get().level == 4


def test_an_extension_is_recorded_and_carries_the_postures(cast: Cast, declared: Declaration) -> None:
    take_posture(declared, grounds=[CITY], by=cast.city_commander, at=cast.at)
    end = declared.expected_until
    assert posture_over([CITY], at=end) is None
    extended = extend_declaration(
        declared, expected_until=end + timedelta(days=5), reason="仍有风险", by=cast.city_commander, at=cast.at
    )
    assert Declaration.objects.get().expected_until == extended.expected_until == end + timedelta(days=5)
    view = posture_over([CITY], at=end)
    assert view is not None
    assert (view.until, view.day) == (end + timedelta(days=5), 31)
    assert declared.steps.get(kind="EXTENDED").expected_until == end + timedelta(days=5)
    assert Entry.objects.filter(act="posture.extend_declaration").count() == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"until": None}, contents.DurationMissing),
        ({"until": 30}, declarations.NotAnExtension),
        ({"reason": ""}, declarations.ReasonMissing),
        ({"at": 30}, declarations.DeclarationLapsed),
        ({"by": "auditor"}, NotAllowed),
    ],
)
def test_what_is_no_extension(
    cast: Cast, declared: Declaration, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    terms: dict[str, Any] = {"until": 40, "reason": "r", "by": "city_commander", "at": 0, **changes}
    until = None if terms["until"] is None else cast.at + timedelta(days=terms["until"])
    with pytest.raises(refusal):
        extend_declaration(
            declared,
            expected_until=until,
            reason=terms["reason"],
            by=getattr(cast, terms["by"]),
            at=cast.at + timedelta(days=terms["at"]),
        )
    assert Declaration.objects.get().expected_until == cast.at + timedelta(days=30)


def test_ending_needs_a_reason_happens_once_and_starts_nothing_else(cast: Cast, declared: Declaration) -> None:
    take_posture(declared, grounds=[CITY], by=cast.city_commander, at=cast.at)
    later = cast.at + timedelta(days=11)
    with pytest.raises(declarations.ReasonMissing):
        end_declaration(declared, reason="", by=cast.city_commander, at=later)
    assert Declaration.objects.get().ended_at is None
    end_declaration(declared, reason="威胁已消除", by=cast.city_commander, at=later)
    kept = Declaration.objects.get()
    assert (kept.ended_at, kept.end_reason) == (later, "威胁已消除")
    assert posture_over([CITY], at=later) is not None  # the release ends it, in order
    with pytest.raises(declarations.AlreadyEnded):
        end_declaration(declared, reason="again", by=cast.city_commander, at=later)
    with pytest.raises(declarations.AlreadyEnded):
        change_level(declared, level=2, reason="r", by=cast.city_commander, at=later)
    assert Entry.objects.filter(act="posture.end_declaration").count() == 1


@pytest.mark.row("EMG-5")
def test_the_minutes_job_ends_what_nobody_extended(cast: Cast, declared: Declaration) -> None:
    Declaration.objects.update(starts_at=cast.at - timedelta(days=9), expected_until=cast.at - timedelta(days=1))
    end_what_nobody_extended.call_local()  # by the real clock, which is past that end
    kept = Declaration.objects.get()
    assert (kept.ended_at, kept.end_reason) == (cast.at - timedelta(days=1), "")
    assert [step.kind for step in kept.steps.order_by("pk")] == ["DECLARED", "LAPSED"]
    with pytest.raises(declarations.AlreadyEnded):
        extend_declaration(
            declared,
            expected_until=cast.at + timedelta(days=1),
            reason="late",
            by=cast.city_commander,
            at=cast.at,
        )


def test_a_declaration_is_seen_on_its_ground_only(cast: Cast, by_district: Callable[..., Declaration]) -> None:
    low = by_district()
    for name in ("city_commander", "district_head", "worker"):
        assert get_declaration(low.pk, actor=getattr(cast, name)) == low
    for name in ("neighbour_head", "stranger"):
        with pytest.raises(NotFound):
            get_declaration(low.pk, actor=getattr(cast, name))


@pytest.mark.row("LAW-1", "EMG-5")
def test_a_declaration_rests_on_an_article_until_it_ends(cast: Cast) -> None:
    declaration = declare(**response(cast, article="erl-2024-72", basis=""))
    assert "72" in declaration.basis
    assert [one.code for one in cited_by("posture.Declaration", [declaration.pk])[declaration.pk]] == ["erl-2024-72"]
    with pytest.raises(ArticleNotForUse):
        declare(**response(cast, number="other", article="pipl-2021-34"))
    assert Declaration.objects.count() == 1
    repeal_article("erl-2024-72", since=localdate(cast.at), reason="新法", by=cast.lead, at=cast.at)
    page = cast.client("worker").get(f"/declarations/{declaration.pk}").content.decode()
    assert "依据已废止" in page and "/laws/articles/erl-2024-72" in page
    end_declaration(declaration, reason="over", by=cast.city_commander, at=cast.at + timedelta(hours=1))
    assert cited_by("posture.Declaration", [declaration.pk]) == {}


@pytest.mark.row("EMG-5")
def test_a_declaration_may_name_the_warning_it_follows_and_the_pages_show_it(cast: Cast) -> None:
    by = cast.city_commander
    warned = {"kind": "rainstorm", "colour": 2, "issuer": cast.unit("5101:city-command"), "basis": "法", "by": by}
    times = {"starts_at": cast.at, "expires_at": cast.at + timedelta(hours=7), "at": cast.at}
    words = {"headline": "暴雨橙色预警", "description": "d", "instruction": "i"}
    warning = issue_warning(**warned, **times, **words, ground_codes=["510104001"])
    drill = issue_warning(**warned, **times, **words, ground_codes=["510104001"], drill=True)
    elsewhere = issue_warning(**warned, **times, **words, ground_codes=["510105"])
    page = cast.client("city_commander").get("/declarations").content.decode()
    assert "预警期：生效中或即将生效的预警" in page and "启动应急预案" in page
    form = cast.client("city_commander").get("/declarations/new").content.decode()
    assert f'<option value="{warning.identifier}">橙色预警 · 暴雨 · 暴雨橙色预警</option>' in form
    for other in ("qipan-nothing", drill.identifier, elsewhere.identifier):
        with pytest.raises(NotFound):
            declare(**response(cast, ground_codes=["510104"], follows=other))
    assert Declaration.objects.count() == 0
    declaration = declare(**response(cast, ground_codes=["510104"], follows=warning.identifier))
    assert Declaration.objects.get().follows_id == warning.pk
    assert Entry.objects.get(act="posture.declare").data["follows"] == warning.identifier
    shown = cast.client("city_commander").get(f"/declarations/{declaration.pk}").content.decode()
    assert f'href="/warnings/one/{warning.identifier}">橙色预警 · 暴雨 · 暴雨橙色预警</a>' in shown
    # The page of the whole event leads to it too.
    event = cast.client("city_commander").get(f"/events/{declaration.pk}").content.decode()
    assert "承接预警" in event and f'href="/warnings/one/{warning.identifier}">橙色预警 · 暴雨橙色预警</a>' in event
