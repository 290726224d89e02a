"""Pure decisions on reserves: what there is to lend, what is free, what a use costs, until when it is paid."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path

from qipan.kernel.place import DISTRICT, code_of

DATA = Path(__file__).parent / "data"

# Government and its departments pay small and medium firms within 30 days; an agreement may say otherwise, up to 60
# (Regulation on Payments to Small and Medium Enterprises).
USUAL_DAYS, MOST_DAYS = 30, 60
# Property is requisitioned by governments of the county level and above, and their departments (Emergency Response Law
# 2024, art. 12); an article may ask for more.
LEAST_RANK = 2
MOST_QUANTITY = 1_000_000
MOST_FEN = 10_000_000_000  # one rate or cost: a hundred million yuan


@dataclass(frozen=True)
class Kind:
    """A kind of thing that firms lend; the unit is what one is of, for one day."""

    code: str
    capital: str  # of ``Capital``
    name: str
    name_en: str
    unit: str
    unit_en: str
    returnable: bool


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """This function will return the kinds of this city by code, in the order of the file."""
    lines = (DATA / "kinds.csv").read_text("utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {
        row["code"]: Kind(
            row["code"], row["capital"], row["name"], row["name_en"], row["unit"], row["unit_en"],
            row["returnable"] == "1",
        )
        for row in rows
    }  # fmt: skip


def running(starts_at: datetime, ends_at: datetime, ended_at: datetime | None, *, at: datetime) -> bool:
    """This function will say whether something holds at ``at``: from its start until before its end, to the second."""
    return starts_at <= at < ends_at and (ended_at is None or at < ended_at)


@dataclass(frozen=True)
class Taken:
    """A quantity that is called from a moment until before another."""

    starts_at: datetime
    ends_at: datetime
    quantity: int


def most_taken(taken: Iterable[Taken], starts_at: datetime, ends_at: datetime) -> int:
    """This function will return how much is taken at once at most between two moments."""
    steps: list[tuple[datetime, int]] = []
    for one in taken:
        first, last = max(one.starts_at, starts_at), min(one.ends_at, ends_at)
        if first < last:
            steps += [(first, one.quantity), (last, -one.quantity)]
    most = now = 0
    for _moment, step in sorted(steps):  # what ends at a moment is free at it: the negative step comes first
        now += step
        most = max(most, now)
    return most


def amount(quantity: int, rate: int) -> int:
    """This function will return what a quantity costs for a day, in fen."""
    return quantity * rate


def due_at(handed_in_at: datetime, days: int, zone: tzinfo) -> datetime:
    """This function will return the moment from which a payment is overdue: the end of the last of its days.

    Days are counted on the local calendar, the day after the handing in is the first.
    """
    last = handed_in_at.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)


def days_of(starts_at: datetime, ends_at: datetime, zone: tzinfo) -> tuple[date, date]:
    """This function will return the first and the last local day on which something ran."""
    first, last = starts_at.astimezone(zone).date(), (ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    return first, max(first, last)


def order_number(first: int, pk: int) -> str:
    """This function will write the public number of a call: the code of its district, and its own number."""
    return f"{code_of(first, DISTRICT)}-r{pk}"


def order_key(number: str) -> int | None:
    """This function will read the key in a public number; None where it is none."""
    _district, _dash, key = number.strip().partition("-r")
    return int(key) if key.isascii() and key.isdigit() and len(key) <= 18 else None


def yuan(fen: int) -> str:
    """This function will write an amount of fen in yuan, exact, with thousands grouped."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02d}"


@lru_cache(maxsize=1)
def least_days() -> int:
    """This function will return how many days a store of an office lasts at least, so that it is not short."""
    return int(json.loads((DATA / "stores.json").read_text("utf-8"))["least_days"])
