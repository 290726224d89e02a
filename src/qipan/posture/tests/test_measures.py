import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qipan.access.testing import Cast
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed, NotFound, Refusal
from qipan.posture import rules
from qipan.posture.actions import contents, refusals
from qipan.posture.actions.postures import DeclarationNotRunning, OutsideDeclaredGround
from qipan.posture.actions.signing import NotYourOrgan
from qipan.posture.api import (
    Declaration,
    Measure,
    declare,
    end_declaration,
    extend_measure,
    impose_measure,
    lift_measure,
    measures_in_force,
    measures_to_review,
)
from qipan.posture.models import OpenEnd
from qipan.posture.rules import in_force

from .conftest import Entry, response, restriction

COMMUNITY, OTHER = range_of("510104001001"), range_of("510104001002")


@pytest.mark.parametrize(
    ("name", "empty", "code"),
    [
        ("kind", "", "measure_kind_missing"),
        ("title", "", "measure_title_missing"),
        ("article", " ", "measure_basis_missing"),
        ("issuer", None, "measure_issuer_missing"),
        ("grounds", [], "measure_ground_missing"),
        ("starts_at", None, "measure_start_missing"),
        ("expires_at", None, "measure_expiry_missing"),
        ("review_at", None, "measure_review_missing"),
    ],
)
def test_each_missing_part_of_a_measure_has_its_own_refusal(cast: Cast, name: str, empty: Any, code: str) -> None:
    with pytest.raises(contents.ContentMissing) as refused:
        impose_measure(**restriction(cast, **{name: empty}))
    assert (refused.value.code, refused.value.data["field"]) == (code, name)
    assert type(refused.value) is contents.MEASURE[name]
    assert any(text in str(refused.value) for text in ("art. 72", "art. 10", "第七十二条", "第十条"))
    assert Measure.objects.count() == 0
    assert not Entry.objects.filter(act="posture.impose_measure").exists()


@pytest.fixture
def no_way_to_complain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A city's list of measures in which checks at gates have no category of matters to complain in."""
    shutil.copytree(rules.DATA, tmp_path, dirs_exist_ok=True)
    category = rules.kinds()["gate-check"].complaint_category
    lines = (tmp_path / "measures.csv").read_text("utf-8").splitlines()
    without = [line.replace(f",{category},", ",,") if line.startswith("gate-check,") else line for line in lines]
    (tmp_path / "measures.csv").write_text("\n".join(without), "utf-8")
    monkeypatch.setattr(rules, "DATA", tmp_path)
    rules.kinds.cache_clear()
    yield
    monkeypatch.undo()
    rules.kinds.cache_clear()


def test_no_measure_without_a_way_to_complain(cast: Cast, no_way_to_complain: None) -> None:
    """Red line 2 (art. 9): it is refused whoever imposes it, and nothing is written."""
    before = Entry.objects.count()
    with pytest.raises(refusals.ComplaintRouteMissing) as refused:
        impose_measure(**restriction(cast))
    assert (refused.value.code, refused.value.data["field"]) == ("complaint_route_missing", "kind")
    assert "第九条" in str(refused.value) or "art. 9" in str(refused.value)
    assert (Measure.objects.count(), OpenEnd.objects.count(), Entry.objects.count()) == (0, 0, before)


@pytest.mark.parametrize(
    "unit",
    ["510104001001:community", "510104001001001:compound", "510104:property-company-1", "510104001:street-office"],
)
def test_who_executes_never_imposes(cast: Cast, unit: str) -> None:
    issuer = cast.unit(unit)
    by = replace(cast.city_commander, unit_id=issuer.pk)
    with pytest.raises(refusals.MeasureIssuerNotCompetent):
        impose_measure(**restriction(cast, issuer=issuer, by=by))
    assert Measure.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"by": "worker"}, NotAllowed),
        ({"by": "guard"}, NotAllowed),
        ({"by": "district_head"}, NotYourOrgan),
        ({"expires": 0}, refusals.MeasureTimesDisordered),
        ({"review": 8}, refusals.MeasureTimesDisordered),
        ({"review": -1}, refusals.MeasureTimesDisordered),
        ({"grounds": [range_of("5102")]}, NotFound),
    ],
)
def test_a_measure_is_not_imposed(cast: Cast, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    changes = dict(changes)
    for short, name in (("expires", "expires_at"), ("review", "review_at")):
        if short in changes:
            changes[name] = cast.at + timedelta(days=changes.pop(short))
    if "by" in changes:
        changes["by"] = getattr(cast, changes["by"])
    with pytest.raises(refusal):
        impose_measure(**restriction(cast, **changes))
    assert Measure.objects.count() == 0


@pytest.mark.parametrize("since", [timedelta(seconds=1), timedelta(days=1), timedelta(days=400)])
def test_a_measure_is_not_dated_back(cast: Cast, since: timedelta) -> None:
    """Only by the minutes that filling in its page takes; else it would bind people before anybody could know of it."""
    before, start = Entry.objects.count(), cast.at - timedelta(minutes=15)
    with pytest.raises(refusals.MeasureDatedBack) as refused:
        impose_measure(**restriction(cast, starts_at=start - since))
    assert (refused.value.code, refused.value.status, refused.value.data["field"]) == (
        "measure_dated_back", 400, "starts_at"
    )  # fmt: skip
    with override("en"):
        assert "not dated back" in str(refused.value)
    with override("zh-hans"):
        assert "不得倒签" in str(refused.value)
    assert (Measure.objects.count(), OpenEnd.objects.count(), Entry.objects.count()) == (0, 0, before)
    assert impose_measure(**restriction(cast, starts_at=start))[0].starts_at == start


def test_a_district_imposes_on_its_own_ground_only(cast: Cast) -> None:
    wide = replace(cast.district_head, scope=cast.city_commander.scope)
    issuer = cast.unit("510104:district-command")
    with pytest.raises(refusals.MeasureOutsideIssuersGround):
        impose_measure(**restriction(cast, issuer=issuer, by=wide, grounds=[range_of("510105")]))
    assert impose_measure(**restriction(cast, issuer=issuer, by=cast.district_head))[0].issuer == issuer


def test_under_a_declaration_a_measure_keeps_to_its_ground_and_its_time(cast: Cast) -> None:
    declaration = declare(**response(cast, ground_codes=["510104"]))
    with pytest.raises(OutsideDeclaredGround):
        impose_measure(**restriction(cast, declaration=declaration, grounds=[range_of("5101")]))
    with pytest.raises(refusals.OutlivesDeclaration):
        late = declaration.expected_until + timedelta(seconds=1)
        impose_measure(**restriction(cast, declaration=declaration, expires_at=late))
    assert Measure.objects.count() == 0
    (kept,) = impose_measure(**restriction(cast, declaration=declaration))
    ended = end_declaration(declaration, reason="r", by=cast.city_commander, at=cast.at + timedelta(hours=1))
    after = cast.at + timedelta(hours=2)
    with pytest.raises(DeclarationNotRunning):
        impose_measure(**restriction(cast, declaration=ended, starts_at=after, at=after))
    # The end of the declaration lifts nothing by itself: the release lists it with its owner.
    assert list(measures_in_force([COMMUNITY], at=cast.at + timedelta(hours=2))) == [kept]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offset=st.integers(-2, 9), seconds=st.sampled_from([-1, 0, 1]), lifted=st.none() | st.integers(1, 8))
def test_the_database_says_the_same_as_the_rule(
    imposed: Measure, cast: Cast, offset: int, seconds: int, lifted: int | None
) -> None:
    at = cast.at + timedelta(days=offset, seconds=seconds)
    lifted_at = None if lifted is None else cast.at + timedelta(days=lifted)
    Measure.objects.update(lifted_at=lifted_at)
    found = measures_in_force([COMMUNITY], at=at).exists()
    assert found is in_force(imposed.starts_at, imposed.expires_at, lifted_at, at=at)


def test_a_measure_holds_on_its_ground_and_expires_by_itself(cast: Cast, imposed: Measure) -> None:
    assert list(measures_in_force([range_of("5101")], at=cast.at)) == [imposed]
    assert list(measures_in_force([range_of("510104001001002")], at=cast.at)) == [imposed]
    assert list(measures_in_force([OTHER], at=cast.at)) == []
    assert list(measures_in_force([], at=cast.at)) == []
    assert list(measures_in_force([COMMUNITY], at=imposed.expires_at - timedelta(seconds=1))) == [imposed]
    assert list(measures_in_force([COMMUNITY], at=imposed.expires_at)) == []


def test_what_is_due_for_review(cast: Cast, imposed: Measure) -> None:
    assert list(measures_to_review([COMMUNITY], at=imposed.review_at - timedelta(seconds=1))) == []
    assert list(measures_to_review([COMMUNITY], at=imposed.review_at)) == [imposed]
    assert list(measures_to_review([COMMUNITY], at=imposed.expires_at)) == []


def test_an_extension_is_a_row_of_its_own_that_follows(cast: Cast, imposed: Measure) -> None:
    end = imposed.expires_at
    terms: dict[str, Any] = {"article": "erl-2024-72", "by": cast.city_commander, "at": cast.at}
    later = {"expires_at": end + timedelta(days=7), "review_at": end + timedelta(days=3)}
    extension = extend_measure(imposed, **later, **terms)
    assert Measure.objects.get(pk=imposed.pk).expires_at == end
    assert (extension.extends, extension.starts_at, extension.basis) == (
        imposed,
        end,
        "《突发事件应对法（2024年修订）》第72条",
    )
    assert list(measures_in_force([COMMUNITY], at=end - timedelta(seconds=1))) == [imposed]
    assert list(measures_in_force([COMMUNITY], at=end)) == [extension]
    with pytest.raises(refusals.MeasureOver):
        extend_measure(imposed, **later, **terms)
    with pytest.raises(contents.MeasureBasisMissing):
        extend_measure(
            extension, expires_at=end + timedelta(days=9), review_at=end + timedelta(days=8), **{**terms, "article": ""}
        )
    assert Measure.objects.count() == 2


def test_what_is_over_is_not_extended(cast: Cast, imposed: Measure) -> None:
    end = imposed.expires_at
    with pytest.raises(refusals.MeasureOver):
        extend_measure(
            imposed,
            expires_at=end + timedelta(days=7),
            review_at=end + timedelta(days=3),
            article="erl-2024-73",
            by=cast.city_commander,
            at=end,
        )
    assert Measure.objects.count() == 1


def test_lifting_ends_it_and_its_extension_once(cast: Cast, imposed: Measure) -> None:
    end = imposed.expires_at
    extend_measure(
        imposed,
        expires_at=end + timedelta(days=7),
        review_at=end + timedelta(days=3),
        article="erl-2024-73",
        by=cast.city_commander,
        at=cast.at,
    )
    later = cast.at + timedelta(hours=5)
    assert lift_measure(imposed, by=cast.city_commander, at=later)
    assert not lift_measure(imposed, by=cast.city_commander, at=later)
    assert list(measures_in_force([COMMUNITY], at=later - timedelta(seconds=1))) == [imposed]
    assert list(measures_in_force([COMMUNITY], at=later)) == []
    assert list(measures_in_force([COMMUNITY], at=end)) == []
    assert Entry.objects.filter(act="posture.lift_measure").count() == 2


def test_lifting_needs_right_and_ground(cast: Cast, imposed: Measure, declared: Declaration) -> None:
    with pytest.raises(NotAllowed):
        lift_measure(imposed, by=cast.worker, at=cast.at)
    with pytest.raises(NotFound):
        lift_measure(imposed, by=cast.neighbour_head, at=cast.at)
    assert Measure.objects.get().lifted_at is None
