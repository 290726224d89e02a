"""ORG-5: what lies on the desk of a unit that was merged goes to its heir, with its clock as it stands."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils.timezone import localdate

from qipan.access.api import forget
from qipan.access.testing import Cast
from qipan.desk.actions.asking import NotTheAsker, decide_objection
from qipan.desk.actions.inheriting import hand_over_desks
from qipan.desk.actions.lateness import Escalated, escalate_late
from qipan.desk.actions.receipts import answer_task, receive
from qipan.desk.actions.sending import send_task
from qipan.desk.jobs import look
from qipan.desk.models import Task
from qipan.desk.queries.audits import audit_tasks
from qipan.desk.queries.burden import audit_burden
from qipan.desk.queries.desks import forget_units, history
from qipan.desk.queries.receipts import receipts_of
from qipan.desk.terms import TaskKind
from qipan.duties.api import heir_of
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.place import CODE_LENGTHS, STREET, place_of, range_of
from qipan.territory.api import Area, DivisionRow, import_divisions
from qipan.territory.testing import merge

from .test_receipts import admitted, send

pytestmark = [pytest.mark.django_db, pytest.mark.row("ORG-5")]
OLD, HEIR, FAR = "510104001", "510104002", "510105001"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CLOCK = Actor.system("desk clock", ranges=[range_of("5101")])
Entry, Message = apps.get_model("journal", "Entry"), apps.get_model("journal", "Message")


def office(code: str) -> str:
    return f"{code}:street-office"


def ask(city: Cast, code: str = OLD, *, asker: str = "510104:district-command", source: str = "request:1", **changed):
    owner = city.unit(office(code))
    given = {
        "kind": TaskKind.REQUEST,
        "source": source,
        "title": "核对名册",
        "asker": city.unit(asker),
        "owner": owner,
        "place": owner.place,
        "basis": "年度计划",
        "due_at": city.at + 8 * HOUR,
        "by": city.city_commander,
        "at": city.at,
    }
    return send_task(**given | changed)


def moments(task: Task) -> dict[str, object]:
    names = ("created_at", "due_at", "remind_at", "reminded_at", "delivered_at", "read_at", "accepted_at", "closed_at")
    return {name: getattr(task, name) for name in (*names, "escalation", "escalated_at", "clock", "state", "place")}


def again(task: Task) -> Task:
    return Task.objects.everywhere("a test").select_related("owner", "asker", "first_owner").get(pk=task.pk)


def handed_over() -> list[tuple[str, dict[str, object], bool]]:
    rows = Entry.objects.filter(act="desk.hand_over").order_by("pk")
    return [(row.subject, row.data, row.drill) for row in rows]


def test_it_lies_on_the_heirs_desk_and_its_clock_runs_on(city: Cast) -> None:
    task, drill = ask(city), ask(city, source="request:2", drill=True)
    answer_task(task, state="READ", by=city.dispatcher, at=city.at + MINUTE)
    closed = ask(city, source="request:3")
    answer_task(closed, state="DONE", by=city.dispatcher, at=city.at + MINUTE)
    before, at = moments(again(task)), city.at + HOUR
    merge(OLD, into=HEIR, at=at)
    old, heir = city.unit(office(OLD)), city.unit(office(HEIR))
    held = again(task)
    assert (held.owner, held.first_owner, held.asker) == (heir, old, city.unit("510104:district-command"))
    assert (moments(held), held.changed_at) == (before, at)
    assert (before["state"], before["due_at"], before["remind_at"]) == ("READ", city.at + 8 * HOUR, city.at + 6 * HOUR)
    assert [(step.state, step.at, step.note) for step in history(held)] == [
        ("SENT", city.at, ""),
        ("READ", city.at + MINUTE, ""),
        ("INHERITED", at, f"{old.name} → {heir.name}"),
    ]
    assert (again(drill).owner, again(closed).owner, again(closed).first_owner) == (heir, old, None)
    told = {"heir": heir.code, "tasks": 1}
    assert handed_over() == [(f"duties.Unit:{old.pk}", told, False), (f"duties.Unit:{old.pk}", told, True)]
    assert hand_over_desks(by=CLOCK, at=at + HOUR) == 0
    assert (len(handed_over()), again(task).changed_at, audit_tasks()) == (2, at, [])


def test_its_people_find_it_on_their_desk_and_finish_it_there(city: Cast) -> None:
    at = now()
    task = ask(city, at=at, due_at=at + 8 * HOUR)
    merge(OLD, into=HEIR, at=at)
    forget()
    forget_units()
    heir = city.client("neighbour_dispatcher")
    page = heir.get("/desk").content.decode()
    assert "核对名册" in page
    assert f"接自{city.unit(office(OLD)).name}" in page
    inbox = heir.get("/api/desk/inbox").json()
    assert [(one["id"], one["state"], one["owner"]) for one in inbox["tasks"]] == [
        (task.pk, "DELIVERED", office(HEIR)),
    ]
    assert "接自已撤并单位" in heir.get(f"/desk/tasks/{task.pk}").content.decode()
    for state in ("ACCEPTED", "DONE"):
        assert heir.post("/desk/answer", {"answer": f"{task.pk}:{state}"}).status_code == 302
        assert again(task).state == state
    assert city.client("dispatcher").get(f"/desk/tasks/{task.pk}").status_code == 404


def test_nobody_is_told_twice(city: Cast) -> None:
    task, soon = ask(city), ask(city, source="request:2", due_at=city.at + 12 * HOUR)
    late = city.at + 9 * HOUR + MINUTE
    assert escalate_late(at=late, by=CLOCK) == Escalated(1, 1, 0)
    notices = Message.objects.filter(channel="notice").count()
    merge(OLD, into=HEIR, at=late + MINUTE)
    assert (again(task).escalation, again(soon).reminded_at) == (1, late)
    assert escalate_late(at=late + 2 * MINUTE, by=CLOCK) == Escalated(0, 0, 0)
    assert Message.objects.filter(channel="notice").count() == notices
    assert escalate_late(at=city.at + 12 * HOUR, by=CLOCK) == Escalated(0, 1, 0)  # the other one, to the level above
    told = Message.objects.filter(payload__what="desk.late").values_list("payload__unit", "payload__tasks")
    assert list(told) == [("510104:district-command", 1)] * 2


def test_it_goes_on_with_each_merger(city: Cast) -> None:
    task = ask(city)
    merge(OLD, into=HEIR, at=city.at + HOUR)
    other = ask(city, HEIR, source="request:2")
    merge(HEIR, into=FAR, at=city.at + 2 * HOUR)
    heir = city.unit(office(FAR))
    assert [(again(one).owner, again(one).first_owner.code) for one in (task, other)] == [
        (heir, office(OLD)),
        (heir, office(HEIR)),
    ]
    assert [step.state for step in history(again(task))] == ["SENT", "INHERITED", "INHERITED"]
    assert [heir_of(city.unit(office(code))) for code in (OLD, HEIR, FAR)] == [heir, heir, heir]


def test_what_is_asked_of_a_merged_unit_afterwards_is_asked_of_its_heir_once(city: Cast) -> None:
    before = ask(city)
    merge(OLD, into=HEIR, at=city.at + HOUR)
    heir = city.unit(office(HEIR))
    assert ask(city).pk == before.pk
    later = ask(city, source="request:2", asker=office(OLD), at=city.at + 2 * HOUR)
    assert (later.owner, later.asker, later.first_owner, later.place) == (heir, heir, None, place_of(OLD))
    assert ask(city, source="request:2", asker=office(OLD), at=city.at + 2 * HOUR).pk == later.pk
    assert Task.objects.everywhere("a test").count() == 2


def test_what_both_were_asked_is_asked_for_both_grounds(city: Cast) -> None:
    given = {"organ_types": ["street-office"], "grounds": [range_of("510104")], "asker": city.unit("5101:city-command")}
    assert send(city, admission=None, **given) == 2
    tasks = Task.objects.everywhere("a test").filter(source="directive:1").order_by("place")
    answer_task(tasks[1], state="DONE", by=city.neighbour_dispatcher, at=city.at + MINUTE)
    merge(OLD, into=HEIR, at=city.at + HOUR)
    heir = city.unit(office(HEIR))
    assert [(one.owner, one.place, one.state) for one in tasks] == [
        (heir, place_of(OLD), "SENT"),
        (heir, place_of(HEIR), "DONE"),
    ]
    assert send(city, admission=None, **given) == 0
    forget_units()
    scope = city.city_commander.scope
    by = Actor("heir", acts=frozenset({"task.answer"}), scope=scope, unit_id=heir.pk)
    assert [one.answer for one in receive([(tasks[0].pk, "DONE")], by=by, at=city.at + 2 * HOUR)] == ["stored"]
    assert (receipts_of(["directive:1"], scope=scope)["directive:1"].asked, tasks.filter(state="DONE").count()) == (
        2,
        2,
    )


def test_where_the_heir_holds_the_very_same_or_the_map_names_none_the_level_above_is_told(city: Cast) -> None:
    first, old = ask(city), city.unit(office(OLD))
    ask(city, HEIR, place=old.place)
    merge(OLD, into=HEIR, at=city.at + HOUR)
    assert (again(first).owner, handed_over()) == (old, [])
    rows = [
        DivisionRow(one.code, one.name, one.level, one.code[: CODE_LENGTHS[one.level - 1]], one.name_en)
        for one in Area.objects.filter(hierarchy="OFFICIAL", valid_to=None)
    ]
    rows.append(DivisionRow(OLD, "锦江一街道", STREET, "510104", ""))
    surveyor = Actor.system("surveyor", acts=["territory.import"], ranges=[range_of("5101")])
    at = city.at + 2 * HOUR
    import_divisions(rows, valid_from=localdate(at), source="the map before", by=surveyor, at=at)  # merged back
    old = city.unit(office(OLD))
    assert heir_of(old) == old
    later = ask(city, source="request:2", at=at)
    assert (later.owner, hand_over_desks(by=CLOCK, at=at)) == (old, 0)
    assert escalate_late(at=city.at + 8 * HOUR, by=CLOCK).raised == 3
    told = Message.objects.get(payload__what="desk.late").payload
    assert (told["unit"], told["tasks"]) == ("510104:district-command", 3)


def test_the_burden_of_merged_communities_stays_where_it_was_caused(city: Cast) -> None:
    send(city, admission=admitted(city, minutes_per_unit=30), organ_types=["community"])
    merge("510104001001", into="510104001002", at=city.at + HOUR)
    tasks = Task.objects.everywhere("a test").filter(owner=city.unit("510104001002:community")).order_by("place")
    assert [one.place for one in tasks] == [place_of("510104001001"), place_of("510104001002")]
    assert (audit_burden(), audit_tasks()) == ([], [])
    forget_units()
    done = [(one.pk, "DONE") for one in tasks]
    acts = {"acts": frozenset({"task.answer"}), "unit_id": city.neighbour_worker.unit_id}
    by = Actor("worker", scope=city.dispatcher.scope, **acts)
    assert [one.answer for one in receive(done, by=by, at=city.at + 2 * HOUR)] == ["stored", "stored"]


def test_an_objection_to_what_a_merged_unit_asked_is_decided_by_its_heir(city: Cast) -> None:
    task = ask(city, FAR, asker=office(OLD), place=place_of(OLD))
    answer_task(
        task, state="OBJECTED", note="不属本辖区", at=city.at + MINUTE,
        by=Actor("far", acts=frozenset({"task.answer"}), scope=city.city_commander.scope, unit_id=task.owner_id),
    )  # fmt: skip
    merge(OLD, into=HEIR, at=city.at + HOUR)
    acts, at = frozenset({"task.answer"}), city.at + 2 * HOUR
    for code, ground in ((office(FAR), FAR), ("510104001001:community", OLD)):
        other = Actor("x", acts=acts, scope=Scope((range_of(ground),)), unit_id=city.unit(code).pk)
        with pytest.raises(NotTheAsker):
            decide_objection(task, upheld=True, reason="是", by=other, at=at)
    assert again(task).closed_at is None
    heir = Actor("heir", acts=acts, scope=city.city_commander.scope, unit_id=city.unit(office(HEIR)).pk)
    decide_objection(task, upheld=True, reason="是", by=heir, at=at)
    assert again(task).closed_at == at


def test_what_lay_there_before_goes_to_the_heir_with_the_minutes_job(city: Cast) -> None:
    merge(OLD, into=HEIR, at=city.at - HOUR)
    old, heir = city.unit(office(OLD)), city.unit(office(HEIR))
    task = ask(city, HEIR, due_at=None)
    Task.objects.everywhere("a test").filter(pk=task.pk).update(owner=old)
    assert look() == Escalated(0, 0, 0)
    assert (again(task).owner, again(task).first_owner) == (heir, old)
    assert handed_over() == [(f"duties.Unit:{old.pk}", {"heir": heir.code, "tasks": 1}, False)]
