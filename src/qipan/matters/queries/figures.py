"""The three rates with numerators and denominators, from the kept counts (users.md, section 6)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncMonth
from django.utils.formats import date_format
from django.utils.timezone import make_aware
from django.utils.translation import gettext

from qipan.duties.api import Unit
from qipan.kernel.actor import Scope
from qipan.kernel.place import COMMUNITY, DIGITS, DISTRICT, STREET, Grounds, Range, range_of
from qipan.territory.api import AreaView, areas_within, path_to

from ..models import Category, Handling, StreetTally, Tally
from ..rules.figures import COUNTED, TAKING_BACK, Counted, Figures, Open, figures_of, together, too_few
from ..rules.limits import COMMUNITY_SIZE, next_month, whole_streets
from ..rules.loop import UNENDED
from ..terms import By, Channel, Part


@dataclass(frozen=True)
class Asked:
    """Of what figures are asked: whole months of a ground, and what else was chosen. Choices combine."""

    ranges: tuple[Range, ...]
    since: date
    until: date
    unit: int | None = None
    category: str = ""  # 5 digits, or the 2 of its class
    channel: str = ""

    @property
    def scope(self) -> Scope:
        return Scope(self.ranges)

    @cached_property
    def areas(self) -> list[AreaView]:
        """The areas one level below the ground."""
        return below(self.ranges)

    def months(self) -> list[date]:
        """The months asked for, the newest first."""
        return months_of(self.since, self.until)


@dataclass(frozen=True)
class Line:
    """One line of a table of figures; ``hidden`` names what counts too few to be shown to everyone."""

    key: str
    label: str
    figures: Figures
    hidden: frozenset[str] = frozenset()


def months_of(since: date, until: date) -> list[date]:
    """This function will return the first days of the months from ``since`` to before ``until``, the newest first."""
    found = []
    month = since.replace(day=1)
    while month < until:
        found.append(month)
        month = next_month(month)
    return found[::-1]


def figures(
    ranges: Iterable[Range],
    *,
    since: date,
    until: date,
    at: datetime,
    unit: int | None = None,
    category: str = "",
    channel: str = "",
) -> Figures:
    """This function will add up the kept counts of the months from ``since`` to before ``until``."""
    asked = Asked(tuple(ranges), since, until, unit, category, channel)
    left = _open(asked, None, at=at).get(None, Open())
    return figures_of(_counted(asked, None).get(None, []), left, since=since, until=until)


def breakdown(asked: Asked, by: By, *, at: datetime) -> tuple[Figures, list[Line]]:
    """This function will return the figures as a whole and line by line: by month, area, unit, category or channel.

    Lines stand in the order of months, codes and lists, never of rates: nobody is ranked. The whole is made of the
    same rows as the lines. Three statements, and one for the names.
    """
    counted, left = _counted(asked, by), _open(asked, by, at=at)
    whole = figures_of(
        [one for rows in counted.values() for one in rows],
        together(left.values()),
        since=asked.since,
        until=asked.until,
    )
    if by == By.MONTH:
        rows = counted.get(None, [])  # a reopening belongs to two months, so each is made from all
        return whole, [
            Line(f"{month:%Y-%m}", date_format(month, "Y-m"), _month_of(rows, left.get(month, Open()), month))
            for month in asked.months()
        ]
    return whole, [
        Line(key, label, figures_of(rows, some, since=asked.since, until=asked.until))
        for key, label, rows, some in _named(asked, by, counted, left)
    ]


def _month_of(rows: Sequence[Counted], left: Open, month: date) -> Figures:
    return figures_of(rows, left, since=month, until=next_month(month))


# ---- the rows


def _kept(asked: Asked, by: By | None) -> type[Any]:
    """Whole streets have their own sums, of which a city has hundreds of times fewer."""
    plain = asked.unit is None and not asked.category and by not in (By.UNIT, By.CATEGORY)
    if not plain or not whole_streets(asked.ranges):
        return Tally
    if by == By.AREA and not whole_streets(part for area in asked.areas for part in area.ranges):
        return Tally
    return StreetTally


def _area_key(asked: Asked, place: str) -> Any:
    """The first place of the area: by its code, or of the community where areas have more or less than theirs."""
    plain = {len(one.code) for one in asked.areas if one.ranges == (range_of(one.code),)}
    by_code = len(plain) == 1 and all(one.ranges == (range_of(one.code),) for one in asked.areas)
    size = 10 ** (DIGITS - plain.pop()) if by_code else COMMUNITY_SIZE
    return ExpressionWrapper(F(place) / size * size, output_field=BigIntegerField())


def _key(asked: Asked, by: By | None, prefix: str = "") -> Any:
    """What rows are grouped by."""
    if by == By.AREA:
        return _area_key(asked, f"{prefix}place")
    if by == By.UNIT:
        return F("unit")
    if by == By.CATEGORY:
        return F(f"{prefix}category__code")
    if by == By.CHANNEL:
        return F(f"{prefix}channel")
    return Value(None, output_field=BigIntegerField())


def _counted(asked: Asked, by: By | None) -> dict[Any, list[Counted]]:
    kept = _kept(asked, by)
    # What was taken back later is taken off the months in which it was counted.
    months = Q(month__lt=asked.until) | Q(kind__in=TAKING_BACK)
    rows = kept.objects.within(asked.scope).filter(months, month__gte=asked.since, drill=False, kind__in=COUNTED)
    if asked.unit is not None:
        rows = rows.filter(unit=asked.unit)
    if asked.category:
        rows = rows.filter(category__in=_categories(asked.category))
    if asked.channel:
        rows = rows.filter(channel=asked.channel)
    # Which month it was is asked of a line of months, and of what was taken back; else rows would be twelve times more.
    of_month = (
        F("month") if by == By.MONTH else Case(When(kind__in=TAKING_BACK, then=F("month")), default=Value(asked.since))
    )
    sums = rows.order_by().annotate(key=_key(asked, by), of=of_month).values_list("key", "of", "kind", "detail")
    found: dict[Any, list[Counted]] = defaultdict(list)
    for key, month, kind, detail, n in sums.annotate(total=Sum("n")):
        found[key].append(Counted(month, kind, detail, n))
    return found


def _categories(code: str) -> list[int]:
    return list(Category.objects.filter(code__startswith=code).values_list("pk", flat=True))


def _open(asked: Asked, by: By | None, *, at: datetime) -> dict[Any, Open]:
    """What became due in these months without anything that was counted: parts never answered, matters not ended."""
    silent = _sums(_never_answered(asked), "accept_by", asked, by, at=at)
    overdue = _sums(_not_ended(asked), "task__due_at", asked, by, at=at)
    return {key: Open(silent.get(key, 0), overdue.get(key, 0)) for key in {*silent, *overdue}}


def _never_answered(asked: Asked) -> QuerySet[Handling]:
    """Parts without a word; one that was waived, moved or shelved later had been due."""
    # They are few, so all are looked at: looked up by place, each matter of the ground would be asked for its parts.
    ground = ExpressionWrapper(F("matter__place") + 0, output_field=BigIntegerField())
    left = Q(ended_at=None) | Q(ended_at__gt=F("accept_by"))
    return Handling.objects.alias(ground=ground).filter(asked.scope.q("ground"), left, responded_at=None)


def _not_ended(asked: Asked) -> QuerySet[Handling]:
    """Latest parts of matters that nobody has verified: what is only reported done is not. A clock that stands makes
    nothing due.
    """
    later = Handling.objects.filter(matter=OuterRef("matter"), part=Part.PRIMARY, pk__gt=OuterRef("pk"))
    return Handling.objects.filter(
        ~Exists(later),
        asked.scope.q("matter__place"),
        matter__state__in=UNENDED,
        part=Part.PRIMARY,
        task__suspended_at=None,
    )


def _sums(rows: QuerySet[Handling], due: str, asked: Asked, by: By | None, *, at: datetime) -> dict[Any, int]:
    """Counts the parts whose time, in ``due``, ended in the months asked for."""
    since, until = (make_aware(datetime.combine(day, time())) for day in (asked.since, asked.until))
    rows = rows.filter(**{f"{due}__gte": since, f"{due}__lt": min(at, until)}, matter__drill=False)
    if asked.unit is not None:
        rows = rows.filter(unit=asked.unit)
    if asked.category:
        rows = rows.filter(matter__category__in=_categories(asked.category))
    if asked.channel:
        rows = rows.filter(matter__channel=asked.channel)
    key: Any = TruncMonth(due) if by == By.MONTH else _key(asked, by, "matter__")
    sums = rows.order_by().annotate(key=key).values_list("key").annotate(total=Count("pk"))
    return {(key.date() if isinstance(key, datetime) else key): n for key, n in sums}


# ---- the lines

Group = tuple[str, str, list[Counted], Open]  # key, label, rows, what is open


def below(ranges: Iterable[Range]) -> list[AreaView]:
    """This function will return the areas one level below a ground, in the order of their codes."""
    ground = tuple(ranges)
    areas: list[AreaView] = []
    for level in (DISTRICT, STREET, COMMUNITY):
        areas = areas_within(ground, level)
        if areas and not (len(areas) == 1 and set(areas[0].ranges) == set(ground)):
            break
    return areas


def _named(asked: Asked, by: By, counted: dict[Any, list[Counted]], left: dict[Any, Open]) -> list[Group]:
    if by == By.AREA:
        return _by_area(asked, counted, left)
    keys = {*counted, *left}
    names: dict[Any, str]
    if by == By.CHANNEL:
        names = {one.value: str(one.label) for one in Channel if one.value in keys}
    elif by == By.CATEGORY:
        # A category that was put in force anew goes on under its code, with its newest name.
        dated = Category.objects.filter(code__in=keys).order_by("code", "valid_from", "pk")
        names = {one.code: one.label for one in dated}
    else:
        units = Unit.objects.filter(pk__in=keys).order_by("organ_type__level", "code")
        names = {one.pk: one.label for one in units} | ({0: gettext("with no unit yet")} if 0 in keys else {})
    return [(str(key), name, counted.get(key, []), left.get(key, Open())) for key, name in names.items()]


def _by_area(asked: Asked, counted: dict[Any, list[Counted]], left: dict[Any, Open]) -> list[Group]:
    areas = asked.areas
    grounds = Grounds((part, area.code) for area in areas for part in area.ranges)
    rows: dict[str, list[Counted]] = defaultdict(list)
    missing: dict[str, list[Open]] = defaultdict(list)
    for place, some in counted.items():
        rows[grounds.at(place) or ""] += some
    for place, some_open in left.items():
        missing[grounds.at(place) or ""].append(some_open)
    names = {area.code: area.label for area in areas} | ({"": gettext("elsewhere")} if "" in {*rows, *missing} else {})
    return [(code, name, rows[code], together(missing[code])) for code, name in names.items()]


def units_offered(ranges: Iterable[Range]) -> list[Unit]:
    """This function will return the units whose figures may be asked for: of the city, its districts, and these streets."""
    ground = Scope(tuple(ranges)).q()
    levels = Q(organ_type__level__lt=STREET, organ_type__executes_only=False) | Q(organ_type__level=STREET) & ground
    return list(Unit.objects.filter(levels, valid_to=None).order_by("organ_type__level", "code"))


# ---- for everyone

COLUMNS = (
    "reported",
    "response",
    "resolution",
    "satisfaction",
    "answers",
    "solved",
    "turned_away",
    "left_out",
    "still_due",
)


def _cell(line: Line, column: str) -> int:
    one = getattr(line.figures, column)
    return int(getattr(one, "whole", one))


def without_small(lines: Sequence[Line], *, above: frozenset[str] = frozenset()) -> list[Line]:
    """This function will mark in each line what counts too few to be shown to everyone, column by column.

    ``above``: columns that are hidden in the sum of these lines; then they are hidden in each line too. Where so
    few were reported that it is hidden, nothing of the line is shown.
    """
    hidden: dict[str, set[str]] = {line.key: set(above) for line in lines}
    for column in COLUMNS:
        for key in too_few({line.key: _cell(line, column) for line in lines}):
            hidden[key].add(column)
    every = frozenset(COLUMNS)
    return [
        Line(one.key, one.label, one.figures, every if "reported" in hidden[one.key] else frozenset(hidden[one.key]))
        for one in lines
    ]


def public_figures(code: str, *, since: date, until: date, at: datetime) -> tuple[Line, list[Line]]:
    """This function will return the figures of an area and of those right below it, as everyone may see them.

    What is hidden of an area among its neighbours is hidden on its own page and below it too, so that no two pages
    together give it away. Raises ``NotFound``.
    """
    path = path_to(code)
    first = path[0]
    whole, lines = breakdown(Asked(first.ranges, since, until), By.AREA, at=at)
    [own] = without_small([Line(first.code, first.label, whole)])
    lines = without_small(lines, above=own.hidden)
    for _above, area in pairwise(path):
        found = next((line for line in lines if line.key == area.code), None)
        whole, below_it = breakdown(Asked(area.ranges, since, until), By.AREA, at=at)
        own = Line(area.code, area.label, whole, found.hidden if found else own.hidden)
        lines = without_small(below_it, above=own.hidden)
    return own, lines
