"""HTTP endpoints of the desk with types: tasks of an area, one task with its history, admissions."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from ninja import Field, Router, Schema

from qipan.access.api import signed_in
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.clock import now
from qipan.kernel.place import place_text
from qipan.kernel.refusal import BadInput, NotFound
from qipan.territory.api import get_area
from qipan.webkit.schemas import Moment

from .actions.admissions import apply_admission, decide_admission
from .models import Admission, Task
from .queries.admissions import get_admission, grounds_of, public_admissions
from .queries.desks import desk_counts, get_task, history, seen_by, unit_of
from .queries.pages import task_json
from .terms import Activity, AdmissionState, HowOften, TaskState

router = Router(tags=["desk"])
MOST = 500


class AdmissionIn(Schema):
    """An application for work to be admitted."""

    title: str = Field(max_length=200)
    basis: str = Field("", max_length=300)
    minutes_per_unit: int = Field(ge=0, le=100_000)
    organ_types: list[str] = []
    activity: Activity = Activity.OTHER
    questions: int = Field(0, ge=0, le=1000)
    fields: list[str] = []
    areas: list[str] = []
    form_code: str = Field("", max_length=40, pattern=r"^[-a-zA-Z0-9_]*$")
    how_often: HowOften = HowOften.ONCE
    valid_from: Moment
    valid_to: Moment


class DecisionIn(Schema):
    """A decision on an application."""

    admitted: bool
    reason: str = Field(max_length=300)
    basis: str = Field("", max_length=300)
    questions: int | None = Field(None, ge=0, le=1000)
    fields: list[str] | None = None
    valid_to: Moment | None = None


def _within(actor: Actor, area: str) -> Scope:
    """The part of the actor's scope that lies in an area; raises ``NotFound`` when there is none."""
    if not area:
        return actor.scope
    parts = tuple(part for ground in get_area(area).ranges for part in actor.scope.narrowed(ground).ranges)
    if not parts:
        raise NotFound
    return Scope(parts)


@router.get("desk/tasks", response=dict)
def get_tasks(
    request: HttpRequest,
    area: str = "",
    source: str = "",
    state: str = "",
    open: bool = True,
    after: int = 0,
    limit: int = 100,
) -> dict[str, Any]:
    """Tasks in one's own subtree, or in an area of it, in the order they were sent; pass ``next`` as ``after``."""
    actor = signed_in(request)
    actor.require("desk.view")
    unit = unit_of(actor)
    if unit is None:
        raise NotFound
    if state and state not in TaskState.values:
        raise BadInput([f"state: one of {', '.join(TaskState.values)}"])
    rows = Task.objects.within(_within(actor, area)).filter(seen_by(actor, unit), pk__gt=after)
    if source:
        rows = rows.filter(source=source)
    if state:
        rows = rows.filter(state=state)
    if open:
        rows = rows.filter(closed_at=None)
    limit = min(max(limit, 1), MOST)
    tasks = list(rows.select_related("asker", "owner").order_by("pk")[:limit])
    return {
        "tasks": [task_json(task) for task in tasks],
        "next": tasks[-1].pk if len(tasks) == limit else None,
    }


@router.get("desk/counts", response=dict)
def get_counts(request: HttpRequest, area: str = "") -> dict[str, int]:
    """Open and late tasks in one's own subtree, or in an area of it."""
    actor = signed_in(request)
    actor.require("desk.view")
    counted = desk_counts(_within(actor, area).ranges, at=now())
    return {
        "open": counted.open,
        "late": counted.late,
        "due_today": counted.due_today,
        "blocked_units": counted.blocked_units,
    }


@router.get("desk/tasks/{pk}", response=dict)
def get_one_task(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One task with its history: each step with its actor and time."""
    actor = signed_in(request)
    actor.require("desk.view")
    task = get_task(pk, actor=actor)
    steps = [
        {"step": step.state, "at": step.at.isoformat(), "by": step.by_label, "note": step.note}
        for step in history(task)
    ]
    return {**task_json(task), "history": steps}


def _admission(admission: Admission) -> dict[str, Any]:
    return {
        "id": admission.pk,
        "demander": admission.demander.label,
        "title": admission.title,
        "basis": admission.basis,
        "declaration": admission.declaration,
        "organ_types": admission.organ_types,
        "activity": admission.activity,
        "questions": admission.questions,
        "fields": admission.fields,
        "grounds": None
        if admission.grounds is None
        else [[place_text(first), place_text(last)] for first, last in admission.grounds],
        "form_code": admission.form_code,
        "how_often": admission.how_often,
        "minutes_per_unit": admission.minutes_per_unit,
        "units": admission.units,
        "hours": admission.hours,
        "monthly_hours": admission.monthly_hours,
        "asked": admission.asked,
        "state": admission.state,
        "reason": admission.reason,
        "valid_from": admission.valid_from.isoformat(),
        "valid_to": admission.valid_to.isoformat(),
        "drill": admission.drill,
    }


@router.get("admissions", response=dict)
def get_admissions(request: HttpRequest, state: str = "", page: int = 1) -> dict[str, Any]:
    """The public list of applications and decisions, newest first; pass ``next`` as ``page``."""
    if signed_in(request).unit_id is None:
        raise NotFound
    if state and state not in AdmissionState.values:
        raise BadInput([f"state: one of {', '.join(AdmissionState.values)}"])
    rows = Paginator(public_admissions(state=state), MOST).get_page(page)
    return {
        "admissions": [_admission(admission) for admission in rows],
        "next": rows.next_page_number() if rows.has_next() else None,
    }


@router.post("admissions", response=dict)
def post_admission(request: HttpRequest, given: AdmissionIn) -> dict[str, Any]:
    """Apply for work to be admitted."""
    actor, said = signed_in(request), given.dict()
    areas = said.pop("areas")
    grounds = grounds_of(areas, actor=actor) if areas else None
    return _admission(apply_admission(**said, grounds=grounds, by=actor, at=now()))


@router.post("admissions/{pk}/decision", response=dict)
def post_decision(request: HttpRequest, pk: int, given: DecisionIn) -> dict[str, Any]:
    """Admit or refuse, with a reason that everyone may read."""
    actor = signed_in(request)
    actor.require("admission.decide")
    return _admission(decide_admission(get_admission(pk, actor=actor), **given.dict(), by=actor, at=now()))
