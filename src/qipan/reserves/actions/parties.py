"""Who is who in the acts on reserves: the firm, the governing unit, and what reaches beyond the area of a post."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.utils.translation import gettext as _

from qipan.desk.api import Task, TaskKind, TaskState, answer_task, recall_tasks, send_task
from qipan.duties.api import Unit, ground_of, heir_of, signing_unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range, range_of
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.text import in_city_language

from ..models import Call
from ..terms import FIRMS
from .refusals import CallOfAnother, NotAFirm, NotGoverning


def clock_of_reserves() -> Actor:
    """This function will return the actor of what happens to reserves by itself."""
    return Actor.system("reserves", ranges=[range_of(settings.CITY)])


def unit_of(by: Actor, act: str) -> Unit:
    """This function will return the unit that a post acts for; a post without one acts for none (``NotAllowed``)."""
    by.require(act)
    unit = Unit.objects.select_related("organ_type").filter(pk=by.unit_id or 0).first()
    if unit is None:
        raise NotAllowed(act=act)
    return unit


def firm_of(by: Actor) -> Unit:
    """This function will return the firm that a post acts for. Raises ``NotAllowed``, ``NotAFirm``."""
    unit = unit_of(by, "reserve.lend")
    check_firm(unit)
    return unit


def check_firm(unit: Unit) -> None:
    """This function will refuse a unit that is no firm, or is one no more."""
    if unit.organ_type.code not in FIRMS or unit.valid_to is not None:
        raise NotAFirm(unit=unit, field="firm")


def governing_of(by: Actor) -> Unit:
    """This function will return the governing unit that a post acts for. Raises ``NotAllowed``, ``NotGoverning``."""
    unit = unit_of(by, "reserve.call")
    if unit.organ_type.executes_only or unit.organ_type.authority_rank < 1:
        raise NotGoverning(unit=unit)
    return unit


def check_ground(unit: Unit, ground: Range, *, by: Actor) -> bool:
    """This function will say whether a unit is in charge of all of a ground; out of scope is ``NotFound``."""
    if ground.without(by.scope.ranges):
        raise NotFound
    return not ground.without(ground_of(unit))


def check_caller(call: Call, *, by: Actor) -> None:
    """This function will refuse whoever is neither the calling unit, or its heir, nor a command above it."""
    if call.place not in by.scope:
        raise NotFound
    if signing_unit(call.caller, by=by) is None and not _above(by, call.caller):
        raise CallOfAnother(unit=call.caller)


def _above(by: Actor, unit: Unit) -> bool:
    """Whether the post's unit stands above another."""
    seen, parent = 0, unit.parent_id
    while parent is not None and seen < 10:
        if parent == by.unit_id:
            return True
        seen, parent = seen + 1, Unit.objects.values_list("parent_id", flat=True).get(pk=parent)
    return False


def note(act: str, subject: Model, *, place: int, by: Actor, at: datetime, drill: bool = False, **data: Any) -> None:
    """This function will write the journal row of an act on reserves."""
    record(f"reserves.{act}", subject=subject, by=by, at=at, place=place, data=data, drill=drill)


def ask(
    source: str,
    title: str,
    *,
    asker: Unit,
    owner: Unit,
    basis: str,
    due_at: datetime | None,
    by: Actor,
    at: datetime,
    drill: bool = False,
) -> None:
    """This function will put a task on the desk of the other side.

    An agreement reaches the other's desk wherever it stands, so the area of the post is no bound here. No admission is
    asked for: the firm agreed to it by its own signature, or a written order of a competent organ is its basis.
    """
    send_task(
        kind=TaskKind.REQUEST,
        source=source,
        title=title[:200],
        asker=asker,
        owner=owner,
        place=owner.place,
        basis=basis[:300],
        due_at=due_at,
        by=replace(by, scope=Scope((range_of(settings.CITY),))),
        at=at,
        drill=drill,
        listed=True,
        urgent=True,  # its agreement names the times, or the order does
    )


@in_city_language
def answered(source: str, owner: Unit, *, by: Actor, at: datetime) -> None:
    """This function will close the task of an owner that an act on its page has done; done by another, it is taken back."""
    owner = heir_of(owner)
    task = Task.objects.everywhere("the act's own task").filter(source=source, owner=owner, closed_at=None).first()
    if task is None:
        return
    if by.unit_id != owner.pk or task.state == TaskState.OBJECTED:
        recall_tasks(source, note=_("Done on its page."), by=by, at=at)
        return
    own = replace(by, acts=by.acts | {"task.answer"}, scope=Scope((Range(task.place, task.place),)))
    answer_task(task, state=TaskState.DONE, by=own, at=at, on_its_page=True)
