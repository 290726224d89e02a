"""The data files that the room ships: kinds of organ, departments, names, the example lists."""

import csv
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """This function will read a data file: CSV with a header; lines that begin with # are remarks."""
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))
