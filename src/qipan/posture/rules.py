"""Pure decisions on postures: what a declaration must say, who may declare, what prevails on a ground."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path

from qipan.kernel.place import DISTRICT, Range, code_of

DATA = Path(__file__).parent / "data"
AUTHORITY = DATA / "authority.csv"
REQUIRED_LANGUAGES = ("zh", "en")

# In the order in which they are asked for; each has its own refusal (Emergency Response Law 2024, art. 72).
DECLARATION = (
    "number",
    "matter",
    "hazard",
    "level",
    "basis",
    "issuer",
    "ground_codes",
    "starts_at",
    "expected_until",
    "measures",
)
FILLING_IN = timedelta(minutes=15)  # so long ago may a response or a measure begin: a page is filled in first
MEASURE = ("kind", "title", "article", "issuer", "grounds", "starts_at", "expires_at", "review_at")


def missing_of(content: Mapping[str, object], required: Sequence[str]) -> str | None:
    """This function will name the first required part that is missing or blank; None means complete."""
    for name in required:
        value = content.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return name
        if isinstance(value, list | tuple) and not [
            part for part in value if not isinstance(part, str) or part.strip()
        ]:
            return name
    return None


@dataclass(frozen=True)
class AuthorityRule:
    """One row of the authority table: from which rank up an organ may do ``what`` for ``key``, and when."""

    what: str
    key: str
    minimum_rank: int
    valid_from: date
    valid_to: date | None
    source: str

    def holds(self, on: date) -> bool:
        """This method will say whether the row is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


def read_authority(lines: Iterable[str]) -> tuple[AuthorityRule, ...]:
    """This function will read an authority table: CSV with a header; lines that begin with # are remarks."""
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple(
        AuthorityRule(
            row["what"],
            row["key"],
            int(row["minimum_rank"]),
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            row["source"],
        )
        for row in rows
    )


@lru_cache(maxsize=1)
def authority() -> tuple[AuthorityRule, ...]:
    """This function will return the authority table of this city."""
    return read_authority(AUTHORITY.read_text("utf-8").splitlines())


def minimum_rank(what: str, key: str, *, on: date, table: Sequence[AuthorityRule] | None = None) -> int | None:
    """This function will return the rank from which an organ may act; None means that nobody may."""
    rows = [rule for rule in (authority() if table is None else table) if rule.what == what and rule.holds(on)]
    for wanted in (key, "*"):
        for rule in rows:
            if rule.key == wanted:
                return rule.minimum_rank
    return None


def may_issue(
    what: str,
    key: str,
    *,
    rank: int,
    executes_only: bool,
    on: date,
    table: Sequence[AuthorityRule] | None = None,
) -> bool:
    """This function will say whether an organ may declare or impose; whoever only executes never may."""
    needed = minimum_rank(what, key, on=on, table=table)
    return not executes_only and needed is not None and rank >= needed


@dataclass(frozen=True)
class Standing:
    """A posture in force, as the rules see it."""

    pk: int
    kind: str
    level: int | None
    hazard: str
    rank: int  # authority rank of the issuer; 0 without a declaration
    since: datetime
    ground: Range


def gravity(kind: str, level: int | None) -> tuple[int, int]:
    """This function will return a key that sorts the gravest posture first."""
    return (0 if kind == "EMERGENCY" else 1, level or 9)


def prevailing(standings: Iterable[Standing], ground: Sequence[Range]) -> list[Standing]:
    """This function will return the postures that count on the ground, the gravest first.

    Where two commands speak about one hazard, the higher prevails: the lower one counts only for ground
    that the higher does not hold (EMG-3). Different hazards do not silence each other.
    """
    rows = list(standings)
    counting = []
    for row in rows:
        over = [
            other.ground
            for other in rows
            if row.kind == other.kind == "EMERGENCY" and other.hazard == row.hazard and other.rank > row.rank
        ]
        mine = [cut for part in ground if (cut := _cut(row.ground, part))]
        if any(part.without(over) for part in mine):
            counting.append(row)
    return sorted(counting, key=lambda row: (*gravity(row.kind, row.level), row.since, row.pk))


def _cut(ground: Range, to: Range) -> Range | None:
    cut = Range(max(ground.first, to.first), min(ground.last, to.last))
    return cut if cut.first <= cut.last else None


def binding_kind(ground: Sequence[Range], *, standing: Sequence[Range], emergency: Sequence[Range]) -> str | None:
    """This function will return the posture that binds forms on the ground: the lowest that holds on a part.

    ``"STANDING"`` where any part is only standing, else ``"EMERGENCY"`` where any part is, else None.
    """
    low = [cut for part in ground for row in standing if (cut := _cut(row, part))]
    if any(part.without(emergency) for part in low):
        return "STANDING"
    return "EMERGENCY" if any(part.meets(row) for part in ground for row in emergency) else None


def day_number(since: datetime, at: datetime, zone: tzinfo) -> int:
    """This function will count days on the local calendar: the day of the start is day 1."""
    return (at.astimezone(zone).date() - since.astimezone(zone).date()).days + 1


def in_force(starts_at: datetime, expires_at: datetime, ended_at: datetime | None, *, at: datetime) -> bool:
    """This function will say whether something holds at ``at``: from its start until before its end, to the second."""
    return starts_at <= at < expires_at and (ended_at is None or at < ended_at)


def prevails(*, rank: int, level: int, other_rank: int, other_level: int, earlier: bool = True) -> bool:
    """This function will say whether a declaration goes before another: by rank, by the graver level, then the earlier."""
    own, other = (-rank, level), (-other_rank, other_level)
    return own < other or (own == other and earlier)


@lru_cache(maxsize=2)
def words(name: str) -> dict[str, tuple[str, str]]:
    """This function will return a word list of this city (``hazards``, ``measures``): code to Chinese and English."""
    return {row["code"]: (row["name"], row["name_en"]) for row in _rows(name)}


def _rows(name: str) -> list[dict[str, str]]:
    lines = (DATA / f"{name}.csv").read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@dataclass(frozen=True)
class Kind:
    """A kind of measure of this city: how often it is looked at again, how it ends when its zone drops, how to complain."""

    code: str
    review_days: int
    hours_after_drop: int  # 0: it ends by itself at once; else the issuer has these hours for an orderly end
    tasks: tuple[str, ...]  # kinds of tasks that may be sent under it
    complaint_category: str  # of the catalogue of matters
    complaint: str
    complaint_en: str


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """This function will return the kinds of measures of this city by code."""
    return {
        row["code"]: Kind(
            row["code"],
            int(row["review_days"]),
            int(row["hours_after_drop"]),
            tuple(row["tasks"].split()),
            row["complaint_category"],
            row["complaint"],
            row["complaint_en"],
        )
        for row in _rows("measures")
    }


def review_days(code: str) -> int | None:
    """This function will return within how many days a kind of measure is looked at again; None for one not known."""
    known = kinds().get(code)
    return known.review_days if known else None


def proposed_review(code: str, *, since: datetime, until: datetime | None = None) -> datetime | None:
    """This function will return the latest moment at which a measure of a kind is looked at again, not after its end."""
    days = review_days(code)
    if days is None:
        return None
    latest = since + timedelta(days=days)
    return min(latest, until) if until else latest


@dataclass(frozen=True)
class Grade:
    """Which level a zone must have for a kind of measure, and who may go beyond it, for how many days at most."""

    least_level: int
    over_rank: int
    over_days: int


@lru_cache(maxsize=1)
def grades() -> dict[tuple[str, str], Grade]:
    """This function will return the graded kinds: (kind, hazard) to what a zone must have."""
    return {
        (row["measure"], row["hazard"]): Grade(int(row["least_level"]), int(row["over_rank"]), int(row["over_days"]))
        for row in _rows("graded")
    }


def strictest(kind: str) -> Grade | None:
    """This function will return the strictest of what a kind needs against any hazard; None where it never needs a zone.

    Where no zone can justify it, this says who goes beyond and for how many days.
    """
    of_kind = [grade for (graded, _hazard), grade in grades().items() if graded == kind]
    if not of_kind:
        return None
    return Grade(
        max(one.least_level for one in of_kind),
        max(one.over_rank for one in of_kind),
        min(one.over_days for one in of_kind),
    )


def rank_needed(
    kind: str, article_rank: int | None, *, on: date, table: Sequence[AuthorityRule] | None = None
) -> int | None:
    """This function will return the rank from which an organ may impose a kind on an article: whichever asks for more.

    None where the authority table lets nobody impose it.
    """
    own = minimum_rank("measure", kind, on=on, table=table)
    return None if own is None else max(own, article_rank or 0)


STRICT, WIDE = "strict", "wide"


def beyond(meeting: int, total: int) -> str:
    """This function will say whether a measure goes beyond what the zones justify: ``meeting`` of ``total`` smallest
    areas have the level that it needs.

    None of them, or nothing is known: too strict. More than half lack it: too wide, one size for all (red line 14).
    Empty where it is justified.
    """
    if meeting <= 0 or total <= 0:
        return STRICT
    return WIDE if 2 * (total - meeting) > total else ""


def run_of(
    span: tuple[datetime, datetime], others: Iterable[tuple[datetime, datetime]], *, gap: timedelta
) -> tuple[datetime, datetime]:
    """This function will return the whole run that a span belongs to: with whatever lies less than ``gap`` before or after
    it, and so on. What ended before it began is none.
    """
    begins, ends = span
    left = [(first, last) for first, last in others if first < last]
    while near := [one for one in left if one[0] < ends + gap and one[1] > begins - gap]:
        left = [one for one in left if one not in near]
        begins, ends = min(begins, *(one[0] for one in near)), max(ends, *(one[1] for one in near))
    return begins, ends


@lru_cache(maxsize=1)
def guidance_texts() -> dict[str, dict[str, str]]:
    """This function will return what is said to residents, by kind of measure and language."""
    found: dict[str, dict[str, str]] = {}
    for row in _rows("guidance"):
        found.setdefault(row["measure"], {})[row["language"]] = row["text"]
    return found


def missing_language(texts: Mapping[str, str]) -> str | None:
    """This function will name a language that words to residents lack; none need be given at all."""
    given = {language for language, text in texts.items() if text.strip()}
    return next((one for one in REQUIRED_LANGUAGES if one not in given), None) if given else None


def order_number(first: int, pk: int) -> str:
    """This function will write a measure's public number: the code of its district, and its own number."""
    return f"{code_of(first, DISTRICT)}-{pk}"


def order_key(number: str) -> tuple[str, int] | None:
    """This function will read a public number: district and own number; None where it is none."""
    district, _dash, key = number.strip().partition("-")
    if not (district.isascii() and district.isdigit() and key.isascii() and key.isdigit() and len(key) <= 18):
        return None
    return district, int(key)


def midnight(at: datetime, zone: tzinfo) -> datetime:
    """This function will return the last midnight on the local calendar, also on a day when the clock is changed."""
    return datetime.combine(at.astimezone(zone).date(), time.min, tzinfo=zone).astimezone(UTC)
