"""Lessons: proposed by a unit, decided by the lead body, and then part of the playbook's next version (EMG-18)."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.command.api import Playbook, current_playbooks, get_playbook, publish_playbook
from qipan.desk.api import ClockKind, TaskKind, TaskState, answer_task, recall_tasks, send_task
from qipan.duties.api import Unit, command_for, lead_body
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, due_time
from qipan.kernel.place import CITY, range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.posture.api import Declaration

from .. import rules
from ..models import Lesson
from ..terms import LessonState
from .refusals import LessonDecided, LessonNotAccepted, NotTheLead, PlaybookUnknown, StepUnknown, WordsMissing

TO_DECIDE = _("To decide on a lesson: %(title)s")
TO_PUBLISH = _("To put an accepted lesson into the playbook: %(title)s")
BASIS = _("Emergency Response Law 2024, art. 92: lessons improve the plans")


def _send(lesson: Lesson, title: Promise, *, owner: Unit, asker: Unit, by: Actor, at: datetime) -> None:
    """This function will put what is to be done about a lesson on a desk, and keep it as the lesson's task."""
    with override(settings.LANGUAGE_CODE):
        words, basis = str(title) % {"title": lesson.title}, str(BASIS)
    lesson.task = send_task(
        kind=TaskKind.REQUEST,
        source=f"lesson:{lesson.pk}" if lesson.state == LessonState.PROPOSED else f"lesson:{lesson.pk}:publish",
        title=words[:200],
        asker=asker,
        owner=owner,
        place=lesson.place,
        basis=basis,
        due_at=due_time(at, rules.DECIDE_DAYS, Kind.WORKING_DAYS).at,
        by=by,
        at=at,
        clock=ClockKind.WORKING_DAYS,
    )
    lesson.save(update_fields=["task"])


@transaction.atomic
def propose_lesson(
    *, title: str, text: str, playbook: str, declaration: Declaration | None = None, by: Actor, at: datetime
) -> Lesson:
    """This function will keep what a unit learned and would have a playbook say; the lead body decides on its desk.

    Needs ``lesson.propose`` in a unit. Raises ``NotAllowed``, ``WordsMissing``, ``PlaybookUnknown``.
    """
    by.require("lesson.propose")
    unit = Unit.objects.select_related("organ_type").filter(pk=by.unit_id or 0).first()
    if unit is None:
        raise NotAllowed(act="lesson.propose")
    for name, given in (("title", title), ("text", text)):
        if not given.strip():
            raise WordsMissing(field=name)
    if playbook not in {one.code for one in current_playbooks()}:
        raise PlaybookUnknown(field="playbook")
    lesson = Lesson.objects.create(
        title=title.strip()[:120],
        text=text.strip()[:4000],
        playbook=playbook,
        declaration=declaration,
        unit=unit,
        place=unit.place,
        proposed_at=at,
        proposed_by=by.label[:120],
        drill=bool(declaration and declaration.drill),
    )
    _send(lesson, TO_DECIDE, owner=lead_body(), asker=unit, by=by, at=at)
    data = {"playbook": playbook, "declaration": declaration.number if declaration else None}
    record("learning.propose_lesson", subject=lesson, by=by, at=at, place=lesson.place, data=data)
    return lesson


def _held(lesson: Lesson, *, by: Actor) -> Lesson:
    rows = Lesson.objects.within(by.scope).select_for_update(of=("self",)).select_related("task", "unit", "declaration")
    held = rows.filter(pk=lesson.pk).first()
    if held is None:
        raise NotFound
    return held


@transaction.atomic
def decide_lesson(lesson: Lesson, *, accept: bool | None, reason: str, by: Actor, at: datetime) -> Lesson:
    """This function will accept or decline a lesson, with the reason that its proposer reads.

    For the lead body (``review.lead``). An accepted lesson is a task on the city command's desk: it publishes the
    playbook. Raises ``NotAllowed``, ``NotFound``, ``NotTheLead``, ``LessonDecided``, ``WordsMissing``.
    """
    by.require("review.lead")
    held = _held(lesson, by=by)
    lead = lead_body()
    if by.unit_id != lead.pk:
        raise NotTheLead(unit=lead)
    if held.state != LessonState.PROPOSED:
        raise LessonDecided
    if accept is None:
        raise WordsMissing(field="accept")
    if not reason.strip():
        raise WordsMissing(field="reason")
    if held.task is not None:
        answer_task(held.task, state=TaskState.DONE, note=reason.strip()[:300], by=by, at=at, on_its_page=True)
    held.state = LessonState.ACCEPTED if accept else LessonState.DECLINED
    held.decided_at, held.decided_by, held.reason = at, by.label[:120], reason.strip()[:300]
    held.task = None
    held.save(update_fields=["state", "decided_at", "decided_by", "reason", "task"])
    if accept:
        command = command_for(range_of(settings.CITY), CITY)
        _send(held, TO_PUBLISH, owner=command, asker=lead, by=by, at=at)
    data = {"state": held.state, "reason": held.reason}
    record("learning.decide_lesson", subject=held, by=by, at=at, place=held.place, data=data)
    return held


@transaction.atomic
def publish_lesson(
    lesson: Lesson, *, step: str, given: Mapping[str, str], note: str, after: int, by: Actor, at: datetime
) -> Playbook:
    """This function will publish the next version of a lesson's playbook, which cites the lesson (EMG-18).

    ``step`` is the key of the step that is changed and ``given`` its new texts; without a step the lesson stands as a
    note. Versions before it stay. Needs ``playbook.edit``. Raises ``NotAllowed``, ``NotFound``, ``LessonNotAccepted``,
    ``StepUnknown``, ``WordsMissing``, and what ``publish_playbook`` raises.
    """
    by.require("playbook.edit")
    held = _held(lesson, by=by)
    if held.state != LessonState.ACCEPTED:
        raise LessonNotAccepted
    if not note.strip():
        raise WordsMissing(field="note")
    newest = get_playbook(held.playbook)
    steps = [dict(one) for one in newest.steps]
    if step:
        places = [place for place, one in enumerate(steps) if one["key"] == step]
        if not places:
            raise StepUnknown(field="step")
        allowed = {name: text for name, text in given.items() if name in rules.CHANGEABLE and name in steps[places[0]]}
        steps[places[0]] = rules.changed_step(steps[places[0]], allowed)
    playbook = publish_playbook(
        code=newest.code,
        title=newest.title,
        title_en=newest.title_en,
        hazard=newest.hazard,
        posture=newest.posture,
        steps=steps,
        note=note.strip()[:300],
        lessons=[{"number": held.number, "title": held.title, "href": f"/lessons/{held.pk}"}],
        after=after,
        by=by,
        at=at,
    )
    if held.task is not None:
        recall_or_done(held, by=by, at=at)
    held.state, held.version, held.published_at = LessonState.IN_PLAYBOOK, playbook, at
    held.save(update_fields=["state", "version", "published_at"])
    data = {"playbook": playbook.code, "version": playbook.version, "step": step}
    record("learning.publish_lesson", subject=held, by=by, at=at, place=held.place, data=data)
    return playbook


def recall_or_done(lesson: Lesson, *, by: Actor, at: datetime) -> None:
    """This function will end the task to publish: done by its owner, taken back where another post published."""
    assert lesson.task is not None
    if lesson.task.owner_id == by.unit_id and by.can("task.answer"):
        answer_task(lesson.task, state=TaskState.DONE, by=by, at=at, on_its_page=True)
    else:
        recall_tasks(lesson.task.source, note=lesson.number, by=by, at=at)
