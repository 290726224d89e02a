"""Reading measures: what is in force over a ground, exact to the second and without any job; what the zones justify."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils.timezone import get_default_timezone
from django.utils.translation import get_language

from qipan.desk.api import Task
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.place import Range
from qipan.kernel.refusal import NotFound
from qipan.kernel.scoped import overlapping

from .. import rules
from ..models import Measure
from ..terms import ORDER_TASKS, order_source
from .declared import holding


def measures_on(ranges: Iterable[Range]) -> QuerySet[Measure]:
    """This function will return all measures that meet the ground, whether they hold or not."""
    return Measure.objects.filter(overlapping(ranges)).select_related("issuer__organ_type", "declaration")


def measures_in_force(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Measure]:
    """This function will return the measures in force on the ground, those that end first first."""
    return measures_on(ranges).filter(holding(at)).order_by("expires_at", "pk")


def measures_to_come(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Measure]:
    """This function will return the measures that have been imposed and have not begun, the next one first."""
    waiting = Q(starts_at__gt=at) & (Q(lifted_at=None) | Q(lifted_at__gt=at))
    return measures_on(ranges).filter(waiting).order_by("starts_at", "pk")


def measures_ended(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Measure]:
    """This function will return the measures that are over, the newest first."""
    return measures_on(ranges).filter(Q(expires_at__lte=at) | Q(lifted_at__lte=at)).order_by("-expires_at", "-pk")


def measures_to_review(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Measure]:
    """This function will return the measures in force whose review date has come, the oldest date first."""
    return measures_in_force(ranges, at=at).filter(review_at__lte=at).order_by("review_at", "pk")


def reviews_missed(*, at: datetime) -> QuerySet[Measure]:
    """This function will return the measures in force everywhere whose review day is over: its midnight has passed."""
    midnight = rules.midnight(at, get_default_timezone())
    return Measure.objects.filter(holding(at), review_at__lt=midnight).select_related("issuer__organ_type")


def untold(measures: QuerySet[Measure]) -> QuerySet[Measure]:
    """This function will keep those of whose review date nobody was told."""
    return measures.filter(Q(told_at=None) | Q(told_at__lt=F("review_at"))).order_by("issuer_id", "review_at", "pk")


def get_measure(pk: int, *, actor: Actor) -> Measure:
    """This function will return a measure that meets the actor's ground; raises ``NotFound``."""
    found = measures_on(actor.scope.ranges).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def beyond_spans(
    kind: str, ground: Range, *, near: tuple[datetime, datetime], within: timedelta
) -> list[tuple[datetime, datetime]]:
    """This function will return from when until when a kind was held beyond the zones on any part of a ground, whichever
    organ ordered it, as far as it lies ``within`` so long before or after a span.
    """
    rows = Measure.objects.filter(
        overlapping([ground]), expires_at__gt=near[0] - within, starts_at__lt=near[1] + within, kind=kind
    )
    return [(one.starts_at, one.ends_at) for one in rows.filter(drill=False).exclude(over_reason="")]


def goes_on(measure: Measure) -> bool:
    """This function will say whether an extension that was not lifted follows a measure."""
    return Measure.objects.filter(extends=measure, lifted_at=None).exists()


def order_stands(key: int, at: datetime) -> bool:
    """This function will say whether the order behind tasks stands: the measure itself or one that extends it."""
    return Measure.objects.filter(Q(pk=key) | Q(tasks_of=key), holding(at)).exists()


def without_order(keys: Iterable[int], *, at: datetime) -> list[int]:
    """This function will return the keys of tasks whose measure is over and is not extended by one that holds or will."""
    going_on = Measure.objects.filter(tasks_of__in=keys, expires_at__gt=at).filter(
        Q(lifted_at=None) | Q(lifted_at__gt=at)
    )
    held = set(going_on.values_list("tasks_of", flat=True))
    return [key for key in keys if key not in held]


def measure_words() -> dict[str, str]:
    """This function will return the kinds of measures of this city: code to name in the active language."""
    english = not (get_language() or "").startswith("zh")
    return {code: pair[1] if english else pair[0] for code, pair in rules.words("measures").items()}


def kind_label(code: str) -> str:
    """This function will write a kind of measure in the reader's language."""
    return measure_words().get(code, code)


def measure_names(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """This function will return titles and addresses of measures, for what cites an article."""
    return {
        measure.pk: (f"{measure.number} {measure.title}", f"/measures/{measure.pk}")
        for measure in Measure.objects.filter(pk__in=keys)
    }


def tasks_under(measure: Measure, scope: Scope) -> "QuerySet[Task]":
    """This function will return the tasks under a measure that lie in a scope, by kind and place."""
    sources = [order_source(measure.tasks_of or measure.pk, kind) for kind in ORDER_TASKS]
    return Task.objects.within(scope).filter(source__in=sources).select_related("owner").order_by("kind", "place", "pk")
