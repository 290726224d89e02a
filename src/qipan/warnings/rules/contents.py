"""What a warning must say, who may warn, and how a colour is said in CAP."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

KINDS = Path(__file__).parent.parent / "data" / "kinds.csv"

# Emergency Response Law 2024, art. 64, in the order in which they are asked for.
REQUIRED = (
    "kind",
    "colour",
    "basis",
    "headline",
    "starts_at",
    "expires_at",
    "ground_codes",
    "description",
    "instruction",
)
SEVERITIES = {1: "Extreme", 2: "Severe", 3: "Moderate", 4: "Minor"}


@dataclass(frozen=True)
class Kind:
    """A kind of warning: its words, its CAP category, and from which rank an organ issues it."""

    code: str
    name: str
    name_en: str
    category: str
    minimum_rank: int
    hazard: str  # of the declarations that it comes before; blank where it may come before any


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """This function will return the kinds of warnings of this city by code."""
    with KINDS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            row["code"]: Kind(
                row["code"], row["name"], row["name_en"], row["category"], int(row["minimum_rank"]), row["hazard"]
            )
            for row in rows
        }


def missing_of(content: Mapping[str, object]) -> list[str]:
    """This function will name the required parts that are missing or blank, in the order of the law."""
    return [name for name in REQUIRED if not (str(content[name]).strip() if content[name] else "")]


def may_warn(kind: Kind, *, rank: int, executes_only: bool) -> bool:
    """This function will say whether an organ may issue warnings of a kind (Emergency Response Law 2024, art. 64)."""
    return not executes_only and rank >= kind.minimum_rank


def severity_of(colour: int) -> str:
    """This function will return the CAP severity of a colour: red Extreme, orange Severe, yellow Moderate, blue Minor."""
    return SEVERITIES[colour]
