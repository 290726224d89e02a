"""Who handles it: dispatch by the responsibility lists, one objection, a ruling that binds, cooperating units."""

from collections.abc import Collection
from datetime import datetime

from django.utils.timezone import localdate
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from qipan.desk.api import TaskState, answer_task, decide_objection, remind_at
from qipan.duties.api import Unit, check_primary, ground_of, lead_body, proposals
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.rows import insert_row, store_row
from qipan.kernel.text import in_city_language

from ..models import Handling, Matter
from ..queries.patterns import remedy_due
from ..queries.units import unit_of
from ..rules import limits, loop
from ..rules.loop import Loop
from ..terms import Outcome, Part, StepKind
from .intake import office_for, title_of
from .steps import (
    as_asker,
    ask,
    end_part,
    end_waiting,
    locked,
    log,
    need_office_or_handler,
    note_step,
    open_parts,
    settle,
)

ARBITRATE = "1wd"  # the lead organisation rules within one working day


class NotItsGround(Refusal):
    code = "not_its_ground"
    sentence = _("%(unit)s does not work at this place.")


class NotCooperating(Refusal):
    """Communities help with what stands on their list, and with nothing else."""

    code = "not_cooperating"
    sentence = _("%(unit)s only carries out what stands on its list, and this item does not.")


class PartDuePast(Refusal):
    code = "part_due_past"
    sentence = _("The time for its part lies in the past: choose a later one, or leave it to the catalogue.")
    status = 400


class HasPartAlready(Refusal):
    code = "has_part_already"
    sentence = _("%(unit)s has a part in this matter already.")


def _check_target(matter: Matter, unit: Unit, *, returned: Collection[int], at: datetime) -> None:
    """A legal target only: on its ground, and with the item as primary on its list (ORG-3); the district where no list
    names the item, or who is named has ``returned`` the matter.
    """
    if not any(matter.place in part for part in ground_of(unit)):
        raise NotItsGround(unit=unit)
    check_primary(unit, matter.category.item_code, matter.place, on=localdate(at), returned=returned)


def _why(matter: Matter, unit: Unit, *, at: datetime) -> str:
    """Why this unit: the line of the responsibility list, as it was proposed."""
    found = proposals(matter.category.item_code, matter.place, on=localdate(at))
    return next((f"{one.why} ({one.basis})" for one in found if one.unit.pk == unit.pk), "")


@in_city_language
def give_part(
    matter: Matter,
    unit: Unit,
    *,
    part: Part,
    asker: Unit,
    why: str,
    due_at: datetime | None = None,
    object_by: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Handling:
    """This function will give a unit a part in a matter: a row with its task on the unit's desk.

    A handler may object in the catalogue's time, or until ``object_by`` where it was named the handler before.
    """
    primary = part == Part.PRIMARY
    task = ask(
        matter,
        owner=unit,
        asker=asker,
        title=title_of(matter, _now("To handle") if primary else _now("To help with")),
        basis=why or _now("Catalogue, %(code)s") % {"code": matter.category.code},
        limit=matter.category.limit_handle,
        due_at=due_at or (remedy_due(matter, at=at) if primary else None),
        listed=True,  # its list was checked above
        by=by,
        at=at,
    )
    accept_by = limits.due(matter.category.limit_accept, at)
    given = Handling(
        matter=matter,
        unit=unit,
        part=part,
        task=task,
        why=why[:300],
        asked_at=at,
        accept_by=accept_by,
        remind_at=remind_at(at, accept_by),
        object_by=object_by or limits.due(matter.category.limit_object, at) if primary else None,
    )
    insert_row(given)
    if matter.parts is not None:
        matter.parts.append(given)
    return given


@act
def dispatch_matter(matter: Matter, *, unit: Unit, by: Actor, at: datetime) -> Matter:
    """This function will give a filed matter to the unit whose list has its item as primary; each time is a hop.

    From an objection of another unit: the dispatcher agrees and names a third. The third hop tells the lead
    organisation. Needs ``matter.dispatch``. Raises ``NotAllowed``, ``NotFound``, ``NotNow`` (somebody was
    first), ``OwnObjection``, ``ReturnedByThisUnit``, ``NotItsGround``, and ``NotOnList`` of duties with the rule's text.
    """
    held, now = locked(matter, by=by, act="matter.dispatch")
    after = loop.dispatch(now, unit=unit.pk, office=by.unit_id)
    _check_target(held, unit, returned=now.returned, at=at)
    why = _hand_over(held, unit, asker=unit_of(by), by=by, at=at)
    settle(held, after, StepKind.DISPATCHED, note=why, by=by, at=at)
    _alarm(held, after, by=by, at=at)
    return held


@in_city_language
def _hand_over(held: Matter, unit: Unit, *, asker: Unit, note: str = "", by: Actor, at: datetime) -> str:
    """Ends the part of who held it, and what the office or the lead organisation had to decide; gives the new part.

    ``note`` is the reason of a ruling; without one the objection was accepted. Returns why it is this unit's.
    """
    note = note or _now("Objection accepted")
    for part in open_parts(held):
        if part.part == Part.PRIMARY or part.unit_id == unit.pk:
            if part.task.state == TaskState.OBJECTED and part.task.closed_at is None:
                part.task = decide_objection(part.task, upheld=True, reason=note, by=as_asker(part.task, by), at=at)
            end_part(part, Outcome.MOVED, note=note, by=by, at=at)
    end_waiting(held, note=_now("Dispatched to %(unit)s") % {"unit": unit.label}, by=by, at=at)
    why = _why(held, unit, at=at)
    give_part(held, unit, part=Part.PRIMARY, asker=asker, why=why, by=by, at=at)
    return why


@in_city_language
def _alarm(held: Matter, after: Loop, *, by: Actor, at: datetime) -> None:
    """At the third hop and each later one the lead organisation has it on its desk."""
    if not after.alarm:
        return
    lead = lead_body()
    ask(
        held,
        owner=lead,
        asker=lead,
        title=title_of(
            held, ngettext("Handed on %(hops)s time", "Handed on %(hops)s times", after.hops) % {"hops": after.hops}
        ),
        basis=_now("Each hop is counted; the third is told to the lead organisation"),
        limit="1wd",
        by=by,
        at=at,
    )
    store_row(held)
    note_step(held, StepKind.ALARM, detail=str(after.hops), by=by, at=at)


def own_part(matter: Matter, by: Actor) -> Handling:
    """This function will return the open part of the actor's unit; raises ``NotTheHandler``, ``NotAllowed``."""
    by.require("task.answer")
    part = next((one for one in open_parts(matter) if one.unit_id == by.unit_id), None)
    if part is None:
        raise loop.NotTheHandler
    return part


@act
@in_city_language
def object_to_matter(matter: Matter, *, reason: str, by: Actor, at: datetime) -> Matter:
    """This function will object to a matter, once, with reasons, in the catalogue's time since the unit was named: the
    lead organisation decides within a working day.

    Until then the unit keeps the duty. The dispatcher may also agree at once and name another unit. Needs
    ``task.answer`` in the handler's unit. Raises ``NotAllowed``, ``NotFound``, ``NotNow``, ``NotTheHandler``,
    ``ObjectedAlready``, ``ObjectionLate``, ``RulingIsFinal``, ``ReasonNeeded``.
    """
    held, now = locked(matter, by=by, act="task.answer")
    until = next((one.objects_until for one in open_parts(held) if one.part == Part.PRIMARY), at)
    limit = held.category.limit_object
    after = loop.object_to(now, unit=by.unit_id or 0, reason=reason, limit=limit, until=until, at=at)
    part = own_part(held, by)
    part.task = answer_task(part.task, state=TaskState.OBJECTED, note=reason.strip(), by=by, at=at, on_its_page=True)
    part.outcome, part.objection, part.objected_at = Outcome.OBJECTED, reason.strip()[:500], at
    store_row(part)
    lead = lead_body()
    held.waiting = ask(
        held,
        owner=lead,
        asker=lead,
        title=title_of(held, _now("To rule on an objection")),
        basis=_now("One objection with reasons, decided by the lead organisation, final"),
        limit=ARBITRATE,
        by=by,
        at=at,
    )
    return settle(held, after, StepKind.OBJECTED, note=reason, by=by, at=at)


@in_city_language
def _it_stays(held: Matter, *, reason: str, by: Actor, at: datetime) -> None:
    """The ruling leaves the matter with the unit that objected."""
    [part] = [one for one in open_parts(held) if one.part == Part.PRIMARY]
    decide_objection(part.task, upheld=False, reason=reason, by=as_asker(part.task, by), at=at)
    part.outcome = Outcome.OPEN
    store_row(part)
    end_waiting(held, note=_now("Ruled"), by=by, at=at)


@act
def arbitrate_matter(matter: Matter, *, unit: Unit, reason: str, by: Actor, at: datetime) -> Matter:
    """This function will rule which unit handles a matter, the objector or another: it binds and is not returned.

    Needs ``matter.arbitrate``. Raises ``NotAllowed``, ``NotFound``, ``NotNow``, ``ReasonNeeded``,
    ``NotItsGround``, and ``NotOnList`` of duties: a ruling cannot give a community what is not on its list.
    """
    held, now = locked(matter, by=by, act="matter.arbitrate")
    after = loop.arbitrate(now, unit=unit.pk, reason=reason)
    _check_target(held, unit, returned=now.returned, at=at)
    if unit.pk == now.handler:
        _it_stays(held, reason=reason, by=by, at=at)
    else:
        _hand_over(held, unit, asker=office_for(held.place), note=reason, by=by, at=at)
    settle(held, after, StepKind.ARBITRATED, note=reason, by=by, at=at)
    if after.hops > now.hops:
        _alarm(held, after, by=by, at=at)
    return held


@act
def add_cooperating(
    matter: Matter, *, unit: Unit, due_at: datetime | None = None, note: str = "", by: Actor, at: datetime
) -> Handling:
    """This function will ask a unit to help, with its own task, time and result (ORG-8).

    Units that only execute help where their list says so. Needs ``matter.dispatch``, or to be the handler.
    Raises ``NotAllowed``, ``NotFound``, ``NotNow``, ``NotItsGround``, ``NotCooperating``, ``HasPartAlready``,
    ``PartDuePast``.
    """
    held, now = locked(matter, by=by, act=None)
    need_office_or_handler(now, by=by)
    if now.state != loop.S.DISPATCHED:
        raise loop.NotNow(state=now.state)
    if not any(held.place in part for part in ground_of(unit)):
        raise NotItsGround(unit=unit)
    listed = _why(held, unit, at=at)
    if unit.organ_type.executes_only and not listed:
        raise NotCooperating(unit=unit)
    if any(part.unit_id == unit.pk for part in open_parts(held)):
        raise HasPartAlready(unit=unit)
    if due_at is not None and due_at <= at:
        raise PartDuePast(field="due_at")
    why = listed or note
    part = give_part(held, unit, part=Part.COOPERATING, asker=unit_of(by), why=why, due_at=due_at, by=by, at=at)
    note_step(held, StepKind.ASKED, unit=unit.pk, note=note or why, by=by, at=at)
    log(held, StepKind.ASKED, was=held.state, detail=unit.code[:30], by=by, at=at)
    return part


def _part(matter: Matter, pk: int) -> Handling:
    part = next((one for one in open_parts(matter) if one.pk == pk and one.part == Part.COOPERATING), None)
    if part is None:
        raise NotFound
    return part


@act
def waive_part(part: Handling, *, reason: str, by: Actor, at: datetime) -> Handling:
    """This function will waive a cooperating part with a reason: it blocks the matter no more (MAT-4).

    Needs ``matter.dispatch``, or to be the handler. Raises ``NotAllowed``, ``NotFound``, ``ReasonNeeded``.
    """
    held, now = locked(part.matter, by=by, act=None)
    need_office_or_handler(now, by=by)
    reason, fresh = loop.said(reason), _part(held, part.pk)
    fresh.result = reason[:1000]
    end_part(fresh, Outcome.WAIVED, note=reason, by=by, at=at)
    note_step(held, StepKind.WAIVED, unit=fresh.unit_id, note=reason, by=by, at=at)
    log(held, StepKind.WAIVED, was=held.state, detail=fresh.unit.code[:30], by=by, at=at)
    return fresh


@act
def finish_part(matter: Matter, *, result: str, by: Actor, at: datetime) -> Handling:
    """This function will report a cooperating part as done, by its unit, with its result.

    Needs ``task.answer``. Raises ``NotAllowed``, ``NotFound``, ``NotTheHandler``, ``ReasonNeeded``.
    """
    held, _now_loop = locked(matter, by=by, act="task.answer")
    part = own_part(held, by)
    if part.part != Part.COOPERATING:
        raise loop.NotTheHandler
    part.result, part.done_by = loop.said(result)[:1000], by.account_id
    part.task = answer_task(part.task, state=TaskState.DONE, note=part.result, by=by, at=at, on_its_page=True)
    end_part(part, Outcome.DONE, note="", by=by, at=at)
    note_step(held, StepKind.PART_DONE, unit=part.unit_id, note=part.result, by=by, at=at)
    log(held, StepKind.PART_DONE, was=held.state, detail=part.unit.code[:30], by=by, at=at)
    return part
