"""What is due while a warning holds: the pre-alert, by colour (Emergency Response Law 2024, art. 66 and 67). Pure."""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

ACTIONS = Path(__file__).parent.parent / "data" / "actions.csv"
AT_LEAST = timedelta(hours=1)  # to begin with it, where the danger is there already


@dataclass(frozen=True)
class PreAction:
    """One thing to be done while a warning holds, from which colour on, and by which article."""

    code: str
    name: str
    name_en: str
    least: int
    article: str


@lru_cache(maxsize=1)
def actions() -> tuple[PreAction, ...]:
    """This function will return all that may be due, in the order of the law."""
    with ACTIONS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple(
            PreAction(row["code"], row["name"], row["name_en"], int(row["least"]), row["article"]) for row in rows
        )


def due_at_colour(colour: int) -> tuple[PreAction, ...]:
    """This function will return what is due at a colour: 1 red (gravest) to 4 blue."""
    return tuple(one for one in actions() if colour <= one.least)


def due_by(starts_at: datetime, at: datetime) -> datetime:
    """This function will say by when it is to be begun: before the danger, and with an hour's time at least."""
    return max(starts_at, at + AT_LEAST)
