"""The review of measures: whether each is still proportionate is looked at again, or the issuer and the level above know."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from qipan.desk.api import TaskKind, recall_sources, send_task
from qipan.duties.api import Unit, unit_above
from qipan.kernel.actor import Actor
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound, later

from .. import rules
from ..models import Measure
from ..queries.measures import kind_label, reviews_missed, untold
from ..terms import review_source
from .declarations import ReasonMissing
from .noting import note, still_in_force
from .refusals import NextReviewOutside, ReviewTooLate
from .signing import signer_of

ANSWER_WITHIN = timedelta(hours=24)


def check_review_day(kind: str, review_at: datetime, *, since: datetime, field: str) -> None:
    """This function will refuse a review on a later day than its kind has, counted from ``since`` on the city's calendar."""
    days = rules.review_days(kind)
    if days is not None and rules.day_number(since, review_at, get_default_timezone()) > days + 1:
        raise ReviewTooLate(kind=later(kind_label, kind), days=days, field=field)


@transaction.atomic
def review_measure(
    measure: Measure, *, reason: str, next_review_at: datetime | None, by: Actor, at: datetime
) -> Measure:
    """This function will keep that a measure was looked at again and stays, why, and when it is looked at next.

    Needs ``measure.impose`` in the organ that imposed it. Raises ``NotAllowed``, ``NotFound``, ``NotYourOrgan``,
    ``MeasureOver``, ``ReasonMissing``, ``NextReviewOutside``, ``ReviewTooLate``.
    """
    by.require("measure.impose")
    if Range(measure.first, measure.last).without(by.scope.ranges):
        raise NotFound
    fresh = still_in_force(measure, at=at)
    signer_of(fresh.issuer, by=by)
    if not reason.strip():
        raise ReasonMissing(field="reason")
    if next_review_at is None or not at < next_review_at <= fresh.expires_at:
        raise NextReviewOutside(field="next_review_at")
    check_review_day(fresh.kind, next_review_at, since=max(at, fresh.starts_at), field="next_review_at")
    told_at, fresh.review_at, fresh.told_at = fresh.told_at, next_review_at, None
    fresh.save(update_fields=["review_at", "told_at"])
    note("posture.review_measure", fresh, by=by, at=at, reason=reason.strip()[:300])
    if told_at is not None:
        settle_reviews({(fresh.issuer_id, told_at)}, by=by, at=at)
    return fresh


@transaction.atomic
def tell_reviews(*, by: Actor, at: datetime) -> int:
    """This function will tell each issuer and the level above it, by one task each, which measures' review day is over.

    Once for each measure and review date; a day is over at local midnight. For the minute's job; returns how many
    measures were told of.
    """
    missed = untold(reviews_missed(at=at)).select_for_update(of=("self",))
    groups: dict[tuple[Unit, bool], list[Measure]] = defaultdict(list)
    for measure in missed:
        groups[(measure.issuer, measure.drill)].append(measure)
    for (issuer, drill), measures in groups.items():
        above = unit_above(issuer)
        for owner in (issuer, above) if above else (issuer,):
            send_task(
                kind=TaskKind.MEASURE,
                source=review_source(issuer.pk, at, drill=drill),
                title=_title(measures, issuer if owner is not issuer else None),
                asker=issuer,
                owner=owner,
                place=owner.place,
                basis=_("Emergency Response Law 2024, art. 10: a measure lasts no longer than it must"),
                due_at=at + ANSWER_WITHIN,
                by=by,
                at=at,
                drill=drill,
            )
    told = [measure.pk for measures in groups.values() for measure in measures]
    Measure.objects.filter(pk__in=told).update(told_at=at)
    return len(told)


def _title(measures: list[Measure], issuer: Unit | None) -> str:
    count, first = len(measures), measures[0].title
    text = ngettext(
        "Review date passed: %(first)s", "Review date passed for %(count)s measures, first: %(first)s", count
    ) % {"count": count, "first": first[:120]}
    return (f"{issuer.label}: {text}" if issuer else text)[:200]


def settle_reviews(told: Iterable[tuple[int, datetime]], *, by: Actor, at: datetime) -> None:
    """This function will close the tasks of reviews of which none is left, by issuer and when they were told."""
    ended = set(told)
    if not ended:
        return
    waiting = set(reviews_missed(at=at).exclude(told_at=None).values_list("issuer_id", "told_at"))
    gone = sorted(ended - waiting)
    sources = [review_source(issuer, when, drill=drill) for issuer, when in gone for drill in (False, True)]
    with override(settings.LANGUAGE_CODE):  # a task is a document of the city
        recall_sources(sources, note=_("Every one of them was looked at again or is over."), by=by, at=at)
