"""Sending, receipts, who has not read, lead times, recall."""

from datetime import timedelta

import pytest

from qipan.access.testing import Cast
from qipan.desk.actions.admissions import admit_emergency
from qipan.desk.actions.receipts import (
    NotTheOwner,
    ObjectionPending,
    ReasonMissing,
    TaskClosed,
    TaskRecalled,
    UnknownState,
    answer_task,
    receive,
)
from qipan.desk.actions.sending import NotAdmitted, recall_tasks, send_task, send_tasks
from qipan.desk.models import Admission, Task, TaskStep
from qipan.desk.queries.desks import get_task
from qipan.desk.queries.receipts import ReceiptRow, lead_times, receipt_tree, unread, unread_count
from qipan.desk.terms import TaskKind, TaskState
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import place_of, range_of
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.territory.api import get_area

CITY = range_of("5101")
SOURCE = "directive:1"


def admitted(city: Cast, **changes) -> Admission:
    given = {
        "title": "取暖排查",
        "declaration": "成应急〔2026〕1号",
        "basis": "《突发事件应对法》第七十二条",
        "valid_to": city.at + timedelta(days=14),
        "by": city.city_commander,
        "at": city.at,
    }
    return admit_emergency(**given | changes)


def send(city: Cast, *, admission: Admission | None, **changes) -> int:
    given = {
        "kind": TaskKind.DIRECTIVE,
        "source": SOURCE,
        "title": "核查供暖",
        "asker": city.unit("5101:city-command"),
        "organ_types": ["community", "compound"],
        "grounds": [CITY],
        "basis": "《突发事件应对法》第七十三条",
        "admission": admission,
        "due_at": city.at + timedelta(hours=8),
        "by": city.city_commander,
        "at": city.at,
    }
    return send_tasks(**given | changes)


def tasks(**which) -> list[Task]:
    return list(Task.objects.everywhere("a test").filter(**which).order_by("place", "pk"))


def task_of(city: Cast, unit: str, source: str = SOURCE) -> Task:
    return Task.objects.everywhere("a test").get(owner=city.unit(unit), source=source)


@pytest.mark.row("EMG-4")
def test_one_statement_puts_a_task_on_every_desk_once(city: Cast, django_assert_max_num_queries):
    admission = admitted(city)
    with django_assert_max_num_queries(7):
        assert send(city, admission=admission) == 8 + 16
    assert send(city, admission=admission) == 0
    community = task_of(city, "510104001001:community")
    assert (community.state, community.place) == ("SENT", place_of("510104001001"))
    assert community.admission == admission
    assert community.sent_by == city.city_commander.label
    assert community.remind_at == city.at + timedelta(hours=6)
    assert not community.on_paper


@pytest.mark.row("EMG-4")
def test_a_directive_reaches_only_the_chosen_kinds_and_ground(city: Cast):
    ground = range_of("510105")
    assert send(city, admission=admitted(city), organ_types=["community"], grounds=[ground]) == 4
    assert {task.place in ground for task in tasks()} == {True}


def test_compounds_without_a_screen_are_marked_as_reached_on_paper(city: Cast):
    paper = [place_of("510104001001001")]
    send(city, admission=admitted(city), organ_types=["compound", "property-company"], paper_places=paper)
    assert [task.owner.code for task in tasks(on_paper=True)] == ["510104001001001:compound"]


@pytest.mark.row("ORG-10")
@pytest.mark.parametrize("kind", ["community", "compound", "property-company"])
def test_work_for_units_that_only_execute_is_not_sent_without_admission(city: Cast, kind: str):
    with pytest.raises(NotAdmitted):
        send(city, admission=None, organ_types=["street-office", kind])
    assert (tasks(), TaskStep.objects.count()) == ([], 0)


@pytest.mark.row("ORG-10")
def test_an_admission_that_does_not_hold_opens_nothing(city: Cast):
    over = admitted(city, valid_to=city.at + timedelta(hours=1))
    narrow = admitted(city, organ_types=["community"], title="另一件")
    theirs = admitted(city, by=city.district_head, title="区里的事")
    health = city.unit("5101:health")
    for changes in (
        {"admission": over, "at": city.at + timedelta(hours=1)},
        {"admission": narrow},
        {"admission": theirs, "asker": health},
    ):
        with pytest.raises(NotAdmitted):
            send(city, **changes)
    assert tasks() == []
    assert send(city, admission=narrow, organ_types=["community"]) == 8


def test_streets_and_commands_need_no_admission(city: Cast):
    assert send(city, admission=None, organ_types=["street-office", "district-command"]) == 6


def test_nothing_is_sent_outside_the_scope_or_to_an_unknown_kind(city: Cast):
    admission = admitted(city)
    for changes in (
        {"by": city.district_head, "grounds": [range_of("510105")]},
        {"grounds": []},
        {"organ_types": ["harbour"]},
    ):
        with pytest.raises(NotFound):
            send(city, admission=admission, **changes)
    assert tasks() == []


def test_one_task_for_one_unit_is_sent_once(city: Cast):
    given = {
        "kind": TaskKind.REQUEST,
        "source": "request:1",
        "title": "协助",
        "asker": city.unit("510104001:street-office"),
        "owner": city.unit("5101:health"),
        "place": place_of("510104001"),
        "basis": "责任清单",
        "by": city.dispatcher,
        "at": city.at,
    }
    task = send_task(**given)
    assert send_task(**given) == task
    with pytest.raises(NotFound):
        send_task(**given | {"place": place_of("510105001"), "source": "request:2"})
    with pytest.raises(NotAdmitted):
        send_task(**given | {"owner": city.unit("510104001001:community"), "source": "request:3"})
    assert len(tasks()) == 1


@pytest.mark.row("EMG-4")
def test_receipts_move_forward_only_and_a_resend_is_harmless(city: Cast):
    send(city, admission=admitted(city))
    task = task_of(city, "510104001001:community")
    later = city.at + timedelta(minutes=5)

    def say(state: str, note: str = "") -> tuple[str, str, str]:
        [answer] = receive([(task.pk, state, None, note)], by=city.worker, at=later)
        return answer.answer, answer.code, answer.state

    assert say("DELIVERED") == ("stored", "", "DELIVERED")
    assert say("DELIVERED") == ("unchanged", "", "DELIVERED")
    assert say("ACCEPTED") == ("stored", "", "ACCEPTED")
    assert say("READ") == ("unchanged", "", "ACCEPTED")
    assert say("OBJECTED") == ("refused", "reason_missing", "ACCEPTED")
    assert say("RECALLED") == ("refused", "unknown_state", "ACCEPTED")
    assert say("DONE", "已核查") == ("stored", "", "DONE")
    assert say("ACCEPTED") == ("unchanged", "", "DONE")
    assert say("OBJECTED", "晚了") == ("refused", "closed", "DONE")
    task = task_of(city, "510104001001:community")
    assert (task.state, task.closed_at, task.note) == ("DONE", later, "已核查")
    assert list(task.steps.order_by("pk").values_list("state", "by_label")) == [
        (state, city.worker.label) for state in ("DELIVERED", "ACCEPTED", "DONE")
    ]


def test_done_at_once_implies_delivered_read_and_accepted(city: Cast):
    send(city, admission=admitted(city))
    task = answer_task(
        task_of(city, "510104001001:community"), state="DONE", by=city.worker, at=city.at + timedelta(minutes=1)
    )
    moment = city.at + timedelta(minutes=1)
    assert (task.delivered_at, task.read_at, task.accepted_at, task.closed_at) == (moment,) * 4


@pytest.mark.row("EMG-4")
def test_each_item_of_a_batch_has_its_own_answer(city: Cast):
    send(city, admission=admitted(city))
    own, compound = task_of(city, "510104001001:community"), task_of(city, "510104001001001:compound")
    other = task_of(city, "510104001002:community")
    answers = receive(
        [
            (own.pk, "READ", None),
            (compound.pk, "DELIVERED", None),
            (other.pk, "READ", None),
            (own.pk, "DELIVERED", None),
            (own.pk, "DONE", None),
            (987654321, "READ", None),
        ],
        by=city.worker,
        at=city.at,
    )
    assert [(answer.answer, answer.code) for answer in answers] == [
        ("stored", ""),
        ("stored", ""),
        ("refused", "not_found"),
        ("unchanged", ""),
        ("stored", ""),
        ("refused", "not_found"),
    ]
    assert task_of(city, "510104001002:community").state == "SENT"
    assert list(own.steps.order_by("pk").values_list("state", flat=True)) == ["READ", "DONE"]


def test_more_than_500_receipts_are_refused_whole(city: Cast):
    with pytest.raises(BadInput):
        receive([(n, "READ", None) for n in range(501)], by=city.worker, at=city.at)


def test_a_clock_that_cannot_be_right_is_not_believed(city: Cast):
    send(city, admission=admitted(city))
    at = city.at + timedelta(hours=1)
    said = {
        "510104001001": -timedelta(minutes=20),
        "510104001002": timedelta(days=1),
        "510104002001": -timedelta(days=1),
    }
    everybody = Scope.of([CITY])
    for code, shift in said.items():
        unit = city.unit(f"{code}:community")
        by = Actor(label=unit.name, acts=frozenset({"task.answer"}), scope=everybody, unit_id=unit.pk)
        receive([(task_of(city, unit.code).pk, "READ", at + shift)], by=by, at=at)
    assert [task_of(city, f"{code}:community").read_at for code in said] == [at - timedelta(minutes=20), at, at]


@pytest.mark.parametrize(
    ("who", "unit", "refusal"),
    [
        ("worker", "510104001001:community", None),
        ("worker", "510104001001001:compound", None),
        ("guard", "510104001001001:compound", None),
        ("guard", "510104001001:community", NotFound),
        ("neighbour_worker", "510104001001:community", NotFound),
        ("neighbour_head", "510104001001:community", NotFound),
        ("dispatcher", "510104001001:community", NotTheOwner),
        ("dispatcher", "510104001001001:compound", NotTheOwner),
        ("city_commander", "510104001001:community", NotTheOwner),
        ("auditor", "510104001001:community", NotAllowed),
        ("stranger", "510104001001:community", NotAllowed),
    ],
)
def test_who_may_answer(city: Cast, who: str, unit: str, refusal):
    send(city, admission=admitted(city))
    task = task_of(city, unit)
    if refusal is None:
        assert answer_task(task, state="READ", by=getattr(city, who), at=city.at).state == "READ"
        return
    with pytest.raises(refusal):
        answer_task(task, state="READ", by=getattr(city, who), at=city.at)
    assert (task_of(city, unit).state, TaskStep.objects.count()) == ("SENT", 0)


def test_a_printed_sheet_is_signed_for_by_who_collects_it(city: Cast):
    send(city, admission=admitted(city), paper_places=[place_of("510104001001001")])
    assert answer_task(task_of(city, "510104001001001:compound"), state="ACCEPTED", by=city.dispatcher, at=city.at)


def test_refusals_of_one_answer(city: Cast):
    send(city, admission=admitted(city))
    task = task_of(city, "510104001001:community")

    def refused(state: str, note: str = "") -> type:
        with pytest.raises(Exception) as caught:
            answer_task(task, state=state, note=note, by=city.worker, at=city.at)
        return caught.type

    assert refused("LOST") is UnknownState
    assert refused("OBJECTED", "  ") is ReasonMissing
    answer_task(task, state="OBJECTED", note="不属于社区", by=city.worker, at=city.at)
    assert refused("DONE") is ObjectionPending
    recall_tasks(SOURCE, note="有误", by=city.city_commander, at=city.at)
    assert refused("DONE") is TaskRecalled
    done = send_task(
        kind=TaskKind.CARD, source="card:1", title="x", asker=city.unit("510104001001:community"),
        owner=city.unit("510104001001:community"), place=task.place, basis="b", by=city.worker, at=city.at,
    )  # fmt: skip
    answer_task(done, state="DONE", by=city.worker, at=city.at)
    task = done
    assert refused("OBJECTED", "晚了") is TaskClosed


@pytest.mark.row("EMG-4")
def test_the_unread_list_is_exact_in_any_subtree_and_paged_by_place(city: Cast):
    send(city, admission=admitted(city))
    answer_task(task_of(city, "510104001001:community"), state="READ", by=city.worker, at=city.at)
    street = Scope.of([range_of("510104001")])
    assert unread_count(SOURCE, scope=street) == 5
    assert unread_count(SOURCE, scope=Scope.of([CITY])) == 23
    seen, after = [], None
    while page := unread(SOURCE, scope=street, after=after, limit=2):
        seen += [task.owner.code for task in page]
        after = (page[-1].place, page[-1].pk)
    assert seen == [
        "510104001001001:compound",
        "510104001001002:compound",
        "510104001002:community",
        "510104001002001:compound",
        "510104001002002:compound",
    ]
    assert unread_count(SOURCE, scope=Scope()) == 0


@pytest.mark.row("EMG-4")
def test_receipts_are_counted_by_area_nested_or_not(city: Cast, django_assert_num_queries):
    send(city, admission=admitted(city))
    answer_task(task_of(city, "510104001001:community"), state="DONE", by=city.worker, at=city.at)
    answer_task(task_of(city, "510104001001001:compound"), state="OBJECTED", note="x", by=city.guard, at=city.at)
    areas = [get_area(code) for code in ("5101", "510104", "510104001001", "510105", "510104001001001")]
    with django_assert_num_queries(1):
        rows = receipt_tree(SOURCE, areas)
    assert rows == [
        ReceiptRow("5101", 24, 2, 2, 1, 1, 1),
        ReceiptRow("510104", 12, 2, 2, 1, 1, 1),
        ReceiptRow("510104001001", 3, 2, 2, 1, 1, 1),
        ReceiptRow("510105", 12),
        ReceiptRow("510104001001001", 1, 1, 1, 0, 0, 1),
    ]
    assert receipt_tree("directive:2", areas[:1]) == [ReceiptRow("5101")]
    assert receipt_tree(SOURCE, []) == []


@pytest.mark.row("EMG-6")
def test_lead_time_runs_from_the_decision_to_the_last_node(city: Cast):
    decided = city.at - timedelta(minutes=10)
    assert lead_times(SOURCE, since=decided).asked == 0
    send(city, admission=admitted(city), organ_types=["compound"])
    empty = lead_times(SOURCE, since=decided)
    assert (empty.asked, empty.delivered, empty.p50_s, empty.last_owner) == (16, 0, None, "")
    everybody = Scope.of([CITY])
    for minutes, task in enumerate(tasks()[:10]):
        by = Actor(label=f"{minutes}", acts=frozenset({"task.answer"}), scope=everybody, unit_id=task.owner_id)
        receive([(task.pk, "DELIVERED", None)], by=by, at=city.at + timedelta(minutes=minutes))
    lead = lead_times(SOURCE, since=decided)
    assert (lead.asked, lead.delivered, lead.p50_s, lead.p95_s, lead.last_s) == (16, 10, 840, 1140, 1140)
    assert lead.last_owner == tasks()[9].owner.label


@pytest.mark.row("EMG-4")
def test_recall_closes_what_is_open_with_its_step_and_leaves_what_is_done(city: Cast):
    send(city, admission=admitted(city))
    answer_task(task_of(city, "510104001001:community"), state="DONE", by=city.worker, at=city.at)
    at = city.at + timedelta(hours=1)
    assert recall_tasks(SOURCE, note="已由2号代替", by=city.city_commander, at=at) == 23
    assert recall_tasks(SOURCE, note="again", by=city.city_commander, at=at) == 0
    assert len(tasks(state=TaskState.RECALLED, closed_at=at, note="已由2号代替")) == 23
    assert task_of(city, "510104001001:community").state == "DONE"
    assert TaskStep.objects.filter(state="RECALLED", by_label=city.city_commander.label, at=at).count() == 23
    assert unread_count(SOURCE, scope=Scope.of([CITY])) == 0


@pytest.mark.row("ORG-2")
def test_a_task_is_seen_in_its_subtree_by_its_owner_and_by_who_asked(city: Cast):
    send(city, admission=admitted(city))
    task = task_of(city, "510104001001:community")
    for who in (city.dispatcher, city.district_head, city.worker, city.city_commander):
        assert get_task(task.pk, actor=who) == task
    for who in (city.neighbour_dispatcher, city.neighbour_head, city.stranger, city.neighbour_worker):
        with pytest.raises(NotFound):
            get_task(task.pk, actor=who)
