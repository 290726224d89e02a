"""Daily counts of areas: reported, and corrected with both values, the reason and the moment; never silently."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _now
from django.utils.translation import ngettext_lazy

from qipan.journal.api import record
from qipan.kernel.actor import Actor
from qipan.kernel.bulk import write
from qipan.kernel.place import CODE_LENGTHS
from qipan.kernel.refusal import BadInput, NotFound, Refusal
from qipan.territory.api import AreaView, areas_within, get_area

from ..models import Count
from ..queries.counts import counted_at
from ..rules.series import BelowNought, Fall, daily
from ..rules.sets import MOST_COUNT, inputs
from ..terms import ZoneUnit

MOST_PROBLEMS = 200
FIRST_DAY = date(2000, 1, 1)
FEW = 50  # codes of one level that are looked up one by one

Key = tuple[str, str]  # input and code of the area


class CorrectionNeedsReason(Refusal):
    """Counts that were given before would change."""

    code = "zone_correction_needs_reason"
    sentence = ngettext_lazy(
        "%(n)s count was given before with another value; a correction needs its reason. Nothing was saved.",
        "%(n)s counts were given before with other values; a correction needs its reason. Nothing was saved.",
        "n",
    )
    status = 400

    def __init__(self, problems: list[str], **data: object) -> None:
        super().__init__(**data)
        self.problems = problems


@dataclass(frozen=True)
class Given:
    """One line: an input, an area, a day, and how many; in a file of running totals, how many so far."""

    line: int
    input: str
    code: str
    day: date
    n: int


@dataclass(frozen=True)
class Told:
    """What became of one line: ``before`` is None for a day that had no count yet."""

    line: int
    input: str
    code: str
    day: date
    before: int | None
    after: int


@dataclass
class Reported:
    """What a report of counts did, line by line."""

    lines: list[Told] = field(default_factory=list)
    falls: list[tuple[Key, Fall]] = field(default_factory=list)  # where a total fell

    @property
    def added(self) -> int:
        """Days that had no count yet."""
        return sum(one.before is None for one in self.lines)

    @property
    def corrected(self) -> list[Told]:
        """Lines whose day had another count."""
        return [one for one in self.lines if one.before not in (None, one.after)]

    @property
    def same(self) -> int:
        """Lines that said what was known."""
        return sum(one.before == one.after for one in self.lines)


class _Problems:
    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, line: int, reason: str) -> None:
        self.found.append(_now("line %(line)s: %(why)s") % {"line": line, "why": reason})

    def check(self) -> None:
        if self.found:
            more = len(self.found) - MOST_PROBLEMS
            tail = [_now("and %(more)s more") % {"more": more}] if more > 0 else []
            raise BadInput([*self.found[:MOST_PROBLEMS], *tail])


def read_rows(rows: Sequence[Mapping[str, str]], *, totals: bool, at: datetime) -> list[Given]:
    """This function will read lines with ``area``, ``day``, ``input`` and ``n`` (or ``total``).

    Raises ``BadInput`` with every bad line and its reason.
    """
    problems, given = _Problems(), []
    number = "total" if totals else "n"
    today = localdate(at)
    for place, row in enumerate(rows, 2):
        line = int(row.get("line") or place)
        missing = [name for name in ("area", "day", "input", number) if name not in row]
        if missing:
            raise BadInput([_now("columns are missing: %(names)s") % {"names": ", ".join(missing)}])
        day, n = _day(row["day"]), _number(row[number])
        if row["input"] not in inputs():
            problems.add(line, _now("“%(input)s” is not counted") % {"input": row["input"][:40]})
        if day is None or day < FIRST_DAY:
            problems.add(line, _now("“%(day)s” is no day, as 2026-11-28") % {"day": row["day"][:40]})
        elif day > today:
            problems.add(line, _now("%(day)s has not come yet") % {"day": day})
        if n is None or n > MOST_COUNT * 10:
            problems.add(line, _now("“%(n)s” is no whole number") % {"n": row[number][:40]})
        elif n < 0:
            problems.add(
                line,
                _now("no day has fewer than none; say the corrected count of the day that was wrong, or give totals"),
            )
        elif day is not None:
            given.append(Given(line, row["input"], row["area"], day, n))
    problems.check()
    return given


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10].replace("/", "-"))
    except ValueError:
        return None


def _number(text: str) -> int | None:
    text = text.strip().removesuffix(".0")
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 12 else None


@transaction.atomic
def report_counts(
    given: Sequence[Given], *, totals: bool = False, source: str, reason: str = "", by: Actor, at: datetime
) -> Reported:
    """This function will keep counts of areas and days: new ones, and corrections of those that were given before.

    With ``totals`` each line is how many so far: totals of other days that are known stand, a total that falls takes
    back what was counted before, the latest day first, and each day that changes is a correction (``rules.series``). All lines or none. Needs ``zone.count``. Raises
    ``NotAllowed``, ``BadInput`` with every bad line, ``CorrectionNeedsReason`` with every line that would change.
    """
    by.require("zone.count")
    if not given or not source.strip() or len(source) > 200:
        raise BadInput([_now("there is no line, or the source is missing or longer than 200 signs")])
    problems = _Problems()
    areas = _areas(given, by=by)
    series: dict[Key, dict[date, Given]] = defaultdict(dict)
    for one in given:
        if one.code not in areas:
            problems.add(one.line, _now("there is no area %(code)s on your ground") % {"code": one.code[:20]})
        elif one.day in series[one.input, one.code]:
            problems.add(one.line, _now("%(code)s has a line for %(day)s already") % {"code": one.code, "day": one.day})
        else:
            series[one.input, one.code][one.day] = one
    problems.check()
    stored = _stored(series, areas)
    reported, wanted = Reported(), {}
    for key, lines in series.items():
        try:
            wanted[key] = _wanted(key, lines, stored.get(key, {}), totals, reported)
        except BelowNought:
            first = min(one.line for one in lines.values())
            problems.add(first, _now("the totals of %(code)s cannot be: one is below nought") % {"code": key[1]})
    _check_twice(wanted, series, areas, problems)
    problems.check()
    for key, counts in wanted.items():
        _tell(key, counts, series[key], stored.get(key, {}), reported)
    _require_reason(reported, reason)
    _keep(reported, stored, areas, source=source.strip(), reason=reason.strip(), by=by, at=at)
    return reported


def _areas(given: Sequence[Given], *, by: Actor) -> dict[str, AreaView]:
    """The areas that the lines name, as far as they are of a size that is counted and lie on the actor's ground."""
    wanted: dict[int, set[str]] = defaultdict(set)
    for one in given:
        if one.code.isascii() and one.code.isdigit() and len(one.code) in CODE_LENGTHS:
            wanted[CODE_LENGTHS.index(len(one.code))].add(one.code)
    found: dict[str, AreaView] = {}
    for level in set(wanted) & set(ZoneUnit.values):
        if len(wanted[level]) > FEW:
            found |= {area.code: area for area in areas_within(by.scope.ranges, level) if area.code in wanted[level]}
            continue
        for code in wanted[level]:
            try:
                area = get_area(code)
            except NotFound:
                continue
            if all(by.scope.covers(part) for part in area.ranges):
                found[code] = area
    return found


def _stored(series: Mapping[Key, Any], areas: Mapping[str, AreaView]) -> dict[Key, dict[date, int]]:
    """What is known of the same areas and inputs, locked so that two reports never correct each other unseen."""
    found: dict[Key, dict[date, int]] = defaultdict(dict)
    by_place = {(counted_at(area), area.level): code for code, area in areas.items()}
    places = sorted({counted_at(area) for area in areas.values()})
    for start in range(0, len(places), 500):
        rows = (
            Count.objects.everywhere("the areas were checked against the scope")
            .select_for_update()
            .filter(hazard_input__in={name for name, _code in series}, place__in=places[start : start + 500])
        )
        for name, place, level, day, n in rows.values_list("hazard_input", "place", "level", "day", "n"):
            code = by_place.get((place, level))
            if code is not None and (name, code) in series:
                found[name, code][day] = n
    return found


def _wanted(
    key: Key, lines: Mapping[date, Given], known: Mapping[date, int], totals: bool, reported: Reported
) -> dict[date, int]:
    """The count of each day that the lines say or change."""
    if not totals:
        return {day: one.n for day, one in lines.items()}
    counts, falls = daily(((day, one.n) for day, one in lines.items()), known=known)
    reported.falls += [(key, fall) for fall in falls]
    return {day: n for day, n in counts.items() if day in lines or known.get(day) != n}


def _check_twice(
    wanted: Mapping[Key, Mapping[date, int]],
    series: Mapping[Key, Mapping[date, Given]],
    areas: Mapping[str, AreaView],
    problems: _Problems,
) -> None:
    """Nothing is counted twice: by an area and by a larger one that holds it, on the same day."""
    levels = {areas[code].level for _input, code in wanted}
    names = {name for name, _code in wanted}
    days = [day for counts in wanted.values() for day in counts]
    others = (
        Count.objects.everywhere("whether a day is counted already, on the ground of areas that were checked")
        .filter(hazard_input__in=names, n__gt=0, day__gte=min(days), day__lte=max(days))
        .exclude(level__in=levels if len(levels) == 1 else [])
        .values_list("hazard_input", "place", "level", "day")
    )
    taken = {(name, f"{place:019d}"[: CODE_LENGTHS[level]], day) for name, place, level, day in others.iterator()}
    taken |= {(name, code, day) for (name, code), counts in wanted.items() for day, n in counts.items() if n}
    if len({len(code) for _name, code, _day in taken}) < 2:
        return
    above = {(name, code[:length], day) for name, code, day in taken for length in CODE_LENGTHS if length < len(code)}
    for (name, code), counts in wanted.items():
        for day, n in counts.items():
            if not n:
                continue
            held = next((code[:n] for n in CODE_LENGTHS if n < len(code) and (name, code[:n], day) in taken), None)
            if held or (name, code, day) in above:
                said = {"code": held or code, "day": day}
                problems.add(
                    _line_of(series[name, code], day),
                    _now("%(day)s is counted for %(code)s and for a part of it: it would count twice") % said,
                )


def _tell(
    key: Key,
    counts: Mapping[date, int],
    lines: Mapping[date, Given],
    known: Mapping[date, int],
    reported: Reported,
) -> None:
    for day, n in sorted(counts.items()):
        reported.lines.append(Told(_line_of(lines, day), *key, day, known.get(day), n))


def _line_of(lines: Mapping[date, Given], day: date) -> int:
    """The line of a day; of one that other lines change, the last of them."""
    return lines[day].line if day in lines else max(one.line for one in lines.values())


def _require_reason(reported: Reported, reason: str) -> None:
    changed = reported.corrected
    if changed and not 0 < len(reason.strip()) <= 300:
        problems = [
            _now("line %(line)s: %(code)s has %(before)s on %(day)s, this says %(after)s")
            % {"line": one.line, "code": one.code, "day": one.day, "before": one.before, "after": one.after}
            for one in changed[:MOST_PROBLEMS]
        ]
        raise CorrectionNeedsReason(problems, n=len(changed), field="reason")


def _keep(
    reported: Reported,
    stored: Mapping[Key, Mapping[date, int]],
    areas: Mapping[str, AreaView],
    *,
    source: str,
    reason: str,
    by: Actor,
    at: datetime,
) -> None:
    when = connection.ops.adapt_datetimefield_value(at)
    corrections: list[tuple[Any, ...]] = []

    def corrected(name: str, code: str, day: date, before: int, after: int, why: str) -> None:
        area = areas[code]
        values = (name, counted_at(area), area.level, day.isoformat(), before, after, why, source, when, by.label)
        corrections.append(values)

    changed = reported.corrected
    for one in changed:
        corrected(one.input, one.code, one.day, one.before or 0, one.after, reason)
        Count.objects.everywhere("a correction of a count that was locked").filter(
            hazard_input=one.input, place=counted_at(areas[one.code]), level=areas[one.code].level, day=one.day
        ).update(n=one.after, unit_id=by.unit_id, at=at)
    new = [one for one in reported.lines if one.before is None]
    fresh = {(one.input, one.code, one.day) for one in new}
    for key, fall in reported.falls:
        for day, before, after in fall.taken:
            if (*key, day) in fresh:  # a day that was known before is among the corrected ones
                corrected(*key, day, before, after, f"{fall.day.isoformat()}: {fall.before} → {fall.after}")
    write(
        "zones_count",
        ("hazard_input", "place", "level", "day", "n", "unit_id", "at"),
        (
            (
                one.input,
                counted_at(areas[one.code]),
                areas[one.code].level,
                one.day.isoformat(),
                one.after,
                by.unit_id,
                when,
            )
            for one in new
        ),
        nullable={"unit_id"},
    )
    write(
        "zones_correction",
        ("hazard_input", "place", "level", "day", "before", "after", "reason", "source", "at", "by_label"),
        corrections,
    )
    if new or changed:
        record(
            "zones.report_counts",
            subject="zones.Count",
            by=by,
            at=at,
            place=min(areas[one.code].place for one in reported.lines),
            data={
                "source": source,
                "reason": reason,
                "areas": len({one.code for one in reported.lines}),
                "added": len(new),
                "corrected": len(changed),
                "falls": len(reported.falls),
                "first": [[one.code, one.day.isoformat(), one.before, one.after] for one in changed[:20]],
            },
        )
