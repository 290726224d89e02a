"""How a line of another system's table becomes a matter: by a mapping, nothing guessed. Pure: no ORM, time passed in."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from ..terms import DECLINING, Closing
from .points import Point, PointWrong, read_point

MOST_TEXT = 2000
FIRST_YEAR = 1980  # what is dated before is a mistake, or a null of some system


class Field(TextChoices):
    """What of a matter a table may tell."""

    NUMBER = "number", _("their number")
    CATEGORY = "category", _("category")
    PLACE = "place", _("place")
    TEXT = "text", _("words of the report")
    SPOT = "spot", _("where exactly")
    LONGITUDE = "longitude", _("longitude")
    LATITUDE = "latitude", _("latitude")
    REPORTED = "reported", _("reported at")
    DISPATCHED = "dispatched", _("dispatched at")
    UNIT = "unit", _("unit")
    STATE = "state", _("open or ended")
    CLOSING = "closing", _("how it ended")
    ENDED = "ended", _("ended at")
    SATISFIED = "satisfied", _("satisfied or not")


NAMES = tuple(name.value for name in Field)
JOINED = (Field.CATEGORY, Field.PLACE, Field.UNIT, Field.TEXT)  # may be told by several columns together
REQUIRED = (Field.CATEGORY, Field.PLACE, Field.REPORTED, Field.STATE)
WORDED = (Field.CATEGORY, Field.PLACE, Field.UNIT, Field.STATE, Field.CLOSING, Field.SATISFIED)  # have tables of words
SEPARATOR = " / "


class Open(TextChoices):
    """What a word of another system says about where a matter stands."""

    OPEN = "OPEN", _("open")
    ENDED = "ENDED", _("ended")


class Said(TextChoices):
    SATISFIED = "SATISFIED", _("satisfied")
    UNSATISFIED = "UNSATISFIED", _("unsatisfied")


class Datum(TextChoices):
    """In which datum a table writes its coordinates; what is kept is WGS 84, of which CGCS2000 differs by centimetres."""

    WGS84 = "WGS84", _("WGS 84 or CGCS2000 (receivers, standards)")
    GCJ02 = "GCJ02", _("GCJ-02 (web maps of China)")


class Dates(TextChoices):
    """In which order a table writes its dates: chosen, because 01/02/2018 alone does not say it."""

    YMD = "YMD", _("year, month, day (2018-02-08 15:34:40, 2018/2/8 15:34)")
    MDY = "MDY", _("month, day, year (12/31/2017 11:59:58 PM)")
    DMY = "DMY", _("day, month, year (31.12.2017 23:59)")


CLOSED_WORDS: dict[Field, frozenset[str]] = {
    Field.STATE: frozenset(Open.values),
    Field.CLOSING: frozenset(Closing.values),
    Field.SATISFIED: frozenset(Said.values),
}
TIME = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp][Mm])?\s*(Z|[+-]\d{2}:?\d{2})?)?"
PATTERNS: dict[str, re.Pattern[str]] = {
    Dates.YMD: re.compile(rf"(\d{{4}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?{TIME}"),
    Dates.MDY: re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){TIME}"),
    Dates.DMY: re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){TIME}"),
}
ORDER: dict[str, tuple[int, int, int]] = {Dates.YMD: (1, 2, 3), Dates.MDY: (3, 1, 2), Dates.DMY: (3, 2, 1)}


class Fault(TextChoices):
    """Why a line is refused."""

    MISSING = "MISSING", _("%(field)s is missing")
    UNKNOWN = "UNKNOWN", _("%(field)s is in no table and not known here: %(value)s")
    SEVERAL = "SEVERAL", _("%(field)s has more than one meaning: %(value)s")
    OUTSIDE = "OUTSIDE", _("%(field)s lies outside your ground: %(value)s")
    NO_DATE = "NO_DATE", _("%(field)s is no date in the chosen order: %(value)s")
    NO_SUCH_TIME = "NO_SUCH_TIME", _("%(field)s did not exist in that time zone (clocks went forward): %(value)s")
    FUTURE = "FUTURE", _("%(field)s lies in the future: %(value)s")
    TOO_OLD = "TOO_OLD", _("%(field)s lies before 1980: %(value)s")
    BEFORE = "BEFORE", _("%(field)s lies before the report: %(value)s")
    AFTER_END = "AFTER_END", _("%(field)s lies after the end: %(value)s")
    OPEN_ENDED = "OPEN_ENDED", _("is open and has a time of its end: %(value)s")
    DECLINED_SAID = "DECLINED_SAID", _("was declined, and nobody is asked then whether they are satisfied: %(value)s")
    TOO_LONG = "TOO_LONG", _("%(field)s is longer than %(most)s characters")
    NO_CHARACTER = "NO_CHARACTER", _("%(field)s holds a character that no text holds")
    NO_POINT = "NO_POINT", _("%(field)s is not in degrees, or is alone: %(value)s")
    ELSEWHERE = "ELSEWHERE", _("the point lies more than 300 m outside its place: %(value)s")
    TWICE = "TWICE", _("%(field)s stands in line %(value)s already")
    CELLS = "CELLS", _("has more cells than the header")


@dataclass(frozen=True)
class Problem:
    """One fault of one line, as a spreadsheet program numbers it: the header is line 1."""

    line: int
    fault: str
    field: str = ""
    value: str = ""

    @property
    def reason(self) -> str:
        """Fault and field, for counting."""
        label = str(Field(self.field).label) if self.field else ""
        return str(Fault(self.fault).label) % {"field": label, "value": "…", "most": MOST_TEXT}

    def __str__(self) -> str:
        label = str(Field(self.field).label) if self.field else ""
        return str(Fault(self.fault).label) % {"field": label, "value": self.value, "most": MOST_TEXT}


@dataclass(frozen=True)
class Rules:
    """A mapping: which column tells what, what stands for all lines, what their words mean, how they write dates."""

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Sequence[str] = ("-", "N/A", "NULL")  # beside the empty cell
    dates: str = Dates.YMD
    zone: str = "Asia/Shanghai"
    datum: str = Datum.WGS84
    cut: bool = False  # long texts are cut at the most that a report holds, and marked so
    private: bool = False  # not on the public list

    def as_json(self) -> dict[str, Any]:
        """This method will return what is stored of a mapping."""
        return {
            "columns": {name: list(columns) for name, columns in self.columns.items()},
            "constants": dict(self.constants),
            "words": {name: dict(words) for name, words in self.words.items()},
            "missing": list(self.missing),
            "dates": str(self.dates),
            "zone": self.zone,
            "datum": str(self.datum),
            "cut": self.cut,
            "private": self.private,
        }


@dataclass(slots=True)
class Line:
    """A line that is understood: what goes in."""

    line: int
    number: str
    category: int
    place: int
    point: Point | None
    text: str
    spot: str
    reported: datetime
    dispatched: datetime | None
    ended: datetime | None
    unit: int | None
    closing: str  # empty: open
    satisfied: bool | None
    told: str  # their own words for where it stands and with whom

    @property
    def declined(self) -> bool:
        return self.closing in DECLINING


class Unread(Exception):
    """A cell that cannot be read, with its fault."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def read_moment(text: str, *, dates: str, zone: ZoneInfo) -> datetime:
    """This function will read a date, with or without time and offset, in the chosen order; raises ``Unread``."""
    pattern, (y, m, d) = PATTERNS[dates], ORDER[dates]
    found = pattern.fullmatch(text)
    if found is None:
        raise Unread(Fault.NO_DATE)
    year, month, day = int(found[y]), int(found[m]), int(found[d])
    hour, minute, second = int(found[4] or 0), int(found[5] or 0), int(found[6] or 0)
    half, offset = found[7], found[8]
    if half:
        if not 1 <= hour <= 12:
            raise Unread(Fault.NO_DATE)
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    try:
        naive = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its zone follows
        if offset == "Z":
            return naive.replace(tzinfo=UTC)
        if offset:
            return datetime.fromisoformat(f"{naive.isoformat()}{offset}").astimezone(UTC)
    except ValueError:
        raise Unread(Fault.NO_DATE) from None
    if year < FIRST_YEAR:
        raise Unread(Fault.TOO_OLD)
    moment = naive.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != naive:
        raise Unread(Fault.NO_SUCH_TIME)
    return moment


def _degrees(text: str) -> bool:
    try:
        return read_point(text, "0") is not None
    except PointWrong:
        return False


# What a word of the table means here: its key, or a fault.
Meaning = int | Fault
Lookup = Callable[[str], Meaning]
# A point as it is kept, moved to WGS 84; a fault where it cannot be at the place.
Place = Callable[[Point, int], Point | Fault]


class Reader:
    """Reads the cells of lines by a mapping; what it finds wrong is collected, line by line."""

    def __init__(
        self, header: Sequence[str], rules: Rules, lookups: Mapping[str, Lookup], placed: Place, *, at: datetime
    ) -> None:
        self.rules, self.lookups, self.placed, self.at = rules, lookups, placed, at
        self.width = len(header)
        where = {name: n for n, name in enumerate(header)}
        self.cells = {name: [where[one] for one in columns] for name, columns in rules.columns.items() if columns}
        # Most fields are told by one column or by none: what the others take is looked up once, not for each line.
        self.constant = {name: "" if name in self.cells else rules.constants.get(name, "") for name in NAMES}
        self.single = [(name, places[0]) for name, places in self.cells.items() if len(places) == 1]
        self.several = [name for name, places in self.cells.items() if len(places) > 1]
        self.missing = frozenset({"", *rules.missing})
        self.zone = ZoneInfo(rules.zone)
        self.problems: list[Problem] = []
        self.numbers: dict[str, int] = {}

    def said(self, cells: Sequence[str]) -> dict[str, str]:
        """This method will return what a line says about each field, empty where it is missing."""
        found, ends = self.constant.copy(), len(cells)
        for name, n in self.single:
            if n < ends and cells[n] not in self.missing:
                found[name] = cells[n]
        for name in self.several:
            parts = [cells[n] for n in self.cells[name] if n < ends and cells[n] not in self.missing]
            found[name] = ("\n" if name == Field.TEXT else SEPARATOR).join(parts)
        return found

    def line(self, number: int, cells: Sequence[str]) -> Line | None:
        """This method will return a line as it is understood; None when something is wrong with it."""
        before = len(self.problems)

        def wrong(fault: str, name: str = "", value: str = "") -> None:
            self.problems.append(Problem(number, fault, name, value[:300]))

        if len(cells) > self.width and any(cells[self.width :]):
            wrong(Fault.CELLS)
        said = self.said(cells)
        if "\0" in "".join(said.values()):
            for name, words in said.items():
                if "\0" in words:
                    wrong(Fault.NO_CHARACTER, name)
        keys = {name: self._key(name, said[name], wrong) for name in (Field.CATEGORY, Field.PLACE, Field.UNIT)}
        point = self._point(said, keys[Field.PLACE], wrong)
        moments: dict[str, datetime | None] = {
            name: self._moment(name, said[name], wrong) for name in (Field.REPORTED, Field.DISPATCHED, Field.ENDED)
        }
        closing, satisfied = self._end(said, wrong)
        self._in_order(moments, said, closing, wrong)
        text = self._text(said[Field.TEXT], wrong)
        if len(said[Field.SPOT]) > 120:
            wrong(Fault.TOO_LONG, Field.SPOT)
        their = said[Field.NUMBER]
        if Field.NUMBER in self.cells:
            self._number(number, their, wrong)
        if len(self.problems) > before:
            return None
        told = SEPARATOR.join(
            said[name] for name in (Field.STATE, Field.CLOSING, Field.UNIT) if name in self.cells and said[name]
        )
        reported = moments[Field.REPORTED]
        assert reported is not None and closing is not None
        return Line(
            number, their, keys[Field.CATEGORY] or 0, keys[Field.PLACE] or 0, point, text, said[Field.SPOT], reported,
            moments[Field.DISPATCHED], moments[Field.ENDED], keys[Field.UNIT], closing, satisfied, told,
        )  # fmt: skip

    def _key(self, name: str, said: str, wrong: Callable[..., None]) -> int | None:
        if not said:
            if name in REQUIRED:
                wrong(Fault.MISSING, name)
            return None
        found = self.lookups[name](said)
        if isinstance(found, Fault):
            wrong(found, name, said)
            return None
        return found

    def _point(self, said: Mapping[str, str], place: int | None, wrong: Callable[..., None]) -> Point | None:
        """Where exactly: two columns of degrees, both told or none."""
        east, north = said[Field.LONGITUDE], said[Field.LATITUDE]
        try:
            point = read_point(east, north)
        except PointWrong:
            wrong(Fault.NO_POINT, Field.LONGITUDE if not _degrees(east) else Field.LATITUDE, f"{east}, {north}")
            return None
        if point is None or place is None:
            return None
        found = self.placed(point, place)
        if isinstance(found, Fault):
            wrong(found, Field.LONGITUDE, f"{east}, {north}")
            return None
        return found

    def _moment(self, name: str, said: str, wrong: Callable[..., None]) -> datetime | None:
        if not said:
            if name in REQUIRED:
                wrong(Fault.MISSING, name)
            return None
        try:
            moment = read_moment(said, dates=self.rules.dates, zone=self.zone)
        except Unread as unread:
            wrong(unread.fault, name, said)
            return None
        if moment > self.at:
            wrong(Fault.FUTURE, name, said)
        return moment

    def _word(self, name: str, said: str, wrong: Callable[..., None]) -> str:
        """A word of a closed list: by the table of words, or written as we write it."""
        meant = self.rules.words.get(name, {}).get(said, said)
        if meant in CLOSED_WORDS[Field(name)]:
            return meant
        wrong(Fault.UNKNOWN if said else Fault.MISSING, name, said)
        return ""

    def _end(self, said: Mapping[str, str], wrong: Callable[..., None]) -> tuple[str | None, bool | None]:
        """How it ended (empty: it is open; None: cannot be told), and whether the reporter was satisfied."""
        word = self._word(Field.SATISFIED, said[Field.SATISFIED], wrong) if said[Field.SATISFIED] else ""
        satisfied = {"": None, Said.SATISFIED.value: True, Said.UNSATISFIED.value: False}[word]
        state = self._word(Field.STATE, said[Field.STATE], wrong)
        if state == Open.ENDED:
            closing = self._word(Field.CLOSING, said[Field.CLOSING], wrong)
            if closing in DECLINING and satisfied is not None:  # no step tells it, so no figure may hold it
                wrong(Fault.DECLINED_SAID, Field.SATISFIED, said[Field.SATISFIED])
            return closing or None, satisfied
        if state == Open.OPEN:
            if said[Field.ENDED]:
                wrong(Fault.OPEN_ENDED, Field.ENDED, said[Field.ENDED])
            return "", None
        return None, None

    def _in_order(
        self,
        moments: Mapping[str, datetime | None],
        said: Mapping[str, str],
        closing: str | None,
        wrong: Callable[..., None],
    ) -> None:
        reported, dispatched, ended = (moments[name] for name in (Field.REPORTED, Field.DISPATCHED, Field.ENDED))
        if closing and Field.ENDED in self.cells and not said[Field.ENDED]:
            wrong(Fault.MISSING, Field.ENDED)
        for name, moment in ((Field.DISPATCHED, dispatched), (Field.ENDED, ended)):
            if reported is not None and moment is not None and moment < reported:
                wrong(Fault.BEFORE, name, said[name])
        if dispatched is not None and ended is not None and dispatched > ended:
            wrong(Fault.AFTER_END, Field.DISPATCHED, said[Field.DISPATCHED])

    def _text(self, text: str, wrong: Callable[..., None]) -> str:
        if len(text) <= MOST_TEXT:
            return text
        if self.rules.cut:
            return f"{text[: MOST_TEXT - 2]} …"
        wrong(Fault.TOO_LONG, Field.TEXT)
        return ""

    def _number(self, line: int, their: str, wrong: Callable[..., None]) -> None:
        if not their:
            wrong(Fault.MISSING, Field.NUMBER)
        elif len(their) > 60:
            wrong(Fault.TOO_LONG, Field.NUMBER)
        elif (held := self.numbers.setdefault(their, line)) != line:
            wrong(Fault.TWICE, Field.NUMBER, str(held))
