"""What keeps coming back: hot spots, types without an owner; hazards with who is late; calls with their counts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.utils.timezone import get_default_timezone

from qipan.duties.api import OrganType, Unit
from qipan.kernel.actor import Actor, Scope
from qipan.kernel.calendar import Kind, robs_sleep
from qipan.kernel.place import CITY, Range
from qipan.kernel.rate import Rate
from qipan.kernel.refusal import NotFound
from qipan.kernel.rows import Reading

from ..models import (
    AgendaItem,
    Agreed,
    Call,
    Called,
    Category,
    Conclusion,
    Handling,
    Hazard,
    Matter,
    ReviewSession,
    Tally,
)
from ..rules import joint, limits
from ..rules.figures import OF_CALLS, answered_word
from ..rules.joint import Orphan, Part, Spot
from ..rules.loop import ENDED
from ..terms import Grade, Outcome, State, StepKind
from ..terms import Part as PartKind
from .joining import ending_at
from .reading import is_late

SHOWN = 200


def hot_spots(ranges: Iterable[Range], *, at: datetime) -> list[Spot]:
    """This function will return the hot spots of a ground: three or more matters in 30 days at one place; the hottest
    ``SHOWN`` where there are more.

    Two statements, whatever the size: which places (index on time and place), then their matters. Joined and
    declined matters are none; drills are apart.
    """
    rows = (
        Matter.objects.within(Scope(tuple(ranges)))
        .filter(reported_at__gt=at - joint.HOT_WITHIN, reported_at__lte=at, drill=False)
        .exclude(state__in=(State.DUPLICATE, State.DECLINED))
    )
    rows = rows.annotate(ground=F("place") / joint.COMPOUND_SIZE).order_by()
    hottest = rows.values("ground", "cell").annotate(n=Count("pk")).filter(n__gte=joint.HOT)
    keys = hottest.order_by("-n", "ground", "cell").values_list("ground", "cell")
    sites = (joint.site_of(ground * joint.COMPOUND_SIZE, cell) for ground, cell in keys)
    hot = [site for site in sites if site is not None][:SHOWN]
    if not hot:
        return []
    found = rows.filter(ground__in={site.place // joint.COMPOUND_SIZE for site in hot})
    spots = joint.hot_spots(found.order_by("pk").values_list("pk", "place", "cell"))
    return [spot for spot in spots if spot.site in hot]


def orphans(ranges: Iterable[Range], *, at: datetime) -> list[Orphan]:
    """This function will return the types of matters without an owner on a ground: returned twice, or with three
    organs, in 90 days. A street office is one organ wherever it stands; each department is its own; a type is its code,
    whichever catalogue was in force.

    The database adds up by type and unit; then come the matters behind each type, the latest ``SHOWN``: those
    returned, or all where organs change.
    """
    rows = Handling.objects.filter(
        Scope(tuple(ranges)).q("matter__place"),
        part=PartKind.PRIMARY,
        asked_at__gt=at - joint.ORPHAN_WITHIN,
        asked_at__lte=at,
        matter__drill=False,
    ).order_by()
    sums = list(
        rows.values_list("matter__category__code", "unit").annotate(
            returned=Count("objected_at"), done=Count("pk", filter=Q(outcome=Outcome.DONE))
        )
    )
    units = Unit.objects.select_related("organ_type").in_bulk({unit for _category, unit, _returned, _done in sums})
    found = joint.orphans(
        Part(category, _organ(units[unit]), returned, done) for category, unit, returned, done in sums
    )
    return [replace(one, matters=_behind(rows, one)) for one in found]


def _organ(unit: Unit) -> str:
    return unit.code if unit.organ_type.level == CITY else unit.organ_type.code


def _behind(rows: QuerySet[Handling], one: Orphan) -> tuple[int, ...]:
    held = rows.filter(matter__category__code=one.category)
    if not one.scattered:
        held = held.filter(objected_at__isnull=False)
    return tuple(sorted(set(held.order_by("-asked_at", "-pk").values_list("matter", flat=True)[:SHOWN])))


def organ_names(codes: Iterable[str]) -> dict[str, str]:
    """This function will say organs in words: units by their code, kinds by theirs."""
    wanted = set(codes)
    kinds = {one.code: one.label for one in OrganType.objects.filter(code__in=wanted)}
    return {**kinds, **{one.code: one.label for one in Unit.objects.filter(code__in=wanted)}}


def alarms(ranges: Iterable[Range]) -> QuerySet[Matter]:
    """This function will return open matters that were handed on three times or more."""
    rows = Matter.objects.within(Scope(tuple(ranges))).filter(hops__gte=3, drill=False).exclude(state__in=ENDED)
    return rows.order_by("pk")


def to_review(ranges: Iterable[Range], *, at: datetime) -> QuerySet[Matter]:
    """This function will return shelved matters whose day of review has come."""
    rows = Matter.objects.within(Scope(tuple(ranges)))
    return rows.filter(state=State.SHELVED, review_at__lte=at, drill=False).order_by("pk")


def disputed(ranges: Iterable[Range]) -> QuerySet[Matter]:
    """This function will return matters that a reporter doubts and nobody has looked at again."""
    return Matter.objects.within(Scope(tuple(ranges))).filter(state=State.DISPUTED, drill=False).order_by("pk")


def matters_of(keys: Iterable[int], *, scope: Scope) -> dict[int, Matter]:
    """This function will return matters by their keys, those in scope."""
    rows = Matter.objects.within(scope).select_related("category", "handler").filter(pk__in=set(keys))
    return {one.pk: one for one in rows}


def categories_by_code(codes: Iterable[str]) -> dict[str, Category]:
    """This function will return categories by their codes, each as the newest catalogue has it that names it."""
    return {one.code: one for one in Category.objects.filter(code__in=set(codes)).order_by("valid_from", "pk")}


# ---- calls


def get_call(pk: int, *, actor: Actor) -> Call:
    """This function will return a call on the actor's ground; missing and out of scope look alike (``NotFound``)."""
    rows = Call.objects.within(actor.scope).select_related("caller", "matter__category", "matter__root", "session")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def calls_on(ranges: Iterable[Range], *, over: bool, unit: int | None = None) -> QuerySet[Call]:
    """This function will return the calls of a ground, the latest first; only those that concern a unit when named."""
    rows = Call.objects.within(Scope(tuple(ranges))).filter(ended_at__isnull=not over)
    if unit is not None:
        rows = rows.filter(Q(caller=unit) | Q(called__unit=unit)).distinct()
    return rows.select_related("caller", "matter__category").prefetch_related("called__unit").order_by("-pk")


def called_of(call: Call) -> list[Called]:
    """This function will return the units of a call in the order in which they were called, with both sides' ratings."""
    return list(call.called.select_related("unit", "task").prefetch_related("ratings").order_by("pk"))


_CALLS = Reading[Call](
    lambda matter: (
        Call.objects.everywhere("of a matter that was gated")
        .filter(matter__in=ending_at(matter))
        .select_related("caller")
        .order_by("-pk")
    )
)


def calls_of(matter: Matter) -> list[Call]:
    """This function will return the calls of a matter, the latest first, with their units; also of what is joined to it,
    where they go on.
    """
    found = _CALLS(matter.pk)
    prefetch_related_objects(found, "called__unit", "called__task", "agreed__task__owner")
    return found


def agreed_of(call: Call) -> list[Agreed]:
    """This function will return what was agreed at a site meeting, in the order in which it was written down."""
    return list(call.agreed.select_related("task__owner").order_by("pk"))


_AGREED_OPEN = Reading[Agreed](
    lambda matter: (
        Agreed.objects.filter(call__matter__in=ending_at(matter), task__closed_at=None)
        .select_related("task__owner")
        .order_by("pk")
    )
)


def agreed_open(matter: Matter) -> list[Agreed]:
    """This function will return what the site meetings of a matter, and of what is joined to it, agreed on and nobody
    has done yet.
    """
    return _AGREED_OPEN(matter.pk)


def unanswered(scope: Scope, *, at: datetime) -> QuerySet[Called]:
    """This function will return called units whose time to answer is over without a word, and whose silence nobody was
    told of: for the job.
    """
    rows = Called.objects.select_related("call").filter(scope.q("call__place"), call__ended_at=None)
    silent = Q(refused_at=None, call__respond_by__lte=at) | Q(excused=False, answer_by__lte=at)
    return rows.filter(silent, accepted_at=None, silent_at=None).order_by("pk")


def silent(calls: Iterable[Call], *, at: datetime) -> list[Called]:
    """This function will return called units that block a running call: no answer in time, or no result in time."""
    return [
        one
        for call in calls
        if call.ended_at is None
        for one in call.called.all()
        if (one.refused_at is None or one.excused is False) and is_late(one.task, at=at)
    ]


def agreed_late(calls: Iterable[Call], *, at: datetime) -> list[Agreed]:
    """This function will return what site meetings agreed on and is late: it blocks the matter."""
    return [one for call in calls for one in call.agreed.all() if is_late(one.task, at=at)]


@dataclass(frozen=True)
class UnitCounts:
    """What calls show of one unit: each a numerator and its denominator, in the order of units, never of rates."""

    unit: Unit
    in_time: Rate  # answered in time, of the times it was called
    came: Rate  # came, of the times its attendance was noted
    refused: Rate  # refused, of the times it was called
    needless: Rate  # its own calls judged needless, of those that were rated


def unit_counts(ranges: Iterable[Range], *, since: date, until: date) -> list[UnitCounts]:
    """This function will add up the kept counts of calls of whole months by unit, with what was answered to them since;
    units, never persons, unranked.
    """
    months = Q(kind=StepKind.CALLED, month__lt=until) | Q(kind__in=OF_CALLS)
    rows = Tally.objects.within(Scope(tuple(ranges))).filter(months, month__gte=since, drill=False)
    n: dict[int, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    sums = rows.order_by().values_list("unit", "kind", "detail", "month").annotate(total=Sum("n"))
    for unit, kind, detail, month, total in sums:
        word, of = answered_word(detail, month)
        if since <= of < until:
            n[unit][kind, word] += total
    units = Unit.objects.select_related("organ_type").filter(pk__in=list(n)).order_by("organ_type__level", "code")
    return [_counts(unit, n[unit.pk]) for unit in units]


def _counts(unit: Unit, n: dict[tuple[str, str], int]) -> UnitCounts:
    called = n[StepKind.CALLED, ""]
    came = n[StepKind.CAME, "CAME"] - n[StepKind.CAME, "UNSAID_CAME"]
    absent = n[StepKind.CAME, "ABSENT"] - n[StepKind.CAME, "UNSAID_ABSENT"]
    needless, needed = n[StepKind.RATED, "NEEDLESS"], n[StepKind.RATED, "NEEDED"]
    return UnitCounts(
        unit,
        in_time=Rate(n[StepKind.COMING, "IN_TIME"], called),
        came=Rate(came, came + absent),
        refused=Rate(n[StepKind.NOT_COMING, ""], called),
        needless=Rate(needless, needless + needed),
    )


# ---- hazards


def hazards_on(ranges: Iterable[Range], *, grade: str = "") -> QuerySet[Hazard]:
    """This function will return the open hazards of a ground, the first due first."""
    rows = Hazard.objects.alias(stands=_STANDS).filter(Scope(tuple(ranges)).q("matter__place"))
    rows = rows.exclude(stands__in=ENDED)
    if grade:
        rows = rows.filter(grade=grade)
    with_it = ("matter__category", "matter__handler", "matter__root__category", "matter__root__handler", "look__owner")
    return rows.select_related(*with_it).order_by("remedy_by", "pk")


# How the matter stands that a hazard holds up.
_STANDS = Coalesce("matter__root__state", "matter__state")


def hazards_of(matter: Matter) -> list[Hazard]:
    """This function will return the hazards that hold up a matter that was gated: its own and those of what is joined to
    it, the gravest first. Of a matter that is joined itself only its own.
    """
    gravest = list(Grade)
    found = _HAZARDS(matter.pk)
    return sorted(found, key=lambda one: (one.remedied_at is not None, gravest.index(Grade(one.grade)), one.remedy_by))


_HAZARDS = Reading[Hazard](
    lambda matter: (
        Hazard.objects.filter(matter__in=ending_at(matter)).select_related("matter", "look__owner").order_by("pk")
    )
)

# What each act asks: the words of a hazard, its matter and who looks at it are for pages.
_GRADED = Reading[tuple[str, datetime, datetime | None]](
    lambda matter: Hazard.objects.filter(matter__in=ending_at(matter)).values_list("grade", "remedy_by", "remedied_at")
)


def remedy_due(matter: Matter, *, at: datetime) -> datetime | None:
    """This function will return by when a handler remedies the hazards of a matter; None without one, or when late."""
    return min((due for _grade, due, _remedied in _GRADED(matter.pk) if due > at), default=None)


def is_urgent(matter: Matter) -> bool:
    """This function will say whether a matter does not wait for the morning: the catalogue counts the time to accept it by
    the clock, night and day, or it is a hazard of the gravest two grades that nobody has seen gone.
    """
    if limits.clock_of(matter.category.limit_accept) == Kind.CLOCK_HOURS:
        return True
    return any(remedied is None and grade in joint.URGENT for grade, _due, remedied in _GRADED(matter.pk))


def may_wake(matter: Matter | None, units: Sequence[Unit], answer_by: datetime, *, at: datetime) -> bool:
    """This function will say whether a call that leaves less than two hours at night is urgent; False by day.

    Raises ``CallsAtNight`` where it is not and a unit is called that only executes.
    """
    if not robs_sleep(at=at, due_at=answer_by, zone=get_default_timezone()):
        return False
    urgent = matter is not None and is_urgent(matter)
    asleep = next((unit for unit in units if unit.organ_type.executes_only), None)
    if asleep is not None and not urgent:
        raise joint.CallsAtNight(unit=asleep)
    return urgent


def check_reinspected(matter: Matter) -> None:
    """This function will pass when a matter is no hazard, or one that somebody else has seen gone; so is what is joined to
    it. Raises ``NotReinspected``.
    """
    if any(remedied is None for _grade, _due, remedied in _GRADED(matter.pk)):
        raise joint.NotReinspected


def astray(scope: Scope) -> QuerySet[Hazard]:
    """This function will return hazards that no longer stand as the matters do that they hold up: for the job that lets
    them follow.
    """
    ended = Q(stands__in=ENDED, look__isnull=False)
    again = Q(stands__in=joint.GRADED_IN) & (Q(remedied_at__isnull=False) | Q(look=None))
    rows = Hazard.objects.alias(stands=_STANDS).filter(scope.q("matter__place")).filter(ended | again)
    return rows.select_related("matter__root").order_by("pk")


# ---- sessions


def sessions() -> QuerySet[ReviewSession]:
    """This function will return the review sessions, the latest first."""
    rows = ReviewSession.objects.annotate(
        points=Count("items", distinct=True), tasks=Count("conclusions", distinct=True)
    )
    return rows.select_related("call").order_by("-week")


def get_session(pk: int) -> ReviewSession:
    """This function will return a review session; raises ``NotFound``."""
    found = ReviewSession.objects.select_related("call__caller").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def conclusions_open(before: date) -> QuerySet[Conclusion]:
    """This function will return what earlier sessions concluded and nobody has done yet."""
    rows = Conclusion.objects.filter(session__week__lt=before, task__closed_at=None)
    return rows.select_related("task__owner", "session").order_by("task__due_at", "pk")


def agenda(session: ReviewSession, *, scope: Scope) -> list[tuple[AgendaItem, list[Matter]]]:
    """This function will return the points of an agenda in order, each with the matters behind it in scope."""
    items: Sequence[AgendaItem] = list(session.items.select_related("category").order_by("pk"))
    through: Any = AgendaItem.matters.through
    links = list(through.objects.filter(agendaitem__in=items).values_list("agendaitem", "matter"))
    held = matters_of((matter for _item, matter in links), scope=scope)
    behind: dict[int, list[Matter]] = defaultdict(list)
    for item, matter in sorted(links):
        if matter in held:
            behind[item].append(held[matter])
    return [(item, behind[item.pk]) for item in items]
