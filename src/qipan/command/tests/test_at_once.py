"""Two commands at the same moment: one wins, the other is told, nothing doubles."""

from datetime import timedelta

import pytest
from django.db.models import Count

from qipan.command.actions.activations import activate_playbook
from qipan.command.actions.plans import run_plan
from qipan.command.actions.release import release
from qipan.command.actions.rounds import open_rounds
from qipan.command.api import (
    AlreadyRecalled,
    AlreadyReplaced,
    get_playbook,
    issue_directive,
    recall_directive,
    revise_directive,
)
from qipan.desk.api import Task, TaskState, answer_task
from qipan.forms.testing import publish
from qipan.kernel.place import range_of
from qipan.kernel.refusal import Refusal
from qipan.kernel.testing import at_once
from qipan.posture.api import Declaration, end_declaration, impose_measure

from ..models import Activation, ActivationItem, Directive
from .conftest import NOON, Entry, declare_epidemic, everywhere, make_city, publish_all
from .test_asking import CHOICES, CODE, SURVEY, admit, ask
from .test_rounds import CLOCK

pytestmark = pytest.mark.django_db(transaction=True)


def told_at_once(*works) -> list[str]:
    """This function will start all works at the same moment; returns of each "done" or the code of its refusal."""
    return [
        "done" if error is None else error.code if isinstance(error, Refusal) else repr(error)
        for error in at_once(*works)
    ]


@pytest.fixture
def cast(transactional_db):
    return make_city()


def issued(cast) -> Directive:
    return issue_directive(
        number="D-1",
        title="t",
        body="b",
        basis="law",
        organ_types=["street-office"],
        grounds=[range_of("5101")],
        decided_at=cast.at,
        due_at=cast.at + timedelta(days=1),
        issuer=cast.unit("5101:city-command"),
        by=cast.city_commander,
        at=cast.at,
    )


@pytest.mark.row("EMG-3", "EMG-4")
def test_recall_and_revision_at_once(cast):
    directive, by = issued(cast), cast.city_commander
    revised = {"title": "t2", "body": "b", "basis": "law", "decided_at": cast.at, "due_at": None}
    told = told_at_once(
        lambda: recall_directive(directive, reason="wrong", by=by, at=cast.at),
        lambda: revise_directive(directive, **revised, by=by, at=cast.at),
        lambda: recall_directive(directive, reason="wrong", by=by, at=cast.at),
        lambda: revise_directive(directive, **revised, by=by, at=cast.at),
    )
    assert sorted(told).count("done") == 1, told
    assert set(told) - {"done"} <= {AlreadyRecalled.code, AlreadyReplaced.code}, told
    assert Directive.objects.count() <= 2
    assert everywhere(Task).filter(source=directive.source, closed_at=None).count() == 0
    assert Entry.objects.filter(act__in=["command.recall_directive", "command.revise_directive"]).count() <= 1


@pytest.mark.row("EMG-4")
def test_the_same_number_at_once_is_issued_once(cast):
    told = told_at_once(*[lambda: issued(cast)] * 3)
    assert sorted(told) == ["done", "number_taken", "number_taken"]
    assert Directive.objects.count() == 1
    assert everywhere(Task).count() == 4


@pytest.mark.row("EMG-1")
def test_the_same_number_at_once_is_declared_once(cast):
    told = told_at_once(*[lambda: declare_epidemic(cast)] * 3)
    assert sorted(told) == ["declaration_number_taken", "declaration_number_taken", "done"]
    assert (Declaration.objects.count(), Entry.objects.filter(act="posture.declare").count()) == (1, 1)


def test_two_answers_at_once_are_one(cast):
    issued(cast)
    task = everywhere(Task).get(owner__code="510104001:street-office")
    told = told_at_once(
        lambda: answer_task(task, state=TaskState.DONE, by=cast.dispatcher, at=cast.at),
        lambda: answer_task(task, state=TaskState.OBJECTED, note="not ours", by=cast.dispatcher, at=cast.at),
    )
    task = everywhere(Task).get(pk=task.pk)
    assert "done" in told and not any("Error" in one for one in told), told
    assert task.state in (TaskState.DONE, TaskState.OBJECTED)
    steps = list(task.taskstep_set.values_list("state", flat=True)) if hasattr(task, "taskstep_set") else []
    assert len(steps) == len(set(steps))


@pytest.mark.row("EMG-2", "EMG-8")
def test_activation_and_release_at_once_open_and_close_each_thing_once(cast):
    publish_all(cast)
    declaration = declare_epidemic(cast)
    book = get_playbook("epidemic-emergency")

    def activate() -> Activation:
        return activate_playbook(
            book, ground_codes=["510104"], declaration=declaration, by=cast.city_commander, at=cast.at
        )

    assert told_at_once(activate, activate, activate) == ["done"] * 3
    activation = Activation.objects.get()
    items = ActivationItem.objects.filter(activation=activation)
    assert not items.filter(opened_at=None, blocked__isnull=True).exists()
    opened = Entry.objects.filter(act="command.open_item")
    assert opened.count() == items.exclude(opened_at=None).count()
    doubled = everywhere(Task).values("owner", "source").annotate(n=Count("pk")).filter(n__gt=1)
    assert list(doubled) == []

    def let_go() -> object:
        return release(activation, by=cast.city_commander, at=cast.at + timedelta(hours=1))

    told = told_at_once(let_go, let_go)
    assert set(told) <= {"done", "already_released"} and "done" in told, told
    closed = Entry.objects.filter(act="command.close_item").values("subject").annotate(n=Count("pk")).filter(n__gt=1)
    assert list(closed) == []
    assert Entry.objects.filter(act="command.begin_release").count() == 1


@pytest.mark.row("EMG-8")
def test_two_who_release_an_emergency_at_once_one_runs_it_and_the_other_is_told(cast):
    publish_all(cast)
    declaration, by = declare_epidemic(cast), cast.city_commander
    measures = [
        impose_measure(
            kind="gate-check", title=f"m{n}", article="erl-2024-73", issuer=cast.unit("5101:city-command"),
            grounds=[range_of("510104001001001")], starts_at=cast.at, expires_at=cast.at + timedelta(days=9),
            review_at=cast.at + timedelta(days=1), declaration=declaration, by=by, at=cast.at,
        )
        for n in range(5)
    ]  # fmt: skip
    end_declaration(declaration, reason="over", by=by, at=cast.at)
    at = cast.at + timedelta(hours=1)
    told = told_at_once(*[lambda: run_plan(declaration, seen=0, by=by, at=at)] * 3)
    # Whoever comes when all is closed already is told that.
    assert told.count("done") == 1 and set(told) <= {"done", "run_by_another", "plan_finished"}, told
    assert ActivationItem.objects.count() == len(measures)
    closed = Entry.objects.filter(act="command.close_item").values_list("subject", flat=True)
    assert len(closed) == len(set(closed)) == len(measures)
    assert Entry.objects.filter(act="command.run_plan").count() == 1


@pytest.mark.row("SVC-9")
def test_two_workers_open_a_round_once(cast):
    form = publish(cast, code=CODE, subject="UNIT", survey=SURVEY, choices=CHOICES, issuer="5101:health")
    admission = admit(cast, how_often="WEEKLY")
    first = ask(cast, form, admission, every="WEEKLY", repeat_until=(cast.at + timedelta(days=15)).date())
    noon = (cast.at + timedelta(days=8)).astimezone(NOON.tzinfo).replace(hour=12)  # the clock rests at night
    assert at_once(*[lambda: open_rounds(by=CLOCK, at=noon)] * 3) == [None] * 3
    assert list(Directive.objects.order_by("pk").values_list("round", flat=True)) == [1, 2]
    assert everywhere(Task).filter(source=Directive.objects.get(series=first).source).count() == 4
