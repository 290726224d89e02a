"""What a release names beside what the declaration itself opened: warnings, risk levels, measures without one (EMG-8)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils.timezone import localdate

from qipan.access.testing import Cast
from qipan.command.actions.plans import PlanReport, hand_over_plan, run_plan
from qipan.command.models import ActivationItem
from qipan.command.queries import found_open, plan_view
from qipan.desk.api import Task
from qipan.kernel.actor import Actor
from qipan.kernel.place import place_of, range_of
from qipan.laws.testing import make_articles
from qipan.posture.api import (
    Declaration,
    Measure,
    Posture,
    declare,
    end_declaration,
    impose_measure,
    lift_measure,
    take_posture,
)
from qipan.warnings.api import Warning, cancel_warning, issue_warning
from qipan.zones.api import Line, RiskZone, confirm_zones, publish_rule_set

from .conftest import Entry, everywhere

pytestmark = pytest.mark.row("EMG-8")
CITY, DISTRICT, HERE, NEXT = "5101", "510104", "510104001001", "510104001002"
RULE: dict[str, Any] = {
    "code": "test-rule", "title": "测试规则", "title_en": "Test rule", "hazard": "epidemic", "unit": "COMMUNITY",
    "levels": [{"level": "MEDIUM", "all": [{"input": "new_cases", "days": 14, "at_least": 1}]}],
    "minimum_rank": 2, "basis": "city order 12", "source": "city gazette 2026-3", "valid_from": "2026-01-01",
}  # fmt: skip


def begin(cast: Cast, **changes: Any) -> Declaration:
    """A flood in two districts, by the city."""
    return declare(
        **{
            "number": "成汛〔2026〕1号", "matter": "洪涝", "hazard": "flood", "level": 2, "basis": "《突发事件应对法》第七十二条",
            "issuer": cast.unit("5101:city-command"), "ground_codes": [DISTRICT, "510105"], "starts_at": cast.at,
            "expected_until": cast.at + timedelta(days=30), "measures": ["值守"], "by": cast.city_commander, "at": cast.at,
            **changes,
        }
    )  # fmt: skip


def warn(cast: Cast, headline: str, *, district: bool = False, **changes: Any) -> Warning:
    return issue_warning(
        **{
            "kind": "rainstorm", "colour": 2, "basis": "《突发事件应对法》第六十四条", "headline": headline, "description": "d",
            "instruction": "i", "ground_codes": [DISTRICT], "starts_at": cast.at, "expires_at": cast.at + timedelta(days=20),
            "issuer": cast.unit("510104:district-command" if district else "5101:city-command"),
            "by": cast.district_head if district else cast.city_commander, "at": cast.at, **changes,
        }
    )  # fmt: skip


def restrict(cast: Cast, title: str, *, district: bool = False, code: str = HERE, **changes: Any) -> Measure:
    return impose_measure(
        **{
            "kind": "gate-check", "title": title, "article": "erl-2024-73", "hazard": "epidemic",
            "issuer": cast.unit("510104:district-command" if district else "5101:city-command"),
            "grounds": [range_of(code)], "starts_at": cast.at, "expires_at": cast.at + timedelta(days=9),
            "review_at": cast.at + timedelta(days=1), "by": cast.district_head if district else cast.city_commander,
            "at": cast.at, **changes,
        }
    )[0]  # fmt: skip


def ended(cast: Cast, declared: Declaration, *, by: Actor | None = None) -> None:
    end_declaration(declared, reason="解除", by=by or cast.city_commander, at=cast.at + timedelta(hours=3))


def run(cast: Cast, declared: Declaration, *, seen: int = 0, hours: float = 4) -> PlanReport:
    return run_plan(declared, seen=seen, by=cast.city_commander, at=cast.at + timedelta(hours=hours))


def left_of(report: PlanReport, kind: str) -> dict[str, str]:
    return {one.item.title: (one.item.still_open or {})["code"] for one in report.left if one.item.kind == kind}


def test_warnings_of_its_hazard_are_ended_or_named_with_who_ends_them(cast: Cast) -> None:
    first = warn(cast, "跟随", kind="gale")
    declared = begin(cast, follows=first.identifier)
    own, theirs = warn(cast, "本级"), warn(cast, "区级", district=True)
    wide = warn(cast, "全市", kind="flood", ground_codes=[CITY])
    warn(cast, "高温", kind="heat")
    warn(cast, "演练", drill=True)
    take_posture(declared, grounds=[range_of(DISTRICT)], by=cast.city_commander, at=cast.at)
    before = [(row.title, row.state) for row in plan_view(declared, at=cast.at).open_rows if row.kind == "WARNING"]
    assert before == [("全市", "OPEN"), ("区级", "OPEN"), ("本级", "OPEN"), ("跟随", "OPEN")]
    ended(cast, declared)
    report = run(cast, declared)
    assert left_of(report, "WARNING") == {"全市": "command.beyond_this_ground", "区级": "command.warner_cancels"}
    cancelled = Warning.objects.filter(msg_type="Cancel").order_by("pk")
    assert {one.replaces_id for one in cancelled} == {first.pk, own.pk}
    assert all("成汛〔2026〕1号" in one.reason for one in cancelled)
    # It holds up no posture, and the line closes when its own issuer has cancelled it.
    assert not Posture.objects.filter(ended_at=None).exists()
    cancel_warning(theirs, reason="雨停", by=cast.district_head, at=cast.at + timedelta(hours=5))
    report = run(cast, declared, seen=1, hours=6)
    assert left_of(report, "WARNING") == {"全市": "command.beyond_this_ground"}
    report = run(cast, declared, seen=2, hours=24 * 21)
    assert (report.left, report.plan.finished_at is not None) == ([], True)
    assert Warning.objects.filter(replaces=wide).count() == 0


def test_where_a_second_emergency_holds_a_warning_waits_but_not_the_one_it_followed(cast: Cast) -> None:
    first = warn(cast, "跟随")
    declared = begin(cast, follows=first.identifier)
    warn(cast, "又一")
    begin(cast, number="成汛〔2026〕2号", ground_codes=[DISTRICT])
    ended(cast, declared)
    assert left_of(run(cast, declared), "WARNING") == {"又一": "command.holds_here_too"}
    assert Warning.objects.get(msg_type="Cancel").replaces_id == first.pk


def counted(code: str, day: date, n: int, cast: Cast) -> None:
    apps.get_model("zones", "Count").objects.create(
        hazard_input="new_cases", place=place_of(code), level=4, day=day, n=n, unit=None, at=cast.at
    )


def keeper() -> Actor:
    return Actor.system("zones", acts=["zone.confirm", "zone.rule", "zone.count"], ranges=[range_of(CITY)])


def test_a_risk_level_is_named_until_the_counts_and_an_official_lower_it(cast: Cast) -> None:
    rule_set = publish_rule_set(RULE, by=keeper(), at=cast.at)
    today = localdate(cast.at)
    counted(HERE, today - timedelta(days=1), 3, cast)
    told = confirm_zones([Line(rule_set, HERE, 2)], by=keeper(), at=cast.at)
    assert [refusal for _line, refusal in told] == [None]
    declared = begin(cast, hazard="epidemic", number="成疫〔2026〕1号")
    take_posture(declared, grounds=[range_of(DISTRICT)], by=cast.city_commander, at=cast.at)
    ended(cast, declared)
    report = run(cast, declared)
    (line,) = report.left
    assert (line.item.kind, line.item.reference, line.owner) == (
        "ZONE", f"zones.RiskZone:epidemic:{HERE}", cast.unit("5101:city-command").label,
    )  # fmt: skip
    assert (line.item.still_open or {})["code"] == "command.level_by_counts"
    assert line.item.title.endswith(" · 中风险") and "中风险" in line.reason
    assert not Posture.objects.filter(ended_at=None).exists()
    for n in range(16):
        counted(HERE, today + timedelta(days=n), 0, cast)
    (line,) = run(cast, declared, seen=1, hours=24 * 16).left
    assert (line.item.still_open or {})["code"] == "command.level_to_confirm"
    assert RiskZone.objects.everywhere("a test").count() == 1  # the release itself lowers none
    told = confirm_zones([Line(rule_set, HERE, 1)], by=keeper(), at=cast.at + timedelta(days=16, hours=1))
    assert [refusal for _line, refusal in told] == [None]
    report = run(cast, declared, seen=2, hours=24 * 16 + 2)
    assert (report.left, report.closed) == ([], 1)
    assert [row.closed_at for row in plan_view(declared, at=cast.at).closed_rows if row.kind == "ZONE"] == [
        cast.at + timedelta(days=16, hours=2)
    ]


def test_measures_without_a_declaration_are_lifted_or_named(cast: Cast) -> None:
    make_articles()
    rule_set = publish_rule_set(RULE, by=keeper(), at=cast.at)
    counted(NEXT, localdate(cast.at) - timedelta(days=1), 3, cast)
    confirm_zones([Line(rule_set, NEXT, 2)], by=keeper(), at=cast.at)
    before = cast.at - timedelta(days=1)
    restrict(cast, "此前无灾种", hazard="", at=before, starts_at=before)
    declared = begin(cast, hazard="epidemic", number="成疫〔2026〕1号")
    own, loose = restrict(cast, "本级"), restrict(cast, "无灾种", hazard="")
    theirs = restrict(cast, "区级", district=True)
    restrict(cast, "全市", code=CITY)
    zoned = restrict(cast, "按风险区", kind="gate-control", code=NEXT)
    restrict(cast, "高温", hazard="heat")
    restrict(cast, "演练", drill=True)
    ended(cast, declared)
    report = run(cast, declared)
    assert left_of(report, "MEASURE") == {
        "区级": "command.imposer_lifts", "全市": "command.beyond_this_ground", "按风险区": "command.carried_by_zone",
    }  # fmt: skip
    assert set(Measure.objects.exclude(lifted_at=None).values_list("pk", flat=True)) == {own.pk, loose.pk}
    lift_measure(theirs, by=cast.district_head, at=cast.at + timedelta(hours=5))
    lift_measure(zoned, by=cast.city_commander, at=cast.at + timedelta(hours=5))
    assert left_of(run(cast, declared, seen=1, hours=6), "MEASURE") == {"全市": "command.beyond_this_ground"}


def test_an_activation_alone_takes_nothing_of_this_along(cast: Cast) -> None:
    """A playbook released in one district ends neither a warning nor a measure that the emergency did not open."""
    make_articles()
    declared = begin(cast, hazard="epidemic", number="成疫〔2026〕1号")
    restrict(cast, "本级")
    warn(cast, "预警", kind="epidemic")
    found = {line.kind: line.grounds for line in found_open(declared, at=cast.at)}
    assert found == {"MEASURE": (), "WARNING": ()}


def test_what_a_higher_organ_holds_stays_with_it_when_the_rest_is_handed_over(cast: Cast) -> None:
    make_articles()
    by = replace(cast.district_head, acts=cast.district_head.acts | {"release.run"})
    declared = begin(
        cast, hazard="epidemic", number="锦疫〔2026〕1号", level=4, issuer=cast.unit("510104:district-command"),
        ground_codes=[DISTRICT], by=cast.district_head,
    )  # fmt: skip
    restrict(cast, "市级")
    restrict(cast, "区级", district=True, code=DISTRICT, declaration=declared)
    take_posture(declared, grounds=[range_of(DISTRICT)], by=by, at=cast.at)
    ended(cast, declared, by=cast.district_head)
    at = cast.at + timedelta(hours=4)
    report = run_plan(declared, seen=0, by=by, at=at)
    assert left_of(report, "MEASURE") == {"市级": "command.imposer_lifts"}
    assert not Posture.objects.filter(ended_at=None).exists()
    entries = Entry.objects.filter(act="desk.send_task").count()
    handed = hand_over_plan(declared, by=by, at=at)
    assert (handed.handed_over, [one.item.title for one in handed.left]) == (0, ["市级"])
    assert not everywhere(Task).filter(kind="RELEASE").exists()
    assert Entry.objects.filter(act="desk.send_task").count() == entries
    assert ActivationItem.objects.get(title="市级").handed_over is None
