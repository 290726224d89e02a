"""The street call: units called to a place and a time, their answers, who came, what came of it, and both sides' word."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, TaskState, answer_task, extend_task, recall_tasks, send_task
from qipan.duties.api import Unit, ground_of, heir_of, proposals
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound
from qipan.kernel.text import in_city_language

from ..models import Call, Called, Category, Matter
from ..queries.patterns import may_wake
from ..queries.units import unit_of
from ..rules import joint, loop
from ..rules.figures import OF_CALLS, of_call_word
from ..terms import Channel, StepKind, Urgency
from .dispatching import NotCooperating, NotItsGround
from .filing import file_matter
from .intake import Words, report_matter, title_of
from .steps import as_asker, locked, log, note_step

MOST = 20  # units in one call


def source_of(call: Call) -> str:
    return f"call:{call.pk}"


def may_call(by: Actor) -> None:
    """This function will pass for who may call: who dispatches, and the lead organisation, which convenes (ORG-17).

    Raises ``NotAllowed``.
    """
    if not by.can("matter.arbitrate"):
        by.require("matter.dispatch")


def _check_units(matter: Matter | None, units: Sequence[Unit], caller: Unit, *, at: datetime) -> set[int]:
    """Legal targets only; returns those whose own list names the item, which need no admission."""
    if not 0 < len({unit.pk for unit in units}) <= MOST:
        raise joint.NobodyCalled(field="units", most=MOST)
    if caller.pk in {unit.pk for unit in units}:
        raise joint.CallsItself(field="units")
    listed: set[int] = set()
    if matter is not None:
        found = proposals(matter.category.item_code, matter.place, on=localdate(at))
        listed = {one.unit.pk for one in found}
    for unit in units:
        if matter is not None and not any(matter.place in part for part in ground_of(unit)):
            raise NotItsGround(unit=unit)
        if unit.organ_type.executes_only and unit.pk not in listed:
            raise NotCooperating(unit=unit)
    return listed


@in_city_language
def open_call(
    *,
    matter: Matter | None,
    units: Sequence[Unit],
    what: str,
    meets_where: str,
    meets_at: datetime,
    urgency: str,
    by: Actor,
    at: datetime,
) -> Call:
    """This function will write a call and put a task on the desk of each unit; who calls it has locked what it is for."""
    if urgency not in Urgency.values:
        raise loop.WrongKind(field="urgency")
    what, where, caller = loop.said(what), meets_where.strip(), unit_of(by)
    if not where:
        raise joint.MeetingWrong(field="meets_where", days=joint.MEETS_WITHIN.days)
    answer_by = joint.respond_by(urgency, meets_at=meets_at, at=at)
    listed = _check_units(matter, units, caller, at=at)
    urgent = may_wake(matter, units, answer_by, at=at)
    call = Call.objects.create(
        matter=matter,
        caller=caller,
        place=matter.place if matter is not None else caller.place,
        what=what[:300],
        meets_where=where[:120],
        meets_at=meets_at,
        urgency=urgency,
        respond_by=answer_by,
        called_at=at,
        by_label=by.label[:120],
        drill=matter.drill if matter is not None else False,
    )
    for unit in {unit.pk: unit for unit in units}.values():
        task = send_task(
            kind=TaskKind.MATTER if matter is not None else TaskKind.REQUEST,
            source=f"{source_of(call)}:{unit.pk}",
            title=(title_of(matter, _now("Called to the place")) if matter is not None else what)[:200],
            asker=caller,
            owner=unit,
            place=call.place,
            basis=_now("Called by %(unit)s: %(what)s") % {"unit": caller.label, "what": what[:200]},
            due_at=answer_by,
            listed=unit.pk in listed,
            urgent=urgent,
            by=by,
            at=at,
            drill=call.drill,
        )
        Called.objects.create(call=call, unit=unit, task=task)
        step_of(call, StepKind.CALLED, unit=unit, note=what, by=by, at=at)
    log_of(call, StepKind.CALLED, detail=urgency, by=by, at=at)
    return call


def step_of(
    call: Call, kind: StepKind, *, unit: Unit | None, detail: str = "", note: str = "", by: Actor, at: datetime
) -> None:
    """The matter's history and the kept counts know it too; a session's call has its own page."""
    if call.matter is not None:
        detail = of_call_word(detail, call.called_at) if kind in OF_CALLS else detail  # it counts where the call does
        unit_key = unit.pk if unit is not None else call.caller_id
        note_step(call.matter, kind, unit=unit_key, detail=detail, note=note, by=by, at=at)


def log_of(call: Call, kind: StepKind, *, detail: str = "", by: Actor, at: datetime) -> None:
    if call.matter is not None:
        log(call.matter, kind, was=call.matter.state, detail=detail, by=by, at=at)
        return
    data = {"detail": detail}
    record(f"matters.{kind.value.lower()}", subject=call, by=by, at=at, place=call.place, data=data, drill=call.drill)


@transaction.atomic
def call_units(
    matter: Matter,
    *,
    units: Sequence[Unit],
    what: str,
    meets_where: str,
    meets_at: datetime,
    urgency: str = Urgency.PRESSING,
    by: Actor,
    at: datetime,
) -> Call:
    """This function will call units to the place of a matter, at a time: each has it on its desk with a clock.

    Needs ``matter.dispatch``, or ``matter.arbitrate`` (the lead organisation convenes). Raises ``NotAllowed``,
    ``NotFound``, ``NotNow`` (the matter has ended), ``ReasonNeeded``, ``MeetingWrong``, ``NobodyCalled``,
    ``CallsItself``, ``CallsAtNight``, ``WrongKind``, ``NotItsGround``, ``NotCooperating`` (a community gets what its list names).
    """
    held, now = locked(matter, by=by, act=None)
    may_call(by)
    if now.state in loop.ENDED or now.state == loop.S.REPORTED:
        raise loop.NotNow(state=now.state)
    return open_call(
        matter=held,
        units=units,
        what=what,
        meets_where=meets_where,
        meets_at=meets_at,
        urgency=urgency,
        by=by,
        at=at,
    )


@transaction.atomic
def call_for_problem(
    *,
    category: Category,
    place: int,
    units: Sequence[Unit],
    what: str,
    meets_where: str,
    meets_at: datetime,
    urgency: str = Urgency.PRESSING,
    nonce: str,
    by: Actor,
    at: datetime,
) -> Call:
    """This function will make a problem that has no matter yet a filed one, and call units to it, in one act.

    The same form again (``nonce``) returns the call that is there. Needs ``matter.report`` and ``matter.dispatch``.
    Raises what reporting, filing and ``call_units`` raise.
    """
    by.require("matter.dispatch")
    words = Words(what, channel=Channel.OFFICE)
    reported = report_matter(category=category, place=place, words=words, nonce=nonce, by=by, at=at)
    if not reported.code and (held := reported.matter.calls.within(by.scope).order_by("pk").first()) is not None:
        return held
    matter = file_matter(reported.matter, by=by, at=at)
    return call_units(
        matter, units=units, what=what, meets_where=meets_where, meets_at=meets_at, urgency=urgency, by=by, at=at
    )


def held_call(call: Call, *, by: Actor) -> Call:
    """A running call, locked, after its matter."""
    known = Call.objects.within(by.scope).filter(pk=call.pk).values_list("matter", flat=True)
    if not known:
        raise NotFound
    matter = None
    if known[0] is not None:
        matter, _loop = locked(Matter(pk=known[0]), by=by, act=None)
    rows = Call.objects.within(by.scope).select_for_update(no_key=True, of=("self",)).select_related("caller")
    held = rows.get(pk=call.pk)
    if matter is not None:
        held.matter = matter
    return held


def open_held(call: Call, *, by: Actor) -> Call:
    """A call that is not over, locked."""
    held = held_call(call, by=by)
    if held.ended_at is not None:
        raise joint.CallIsOver
    return held


def part_in(held: Call, *, by: Actor) -> Called:
    """The part of the actor's unit in a call."""
    by.require("task.answer")
    found = held.called.select_related("unit", "task").filter(unit=by.unit_id).first()
    if found is None:
        raise joint.NotCalled
    return found


def caller_only(held: Call, *, by: Actor) -> None:
    """Passes for the unit that called, or its heir."""
    may_call(by)
    if not calls_for(held, by):
        raise joint.NotTheCaller


def calls_for(held: Call, by: Actor) -> bool:
    """This function will say whether the actor's unit called, or is the heir of one that did and was merged."""
    return by.unit_id is not None and by.unit_id in (held.caller_id, heir_of(held.caller).pk)


def called_in(held: Call, called: Called) -> Called:
    found = held.called.select_related("unit", "task").filter(pk=called.pk).first()
    if found is None:
        raise NotFound
    return found


def silence_of(called: Called) -> str:
    """This function will return the source of the task that tells the level above of a unit's silence, anew after a
    ruling that it comes.
    """
    return f"silent:{called.call_id}:{called.pk}" + (":ruled" if called.excused is False else "")


@in_city_language
def no_longer_silent(called: Called, *, by: Actor, at: datetime) -> None:
    if called.silent_at is not None:
        recall_tasks(silence_of(called), note=_now("It has answered"), by=by, at=at)


@transaction.atomic
@in_city_language
def accept_call(call: Call, *, post: str, by: Actor, at: datetime) -> Called:
    """This function will say that a called unit comes, and which post: a function, never a person.

    In time or late, as its clock says. Needs ``task.answer`` in a called unit. Raises ``NotAllowed``,
    ``NotFound``, ``CallIsOver``, ``NotCalled``, ``PostNeeded``.
    """
    held = open_held(call, by=by)
    mine = part_in(held, by=by)
    post = post.strip()
    if not post or any(sign.isdigit() for sign in post):
        raise joint.PostNeeded(field="post")
    if mine.accepted_at is not None or (mine.refused_at is not None and mine.excused is not False):
        raise joint.NotCalled
    answer_task(mine.task, state=TaskState.ACCEPTED, note=post, by=by, at=at, on_its_page=True)
    no_longer_silent(mine, by=by, at=at)
    mine.post, mine.accepted_at = post[:60], at
    mine.save(update_fields=["post", "accepted_at"])
    finish_by = max(held.meets_at, at) + joint.RESULT_WITHIN
    asker = as_asker(mine.task, by)
    extend_task(mine.task, due_at=finish_by, reason=_now("It comes; then what it did is due"), by=asker, at=at)
    detail = "IN_TIME" if at <= mine.due_by else "LATE"
    step_of(held, StepKind.COMING, unit=mine.unit, detail=detail, note=mine.post, by=by, at=at)
    log_of(held, StepKind.COMING, detail=mine.unit.code[:30], by=by, at=at)
    return mine


@transaction.atomic
def note_attendance(called: Called, *, came: bool, by: Actor, at: datetime) -> Called:
    """This function will note whether a called unit came; the caller says so, and may put it right until the end.

    Needs the caller's unit. Raises ``NotAllowed``, ``NotFound``, ``CallIsOver``, ``NotTheCaller``, ``NotMetYet``,
    ``NotCalled`` (the unit was excused).
    """
    held = open_held(called.call, by=by)
    caller_only(held, by=by)
    fresh = called_in(held, called)
    if at < held.meets_at:
        raise joint.NotMetYet
    if fresh.excused:
        raise joint.NotCalled
    if fresh.came is came:
        return fresh
    if fresh.came is not None:  # put right: the kept counts know both words, each as a step of its own
        step_of(
            held, StepKind.CAME, unit=fresh.unit, detail="UNSAID_CAME" if fresh.came else "UNSAID_ABSENT", by=by, at=at
        )
    fresh.came = came
    fresh.save(update_fields=["came"])
    detail = "CAME" if came else "ABSENT"
    step_of(held, StepKind.CAME, unit=fresh.unit, detail=detail, by=by, at=at)
    log_of(held, StepKind.CAME, detail=f"{detail} {fresh.unit.code}"[:30], by=by, at=at)
    return fresh


@transaction.atomic
def tell_result(call: Call, *, result: str, by: Actor, at: datetime) -> Called:
    """This function will say what a called unit did there; its task is done with it.

    Needs ``task.answer`` in a called unit that is coming. Raises ``NotAllowed``, ``NotFound``, ``CallIsOver``,
    ``NotCalled``, ``ReasonNeeded``.
    """
    held = open_held(call, by=by)
    mine = part_in(held, by=by)
    if mine.accepted_at is None or mine.task.closed_at is not None:
        raise joint.NotCalled
    mine.result = loop.said(result)[:1000]
    answer_task(mine.task, state=TaskState.DONE, note=mine.result, by=by, at=at, on_its_page=True)
    mine.save(update_fields=["result"])
    step_of(held, StepKind.ON_SPOT, unit=mine.unit, note=mine.result, by=by, at=at)
    log_of(held, StepKind.ON_SPOT, detail=mine.unit.code[:30], by=by, at=at)
    return mine


@transaction.atomic
@in_city_language
def end_call(call: Call, *, result: str, by: Actor, at: datetime) -> Call:
    """This function will end a call with what came of it; tasks still open are taken back, each with its reason.

    Attendance is noted first for each unit that was not excused. Needs the caller's unit. Raises ``NotAllowed``,
    ``NotFound``, ``CallIsOver``, ``NotTheCaller``, ``ReasonNeeded``, ``RefusalsOpen``, ``AttendanceOpen``.
    """
    held = open_held(call, by=by)
    caller_only(held, by=by)
    result = loop.said(result)
    units = list(held.called.select_related("unit", "task").order_by("pk"))
    if waiting := [one.unit for one in units if one.undecided]:
        raise joint.RefusalsOpen(units=waiting)
    if unsaid := [one.unit for one in units if one.came is None and not one.excused]:
        raise joint.AttendanceOpen(units=unsaid)
    for one in units:
        if one.silent_at is not None:
            recall_tasks(silence_of(one), note=_now("The call has ended"), by=by, at=at)
        if one.task.closed_at is None:
            note = _now("The call has ended; it came") if one.came else _now("The call has ended; it did not come")
            recall_tasks(one.task.source, note=note, by=by, at=at)
    held.result, held.ended_at = result[:1000], at
    held.save(update_fields=["result", "ended_at"])
    step_of(held, StepKind.CALL_ENDED, unit=None, note=held.result, by=by, at=at)
    log_of(held, StepKind.CALL_ENDED, by=by, at=at)
    return held
