"""Hazards: graded, made safe for now, remedied in the time of their grade, looked at again by somebody else until then."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, TaskState, answer_task, hasten_task, recall_tasks, send_task
from qipan.kernel.actor import Actor

from ..models import Hazard, Matter
from ..rules import joint, limits, loop
from ..rules.loop import S
from ..terms import Grade, Part, StepKind
from .handling import verifier_of
from .intake import title_of
from .steps import as_asker, locked, log, note_step, open_parts
from .times import resume_part


def _of(matter: Matter) -> Hazard:
    found = Hazard.objects.select_related("look").filter(matter=matter).first()
    if found is None:
        raise joint.NotAHazard
    found.matter = matter
    return found


@transaction.atomic
def grade_hazard(matter: Matter, *, grade: str, measure: str, by: Actor, at: datetime) -> Hazard:
    """This function will grade a matter as a hazard, with what keeps people safe until it is remedied.

    The remedy is due by its grade, from now; until then the office of the place has each inspection on its desk.
    Graded again, the new grade's time begins anew. Who handles it already has until then at the latest: its due time
    is brought forward and it is told why; never put off. Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``,
    ``NotNow``, ``GradeWrong``, ``ReasonNeeded`` (no temporary measure).
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    if now.state not in joint.GRADED_IN:
        raise loop.NotNow(state=now.state)
    if grade not in Grade.values:
        raise joint.GradeWrong(field="grade")
    measure = loop.said(measure)[:500]
    known = Hazard.objects.select_related("look").filter(matter=held).first()
    hazard = known or Hazard(matter=held)
    hazard.grade, hazard.measure, hazard.graded_at, hazard.remedied_at = grade, measure, at, None
    hazard.remedy_by = limits.due(joint.HAZARDS[Grade(grade)].remedy, at)
    hazard.save()
    _end_look(hazard, note=_now("Graded anew"), by=by, at=at)
    _ask_look(hazard, by=by, at=at)
    note_step(held, StepKind.GRADED, unit=by.unit_id, detail=grade, note=measure, by=by, at=at)
    log(held, StepKind.GRADED, was=held.state, detail=grade, by=by, at=at)
    _hasten(hazard, by=by, at=at)
    return hazard


def _hasten(hazard: Hazard, *, by: Actor, at: datetime) -> None:
    """The handler's time shrinks to the time of the grade. A pause ends: a danger does not wait for its clock."""
    part = next((one for one in open_parts(hazard.matter) if one.part == Part.PRIMARY), None)
    if part is None:
        return
    resume_part(part, by=by, at=at)
    part.task.refresh_from_db(fields=["due_at"])
    if part.task.due_at is not None and part.task.due_at <= hazard.remedy_by:
        return
    reason = _now("Graded as a hazard, %(grade)s: it is remedied in the time of its grade") % {
        "grade": hazard.get_grade_display()
    }
    hasten_task(part.task, due_at=hazard.remedy_by, reason=reason, by=as_asker(part.task, by), at=at)
    note_step(hazard.matter, StepKind.HASTENED, unit=part.unit_id, detail=hazard.grade, note=reason, by=by, at=at)
    log(hazard.matter, StepKind.HASTENED, was=hazard.matter.state, detail=hazard.grade, by=by, at=at)


def _ask_look(hazard: Hazard, *, by: Actor, at: datetime) -> None:
    """The next inspection is a task of the office that did not handle it; late, the desk shows it to the level above."""
    matter = hazard.matter
    office = verifier_of(matter)
    hazard.looks += 1
    hazard.look = send_task(
        kind=TaskKind.MATTER,
        source=f"hazard:{matter.pk}:{hazard.looks}",
        title=title_of(matter, _now("To inspect, hazard")),
        asker=office,
        owner=office,
        place=matter.place,
        basis=_now("Hazards are inspected in the interval of their grade until they are remedied"),
        due_at=limits.due(joint.HAZARDS[Grade(hazard.grade)].look, at),
        by=by,
        at=at,
        drill=matter.drill,
    )
    hazard.save(update_fields=["look", "looks"])


def _end_look(hazard: Hazard, *, note: str, by: Actor, at: datetime) -> None:
    if hazard.look is not None and hazard.look.closed_at is None:
        recall_tasks(hazard.look.source, note=note, by=by, at=at)
    hazard.look = None


@transaction.atomic
def inspect_hazard(matter: Matter, *, remedied: bool, note: str, by: Actor, at: datetime) -> Hazard:
    """This function will note an inspection by another unit and another person than who handled the hazard.

    It stands: the next one is asked for. It is remedied: only after the handler reported it done, and then the
    matter can be verified. Needs ``matter.verify``. Raises ``NotAllowed``, ``NotFound``, ``NotAHazard``,
    ``HandlerVerifies``, ``NotNow``, ``ReasonNeeded``.
    """
    held, now = locked(matter, by=by, act="matter.verify")
    hazard = _of(held)
    loop.check_other(now, unit=by.unit_id, account=by.account_id)
    if now.state in loop.ENDED or (remedied and now.state != S.DONE):
        raise loop.NotNow(state=now.state)
    note = loop.said(note)
    task, hazard.look = hazard.look, None
    if task is not None and task.closed_at is None:
        owner = as_asker(task, by)  # the office asked itself; who looks in its place answers for it
        answer_task(task, state=TaskState.DONE, note=note, by=owner, at=at, on_its_page=True)
    hazard.remedied_at = at if remedied else None
    hazard.save(update_fields=["look", "remedied_at"])
    if not remedied:
        _ask_look(hazard, by=by, at=at)
    detail = "REMEDIED" if remedied else "STANDS"
    note_step(held, StepKind.INSPECTED, unit=by.unit_id, detail=detail, note=note, by=by, at=at)
    log(held, StepKind.INSPECTED, was=held.state, detail=detail, by=by, at=at)
    return hazard


@transaction.atomic
def follow_matter(hazard: Hazard, *, by: Actor, at: datetime) -> bool:
    """This function will let a hazard follow its matter: ended, nobody inspects it any more; taken up or sent back, it
    stands again. For the job; needs ``matter.verify``. Raises ``NotAllowed``, ``NotFound``.
    """
    held, now = locked(hazard.matter, by=by, act="matter.verify")
    fresh = _of(held)
    if now.state in loop.ENDED and fresh.look is not None:
        _end_look(fresh, note=_now("The matter has ended"), by=by, at=at)
        fresh.save(update_fields=["look"])
    elif now.state in joint.GRADED_IN and (fresh.remedied_at is not None or fresh.look is None):
        fresh.remedied_at = None
        fresh.save(update_fields=["remedied_at"])
        _ask_look(fresh, by=by, at=at)
    else:
        return False
    log(held, StepKind.INSPECTED, was=held.state, detail="FOLLOWED", by=by, at=at)
    return True
