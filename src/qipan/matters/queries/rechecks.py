"""The sampled review and the 90-day watch: what is drawn and due, what came back, and what it says of units."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet, Sum

from qipan.duties.api import Unit
from qipan.kernel.actor import Scope
from qipan.kernel.place import COMPOUND, Range, code_of, range_of
from qipan.kernel.rows import Reading

from ..models import AgendaItem, Hazard, Matter, MatterStep, Recheck, Sampling, Tally
from ..rules import sampling
from ..rules.joint import Site
from ..rules.loop import REOPEN_WITHIN
from ..rules.sampling import WATCH, Sample
from ..terms import AgendaKind, Closing, Confirmation, State, StepKind, Verdict

SHOWN = 100


_SAMPLING = Reading[Sampling](lambda day: Sampling.objects.filter(valid_from__lte=day).order_by("-valid_from")[:1])


def sample_on(day: date) -> Sample:
    """This function will return the setting in force on a day, the usual one where a city has set none."""
    held = _SAMPLING.one(day)
    return held.sample if held is not None else Sample()


def samplings() -> list[Sampling]:
    """This function will return every setting, the latest first."""
    return list(Sampling.objects.order_by("-valid_from"))


_RECHECK = Reading[Recheck](
    lambda matter: (
        Recheck.objects.everywhere("of a matter that was gated")
        .select_related("task__owner", "closer")
        .filter(matter=matter, verdict="", task__isnull=False)
        .order_by("pk")
    )
)


def recheck_of(matter: Matter) -> Recheck | None:
    """This function will return the open review of a matter that was gated, None when nobody is asked for one."""
    return _RECHECK.one(matter.pk)


def rechecks_on(ranges: Iterable[Range]) -> QuerySet[Recheck]:
    """This function will return the reviews of a ground that an office is asked for, the first due first."""
    rows = Recheck.objects.within(Scope(tuple(ranges))).filter(verdict="", task__isnull=False)
    return rows.select_related("matter__category", "closer", "task__owner").order_by("task__due_at", "pk")


def looked_on(ranges: Iterable[Range], *, closer: int | None = None) -> QuerySet[Recheck]:
    """This function will return what was found when matters were looked at again, the latest first; of one unit's
    closes when named.
    """
    rows = Recheck.objects.within(Scope(tuple(ranges))).filter(verdict__in=(Verdict.SOLVED, Verdict.NOT_SOLVED))
    if closer is not None:
        rows = rows.filter(closer=closer)
    return rows.select_related("matter__category", "closer", "unit").order_by("-at", "-pk")


def to_ask(scope: Scope, *, at: datetime) -> QuerySet[Recheck]:
    """This function will return drawn matters whose day to be looked at has come: for the job that asks an office."""
    return Recheck.objects.within(scope).filter(verdict="", task=None, look_at__lte=at).order_by("pk")


def stale(scope: Scope, *, at: datetime) -> QuerySet[Recheck]:
    """This function will return open reviews whose matter is closed no longer, or whose time is over: for the job."""
    again = ~Q(matter__state=State.CLOSED) | Q(ended_at__lt=at - REOPEN_WITHIN)
    return Recheck.objects.within(scope).filter(again, verdict="").order_by("pk")


# ---- what came back


def _solved(rows: QuerySet[Matter]) -> QuerySet[Matter]:
    held = rows.filter(state=State.CLOSED, closing=Closing.SOLVED, drill=False)
    return held.exclude(confirmation=Confirmation.DISPUTED)


_BEFORE = Reading[Matter](
    lambda pk, code, first, last, cell, since, until: (
        _solved(Matter.objects.everywhere("the same place as a matter that was gated"))
        .filter(category__code=code, place__gte=first, place__lte=last, cell=cell)
        .filter(ended_at__gte=since, ended_at__lte=until)
        .filter(handler__isnull=False)
        .exclude(pk=pk)
        .order_by("-ended_at", "-pk")[:1]
    )
)
_CAME_BACK = Reading[tuple[int]](
    lambda matter: MatterStep.objects.filter(matter=matter, kind=StepKind.RECURRED).values_list("pk")[:1]
)


def is_noted_as_return(matter: Matter) -> bool:
    """This function will say whether a matter was found to be something come back before."""
    return bool(_CAME_BACK(matter.pk))


def came_back_from(matter: Matter) -> Matter | None:
    """This function will return the matter that a new one repeats: of its category at its place, closed as solved
    within 90 days before it was reported, the latest. None without one, or where nothing nearer than a street is known.
    """
    if matter.site is None:
        return None
    ground = range_of(code_of(matter.place, COMPOUND))
    since, until = matter.reported_at - WATCH, matter.reported_at
    return _BEFORE.one(matter.pk, matter.category.code, ground.first, ground.last, matter.cell, since, until)


def recurred(ranges: Iterable[Range], *, since: datetime, until: datetime) -> QuerySet[Matter]:
    """This function will return the matters of a ground that were found to be something come back, in a span of time."""
    steps = MatterStep.objects.filter(kind=StepKind.RECURRED, at__gt=since, at__lte=until)
    rows = Matter.objects.within(Scope(tuple(ranges))).filter(reported_at__gt=since - WATCH, drill=False)
    return rows.filter(pk__in=steps.values("matter")).order_by("pk")


@dataclass(frozen=True)
class Watched:
    """A place where something was solved and that is watched for 90 days: a hazard's matter, or a hot spot."""

    site: Site
    kind: AgendaKind | None  # a hot spot, or None for a hazard
    matter: Matter | None
    since: datetime
    returned: tuple[Matter, ...]  # what was reported there since, of the hazard's category

    @property
    def until(self) -> datetime:
        """When the watch is over."""
        return sampling.watched_until(self.since)


def watched(ranges: Iterable[Range], *, at: datetime) -> list[Watched]:
    """This function will return what is watched on a ground: hazards closed as solved, and hot spots of the weekly
    agendas whose matters have all ended, for 90 days from their end, the latest end first.
    """
    scope = Scope(tuple(ranges))
    since = at - WATCH
    closed = _solved(Matter.objects.within(scope)).filter(ended_at__gt=since)
    hazards = Hazard.objects.filter(Q(matter__in=closed) | Q(matter__root__in=closed))
    with_it = ("matter__category", "matter__handler", "matter__root__category", "matter__root__handler")
    ends = {one.holds_up: one.holds_up.ended_at or at for one in hazards.select_related(*with_it)[:SHOWN]}
    spots = _cool_spots(scope, since=since, at=at)
    sites = {one.site for one in ends if one.site is not None} | set(spots)
    later: dict[Site | None, list[Matter]] = defaultdict(list)
    rows = Matter.objects.within(scope).filter(reported_at__gt=since, reported_at__lte=at, drill=False)
    rows = rows.exclude(state__in=(State.DUPLICATE, State.DECLINED)).select_related("category", "handler")
    grounds = Q(pk=None)
    for site in sites:
        grounds |= Q(place__range=range_of(code_of(site.place, COMPOUND)), cell=site.cell)
    for one in rows.filter(grounds).order_by("pk"):
        later[one.site].append(one)
    found = [
        Watched(one.site, None, one, ended, _since(later[one.site], ended, one.category.code))
        for one, ended in ends.items()
        if one.site is not None
    ]
    found += [
        Watched(site, AgendaKind.HOT_SPOT, None, ended, _since(later[site], ended, "")) for site, ended in spots.items()
    ]
    return sorted(found, key=lambda one: (one.since, one.site), reverse=True)


def _since(rows: Iterable[Matter], ended: datetime, code: str) -> tuple[Matter, ...]:
    return tuple(one for one in rows if one.reported_at > ended and code in ("", one.category.code))


def _cool_spots(scope: Scope, *, since: datetime, at: datetime) -> dict[Site, datetime]:
    """Places that stood on an agenda as hot spots and where every matter behind that has ended, with the last end."""
    items = AgendaItem.objects.filter(
        scope.q(), kind=AgendaKind.HOT_SPOT, session__prepared_at__gt=since - timedelta(days=30)
    )
    ends: dict[Site, datetime | None] = {}
    rows = items.order_by("-session__week").values_list("place", "cell", "matters__ended_at")
    for place, cell, ended in rows[: SHOWN * SHOWN]:
        if place is None:
            continue
        site = Site(place, cell)
        known = ends.get(site, since)
        ends[site] = None if known is None or ended is None else max(known, ended)
    return {site: ended for site, ended in ends.items() if ended is not None and since < ended <= at}


# ---- what it says of units


@dataclass(frozen=True)
class UnitCloses:
    """What became of a unit's closes: numbers of units, never of persons, in the order of units."""

    unit: Unit
    solved: int  # closed as solved and not disputed
    reopened: int  # of these, opened again within 30 days
    returned: int  # the same came back at the same place within 90 days
    looked: int  # looked at again by somebody else
    not_solved: int  # of these, found not solved
    not_looked: int  # reviews that it was asked for and that lapsed


def unit_closes(ranges: Iterable[Range], *, since: date, until: date) -> list[UnitCloses]:
    """This function will add up the kept counts of closes by unit for whole months; units, never persons, unranked."""
    kinds = (StepKind.CLOSED, StepKind.REOPENED, StepKind.RECURRED, StepKind.RECHECKED)
    rows = Tally.objects.within(Scope(tuple(ranges))).filter(
        month__gte=since, month__lt=until, drill=False, kind__in=kinds, unit__gt=0
    )
    n: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    for unit, kind, detail, total in rows.order_by().values_list("unit", "kind", "detail").annotate(total=Sum("n")):
        n[unit][kind, detail] += total
    units = Unit.objects.select_related("organ_type").filter(pk__in=list(n)).order_by("organ_type__level", "code")
    found = [_closes(unit, n[unit.pk]) for unit in units]
    return [one for one in found if any((one.solved, one.reopened, one.returned, one.looked, one.not_looked))]


def _claimed(n: Counter[tuple[str, str]], kind: StepKind) -> int:
    """Steps of closes that claim to be solved; the detail begins with closing kind and confirmation."""
    total = 0
    for (step, detail), times in n.items():
        closing, word = (*detail.split(":"), "")[:2]
        if step == kind and sampling.counts(closing=closing, confirmation=word):
            total += times
    return total


def _closes(unit: Unit, n: Counter[tuple[str, str]]) -> UnitCloses:
    solved, not_solved = n[StepKind.RECHECKED, Verdict.SOLVED], n[StepKind.RECHECKED, Verdict.NOT_SOLVED]
    return UnitCloses(
        unit,
        solved=_claimed(n, StepKind.CLOSED),
        reopened=_claimed(n, StepKind.REOPENED),
        returned=n[StepKind.RECURRED, ""],
        looked=solved + not_solved,
        not_solved=not_solved,
        not_looked=n[StepKind.RECHECKED, Verdict.LAPSED],
    )
