"""The burden meter: hours asked of communities, by demander, area and week, from the kept counts (SVC-13)."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from qipan.duties.api import Unit, units_on
from qipan.kernel.actor import Scope
from qipan.kernel.place import COMMUNITY, Range
from qipan.territory.api import AreaView, areas_within

from ..models import BurdenIndex, Task, WorkAsked
from ..rules import week_of
from ..terms import Activity

EVERYWHERE = Range(0, 2**63 - 1)
TOP = 5  # demanders that are named first; units, never persons
TREND = 8  # weeks
MOST = 20  # differences that an audit names


@dataclass(frozen=True)
class Burden:
    """What was asked: tasks and minutes, how much of it on what, and of how many communities on the ground."""

    communities: int
    tasks: int = 0
    minutes: int = 0
    by_activity: dict[str, int] = field(default_factory=dict)  # minutes

    @property
    def hours(self) -> float:
        """Working hours of all communities together."""
        return round(self.minutes / 60, 1)

    @property
    def each(self) -> float:
        """Hours for each community; 0 where there is none."""
        return round(self.minutes / 60 / self.communities, 1) if self.communities else 0.0

    @property
    def shares(self) -> list[float]:
        """Hours by activity, in the order of ``Activity``."""
        return [round(self.by_activity.get(activity, 0) / 60, 1) for activity in Activity.values]


@dataclass(frozen=True)
class Line:
    """The burden of one demander, area or week."""

    key: str
    label: str
    burden: Burden


_doubles: list[Callable[[datetime], list[str]]] = []


def register_doubles(reader: Callable[[datetime], list[str]]) -> None:
    """This function will have the meter show what a room above finds asked twice: one sentence for each field."""
    _doubles.append(reader)


def asked_twice(at: datetime) -> list[str]:
    """This function will return what is asked twice at a moment; the goal is none."""
    return [said for reader in _doubles for said in reader(at)]


def _communities(ranges: Iterable[Range]) -> QuerySet[Unit]:
    units = units_on(ranges).filter(organ_type__executes_only=True, organ_type__level=COMMUNITY)
    return units.exclude(first=None)


def communities_on(ranges: Iterable[Range]) -> int:
    """This function will count the communities that stand on a ground today."""
    return _communities(ranges).count()


def communities_with(counts: Iterable[tuple[int, int]]) -> dict[Unit, int]:
    """This function will sum what is counted at places by the community that owns each today, in the order of the units.

    What lies in no community, or in one without a desk, is left out.
    """
    areas = areas_within([EVERYWHERE], COMMUNITY)
    parts = sorted((part.first, part.last, area.code) for area in areas for part in area.ranges)
    starts = [first for first, _last, _code in parts]
    sums: Counter[str] = Counter()
    for place, count in counts:
        at = bisect_right(starts, place) - 1
        if at >= 0 and place <= parts[at][1]:
            sums[parts[at][2]] += count
    units = _communities([EVERYWHERE]).select_related("organ_type").order_by("pk")
    return {one: sums[code] for one in units if sums[code := one.code.partition(":")[0]]}


def _together(rows: Iterable[tuple[str, int, int]], communities: int) -> Burden:
    by_activity: dict[str, int] = {}
    tasks = 0
    for activity, some, minutes in rows:
        by_activity[activity] = by_activity.get(activity, 0) + minutes
        tasks += some
    return Burden(communities, tasks, sum(by_activity.values()), by_activity)


def _summed(ranges: Iterable[Range], weeks: Iterable[date], by: str) -> dict[object, Burden]:
    """The burden on a ground by one column of the kept counts, in one statement."""
    ranges = list(ranges)
    rows = BurdenIndex.objects.within(Scope(tuple(ranges))).filter(week__in=list(weeks)).order_by()
    parts: dict[object, list[tuple[str, int, int]]] = {}
    for key, activity, some, cost in rows.values_list(by, "activity").annotate(some=Sum("tasks"), cost=Sum("minutes")):
        parts.setdefault(key, []).append((activity, some, cost))
    communities = communities_on(ranges)
    return {key: _together(found, communities) for key, found in parts.items()} or {None: Burden(communities)}


def burden_on(ranges: Iterable[Range], week: date) -> Burden:
    """This function will return what was asked of the communities on a ground in the week of this Monday."""
    return next(iter(_summed(ranges, [week], "week").values()))


def by_demander(ranges: Iterable[Range], week: date) -> list[Line]:
    """This function will return the burden by unit that applied for the work, the heaviest first."""
    found = _summed(ranges, [week], "demander")
    units = Unit.objects.in_bulk([pk for pk in found if isinstance(pk, int)])
    lines = [Line(unit.code, unit.label, found[pk]) for pk, unit in units.items()]
    return sorted(lines, key=lambda line: (-line.burden.minutes, line.key))


def by_area(areas: Iterable[AreaView], week: date) -> list[Line]:
    """This function will return the burden of each area, in the order given; none is ranked."""
    return [Line(area.code, area.label, burden_on(area.ranges, week)) for area in areas]


def by_week(ranges: Iterable[Range], week: date) -> list[Line]:
    """This function will return the burden of this week and of the seven before it, the newest first."""
    ranges = list(ranges)
    weeks = [week - timedelta(weeks=back) for back in range(TREND)]
    found = _summed(ranges, weeks, "week")
    nothing = Burden(next(iter(found.values())).communities)
    return [Line(day.isoformat(), day.isoformat(), found.get(day, nothing)) for day in weeks]


def burden_lines(ranges: Iterable[Range], week: date) -> list[tuple[str, str, str, str, int, float]]:
    """This function will return the meter line by line: week, community, demander, kind of work, tasks, hours."""
    rows = BurdenIndex.objects.within(Scope(tuple(ranges))).filter(week=week)
    return [
        (
            row.week.isoformat(),
            row.owner.label,
            row.demander.label,
            str(row.get_activity_display()),
            row.tasks,
            round(row.minutes / 60, 1),
        )
        for row in rows.select_related("owner", "demander").order_by("place", "demander__code", "activity")
    ]


def audit_burden() -> list[str]:
    """This function will count the meter anew from the tasks and from what was asked without one, and name what differs."""
    tasks = Task.objects.everywhere("an audit reads all tasks").filter(
        drill=False,
        admission__isnull=False,
        owner__organ_type__executes_only=True,
        owner__organ_type__level=COMMUNITY,
        owner__first__isnull=False,
    )
    counted: dict[tuple[date, int, int, str], tuple[int, int]] = {}
    for sent_at, owner, demander, activity, minutes in tasks.values_list(
        "created_at",
        Coalesce("first_owner", "owner"),
        "admission__demander",
        "admission__activity",
        "admission__minutes_per_unit",
    ).iterator():
        key = (week_of(sent_at), owner, demander, activity)
        some, cost = counted.get(key, (0, 0))
        counted[key] = (some + 1, cost + minutes)
    asked = WorkAsked.objects.everywhere("an audit reads all")
    for week, owner, demander, activity, minutes in asked.values_list(
        "week", "owner", "demander", "activity", "minutes"
    ).iterator():
        some, cost = counted.get((week, owner, demander, activity), (0, 0))
        counted[week, owner, demander, activity] = (some + 1, cost + minutes)
    kept = {
        (row.week, row.owner_id, row.demander_id, row.activity): (row.tasks, row.minutes)
        for row in BurdenIndex.objects.everywhere("an audit reads all").iterator()
    }
    return [
        f"burden in the week of {key[0]}, unit {key[1]} by unit {key[2]}: kept {kept.get(key)}, counted {counted.get(key)}"
        for key in sorted(counted.keys() | kept.keys())
        if counted.get(key) != kept.get(key)
    ][:MOST]
