"""EMG-18: an accepted lesson becomes the playbook's next version, which cites it; the next activation uses it."""

from datetime import timedelta

import pytest
from django.apps import apps

from qipan.command.api import Playbook, VersionTaken, get_playbook, lessons_of
from qipan.desk.api import Task, TaskState
from qipan.kernel.refusal import BadInput, NotAllowed, NotFound
from qipan.learning.actions.lessons import decide_lesson, propose_lesson, publish_lesson
from qipan.learning.actions.refusals import (
    LessonDecided,
    LessonNotAccepted,
    PlaybookUnknown,
    StepUnknown,
    WordsMissing,
)
from qipan.learning.models import Lesson
from qipan.learning.queries.lessons import lessons_for
from qipan.learning.rules import NEXT, changed_step
from qipan.learning.terms import LessonState
from qipan.learning.testing import make_event

from .conftest import ENDED

pytestmark = pytest.mark.row("EMG-18")
Entry = apps.get_model("journal", "Entry")
LATER = ENDED + timedelta(days=2)
CODE = "epidemic-emergency"


def everywhere(model):
    return model.objects.everywhere("a test")


def proposed(story, **changes):
    given = {
        "title": "先敲独居老人的门",
        "text": "第一小时先上门独居老人。",
        "playbook": CODE,
        "declaration": story.declaration,
        "by": story.cast.worker,
        "at": LATER,
    }
    return propose_lesson(**{**given, **changes})


def accepted(story):
    lesson = proposed(story)
    return decide_lesson(lesson, accept=True, reason="三个社区都这样说", by=story.cast.lead, at=LATER)


def card_step(playbook):
    return next(step for step in playbook.steps if step["kind"] == "CARD")


def published(story, lesson, **changes):
    playbook = get_playbook(CODE)
    step = card_step(playbook)
    given = {
        "step": step["key"],
        "given": {"first_hour": "\n".join(["先敲独居老人的门", *step["first_hour"]])},
        "note": f"{lesson.number} {lesson.title}",
        "after": playbook.version,
        "by": story.cast.city_commander,
        "at": LATER + timedelta(hours=1),
    }
    return publish_lesson(lesson, **{**given, **changes})


def test_an_accepted_lesson_is_in_the_next_version_and_the_next_activation_cites_it(story):
    old = get_playbook(CODE)
    lesson = proposed(story)
    task = everywhere(Task).get(source=f"lesson:{lesson.pk}")
    assert (task.owner.code, task.asker.code) == ("5101:lead-body", "510104001001:community")
    lesson = decide_lesson(lesson, accept=True, reason="三个社区都这样说", by=story.cast.lead, at=LATER)
    task.refresh_from_db()
    assert (lesson.state, task.state, task.note) == ("ACCEPTED", TaskState.DONE, "三个社区都这样说")
    to_publish = everywhere(Task).get(source=f"lesson:{lesson.pk}:publish")
    assert (to_publish.owner.code, to_publish.state) == ("5101:city-command", TaskState.SENT)
    new = published(story, lesson)
    assert (new.version, new.code) == (old.version + 1, CODE)
    cited = {"number": lesson.number, "title": lesson.title, "href": f"/lessons/{lesson.pk}"}
    assert (new.lessons, lessons_of(new), lessons_of(old)) == ([cited], [cited], [])
    assert card_step(new)["first_hour"] == ["先敲独居老人的门", *card_step(old)["first_hour"]]
    assert [step for step in new.steps if step["kind"] != "CARD"] == [s for s in old.steps if s["kind"] != "CARD"]
    kept = Playbook.objects.get(pk=old.pk)
    assert (kept.steps, kept.lessons) == (old.steps, [])
    to_publish.refresh_from_db()
    lesson.refresh_from_db()
    assert (lesson.state, lesson.version_id, to_publish.state) == ("PLAYBOOK", new.pk, TaskState.DONE)
    # The next activation uses it and cites it; the one before keeps its own version.
    cast = story.cast
    later = type(cast)(**{**cast.__dict__, "at": LATER + timedelta(hours=2)})
    again = make_event(later, number="E-2026-10", code="510105")
    assert again.activation.playbook_id == new.pk
    entry = Entry.objects.filter(act="command.activate_playbook", subject=f"command.Activation:{again.activation.pk}")
    assert entry.get().data["lessons"] == [lesson.number]
    assert (
        Entry.objects.get(subject=f"command.Activation:{story.activation.pk}", act="command.activate_playbook").data[
            "lessons"
        ]
        == []
    )


def test_a_lesson_that_changes_no_step_is_cited_as_a_note(story):
    old, lesson = get_playbook(CODE), accepted(story)
    new = published(story, lesson, step="", given={})
    assert (new.steps, new.version, new.note) == (old.steps, old.version + 1, f"{lesson.number} {lesson.title}")
    assert [one["number"] for one in new.lessons] == [lesson.number]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"step": "none"}, StepUnknown),
        ({"note": " "}, WordsMissing),
        ({"after": 7}, VersionTaken),
        ({"given": {"first_hour": " \n "}}, BadInput),
        ({"given": {"due_hours": "soon"}}, BadInput),
    ],
)
def test_what_cannot_be_published_leaves_everything_as_it_was(story, changes, refusal):
    lesson, before = accepted(story), Playbook.objects.count()
    with pytest.raises(refusal):
        published(story, lesson, **changes)
    lesson.refresh_from_db()
    assert (Playbook.objects.count(), lesson.state, lesson.version_id) == (before, "ACCEPTED", None)
    assert everywhere(Task).get(source=f"lesson:{lesson.pk}:publish").closed_at is None


def test_only_an_accepted_lesson_changes_a_playbook_and_only_once(story):
    lesson, before = proposed(story), Playbook.objects.count()
    with pytest.raises(LessonNotAccepted):
        published(story, lesson)
    declined = decide_lesson(lesson, accept=False, reason="已有规定", by=story.cast.lead, at=LATER)
    assert (declined.state, declined.reason) == ("DECLINED", "已有规定")
    for act in (
        lambda: published(story, declined),
        lambda: decide_lesson(declined, accept=True, reason="x", by=story.cast.lead, at=LATER),
    ):
        with pytest.raises((LessonNotAccepted, LessonDecided)):
            act()
    assert Playbook.objects.count() == before
    assert not everywhere(Task).filter(source=f"lesson:{lesson.pk}:publish").exists()


def test_who_may_and_what_is_needed(story):
    before = everywhere(Task).count()
    for changes, refusal in (
        ({"title": ""}, WordsMissing),
        ({"text": " "}, WordsMissing),
        ({"playbook": "none"}, PlaybookUnknown),
        ({"by": story.cast.guard}, NotAllowed),
        ({"by": story.cast.stranger}, NotAllowed),
    ):
        with pytest.raises(refusal):
            proposed(story, **changes)
    assert (everywhere(Lesson).count(), everywhere(Task).count()) == (0, before)
    lesson = proposed(story)
    with pytest.raises(NotAllowed):
        decide_lesson(lesson, accept=True, reason="x", by=story.cast.city_commander, at=LATER)
    for given, field in (({"accept": None, "reason": "x"}, "accept"), ({"accept": True, "reason": ""}, "reason")):
        with pytest.raises(WordsMissing) as refused:
            decide_lesson(lesson, **given, by=story.cast.lead, at=LATER)
        assert refused.value.data["field"] == field
    with pytest.raises(NotAllowed):
        published(story, lesson, by=story.cast.district_head)
    assert everywhere(Lesson).get().state == "PROPOSED"


def test_a_lesson_is_read_where_it_was_learned_until_it_is_in_a_playbook(story):
    lesson = accepted(story)
    neighbour = story.cast.neighbour_head
    assert list(lessons_for(neighbour)) == []
    with pytest.raises(NotFound):
        published(story, lesson, by=neighbour.__class__(**{**neighbour.__dict__, "acts": frozenset({"playbook.edit"})}))
    published(story, lesson)
    assert [one.pk for one in lessons_for(neighbour)] == [lesson.pk]


def test_states_lead_forward_only():
    assert set(NEXT) == set(LessonState.values)
    assert NEXT["DECLINED"] == NEXT["PLAYBOOK"] == ()


def test_a_step_keeps_the_kinds_of_its_fields():
    step = {"key": "a", "title": "标题", "first_hour": ["x"], "due_hours": 2}
    changed = changed_step(step, {"title": " 新 \r\n题", "first_hour": "一\n\n 二 ", "due_hours": "3"})
    assert changed == {"key": "a", "title": "新 \n题", "first_hour": ["一", "二"], "due_hours": 3}
    assert changed_step(step, {"due_hours": "-1"})["due_hours"] == "-1"
    assert step["due_hours"] == 2
