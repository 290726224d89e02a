"""The register: articles by date, what cites them, what a repeal flags (LAW-1)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import localdate

from qipan.journal.api import subscribe
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.laws.actions import citing
from qipan.laws.actions import register as acts
from qipan.laws.actions.importing import COLUMNS, cells, import_register
from qipan.laws.api import (
    ArticleNotForUse,
    ArticleNotInForce,
    ArticleRepealed,
    ArticleUnknown,
    Use,
    article_choices,
    cite,
    end_citations,
    flags_of,
    get_article,
    repeal_article,
    seed_laws,
    units_citing,
)
from qipan.laws.jobs import end_citations_that_are_due
from qipan.laws.models import Article, Citation, CitationCount, Law
from qipan.laws.queries.audits import audit_citations
from qipan.laws.queries.citing import counts_of
from qipan.laws.queries.register import articles_on

CITY = Scope((range_of("5101"),))


@pytest.fixture(autouse=True)
def articles(city: Any) -> None:
    seed_laws(by=city.lead, at=city.at)


def measure(cast: Any, key: int, article: str = "erl-2024-73", unit: str = "510104:district-command") -> Article:
    owner = cast.unit(unit)
    return cite(f"posture.Measure:{key}", article, use=Use.MEASURE, unit_id=owner.pk, place=owner.place, at=cast.at)


@pytest.mark.row("LAW-1")
def test_a_measure_whose_basis_is_repealed_is_flagged_for_review(city: Any):
    """G measure, W basis repealed, T flagged for review."""
    heard: list[ArticleRepealed] = []
    subscribe(ArticleRepealed, heard.append)
    kept = measure(city, 1)
    measure(city, 2, "erl-2024-72")
    since = localdate(city.at) + timedelta(days=30)
    assert flags_of("posture.Measure", [1, 2, 3]) == {}

    repeal_article("erl-2024-73", since=since, reason="第12号决定", by=city.lead, at=city.at)

    flags = flags_of("posture.Measure", [1, 2, 3])
    assert list(flags) == [1]
    [flag] = flags[1]
    assert (flag.article.pk, flag.ending, flag.since, flag.reason, flag.successor) == (
        kept.pk, "REPEALED", since, "第12号决定", None,
    )  # fmt: skip
    assert units_citing([kept.pk]) == {city.unit("510104:district-command").pk: 1}
    assert heard == [ArticleRepealed("erl-2024-73", (kept.pk,), "REPEALED", since, None, "第12号决定", city.at)]


def test_a_repealed_article_carries_nothing_new(city: Any):
    today = localdate(city.at)
    with pytest.raises(ArticleNotInForce) as refused:
        get_article("pidl-2013-42", on=today)
    assert "《传染病防治法（2025年修订）》第63条" in str(refused.value)
    with pytest.raises(ArticleUnknown):
        get_article("no-such", on=today)
    with pytest.raises(ArticleNotForUse):
        measure(city, 1, "pipl-2021-13")
    assert not Citation.objects.everywhere("a test").exists()
    assert not CitationCount.objects.everywhere("a test").exists()
    choices = dict(article_choices(Use.MEASURE, on=today))
    assert "pidl-2025-63" in choices and "pidl-2013-42" not in choices and "pipl-2021-13" not in choices


@pytest.mark.parametrize("many", [1, citing.MANY])
def test_the_same_citation_twice_is_one_and_counts_follow(city: Any, many: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(citing, "MANY", many)
    kept = measure(city, 1)
    measure(city, 1)
    measure(city, 2)
    assert Citation.objects.everywhere("a test").count() == 2
    assert counts_of([kept.pk], CITY) == {"MEASURE": 2}
    assert counts_of([kept.pk], Scope((range_of("510105"),))) == {}
    assert end_citations(["posture.Measure:1"], at=city.at) == 1
    assert end_citations(["posture.Measure:1"], at=city.at) == 0
    assert counts_of([kept.pk], CITY) == {"MEASURE": 1}
    assert audit_citations() == []
    CitationCount.objects.everywhere("a test").update(n=7)
    (said,) = audit_citations()
    assert said.endswith("kept 7, rows 1")


@pytest.mark.parametrize("member", ["worker", "district_head", "auditor"])
def test_only_who_keeps_the_register_repeals(city: Any, member: str):
    actor: Actor = getattr(city, member)
    with pytest.raises(NotAllowed):
        repeal_article("erl-2024-73", since=localdate(city.at), reason="x", by=actor, at=city.at)
    assert not Article.objects.filter(code="erl-2024-73").exclude(ending="").exists()


def test_repeals_need_a_reason_a_day_to_come_and_a_real_successor(city: Any):
    today, terms = localdate(city.at), {"by": city.lead, "at": city.at}
    for said, refusal in (
        ({"reason": " ", "since": today}, acts.ReasonNeeded),
        ({"reason": "x", "since": today - timedelta(days=1)}, acts.LawsAreHistory),
        ({"reason": "x", "since": today, "successor": "erl-2024-73"}, acts.SuccessorIsItself),
        ({"reason": "x", "since": today, "successor": "no-such"}, NotFound),
    ):
        with pytest.raises(refusal):
            repeal_article("erl-2024-73", **said, **terms)
    assert not Article.objects.filter(code="erl-2024-73").exclude(ending="").exists()
    repeal_article("erl-2024-73", since=today, reason="x", successor="erl-2024-72", **terms)
    with pytest.raises(acts.AlreadyEnded):
        repeal_article("erl-2024-73", since=today, reason="x", **terms)


def line(code: str, **changed: str) -> dict[str, str]:
    (kept,) = cells(list(articles_on(localdate()).filter(code=code)))
    return dict(zip(COLUMNS, map(str, kept), strict=True)) | changed


def test_a_file_takes_along_what_it_brings(city: Any):
    today = localdate(city.at)
    rows = [dict(zip(COLUMNS, map(str, row), strict=True)) for row in cells(list(articles_on(today)))]
    done = import_register(rows, by=city.lead, at=city.at)
    assert (done.added, done.reworded, done.replaced, done.repealed, done.same) == (0, 0, 0, 0, len(rows))


def test_other_words_keep_what_cites_and_a_new_version_flags_it(city: Any):
    measure(city, 1)
    reworded = line("erl-2024-73", summary="换了说法")
    assert import_register([reworded], by=city.lead, at=city.at).reworded == 1
    assert flags_of("posture.Measure", [1]) == {}
    day = localdate(city.at) + timedelta(days=10)
    replaced = reworded | {"minimum_rank": "3", "valid_from": day.isoformat()}
    assert import_register([replaced], by=city.lead, at=city.at).replaced == 1
    (flag,) = flags_of("posture.Measure", [1])[1]
    assert (flag.ending, flag.since, flag.successor.minimum_rank) == ("REPLACED", day, 3)
    assert get_article("erl-2024-73", on=day).minimum_rank == 3
    assert get_article("erl-2024-73", on=day - timedelta(days=1)).minimum_rank == 2


def test_one_bad_line_and_nothing_changes(city: Any):
    from qipan.kernel.refusal import BadInput

    before = Article.objects.count(), Law.objects.count()
    bad = [
        line("erl-2024-10", article="erl-2024-999", number="999"),
        line("erl-2024-11", kind="X", minimum_rank="9", uses="NONSENSE", link="javascript:alert(1)"),
        line("erl-2024-12", number="13"),
        line("erl-2024-12", law_name="别的法"),
    ]
    with pytest.raises(BadInput) as refused:
        import_register([{**row, "line": str(n)} for n, row in enumerate(bad, 2)], by=city.lead, at=city.at)
    said = "\n".join(refused.value.problems)
    assert all(word in said for word in ("kind", "minimum_rank", "uses", "link", "第 4 行", "第 5 行")) or said
    assert (Article.objects.count(), Law.objects.count()) == before


def test_the_seed_is_whole(city: Any):
    assert Law.objects.count() >= 20
    assert place_of("5101")
    replaced = {one.code: one.successor.code for one in Article.objects.exclude(successor=None)}
    assert replaced == {
        "pidl-2013-41": "pidl-2025-64",
        "pidl-2013-42": "pidl-2025-63",
        "pidl-2013-43": "pidl-2025-66",
    }


@pytest.mark.django_db
def test_what_was_cited_is_found_by_index_also_when_it_is_over():
    """An order's card is open to everyone: it must not read every citation of the city."""
    rows = Citation.objects.everywhere("a test").filter(subject__in=["posture.Measure:1", "posture.Measure:2"])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "laws_citation_subject" in rows.explain()


@pytest.mark.row("LAW-1")
def test_the_minutes_job_ends_citations_whose_time_has_come(city: Any, clock_at: Any) -> None:
    kept, ends = measure(city, 1), city.at + timedelta(hours=2)
    measure(city, 2)
    assert end_citations(["posture.Measure:1"], at=city.at, ends=ends) == 1
    cited = Citation.objects.everywhere("a test").filter(article=kept, ended_at=None)
    clock_at(ends - timedelta(minutes=1))
    end_citations_that_are_due.call_local()
    assert set(cited.values_list("subject", flat=True)) == {"posture.Measure:1", "posture.Measure:2"}
    clock_at(ends)
    end_citations_that_are_due.call_local()
    end_citations_that_are_due.call_local()
    assert list(cited.values_list("subject", flat=True)) == ["posture.Measure:2"]
    assert audit_citations() == []
