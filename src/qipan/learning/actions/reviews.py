"""After-action reviews: opened when an emergency ends, closed with report, five tests and improvement tasks (EMG-17)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.desk.api import ClockKind, TaskKind, TaskState, answer_task, send_task
from qipan.duties.api import lead_body
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, due_time
from qipan.kernel.refusal import NotFound
from qipan.posture.api import Declaration

from .. import rules
from ..models import Review, TestAnswer
from ..queries.figures import counted_of
from ..terms import REPORT, FiveTest
from .refusals import (
    ImprovementsMissing,
    NotTheLead,
    ReportMissing,
    ReviewClosed,
    TestsUnanswered,
    WordsMissing,
)


@transaction.atomic
def open_review(declaration: Declaration, *, by: Actor, at: datetime) -> Review:
    """This function will open the review of an emergency that ended, as a task on the lead body's desk; once.

    For the event that a declaration ended; the actor is the room's own. Due in 20 working days.
    """
    standing = Review.objects.filter(declaration=declaration).first()
    if standing is not None:
        return standing
    lead = lead_body()
    due = due_time(at, rules.REVIEW_DAYS, Kind.WORKING_DAYS).at
    review = Review.objects.create(
        declaration=declaration, unit=lead, opened_at=at, due_at=due, drill=declaration.drill
    )
    with override(settings.LANGUAGE_CODE):
        title = _("After-action review: %(number)s %(matter)s") % {
            "number": declaration.number,
            "matter": declaration.matter,
        }
        basis = _("Emergency Response Law 2024, art. 87 and 92: what happened is evaluated and reported")
    review.task = send_task(
        kind=TaskKind.REQUEST,
        source=f"event-review:{review.pk}",
        title=title[:200],
        asker=lead,
        owner=lead,
        place=lead.place,
        basis=basis,
        due_at=due,
        by=by,
        at=at,
        clock=ClockKind.WORKING_DAYS,
        drill=declaration.drill,
    )
    review.save(update_fields=["task"])
    data = {"declaration": declaration.number, "due": due.isoformat()}
    record("learning.open_review", subject=review, by=by, at=at, place=lead.place, data=data, drill=review.drill)
    return review


def open_to(review: Review, *, by: Actor) -> Review:
    """This function will return the review, locked, when the actor's unit leads it and it is open.

    Needs ``review.lead``. Raises ``NotAllowed``, ``NotFound``, ``NotTheLead``, ``ReviewClosed``.
    """
    by.require("review.lead")
    held = (
        Review.objects.select_for_update(of=("self",)).select_related("unit", "declaration", "task").get(pk=review.pk)
    )
    if held.unit.place not in by.scope:
        raise NotFound
    if by.unit_id != held.unit_id:
        raise NotTheLead(unit=held.unit)
    if held.closed_at is not None:
        raise ReviewClosed
    return held


@transaction.atomic
def write_report(review: Review, *, parts: Mapping[str, str], by: Actor, at: datetime) -> Review:
    """This function will keep the evaluation report: planned, happened, why, change. A draft may have empty parts.

    Raises what ``open_to`` raises, ``WordsMissing`` when nothing at all is said.
    """
    held = open_to(review, by=by)
    texts = {name: parts.get(name, "").strip() for name in REPORT}
    if not any(texts.values()):
        raise WordsMissing(field="planned")
    for name, text in texts.items():
        setattr(held, name, text)
    held.written_at, held.written_by = at, by.label[:120]
    held.save(update_fields=[*REPORT, "written_at", "written_by"])
    data = {"parts": [name for name, text in texts.items() if text]}
    record("learning.write_report", subject=held, by=by, at=at, place=held.unit.place, data=data, drill=held.drill)
    return held


@transaction.atomic
def answer_test(review: Review, *, test: str, met: bool | None, evidence: str, by: Actor, at: datetime) -> TestAnswer:
    """This function will answer one of the five tests, with its evidence and the figures that stand beside it now.

    Answered again, the later answer stands and the journal has both. Raises what ``open_to`` raises, ``NotFound`` for
    an unknown test, ``WordsMissing``.
    """
    held = open_to(review, by=by)
    if test not in FiveTest.values:
        raise NotFound
    if met is None:
        raise WordsMissing(field="met")
    if not evidence.strip():
        raise WordsMissing(field="evidence")
    figures = rules.figures_of(test, counted_of(held.declaration, at=at))
    answer, _made = TestAnswer.objects.update_or_create(
        review=held,
        test=test,
        defaults={
            "met": met,
            "evidence": evidence.strip()[:1000],
            "figures": figures,
            "at": at,
            "by_label": by.label[:120],
        },
    )
    data = {"test": test, "met": met, "figures": figures}
    record("learning.answer_test", subject=held, by=by, at=at, place=held.unit.place, data=data, drill=held.drill)
    return answer


def missing_of(review: Review) -> rules.Missing:
    """This function will say what a review lacks before it can be closed."""
    return rules.missing(
        {name: getattr(review, name) for name in REPORT},
        review.answers.values_list("test", flat=True),
        review.improvements.count(),
    )


@transaction.atomic
def close_review(review: Review, *, by: Actor, at: datetime) -> Review:
    """This function will close an event: report written, five tests answered, improvement tasks on desks (EMG-17).

    Raises what ``open_to`` raises, ``ReportMissing`` naming the empty parts, ``TestsUnanswered``,
    ``ImprovementsMissing``; then nothing is written.
    """
    held = open_to(review, by=by)
    lacks = missing_of(held)
    if lacks.report:
        raise ReportMissing(parts=", ".join(str(REPORT[name]) for name in lacks.report))
    if lacks.tests:
        raise TestsUnanswered(count=len(lacks.tests))
    if lacks.improvements:
        raise ImprovementsMissing
    held.closed_at, held.closed_by = at, by.label[:120]
    held.save(update_fields=["closed_at", "closed_by"])
    if held.task is not None:
        answer_task(held.task, state=TaskState.DONE, by=by, at=at, on_its_page=True)
    data = {
        "declaration": held.declaration.number,
        "improvements": held.improvements.count(),
        "met": sorted(held.answers.filter(met=True).values_list("test", flat=True)),
        "figures": asdict(counted_of(held.declaration, at=at)),
    }
    record("learning.close_review", subject=held, by=by, at=at, place=held.unit.place, data=data, drill=held.drill)
    return held
