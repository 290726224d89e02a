"""What an import brought as declined is asked of the lead organisation, once, until all of it is decided or gone."""

from dataclasses import replace

import pytest
from django.urls import reverse

from qipan.access.testing import make_city
from qipan.desk.api import Receipt, Task, TaskState, receive
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed
from qipan.kernel.testing import at_once, whole_or_nothing

from ..actions.exclusions import decide_exclusion, decide_import, follow_import
from ..actions.filing import reopen_matter
from ..actions.undoing import undo_import
from ..jobs import clock_actor, follow_imports
from ..models import Exclusion, Import
from ..queries.audits import audit_exclusions
from ..queries.exclusions import may_decide
from ..testing import make_world
from .test_exclusions import sound
from .test_import_decided import all_of, brought, lately, lines, second
from .test_refusals import refused

pytestmark = pytest.mark.row("MAT-5")


def asked(batch):
    """The one task that asks for a decision on an import; none where there is none."""
    return Task.objects.everywhere("a test").filter(source=f"exclusions:{batch.pk}").first()


def test_one_task_for_all_its_lines_lies_on_the_desk_of_the_lead_organisation(world):
    batch, lead = brought(world, lines(7)), world.cast.unit("5101:lead-body")
    assert asked(batch) is None
    assert follow_imports(at=world.at) == 1
    task = asked(batch)
    assert (task.owner, task.asker, task.place, task.state) == (lead, lead, lead.place, TaskState.SENT)
    assert task.title == "待确认是否不计入各率 · 导入：旧.csv"
    assert (task.created_at, task.clock, task.drill) == (world.at, "WORKING_DAYS", False)
    assert task.due_at > world.later(days=4)
    assert Import.objects.get(pk=batch.pk).task == task
    assert follow_imports(at=world.later(hours=1)) == 0 and Task.objects.everywhere("a test").count() == 1
    client = world.cast.client("lead")
    assert task.title in client.get("/desk").content.decode()
    page = client.get(reverse("desk_task", args=[task.pk])).content.decode()
    assert f'href="/matters/exclusions/{batch.pk}"' in page
    assert f"{task.due_at:%m-%d}" in client.get("/matters/exclusions").content.decode()
    # It is no button: the decision has its page.
    [answer] = receive([Receipt(task.pk, TaskState.DONE, world.at, "好")], by=second(world), at=world.at)
    assert answer.code == "said_on_its_page" and sound()


@pytest.mark.parametrize("confirmed", [True, False])
def test_it_is_done_by_the_decision_on_all_that_waits(world, confirmed):
    batch, at = brought(world, lines(4)), world.later(days=1)
    follow_imports(at=world.at)
    decide_import(batch, confirmed=confirmed, reason="抽查属实", by=second(world), at=at)
    task = asked(batch)
    assert (task.state, task.closed_at, task.note) == (TaskState.DONE, at, "抽查属实")
    assert follow_imports(at=at) == 0 and sound()
    Task.objects.everywhere("a test").filter(pk=task.pk).update(closed_at=None)
    assert audit_exclusions() == [f"import {batch.pk} is decided or undone and somebody is asked for it"]


def test_it_is_done_when_each_line_was_decided_by_itself(world):
    batch = brought(world, lines(3))
    follow_imports(at=world.at)
    for n, one in enumerate(all_of(batch), 1):
        assert asked(batch).closed_at is None
        decide_exclusion(one.matter, confirmed=n == 1, reason="看过", by=second(world), at=world.later(hours=n))
        assert follow_imports(at=world.later(hours=n)) == int(n == 3)
    task = asked(batch)
    assert (task.state, task.closed_at) == (TaskState.DONE, world.later(hours=3))
    assert follow_imports(at=world.later(hours=4)) == 0 and sound()


def test_it_is_taken_back_when_nothing_of_it_is_declined_any_more(world):
    batch, at = brought(world, [lately(world)]), world.later(hours=1)
    follow_imports(at=world.at)
    reopen_matter(all_of(batch)[0].matter, reason="有理", by=world.cast.dispatcher, at=at)
    assert follow_imports(at=at) == 1
    assert (asked(batch).state, asked(batch).closed_at) == (TaskState.RECALLED, at)
    other = brought(world, lines(2, first=50), name="又.csv")
    follow_imports(at=at)
    undo_import(other, by=world.cast.lead, at=at)
    assert (asked(other).state, asked(other).closed_at) == (TaskState.RECALLED, at)
    assert follow_imports(at=at) == 0 and sound()


def test_nobody_is_asked_about_an_import_that_brought_nothing_declined_or_was_decided_before(world):
    nothing, decided = brought(world, lines(0, first=50), name="空.csv"), brought(world, lines(3))
    decide_import(decided, confirmed=True, reason="抽查属实", by=second(world), at=world.later(hours=1))
    assert follow_imports(at=world.later(hours=2)) == 0
    assert asked(nothing) is asked(decided) is None and sound()


def test_a_crash_while_it_is_asked_or_ended_leaves_nothing(world):
    batch, at = brought(world, [lately(world)]), world.later(hours=1)
    assert whole_or_nothing(lambda: follow_import(batch, by=clock_actor(), at=world.at)) > 2
    decide_exclusion(all_of(batch)[0].matter, confirmed=True, reason="看过", by=second(world), at=at)
    assert whole_or_nothing(lambda: follow_import(batch, by=clock_actor(), at=at)) > 2
    assert asked(batch).state == TaskState.DONE and sound()


def test_at_once_with_a_decision_nobody_stays_asked(transactional_db):
    world = make_world(make_city())
    one, other, at = brought(world, lines(2)), brought(world, lines(1, first=50), name="单.csv"), world.later(hours=1)
    single = all_of(other)[0].matter
    raised = at_once(
        lambda: decide_import(one, confirmed=True, reason="整批", by=second(world), at=at),
        lambda: decide_exclusion(single, confirmed=True, reason="单独", by=second(world), at=at),
        lambda: follow_imports(at=at),
    )
    assert raised == [None, None, None]
    follow_imports(at=world.later(hours=2))
    assert not Task.objects.everywhere("a test").filter(source__startswith="exclusions:", closed_at=None).exists()
    assert sound()


def test_a_post_without_a_unit_is_not_whom_nobody_named(world):
    """Of what an import brought no unit is asked: a post that stands in none is not that unit."""
    batch, at = brought(world, lines(2)), world.later(hours=1)
    held = all_of(batch)[0]
    loose = Actor(
        label="无单位", acts=frozenset({"matter.verify"}), scope=world.cast.lead.scope, account_id=78, unit_id=None
    )
    assert held.judge_id is None
    for by in (loose, replace(world.cast.district_head, unit_id=None)):
        assert not may_decide(held, actor=by)
        with refused(NotAllowed):
            decide_exclusion(held.matter, confirmed=True, reason="同意", by=by, at=at)
    assert not Exclusion.objects.everywhere("a test").exclude(verdict="").exists() and sound()
