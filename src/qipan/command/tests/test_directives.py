from datetime import timedelta

import pytest
from django.utils.translation import override

from qipan.command.actions.directives import (
    AlreadyRecalled,
    AlreadyReplaced,
    BasisMissing,
    DecidedInTheFuture,
    DueInThePast,
    EmptyTarget,
    NothingChanged,
    NumberTaken,
)
from qipan.command.api import (
    Directive,
    count_recipients,
    directive_report,
    directives_for,
    get_directive,
    issue_directive,
    recall_directive,
    revise_directive,
)
from qipan.command.models import DirectiveTarget
from qipan.command.queries import lead_for, receipts_at, unread_page
from qipan.desk.api import NotAdmitted, ShortNoticeAtNight, Task, TaskState, receive
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.territory.api import children

from .conftest import Entry, Message, declare_epidemic

CITY, JINJIANG = range_of("5101"), range_of("510104")


def issue(cast, by=None, **changed):
    by = by or cast.city_commander
    given = {
        "number": "成指〔2026〕1号",
        "title": "检查老旧院落供暖",
        "body": "一、逐院检查。\n二、当日回复。",
        "basis": "责任清单 2026-01 第34项",
        "organ_types": ["community"],
        "grounds": [JINJIANG],
        "decided_at": cast.at - timedelta(minutes=10),
        "due_at": cast.at + timedelta(hours=6),
        "issuer": cast.unit("5101:city-command"),
        "by": by,
        "at": cast.at,
    }
    return issue_directive(**{**given, **changed})


def tasks():
    return Task.objects.everywhere("a test")


def nothing_written(*, messages=0):
    """Nothing of a directive stands, and no more messages than ``messages`` that others queued before."""
    return not (
        Directive.objects.exists()
        or DirectiveTarget.objects.exists()
        or tasks().filter(source__startswith="directive:").exists()
        or Message.objects.count() != messages
        or Entry.objects.filter(act="command.issue_directive").exists()
    )


@pytest.mark.row("EMG-4")
def test_a_directive_lies_on_every_desk_of_its_targets_and_no_other(cast, admitted):
    directive = issue(cast, organ_types=["community", "compound"], admission=admitted)
    receipts = tasks().filter(source=directive.source)
    assert directive.recipients == receipts.count() == 4 + 8
    assert {(task.place in JINJIANG, task.state, task.due_at, task.basis) for task in receipts} == {
        (True, TaskState.SENT, cast.at + timedelta(hours=6), "责任清单 2026-01 第34项")
    }
    entry = Entry.objects.get(act="command.issue_directive")
    assert (entry.data["recipients"], entry.data["version"], entry.by_label) == (12, 1, cast.city_commander.label)
    message = Message.objects.get(key=directive.source)
    assert (message.payload["recipients"], message.drill) == (12, False)


@pytest.mark.row("EMG-4")
def test_a_ground_is_cut_to_the_issuers_scope(cast, admitted):
    directive = issue(
        cast,
        cast.district_head,
        issuer=cast.unit("510104:district-command"),
        organ_types=["street-office"],
        grounds=[CITY],
    )
    assert directive.recipients == 2
    assert list(directive.targets.values_list("organ_type", "first", "last")) == [("street-office", *JINJIANG)]


def test_a_ground_outside_the_scope_looks_missing(cast):
    with pytest.raises(NotFound):
        issue(
            cast,
            cast.district_head,
            issuer=cast.unit("510104:district-command"),
            organ_types=["street-office"],
            grounds=[JINJIANG, range_of("510105")],
        )
    assert nothing_written()


@pytest.mark.row("ORG-10")
def test_work_for_communities_that_was_not_admitted_is_not_sent(cast):
    with pytest.raises(NotAdmitted):
        issue(cast, cast.department, issuer=cast.unit("5101:health"))
    assert nothing_written()


@pytest.mark.row("ORG-10")
def test_a_department_sends_to_street_offices_without_admission(cast):
    directive = issue(cast, cast.department, issuer=cast.unit("5101:health"), organ_types=["street-office"])
    assert directive.recipients == 2


@pytest.mark.parametrize(
    ("_case", "changed", "refusal"),
    [
        ("nobody stands there", {"organ_types": ["department"]}, EmptyTarget),
        ("no kind chosen", {"organ_types": []}, EmptyTarget),
        ("unknown kind", {"organ_types": ["dragon"]}, NotFound),
        ("no ground", {"grounds": []}, NotFound),
        ("no basis", {"basis": "  "}, BasisMissing),
        ("no title", {"title": " "}, BadInput),
        ("no text", {"body": ""}, BadInput),
        ("no number", {"number": ""}, BadInput),
    ],
)
def test_what_is_missing_is_refused(cast, admitted, _case, changed, refusal):
    with pytest.raises(refusal):
        issue(cast, **{"admission": admitted, **changed})
    assert nothing_written()


def test_due_before_sending_and_decided_after_it_are_refused(cast, admitted):
    with pytest.raises(DueInThePast):
        issue(cast, admission=admitted, due_at=cast.at)
    with pytest.raises(DecidedInTheFuture):
        issue(cast, admission=admitted, decided_at=cast.at + timedelta(seconds=1))
    assert nothing_written()


def test_a_number_is_used_once(cast, admitted):
    issue(cast, admission=admitted)
    with pytest.raises(NumberTaken):
        issue(cast, admission=admitted)
    assert Directive.objects.count() == 1


@pytest.mark.parametrize("name", ["dispatcher", "worker", "guard", "lead", "auditor", "stranger", "screener"])
def test_a_post_without_the_act_issues_nothing(cast, name):
    with pytest.raises(NotAllowed):
        issue(cast, getattr(cast, name))
    assert nothing_written()


def test_nobody_issues_in_another_units_name(cast):
    with pytest.raises(NotAllowed):
        issue(cast, cast.district_head, issuer=cast.unit("5101:city-command"), organ_types=["street-office"])
    assert nothing_written()


class TestAtNight:
    """users.md, pain 1: "report in half an hour" at 23:30."""

    def ask(self, cast, **changed):
        at = cast.at.replace(hour=23, minute=30)
        given = {"organ_types": ["street-office"], "at": at, "decided_at": at, "due_at": at + timedelta(minutes=30)}
        return issue(cast, **{**given, **changed})

    def test_a_demand_with_half_an_hour_is_refused(self, cast):
        with pytest.raises(ShortNoticeAtNight):
            self.ask(cast, named_person="陈主任")
        assert nothing_written()

    def test_level_one_is_not_enough_without_a_name(self, cast, declared):
        self.take(cast, declared)
        before = Message.objects.count()  # the change of posture is told
        with pytest.raises(ShortNoticeAtNight):
            self.ask(cast, named_person=" ")
        assert nothing_written(messages=before)

    def test_level_one_with_a_name_is_sent_and_keeps_the_name(self, cast, declared):
        self.take(cast, declared)
        assert self.ask(cast, named_person="陈主任").named_person == "陈主任"

    def test_level_three_is_not_grave_enough(self, cast):
        self.take(cast, declare_epidemic(cast, level=3))
        with pytest.raises(ShortNoticeAtNight):
            self.ask(cast, named_person="陈主任")

    def test_a_posture_over_a_part_of_the_ground_is_not_enough(self, cast, declared):
        self.take(cast, declared)
        with pytest.raises(ShortNoticeAtNight):
            self.ask(cast, named_person="陈主任", grounds=[CITY])

    def test_a_drill_posture_opens_the_night_for_drills_only(self, cast):
        self.take(cast, declare_epidemic(cast, drill=True))
        with pytest.raises(ShortNoticeAtNight):
            self.ask(cast, named_person="陈主任")
        assert self.ask(cast, named_person="陈主任", drill=True).drill is True

    def take(self, cast, declaration):
        from qipan.posture.api import take_posture

        take_posture(declaration, grounds=[JINJIANG], by=cast.city_commander, at=cast.at)


@pytest.mark.row("EMG-4")
def test_a_revision_recalls_what_is_open_sends_anew_and_says_what_changed(cast, admitted):
    first = issue(cast, admission=admitted)
    done = tasks().filter(source=first.source).order_by("place").first()
    receive([(done.pk, TaskState.DONE, cast.at)], by=cast.worker, at=cast.at)
    with override("en"):  # whoever revises reads English; what the others have is a document of the city
        second = revise_directive(
            first,
            title=first.title,
            body="一、逐院检查。\n二、次日回复。",
            basis=first.basis,
            decided_at=cast.at,
            due_at=first.due_at,
            by=cast.city_commander,
            at=cast.at + timedelta(minutes=5),
        )
    assert (second.number, second.version, second.supersedes_id, second.recipients) == (first.number, 2, first.pk, 4)
    assert second.changes == [["body", first.body, second.body]]
    states = tasks().filter(source=first.source).values_list("state", "note")
    assert sorted(states) == [("DONE", ""), *[("RECALLED", "由第 2 版取代")] * 3]
    assert set(tasks().filter(source=second.source).values_list("state", flat=True)) == {"SENT"}
    with pytest.raises(AlreadyReplaced):
        recall_directive(first, reason="过时", by=cast.city_commander, at=cast.at + timedelta(minutes=6))


def revise(cast, directive, **changed):
    given = {
        "title": directive.title,
        "body": "新的内容",
        "basis": directive.basis,
        "decided_at": cast.at,
        "due_at": directive.due_at,
        "by": cast.city_commander,
        "at": cast.at,
    }
    return revise_directive(directive, **{**given, **changed})


def test_a_revision_that_changes_nothing_is_refused(cast, admitted):
    directive = issue(cast, admission=admitted)
    with pytest.raises(NothingChanged):
        revise(cast, directive, body=directive.body)
    assert Directive.objects.count() == 1
    assert set(tasks().values_list("state", flat=True)) == {"SENT"}


def test_only_the_issuer_revises(cast):
    directive = issue(
        cast, cast.district_head, issuer=cast.unit("510104:district-command"), organ_types=["street-office"]
    )
    with pytest.raises(NotAllowed):
        revise(cast, directive)
    assert Directive.objects.count() == 1


def test_a_recall_closes_open_receipts_and_keeps_its_reason(cast, admitted):
    directive = issue(cast, admission=admitted)
    assert recall_directive(directive, reason="地址有误", by=cast.city_commander, at=cast.at) == 4
    directive.refresh_from_db()
    assert (directive.recall_reason, directive.recalled_by) == ("地址有误", cast.city_commander.label)
    assert set(tasks().filter(source=directive.source).values_list("state", "note")) == {("RECALLED", "地址有误")}
    with pytest.raises(AlreadyRecalled):
        recall_directive(directive, reason="再次", by=cast.city_commander, at=cast.at)
    assert Entry.objects.filter(act="command.recall_directive").count() == 1


def test_a_recall_needs_a_reason_and_the_act(cast, admitted):
    directive = issue(cast, admission=admitted)
    with pytest.raises(BadInput):
        recall_directive(directive, reason=" ", by=cast.city_commander, at=cast.at)
    with pytest.raises(NotAllowed):
        recall_directive(directive, reason="误", by=cast.dispatcher, at=cast.at)
    with pytest.raises(NotFound):
        recall_directive(directive, reason="误", by=cast.district_head, at=cast.at)
    assert set(tasks().values_list("state", flat=True)) == {"SENT"}


@pytest.mark.row("EMG-3")
def test_the_higher_command_prevails_and_the_journal_says_so(cast):
    directive = issue(
        cast, cast.district_head, issuer=cast.unit("510104:district-command"), organ_types=["street-office"]
    )
    with pytest.raises(NotFound):
        recall_directive(directive, reason="不同意", by=cast.neighbour_head, at=cast.at)
    assert recall_directive(directive, reason="与市指令不一致", by=cast.city_commander, at=cast.at) == 2
    entry = Entry.objects.get(act="command.overrule_directive")
    assert (entry.by_label, entry.data["reason"]) == (cast.city_commander.label, "与市指令不一致")


@pytest.mark.row("EMG-6")
def test_lead_time_runs_from_the_decision_to_the_last_node(cast, admitted):
    directive = issue(cast, admission=admitted, grounds=[CITY])  # eight communities, decided ten minutes before
    receipts = list(tasks().filter(source=directive.source).order_by("place"))
    everywhere = Actor(label="delivery", acts=frozenset({"task.answer"}), scope=Scope((CITY,)))
    for minute, task in enumerate(receipts):
        at = cast.at + timedelta(minutes=minute)
        owner = Actor(label="o", acts=everywhere.acts, scope=everywhere.scope, unit_id=task.owner_id)
        receive([(task.pk, TaskState.DELIVERED, at)], by=owner, at=at)
    report = directive_report(directive, children("5101"))
    assert (report.lead.asked, report.lead.delivered) == (8, 8)
    assert (report.lead.p50_s, report.lead.p95_s, report.lead.last_s) == (780, 1020, 1020)
    assert report.lead.last_owner == receipts[-1].owner.label
    assert [(row.code, row.asked, row.delivered, row.read) for row in report.rows] == [
        ("510104", 4, 4, 0),
        ("510105", 4, 4, 0),
    ]
    assert report.unread == 8


def test_the_tree_of_an_area_sums_to_its_total_at_every_level(cast, admitted):
    kinds = ["district-command", "street-office", "community", "compound"]
    directive = issue(cast, admission=admitted, organ_types=kinds, grounds=[CITY])
    for code, own, below in [
        ("5101", 0, 2),
        ("510104", 1, 2),
        ("510104001", 1, 2),
        ("510104001001", 1, 2),
        ("510104001001001", 1, 0),
    ]:
        tree = receipts_at(directive, code, actor=cast.city_commander)
        assert (tree.own["asked"], len(tree.below)) == (own, below)
        assert tree.total.asked == own + sum(row.asked for _area, row in tree.below)
    assert receipts_at(directive, "", actor=cast.city_commander).total.asked == 2 + 4 + 8 + 16 == directive.recipients


def test_a_district_sees_its_own_receipts_only(cast, admitted):
    directive = issue(cast, admission=admitted, grounds=[CITY])
    tree = receipts_at(directive, "", actor=cast.district_head)
    assert (tree.area.code, tree.total.asked) == ("510104", 4)
    above = receipts_at(directive, "5101", actor=cast.district_head)
    assert (above.total.asked, [(area.code, row.asked) for area, row in above.below]) == (4, [("510104", 4)])
    assert lead_for(directive, actor=cast.district_head) is None
    assert lead_for(directive, actor=cast.city_commander).asked == 8
    with pytest.raises(NotFound):
        receipts_at(directive, "510105", actor=cast.district_head)


def test_the_unread_list_is_paged_and_exact(cast, admitted):
    directive = issue(cast, admission=admitted, organ_types=["community", "compound"], grounds=[CITY])
    first = tasks().filter(source=directive.source).order_by("place", "pk").first()
    owner = Actor(label="o", acts=frozenset({"task.answer"}), scope=Scope((CITY,)), unit_id=first.owner_id)
    receive([(first.pk, TaskState.READ, cast.at)], by=owner, at=cast.at)
    seen, after = [], ""
    while True:
        page = unread_page(directive, "", actor=cast.city_commander, after=after, limit=5)
        assert page.count == 23
        seen += [task.pk for task in page.tasks]
        if not page.next:
            break
        after = page.next
    assert seen == list(
        tasks()
        .filter(source=directive.source)
        .exclude(pk=first.pk)
        .order_by("place", "pk")
        .values_list("pk", flat=True)
    )


def test_recipients_are_counted_before_sending(cast):
    rows = count_recipients(["community", "compound"], [JINJIANG])
    assert [(row.organ_type, row.units, row.executes_only) for row in rows] == [
        ("community", 4, True),
        ("compound", 8, True),
    ]
    assert count_recipients([], [JINJIANG]) == []


def test_who_may_read_a_directive(cast, admitted):
    directive = issue(cast, admission=admitted)
    for name in ("city_commander", "district_head", "dispatcher", "worker", "lead", "auditor"):
        assert get_directive(directive.pk, actor=getattr(cast, name)) == directive, name
    for name in ("neighbour_head", "guard", "screener", "stranger"):
        with pytest.raises(NotFound):
            get_directive(directive.pk, actor=getattr(cast, name))
        assert not directives_for(getattr(cast, name)).exists()
