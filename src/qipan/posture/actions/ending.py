"""The end of measures: by itself to the minute, by a lower zone, or lifted."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.desk.api import TaskKind, recall_sources, send_task
from qipan.journal.api import canonical, entry_values, publish, write_entries
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.sql import adapted, fetch, moment_of
from qipan.laws.api import end_citations
from qipan.zones.api import changes_ahead

from .. import rules
from ..models import Measure, OpenEnd
from ..queries.measures import measures_on, without_order
from ..queries.zoning import judge
from ..terms import ORDER_TASKS, EndKind, decision_source, order_source
from .noting import note
from .refusals import MeasureOfAnother
from .reviewing import settle_reviews


@dataclass(frozen=True)
class MeasuresEnded:
    """Measures are over, by key: they expired, were lifted, or their zone no longer justified them."""

    measures: tuple[int, ...]
    at: datetime


class Over(NamedTuple):
    """A measure that is over, with what its end closes."""

    key: int
    issuer: int
    tasks_of: int | None
    told_at: datetime | None
    dropped: bool


# One statement takes away what is over, so that nothing is missed or taken twice. What a measure says is read after it:
# whoever changed it a moment before held this row too. Rows are locked in the order of their keys, as by whoever holds
# measures against zones: the two never wait for each other in a circle.
TAKE = {
    "sqlite": "DELETE FROM posture_openend WHERE ends_at <= %(at)s RETURNING measure_id, ends_at",
    "postgresql": """
WITH due AS MATERIALIZED (
    SELECT measure_id FROM posture_openend WHERE ends_at <= %(at)s ORDER BY measure_id FOR UPDATE
)
DELETE FROM posture_openend USING due WHERE posture_openend.measure_id = due.measure_id
RETURNING posture_openend.measure_id, ends_at
""",
}
READ = """
SELECT id, first, issuer_id, end_kind, tasks_of, told_at, drill FROM posture_measure
WHERE id IN ({keys}) ORDER BY id
"""
KEYS = {
    "sqlite": "SELECT value FROM json_each(%(keys)s)",
    "postgresql": "SELECT CAST(json_array_elements_text(CAST(%(keys)s AS json)) AS bigint)",
}


@transaction.atomic
def end_due(*, by: Actor, at: datetime) -> int:
    """This function will write down every measure that is over at ``at``, each with its exact end, and return how many.

    A measure stops holding at its end without this: here its end enters the journal, its tasks are taken back, and
    ``MeasuresEnded`` is published. One pass over all, harmless to repeat; for the minute's job.
    """
    ends = dict(fetch(TAKE[connection.vendor], {"at": adapted(at)}))
    if not ends:
        return 0
    rows = fetch(READ.format(keys=KEYS[connection.vendor]), {"keys": json.dumps(list(ends))})
    write_entries(
        [
            entry_values(
                act="posture.end_measure",
                subject=f"posture.Measure:{key}",
                by=by,
                at=at,
                place=first,
                data=_said(ends[key], why),
                drill=bool(drill),
            )
            for key, first, _issuer, why, _tasks, _told, drill in rows
        ]
    )
    over = [
        Over(key, issuer, tasks_of, moment_of(told), why == EndKind.DROPPED)
        for key, _first, issuer, why, tasks_of, told, _drill in rows
    ]
    _close(over, by=by, at=at)
    return len(rows)


@lru_cache(maxsize=64)  # thousands end at one minute
def _said(ended: datetime | str, why: str) -> str:
    return canonical({"ended_at": cast(datetime, moment_of(ended)).isoformat(), "why": why or "EXPIRED"})


def _close(over: Sequence[Over], *, by: Actor, at: datetime) -> None:
    """What every end brings: its citation, tasks and reviews are closed, and rooms above are told."""
    end_citations([f"posture.Measure:{one.key}" for one in over], at=at)
    gone = without_order(sorted({one.tasks_of for one in over if one.tasks_of is not None}), at=at)
    orders = [order_source(key, kind) for key in gone for kind in ORDER_TASKS]
    decided = [decision_source(one.key) for one in over if one.dropped]
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        recall_sources(orders, note=_("The order has ended."), by=by, at=at)
        recall_sources(decided, note=_("The measure has ended."), by=by, at=at)
    settle_reviews({(one.issuer, one.told_at) for one in over if one.told_at is not None}, by=by, at=at)
    publish(MeasuresEnded(tuple(one.key for one in over), at))


@transaction.atomic
def lift_measure(measure: Measure, *, reason: str = "", by: Actor, at: datetime) -> bool:
    """This function will lift a measure, with its extensions that have not begun; says whether it still held.

    Lifting what is over is harmless. Needs ``measure.impose`` or ``release.run``, in the unit that imposed
    it or in a command above. Raises ``NotAllowed``, ``NotFound``, ``MeasureOfAnother``.
    """
    if not by.can("release.run"):
        by.require("measure.impose")
    check_above(measure, by=by)
    running = Measure.objects.filter(pk=measure.pk, expires_at__gt=at).filter(Q(lifted_at=None) | Q(lifted_at__gt=at))
    lifted = running.update(lifted_at=at, end_kind=EndKind.LIFTED, end_reason=reason.strip()[:300])
    if not lifted:
        return False
    OpenEnd.objects.filter(measure_id=measure.pk).delete()
    for extension in Measure.objects.filter(extends_id=measure.pk, lifted_at=None):
        lift_measure(extension, reason=reason, by=by, at=at)
    fresh = Measure.objects.select_related("issuer").get(pk=measure.pk)
    note("posture.lift_measure", fresh, by=by, at=at, **({"reason": fresh.end_reason} if fresh.end_reason else {}))
    _close([Over(fresh.pk, fresh.issuer_id, fresh.tasks_of, fresh.told_at, dropped=True)], by=by, at=at)
    return True


def check_above(measure: Measure, *, by: Actor) -> None:
    """This function will refuse whoever is neither the measure's issuer nor a command above it."""
    if Range(measure.first, measure.last).without(by.scope.ranges):
        raise NotFound
    if by.unit_id not in (None, measure.issuer_id) and measure.issuer.place not in by.scope:
        raise MeasureOfAnother(issuer=measure.issuer)


@transaction.atomic
def weigh_measures(
    grounds: Iterable[Range],
    *,
    hazard: str,
    since: datetime,
    only: Collection[int] | None = None,
    by: Actor,
    at: datetime,
) -> int:
    """This function will hold measures against zones that change at ``since`` and return how many must end.

    What no zone justifies any more ends by itself then, or after the hours that its kind gives its issuer for an
    orderly end, who is told by a task. What a risen zone justifies again before it has ended goes on. What a higher
    organ imposed beyond the zones keeps to its own days; an exercise has no zones. ``only`` are keys of measures, where
    not all on the ground are meant.
    """
    found = measures_on(grounds).filter(hazard=hazard, drill=False, over_reason="", expires_at__gt=since)
    if only is not None:
        found = found.filter(pk__in=only)
    found = found.filter(open_end__isnull=False).select_related("open_end").order_by("pk")
    ending = 0
    for measure in found.select_for_update(of=("self", "open_end")):
        judged = judge(measure.kind, hazard, Range(measure.first, measure.last), at=since)
        if judged is None:
            continue
        with override(settings.LANGUAGE_CODE):  # a task is a document of the city, whoever confirmed the zone
            if not judged.beyond:
                _let_go_on(measure, since=since, by=by, at=at)
            elif measure.lifted_at is None:
                ending += 1
                _end_for_zone(measure, judged.needed, since=max(since, measure.starts_at, at), by=by, at=at)
    if ending and since <= at:
        end_due(by=by, at=at)
    return ending


def weigh_ahead(measures: Sequence[Measure], *, by: Actor, at: datetime) -> None:
    """This function will hold measures that were just imposed against levels that were confirmed for later before."""
    weighed = [
        one for one in measures if (one.kind, one.hazard) in rules.grades() and not (one.drill or one.over_reason)
    ]
    if not weighed:
        return
    grounds, hazard = [Range(one.first, one.last) for one in weighed], weighed[0].hazard
    moments = changes_ahead(grounds, hazard=hazard, after=at, until=max(one.expires_at for one in weighed))
    for moment in moments:
        weigh_measures(grounds, hazard=hazard, since=moment, only=[one.pk for one in weighed], by=by, at=at)
    for one in weighed if moments else ():
        one.refresh_from_db(fields=["lifted_at", "end_kind"])


def _end_for_zone(measure: Measure, needed: str, *, since: datetime, by: Actor, at: datetime) -> None:
    hours = rules.kinds()[measure.kind].hours_after_drop if measure.kind in rules.kinds() else 0
    measure.lifted_at = min(since + timedelta(hours=hours), measure.expires_at)
    measure.end_kind = EndKind.DROPPED
    _change_end(measure)
    note("posture.end_for_zone", measure, by=by, at=at, ends_at=measure.lifted_at.isoformat(), needed=needed)
    if not hours:
        return
    send_task(
        kind=TaskKind.MEASURE,
        source=decision_source(measure.pk),
        title=(_("The risk zone no longer justifies it, end it in order: %(title)s") % {"title": measure.title})[:200],
        asker=measure.issuer,
        owner=measure.issuer,
        place=measure.issuer.place,
        basis=measure.basis,
        due_at=measure.lifted_at,
        by=by,
        at=at,
    )


def _change_end(measure: Measure) -> None:
    measure.save(update_fields=["lifted_at", "end_kind"])
    OpenEnd.objects.filter(measure_id=measure.pk).update(ends_at=measure.ends_at)


def _let_go_on(measure: Measure, *, since: datetime, by: Actor, at: datetime) -> None:
    if measure.end_kind != EndKind.DROPPED or measure.lifted_at is None:
        return
    if measure.lifted_at <= at or measure.lifted_at < since:  # it has ended, or will have before the level rises
        return
    measure.lifted_at, measure.end_kind = None, ""
    _change_end(measure)
    note("posture.let_go_on", measure, by=by, at=at)
    recall_sources([decision_source(measure.pk)], note=_("The risk zone justifies the measure again."), by=by, at=at)
