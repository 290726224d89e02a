"""Hazards: graded, made safe for now, remedied in the time of their grade, looked at again by somebody else until then."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, TaskState, answer_task, hasten_task, recall_tasks, send_task
from qipan.kernel.actor import Actor
from qipan.kernel.text import in_city_language

from ..models import Hazard, Matter
from ..queries.patterns import hazards_of
from ..rules import joint, limits, loop
from ..rules.loop import S
from ..terms import Grade, Part, StepKind
from .handling import verifier_of
from .intake import title_of
from .steps import as_asker, locked, log, note_step, open_parts
from .times import resume_part


@transaction.atomic
@in_city_language
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
    _ask_look(hazard, held, by=by, at=at)
    note_step(held, StepKind.GRADED, unit=by.unit_id, detail=grade, note=measure, by=by, at=at)
    log(held, StepKind.GRADED, was=held.state, detail=grade, by=by, at=at)
    _hasten(hazard, held, by=by, at=at)
    return hazard


@in_city_language
def _hasten(hazard: Hazard, matter: Matter, *, by: Actor, at: datetime) -> None:
    """The handler's time shrinks to the time of the grade. A pause ends: a danger does not wait for its clock."""
    part = next((one for one in open_parts(matter) if one.part == Part.PRIMARY), None)
    if part is None:
        return
    resume_part(part, by=by, at=at)
    part.task.refresh_from_db(fields=["due_at"])
    due = part.task.due_at
    if hazard.remedy_by <= at or (due is not None and due <= hazard.remedy_by):  # late already, or sooner
        return
    reason = _now("Graded as a hazard, %(grade)s: it is remedied in the time of its grade") % {
        "grade": hazard.get_grade_display()
    }
    hasten_task(part.task, due_at=hazard.remedy_by, reason=reason, by=as_asker(part.task, by), at=at)
    note_step(matter, StepKind.HASTENED, unit=part.unit_id, detail=hazard.grade, note=reason, by=by, at=at)
    log(matter, StepKind.HASTENED, was=matter.state, detail=hazard.grade, by=by, at=at)


@in_city_language
def _ask_look(hazard: Hazard, matter: Matter, *, by: Actor, at: datetime) -> None:
    """The next inspection is a task of the office that did not handle it; late, the desk shows it to the level above."""
    office = verifier_of(matter)
    hazard.looks += 1
    hazard.look = send_task(
        kind=TaskKind.MATTER,
        source=f"hazard:{hazard.matter_id}:{hazard.looks}",
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
    matter can be verified. So of each hazard that holds up the matter; returns the gravest. Needs ``matter.verify``.
    Raises ``NotAllowed``, ``NotFound``, ``NotAHazard``, ``HandlerVerifies``, ``NotNow``, ``ReasonNeeded``.
    """
    held, now = locked(matter, by=by, act="matter.verify")
    hazards = hazards_of(held)
    if not hazards:
        raise joint.NotAHazard
    loop.check_other(now, unit=by.unit_id, account=by.account_id)
    if now.state in loop.ENDED or (remedied and now.state != S.DONE):
        raise loop.NotNow(state=now.state)
    note = loop.said(note)
    for hazard in hazards:
        task, hazard.look = hazard.look, None
        if task is not None and task.closed_at is None:
            owner = as_asker(task, by)  # the office asked itself; who looks in its place answers for it
            answer_task(task, state=TaskState.DONE, note=note, by=owner, at=at, on_its_page=True)
        hazard.remedied_at = at if remedied else None
        hazard.save(update_fields=["look", "remedied_at"])
        if not remedied:
            _ask_look(hazard, held, by=by, at=at)
    detail = "REMEDIED" if remedied else "STANDS"
    note_step(held, StepKind.INSPECTED, unit=by.unit_id, detail=detail, note=note, by=by, at=at)
    log(held, StepKind.INSPECTED, was=held.state, detail=detail, by=by, at=at)
    return hazards[0]


@transaction.atomic
@in_city_language
def follow_matter(hazard: Hazard, *, by: Actor, at: datetime) -> bool:
    """This function will let a hazard follow the matter that it holds up: ended, nobody inspects it any more; taken up or
    sent back, it stands again. For the job; needs ``matter.verify``. Raises ``NotAllowed``, ``NotFound``.
    """
    held, now = locked(hazard.holds_up, by=by, act="matter.verify")
    fresh = Hazard.objects.select_related("look", "matter__root").get(pk=hazard.pk)
    if fresh.holds_up.pk != held.pk:
        return False  # it was joined or parted meanwhile; the next look finds it there
    if now.state in loop.ENDED and fresh.look is not None:
        _end_look(fresh, note=_now("The matter has ended"), by=by, at=at)
        fresh.save(update_fields=["look"])
    elif now.state in joint.GRADED_IN and (fresh.remedied_at is not None or fresh.look is None):
        _stand_again(fresh, held, by=by, at=at)
    else:
        return False
    log(held, StepKind.INSPECTED, was=held.state, detail="FOLLOWED", by=by, at=at)
    return True


def _stand_again(hazard: Hazard, matter: Matter, *, by: Actor, at: datetime) -> None:
    hazard.remedied_at = None
    hazard.save(update_fields=["remedied_at"])
    _ask_look(hazard, matter, by=by, at=at)


def take_hazards_along(matter: Matter, into: Matter, *, by: Actor, at: datetime) -> None:
    """This function will let the hazards of a matter hold up the one to which it is being joined, both locked: they are
    inspected there, by the same grades and in the same time, before anybody verifies it.

    Who handles it already has the time of the grade. Raises ``VerifiedWithoutIt`` where it was verified before.
    """
    hazards = hazards_of(matter)
    if hazards and into.state not in joint.TAKES_HAZARDS:
        raise joint.VerifiedWithoutIt
    for hazard in sorted(hazards, key=lambda one: one.remedy_by):  # the first leaves the others nothing to shorten
        _hasten(hazard, into, by=by, at=at)


def part_hazards(matter: Matter, *, by: Actor, at: datetime) -> None:
    """This function will let the hazards of a matter that was just parted stand by themselves: what was seen gone was
    that of the other.
    """
    for hazard in hazards_of(matter):
        if hazard.remedied_at is not None or hazard.look is None:
            _stand_again(hazard, matter, by=by, at=at)
