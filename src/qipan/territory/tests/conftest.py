"""A small city: two districts, two streets each, two communities each."""

from datetime import UTC, date, datetime

import pytest

from qipan.journal.api import entries_of
from qipan.kernel.actor import Actor
from qipan.territory.api import DivisionRow, import_divisions

AT = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
BEGIN = date(2024, 1, 1)


ACTS = (
    "import_divisions",
    "import_governing",
    "merge_area",
    "split_area",
    "import_outlines",
    "generate_register",
    "import_register",
    "set_denominator",
)


def journal() -> list:
    """The journal's rows of this room's acts, oldest first."""
    return sorted((e for act in ACTS for e in entries_of(f"territory.{act}")), key=lambda entry: entry.pk)


def city_rows() -> list[DivisionRow]:
    rows = [DivisionRow("5101", "成都市", 1, "51", "Chengdu")]
    for district, name in (("510104", "锦江区"), ("510105", "青羊区")):
        rows.append(DivisionRow(district, name, 2, "5101"))
        for s in (1, 2):
            street = f"{district}00{s}"
            rows.append(DivisionRow(street, f"{name}{s}街道", 3, district))
            rows += [DivisionRow(f"{street}00{c}", f"{name}{s}街{c}社区", 4, street) for c in (1, 2)]
    return rows


@pytest.fixture
def at():
    return AT


@pytest.fixture
def keeper():
    """An administrator of the whole country."""
    return Actor.system("test", acts=["territory.import", "register.edit"], ranges=[(0, 10**19 - 1)])


@pytest.fixture
def city(db, keeper):
    """The small city, imported with the day 2024-01-01."""
    import_divisions(city_rows(), valid_from=BEGIN, source="test map", by=keeper, at=AT)
    return "5101"


@pytest.fixture
def csv_file(tmp_path):
    """A function that writes lines into a file in an encoding."""

    def write(*lines: str, encoding: str = "utf-8", name: str = "file.csv"):
        path = tmp_path / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write
