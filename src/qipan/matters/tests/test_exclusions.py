"""What is declined leaves the rates only by a second person's word; until then it counts like what was not solved."""

from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import Client

from qipan.desk.api import Receipt as Said
from qipan.desk.api import Task, TaskState, receive
from qipan.journal.api import verify
from qipan.kernel.clock import now
from qipan.kernel.place import place_of, range_of
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import NotAllowed, NotFound

from ..actions.exclusions import decide_exclusion
from ..actions.filing import decline_matter, reopen_matter
from ..actions.handling import confirm_matter
from ..actions.importing import check_lines, import_lines
from ..actions.joining import merge_matter, unmerge_matter
from ..actions.undoing import ImportInUse, undo_import
from ..input.mapping import read_file
from ..models import Exclusion, Matter, MatterStep
from ..queries.audits import audit_counts, audit_exclusions, audit_matters
from ..queries.figures import Asked, breakdown, figures
from ..rules.exclusions import NoExclusion, SecondPerson
from ..rules.figures import Counted, Open, ended_word, excluded_word, figures_of
from ..rules.limits import month_of, next_month
from ..rules.loop import ReasonNeeded
from ..terms import By
from ..testing import PUBLIC
from .test_imports import GOOD, RULES, as_csv
from .test_refusals import refused

CITY = (range_of("5101"),)
DISTRICT = "510104:district-command"


def rates(world, at):
    return figures(CITY, since=month_of(world.at), until=next_month(month_of(at)), at=at)


def declined(world, kind="UNLAWFUL", by=None, **how):
    matter = world.reported(**how).matter
    return decline_matter(
        matter, kind=kind, reason="要求拆除邻居住房", by=by or world.cast.dispatcher, at=world.later(hours=1)
    )


def asked(matter):
    return (
        Exclusion.objects.everywhere("a test")
        .select_related("judge", "task__owner", "unit")
        .get(matter=matter, dropped_at=None)
    )


def sound():
    return audit_counts() == audit_matters() == audit_exclusions() == [] and verify().differences == []


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize("kind", ["UNLAWFUL", "REDIRECTED", "ANSWERED", "NOT_FOUND"])
def test_it_counts_until_a_second_person_at_the_level_above_confirms(world, kind):
    done = world.matter("VERIFIED")
    confirm_matter(done.reports.get(), satisfied=True, by=PUBLIC, at=world.later(minutes=9))
    matter, head, at = declined(world, kind), world.cast.district_head, world.later(days=1)
    held = asked(matter)
    assert (held.verdict, held.kind, held.judge.code, held.task.owner.code) == ("", kind, DISTRICT, DISTRICT)
    assert (held.ended_at, held.account) == (world.later(hours=1), world.cast.dispatcher.account_id)
    assert held.task.source == f"exclusion:{matter.pk}:{held.pk}" and held.task.due_at > at
    whole = rates(world, at)
    assert (whole.resolution, whole.answers, whole.satisfaction) == (Rate(1, 2), Rate(1, 2), Rate(1, 1))
    assert (whole.declined, whole.excluded, whole.left_out, whole.still_due) == ({kind: 1}, {}, 0, 1)
    # The desk's own button is no second look.
    [answer] = receive([Said(held.task.pk, TaskState.DONE, at, "好")], by=head, at=at)
    assert answer.code == "said_on_its_page"
    decide_exclusion(matter, confirmed=True, reason="确属违法诉求", by=head, at=at)
    whole = rates(world, at)
    assert (whole.resolution, whole.answers, whole.satisfaction) == (Rate(1, 1), Rate(1, 1), Rate(1, 1))
    assert (whole.declined, whole.excluded, whole.left_out, whole.still_due) == ({kind: 1}, {kind: 1}, 1, 0)
    held = asked(matter)
    assert (held.verdict, held.note, held.unit.code, held.at) == ("EXCLUDED", "确属违法诉求", DISTRICT, at)
    assert held.task.state == TaskState.DONE
    step = matter.steps.order_by("pk").last()
    assert (step.kind, step.detail, step.note) == (
        "EXCLUDED", f"{kind}:{month_of(world.later(hours=1)):%Y-%m}", "确属违法诉求",
    )  # fmt: skip
    assert Matter.objects.everywhere("a test").get(pk=matter.pk).state == "DECLINED"
    assert sound()


@pytest.mark.row("MAT-5")
def test_who_refuses_keeps_it_in_the_rates(world):
    matter, at = declined(world), world.later(days=1)
    # The lead organisation may decide in the place of the level above, whose task is answered.
    decide_exclusion(matter, confirmed=False, reason="诉求合法", by=world.cast.lead, at=at)
    held = asked(matter)
    assert (held.verdict, held.unit.code, held.task.state) == ("KEPT_IN", "5101:lead-body", TaskState.DONE)
    assert rates(world, at).resolution == Rate(0, 1)
    assert matter.steps.order_by("pk").values_list("kind", "detail", "note").last() == (
        "KEPT_IN", "UNLAWFUL", "诉求合法",
    )  # fmt: skip
    assert sound()


@pytest.mark.row("MAT-5")
def test_nobody_decides_on_what_he_declined_himself_and_nothing_is_written(world):
    cast, at = world.cast, world.later(days=1)
    matter = declined(world)
    own = {"confirmed": True, "reason": "同意", "at": at}
    with refused(SecondPerson):
        decide_exclusion(matter, by=cast.dispatcher, **own)
    with refused(SecondPerson):  # the same person in another post, however high
        decide_exclusion(matter, by=replace(cast.lead, account_id=cast.dispatcher.account_id), **own)
    with refused(SecondPerson):  # nobody's account is nobody's word
        decide_exclusion(matter, by=replace(cast.lead, account_id=None), **own)
    with refused(NotAllowed):  # another person of the office whose rates they are
        decide_exclusion(matter, by=replace(cast.dispatcher, account_id=77), **own)
    for by in (cast.worker, cast.city_commander, cast.department, cast.auditor):
        with refused(NotAllowed):
            decide_exclusion(matter, by=by, **own)
    with refused(NotFound):
        decide_exclusion(matter, by=cast.neighbour_head, **own)
    with refused(ReasonNeeded):
        decide_exclusion(matter, confirmed=True, reason="  ", by=cast.district_head, at=at)
    decide_exclusion(matter, by=cast.district_head, **own)
    with refused(NoExclusion):  # said once
        decide_exclusion(matter, by=cast.lead, **own)
    for other in (world.matter("REPORTED"), world.matter("FILED"), world.matter("VERIFIED")):
        with refused(NoExclusion):
            decide_exclusion(other, by=cast.lead, **own)
    assert sound()


def test_the_district_that_declines_asks_the_city(world):
    head, commander, at = world.cast.district_head, world.cast.city_commander, world.later(days=1)
    matter = declined(world, by=head)
    assert asked(matter).judge.code == "5101:city-command"
    with refused(SecondPerson):
        decide_exclusion(matter, confirmed=True, reason="同意", by=head, at=at)
    decide_exclusion(matter, confirmed=True, reason="同意", by=commander, at=at)
    # Above the city's command is nobody but the lead organisation.
    other = declined(world, by=commander)
    assert asked(other).judge.code == "5101:lead-body"
    decide_exclusion(other, confirmed=True, reason="同意", by=world.cast.lead, at=at)
    assert rates(world, at).left_out == 2 and sound()


@pytest.mark.row("MAT-5")
@pytest.mark.parametrize("decided", [None, True, False])
def test_what_is_reopened_leaves_nothing_behind(world, decided):
    matter, at = declined(world), world.later(days=1)
    task = asked(matter).task
    if decided is not None:
        decide_exclusion(matter, confirmed=decided, reason="看过", by=world.cast.district_head, at=at)
    reopen_matter(matter, reason="诉求有理", by=world.cast.dispatcher, at=world.later(days=2))
    whole = rates(world, world.later(days=3))
    assert (whole.resolution, whole.declined, whole.excluded, whole.reopened) == (Rate(0, 0), {}, {}, 1)
    assert Task.objects.everywhere("a test").get(pk=task.pk).closed_at is not None
    with refused(NoExclusion):
        decide_exclusion(matter, confirmed=True, reason="同意", by=world.cast.lead, at=world.later(days=3))
    # Declined a second time, it is asked a second time.
    other = world.matter("FILED")
    merge_matter(matter, into=other, by=world.cast.dispatcher, at=world.later(days=3))
    unmerge_matter(matter, by=world.cast.dispatcher, at=world.later(days=3))
    decline_matter(matter, kind="REDIRECTED", reason="请起诉", by=world.cast.dispatcher, at=world.later(days=4))
    decide_exclusion(matter, confirmed=True, reason="同意", by=world.cast.lead, at=world.later(days=5))
    assert rates(world, world.later(days=6)).excluded == {"REDIRECTED": 1}
    assert Exclusion.objects.everywhere("a test").filter(matter=matter).count() == 2 and sound()


def test_what_leaves_later_comes_off_the_month_in_which_it_was_declined():
    june, july, august = (month_of(now()).replace(month=month) for month in (6, 7, 8))
    rows = [
        Counted(june, "DECLINED", "UNLAWFUL", 4),
        Counted(june, "DECLINED", "NOT_FOUND", 3),
        Counted(july, "EXCLUDED", excluded_word("UNLAWFUL", june), 2),
        Counted(july, "REOPENED", ended_word("UNLAWFUL", "EXCLUDED", june), 1),
        Counted(july, "REOPENED", ended_word("UNLAWFUL", "", june), 1),
        Counted(july, "DECLINED", "REDIRECTED", 1),
    ]
    first = figures_of(rows, Open(), since=june, until=july)
    assert (first.declined, first.excluded) == ({"UNLAWFUL": 2, "NOT_FOUND": 3}, {"UNLAWFUL": 1})
    assert (first.resolution, first.answers) == (Rate(0, 4), Rate(0, 4))
    second = figures_of(rows, Open(), since=july, until=august)
    assert (second.declined, second.excluded, second.resolution) == ({"REDIRECTED": 1}, {}, Rate(0, 1))
    whole = figures_of(rows, Open(), since=june, until=august)
    assert (whole.resolution, whole.left_out, whole.still_due) == (Rate(0, 5), 1, 5)
    for word in (excluded_word("REDIRECTED", june), ended_word("REDIRECTED", "EXCLUDED", june)):
        assert len(word) <= 30  # what a step's detail holds


def test_every_line_loses_what_is_left_out(world):
    near, there = declined(world), place_of("510104002001001")
    far = declined(world, by=world.cast.neighbour_dispatcher, place=there)
    at = world.later(days=1)
    decide_exclusion(far, confirmed=True, reason="同意", by=world.cast.lead, at=at)
    asked_for = Asked(CITY, month_of(world.at), next_month(month_of(at)))
    for by in By:
        whole, lines = breakdown(asked_for, by, at=at)
        assert (whole.resolution, whole.left_out) == (Rate(0, 1), 1)
        assert sum(line.figures.left_out for line in lines) == 1
        assert sum(line.figures.resolution.whole for line in lines) == 1
    _whole, streets = breakdown(replace(asked_for, ranges=(range_of("510104"),)), By.AREA, at=at)
    assert [(line.key, line.figures.resolution.whole) for line in streets] == [("510104001", 1), ("510104002", 0)]
    assert asked(near).verdict == "" and sound()


def test_the_audit_names_what_does_not_agree(world):
    first, second, third = declined(world), declined(world), declined(world)
    decide_exclusion(first, confirmed=True, reason="同意", by=world.cast.lead, at=world.later(days=1))
    assert sound()
    rows = Exclusion.objects.everywhere("a test")
    rows.filter(matter=first).update(verdict="KEPT_IN")
    rows.filter(matter=second).update(verdict="EXCLUDED")
    rows.filter(matter=third).delete()
    found = audit_exclusions()
    assert f"matter {third.pk} is declined and nobody is asked whether it leaves the rates" in found
    assert sum("held" in one and f"({first.pk}," in one for one in found) == 2
    assert any(one.endswith(f"of matter {second.pk}: verdict and task do not agree") for one in found)
    MatterStep.objects.filter(matter=first, kind="EXCLUDED").delete()
    assert audit_counts() != []


@pytest.mark.row("MAT-5", "PAR-10")
@pytest.mark.parametrize("kind", ["UNLAWFUL", "ANSWERED"])
def test_pages_say_which_it_is_and_the_level_above_decides_there(world, kind):
    world.cast.at = now().replace(microsecond=0) - timedelta(hours=2)
    cache.clear()
    reported = world.reported()
    matter, head = reported.matter, world.cast.client("district_head")
    decline_matter(matter, kind=kind, reason="要求拆除邻居住房", by=world.cast.dispatcher, at=world.later(hours=1))
    waits, left = "计入各率，直至他人确认剔除", "不计入各率，已经他人确认"
    pages = ["/public/matters", f"/track/{reported.code}"]
    assert all(waits in Client().get(page).content.decode() for page in pages)
    page = world.cast.client("dispatcher").get(f"/matters/{matter.pk}").content.decode()
    assert waits in page and "do-exclude" not in page  # who declined it is not asked
    assert "do-exclude" in head.get(f"/matters/{matter.pk}").content.decode()
    assert f"/matters/{matter.pk}#do-exclude" in head.get("/matters/exclusions").content.decode()
    own = world.cast.client("dispatcher").get("/matters/exclusions").content.decode()
    assert f'"/matters/{matter.pk}"' in own
    given = {"confirmed": "1", "reason": "确属违法诉求"}
    answer = world.cast.client("dispatcher").post(f"/matters/{matter.pk}/exclude", given)
    assert answer.status_code == 403 and "须由他人确认" in answer.content.decode()
    assert head.post(f"/matters/{matter.pk}/exclude", {"confirmed": "2", "reason": "x"}).status_code == 400
    assert head.post(f"/matters/{matter.pk}/exclude", given).status_code == 302
    assert all(left in Client().get(page).content.decode() for page in pages)
    assert "确属违法诉求" in Client().get("/public/matters").content.decode()
    page = head.get(f"/matters/{matter.pk}").content.decode()
    assert left in page and "do-exclude" not in page
    page = head.get("/matters/exclusions").content.decode()
    assert "没有待裁定的内容" in page and "确属违法诉求" in page
    neighbour = world.cast.client("neighbour_head").get("/matters/exclusions").content.decode()
    assert matter.number not in neighbour
    assert sound()


def imported(world):
    """What another system holds, one of it declined as against the law."""
    table = read_file(as_csv(GOOD))
    lead = world.cast.lead
    checked = check_lines(table.header, table.lines, mapping="old", rules=RULES, by=lead, at=world.at)
    how = {"name": "old.csv", "sha256": table.sha256, "mapping": "old", "rules": RULES}
    return import_lines(checked, **how, by=lead, at=world.at)


def test_what_another_system_declined_counts_until_another_in_the_lead_organisation_confirms(world):
    batch, lead, at = imported(world), world.cast.lead, world.later(days=1)
    [held] = Exclusion.objects.everywhere("a test").select_related("matter")
    assert (held.kind, held.judge, held.task, held.account) == ("UNLAWFUL", None, None, lead.account_id)
    assert held.ended_at == held.matter.ended_at
    with refused(SecondPerson):
        decide_exclusion(held.matter, confirmed=True, reason="同意", by=lead, at=at)
    with refused(NotAllowed):
        decide_exclusion(held.matter, confirmed=True, reason="同意", by=world.cast.district_head, at=at)
    page = world.cast.client("lead").get("/matters/exclusions").content.decode()
    assert held.matter.number in page and "由统筹部门决定" in page and "do-exclude" not in page

    def of_its_month():
        month = month_of(held.ended_at)
        return figures(CITY, since=month, until=next_month(month), at=at)

    assert of_its_month().resolution == Rate(1, 3)
    decide_exclusion(held.matter, confirmed=True, reason="同意", by=replace(lead, account_id=77), at=at)
    assert (of_its_month().resolution, of_its_month().excluded) == (Rate(1, 2), {"UNLAWFUL": 1})
    with refused(ImportInUse):
        undo_import(batch, by=lead, at=at)
    assert sound()


def test_an_import_that_is_undone_takes_what_it_proposed_with_it(world):
    batch = imported(world)
    undo_import(batch, by=world.cast.lead, at=world.later(hours=1))
    assert Exclusion.objects.everywhere("a test").count() == 0 and sound()


@pytest.mark.row("MAT-5")
def test_what_was_answered_or_not_found_before_waits_for_the_lead_organisation(world):
    kinds = ("ANSWERED", "NOT_FOUND", "REDIRECTED")
    matters = [declined(world, kind) for kind in kinds]
    Exclusion.objects.everywhere("a test").exclude(matter=matters[2]).delete()  # as it was before they were asked of
    migration = import_module("qipan.matters.migrations.0035_ask_of_all_declined")
    every = {one: one.objects.everywhere("a test") for one in (Matter, Exclusion)}
    plain = {"Matter": SimpleNamespace(objects=every[Matter]), "Exclusion": Exclusion}
    migration.ask(SimpleNamespace(get_model=lambda _room, name: plain[name]), None)
    assert audit_exclusions() == []
    rows = Exclusion.objects.everywhere("a test").order_by("pk")
    assert [(one.matter_id, one.kind, one.judge_id is None, one.task_id is None) for one in rows] == [
        (matters[2].pk, "REDIRECTED", False, False), (matters[0].pk, "ANSWERED", True, True),
        (matters[1].pk, "NOT_FOUND", True, True),
    ]  # fmt: skip
    page = world.cast.client("lead").get("/matters/exclusions").content.decode()
    assert all(one.number in page for one in matters) and page.count("由统筹部门决定") == 2
    at = world.later(days=1)
    assert rates(world, at).resolution == Rate(0, 3)
    decide_exclusion(matters[1], confirmed=True, reason="现场核实", by=world.cast.lead, at=at)
    assert (rates(world, at).resolution, rates(world, at).excluded) == (Rate(0, 2), {"NOT_FOUND": 1})
    assert sound()
    plain["Exclusion"] = SimpleNamespace(objects=every[Exclusion])
    migration.forget(SimpleNamespace(get_model=lambda _room, name: plain[name]), None)
    assert sorted(rows.values_list("kind", flat=True)) == ["NOT_FOUND", "REDIRECTED"]
