"""Weaknesses: noted with an owner and a day, a task on the owner's desk, closed with what was done (FOR-10)."""

from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.command.api import Activation, score_of
from qipan.desk.api import TaskKind, TaskState, answer_task, recall_tasks, send_task
from qipan.duties.api import Unit, lead_body
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed, NotFound

from ..models import Review, Weakness
from ..queries.weaknesses import open_at_end_of, owners_for
from ..terms import WeaknessSource
from .refusals import DayNotAhead, NotTheOwnersPost, OwnerUnknown, WeaknessMended, WordsMissing
from .reviews import open_to


def due_moment(day: date) -> datetime:
    """This function will return the last moment of a local calendar day."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=get_default_timezone())


@transaction.atomic
def note_weakness(
    *,
    title: str,
    text: str = "",
    owner_id: int | None,
    due_on: date | None,
    review: Review | None = None,
    activation: Activation | None = None,
    by: Actor,
    at: datetime,
) -> Weakness:
    """This function will note something that is weak, with who mends it until when, as a task on the owner's desk.

    Of a review it is an improvement task, and only the lead body of an open review notes it; by a drill it names the
    drill whose release has begun; by hand any unit whose post gives ``lesson.propose``. Raises ``NotAllowed``, what
    ``open_to`` and ``score_of`` raise, ``WordsMissing``, ``OwnerUnknown``, ``DayNotAhead``.
    """
    source = WeaknessSource.HAND
    if review is not None:
        review, source = open_to(review, by=by), WeaknessSource.REVIEW
    else:
        by.require("lesson.propose")
        if activation is not None:
            score_of(activation)
            source = WeaknessSource.DRILL
    unit = Unit.objects.select_related("organ_type").filter(pk=by.unit_id or 0).first()
    if unit is None:
        raise NotAllowed(act="lesson.propose")
    if not title.strip():
        raise WordsMissing(field="title")
    owner = owners_for(by).filter(pk=owner_id or 0).first()
    if owner is None:
        raise OwnerUnknown(field="owner_id")
    if due_on is None or due_on <= localdate(at) or due_on.year > localdate(at).year + 5:
        raise DayNotAhead(field="due_on")
    weakness = Weakness.objects.create(
        title=title.strip()[:160],
        text=text.strip()[:4000],
        source=source,
        review=review,
        activation=activation,
        owner=owner,
        noted_by=unit,
        place=owner.place if owner.place in by.scope else unit.place,
        opened_at=at,
        due_at=due_moment(due_on),
        by_label=by.label[:120],
    )
    with override(settings.LANGUAGE_CODE):
        words = _("Mend a weakness: %(title)s") % {"title": weakness.title}
        basis = _("Register of weaknesses")
    weakness.task = send_task(
        kind=TaskKind.REQUEST,
        source=f"weakness:{weakness.pk}",
        title=words[:200],
        asker=unit,
        owner=owner,
        place=weakness.place,
        basis=basis if review is None else f"{basis}: {review.declaration.number}"[:300],
        due_at=weakness.due_at,
        by=by,
        at=at,
    )
    weakness.save(update_fields=["task"])
    data = {"source": source, "owner": owner.code, "due": due_on.isoformat()}
    record("learning.note_weakness", subject=weakness, by=by, at=at, place=weakness.place, data=data)
    return weakness


@transaction.atomic
def mend_weakness(weakness: Weakness, *, done: str, by: Actor, at: datetime) -> Weakness:
    """This function will close a weakness with what was done about it; the task on the owner's desk ends with it.

    For the owner (``task.answer``) and the lead organisation (``review.lead``). Raises ``NotAllowed``, ``NotFound``,
    ``NotTheOwnersPost``, ``WeaknessMended``, ``WordsMissing``.
    """
    by.require("task.answer", "review.lead")
    rows = Weakness.objects.everywhere("checked against the owner below").select_for_update(of=("self",))
    held = rows.select_related("owner", "task").get(pk=weakness.pk)
    own = by.unit_id == held.owner_id and by.can("task.answer")
    if held.place not in by.scope and not own:
        raise NotFound
    if not own and not by.can("review.lead"):
        raise NotTheOwnersPost(owner=held.owner)
    if held.closed_at is not None:
        raise WeaknessMended
    if not done.strip():
        raise WordsMissing(field="done")
    held.closed_at, held.closed_by, held.done = at, by.label[:120], done.strip()[:500]
    held.save(update_fields=["closed_at", "closed_by", "done"])
    if held.task is not None:
        if own and held.task.place in by.scope:
            answer_task(held.task, state=TaskState.DONE, note=held.done[:300], by=by, at=at, on_its_page=True)
        else:
            recall_tasks(held.task.source, note=held.done[:300], by=by, at=at)
    record("learning.mend_weakness", subject=held, by=by, at=at, place=held.place, data={"owner": held.owner.code})
    return held


@transaction.atomic
def tell_year_end(year: int, *, by: Actor, at: datetime) -> int:
    """This function will put what was open when a year ended on the lead body's desk, once; returns how many (FOR-10)."""
    count = open_at_end_of(year).count()
    if not count:
        return 0
    lead = lead_body()
    with override(settings.LANGUAGE_CODE):
        title = _("Weaknesses still open at the end of %(year)s: %(count)s") % {"year": year, "count": count}
        basis = _("Register of weaknesses")
    send_task(
        kind=TaskKind.REQUEST,
        source=f"weaknesses:{year}",
        title=title[:200],
        asker=lead,
        owner=lead,
        place=lead.place,
        basis=basis,
        by=by,
        at=at,
    )
    return count
