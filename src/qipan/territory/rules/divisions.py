"""What a row of divisions must look like, and a synthetic tree for where no real one can be had."""

from collections.abc import Iterator
from typing import NamedTuple

from qipan.kernel.place import CITY, CODE_LENGTHS, COMMUNITY, DISTRICT, STREET

# Statistics keep a level of their own for urban districts; without children it is an empty shell.
EMPTY_SHELL = "市辖区"
SHAPE = (20, 261, 3_040)  # districts, streets and communities of Chengdu


class DivisionRow(NamedTuple):
    """One area of an import: short code, name, level (PROVINCE to COMMUNITY), parent's short code."""

    code: str
    name: str
    level: int
    parent_code: str
    name_en: str = ""
    line: int = 0


def short_code_at(code: str, level: int) -> str | None:
    """This function will cut a code (short, or padded to 12 digits or more) to the length of a level.

    None when it is no code of that level.
    """
    length = CODE_LENGTHS[level]
    if not code.isascii() or not code.isdigit() or (len(code) != length and not 12 <= len(code) <= CODE_LENGTHS[-1]):
        return None
    return code[:length] if not code[length:].strip("0") else None


def without_empty_shells(rows: dict[str, DivisionRow]) -> dict[str, DivisionRow]:
    """This function will drop the districts called 市辖区 that have nothing below them."""
    parents = {row.parent_code for row in rows.values()}
    return {
        code: row
        for code, row in rows.items()
        if not (row.level == DISTRICT and row.name == EMPTY_SHELL and code not in parents)
    }


def _spread(total: int, over: int) -> list[int]:
    return [total // over + (place < total % over) for place in range(over)]


def synthetic_divisions(city_code: str, shape: tuple[int, int, int] = SHAPE) -> Iterator[DivisionRow]:
    """This function will make a city's tree of the given shape; all names say that they are examples."""
    districts, streets, communities = shape
    yield DivisionRow(city_code, "示例市", CITY, city_code[:2], "Sample City")
    streets_of = _spread(streets, districts)
    communities_of = iter(_spread(communities, streets))
    for d in range(1, districts + 1):
        district = f"{city_code}{d:02d}"
        yield DivisionRow(district, f"示例{d}区", DISTRICT, city_code, f"Sample District {d}")
        for s in range(1, streets_of[d - 1] + 1):
            street = f"{district}{s:03d}"
            yield DivisionRow(street, f"示例{d}区第{s}街道", STREET, district, f"Sample Street {d}-{s}")
            for c in range(1, next(communities_of) + 1):
                name, name_en = f"示例{d}区{s}街第{c}社区", f"Sample Community {d}-{s}-{c}"
                yield DivisionRow(f"{street}{c:03d}", name, COMMUNITY, street, name_en)
