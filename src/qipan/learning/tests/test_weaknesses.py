"""FOR-10: weaknesses have an owner and a day; what is open when a year ends is shown."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.utils.timezone import get_default_timezone

from qipan.desk.api import Receipt, Task, TaskState, receive
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.learning.actions.refusals import NotTheOwnersPost, WeaknessMended, WordsMissing
from qipan.learning.actions.weaknesses import mend_weakness, note_weakness, tell_year_end
from qipan.learning.models import Weakness
from qipan.learning.queries.weaknesses import get_weakness, open_then, open_weaknesses
from qipan.learning.subscribers import clock_of_learning
from qipan.territory.testing import merge

from .conftest import NOON

pytestmark = pytest.mark.row("FOR-10")
EVE = datetime(2026, 12, 31, 23, 59, tzinfo=get_default_timezone())
MIDNIGHT = datetime(2027, 1, 1, 0, 0, tzinfo=get_default_timezone())


def everywhere(model):
    return model.objects.everywhere("a test")


def noted(story, **changes):
    given = {
        "title": "值班电话无人接",
        "text": "夜间两次",
        "owner_id": story.cast.unit("510104001:street-office").pk,
        "due_on": date(2027, 3, 1),
        "by": story.cast.worker,
        "at": NOON,
    }
    return note_weakness(**{**given, **changes})


def test_a_weakness_is_a_task_on_its_owners_desk_until_it_says_what_was_done(story):
    weakness = noted(story)
    task = everywhere(Task).get(source=f"weakness:{weakness.pk}")
    assert (task.owner.code, task.asker.code, weakness.source) == (
        "510104001:street-office",
        "510104001001:community",
        "HAND",
    )
    assert weakness.due_at == datetime(2027, 3, 1, 23, 59, 59, tzinfo=get_default_timezone())
    by = story.cast.dispatcher
    [answer] = receive([Receipt(task.pk, TaskState.DONE, NOON)], by=by, at=NOON)
    assert (answer.answer, answer.code) == ("refused", "said_on_its_page")
    with pytest.raises(WordsMissing):
        mend_weakness(weakness, done=" ", by=by, at=NOON)
    with pytest.raises(NotTheOwnersPost):
        mend_weakness(weakness, done="x", by=story.cast.worker, at=NOON)
    with pytest.raises(NotFound):
        mend_weakness(weakness, done="x", by=story.cast.neighbour_dispatcher, at=NOON)
    assert get_weakness(weakness.pk, actor=by).closed_at is None
    mended = mend_weakness(weakness, done="加了第二部电话", by=by, at=NOON + timedelta(hours=1))
    task.refresh_from_db()
    assert (mended.closed_at, mended.done, task.state) == (NOON + timedelta(hours=1), "加了第二部电话", TaskState.DONE)
    with pytest.raises(WeaknessMended):
        mend_weakness(weakness, done="x", by=by, at=NOON)


def test_the_lead_organisation_may_strike_off_what_another_owns(story):
    weakness = noted(story)
    mended = mend_weakness(weakness, done="已并入另一项", by=story.cast.lead, at=NOON)
    assert mended.closed_at == NOON
    assert everywhere(Task).get(source=f"weakness:{weakness.pk}").state == TaskState.RECALLED


def test_what_is_open_when_the_year_ends_is_shown_whatever_becomes_of_it(story):
    lead = story.cast.lead
    kept, early, late, next_year = (
        noted(story, title=title, at=at) for title, at in (("一", NOON), ("二", NOON), ("三", EVE), ("四", MIDNIGHT))
    )
    mend_weakness(early, done="完", by=lead, at=EVE)
    mend_weakness(late, done="完", by=lead, at=MIDNIGHT)
    assert {one.title for one in open_then(lead, 2026)} == {"一", "三"}
    assert {one.title for one in open_weaknesses(lead)} == {"一", "四"}
    assert (kept.closed_at, next_year.closed_at) == (None, None)
    assert list(open_then(lead, 2025)) == []
    assert tell_year_end(2026, by=clock_of_learning(), at=MIDNIGHT) == 2
    assert tell_year_end(2026, by=clock_of_learning(), at=MIDNIGHT + timedelta(hours=1)) == 2
    task = everywhere(Task).get(source="weaknesses:2026")
    assert (task.owner.code, task.title) == ("5101:lead-body", "2026年末仍未整改的短板：2项")
    assert tell_year_end(2020, by=clock_of_learning(), at=MIDNIGHT) == 0


def test_who_reads_and_who_notes(story):
    weakness = noted(story)
    for name in ("worker", "dispatcher", "district_head", "lead"):
        assert get_weakness(weakness.pk, actor=getattr(story.cast, name)).pk == weakness.pk
    for name in ("neighbour_head", "neighbour_worker", "stranger"):
        with pytest.raises(NotFound):
            get_weakness(weakness.pk, actor=getattr(story.cast, name))
    with pytest.raises(NotAllowed):
        noted(story, by=story.cast.guard)
    assert everywhere(Weakness).count() == 1


@pytest.mark.row("ORG-5")
def test_the_heir_of_a_merged_owner_mends_it(story):
    weakness, at = noted(story), NOON + timedelta(hours=1)
    merge("510104001", into="510104002", at=at)
    weakness.refresh_from_db()
    assert (weakness.owner.code, weakness.task.owner.code) == ("510104002:street-office", "510104002:street-office")
    assert weakness.due_at == weakness.task.due_at == datetime(2027, 3, 1, 23, 59, 59, tzinfo=get_default_timezone())
    heir = replace(story.cast.neighbour_dispatcher, scope=story.cast.city_commander.scope)
    mend_weakness(weakness, done="加了第二部电话", by=heir, at=at)
    weakness.task.refresh_from_db()
    assert weakness.task.state == TaskState.DONE
