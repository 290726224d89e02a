"""What is declined and would leave the rates: who declined it proposes that, and another person decides (users.md, § 6).

Until then, and where it is refused, it counts like any other that ended without being solved.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache

from django.utils.translation import gettext as _now

from qipan.desk.api import Task, TaskKind, TaskState, answer_task, recall_tasks, send_task
from qipan.duties.api import Unit, lead_body
from qipan.journal.api import record
from qipan.kernel.act import act
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.bulk import write
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotAllowed, NotFound
from qipan.kernel.sql import adapted
from qipan.kernel.text import in_city_language

from ..ingest import Step, Tally, add_counts
from ..models import Exclusion, Import, Matter
from ..queries.exclusions import DECIDED, get_brought, waiting_of
from ..queries.offices import level_above, office_for
from ..rules import exclusions, limits, loop
from ..rules.figures import excluded_word
from ..rules.limits import month_of
from ..terms import Leaving, StepKind
from .intake import title_of
from .steps import as_asker, locked, log, note_step


@in_city_language
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
    if not by.can("matter.arbitrate") and not exclusions.is_judge(by.unit_id, one.judge_id):
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


def source_of_import(batch: int) -> str:
    """This function will return the source of the task that asks for a decision on what an import brought as declined."""
    return f"exclusions:{batch}"


@act
@in_city_language
def follow_import(batch: Import, *, by: Actor, at: datetime) -> bool:
    """This function will ask the lead organisation, once, to decide on what an import brought as declined, and take that
    off its desk when nothing of it waits any more: each was decided by itself, or taken up again.

    For the job. Returns whether anything changed. Raises ``NotFound`` (no lead organisation).
    """
    held = Import.objects.select_for_update(no_key=True, of=("self",)).select_related("task").get(pk=batch.pk)
    waits = waiting_of(held).exists()
    if held.task is None and waits:
        lead = lead_body()
        what = _now("To decide whether it is left out of the rates"), _now("Import of %(file)s") % {"file": held.name}
        held.task = send_task(
            kind=TaskKind.MATTER,
            source=source_of_import(held.pk),
            title=" · ".join(what)[:200],
            asker=lead,
            owner=lead,
            place=lead.place,
            basis=_now(
                "Declined in another system. Another person than who imported it confirms what leaves the rates"
            ),
            due_at=limits.due(exclusions.DECIDE, at),
            clock=str(limits.clock_of(exclusions.DECIDE)),
            by=by,
            at=at,
        )
        held.save(update_fields=["task"])
        return True
    if held.task is None or held.task.closed_at is not None or waits:
        return False
    if held.exclusions.everywhere("what an import brought").filter(verdict__in=DECIDED).exists():
        _answer(held.task, note=_now("Decided line by line"), by=by, at=at)
    else:
        recall_tasks(held.task.source, note=_now("Taken up again"), by=by, at=at)
    return True


def _answer(task: Task, *, note: str, by: Actor, at: datetime) -> None:
    """Ends what an import asked: the right was checked on the ground of its lines, the task stands at the lead organisation."""
    lead = replace(as_asker(task, by), scope=Scope((Range(task.place, task.place),)))
    answer_task(task, state=TaskState.DONE, note=note, by=lead, at=at, on_its_page=True)


@act
def decide_import(batch: Import, *, confirmed: bool, reason: str, by: Actor, at: datetime) -> Import:
    """This function will decide as one on everything that an import brought as declined and that still waits: whether it
    is left out of the rates, by another person than who imported it. Everyone reads the decision and its reason.

    Needs ``matter.arbitrate``. Raises ``NotAllowed``, ``NotFound`` (some of it lies outside the scope), ``NoExclusion``,
    ``SecondPerson``, ``ReasonNeeded``.
    """
    by.require("matter.arbitrate")
    get_brought(batch.pk, actor=by)
    held = Import.objects.select_for_update(no_key=True, of=("self",)).select_related("task").get(pk=batch.pk)
    waiting = waiting_of(held)
    matters = Matter.objects.everywhere("of an import whose ground is checked").filter(pk__in=waiting.values("matter"))
    # All are locked first: a single decision that came before has left its verdict, one that comes later finds this one.
    places = set(matters.order_by("pk").select_for_update(no_key=True).values_list("place", flat=True))
    if any(place not in by.scope for place in places):
        raise NotFound
    accounts = set(waiting.values_list("account", flat=True))
    if not accounts:
        raise exclusions.NoExclusion
    for account in accounts:
        exclusions.check_second(account, by.account_id)
    reason = loop.said(reason)[:500]
    verdict, kind = (Leaving.EXCLUDED, StepKind.EXCLUDED) if confirmed else (Leaving.KEPT_IN, StepKind.KEPT_IN)
    tallies: Counter[Tally] = Counter()
    steps = []
    declined_in, month, moment = cache(month_of), month_of(at), adapted(at)
    columns = (
        "kind",
        "ended_at",
        "matter",
        "place",
        "matter__category",
        "matter__channel",
        "matter__handler",
        "matter__drill",
    )
    for closing, ended, matter, place, category, channel, unit, drill in waiting.order_by("matter").values_list(
        *columns
    ):
        detail = excluded_word(closing, declined_in(ended)) if confirmed else closing
        steps.append((matter, kind.value, detail, unit, moment, by.label[:120], reason, None))
        tallies[limits.community_of(place), category, channel, unit or 0, month, kind.value, detail, drill] += 1
    matters.update(changed_at=at)
    waiting.update(verdict=verdict, note=reason, unit=by.unit_id, at=at)
    write("matters_matterstep", Step._fields, steps, nullable=("unit_id", "report"))
    held.verdict, held.note, held.unit_id, held.decided_at, held.decided = verdict, reason, by.unit_id, at, len(steps)
    held.save(update_fields=["verdict", "note", "unit", "decided_at", "decided"])
    add_counts(tallies, {})
    if held.task is not None:
        _answer(held.task, note=reason, by=by, at=at)
    data = {"verdict": str(verdict), "matters": len(steps)}
    record("matters.decide_import", subject=held, by=by, at=at, data=data)
    return held


@in_city_language
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
