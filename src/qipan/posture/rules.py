"""Pure decisions on postures: what a declaration must say, who may declare, what prevails on a ground."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path

from qipan.kernel.place import Range

AUTHORITY = Path(__file__).parent / "data" / "authority.csv"

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
MEASURE = ("kind", "title", "basis", "issuer", "grounds", "starts_at", "expires_at", "review_at")


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


def prevails(*, rank: int, level: int, other_rank: int, other_level: int) -> bool:
    """This function will say whether a declaration goes before another: by rank, then by the graver level."""
    return (-rank, level) <= (-other_rank, other_level)


@lru_cache(maxsize=2)
def words(name: str) -> dict[str, tuple[str, str]]:
    """This function will return a word list of this city (``hazards``, ``measures``): code to Chinese and English."""
    with open(AUTHORITY.parent / f"{name}.csv", encoding="utf-8", newline="") as file:
        return {row["code"]: (row["name"], row["name_en"]) for row in csv.DictReader(file)}
