"""The weekly review session: its agenda from what keeps coming back, units called together, conclusions as tasks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now
from django.utils.translation import ngettext

from qipan.desk.api import Task, TaskKind, recall_tasks, send_task
from qipan.duties.api import Unit, lead_body
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.text import in_city_language

from ..models import AgendaItem, Call, Conclusion, ReviewSession
from ..queries.patterns import alarms, categories_by_code, disputed, hot_spots, orphans, to_review
from ..queries.rechecks import recurred
from ..queries.units import unit_of
from ..rules import joint
from ..terms import AgendaKind, Urgency
from .calls import open_call

MOST = 100  # matters behind one point
WEEK = timedelta(days=7)


@transaction.atomic
@in_city_language
def prepare_session(*, by: Actor, at: datetime) -> ReviewSession:
    """This function will prepare the agenda of this week's review session, once, and put it on the lead body's desk.

    Hot spots, types without an owner, shelved matters to review, disputed ones, alarms, what came back, as they stand now. The same
    week again returns what is there. Needs ``matter.arbitrate``; the job does it each Monday. Raises ``NotAllowed``.
    """
    by.require("matter.arbitrate")
    week = joint.week_of(localdate(at))
    session, new = ReviewSession.objects.get_or_create(
        week=week, defaults={"prepared_at": at, "by_label": by.label[:120]}
    )
    if not new:
        return session
    points = _points(by, at=at)
    for kind, keys, data in points:
        item = AgendaItem.objects.create(session=session, kind=kind, n=len(keys), **data)
        links = AgendaItem.matters.through
        links.objects.bulk_create(links(agendaitem=item, matter_id=key) for key in list(keys)[:MOST])
    lead = lead_body()
    send_task(
        kind=TaskKind.REQUEST,
        source=f"review:{session.pk}",
        title=ngettext(
            "Weekly review session, %(points)s point", "Weekly review session, %(points)s points", len(points)
        )
        % {"points": len(points)},
        asker=lead,
        owner=lead,
        place=lead.place,
        basis=_now("Each week the lead organisation looks at what keeps coming back"),
        due_at=joint.due("5wd", at),
        clock="WORKING_DAYS",
        by=by,
        at=at,
    )
    _log(session, "prepare", {"points": len(points)}, by=by, at=at)
    return session


def _points(by: Actor, *, at: datetime) -> list[tuple[AgendaKind, Sequence[int], dict[str, Any]]]:
    ranges = by.scope.ranges
    points: list[tuple[AgendaKind, Sequence[int], dict[str, Any]]] = []
    facts: dict[str, Any]
    for spot in hot_spots(ranges, at=at):
        facts = {"points": [[str(place), n] for place, n in spot.points]}
        points.append(
            (AgendaKind.HOT_SPOT, spot.matters, {"place": spot.site.place, "cell": spot.site.cell, "facts": facts})
        )
    lost = orphans(ranges, at=at)
    types = categories_by_code(one.category for one in lost)
    for one in lost:
        facts = {"returned": one.returned, "organs": list(one.organs), "proposed": one.proposed}
        points.append((AgendaKind.ORPHAN, one.matters, {"category": types[one.category], "facts": facts}))
    for kind, rows in (
        (AgendaKind.SHELVED, to_review(ranges, at=at)),
        (AgendaKind.DISPUTED, disputed(ranges)),
        (AgendaKind.ALARM, alarms(ranges)),
        (AgendaKind.RECURRED, recurred(ranges, since=at - WEEK, until=at)),
    ):
        if keys := list(rows.values_list("pk", flat=True)):
            points.append((kind, keys, {}))
    return points


def _log(session: ReviewSession, act: str, data: dict[str, Any], *, by: Actor, at: datetime) -> None:
    record(f"matters.session_{act}", subject=session, by=by, at=at, data=data)


def _open(session: ReviewSession, *, by: Actor) -> ReviewSession:
    by.require("matter.arbitrate")
    held = ReviewSession.objects.select_for_update(no_key=True, of=("self",)).filter(pk=session.pk).first()
    if held is None:
        raise NotFound
    if held.ended_at is not None:
        raise joint.SessionIsOver
    return held


@transaction.atomic
@in_city_language
def convene_session(
    session: ReviewSession,
    *,
    units: Sequence[Unit],
    meets_where: str,
    meets_at: datetime,
    by: Actor,
    at: datetime,
) -> Call:
    """This function will call units to a review session: each answers within 24 hours, its attendance is seen by all.

    Needs ``matter.arbitrate``. Raises ``NotAllowed``, ``NotFound``, ``SessionIsOver``, ``ConvenedAlready``,
    ``MeetingWrong``, ``NobodyCalled``, ``CallsItself``, ``NotCooperating``.
    """
    held = _open(session, by=by)
    if held.call_id is not None:
        raise joint.ConvenedAlready
    held.call = open_call(
        matter=None,
        units=units,
        what=_now("Review session of the week of %(week)s") % {"week": f"{held.week:%F}"},
        meets_where=meets_where,
        meets_at=meets_at,
        urgency=Urgency.PRESSING,
        by=by,
        at=at,
    )
    held.save(update_fields=["call"])
    _log(held, "convene", {"call": held.call.pk, "units": len(units)}, by=by, at=at)
    return held.call


@transaction.atomic
@in_city_language
def conclude(
    session: ReviewSession,
    *,
    text: str,
    owner: Unit,
    due_at: datetime,
    item: AgendaItem | None = None,
    by: Actor,
    at: datetime,
) -> Conclusion:
    """This function will write down a conclusion: a task on its owner's desk with a due time (ORG-13).

    Needs ``matter.arbitrate``. Raises ``NotAllowed``, ``NotFound``, ``SessionIsOver``, ``NothingAgreed``, and
    ``NotAdmitted`` of the desk: a session gives a community no work past the gate.
    """
    held = _open(session, by=by)
    if not text.strip() or due_at <= at:
        raise joint.NothingAgreed(field="text" if not text.strip() else "due_at")
    if item is not None and item.session_id != held.pk:
        raise NotFound
    held.conclusions_made += 1
    held.save(update_fields=["conclusions_made"])
    text = text.strip()[:300]
    task: Task = send_task(
        kind=TaskKind.REQUEST,
        source=f"review:{held.pk}:{held.conclusions_made}",
        title=text[:200],
        asker=unit_of(by),
        owner=owner,
        place=owner.place,
        basis=_now("Concluded by the review session of the week of %(week)s") % {"week": f"{held.week:%F}"},
        due_at=due_at,
        by=by,
        at=at,
    )
    made = Conclusion.objects.create(session=held, item=item, text=text, task=task)
    _log(held, "conclude", {"owner": owner.code, "task": task.pk}, by=by, at=at)
    return made


@transaction.atomic
@in_city_language
def end_session(session: ReviewSession, *, minutes: str, by: Actor, at: datetime) -> ReviewSession:
    """This function will end a review session with its minutes; its conclusions stay on their owners' desks.

    The call to it, where there was one, ends first. Needs ``matter.arbitrate``. Raises ``NotAllowed``, ``NotFound``,
    ``SessionIsOver``, ``MinutesNeeded``, ``AttendanceFirst``.
    """
    held = _open(session, by=by)
    if not minutes.strip():
        raise joint.MinutesNeeded(field="minutes")
    if held.call is not None and held.call.ended_at is None:
        raise joint.AttendanceFirst
    held.minutes, held.ended_at = minutes.strip()[:4000], at
    held.save(update_fields=["minutes", "ended_at"])
    recall_tasks(f"review:{held.pk}", note=_now("The session has ended"), by=by, at=at)
    _log(held, "end", {"conclusions": held.conclusions_made}, by=by, at=at)
    return held
