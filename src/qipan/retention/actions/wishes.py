"""What a person asks about own data: looked up by the code of one purpose, answered by the owner within its time."""

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from qipan.desk.api import ClockKind, TaskKind, TaskState, answer_task, send_task
from qipan.duties.api import Unit, signing_unit
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.calendar import Kind, due_time
from qipan.kernel.refusal import NotFound, Refusal
from qipan.kernel.retention import Own, openers

from ..models import Wish
from ..rules.chain import WISH_DAYS
from ..terms import WishKind, WishState
from .preparing import ReasonNeeded


class NothingToCorrect(Refusal):
    code = "nothing_to_correct"
    sentence = _("Say what is wrong and what is right instead.")
    status = 400


class WishDecided(Refusal):
    code = "wish_decided"
    sentence = _("This was answered already.")


@transaction.atomic
def ask(own: Own, *, kind: str, words: str, by: Actor, at: datetime) -> Wish:
    """This function will put a person's wish on the owner's desk, due in 15 working days; asked twice is asked once.

    The page has opened the subject by its code. Raises ``NothingToCorrect``.
    """
    if kind not in WishKind.values:
        raise NotFound
    if kind == WishKind.CORRECT and not words.strip():
        raise NothingToCorrect(field="words")
    owner = Unit.objects.select_related("organ_type").get(pk=own.unit_id)
    due = due_time(at, WISH_DAYS, Kind.WORKING_DAYS).at
    wish, made = Wish.objects.everywhere("opened by its own code").get_or_create(
        subject=own.subject,
        kind=kind,
        decided_at=None,
        defaults={
            "purpose": own.purpose[:120],
            "words": words.strip()[:500],
            "unit": owner,
            "place": own.place,
            "asked_at": at,
            "due_at": due,
            "drill": own.drill,
        },
    )
    if not made:
        return wish
    with override(settings.LANGUAGE_CODE):
        title = _now("Answer a person's wish about own data: %(what)s") % {"what": WishKind(kind).label}
        basis = _now("Personal Information Protection Law, art. 44 to 50")
    wish.task = send_task(
        kind=TaskKind.REQUEST,
        source=f"wish:{wish.pk}",
        title=title[:200],
        asker=owner,  # the person asks it of the unit that holds the data: the law admitted it
        owner=owner,
        place=own.place,
        basis=basis,
        due_at=due,
        by=by,
        at=at,
        clock=ClockKind.WORKING_DAYS,
        drill=own.drill,
    )
    wish.save(update_fields=["task"])
    record("retention.ask", subject=wish, by=by, at=at, place=own.place, data={"kind": kind}, drill=own.drill)
    return wish


@transaction.atomic
def correct_own(own: Own, *, name: str, value: str, by: Actor, at: datetime) -> None:
    """This function will correct at once what a person may correct alone, as how to be reached.

    Raises ``NotFound``, ``NothingToCorrect``.
    """
    if name not in {one.correct for one in own.held if one.correct}:
        raise NotFound
    if not value.strip():
        raise NothingToCorrect(field="value")
    model = own.subject.partition(":")[0]
    openers()[model].correct(own.subject, name, value.strip()[:120], by=by, at=at)
    record(
        "retention.correct_own",
        subject=own.subject,
        by=by,
        at=at,
        place=own.place,
        data={"what": name},
        drill=own.drill,
    )


@transaction.atomic
def decide_wish(wish: Wish, *, grant: bool, reason: str, by: Actor, at: datetime) -> Wish:
    """This function will answer a wish: a deletion that is granted is done in the same act; the person reads the answer.

    For the unit that holds the data, or where that has ended its heir or the command above; needs ``task.answer``. Raises ``NotAllowed``, ``NotFound``, ``WishDecided``,
    ``ReasonNeeded``.
    """
    by.require("task.answer")
    rows = Wish.objects.within(by.scope).select_for_update(of=("self",)).select_related("task", "unit__organ_type")
    held = rows.filter(pk=wish.pk).first()
    if held is None or by.unit_id is None or signing_unit(held.unit, by=by) is None:
        raise NotFound
    if held.decided_at is not None:
        raise WishDecided
    if not grant and not reason.strip():
        raise ReasonNeeded(field="reason")
    if grant and held.kind == WishKind.DELETE:
        openers()[held.subject.partition(":")[0]].destroy(held.subject, by=by, at=at)
    held.state = WishState.GRANTED if grant else WishState.REFUSED
    held.decided_at, held.decided_by, held.reason = at, by.label[:120], reason.strip()[:500]
    # What the person wrote has done its work.
    held.words = ""
    held.save(update_fields=["state", "decided_at", "decided_by", "reason", "words"])
    if held.task is not None:
        owner = replace(by, unit_id=held.task.owner_id)  # whoever answers for it has done its task
        answer_task(held.task, state=TaskState.DONE, note="", by=owner, at=at, on_its_page=True)
    record(
        "retention.decide_wish",
        subject=held,
        by=by,
        at=at,
        place=held.place,
        data={"kind": held.kind, "state": held.state},
        drill=held.drill,
    )
    return held
