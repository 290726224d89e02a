"""What an import brought as declined is decided as one by a second person, or line by line before."""

from collections import Counter
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps

from qipan.access.testing import make_city
from qipan.journal.api import entries_about
from qipan.kernel.actor import Scope
from qipan.kernel.place import range_of
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.testing import at_once, whole_or_nothing

from ..actions.exclusions import decide_exclusion, decide_import
from ..actions.filing import decline_matter, reopen_matter
from ..actions.importing import check_lines, import_lines
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.undoing import ImportInUse, undo_import
from ..input.mapping import read_file
from ..jobs import follow_imports
from ..models import Exclusion, Import, Matter, MatterStep
from ..queries.exclusions import get_brought, may_decide_import, undecided_imports
from ..queries.figures import figures
from ..rules.exclusions import NoExclusion, SecondPerson
from ..rules.limits import month_of, next_month
from ..rules.loop import ReasonNeeded
from ..testing import make_world
from .test_exclusions import CITY, declined, sound
from .test_imports import RULES, as_csv
from .test_refusals import refused

KINDS = ("UNLAWFUL", "NOT_FOUND", "ANSWERED")
PLACES = ("510104001001", "510104001001001", "510104002001", "510105001001001")


def lines(n, *, first=1):
    """So many declined lines of March and April by turns, on three streets, and one that was solved."""
    rows = [
        [
            str(first + i), "01003", "", PLACES[i % 4], "灯坏", f"2025-0{3 + i % 2}-01T08:00:00Z", "结案", KINDS[i % 3], "",
            f"2025-0{3 + i % 2}-02T09:00:00Z", "",
        ]
        for i in range(n)
    ]  # fmt: skip
    return [
        *rows,
        [str(first + n), "01003", "", PLACES[0], "灯坏", "2025-03-01", "结案", "办结", "城管", "2025-03-04", "是"],
    ]


def lately(world):
    """A line that was declined a day ago, so that it can be taken up again."""
    begun, ended = (f"{world.later(hours=-hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (26, 25))
    return ["1", "01003", "", PLACES[0], "灯坏", begun, "结案", "UNLAWFUL", "", ended, ""]


def brought(world, rows, *, by=None, name="旧.csv"):
    by = by or world.cast.lead
    table = read_file(as_csv(rows))
    checked = check_lines(table.header, table.lines, mapping="old", rules=RULES, by=by, at=world.at)
    how = {"name": name, "sha256": table.sha256, "mapping": "old", "rules": RULES}
    return import_lines(checked, **how, by=by, at=world.at)


def second(world):
    """Another person in the lead organisation than who imports."""
    return replace(world.cast.lead, account_id=77, label="统筹部门，另一人")


def all_of(batch):
    rows = Exclusion.objects.everywhere("a test").filter(batch=batch)
    return rows.select_related("matter__imported", "unit").order_by("matter__imported__line")


def of_months(world, *, at):
    march = month_of(world.at).replace(year=2025, month=3)
    april = next_month(march)
    return [figures(CITY, since=one, until=next_month(one), at=at) for one in (march, april)]


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize("confirmed", [True, False])
def test_all_that_waits_of_an_import_is_decided_as_one(world, confirmed):
    batch, at = brought(world, lines(7)), world.later(days=1)
    first, *others = all_of(batch)
    assert [one.matter.imported.line for one in (first, *others)] == [2, 3, 4, 5, 6, 7, 8]
    assert [one.resolution for one in of_months(world, at=at)] == [Rate(1, 5), Rate(0, 3)]
    [waits] = undecided_imports(CITY)
    assert (waits.batch, waits.n, len(waits.sample)) == (batch, 7, 5)
    assert dict(waits.kinds) == {"UNLAWFUL": 3, "NOT_FOUND": 2, "ANSWERED": 2}
    # One line is decided by itself before, and keeps that decision.
    decide_exclusion(
        first.matter, confirmed=not confirmed, reason="单独看过", by=second(world), at=world.later(hours=1)
    )
    held = decide_import(batch, confirmed=confirmed, reason=" 抽查属实 ", by=second(world), at=at)
    word = "EXCLUDED" if confirmed else "KEPT_IN"
    lead = world.cast.unit("5101:lead-body").pk
    assert (held.verdict, held.note, held.unit_id, held.decided_at, held.decided) == (word, "抽查属实", lead, at, 6)
    assert Import.objects.values_list("verdict", "note", "unit", "decided_at", "decided").get(pk=batch.pk) == (
        word, "抽查属实", lead, at, 6,
    )  # fmt: skip
    assert {(one.verdict, one.note, one.unit_id, one.at) for one in all_of(batch)[1:]} == {(word, "抽查属实", lead, at)}
    single = all_of(batch)[0]
    assert (single.verdict, single.note) == ("KEPT_IN" if confirmed else "EXCLUDED", "单独看过")
    one = others[0]
    assert one.matter.steps.order_by("pk").values_list("kind", "detail", "unit", "at", "by_label", "note").last() == (
        word, "NOT_FOUND:2025-04" if confirmed else "NOT_FOUND", None, at, "统筹部门，另一人", "抽查属实",
    )  # fmt: skip
    assert Matter.objects.everywhere("a test").get(pk=one.matter_id).changed_at == at
    march, april = of_months(world, at=at)
    if confirmed:
        assert (march.resolution, march.excluded) == (Rate(1, 2), {"ANSWERED": 1, "NOT_FOUND": 1, "UNLAWFUL": 1})
        assert (april.resolution, april.excluded) == (Rate(0, 0), {"ANSWERED": 1, "NOT_FOUND": 1, "UNLAWFUL": 1})
    else:
        assert (march.resolution, march.excluded) == (Rate(1, 4), {"UNLAWFUL": 1})
        assert (april.resolution, april.excluded) == (Rate(0, 3), {})
    [entry] = [one for one in entries_about([f"matters.Import:{batch.pk}"]) if one.act == "matters.decide_import"]
    assert entry.data == {"verdict": word, "matters": 6}
    assert undecided_imports(CITY) == [] and sound()
    with refused(ImportInUse):
        undo_import(batch, by=world.cast.lead, at=at)


@pytest.mark.row("MAT-5")
def test_only_another_person_with_the_whole_ground_decides_and_refusals_write_nothing(world):
    batch, at, cast = brought(world, lines(4)), world.later(days=1), world.cast
    given = {"confirmed": True, "reason": "同意", "at": at}
    with refused(SecondPerson):  # who imported it
        decide_import(batch, by=cast.lead, **given)
    with refused(SecondPerson):  # nobody's account is nobody's word
        decide_import(batch, by=replace(cast.lead, account_id=None), **given)
    for by in (cast.district_head, cast.city_commander, cast.dispatcher, cast.department, cast.worker, cast.auditor):
        with refused(NotAllowed):
            decide_import(batch, by=by, **given)
    district = replace(second(world), scope=Scope((range_of("510104"),)))
    for ground in ("510104", "5102"):  # a part of it, and nothing
        with refused(NotFound):
            decide_import(batch, by=replace(second(world), scope=Scope((range_of(ground),))), **given)
    with refused(ReasonNeeded):
        decide_import(batch, by=second(world), **{**given, "reason": "  "})
    nothing = brought(world, lines(0, first=50), name="空.csv")
    with refused(NotFound):
        decide_import(nothing, by=second(world), **given)
    assert may_decide_import(batch, actor=second(world))
    for by in (cast.lead, replace(cast.lead, account_id=None), cast.district_head, district):
        assert not may_decide_import(batch, actor=by)
    # On a part of the ground the lines there are decided one by one.
    there = [one for one in all_of(batch) if one.place in district.scope]
    assert [one.n for one in undecided_imports(district.scope.ranges)] == [3] == [len(there)]
    decide_exclusion(there[0].matter, by=district, **given)
    decide_import(batch, by=second(world), **given)
    with refused(NoExclusion):  # said once
        decide_import(batch, by=replace(second(world), account_id=78), **given)
    with refused(NoExclusion):
        decide_exclusion(all_of(batch)[3].matter, by=second(world), **given)
    assert not may_decide_import(batch, actor=second(world)) and sound()


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_crash_leaves_nothing_and_more_lines_take_no_more_statements(world, confirmed):
    few, many = brought(world, lines(8)), brought(world, lines(24, first=100), name="多.csv")
    given = {"confirmed": confirmed, "reason": "抽查属实", "by": second(world), "at": world.later(days=1)}
    assert follow_imports(at=world.at) == 2
    statements = [whole_or_nothing(lambda batch=batch: decide_import(batch, **given)) for batch in (few, many)]
    assert statements[0] == statements[1] > 5
    assert sound()


@pytest.mark.row("MAT-5")
def test_of_two_at_once_one_wins_and_the_other_is_told(transactional_db):
    world = make_world(make_city())
    batch, at = brought(world, lines(6)), world.later(days=1)
    by = [second(world), replace(second(world), account_id=78)]
    raised = at_once(
        lambda: decide_import(batch, confirmed=True, reason="甲", by=by[0], at=at),
        lambda: decide_import(batch, confirmed=False, reason="乙", by=by[1], at=at),
    )
    [lost] = [n for n, one in enumerate(raised) if one is not None]
    assert type(raised[lost]) is NoExclusion
    won = [("EXCLUDED", "甲"), ("KEPT_IN", "乙")][1 - lost]
    assert Counter((one.verdict, one.note) for one in all_of(batch)) == {won: 6}
    assert MatterStep.objects.filter(kind__in=("EXCLUDED", "KEPT_IN")).count() == 6 and sound()


@pytest.mark.row("MAT-5")
def test_a_line_that_is_decided_or_taken_up_at_the_same_moment_is_decided_once(transactional_db):
    world = make_world(make_city())
    batch, at = brought(world, [lately(world), *lines(6, first=2)]), world.later(hours=1)
    one, other = all_of(batch)[1].matter, all_of(batch)[0].matter
    raised = at_once(
        lambda: decide_import(batch, confirmed=True, reason="整批", by=second(world), at=at),
        lambda: decide_exclusion(one, confirmed=False, reason="单独", by=replace(second(world), account_id=78), at=at),
        lambda: reopen_matter(other, reason="有理", by=world.cast.dispatcher, at=at),
    )
    assert raised[0] is None and raised[2] is None and type(raised[1]) in (type(None), NoExclusion)
    held = all_of(batch)[1]
    assert (held.verdict, held.note) == (("EXCLUDED", "整批") if raised[1] else ("KEPT_IN", "单独"))
    whole = Import.objects.get(pk=batch.pk)
    assert whole.decided == all_of(batch).filter(verdict="EXCLUDED").count()
    taken = all_of(batch)[0]
    assert taken.dropped_at == at and taken.matter.state == "FILED" and sound()


@pytest.mark.row("MAT-5")
def test_what_is_taken_up_again_after_it_was_decided_as_one_counts_again(world):
    batch, at = brought(world, [lately(world), *lines(3, first=2)]), world.later(hours=1)
    matter = all_of(batch)[0].matter
    decide_import(batch, confirmed=True, reason="抽查属实", by=second(world), at=at)
    reopen_matter(matter, reason="有理", by=world.cast.dispatcher, at=world.later(hours=2))
    at = world.later(hours=3)  # perhaps in the next month already
    whole = figures(CITY, since=month_of(world.at), until=next_month(month_of(at)), at=at)
    assert (whole.resolution, whole.excluded, whole.reopened) == (Rate(0, 0), {}, 1)
    assert sum(one.left_out for one in of_months(world, at=at)) == 3 and sound()
    # Declined once more, here, it is nothing that the import brought: the level above decides.
    merge_matter(matter, into=world.matter("FILED"), by=world.cast.dispatcher, at=at)
    unmerge_matter(matter, by=world.cast.dispatcher, at=at)
    decline_matter(matter, kind="UNLAWFUL", reason="违法", by=world.cast.dispatcher, at=world.later(hours=4))
    again = Exclusion.objects.everywhere("a test").get(matter=matter, dropped_at=None)
    assert (again.batch, again.verdict) == (None, "") and undecided_imports(CITY) == [] and sound()


def test_rows_of_before_find_their_import_and_who_brought_it(world):
    batch, here = brought(world, lines(4)), declined(world)
    office = all_of(batch)[3].matter
    rows = Exclusion.objects.everywhere("a test")
    # Taken up and declined here since, before anybody was asked; and what no import brought.
    rows.filter(matter=office).update(ended_at=world.later(hours=1))
    rows.filter(matter=here).update(judge=None, task=None)
    rows.update(batch=None, account=None)
    migration = import_module("qipan.matters.migrations.0039_import_of_exclusions")

    def model(room, name):
        found = apps.get_model(room, name)
        return SimpleNamespace(objects=found.objects.everywhere("a test") if found is Exclusion else found.objects)

    migration.find(SimpleNamespace(get_model=model), None)
    account = world.cast.lead.account_id
    held = {one.matter_id: (one.batch_id, one.account) for one in rows}
    mine = [one.matter_id for one in all_of(batch)]
    assert held == {here.pk: (None, None), office.pk: (None, None), **dict.fromkeys(mine, (batch.pk, account))}
    assert len(mine) == 3
    with refused(SecondPerson):
        decide_import(batch, confirmed=True, reason="同意", by=world.cast.lead, at=world.later(days=1))
    decide_exclusion(office, confirmed=True, reason="同意", by=world.cast.lead, at=world.later(days=1))


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh-hans", ("60行不予立案，待确认", "导入：旧.csv", "整批确认待确认的60行", "整批60行", "没有待裁定的内容", "此处没有待确认是否剔除的事项")),
        ("en", ("60 declined lines wait", "Import of 旧.csv", "Decide 60 lines that wait, as one", "60 lines as one", "Nothing waits for a decision.", "Nothing waits here for a decision")),
    ],
)  # fmt: skip
def test_the_page_shows_an_import_as_one_and_decides_it(world, lang, words):
    counted, named, to_decide, as_one, nothing, told = words
    batch = brought(world, lines(60), by=second(world))
    client, here = world.cast.client("lead"), {"HTTP_ACCEPT_LANGUAGE": lang}
    address = f"/matters/exclusions/{batch.pk}"
    page = client.get("/matters/exclusions", **here).content.decode()
    assert counted in page and named in page and page.count('href="/matters/') >= 5 and f'href="{address}"' in page
    assert len(set(all_of(batch).values_list("matter", flat=True))) == 60
    page = client.get(address, **here).content.decode()
    assert to_decide in page and "1 / 2" in page and page.count(" (") >= 50
    answer = client.get(address, {"page": "2"}, **here)
    assert [one.matter.imported.number for one, _where in answer.context["lines"]] == [str(n) for n in range(42, 61, 2)]
    answer = client.get(address, {"show": "NOT_FOUND"}, **here)
    assert len(answer.context["lines"]) == 20 and {one.kind for one, _where in answer.context["lines"]} == {"NOT_FOUND"}
    assert [(word, n) for word, _label, n in answer.context["chips"]] == [
        ("", 60), ("waiting", 60), ("ANSWERED", 20), ("UNLAWFUL", 20), ("NOT_FOUND", 20),
    ]  # fmt: skip
    assert client.post(address, {"confirmed": "1", "reason": " "}, **here).status_code == 400
    # The district sees its lines, and nobody offers it to decide them.
    district = world.cast.client("district_head").get(address, **here)
    assert (len(district.context["lines"]), district.context["form"]) == (45, None)
    assert world.cast.client("district_head").post(address, {"confirmed": "1", "reason": "好"}).status_code == 403
    assert client.get("/matters/exclusions/99999", **here).status_code == 404
    answer = client.post(address, {"confirmed": "1", "reason": "抽查二十行属实"}, **here)
    assert (answer.status_code, answer["Location"]) == (302, address)
    page = client.get(address, **here).content.decode()
    assert as_one in page and to_decide not in page and "抽查二十行属实" in page
    answer = client.post(address, {"confirmed": "0", "reason": "晚了一步"}, **here)  # the other is told
    page = answer.content.decode()
    assert answer.status_code == 409 and told in page and "抽查二十行属实" in page
    page = client.get("/matters/exclusions", **here).content.decode()
    assert nothing in page and as_one in page and page.count("抽查二十行属实") == 1
    assert get_brought(batch.pk, actor=world.cast.lead).verdict == "EXCLUDED" and sound()
