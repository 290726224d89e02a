"""EMG-15, LAW-1: many proposed levels confirmed at once, each with what became of it; each cites its article."""

from datetime import date, datetime, timedelta

import pytest
from django.apps import apps
from django.utils.timezone import get_default_timezone

from qipan.desk.api import Task
from qipan.journal.api import entries_of, subscribe
from qipan.kernel.place import range_of
from qipan.kernel.refusal import NotAllowed
from qipan.kernel.testing import at_once
from qipan.laws.api import ArticleNotForUse, cited_by, end_due_citations, flags_of, repeal_article, rested_on
from qipan.laws.testing import make_articles
from qipan.zones.actions.rule_sets import RuleSetEnded, end_rule_set, publish_rule_set
from qipan.zones.actions.seeds import seed_zones
from qipan.zones.actions.zones import Line, TooManyAtOnce, confirm_zone, confirm_zones
from qipan.zones.api import level_over
from qipan.zones.models import RiskZone

from .conftest import AT, COMMUNITY, RULE, TODAY, everything, had

pytestmark = [pytest.mark.django_db, pytest.mark.row("EMG-15", "LAW-1")]
CODES = ("510104001001", "510104001002", "510104002001")


@pytest.fixture
def lines(cast, rule_set):
    make_articles()
    for code in CODES:
        had(code, TODAY - timedelta(days=2), 3)
    return [Line(rule_set, code, 2) for code in CODES]


def counted():
    """What the counts say that zones cite in all."""
    counts = apps.get_model("laws", "CitationCount").objects.everywhere("a test").filter(use="ZONE")
    return sum(counts.values_list("n", flat=True))


def cited():
    return apps.get_model("laws", "Citation").objects.everywhere("a test").filter(use="ZONE", ended_at=None).count()


def levels():
    rows = RiskZone.objects.everywhere("a test").filter(ends_at=None).order_by("code")
    return list(rows.values_list("code", "level"))


def said(told):
    return [(line.code, refusal.code if refusal else "") for line, refusal in told]


def test_each_line_is_confirmed_or_refused_by_itself(cast, rule_set, lines):
    confirm_zone(rule_set, CODES[1], level=2, proposed=2, by=cast.district_head, at=AT)
    wrong = Line(rule_set, CODES[2], 3)  # another level than the counts give
    unknown = Line(rule_set, "510104009009", 2)
    told = confirm_zones(
        [lines[0], lines[1], wrong, unknown], article="erl-2024-73", by=cast.district_head, at=AT + timedelta(minutes=1)
    )
    assert said(told) == [
        (CODES[0], ""),
        (CODES[1], "zone_nothing_proposed"),
        (CODES[2], "zone_counts_changed"),
        ("510104009009", "not_found"),
    ]
    assert levels() == [(CODES[0], 2), (CODES[1], 2)]
    assert [entry.data["code"] for entry in entries_of("zones.confirm_zone")] == [CODES[1], CODES[0]]


def test_of_two_officials_one_confirms_and_the_other_is_told(cast, lines):
    first = confirm_zones(lines, by=cast.district_head, at=AT)
    second = confirm_zones(lines, by=cast.city_commander, at=AT + timedelta(seconds=1))
    assert said(first) == [(code, "") for code in CODES]
    assert said(second) == [(code, "zone_nothing_proposed") for code in CODES]
    assert levels() == [(code, 2) for code in CODES]
    assert len(list(entries_of("zones.confirm_zone"))) == 3


def test_two_officials_at_the_same_moment_confirm_each_level_once(transactional_db, cast, rule_set, lines):
    """Each with a connection of its own and the same list in hand, one of them in the other order."""
    told = {}

    def confirm(name, given, by):
        told[name] = confirm_zones(given, article="erl-2024-73", by=by, at=AT)

    works = [
        lambda: confirm("district", lines, cast.district_head),
        lambda: confirm("city", lines[::-1], cast.city_commander),
    ]
    assert at_once(*works) == [None, None]
    assert sorted(said(told["district"]) + said(told["city"])) == sorted(
        (code, why) for code in CODES for why in ("", "zone_nothing_proposed")
    )
    assert {len({why for _code, why in said(one)}) for one in told.values()} == {
        1
    }  # one of them has all, the other none
    assert levels() == [(code, 2) for code in CODES]
    assert RiskZone.objects.everywhere("a test").count() == len(list(entries_of("zones.confirm_zone"))) == 3
    assert len(cited_by("zones.RiskZone", [zone.pk for zone in RiskZone.objects.everywhere("a test")])) == 3
    assert counted() == cited()


def test_it_cites_its_article_until_another_level_takes_its_place(cast, rule_set, lines):
    confirm_zones(lines[:1], article="erl-2024-73", by=cast.district_head, at=AT)
    (zone,) = RiskZone.objects.everywhere("a test")
    assert [one.code for one in cited_by("zones.RiskZone", [zone.pk])[zone.pk]] == ["erl-2024-73"]
    had(CODES[0], TODAY, 20)
    had(CODES[0], TODAY, 1, name="clusters")
    confirm_zone(rule_set, CODES[0], level=3, proposed=3, by=cast.district_head, at=AT + timedelta(hours=1))
    assert cited_by("zones.RiskZone", [zone.pk]) == {}
    assert [one.code for one in rested_on("zones.RiskZone", [zone.pk])[zone.pk]] == ["erl-2024-73"]


def test_what_still_holds_cites_until_the_level_that_replaces_it_begins(cast, rule_set, lines):
    confirm_zones(lines[:1], article="erl-2024-73", by=cast.district_head, at=AT)
    (zone,) = RiskZone.objects.everywhere("a test")
    had(CODES[0], TODAY, 20)
    had(CODES[0], TODAY, 1, name="clusters")
    decided, begins = AT + timedelta(hours=1), AT + timedelta(days=3)
    later = {"level": 3, "proposed": 3, "starts_at": begins, "article": "erl-2024-73", "by": cast.district_head}
    confirm_zone(rule_set, CODES[0], **later, at=decided)
    new = RiskZone.objects.everywhere("a test").get(level=3)
    assert [one.code for one in cited_by("zones.RiskZone", [zone.pk])[zone.pk]] == ["erl-2024-73"]
    assert end_due_citations(at=begins - timedelta(seconds=1)) == 0
    repeal_article("erl-2024-73", since=TODAY + timedelta(days=1), reason="新法", by=cast.lead, at=decided)
    assert sorted(flags_of("zones.RiskZone", [zone.pk, new.pk])) == [zone.pk, new.pk]
    assert (end_due_citations(at=begins), end_due_citations(at=begins)) == (1, 0)
    assert sorted(flags_of("zones.RiskZone", [zone.pk, new.pk])) == [new.pk]
    assert counted() == cited()


def test_what_never_begins_cites_nothing_and_a_nearer_end_counts(cast, rule_set, lines):
    confirm_zones(lines[:1], article="erl-2024-73", by=cast.district_head, at=AT)
    (first,) = RiskZone.objects.everywhere("a test")
    had(CODES[0], TODAY, 20)
    had(CODES[0], TODAY, 1, name="clusters")
    given = {"level": 3, "proposed": 3, "article": "erl-2024-73", "by": cast.district_head}
    confirm_zone(rule_set, CODES[0], **given, starts_at=AT + timedelta(days=3), at=AT + timedelta(hours=1))
    never = RiskZone.objects.everywhere("a test").get(level=3)
    confirm_zone(rule_set, CODES[0], **given, starts_at=AT + timedelta(days=2), at=AT + timedelta(hours=2))
    assert cited_by("zones.RiskZone", [never.pk]) == {}
    assert list(cited_by("zones.RiskZone", [first.pk])) == [first.pk]
    assert end_due_citations(at=AT + timedelta(days=2)) == 1
    assert cited_by("zones.RiskZone", [first.pk]) == {} and counted() == cited()


def test_when_the_article_falls_the_office_is_asked_once_and_the_page_says_so(cast, lines):
    confirm_zones(lines[:2], article="erl-2024-73", by=cast.district_head, at=AT)
    repeal_article("erl-2024-73", since=TODAY + timedelta(days=9), reason="新法", by=cast.lead, at=AT)
    (task,) = Task.objects.everywhere("a test").select_related("owner")
    assert (task.owner.code, task.source.startswith("laws:article:")) == ("510104:district-command", True)
    assert task.title.endswith("为依据的事项（2026-12-07终止）：2项")
    page = cast.client("district_head").get(f"/zones/areas/{CODES[0]}").content.decode()
    assert "依据已废止" in page


def test_what_is_refused_as_a_whole_writes_nothing(cast, rule_set, lines):
    before = everything()
    for how, refusal in (
        ({"by": cast.worker}, NotAllowed),
        ({"article": "erl-2024-76"}, ArticleNotForUse),
        ({"lines": lines * 101}, TooManyAtOnce),
    ):
        given = {"lines": lines, "article": "", "by": cast.district_head, "at": AT, **how}
        with pytest.raises(refusal):
            confirm_zones(given.pop("lines"), **given)
    assert everything() == before


def test_the_page_confirms_what_is_ticked_with_its_basis(cast, rule_set, lines, clock_at):
    clock_at(cast.at)
    client = cast.client("district_head")
    page = client.get("/zones/proposals").content.decode()
    values = [f"{rule_set.pk}:{code}:2" for code in CODES]
    assert all(f'name="lines" form="confirm-many" value="{value}"' in page for value in values)
    assert 'value="erl-2024-73"' in page
    before = everything()
    for wrong in ({}, {"lines": "x"}, {"lines": [*values, "1:2"]}):
        answer = client.post("/zones/proposals/confirm", {**wrong, "article": "erl-2024-73"})
        assert answer.status_code == 400
    assert "请勾选要确认的项目" in client.post("/zones/proposals/confirm", {}).content.decode()
    assert everything() == before
    sent = {"lines": [values[0], values[1], f"{rule_set.pk}:{CODES[2]}:3"], "article": "erl-2024-73"}
    answer = client.post("/zones/proposals/confirm", sent)
    shown = answer.content.decode()
    assert (answer.status_code, levels()) == (409, [(CODES[0], 2), (CODES[1], 2)])
    assert "已确认2个等级" in shown
    assert client.post("/zones/proposals/confirm", {"lines": values[2:], "article": "erl-2024-73"}).status_code == 302
    assert levels() == [(code, 2) for code in CODES]
    area = client.get(f"/zones/areas/{CODES[2]}").content.decode()
    assert "/laws/articles/erl-2024-73" in area


def test_the_end_of_a_rule_set_is_published_as_its_other_acts_are(cast, rule_set, keeper):
    heard = []
    subscribe(RuleSetEnded, heard.append)
    end_rule_set(rule_set, on=date(2026, 12, 1), basis="gazette", by=keeper, at=AT)
    (event,) = heard
    assert (event.rule_set_id, event.hazard, event.at) == (rule_set.pk, "epidemic", AT)
    assert event.ends_at == datetime(2026, 12, 1, tzinfo=get_default_timezone())
    heard.clear()
    publish_rule_set({**RULE, "code": "other", "valid_from": "2026-12-01"}, by=keeper, at=AT)
    publish_rule_set({**RULE, "code": "other", "valid_from": "2026-12-05"}, by=keeper, at=AT)
    assert [event.ends_at for event in heard] == [datetime(2026, 12, 5, tzinfo=get_default_timezone())]
    assert level_over([range_of(COMMUNITY)], hazard="epidemic", at=AT) == [(range_of(COMMUNITY), None)]


def test_an_example_city_has_levels_by_the_rule_of_2020_and_says_that_they_are_one(cast):
    assert [seed_zones("5101", at=AT) for _n in range(2)] == [5, 0]
    assert levels() == [
        ("510104001001", 3), ("510104001002", 2), ("510104002001", 2),
        ("510105001001", 2), ("510105001002", 2),
    ]  # fmt: skip
    page = cast.client("worker").get("/zones?day=2026-11-28").content.decode()
    assert "（示例）" in page
