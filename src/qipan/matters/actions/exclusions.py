"""What is declined and would leave the rates: who declined it proposes that, and another person decides (users.md, § 6).

Until then, and where it is refused, it counts like any other that ended without being solved.
"""

from datetime import datetime

from django.utils.translation import gettext as _now

from qipan.desk.api import TaskKind, TaskState, answer_task, recall_tasks, send_task
from qipan.duties.api import Unit
from qipan.kernel.act import act
from qipan.kernel.actor import Actor
from qipan.kernel.refusal import NotAllowed

from ..models import Exclusion, Matter
from ..queries.offices import level_above, office_for
from ..rules import exclusions, limits, loop
from ..rules.figures import excluded_word
from ..rules.limits import month_of
from ..terms import Leaving, StepKind
from .intake import title_of
from .steps import as_asker, locked, log, note_step


def propose_exclusion(matter: Matter, *, by: Actor, at: datetime) -> None:
    """This function will ask the level above whoever declined a matter whether it is left out of the rates.

    In the act that declines it, which holds the matter locked.
    """
    own = Unit.objects.get(pk=by.unit_id) if by.unit_id is not None else office_for(matter.place)
    judge = level_above(own)
    held = Exclusion.objects.create(
        matter=matter, place=matter.place, kind=matter.closing, ended_at=at, account=by.account_id, judge=judge
    )
    held.task = send_task(
        kind=TaskKind.MATTER,
        source=f"exclusion:{matter.pk}:{held.pk}",
        title=title_of(matter, _now("To decide whether it is left out of the rates"))[:200],
        asker=judge,
        owner=judge,
        place=matter.place,
        basis=_now("Declined by %(unit)s: %(kind)s. A second person confirms what leaves the rates")
        % {"unit": own.label, "kind": matter.get_closing_display()},
        due_at=limits.due(exclusions.DECIDE, at),
        clock=str(limits.clock_of(exclusions.DECIDE)),
        by=by,
        at=at,
        drill=matter.drill,
    )
    held.save(update_fields=["task"])


def _open(matter: Matter) -> Exclusion | None:
    rows = Exclusion.objects.everywhere("of a matter that is locked").select_related("task")
    return rows.filter(matter=matter, verdict=Leaving.PROPOSED, dropped_at=None).first()


@act
def decide_exclusion(matter: Matter, *, confirmed: bool, reason: str, by: Actor, at: datetime) -> Exclusion:
    """This function will decide whether something declined is left out of the rates: by another person than who declined
    it, at the level above or in the lead organisation. Everyone reads the decision and its reason.

    Needs ``matter.verify`` in the unit that is asked, or ``matter.arbitrate``. Raises ``NotAllowed``, ``NotFound``,
    ``NoExclusion``, ``SecondPerson``, ``ReasonNeeded``.
    """
    held, now = locked(matter, by=by, act=None)
    if not by.can("matter.arbitrate"):
        by.require("matter.verify")
    one = _open(held)
    if one is None or now.state != loop.S.DECLINED:
        raise exclusions.NoExclusion
    exclusions.check_second(one.account, by.account_id)
    if not by.can("matter.arbitrate") and by.unit_id != one.judge_id:
        raise NotAllowed(act="matter.arbitrate")
    reason = loop.said(reason)[:500]
    if one.task is not None:
        asked = as_asker(one.task, by)  # the level above asked itself; who decides in its place answers for it
        answer_task(one.task, state=TaskState.DONE, note=reason, by=asked, at=at, on_its_page=True)
    one.verdict = Leaving.EXCLUDED if confirmed else Leaving.KEPT_IN
    one.note, one.unit_id, one.at = reason, by.unit_id, at
    one.save(update_fields=["verdict", "note", "unit", "at"])
    kind = StepKind.EXCLUDED if confirmed else StepKind.KEPT_IN
    detail = excluded_word(one.kind, month_of(one.ended_at)) if confirmed else one.kind
    held.changed_at = at
    note_step(held, kind, detail=detail, note=reason, by=by, at=at)
    log(held, kind, was=held.state, detail=detail, by=by, at=at)
    return one


def drop_exclusion(matter: Matter, *, by: Actor, at: datetime) -> str:
    """This function will end what was proposed or decided of a declined matter that is taken up again.

    Returns how it had left the rates, as the kept counts say it: empty where it had not.
    """
    rows = Exclusion.objects.everywhere("of a matter that is locked").select_related("task")
    held = rows.filter(matter=matter, dropped_at=None).first()
    if held is None:
        return ""
    held.dropped_at = at
    held.save(update_fields=["dropped_at"])
    if held.task is not None and held.task.closed_at is None:
        recall_tasks(held.task.source, note=_now("Taken up again"), by=by, at=at)
    return Leaving.EXCLUDED.value if held.verdict == Leaving.EXCLUDED else ""
