"""The sampled review after the close: drawn by lot, looked at by a third, reopened where it is not solved."""

from dataclasses import replace
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, TaskState, answer_task, recall_tasks, send_task
from qipan.duties.api import Unit, lead_body
from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.text import in_city_language

from ..models import Matter, Recheck, Sampling
from ..queries.rechecks import came_back_from, is_noted_as_return, sample_on
from ..rules import limits, loop, sampling
from ..rules.loop import Loop, S
from ..terms import StepKind, Verdict
from .filing import reopen_matter
from .intake import office_for, title_of
from .steps import as_asker, locked, log, note_step


@transaction.atomic
def set_sampling(*, share: int, after_days: int, valid_from: date, by: Actor, at: datetime) -> Sampling:
    """This function will set which share of the closed matters is looked at again (percent) and after how many days.

    In force from a day on, today at the earliest; matters closed before keep what held then. The same day again puts
    it right. Needs ``matter.arbitrate``. Raises ``NotAllowed``, ``SamplingWrong``.
    """
    by.require("matter.arbitrate")
    sample = sampling.checked(share, after_days)
    if valid_from < localdate(at):
        raise sampling.SamplingWrong(field="valid_from", days=sampling.MOST_DAYS)
    held, _new = Sampling.objects.update_or_create(
        valid_from=valid_from,
        defaults={"share": sample.share, "after_days": sample.after_days, "at": at, "by_label": by.label[:120]},
    )
    data = {"share": sample.share, "after_days": sample.after_days, "from": f"{valid_from:%F}"}
    record("matters.set_sampling", subject=held, by=by, at=at, data=data)
    return held


def draw_recheck(matter: Matter) -> Recheck | None:
    """This function will draw the lot of a matter that was just closed as solved, in the transaction of its close.

    Nobody sees before its day whether it was drawn.
    """
    ended = matter.ended_at
    claims = sampling.counts(closing=matter.closing, confirmation=matter.confirmation)
    if ended is None or matter.handler_id is None or not claims:
        return None
    sample = sample_on(localdate(ended))
    if not sampling.is_drawn(sample, sampling.lot_of(matter.pk, ended, key=settings.SECRET_KEY)):
        return None
    look_at = ended + sample.after
    return Recheck.objects.create(
        matter=matter, place=matter.place, closer_id=matter.handler_id, ended_at=ended, look_at=look_at
    )


def note_return(matter: Matter, *, by: Actor, at: datetime) -> None:
    """This function will note that a matter is something come back, once, on the account of the unit that closed it.

    At its first dispatch: by then it is neither declined nor joined to another, so the count need never be undone.
    """
    before = came_back_from(matter) if matter.hops == 1 else None
    if before is None or is_noted_as_return(matter):
        return
    note_step(matter, StepKind.RECURRED, unit=before.handler_id, note=before.number, by=by, at=at)


def looker_of(matter: Matter) -> Unit:
    """This function will return the unit that looks again: the office of the place, or the first above it that neither
    handled nor verified the matter.
    """
    office: Unit = office_for(matter.place)
    before = set(matter.handlings.values_list("unit_id", flat=True)) | {matter.verifier_id}
    while office.pk in before:
        if office.parent_id is None:
            return lead_body()
        office = Unit.objects.select_related("organ_type").get(pk=office.parent_id)
    return office


def _held(recheck: Recheck, *, by: Actor) -> tuple[Matter, Loop, Recheck | None]:
    """The matter, then its review if it is still open; both locked."""
    matter, now = locked(Matter(pk=recheck.matter_id), by=by, act="matter.verify")
    rows = Recheck.objects.within(by.scope).select_related("task", "closer").filter(pk=recheck.pk, verdict="")
    return matter, now, rows.select_for_update(no_key=True, of=("self",)).first()


@transaction.atomic
@in_city_language
def ask_recheck(recheck: Recheck, *, by: Actor, at: datetime) -> bool:
    """This function will put a drawn matter on the desk of who looks again, when its day has come.

    For the job; needs ``matter.verify``. Raises ``NotAllowed``, ``NotFound``.
    """
    matter, now, held = _held(recheck, by=by)
    if (
        held is None
        or held.task is not None
        or held.look_at > at
        or now.state != S.CLOSED
        or now.ended_at != held.ended_at
    ):
        return False
    office = looker_of(matter)
    held.task = send_task(
        kind=TaskKind.MATTER,
        source=f"recheck:{matter.pk}:{held.pk}",
        title=title_of(matter, _now("To look at again after the close"))[:200],
        asker=office,
        owner=office,
        place=matter.place,
        basis=_now("A share of the closed matters, drawn by lot, is looked at again by others"),
        due_at=min(limits.due(sampling.LOOK, at), sampling.look_until(held.ended_at)),
        by=by,
        at=at,
        drill=matter.drill,
    )
    held.save(update_fields=["task"])
    record("matters.ask_recheck", subject=matter, by=by, at=at, place=matter.place, data={"owner": office.code})
    return True


@transaction.atomic
def recheck_matter(matter: Matter, *, solved: bool, note: str, by: Actor, at: datetime) -> Recheck:
    """This function will say what was found when a closed matter was looked at again, by a third unit and person.

    Not solved: it is reopened, and counts against the unit that closed it. Needs ``matter.verify``. Raises
    ``NotAllowed``, ``NotFound``, ``NoRecheck``, ``LookedBefore``, ``ReasonNeeded``, ``TooLateToReopen``.
    """
    asked = Recheck.objects.within(by.scope).filter(matter=matter, verdict="", task__isnull=False).first()
    if asked is None:
        by.require("matter.verify")
        raise sampling.NoRecheck
    held, now, fresh = _held(asked, by=by)
    sampling.look_again(now, unit=by.unit_id, account=by.account_id, verifier=(held.verifier_id, held.verified_by))
    if fresh is None or fresh.task is None or now.ended_at != fresh.ended_at:
        raise sampling.NoRecheck
    note = loop.said(note)[:500]
    owner = as_asker(fresh.task, by)  # the office asked itself; who looks in its place answers for it
    answer_task(fresh.task, state=TaskState.DONE, note=note, by=owner, at=at, on_its_page=True)
    _end(held, fresh, Verdict.SOLVED if solved else Verdict.NOT_SOLVED, note=note, unit=fresh.closer_id, by=by, at=at)
    if not solved:
        reopen_matter(held, reason=note, by=replace(by, acts=by.acts | {"matter.dispatch"}), at=at)
    return fresh


def _end(matter: Matter, recheck: Recheck, verdict: Verdict, *, note: str, unit: int, by: Actor, at: datetime) -> None:
    recheck.verdict, recheck.note, recheck.unit_id, recheck.at = verdict, note, by.unit_id, at
    recheck.save(update_fields=["verdict", "note", "unit", "at"])
    note_step(matter, StepKind.RECHECKED, unit=unit, detail=verdict, note=note, by=by, at=at)
    log(matter, StepKind.RECHECKED, was=matter.state, detail=verdict, by=by, at=at)


@transaction.atomic
@in_city_language
def follow_close(recheck: Recheck, *, by: Actor, at: datetime) -> bool:
    """This function will end a review that has nothing to look at any more: its matter was reopened, or time is over.

    Nobody having looked counts for the office that was asked. For the job; needs ``matter.verify``. Raises
    ``NotAllowed``, ``NotFound``.
    """
    matter, now, held = _held(recheck, by=by)
    if held is None:
        return False
    if now.state == S.CLOSED and now.ended_at == held.ended_at:
        if at <= sampling.look_until(held.ended_at):
            return False
        verdict, note = Verdict.LAPSED, _now("Nobody looked in time")
    else:
        verdict, note = Verdict.DROPPED, _now("Reopened before anybody looked")
    if held.task is not None and held.task.closed_at is None:
        recall_tasks(held.task.source, note=note, by=by, at=at)
    asked = held.task.owner_id if held.task is not None else held.closer_id
    if verdict == Verdict.LAPSED and held.task is not None:
        _end(matter, held, verdict, note=note, unit=asked, by=by, at=at)
        return True
    held.verdict, held.at = verdict, at
    held.save(update_fields=["verdict", "at"])
    record("matters.drop_recheck", subject=matter, by=by, at=at, place=matter.place, data={"verdict": verdict})
    return True
